"""Flows: how far a cell can go while persons move between the municipalities of a county and no sum changes.

Within a county, a chain of indicators is a transport table: municipalities by undivided counts (leaves), with the known
sums of both. How far a cell can go is the largest flow that the other municipalities carry from the leaves it gains to
those it loses; by the theorem of largest flow and least cut, that is the least, over all sets of leaves, of what can
leave the set. Sets of leaves are few, so it is arithmetic, for all cells at once. The counties' own figures stand still
here, so the truth may be wider: a linear program tells where this does not suffice.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import product

import numpy as np

from publications.suppression.layout import Bools, Ints, Layout
from publications.suppression.linked_tables import CellRow, Cells

WITHOUT_LIMIT = 10**9
Insider = int | None  # a municipality's number in Cells.municipalities; None is an outsider


@dataclass(frozen=True)
class Range:
    """By cell: how many persons more, and how many fewer, it can be shown to hold."""

    rise: Ints
    fall: Ints


class Shapes:
    """What each pattern of known columns means for a municipality's leaves."""

    def __init__(self, layout: Layout) -> None:
        self.leaves = layout.leaves
        count = self.leaves.shape[1]
        self.sets = np.array(list(product((False, True), repeat=count)))
        self.of = lru_cache(maxsize=None)(self._of)

    def at(self, known: Bools) -> Shape:
        return self.of(known.tobytes())

    def _of(self, pattern: bytes) -> Shape:
        known = np.frombuffer(pattern, dtype=bool)
        block = self._blocks(known)
        together = block[:, None] == block[None, :]
        inside = ~(~self.sets[:, None, :] & together[None]).any(axis=2)
        gains, loses = (np.array(side) for side in zip(*self._exchanged(known, block), strict=True))
        is_cut = (self.sets[None] >= gains[:, None]).all(axis=2)
        return Shape(
            (self.sets & ~inside).astype(np.int64),
            (self.sets[None] & loses[:, None]).astype(np.int64),
            np.where(is_cut, 0, WITHOUT_LIMIT),
        )

    def _blocks(self, known: Bools) -> Ints:
        """By leaf, the smallest known column that holds it, or -1: persons can move within a block only."""
        block = np.full(self.leaves.shape[1], -1)
        for column in sorted(np.flatnonzero(known), key=lambda column: -int(self.leaves[column].sum())):
            block[self.leaves[column]] = column
        return block

    def _exchanged(self, known: Bools, block: Ints) -> Iterator[tuple[Bools, Bools]]:
        """Leaves that gain and leaves that lose, first as each column rises, then as each falls."""
        sides = [self._sides(column, known, block) for column in range(len(known))]
        yield from sides
        yield from ((outside, inside) for inside, outside in sides)

    def _sides(self, column: int, known: Bools, block: Ints) -> tuple[Bools, Bools]:
        """The leaves of the column, and those that it can exchange with: the rest of its block."""
        own = self.leaves[column]
        around = [other for other in np.flatnonzero(known) if (self.leaves[other] >= own).all()]
        holder = min(around, key=lambda other: int(self.leaves[other].sum()), default=-1)
        inside, outside = own & (block == holder), ~own & (block == holder)
        if known[column] or not inside.any():
            return np.zeros_like(own), np.zeros_like(own)
        return inside, outside


@dataclass(frozen=True)
class Shape:
    """`crossing` [set, leaf]: leaves from which persons can leave the set, if they are in it.

    For each column as it rises, then for each as it falls: `lost` [column, set, leaf], the leaves in the set that lose;
    `bar` [column, set], without limit where the set is no cut, for it lacks a leaf that gains.
    """

    crossing: Ints
    lost: Ints
    bar: Ints


@dataclass(frozen=True)
class Cuts:
    """`passed` [area, set]: what it carries out of a set of leaves; `own` [area, column, set]: its part as it moves."""

    passed: Ints
    own: Ints


class Places:
    """The municipalities that are in every publication, always in the same county, in all their versions.

    A flow takes all versions along, for what stays the same between publications is one cell.
    """

    def __init__(self, cells: Cells) -> None:
        county_of = _steady(cells)
        self.cells = cells
        self.names = sorted(county_of)
        self.index = {cells.municipalities.index(name): number for number, name in enumerate(self.names)}
        counties = sorted(set(county_of.values()))
        self.county = np.array([counties.index(county_of[name]) for name in self.names], dtype=np.int64)
        self.rows = _versions(cells, self.names)
        self.shapes = Shapes(cells.layout)
        self.least = self._least()

    def _least(self) -> Ints:
        """[place, leaf]: the smallest count of any version."""
        columns = [int(np.flatnonzero(leaf)[-1]) for leaf in self.shapes.leaves.T[:-1]]
        counts = self.cells.value[self.rows].min(axis=0)[:, columns]
        return np.hstack([counts, np.full((len(self.names), 1), WITHOUT_LIMIT)])

    def known(self, known: Bools) -> Bools:
        """[place, column]: known in any version."""
        return np.asarray(known[self.rows].any(axis=0))

    def cuts(self, places: Ints, known: Bools) -> Cuts:
        """For each of the places, with the columns that are known of it."""
        sets, columns = len(self.shapes.sets), 2 * self.cells.layout.width
        found = Cuts(np.zeros((len(places), sets), np.int64), np.zeros((len(places), columns, sets), np.int64))
        patterns, which = np.unique(known, axis=0, return_inverse=True)
        for number, pattern in enumerate(patterns):
            at, shape = which == number, self.shapes.at(pattern)
            counts = self.least[places[at]]
            found.passed[at] = np.minimum(counts @ shape.crossing.T, WITHOUT_LIMIT)
            found.own[at] = np.einsum("pl,csl->pcs", counts, shape.lost) + shape.bar
        return found

    def together(self, place: int) -> Ints:
        return np.flatnonzero(self.county == self.county[place])


def _steady(cells: Cells) -> dict[str, str]:
    """County by municipality. Where a count is divided in two ways there are no leaves, and nobody takes part."""
    if not cells.layout.is_chain:
        return {}
    places = [{place: county for county, own in by.items() for place in own} for by in cells.members]
    return {place: county for place, county in places[-1].items() if all(by.get(place) == county for by in places)}


def _versions(cells: Cells, areas: Sequence[str]) -> Ints:
    """[version, area, column]: the cells of each area, repeated for areas with fewer versions than others."""
    found: list[list[CellRow]] = [list({rows[area]: None for rows in cells.publications}) for area in areas]
    most = max(map(len, found), default=1)
    padded = [[versions[min(number, len(versions) - 1)] for versions in found] for number in range(most)]
    return np.array(padded, dtype=np.int64).reshape(most, len(areas), cells.layout.width)


class Flows:
    """What flows can do while the cells in `known` stand still."""

    def __init__(self, places: Places, known: Bools) -> None:
        self.places = places
        self.cuts = places.cuts(np.arange(len(places.names)), places.known(known))
        counties = int(places.county.max(initial=-1)) + 1
        self.passed = np.zeros((counties, self.cuts.passed.shape[1]), dtype=np.int64)
        np.add.at(self.passed, places.county, self.cuts.passed)

    @cached_property
    def outsiders(self) -> Range:
        size = len(self.places.cells.value)
        found = Range(np.zeros(size, dtype=np.int64), np.zeros(size, dtype=np.int64))
        self._spread(np.arange(len(self.places.names)), None, found)
        return found

    def range(self, insider: Insider) -> Range:
        """How far flows take each cell, as someone sees it who knows the insider's own figures."""
        found = Range(self.outsiders.rise.copy(), self.outsiders.fall.copy())
        number = None if insider is None else self.places.index.get(insider)
        if number is not None:
            self._spread(self.places.together(number), number, found)
        return found

    def others(self, place: Ints, insider: int | None) -> Ints:
        """[place, set]: what the rest of its county carries; not the insider."""
        rest = self.passed[self.places.county[place]] - self.cuts.passed[place]
        return rest if insider is None else np.maximum(rest - self.cuts.passed[insider], 0)

    def _spread(self, places: Ints, insider: int | None, onto: Range) -> None:
        furthest = (self.cuts.own[places] + self.others(places, insider)[:, None, :]).min(axis=2)
        rise, fall = np.split(furthest, 2, axis=1)
        for version in self.places.rows[:, places]:
            onto.rise[version], onto.fall[version] = rise, fall
