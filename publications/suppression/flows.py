"""Flows: how far a cell can go while persons move between the municipalities of a county and no sum changes.

Within a county, a chain of indicators is a transport table: municipalities by undivided counts (leaves), with the known
sums of both. How far a cell can go is the largest flow that the other municipalities carry from the leaves it gains to
those it loses; by the theorem of largest flow and least cut, that is the least, over all sets of leaves, of what can
leave the set. Sets of leaves are few, so it is arithmetic, for all cells at once. The counties' own figures stand still
here, so the truth may be wider: a linear program tells where this does not suffice.

Through time, persons can move between municipalities from one publication on, up to another or to the present, where each of
them has figures that are in no other publication: then no sum of any publication changes. Such a stretch of publications is a
window.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import combinations, product
from typing import NamedTuple

import numpy as np

from publications.suppression.layout import Bools, Ints, Layout
from publications.suppression.linked_tables import ABSENT, CellRow, Cells, Rows

WITHOUT_LIMIT = 10**9
Insider = int | None  # a municipality's number in Cells.municipalities; None is an outsider


@dataclass(frozen=True)
class Range:
    """By cell: how many persons more, and how many fewer, it can be shown to hold."""

    rise: Ints
    fall: Ints

    @classmethod
    def of(cls, size: int) -> Range:
        """Nowhere."""
        return cls(np.zeros(size, dtype=np.int64), np.zeros(size, dtype=np.int64))

    def copy(self) -> Range:
        return Range(self.rise.copy(), self.fall.copy())

    def reach_to(self, cells: Ints, change: Ints) -> None:
        """As far as some cells were changed, too."""
        self.rise[cells] = np.maximum(self.rise[cells], change)
        self.fall[cells] = np.maximum(self.fall[cells], -change)

    def reach(self, other: Range) -> None:
        """As far as the other, too."""
        np.maximum(self.rise, other.rise, out=self.rise)
        np.maximum(self.fall, other.fall, out=self.fall)


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


class Window(NamedTuple):
    """Publications, from the first up to, but not with, the end."""

    first: int
    end: int


class Places:
    """The municipalities that can exchange persons in a window (see `Spans.within`).

    A flow takes all their versions in the window along, for what stays the same between publications is one cell.
    """

    def __init__(self, cells: Cells, window: Window, county_of: Mapping[str, str]) -> None:
        self.window = window
        self.cells = cells
        self.names = sorted(county_of)
        self.index = {cells.municipalities.index(name): number for number, name in enumerate(self.names)}
        counties = sorted(set(county_of.values()))
        self.county = np.array([counties.index(county_of[name]) for name in self.names], dtype=np.int64)
        self.rows = _versions(cells.publications[slice(*window)], self.names, cells.layout.width)
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

    @property
    def is_open(self) -> bool:
        """Whether the window lasts to the present."""
        return self.window.end == len(self.cells.publications)

    @property
    def can_exchange(self) -> bool:
        """Whether any two are in one county."""
        return len(np.unique(self.county)) < len(self.county)

    def together(self, place: int) -> Ints:
        return np.flatnonzero(self.county == self.county[place])


class Spans:
    """From when to when each municipality's figures are what they are, in all publications."""

    def __init__(self, cells: Cells) -> None:
        self.cells = cells
        places, count = cells.municipalities, len(cells.publications)
        first, last = np.full(len(cells.value), count), np.full(len(cells.value), -1)
        own = [[rows.get(place, (ABSENT,) * cells.layout.width) for place in places] for rows in cells.publications]
        rows = np.array(own, dtype=np.int64).reshape(count, len(places), cells.layout.width)
        for publication in range(count):
            last[rows[publication]] = publication
            first[rows[count - 1 - publication]] = count - 1 - publication
        first[ABSENT], last[ABSENT] = count, -1
        self.begins, self.ends = first[rows].min(axis=2), last[rows].max(axis=2) + 1

    def windows(self) -> list[Window]:
        """Those in which anything begins and ends, the whole first."""
        there = self.ends > 0
        edges = np.unique([0, len(self.cells.publications), *self.begins[there], *self.ends[there]]).tolist()
        return sorted((Window(*pair) for pair in combinations(edges, 2)), key=lambda window: window.first - window.end)

    def within(self, window: Window) -> dict[str, str]:
        """The municipalities that are in all publications of a window, always in the same county, and none of whose figures there is
        in any other publication; with the county. Where a count is divided in two ways there are no leaves, and nobody takes part.
        """
        if not self.cells.layout.is_chain:
            return {}
        inside = slice(*window)
        new = (self.begins[inside].min(axis=0) >= window.first) & (self.ends[inside].max(axis=0) <= window.end)
        chosen = [place for place, is_new in zip(self.cells.municipalities, new.tolist(), strict=True) if is_new]
        county_of = [
            {place: county for county, own in by.items() for place in own} for by in self.cells.members[inside]
        ]
        return {
            place: county_of[-1][place]
            for place in chosen
            if place in county_of[-1] and all(by.get(place) == county_of[-1][place] for by in county_of)
        }


def _versions(publications: Sequence[Rows], areas: Sequence[str], width: int) -> Ints:
    """[version, area, column]: the cells of each area, repeated for areas with fewer versions than others."""
    found: list[list[CellRow]] = [list({rows[area]: None for rows in publications}) for area in areas]
    most = max(map(len, found), default=1)
    padded = [[versions[min(number, len(versions) - 1)] for versions in found] for number in range(most)]
    return np.array(padded, dtype=np.int64).reshape(most, len(areas), width)


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
        found = Range.of(size)
        self._spread(np.arange(len(self.places.names)), None, found)
        return found

    def range(self, insider: Insider) -> Range:
        """How far flows take each cell, as someone sees it who knows the insider's own figures."""
        found = self.outsiders.copy()
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

    def takes_part(self, insider: Insider) -> bool:
        return insider in self.places.index

    def beside(self, insider: int) -> Ints:
        """The cells of all in the insider's county."""
        return np.unique(self.places.rows[:, self.places.together(self.places.index[insider])])


class Exchanges:
    """The flows of all windows in which any can exchange persons: how far a cell can go is how far one of them takes it."""

    def __init__(self, cells: Cells) -> None:
        self.cells = cells
        spans = Spans(cells)
        places = [Places(cells, window, spans.within(window)) for window in spans.windows()]
        self._places = [each for each in places if each.can_exchange]
        self._flows: list[Flows] = []

    def look(self, known: Bools) -> None:
        """From here on with these cells known. What has ended before the present can be hidden no more, and is as it was."""
        ended = [flows for flows in self._flows if not flows.places.is_open]
        begun = [each for each in self._places if each.is_open or not self._flows]
        self._flows = [*(Flows(each, known) for each in begun), *ended]
        self._outsiders = Range.of(len(self.cells.value))
        for flows in self._flows:
            self._outsiders.reach(flows.outsiders)

    @property
    def open(self) -> list[Flows]:
        """Those that last to the present."""
        return [flows for flows in self._flows if flows.places.is_open]

    def range(self, insider: Insider) -> Range:
        """As someone sees it who knows the insider's own figures: other than for an outsider only where the insider takes part."""
        found = self._outsiders.copy()
        concerned = [flows for flows in self._flows if flows.takes_part(insider)]
        if insider is None or not concerned:
            return found
        cells = np.unique(np.concatenate([flows.beside(insider) for flows in concerned]))
        ranges = [flows.range(insider) if flows in concerned else flows.outsiders for flows in self._flows]
        found.rise[cells] = np.max([each.rise[cells] for each in ranges], axis=0)
        found.fall[cells] = np.max([each.fall[cells] for each in ranges], axis=0)
        return found
