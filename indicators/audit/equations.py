"""The published figures as equations in what is hidden."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from scipy import sparse

from indicators.audit.documents import NATION, Document, Known, Row
from indicators.audit.report import Cell

MEASURES = ("numerator", "complement", "denominator")
Terms = dict[Cell, int]


@dataclass
class Equations:
    """Every count has a name; those that are the same count share one. `told` are the counts that are shown; each of `sums` says
    that its terms make zero. `hidden` are the suppressed counts, by the name they go under."""

    told: dict[Cell, int] = field(default_factory=dict)
    sums: list[Terms] = field(default_factory=list)
    hidden: dict[Cell, Cell] = field(default_factory=dict)
    contradictions: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Block:
    """Hidden counts that hang together: matrix x = right-hand side, x >= 0. `cells` name the columns."""

    cells: tuple[Cell, ...]
    matrix: sparse.csr_matrix
    right: np.ndarray


class Names:
    """One name for each count, whatever it is called where."""

    def __init__(self, documents: Sequence[Document], known: Known) -> None:
        self.known = known
        self.documents = {(each.indicator, each.year, each.publication): each for each in documents}
        self.before = self._before()
        self.takes_part = {key: self._areas(each) for key, each in self.documents.items()}

    def _before(self) -> dict[tuple[str, int, int], int]:
        """The publication before each, of the same indicator and year."""
        found, last = {}, dict[tuple[str, int], int]()
        for indicator, year, publication in sorted(self.documents, key=lambda key: key[2]):
            if (indicator, year) in last:
                found[indicator, year, publication] = last[indicator, year]
            last[indicator, year] = publication
        return found

    def _areas(self, document: Document) -> frozenset[str]:
        return frozenset(row["area"] for row in document.rows if row["status"] != "not_reported")

    def municipalities(self, key: tuple[str, int, int], county: str) -> list[str]:
        county_of = self.known.county_of[key[1]]
        return sorted(area for area in self.takes_part[key] if county_of.get(area) == county)

    def parts(self, key: tuple[str, int, int], area: str) -> list[str]:
        """The areas that take part in the sum of a county or the nation; of a single one the sum is the same count."""
        if area == NATION:
            return self.counties(key)
        return self.municipalities(key, area) if len(area) == 2 else []

    def counties(self, key: tuple[str, int, int]) -> list[str]:
        return sorted(area for area in self.takes_part[key] if len(area) == 2)

    def of(self, cell: Cell) -> Cell:
        """The name that a count goes under: the earliest publication, the municipality, the parent's numerator."""
        indicator, year, area, measure, publication = cell
        key = (indicator, year, publication)
        parent = self.known.chains.get(indicator)
        if measure == "denominator" and parent and (parent, year, publication) in self.documents:
            return self.of((parent, year, area, "numerator", publication))
        inside = self.parts(key, area)
        if len(inside) == 1:
            return self.of((indicator, year, inside[0], measure, publication))
        if key in self.before and len(area) == 4 and self._is_unchanged(key, area):
            return self.of((indicator, year, area, measure, self.before[key]))
        return cell

    def _is_unchanged(self, key: tuple[str, int, int], area: str) -> bool:
        indicator, year, publication = key
        sent_anew = self.known.resubmitted.get((publication, year), frozenset())
        return area not in sent_anew and area in self.takes_part[indicator, year, self.before[key]]


def equations(names: Names) -> Equations:
    found = Equations()
    for document in names.documents.values():
        for row in document.rows:
            if row["status"] != "not_reported":
                _note_row(found, names, document, row)
        found.sums.extend(_sums(names, document))
    return found


def _note_row(found: Equations, names: Names, document: Document, row: Row) -> None:
    above, below = row["numerator"], row["denominator"]
    counts = {
        "numerator": above,
        "complement": None if above is None or below is None else below - above,
        "denominator": below,
    }
    for measure, count in counts.items():
        cell = (document.indicator, document.year, row["area"], measure, document.publication)
        name = names.of(cell)
        if count is None:
            found.hidden[cell] = name
        elif found.told.setdefault(name, count) != count:
            found.contradictions.append(f"{cell}: {count} here, {found.told[name]} elsewhere")


def _sums(names: Names, document: Document) -> Iterator[Terms]:
    key = (document.indicator, document.year, document.publication)

    def name(area: str, measure: str) -> Cell:
        return names.of((document.indicator, document.year, area, measure, document.publication))

    areas = names.takes_part[key]
    for area in areas:
        yield _terms([name(area, "numerator"), name(area, "complement")], name(area, "denominator"))
    for whole in (*names.counties(key), *({NATION} & areas)):
        for measure in MEASURES:
            yield _terms([name(part, measure) for part in names.parts(key, whole)], name(whole, measure))


def _terms(parts: Sequence[Cell], whole: Cell) -> Terms:
    terms: Terms = {}
    for part in parts:
        terms[part] = terms.get(part, 0) + 1
    terms[whole] = terms.get(whole, 0) - 1
    return {cell: factor for cell, factor in terms.items() if factor}


def blocks(sums: Sequence[Terms], told: Mapping[Cell, int]) -> Iterator[Block]:
    """The equations in what is not told, in blocks that have no hidden count in common.

    An equation without any hidden count that does not hold comes as a block without cells.
    """
    column: dict[Cell, int] = {}
    entries: list[tuple[int, int, int]] = []
    right = np.zeros(len(sums))
    for number, terms in enumerate(sums):
        for cell, factor in terms.items():
            if cell in told:
                right[number] -= factor * told[cell]
            else:
                entries.append((number, column.setdefault(cell, len(column)), factor))
    rows, columns, factors = (list(each) for each in zip(*entries, strict=True)) if entries else ([], [], [])
    matrix = sparse.csr_matrix((factors, (rows, columns)), shape=(len(sums), len(column)))
    empty = np.flatnonzero((np.diff(matrix.indptr) == 0) & (right != 0))
    for row in empty:
        yield Block((), matrix[[row]], right[[row]])
    yield from connected(matrix, right, list(column))


def connected(matrix: sparse.csr_matrix, right: np.ndarray, cells: Sequence[Cell]) -> Iterator[Block]:
    """The blocks of an equation system in these cells."""
    if not cells:
        return
    number, label = sparse.csgraph.connected_components(abs(matrix).T @ abs(matrix), directed=False)
    of_row = np.full(matrix.shape[0], -1)
    for row in np.flatnonzero(np.diff(matrix.indptr)):
        of_row[row] = label[matrix.indices[matrix.indptr[row]]]
    for each in range(number):
        columns, rows = np.flatnonzero(label == each), np.flatnonzero(of_row == each)
        yield Block(tuple(cells[int(column)] for column in columns), matrix[rows][:, columns], right[rows])
