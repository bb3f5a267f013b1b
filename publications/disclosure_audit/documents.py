"""What an outsider holds in hand: answers of the API, and what anybody can know."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any

NATION = "0"
Row = Mapping[str, Any]
# (publication, indicator, year, municipality) -> true numerator and denominator.
Own = Mapping[tuple[int, str, int, str], tuple[int, int]]


@dataclass(frozen=True)
class Document:
    """What the API answered for one indicator and year in one publication."""

    publication: int
    indicator: str
    year: int
    rows: Sequence[Row]


@dataclass(frozen=True)
class Known:
    """What anyone can know: which municipality lies in which county (by year), whose numerator is an indicator's denominator,
    which municipalities sent anew between a publication and the one before it among the documents, whom an indicator counts below the
    line where others count the same (`populations`), which of those are a part of another (`within`), and in which publications an
    indicator's nation stayed as it was, though counties under it are newer (`kept_nations`: publication, indicator, year)."""

    county_of: Mapping[int, Mapping[str, str]]
    chains: Mapping[str, str] = field(default_factory=dict)
    resubmitted: Mapping[tuple[int, int], frozenset[str]] = field(default_factory=dict)
    populations: Mapping[str, str] = field(default_factory=dict)
    within: Mapping[str, str] = field(default_factory=dict)
    kept_nations: Collection[tuple[int, str, int]] = frozenset()


@dataclass(frozen=True)
class Limits:
    """What may leave: see indicators.md; the same numbers as the protector's, and nothing else of it."""

    least_denominator: int = 10
    least_count: int = 5
    least_width: int = 5


# What a row is that has no part in any sum of its publication.
ABSENT = ("not_reported", "not_released")


def counts(row: Row) -> dict[str, int | None]:
    """The three counts that a row tells of; None is hidden. Where nobody is to be counted, that tells of zeros."""
    above, below = row["numerator"], row["denominator"]
    if row["status"] == "not_applicable" and below is None:
        above = below = 0
    is_told = row["status"] != "suppressed" and None not in (above, below)
    return {"numerator": above, "complement": below - above if is_told else None, "denominator": below}


def documents_from(answers: Iterable[Mapping[str, Any]]) -> Iterator[Document]:
    """Documents from parsed answers of `GET /api/v1/aggregates/{indicator}/`, which may tell of several years."""
    for answer in answers:
        rows = sorted(answer["results"], key=_year)
        for year, of_year in groupby(rows, key=_year):
            yield Document(answer["publication"], answer["indicator"], year, list(of_year))


def _year(row: Row) -> int:
    return int(row["year"])
