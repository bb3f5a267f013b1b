"""The repair: which further cells to hide so that a leaking cell can move by the width that is asked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, OptimizeResult, milp
from scipy.sparse import csr_array, hstack, vstack

from publications.suppression.attack import TRIFLE, Attack, Leak
from publications.suppression.flows import Cuts, Flows, Places
from publications.suppression.layout import Bools, Floats, Ints, Layout
from publications.suppression.linked_tables import ABSENT, Cells
from publications.suppression.table import NATION

# How much dearer it is to hide a county's figure, or the nation's, than a municipality's of the same size.
COUNTY_PRICE, NATION_PRICE = 30.0, 3000.0
# A cell of nobody gives no room to go down, and tells the reader something simple.
ZERO_PRICE = 4.0


@dataclass(frozen=True)
class Ways:
    """By place and way to hide more of it: its cuts and the price."""

    cuts: Sequence[Cuts]
    price: Floats


class Asked(NamedTuple):
    """The place and column of a leaking cell, and the insider's place, where it takes part."""

    place: int
    column: int
    insider: int | None


Score = tuple[bool, float]  # whether it is too narrow, and the price, or the price per person gained; the least is best


class Best(NamedTuple):
    score: Score
    where: tuple[int, ...]


class Offer(NamedTuple):
    """What to hide in a municipality and a partner."""

    score: Score
    hidden: Bools


class Repair:
    """Finds what to hide. `fixed` are cells that earlier publications told: nothing hides them any more."""

    def __init__(self, attack: Attack, fixed: Bools) -> None:
        self.attack = attack
        self.cells = attack.cells
        self.fixed = fixed
        self.prices = np.where(fixed, 0, _prices(attack.cells))
        self.least_width = attack.least_width
        self.ways = _ways(attack.cells.layout)

    def remedy(self, leak: Leak, known: Bools) -> Ints | None:
        """The cells to hide, at least one of them shown so far; None if even hiding all would not help."""
        found = self._by_flow(leak, known)
        return found if found is not None else self._by_program(leak, known)

    # --- More of the municipality itself, and of one other in its county ----------------------------------------------

    def _by_flow(self, leak: Leak, known: Bools) -> Ints | None:
        """The cheapest that gives the leaking cell enough room; or else most room for its price."""
        owner = int(self.cells.owner[leak.cell])
        offers = [
            offer
            for flows in self.attack.exchanges.open
            if flows.takes_part(owner) and (offer := self._offer(flows, leak, known))
        ]
        best = min(offers, key=lambda offer: offer.score, default=None)
        return None if best is None else np.flatnonzero(best.hidden & known & ~self.fixed)

    def _offer(self, flows: Flows, leak: Leak, known: Bools) -> Offer | None:
        """The best that the exchanges of one window give; None where they give nothing, or the cell is not in it."""
        places = flows.places
        place = places.index[int(self.cells.owner[leak.cell])]
        columns = np.flatnonzero((places.rows[:, place] == leak.cell).any(axis=0))
        if not len(columns):
            return None
        insider = None if leak.insider is None else places.index.get(leak.insider)
        partners = _partners(places, place, insider)
        own, theirs = self._ways_of(places, np.array([place]), known), self._ways_of(places, partners, known)
        theirs.price[0] = 0
        price = own.price[0][:, None, None] + theirs.price[None]
        width = self._widths(flows, Asked(place, int(columns[0]), insider), partners, own, theirs)
        best = _best(width, price, leak.width, self.least_width)
        if best is None:
            return None
        way, partner, their_way = best.where
        hidden = self._hidden_by(places, place, way)
        if partner:
            hidden |= self._hidden_by(places, int(partners[partner]), their_way)
        return Offer(best.score, hidden)

    def _ways_of(self, places: Places, chosen: Ints, known: Bools) -> Ways:
        shown, fixed = places.known(known)[chosen], places.known(self.fixed)[chosen]
        rows = np.array([self.cells.now[places.names[place]] for place in chosen])
        priced = np.where(known, self.prices, 0)[rows]
        cuts = [places.cuts(chosen, shown & ~way | fixed) for way in self.ways]
        return Ways(cuts, priced @ self.ways.T)

    def _widths(self, flows: Flows, asked: Asked, partners: Ints, own: Ways, theirs: Ways) -> Ints:
        """[way, partner, partner's way]: how wide the leaking cell's interval becomes, as far as flows tell."""
        county = flows.places.county
        insider = asked.insider
        if insider is not None and county[insider] != county[asked.place]:
            insider = None
        more = np.array([cuts.passed - flows.cuts.passed[partners] for cuts in theirs.cuts])
        more[:, 0] = 0
        others = flows.others(np.array([asked.place]), insider)[0] + more.swapaxes(0, 1)
        sides = (asked.column, asked.column + self.cells.layout.width)
        cuts = [np.array([cuts.own[0, side] for cuts in own.cuts]) for side in sides]
        rise, fall = ((side[:, None, None] + others[None]).min(axis=3) for side in cuts)
        return rise + fall

    def _hidden_by(self, places: Places, place: int, way: int) -> Bools:
        hidden = self.cells.none()
        hidden[np.array(self.cells.now[places.names[place]])[self.ways[way]]] = True
        return hidden

    # --- All that this publication can hide -----------------------------------------------------------------------

    def _by_program(self, leak: Leak, known: Bools) -> Ints | None:
        """The cheapest change of the whole table: the shown cells that take part in it.

        First in fractions of persons, which is quick; but the attack counts whole ones, so they may be needed.
        """
        for whole in (False, True):
            change = self._cheapest_change(leak, known, whole)
            if change is None:
                return None
            hidden = np.flatnonzero((change > 1e-6) & known)
            if len(hidden):
                return hidden
        raise ArithmeticError("The repair found a change that the attack did not find")

    def _cheapest_change(self, leak: Leak, known: Bools, whole: bool) -> Floats | None:
        """By cell, how far two tables, which differ by the width in the leaking cell, are from the true one.

        Columns of the program: what is added and what is taken in the one table, then in the other.
        """
        free = np.flatnonzero(~(self.fixed | self.attack.own(leak.insider)))
        count, target = len(free), int(np.searchsorted(free, leak.cell))
        price = np.where(known, self.prices, TRIFLE)[free]
        sums = self.cells.sums[:, free]
        program = milp(
            np.tile(price, 4),
            integrality=np.full(4 * count, int(whole)),
            bounds=Bounds(0, np.tile(np.concatenate([np.full(count, np.inf), self.cells.value[free]]), 2)),
            constraints=[
                LinearConstraint(_two_tables(sums), 0, 0),
                LinearConstraint(_difference(target, count), self.least_width, np.inf),
            ],
        )
        if program.x is None:
            _must_be_infeasible(program)
            return None
        change = np.zeros(len(known))
        change[free] = np.abs(program.x.reshape(4, count)).max(axis=0)
        change[ABSENT] = 0
        return change


def _must_be_infeasible(program: OptimizeResult) -> None:
    """A price is never negative, so nothing else keeps a program from a solution, unless the solver failed."""
    if "nfeasible" not in program.message:
        raise ArithmeticError(f"The repair of a leak was not solved: {program.message}")


def _prices(cells: Cells) -> Floats:
    """By cell. It grows slowly with the cell's size: two small ones are worth a large one."""
    size = np.where(cells.value == 0, ZERO_PRICE, np.log2(cells.value + 2.0))
    factor = np.ones(len(size))
    for county in cells.members[-1]:
        factor[list(cells.now[county])] = COUNTY_PRICE
    factor[list(cells.now[NATION])] = NATION_PRICE
    return size * factor


def _ways(layout: Layout) -> Bools:
    """[way, column]: what an area can hide more: nothing, or all from some split or from the top downwards."""
    first = {column for split in layout.splits.values() for column in (split.denominator, split.numerator)}
    return np.array([np.zeros(layout.width, dtype=bool), *(layout.followers[column] for column in sorted(first))])


def _partners(places: Places, place: int, insider: int | None) -> Ints:
    """The place itself, which stands for no partner, and the others of its county that are not the insider."""
    others = [other for other in places.together(place).tolist() if other not in (place, insider)]
    return np.array([place, *others])


def _best(width: Ints, price: Floats, before: int, wanted: int) -> Best | None:
    """The cheapest that is wide enough, or else the one that widens most for its price; None if none widens."""
    gain = np.where(price > 0, np.minimum(width, wanted) - before, 0)
    if not (gain > 0).any():
        return None
    enough = (gain > 0) & (width >= wanted)
    per_person = np.where(gain > 0, price / np.maximum(gain, 1), np.inf)
    score = np.where(enough, price, np.inf) if enough.any() else per_person
    where = tuple(int(number) for number in np.unravel_index(int(score.argmin()), score.shape))
    return Best((not enough.any(), float(score[where])), where)


def _two_tables(sums: csr_array) -> csr_array:
    one = hstack([sums, -sums])
    nothing = csr_array(one.shape)
    return vstack([hstack([one, nothing]), hstack([nothing, one])]).tocsr()


def _difference(target: int, count: int) -> csr_array:
    """The target in the one table less the target in the other."""
    columns = target + count * np.arange(4)
    return csr_array((np.array([1.0, -1.0, -1.0, 1.0]), (np.zeros(4, dtype=np.int64), columns)), shape=(1, 4 * count))
