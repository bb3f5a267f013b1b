"""What a publication is attacked with before it is released: its own rows, those that left before it, and what anyone knows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from django.conf import settings

from indicators.definitions import links
from municipalities.models import Municipality
from publications.disclosure_audit import Document, Known, Limits, Report, Tick, audit, untold
from publications.models import Publication, PublishedTable
from publications.selectors import released

PARENT, POPULATION, WITHIN = links()
Own = dict[tuple[int, str, int, str], tuple[int, int]]


def limits() -> Limits:
    return Limits(settings.KPR_LEAST_DENOMINATOR, settings.KPR_LEAST_COUNT, settings.KPR_LEAST_WIDTH)


def audit_release(tables: Sequence[PublishedTable], before: Sequence[PublishedTable], number: int) -> Report:
    """Attack the tables of a release of the number, together with those of the same indicators and year before it.

    What each municipality knows of itself is given to the auditor too.
    """
    documents = [*_documents(before, number - 1), *_documents(tables, number)]
    own = dict(_own(before, number - 1)) | dict(_own(tables, number))
    return audit(documents, _known(before, tables, number), limits(), own=own)


def merged(reports: Sequence[Report]) -> dict[str, Any]:
    """The reports of groups that have no count in common as one, ready to be stored."""
    widths = [each.narrowest for each in reports if each.narrowest is not None]
    told = [each.as_dict() for each in reports]
    return {
        "passed": all(each.passed for each in reports),
        "suppressed": sum(each.suppressed for each in reports),
        "narrowest": min(widths, default=None),
        **{name: [text for each in told for text in each[name]] for name in ("leaks", "primary", "inconsistencies")},
    }


def audit_released(publication: Publication, *, exact: bool = False, tick: Tick = untold) -> Report:
    """Attack a release that is out, with what is out: the rows of its year, those of the release of the year before it, and the change
    list. As in the audit before the release each municipality knows its own true figures."""
    year = publication.year
    earlier = released().filter(year=year, number__lt=publication.number).first()
    both = {each.number: each.tables.filter(year=year) for each in (earlier, publication) if each}
    known = Known(
        county_of={year: dict(Municipality.objects.in_year(year).values_list("pk", "county_id"))},
        resubmitted={
            (publication.number, year): frozenset(
                area for change in publication.changes for area in change["municipalities"]
            )
        },
        kept_nations=frozenset(each for number, tables in both.items() for each in _kept_nations(tables, number)),
        chains=PARENT,
        populations=POPULATION,
        within=WITHIN,
    )
    documents = [each for number, tables in both.items() for each in _documents(tables, number)]
    own = dict(item for number, tables in both.items() for item in _own(tables, number))
    return audit(documents, known, limits(), own=own, exact=exact, tick=tick)


def _kept_nations(tables: Iterable[PublishedTable], number: int) -> Iterator[tuple[int, str, int]]:
    return ((number, each.indicator, each.year) for each in tables if each.counts["keeps_nation"])


def _documents(tables: Iterable[PublishedTable], number: int) -> Iterator[Document]:
    for table in tables:
        yield Document(number, table.indicator, table.year, table.rows)


def _own(tables: Iterable[PublishedTable], number: int) -> Iterator[tuple[tuple[int, str, int, str], tuple[int, int]]]:
    for table in tables:
        for area, (above, below) in table.counts["areas"].items():
            yield (number, table.indicator, table.year, area), (above, below)


def _known(before: Sequence[PublishedTable], tables: Sequence[PublishedTable], number: int) -> Known:
    was = {each.indicator: each for each in before}
    moved = {area for each in tables for area in moved_areas(was.get(each.indicator), each)}
    return Known(
        county_of={each.year: each.counts["county_of"] for each in tables},
        resubmitted={(number, each.year): frozenset(moved) for each in tables},
        chains=PARENT,
        populations=POPULATION,
        within=WITHIN,
        kept_nations=frozenset([*_kept_nations(before, number - 1), *_kept_nations(tables, number)]),
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
