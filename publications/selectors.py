"""What was released: publications, and the rows in their tables. The true counts behind the rows are never read here."""

from __future__ import annotations

import datetime
import json
from collections.abc import Collection, Iterator, Mapping
from typing import Any, NamedTuple

from django.db import connection
from django.db.models import QuerySet

from publications.models import Publication, PublicationState, PublishedTable

ReleasedRow = Mapping[str, Any]  # one area in one year, as the API answers it

SELECTED = """
SELECT t.indicator, r.value
FROM publications_publishedtable t JOIN publications_publication_tables pt ON pt.publishedtable_id = t.id
CROSS JOIN LATERAL jsonb_array_elements(t.rows) r
WHERE pt.publication_id = %s AND (%s OR t.indicator = ANY(%s)) AND (%s OR r.value ->> 'area' = ANY(%s))
"""


class Release(NamedTuple):
    """A released publication, as far as an answer needs it."""

    pk: int
    number: int
    released_at: datetime.datetime


class Rows(NamedTuple):
    """One indicator in one year, as it left. `version` is that of the definition it was computed with."""

    version: int
    year: int
    rows: list[dict[str, Any]]


def released() -> QuerySet[Publication]:
    """Newest first. A withheld publication is as absent as one that never was."""
    return Publication.objects.exclude(state=PublicationState.WITHHELD).order_by("-number")


def by_calendar(year: int) -> QuerySet[Publication]:
    """The releases of a data year that were no corrections, newest first."""
    return released().filter(year=year).exclude(state=PublicationState.CORRECTION)


def newest() -> Release | None:
    """The publication that stands: the first by the index on the number."""
    return _first(released())


def numbered(number: int) -> Release | None:
    return _first(released().filter(number=number))


def _first(publications: QuerySet[Publication]) -> Release | None:
    found = publications.values_list("pk", "number", "created_at").first()
    return Release(*found) if found else None


def tables(release: Release | None, indicator: str, years: Collection[int] = ()) -> list[Rows]:
    """The tables of an indicator in a publication, by year; of all years when none is named."""
    if release is None:
        return []
    wanted = PublishedTable.objects.filter(publications=release.pk, indicator=indicator).order_by("year")
    if years:
        wanted = wanted.filter(year__in=years)
    return [Rows(*columns) for columns in wanted.values_list("version", "year", "rows")]


def years(release: Release | None) -> list[int]:
    """The years that a publication holds figures of."""
    if release is None:
        return []
    held = PublishedTable.objects.filter(publications=release.pk)
    return list(held.order_by("year").values_list("year", flat=True).distinct())


def rows(
    release: Release | None, *, indicators: Collection[str] = (), areas: Collection[str] = ()
) -> Iterator[tuple[str, ReleasedRow]]:
    """Rows of a publication with their indicator, of all years: of some indicators or all, in some areas or all. One query."""
    if release is None:
        return
    with connection.cursor() as cursor:
        cursor.execute(SELECTED, [release.pk, not indicators, list(indicators), not areas, list(areas)])
        for code, row in cursor:  # Django leaves JSON of plain cursors as text
            yield code, json.loads(row)
