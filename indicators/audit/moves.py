"""Proofs without linear programming: two municipalities that could have swapped persons without anybody seeing it.

Along a chain every person is in one group: not above the first line, above it but not above the second, and so on. If some of a
municipality's persons were in another group, and as many of a second one's the other way round, all sums stay as they are;
nobody can tell unless a count that is shown tells the two groups apart. How many could be swapped is how far a hidden count moves.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from indicators.audit.equations import Equations, Names
from indicators.audit.report import Cell

Own = Mapping[tuple[int, str, int, str], tuple[int, int]]
NOBODY = -1  # the other end of a move of persons who were not there at all
ENDLESS = 10**9


@dataclass(frozen=True)
class Proof:
    """How far a count moves for an outsider, and the municipalities that know too much for this to hold against them."""

    low: int
    high: int
    fails_against: frozenset[str]

    def holds_against(self, insider: str) -> bool:
        return insider not in self.fails_against


@dataclass(frozen=True)
class Municipality:
    """One municipality's persons by group, the moves that no shown count of its own would tell, and its hidden counts."""

    area: str
    groups: tuple[int, ...]
    moves: frozenset[tuple[int, int]]
    hidden: tuple[tuple[Cell, int], ...]  # name of the count, and the groups in it as bits


def proofs(names: Names, found: Equations, own: Own, width: int) -> dict[Cell, Proof]:
    """For each hidden count of a municipality that can be shown to be wide in this way."""
    proven: dict[Cell, Proof] = {}
    for alike in _alike(names, found, own):
        swaps = Swaps(alike)
        for place, one in enumerate(alike):
            for cell, bits in one.hidden:
                proof = swaps.proof(place, bits, width)
                if proof is not None:
                    proven[cell] = proof
    return proven


class Swaps:
    """What the municipalities of one county could swap among themselves."""

    def __init__(self, alike: Sequence[Municipality]) -> None:
        self.alike = alike
        self.groups = np.array([one.groups for one in alike])
        moves = sorted(set().union(*(one.moves for one in alike)))
        self.allowed = {move: np.array([move in one.moves for one in alike]) for move in moves}

    def proof(self, place: int, bits: int, width: int) -> Proof | None:
        down, up = self.reach(place, bits)
        for other in np.flatnonzero(down + up < width):
            down[other], up[other] = self.combined(place, bits, int(other))
        if down[-1] + up[-1] < width:
            return None
        count = sum(int(self.groups[place, group]) for group in range(self.groups.shape[1]) if bits >> group & 1)
        fails = frozenset(self.alike[int(other)].area for other in np.flatnonzero(down[:-1] + up[:-1] < width))
        return Proof(count - int(down[-1]), count + int(up[-1]), fails)

    def reach(self, place: int, bits: int) -> tuple[np.ndarray, np.ndarray]:
        """How far down and up a count goes by the best single move with all others but one, by which one that is; the last
        entry is with all of them."""
        down = up = np.zeros(len(self.alike) + 1, dtype=int)
        for gives, takes, allowed in self._moves_of(place, bits):
            fall = np.minimum(self.groups[place, gives], self._of_others(place, takes, allowed))
            rise = np.minimum(self._own(place, takes), self._of_others(place, gives, allowed))
            better = fall + rise > down + up
            down, up = np.where(better, fall, down), np.where(better, rise, up)
        return down, up

    def combined(self, place: int, bits: int, without: int) -> tuple[int, int]:
        """As `reach`, by moves one after the other, without one municipality (none where it is the number of them)."""
        moves = list(self._moves_of(place, bits))
        others = np.arange(len(self.alike)) != place
        others &= np.arange(len(self.alike)) != without
        return (
            self._in_turn(place, [(gives, takes, allowed & others) for gives, takes, allowed in moves]),
            self._in_turn(
                place, [(takes, gives, allowed & others) for gives, takes, allowed in moves if takes != NOBODY]
            ),
        )

    def _in_turn(self, place: int, moves: Sequence[tuple[int, int, np.ndarray]]) -> int:
        """Persons of the one that leave group after group, for as many of the others' that come instead."""
        own, theirs = self.groups[place].copy(), self.groups.copy()
        moved = 0
        for gives, takes, allowed in moves:
            if takes == NOBODY:
                if allowed.any():
                    moved, own[gives] = moved + own[gives], 0
                continue
            there = np.where(allowed, theirs[:, takes], 0)
            number = min(own[gives], there.sum())
            theirs[:, takes] -= np.diff(np.minimum(there.cumsum(), number), prepend=0)
            moved, own[gives] = moved + number, own[gives] - number
        return int(moved)

    def _moves_of(self, place: int, bits: int) -> Iterator[tuple[int, int, np.ndarray]]:
        """The moves that change a count: from a group in it, to one outside, and who else could."""
        for (first, second), allowed in self.allowed.items():
            inside = bits >> first & 1
            if allowed[place] and (
                (second == NOBODY and inside) or (second != NOBODY and inside != bits >> second & 1)
            ):
                yield *((first, second) if inside else (second, first)), allowed

    def _own(self, place: int, group: int) -> int:
        return ENDLESS if group == NOBODY else int(self.groups[place, group])

    def _of_others(self, place: int, group: int, allowed: np.ndarray) -> np.ndarray:
        """Persons of a group whom the others have to swap with, without each of them in turn, and of all. Persons who were not
        there at all are without end, but only where another one's sums may take them up."""
        if group == NOBODY:
            takers = np.where(np.arange(len(self.alike)) == place, 0, allowed)
            return np.where(takers.sum() - np.append(takers, 0) > 0, ENDLESS, 0)
        theirs = np.where(allowed, self.groups[:, group], 0)
        theirs[place] = 0
        return theirs.sum() - np.append(theirs, 0)


# --- Who can swap with whom ----------------------------------------------------------------------------------


def _alike(names: Names, found: Equations, own: Own) -> Iterator[list[Municipality]]:
    """Municipalities of one county that take part in the same sums: same chain and year, and the same publications."""
    for (year, chain), publications in _chains(names).items():
        parts: dict[tuple[str, frozenset[int]], list[Municipality]] = defaultdict(list)
        for area, first, seen in _variables(names, year, chain, publications):
            one = _municipality(names, found, own, year, chain, area, first)
            if one is not None and one.hidden:
                parts[names.known.county_of[year][area], seen].append(one)
        yield from parts.values()


def _chains(names: Names) -> dict[tuple[int, tuple[str, ...]], list[int]]:
    """Year and chain -> the publications that tell of it. A chain with a fork is left to the linear programs."""
    told: dict[tuple[int, int], set[str]] = defaultdict(set)
    for indicator, year, publication in names.documents:
        told[year, publication].add(indicator)
    chains: dict[tuple[int, tuple[str, ...]], list[int]] = defaultdict(list)
    for (year, publication), indicators in sorted(told.items()):
        for chain in _links(indicators, names.known.chains):
            chains[year, chain].append(publication)
    return chains


def _links(indicators: set[str], parent_of: Mapping[str, str]) -> Iterator[tuple[str, ...]]:
    children = defaultdict(list)
    for indicator in sorted(indicators):
        children[parent_of.get(indicator) if parent_of.get(indicator) in indicators else None].append(indicator)
    for root in children[None]:
        chain = [root]
        while len(children[chain[-1]]) == 1:
            chain.append(children[chain[-1]][0])
        if not children[chain[-1]]:
            yield tuple(chain)


def _variables(
    names: Names, year: int, chain: tuple[str, ...], publications: Sequence[int]
) -> Iterator[tuple[str, int, frozenset[int]]]:
    """Each municipality's set of counts: the publication it is named by, and those that it takes part in."""
    seen: dict[tuple[str, int], set[int]] = defaultdict(set)
    for publication in publications:
        for area in names.takes_part[chain[0], year, publication]:
            if area in names.known.county_of[year]:
                name = names.of((chain[0], year, area, "numerator", publication))
                seen[area, name[4]].add(publication)
    for (area, first), among in seen.items():
        yield area, first, frozenset(among)


def _municipality(
    names: Names, found: Equations, own: Own, year: int, chain: tuple[str, ...], area: str, publication: int
) -> Municipality | None:
    """None where its true figures are not at hand."""
    figures = [own.get((publication, indicator, year, area)) for indicator in chain]
    if any(each is None for each in figures):
        return None
    pairs = [each for each in figures if each]
    groups = (*(below - above for above, below in pairs), pairs[-1][0])
    everybody = (1 << len(groups)) - 1
    hidden, shown = [], []
    for place, indicator in enumerate(chain):
        below = everybody & ~((1 << place) - 1)
        for measure, bits in (
            ("numerator", below & ~(1 << place)),
            ("complement", 1 << place),
            ("denominator", below),
        ):
            name = names.of((indicator, year, area, measure, publication))
            if name in found.told:
                shown.append(bits)
            else:
                hidden.append((name, bits))
    return Municipality(area, groups, frozenset(_moves(len(groups), shown)), tuple(dict(hidden).items()))


def _moves(groups: int, shown: Sequence[int]) -> Iterator[tuple[int, int]]:
    for first in range(groups):
        if not any(bits >> first & 1 for bits in shown):
            yield first, NOBODY
        for second in range(first + 1, groups):
            if all((bits >> first & 1) == (bits >> second & 1) for bits in shown):
                yield first, second
