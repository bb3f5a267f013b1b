"""What a publication is attacked with before it is released: its own rows, those that left before it, and what anyone knows."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any

from django.conf import settings

from indicators.definitions import links
from municipalities.models import Municipality
from publications.disclosure_audit import Document, Known, Limits, Report, Tick, audit, untold
from publications.frozen_tables import released_truths
from publications.models import Publication, PublishedTable
from publications.renewal import new_areas
from publications.selectors import released

PARENT, POPULATION, WITHIN = links()
# The tables of one data year by the number of the release that they left in, or are to leave in; the newest last.
Releases = Mapping[int, Sequence[PublishedTable]]


def limits() -> Limits:
    return Limits(settings.KPR_LEAST_DENOMINATOR, settings.KPR_LEAST_COUNT, settings.KPR_LEAST_WIDTH)


def audit_release(releases: Releases, county_of: Mapping[str, str]) -> Report:
    """Attack the tables of a release before it leaves, together with those of the same indicators and year before it."""
    *earlier, tables = releases.values()
    was = {each.indicator: each for before in earlier for each in before}
    sent = {area for each in tables for area in moved_areas(was.get(each.indicator), each)}
    return _attack(releases, county_of, sent)


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
    list."""
    year = publication.year
    earlier = released().filter(year=year, number__lt=publication.number).first()
    releases = {each.number: list(each.tables.filter(year=year)) for each in (earlier, publication) if each}
    county_of = dict(Municipality.objects.in_year(year).values_list("pk", "county_id"))
    sent = {area for change in publication.changes for area in change["municipalities"]}
    return _attack(releases, county_of, sent, exact=exact, tick=tick)


def _attack(
    releases: Releases, county_of: Mapping[str, str], sent: Collection[str], *, exact: bool = False, tick: Tick = untold
) -> Report:
    """`sent` are those that sent anew between the releases. What each municipality knows of itself is given to the auditor too."""
    tables = [(number, each) for number, of_release in releases.items() for each in of_release]
    number, newest = tables[-1]
    known = Known(
        county_of={newest.year: county_of},
        resubmitted={(number, newest.year): frozenset(sent)},
        chains=PARENT,
        populations=POPULATION,
        within=WITHIN,
        kept_nations={(number, each.indicator, each.year) for number, each in tables if each.counts["keeps_nation"]},
    )
    documents = [Document(number, each.indicator, each.year, each.rows) for number, each in tables]
    return audit(documents, known, limits(), own=dict(_own(tables)), exact=exact, tick=tick)


def _own(tables: Iterable[tuple[int, PublishedTable]]) -> Iterator[tuple[tuple[int, str, int, str], tuple[int, int]]]:
    for number, each in tables:
        for area, (above, below) in each.counts["areas"].items():
            yield (number, each.indicator, each.year, area), (above, below)


def moved_areas(before: PublishedTable | None, table: PublishedTable) -> set[str]:
    """Municipalities whose counts are not those of the table before: they resubmitted, or were counted anew."""
    return new_areas(released_truths(before) if before else {}, released_truths(table))
