"""The attack: what someone who has all publications can say about a hidden cell."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import block_array, csc_array, csr_array, hstack
from scipy.sparse.csgraph import breadth_first_order, connected_components

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


class Witnesses:
    """Tables that nobody could tell from the true one. Each changes few cells, and is kept as those.

    `_of_cell`: by cell, the number of each table that changes it, and by how much. `_of_owner`: by municipality, the numbers of
    those that change its own cells, and all cells that they change.
    """

    def __init__(self, cells: Cells) -> None:
        self._owner = cells.owner
        self._reach = Range.of(len(cells.value))
        self._of_cell: dict[int, list[tuple[int, int]]] = defaultdict(list)
        self._of_owner: dict[int, tuple[set[int], set[int]]] = defaultdict(lambda: (set(), set()))
        self._count = 0

    def add(self, cells: Ints, change: Ints) -> None:
        moved = cells[change != 0]
        self._reach.reach_to(cells, change)
        for cell, by in zip(moved.tolist(), change[change != 0].tolist(), strict=True):
            self._of_cell[cell].append((self._count, by))
        for owner in np.unique(self._owner[moved]).tolist():
            tables, beside = self._of_owner[owner]
            tables.add(self._count)
            beside.update(moved.tolist())
        self._count += 1

    def reach(self, insider: Insider) -> Range:
        """As far as the tables take each cell that change nothing of the insider's own."""
        found = self._reach.copy()
        if insider is None or insider not in self._of_owner:
            return found
        tables, beside = self._of_owner[insider]
        for cell in beside:
            unaware = [0, *(by for table, by in self._of_cell[cell] if table not in tables)]
            found.rise[cell], found.fall[cell] = max(unaware), -min(unaware)
        return found


class Attack:
    """Attacks the cells that are not `known`, and remembers what held.

    As more is hidden, what held still holds: another table that nobody could tell from the true one stays such a table.
    """

    def __init__(self, cells: Cells, least_width: int) -> None:
        self.cells = cells
        self.least_width = least_width
        self.exchanges = Exchanges(cells)
        self._held: dict[Insider, Bools] = {}
        self._witnesses = Witnesses(cells)
        self._columns = cells.sums.tocsc()
        self._parts = np.zeros(len(cells.value), dtype=np.int64)

    def look(self, known: Bools) -> None:
        """Attack from here on what is not known now."""
        self.exchanges.look(known)
        self._parts = parts(self._columns, known)

    def leak(self, known: Bools, insider: Insider) -> Leak | None:
        """The first leak to an insider or outsider."""
        held = self._held.setdefault(insider, self.cells.none())
        own = self.own(insider)
        if (known | held | own).all():
            return None
        reached = self._reached(insider)
        held |= reached.rise + reached.fall >= self.least_width
        for cell in np.flatnonzero(~(known | held | own)).tolist():
            width = self._width(cell, np.flatnonzero((self._parts == self._parts[cell]) & ~own), reached)
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
        reached.reach(self._witnesses.reach(insider))
        return reached

    def _width(self, cell: int, free: Ints, reached: Range) -> int:
        """How wide the interval is, or the least width if it is wider. `free` are the cells that may change with it."""
        if reached.rise[cell] + reached.fall[cell] >= self.least_width:
            return self.least_width
        tie = tied(self.cells, self._columns, cell, free)
        rise = self._furthest(tie, 1, self.least_width, reached)
        if rise >= self.least_width:
            return self.least_width
        return rise + self._furthest(tie, -1, self.least_width - rise, reached)

    def _furthest(self, tie: Tie, sign: int, enough: int, reached: Range) -> int:
        """How far the first cell of the tie can go up (1) or down (-1); no further than is enough."""
        change = tie.furthest(sign, enough)
        if change.any():
            self._witnesses.add(tie.cells, change)
            reached.reach_to(tie.cells, change)
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


def parts(columns: csc_array, known: Bools) -> Ints:
    """By cell that is not known, the number of the part that it hangs together with by sums; -1 of a cell that is known."""
    free = np.flatnonzero(~known)
    among = columns[:, free]
    ties = block_array([[None, among], [among.T, None]], format="csr")
    found = np.full(len(known), -1)
    found[free] = connected_components(ties, directed=False)[1][among.shape[0] :]
    return found


def tied(cells: Cells, columns: csc_array, cell: int, free: Ints) -> Tie:
    among = columns[:, free]
    start = int(np.searchsorted(free, cell))
    order = breadth_first_order((abs(among).T @ abs(among)).tocsr(), start, directed=False)[0]
    chosen = free[order]
    sums = columns[:, chosen].tocsr()
    sums = sums[np.diff(sums.indptr) > 0]
    return Tie(chosen, cells.value[chosen], sums)


def owners(cells: Cells, known: Bools) -> Iterator[int]:
    """The municipalities that have a hidden figure of their own."""
    found = np.unique(cells.owner[~known])
    yield from found[found >= 0].tolist()
