"""The published figures as equations in what is hidden."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from scipy import sparse

from publications.disclosure_audit.documents import ABSENT, NATION, Document, Known, Own, counts
from publications.disclosure_audit.report import Cell

MEASURES = ("numerator", "complement", "denominator")
# The measure of an implied count, under the name of the smaller of two populations: the persons of the wider one outside it.
REST = "rest"
Terms = dict[Cell, int]
Key = tuple[str, int, int]  # indicator, year, publication


def is_municipality(area: str) -> bool:
    return len(area) == 4


def is_county(area: str) -> bool:
    return len(area) == 2


class DisjointSet:
    """Counts that are one and the same under several names. They go under that of a municipality, where one has it."""

    def __init__(self) -> None:
        self._leads: dict[Cell, Cell] = {}

    def name(self, cell: Cell) -> Cell:
        lead = self._leads.get(cell, cell)
        if lead == cell:
            return cell
        self._leads[cell] = lead = self.name(lead)
        return lead

    def join(self, one: Cell, other: Cell) -> None:
        first, second = self.name(one), self.name(other)
        if first != second:
            if is_municipality(second[2]) and not is_municipality(first[2]):
                first, second = second, first
            self._leads[second] = first


@dataclass
class Equations:
    """`told` are the counts that are shown, by name; the terms of each of `sums` make zero together; `hidden` are the
    suppressed counts with the names that they go under."""

    same: DisjointSet = field(default_factory=DisjointSet)
    told: dict[Cell, int] = field(default_factory=dict)
    sums: list[Terms] = field(default_factory=list)
    hidden: dict[Cell, Cell] = field(default_factory=dict)
    contradictions: list[str] = field(default_factory=list)

    def tell(self, cell: Cell, count: int) -> None:
        if self.told.setdefault(self.same.name(cell), count) != count:
            self.contradictions.append(f"{cell}: {count} here, {self.told[self.same.name(cell)]} elsewhere")


@dataclass(frozen=True)
class Block:
    """Hidden counts that hang together: matrix x = right-hand side, x >= 0. `cells` name the columns."""

    cells: tuple[Cell, ...]
    matrix: sparse.csr_matrix
    right: np.ndarray


class Parts:
    """Who takes part in the sums of one document.

    One that did not report, or whose report waits for a later release, has no part. One without a row has: it is not said that it did
    not report. A nation that stayed as it was is no sum here.
    """

    def __init__(self, document: Document, county_of: Mapping[str, str], *, keeps_nation: bool) -> None:
        status = {row["area"]: row["status"] for row in document.rows}
        self.counties: dict[str, list[str]] = {area: [] for area in status if is_county(area)}
        self.municipalities = sorted(area for area in county_of if status.get(area) not in ABSENT)
        for area in self.municipalities:
            self.counties.setdefault(county_of[area], []).append(area)
        told = {area for area in status if is_municipality(area) and status[area] not in ABSENT}
        self.homeless = sorted(told - set(self.municipalities))
        self.sums = {**self.counties, NATION: [area for area, inside in self.counties.items() if inside]}
        self.counted = {*self.municipalities, *(area for area, inside in self.sums.items() if inside)}
        self.areas = (*self.municipalities, *self.homeless, *self.sums)
        self.keeps_nation = keeps_nation
        if keeps_nation:
            del self.sums[NATION]


def equations(documents: Sequence[Document], known: Known) -> Equations:
    found = Equations()
    parts = {
        _key(each): Parts(
            each,
            known.county_of[each.year],
            keeps_nation=(each.publication, each.indicator, each.year) in known.kept_nations,
        )
        for each in documents
    }
    _join(found.same, parts, known)
    for document in documents:
        _note(found, document, parts[_key(document)])
        found.sums.extend(_sums(found.same, _key(document), parts[_key(document)]))
    _add_rests(found, parts, known)
    return found


def _key(document: Document) -> Key:
    return document.indicator, document.year, document.publication


# --- Which counts are the same -------------------------------------------------------------------------------


def _join(same: DisjointSet, parts: Mapping[Key, Parts], known: Known) -> None:
    for key, of_key in parts.items():
        parent = known.chains.get(key[0], "")
        if (parent, *key[1:]) in parts:
            for area in of_key.areas:
                same.join(_cell((parent, *key[1:]), area, "numerator"), _cell(key, area, "denominator"))
        for whole, inside in of_key.sums.items():
            if len(inside) == 1:
                _join_all(same, (key, inside[0]), (key, whole))
    for one, other in _of_the_same_persons(parts, known):
        for area in {*parts[one].areas} & {*parts[other].areas}:
            same.join(_cell(one, area, "denominator"), _cell(other, area, "denominator"))
    _join_through_time(same, parts, known)


def _join_through_time(same: DisjointSet, parts: Mapping[Key, Parts], known: Known) -> None:
    for key, before in _before(parts).items():
        sent_anew = known.resubmitted.get((key[2], key[1]), frozenset())
        for area in set(parts[key].municipalities) & set(parts[before].municipalities) - sent_anew:
            _join_all(same, (before, area), (key, area))
        if parts[key].keeps_nation:
            _join_all(same, (before, NATION), (key, NATION))


def _of_the_same_persons(keys: Iterable[Key], known: Known) -> Iterator[tuple[Key, Key]]:
    """Indicators with the same persons below the line, in one year and publication, with the first of them."""
    first: dict[tuple[str, int, int], Key] = {}
    for key in sorted(keys):
        population = known.populations.get(key[0])
        if population:
            yield first.setdefault((population, *key[1:]), key), key


def _rests(parts: Mapping[Key, Parts], known: Known) -> Iterator[tuple[Cell, Cell, Cell]]:
    """By area the rest of a population that another is a part of, that part, and the whole."""
    first = {(known.populations[one[0]], *one[1:]): one for one, _other in _of_the_same_persons(parts, known)}
    for (part, year, publication), key in first.items():
        whole = first.get((known.within.get(part, ""), year, publication))
        if whole is None:
            continue
        for area in parts[key].counted & parts[whole].counted:
            yield (
                (part, year, area, REST, publication),
                _cell(key, area, "denominator"),
                _cell(whole, area, "denominator"),
            )


def _add_rests(found: Equations, parts: Mapping[Key, Parts], known: Known) -> None:
    """A rest is told where both populations are, else it is hidden. Where both are the same counts under other names, so is the rest."""
    lead: dict[tuple[Cell, Cell], Cell] = {}
    for rest, *both in _rests(parts, known):
        part, whole = (found.same.name(cell) for cell in both)
        name = lead.setdefault((part, whole), rest)
        if part in found.told and whole in found.told:
            found.told[name] = found.told[whole] - found.told[part]
            continue
        found.hidden[rest] = name
        if name == rest:
            found.sums.append(_terms([part, rest], whole))


def _join_all(same: DisjointSet, one: tuple[Key, str], other: tuple[Key, str]) -> None:
    for measure in MEASURES:
        same.join(_cell(*one, measure), _cell(*other, measure))


def _before(keys: Iterable[Key]) -> dict[Key, Key]:
    """The same indicator and year in the publication before."""
    found: dict[Key, Key] = {}
    last: dict[tuple[str, int], Key] = {}
    for key in sorted(keys, key=lambda key: key[2]):
        if key[:2] in last:
            found[key] = last[key[:2]]
        last[key[:2]] = key
    return found


def _cell(key: Key, area: str, measure: str) -> Cell:
    indicator, year, publication = key
    return indicator, year, area, measure, publication


# --- What is told of them ------------------------------------------------------------------------------------


def _note(found: Equations, document: Document, parts: Parts) -> None:
    key = _key(document)
    found.contradictions.extend(f"{area} of {key} is counted, but lies in no county" for area in parts.homeless)
    for row in document.rows:
        if row["status"] in ABSENT:
            continue
        for measure, count in counts(row).items():
            cell = _cell(key, row["area"], measure)
            if count is None:
                found.hidden[cell] = found.same.name(cell)
            else:
                found.tell(cell, count)


def _sums(same: DisjointSet, key: Key, parts: Parts) -> Iterator[Terms]:
    def name(area: str, measure: str) -> Cell:
        return same.name(_cell(key, area, measure))

    for area in parts.areas:
        yield _terms([name(area, "numerator"), name(area, "complement")], name(area, "denominator"))
    for whole, inside in parts.sums.items():
        for measure in MEASURES:
            yield _terms([name(part, measure) for part in inside], name(whole, measure))


def _terms(parts: Sequence[Cell], whole: Cell) -> Terms:
    terms: Terms = {}
    for part in parts:
        terms[part] = terms.get(part, 0) + 1
    terms[whole] = terms.get(whole, 0) - 1
    return {cell: factor for cell, factor in terms.items() if factor}


def disagreeing(found: Equations) -> Iterator[str]:
    """Sums of which everything is told, and that do not hold."""
    for terms in found.sums:
        if terms and all(cell in found.told for cell in terms):
            rest = sum(factor * found.told[cell] for cell, factor in terms.items())
            if rest:
                yield f"sums do not agree: {list(terms)[-1]} and its parts differ by {abs(rest)}"


def truths(found: Equations, own: Own) -> dict[Cell, int]:
    """What the municipalities know of themselves together, and the sums that follow from it."""
    true = dict(found.told)
    for (publication, indicator, year, area), (above, below) in own.items():
        for measure, count in zip(MEASURES, (above, below - above, below), strict=True):
            name = found.same.name((indicator, year, area, measure, publication))
            if true.setdefault(name, count) != count:
                where = f"{indicator} {year} {area} (publication {publication})"
                found.contradictions.append(f"{where}: its own {measure} is {count}, elsewhere it is {true[name]}")
    for terms in found.sums:
        unknown = [cell for cell in terms if cell not in true]
        if len(unknown) == 1:
            rest = sum(factor * true[cell] for cell, factor in terms.items() if cell in true)
            true[unknown[0]] = -rest // terms[unknown[0]]
    return true


# --- Blocks --------------------------------------------------------------------------------------------------


def blocks(sums: Sequence[Terms], told: Mapping[Cell, int]) -> Iterator[Block]:
    """The equations in what is not told, in blocks that have no hidden count in common."""
    column: dict[Cell, int] = {}
    entries: list[tuple[int, int, int]] = []
    right = np.zeros(len(sums))
    for number, terms in enumerate(sums):
        for cell, factor in terms.items():
            if cell in told:
                right[number] -= factor * told[cell]
            else:
                entries.append((number, column.setdefault(cell, len(column)), factor))
    if entries:
        rows, columns, factors = (list(each) for each in zip(*entries, strict=True))
        matrix = sparse.csr_matrix((factors, (rows, columns)), shape=(len(sums), len(column)), dtype=np.int64)
        yield from connected(matrix, right, list(column))


def connected(matrix: sparse.csr_matrix, right: np.ndarray, cells: Sequence[Cell]) -> Iterator[Block]:
    if not cells:
        return
    number, label = sparse.csgraph.connected_components(abs(matrix).T @ abs(matrix), directed=False)
    of_row = np.full(matrix.shape[0], -1)
    filled = np.flatnonzero(np.diff(matrix.indptr))
    of_row[filled] = label[matrix.indices[matrix.indptr[filled]]]
    by_column, by_row = np.argsort(label, kind="stable"), np.argsort(of_row, kind="stable")
    columns = np.split(by_column, np.searchsorted(label[by_column], np.arange(1, number)))
    rows = np.split(by_row, np.searchsorted(of_row[by_row], np.arange(number)))[1:]
    for inside, lines in zip(columns, rows, strict=True):
        yield Block(tuple(cells[int(each)] for each in inside), matrix[lines][:, inside], right[lines])
