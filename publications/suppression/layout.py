"""The columns of an area: the counts of a chain of indicators, and which of them hang together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from publications.suppression.table import Family, Name

Bools = NDArray[np.bool_]
Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Split:
    """The columns of one indicator's denominator and of its two parts."""

    denominator: int
    numerator: int
    complement: int

    @property
    def share(self) -> list[int]:
        return [self.numerator, self.complement]


class Layout:
    """Columns from the top of a chain down; an indicator's denominator and the numerator above it are one column."""

    def __init__(self, family: Family, codes: Sequence[str]) -> None:
        self.family = family
        self.above = {code: above for code in codes if (above := family.above(code)) and above in codes}
        self.names: list[Name] = []
        self.splits: dict[str, Split] = {}
        for code in codes:
            root = code not in self.above
            denominator = self._column(family.denominator(code)) if root else self.splits[self.above[code]].numerator
            self.splits[code] = Split(
                denominator, self._column((code, "numerator")), self._column((code, "complement"))
            )

    def _column(self, name: Name) -> int:
        self.names.append(name)
        return self.width - 1

    @property
    def width(self) -> int:
        return len(self.names)

    @cached_property
    def followers(self) -> Bools:
        """[column, column]: what is hidden when a column is: with one part of a split the other, and all below.

        Of a population within another the rest is hidden with either, and where it must be hidden the wider one is.
        """
        table = np.eye(self.width, dtype=bool)
        for code, split in reversed(self.splits.items()):
            if code in self.family.within:
                table[[split.denominator, split.numerator], split.complement] = True
                table[split.complement] |= table[split.denominator]
                continue
            below = table[split.numerator].copy()
            below[split.share] = True
            table[split.share] = below
            table[split.denominator] |= below
        return table

    @cached_property
    def is_chain(self) -> bool:
        """Whether no count is divided in two ways."""
        divided = [split.denominator for split in self.splits.values()]
        return len(set(divided)) == len(divided)

    @cached_property
    def leaves(self) -> Bools:
        """[column, leaf]: the undivided counts that a column is the sum of. The last leaf is everybody else."""
        divided = {split.denominator for split in self.splits.values()}
        undivided = [column for column in range(self.width) if column not in divided]
        table = np.zeros((self.width, len(undivided) + 1), dtype=bool)
        table[undivided, range(len(undivided))] = True
        for split in reversed(self.splits.values()):
            table[split.denominator] |= table[split.numerator] | table[split.complement]
        return table
