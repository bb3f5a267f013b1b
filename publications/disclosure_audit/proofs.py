"""What shows that a hidden count may as well be another, and to whom."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection, Iterator
from typing import NamedTuple

import numpy as np

from publications.disclosure_audit.equations import Block, is_municipality


class Proof(NamedTuple):
    """Values that a count can have for an outsider, and who knows too much for a proof."""

    low: float
    high: float
    fails_against: frozenset[str]


class Walk(NamedTuple):
    """How far a count moved away from the point, in persons, and the areas of which counts moved with it."""

    down: int
    up: int
    areas: frozenset[str]


class Proofs(ABC):
    """Proofs in one block, from a point where all its equations hold. Who did not take part in a walk knows nothing of it."""

    def __init__(self, block: Block, point: np.ndarray) -> None:
        self.block, self.point = block, point.tolist()

    @abstractmethod
    def walk(self, column: int, width: int, without: Collection[str]) -> Walk:
        """As far as the width where that can be, while the counts of some municipalities stand still."""

    def proof(self, column: int, width: int) -> Proof | None:
        """None when a count cannot be moved as far as the width, even for an outsider."""
        walk = self.walk(column, width, ())
        if walk.down + walk.up < width:
            return None
        count = self.point[column]
        return Proof(count - walk.down, count + walk.up, frozenset(self._knowing(column, width, walk)))

    def _knowing(self, column: int, width: int, walk: Walk) -> Iterator[str]:
        """Whom a count cannot be moved without; of those who took part."""
        others = {area for area in walk.areas if is_municipality(area)} - {self.block.cells[column][2]}
        another = self.walk(column, width, others)
        if another.down + another.up < width:
            for other in sorted(others):
                again = self.walk(column, width, {other})
                if again.down + again.up < width:
                    yield other
