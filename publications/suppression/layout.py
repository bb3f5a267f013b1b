"""The columns of an area: the counts of a chain of indicators, and which of them hang together."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from publications.suppression.table import Family

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
    """Columns from the top of the family down; an indicator's denominator and its parent's numerator are one column."""

    def __init__(self, family: Family, codes: Sequence[str]) -> None:
        self.parent = {code: parent for code, parent in family.parent.items() if parent in codes}
        self.splits: dict[str, Split] = {}
        self.width = 0
        for code in sorted(codes, key=lambda code: len(list(ancestors(code, self.parent)))):
            root = code not in self.parent
            denominator = self._column() if root else self.splits[self.parent[code]].numerator
            self.splits[code] = Split(denominator, self._column(), self._column())

    def _column(self) -> int:
        self.width += 1
        return self.width - 1

    @cached_property
    def followers(self) -> Bools:
        """[column, column]: what is hidden when a column is: with one part of a split the other, and all below."""
        table = np.eye(self.width, dtype=bool)
        for split in reversed(self.splits.values()):
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


def ancestors(code: str, parent: dict[str, str]) -> Iterator[str]:
    """ValueError if an indicator descends from itself."""
    seen = {code}
    while code in parent:
        code = parent[code]
        if code in seen:
            raise ValueError(f"{code} descends from itself")
        seen.add(code)
        yield code


def independent(family: Family) -> list[list[str]]:
    """The family's indicators by the one at the top: groups that share no count."""
    parent = {code: above for code, above in family.parent.items() if above in family.codes}
    groups: dict[str, list[str]] = {}
    for code in family.codes:
        groups.setdefault([code, *ancestors(code, parent)][-1], []).append(code)
    return list(groups.values())
