"""The cells of all publications of a family and year, and the sums that tie them.

A cell that is seen under several names (a county of one municipality, a chained denominator, a municipality that sent
nothing new between two publications) is one cell here, with one number.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_array

from publications.suppression.layout import Bools, Ints, Layout
from publications.suppression.table import NATION, Counts, Decision, Family, Name, Shown

ABSENT = 0  # the cell of an indicator that a municipality did not report: in no sum, and no secret
NOBODY = -1
CellRow = tuple[int, ...]  # the cells of one area in one publication, by column
Rows = dict[str, CellRow]  # by area


@dataclass(frozen=True)
class Cells:
    """`value` and `owner` (the municipality whose own figure it is, or NOBODY) by cell; `sums @ change == 0`."""

    layout: Layout
    value: Ints
    owner: Ints
    sums: csr_array
    publications: Sequence[Rows]
    members: Sequence[dict[str, list[str]]]
    municipalities: Sequence[str]

    @property
    def now(self) -> Rows:
        return self.publications[-1]

    def none(self) -> Bools:
        return np.zeros(len(self.value), dtype=bool)


class _Ledger:
    """Numbers cells as they are met."""

    def __init__(self) -> None:
        self.numbers: dict[Hashable, int] = {"absent": ABSENT}
        self.values = [0]
        self.owners = [NOBODY]
        self.sums: dict[tuple[int, tuple[int, ...]], None] = {}

    def cell(self, name: Hashable, value: int, owner: int = NOBODY) -> int:
        number = self.numbers.setdefault(name, len(self.values))
        if number == len(self.values):
            self.values.append(value)
            self.owners.append(owner)
        return number

    def total(self, parts: Iterable[int]) -> int:
        """The sum of cells; the same parts have the same sum, and a single part is its own."""
        terms = tuple(sorted(part for part in parts if part != ABSENT))
        if len(terms) < 2:
            return terms[0] if terms else ABSENT
        number = self.cell(("sum", terms), sum(self.values[term] for term in terms))
        self.sums[number, terms] = None
        return number

    def matrix(self) -> csr_array:
        entries = [
            (row, cell, sign)
            for row, (total, parts) in enumerate(self.sums)
            for cell, sign in ((total, -1), *((part, 1) for part in parts))
        ]
        rows, columns, signs = np.array(entries, dtype=np.int64).reshape(-1, 3).T
        return csr_array((signs.astype(float), (rows, columns)), shape=(len(self.sums), len(self.values)))


def lay_out(publications: Sequence[Counts], codes: Sequence[str]) -> Cells:
    """Cells and sums of the chain `codes` in publications of one family, oldest first.

    ValueError: a numerator outside its denominator, or a denominator that is not the parent's numerator.
    """
    layout = Layout(publications[-1].family, codes)
    places = sorted({place for counts in publications for _code, place in counts.counts})
    numbers = {place: number for number, place in enumerate(places)}
    ledger = _Ledger()
    rows: list[Rows] = []
    members = []
    for counts in publications:
        reported = sorted({place for _code, place in counts.counts})
        own = {place: _municipality(ledger, layout, counts, place, numbers[place]) for place in reported}
        members.append(_by_county(counts, reported))
        counties = {
            county: _totals(ledger, layout, [own[place] for place in inside]) for county, inside in members[-1].items()
        }
        nation = rows[-1][NATION] if counts.keeps_nation else _totals(ledger, layout, list(counties.values()))
        rows.append({**own, **counties, NATION: nation})
    values = np.array(ledger.values, dtype=np.int64)
    owners = np.array(ledger.owners, dtype=np.int64)
    return Cells(layout, values, owners, ledger.matrix(), rows, members, places)


def _by_county(counts: Counts, reported: Iterable[str]) -> dict[str, list[str]]:
    members = defaultdict(list)
    for place in reported:
        members[counts.county_of[place]].append(place)
    return dict(members)


def _municipality(ledger: _Ledger, layout: Layout, counts: Counts, place: str, owner: int) -> CellRow:
    row = [ABSENT] * layout.width
    for code, split in layout.splits.items():
        entry = _entry(counts, layout, code, place)
        if entry is None:
            continue
        numerator, denominator = entry
        name = (code, place, counts.basis.get(place), *entry)
        if code not in layout.above:
            row[split.denominator] = ledger.cell((*name, "denominator"), denominator, owner)
        row[split.numerator] = ledger.cell((*name, "numerator"), numerator, owner)
        row[split.complement] = ledger.cell((*name, "complement"), denominator - numerator, owner)
        parts = tuple(sorted((row[split.numerator], row[split.complement])))
        ledger.sums[row[split.denominator], parts] = None
    return tuple(row)


def _entry(counts: Counts, layout: Layout, code: str, place: str) -> tuple[int, int] | None:
    """An indicator of nobody may be left out below a parent that found nobody."""
    entry = counts.counts.get((code, place))
    if code in layout.above:
        above = counts.counts.get((layout.above[code], place), (0, 0))[0]
        if (entry or (0, 0))[1] != above:
            raise ValueError(f"{code} of {place}: the denominator is not the numerator of {layout.above[code]}")
        if entry is None and (layout.above[code], place) in counts.counts:
            entry = (0, 0)
    if entry is not None and not 0 <= entry[0] <= entry[1]:
        raise ValueError(f"{code} of {place}: numerator {entry[0]} of denominator {entry[1]}")
    return entry


def _totals(ledger: _Ledger, layout: Layout, rows: Sequence[CellRow]) -> CellRow:
    return tuple(ledger.total(row[column] for row in rows) for column in range(layout.width))


def shown_cells(cells: Cells, rows: Rows, decision: Decision) -> Bools:
    """The cells whose number a publication tells, also by another indicator with the same denominator, or by implication."""
    layout = cells.layout
    told = told_names(layout.family, decision)
    shown = cells.none()
    shown[ABSENT] = True
    for area, row in rows.items():
        shown[[cell for cell, name in zip(row, layout.names, strict=True) if (area, name) in told]] = True
        for code in layout.family.within.keys() & layout.splits.keys():
            split = layout.splits[code]
            shown[row[split.complement]] |= shown[row[split.denominator]] and shown[row[split.numerator]]
    return shown


def told_names(family: Family, decision: Decision) -> set[tuple[str, Name]]:
    """Of each area the counts that are written."""
    told = set()
    for (code, area), level in decision.items():
        if level is not Shown.NOTHING:
            told.add((area, family.denominator(code)))
        if level is Shown.ALL:
            told |= {(area, (code, "numerator")), (area, (code, "complement"))}
    return told
