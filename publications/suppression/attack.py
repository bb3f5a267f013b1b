"""The attack: what someone who has all publications can say about a hidden cell."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import csr_array, hstack
from scipy.sparse.csgraph import breadth_first_order

from publications.suppression.flows import Exchanges, Insider, Range
from publications.suppression.layout import Bools, Floats, Ints
from publications.suppression.linked_tables import Cells

OPTIMAL = 0
# What it costs in a program to change a cell without need. Tables that differ in few cells serve more insiders.
TRIFLE = 1e-4


@dataclass(frozen=True)
class Leak:
    """A cell that `insider` can narrow to an interval of `width`."""

    cell: int
    insider: Insider
    width: int


class Attack:
    """Attacks the cells that are not `known`, and remembers what held.

    As more is hidden, what held still holds: another table that nobody could tell from the true one stays such a table.
    """

    def __init__(self, cells: Cells, least_width: int) -> None:
        self.cells = cells
        self.least_width = least_width
        self.exchanges = Exchanges(cells)
        self._held: dict[Insider, Bools] = {}
        self._tables = np.zeros((0, len(cells.value)), dtype=np.int64)

    def look(self, known: Bools) -> None:
        """Attack from here on what is not known now."""
        self.exchanges.look(known)

    def leak(self, known: Bools, insider: Insider) -> Leak | None:
        """The first leak to an insider or outsider."""
        held = self._held.setdefault(insider, self.cells.none())
        own = self.own(insider)
        if (known | held | own).all():
            return None
        reached = self._reached(insider)
        held |= reached.rise + reached.fall >= self.least_width
        for cell in np.flatnonzero(~(known | held | own)).tolist():
            width = self._width(cell, known | own, reached)
            if width < self.least_width:
                return Leak(cell, insider, width)
            held[cell] = True
        return None

    def own(self, insider: Insider) -> Bools:
        return self.cells.none() if insider is None else self.cells.owner == insider

    def forgive(self, leak: Leak) -> None:
        """Stop reporting a leak that nothing can mend."""
        self._held[leak.insider][leak.cell] = True

    def _reached(self, insider: Insider) -> Range:
        """By flows, and by the tables found so far."""
        reached = self.exchanges.range(insider)
        unaware = self._tables[~self._tables[:, self.own(insider)].any(axis=1)]
        np.maximum(reached.rise, unaware.max(axis=0, initial=0), out=reached.rise)
        np.maximum(reached.fall, -unaware.min(axis=0, initial=0), out=reached.fall)
        return reached

    def _width(self, cell: int, fixed: Bools, reached: Range) -> int:
        """How wide the interval is, or the least width if it is wider."""
        if reached.rise[cell] + reached.fall[cell] >= self.least_width:
            return self.least_width
        tie = tied(self.cells, cell, fixed)
        rise = self._furthest(tie, 1, self.least_width, reached)
        if rise >= self.least_width:
            return self.least_width
        return rise + self._furthest(tie, -1, self.least_width - rise, reached)

    def _furthest(self, tie: Tie, sign: int, enough: int, reached: Range) -> int:
        """How far the first cell of the tie can go up (1) or down (-1); no further than is enough."""
        change = tie.furthest(sign, enough)
        whole = np.zeros_like(self.cells.value)
        whole[tie.cells] = change
        if change.any():
            self._tables = np.vstack([self._tables, whole])
            np.maximum(reached.rise, whole, out=reached.rise)
            np.maximum(reached.fall, -whole, out=reached.fall)
        return abs(int(change[0]))


@dataclass(frozen=True)
class Tie:
    """Cells that can only change together with the first of them."""

    cells: Ints
    value: Ints
    sums: csr_array

    def furthest(self, sign: int, enough: int) -> Ints:
        """By cell, the change in whole persons that takes the first one furthest, and others no further than needed."""
        for whole in (False, True):
            change = self._furthest(sign, enough, whole)
            if np.allclose(change, np.rint(change), atol=1e-6):
                break
        return np.rint(change).astype(np.int64)

    def _furthest(self, sign: int, enough: int, whole: bool) -> Floats:
        """Columns of the program: what is added to each cell, then what is taken from it."""
        count = len(self.cells)
        goal = np.full(2 * count, TRIFLE)
        goal[0], goal[count] = -sign, sign
        most = np.concatenate([np.full(count, np.inf), self.value.astype(float)])
        most[0], most[count] = enough, min(enough, most[count])
        program = milp(
            goal,
            integrality=np.full(2 * count, int(whole)),
            bounds=Bounds(0, most),
            constraints=LinearConstraint(hstack([self.sums, -self.sums]).tocsr(), 0, 0),
            options={"mip_rel_gap": 0},
        )
        if program.status != OPTIMAL:
            raise ArithmeticError(f"The attack on a cell was not solved: {program.message}")
        added, taken = np.split(program.x, 2)
        return np.asarray(added - taken)


def tied(cells: Cells, cell: int, fixed: Bools) -> Tie:
    free = np.flatnonzero(~fixed)
    among = cells.sums[:, free]
    start = int(np.searchsorted(free, cell))
    order = breadth_first_order((abs(among).T @ abs(among)).tocsr(), start, directed=False)[0]
    chosen = free[order]
    sums = cells.sums[:, chosen].tocsr()
    sums = sums[np.diff(sums.indptr) > 0]
    return Tie(chosen, cells.value[chosen], sums)


def owners(cells: Cells, known: Bools) -> Iterator[int]:
    """The municipalities that have a hidden figure of their own."""
    found = np.unique(cells.owner[~known])
    yield from found[found >= 0].tolist()
