"""What a publication is attacked with before it is released: its own rows, those that left before it, and what anyone knows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from django.conf import settings

from indicators.definitions import links
from municipalities.models import Municipality
from publications.disclosure_audit import Document, Known, Limits, Report, audit
from publications.models import Publication, PublicationState, PublishedTable

PARENT, POPULATION, WITHIN = links()
Own = dict[tuple[int, str, int, str], tuple[int, int]]


def limits() -> Limits:
    return Limits(settings.KPR_LEAST_DENOMINATOR, settings.KPR_LEAST_COUNT, settings.KPR_LEAST_WIDTH)


def audit_release(tables: Sequence[PublishedTable], earlier: Sequence[Publication]) -> dict[str, Any]:
    """Attack the tables together with those of the same indicators and years in the publication before.

    What each municipality knows of itself is given to the auditor too. Returns the report, ready to be stored.
    """
    number = earlier[-1].number + 1 if earlier else 1
    wanted = {(table.indicator, table.year) for table in tables}
    before = [
        table for table in (earlier[-1].tables.all() if earlier else ()) if (table.indicator, table.year) in wanted
    ]
    documents = [*_documents(before, number - 1), *_documents(tables, number)]
    own = dict(_own(before, number - 1)) | dict(_own(tables, number))
    return audit(documents, _known(before, tables, number), limits(), own=own).as_dict()


def audit_released(publication: Publication, *, exact: bool = False) -> Report:
    """Attack a publication that is out, with what is out: its rows, those of the one before it, and the change list. As in the
    audit before the release each municipality knows its own true figures."""
    earlier = Publication.objects.filter(state=PublicationState.RELEASED, number__lt=publication.number).first()
    both = [each for each in (earlier, publication) if each]
    documents = [document for each in both for document in _documents(each.tables.all(), each.number)]
    moved: dict[tuple[int, int], frozenset[str]] = {}
    for change in publication.changes:
        key = (publication.number, change["year"])
        moved[key] = moved.get(key, frozenset()) | frozenset(change["municipalities"])
    years = {document.year for document in documents}
    known = Known(
        county_of={year: dict(Municipality.objects.in_year(year).values_list("pk", "county_id")) for year in years},
        resubmitted=moved,
        chains=PARENT,
        populations=POPULATION,
        within=WITHIN,
    )
    own = dict(item for each in both for item in _own(each.tables.all(), each.number))
    return audit(documents, known, limits(), own=own, exact=exact)


def _documents(tables: Iterable[PublishedTable], number: int) -> Iterator[Document]:
    for table in tables:
        yield Document(number, table.indicator, table.year, table.rows)


def _own(tables: Iterable[PublishedTable], number: int) -> Iterator[tuple[tuple[int, str, int, str], tuple[int, int]]]:
    for table in tables:
        for area, (above, below) in table.counts["areas"].items():
            yield (number, table.indicator, table.year, area), (above, below)


def _known(before: Sequence[PublishedTable], tables: Sequence[PublishedTable], number: int) -> Known:
    was = {(table.indicator, table.year): table for table in before}
    moved: dict[tuple[int, int], frozenset[str]] = {}
    for table in tables:
        key = (number, table.year)
        moved[key] = moved.get(key, frozenset()) | frozenset(moved_areas(was.get((table.indicator, table.year)), table))
    return Known(
        county_of={table.year: table.counts["county_of"] for table in tables},
        resubmitted=moved,
        chains=PARENT,
        populations=POPULATION,
        within=WITHIN,
    )


def moved_areas(before: PublishedTable | None, table: PublishedTable) -> set[str]:
    """Municipalities whose counts are not those of the table before: they resubmitted, or were counted anew."""
    was, now = (_identities(each) for each in (before, table))
    return {area for area in {*was, *now} if was.get(area) != now.get(area)}


def _identities(table: PublishedTable | None) -> dict[str, tuple[Any, ...]]:
    if table is None:
        return {}
    basis = table.counts["basis"]
    return {area: (basis[area], *pair) for area, pair in table.counts["areas"].items()}
