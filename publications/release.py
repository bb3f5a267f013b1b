"""What leaves the house: the tables of a data year protected, audited, numbered and frozen."""

from __future__ import annotations

import datetime
import hashlib
import json
import logging
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.conf import settings
from django.db import connection, transaction
from django.db.models import Max, Prefetch
from django.utils import timezone

from indicators.definitions import linked, links
from indicators.indicator import Indicator
from municipalities import calendar
from publications.current_counts import CurrentCounts, Truth, current_counts, reported_years
from publications.disclosure_audit import Report
from publications.frozen_tables import Decided, as_released, released_truths, rules, table
from publications.loss import suppressed, unanimous
from publications.models import Publication, PublicationState, PublishedTable
from publications.release_audit import audit_release, merged, moved_areas
from publications.release_calendar import release_calendar
from publications.renewal import Renewal, least_renewed, new_areas, renewal
from publications.selectors import by_calendar, released
from publications.suppression.protect import Unprotectable, protect
from publications.suppression.table import Counts, Family, Released

logger = logging.getLogger(__name__)
RELEASING = 0x4B5055  # key of the advisory lock: one release is made at a time
Tables = dict[str, PublishedTable]  # by indicator
Truths = Mapping[Indicator, Mapping[str, Truth]]  # by indicator and municipality


class NoRelease(Exception):
    """Why there is nothing to release, in a sentence for the operator."""


# --- By the calendar -----------------------------------------------------------------------------------------


def release_due() -> list[Publication]:
    """Make the releases that the calendar asks for: of each data year whose day has come, the oldest first."""
    made = []
    for year in reported_years():
        if release_calendar().due(year, calendar.today(), _newest_day(year)):
            try:
                made.append(release(year))
            except NoRelease as reason:
                logger.info("Nothing is released of %s: %s", year, reason)
    return made


def _newest_day(year: int) -> datetime.date | None:
    """The day of the newest release of the year that was no correction."""
    newest = by_calendar(year).values_list("created_at", flat=True).first()
    return timezone.localtime(newest).date() if newest else None


# --- One release ---------------------------------------------------------------------------------------------


@dataclass
class Draft:
    """A release of a data year in the making: the tables of the year as they will stand, those of them that are new, their audits,
    and what is held."""

    number: int
    current: CurrentCounts
    earlier: Sequence[Publication]  # of the year, oldest first, each with its tables of the year
    before: Tables
    tables: Tables = field(default_factory=dict)
    changed: list[PublishedTable] = field(default_factory=list)
    reports: list[Report] = field(default_factory=list)
    held: list[dict[str, Any]] = field(default_factory=list)

    @property
    def year(self) -> int:
        return self.current.year


@transaction.atomic
def release(year: int, *, correction: bool = False, public_reason: str = "") -> Publication:
    """Release what is current now of a data year, whatever the calendar says.

    Each group of linked indicators is protected and audited on its own. One that cannot be made safe beside what was released
    earlier, fails its audit, or is not computed yet stays as it was; the release says which and why. Where nothing else is new,
    the attempt is kept as withheld.

    Raises:
        NoRelease: nothing that leaves is new, too few have sent for it to leave, or the year has had as many releases as it may.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [RELEASING])
    if not correction and by_calendar(year).count() >= release_calendar().most:
        raise NoRelease(
            f"{year} has had the {release_calendar().most} releases that a data year may have. Make a correction."
        )
    draft = _draft(year)
    if not draft.changed and not draft.held:
        raise NoRelease(_nothing_new(draft))
    state = _state(draft, correction)
    if state == PublicationState.WITHHELD and _is_withheld_already(draft):
        raise NoRelease(f"All that is new is held, as it was: {draft.held[0]['why']}")
    return _store(draft, state, public_reason)


def _state(draft: Draft, correction: bool) -> PublicationState:
    if not draft.changed:
        return PublicationState.WITHHELD
    if correction:
        return PublicationState.CORRECTION
    final = release_calendar().is_final(draft.year, calendar.today())
    return PublicationState.FINAL if final else PublicationState.PROVISIONAL


def _store(draft: Draft, state: PublicationState, public_reason: str) -> Publication:
    standing = released().first()
    others = standing.tables.exclude(year=draft.year).values_list("pk", flat=True) if standing else ()
    publication = Publication.objects.create(
        number=draft.number,
        year=draft.year,
        state=state,
        created_at=calendar.now(),
        public_reason=public_reason,
        changes=list(_changes(draft)),
        suppressed=suppressed(draft.tables.values()),
        unanimous=unanimous(draft.tables.values()),
        audit={**merged(draft.reports), "held": draft.held},
    )
    PublishedTable.objects.bulk_create(draft.changed)
    publication.tables.set([*others, *draft.tables.values()])
    for each in draft.held:
        logger.error("%s %s is held; the page of releases tells registry staff why.", each["indicator"], draft.year)
    return publication


def _is_withheld_already(draft: Draft) -> bool:
    last = Publication.objects.filter(year=draft.year).order_by("number").last()
    return (
        last is not None
        and last.state == PublicationState.WITHHELD
        and _tried(last.audit["held"]) == _tried(draft.held)
    )


def _tried(held: Iterable[Mapping[str, Any]]) -> list[tuple[str, str]]:
    """What was held, and of which counts, or why there were none."""
    return [(each["indicator"], each["digest"] or each["why"]) for each in held]


def _nothing_new(draft: Draft) -> str:
    basis: Mapping[str, int] = next((each.counts["basis"] for each in draft.before.values()), {})
    waiting = len(new_areas(basis, draft.current.basis))
    if not waiting:
        return "Nothing that leaves has changed."
    return (
        f"{waiting} municipalities have something new, but in no county {settings.KPR_LEAST_MUNICIPALITIES_RENEWED} of them "
        "(KPR_LEAST_MUNICIPALITIES_RENEWED). They wait, so that nobody's new figures can be told from the county's."
    )


def _draft(year: int) -> Draft:
    tables_of_year = PublishedTable.objects.filter(year=year)
    earlier = list(
        released().filter(year=year).order_by("number").prefetch_related(Prefetch("tables", queryset=tables_of_year))
    )
    before = {each.indicator: each for each in earlier[-1].tables.all()} if earlier else {}
    number = (Publication.objects.aggregate(last=Max("number"))["last"] or 0) + 1
    draft = Draft(number, current_counts(year), earlier, before)
    for group in linked():
        _add(draft, group)
    return draft


# --- A linked group ------------------------------------------------------------------------------------------


def _add(draft: Draft, group: Sequence[Indicator]) -> None:
    """Put the group's tables in the draft: last time's where nothing changed or nothing safe can be made."""
    before = {each.code: draft.before[each.code] for each in group if each.code in draft.before}
    if lacking := _lacking(draft.current, group):
        _hold(draft, group, lacking)
        return
    comparable = before if all(_is_of_today(each, before) for each in group) else {}
    renewed = _renewal(draft.current, comparable)
    counts = _counts(draft.current, _chosen(draft.current, group, comparable, renewed), renewed)
    digest = _digest(group, counts, renewed)
    if not counts.counts or (before and all(each.digest == digest for each in before.values())):
        draft.tables |= before
        return
    try:
        decision = protect(counts, _released(draft.earlier, counts.family), rules())
    except (Unprotectable, ValueError) as error:
        _hold(draft, group, str(error), digest)
        return
    decided = Decided(counts, decision, digest, comparable if counts.keeps_nation else {}, renewed.since_nation)
    _audit(draft, group, [table(each, draft.current, decided) for each in group])


def _audit(draft: Draft, group: Sequence[Indicator], made: Sequence[PublishedTable]) -> None:
    before = [draft.before[each.code] for each in group if each.code in draft.before]
    earlier = {draft.earlier[-1].number: before} if before else {}
    report = audit_release({**earlier, draft.number: made}, draft.current.county_of)
    if report.passed:
        draft.reports.append(report)
        draft.changed.extend(made)
        draft.tables |= {each.indicator: each for each in made}
    else:
        found = [*report.leaks, *report.primary, *report.inconsistencies]
        _hold(draft, group, f"Its audit found: {_first_of(found)}", made[0].digest)


def _first_of(found: Sequence[object]) -> str:
    return f"{found[0]} (and {len(found) - 1} more)" if len(found) > 1 else str(found[0])


def _hold(draft: Draft, group: Sequence[Indicator], why: str, digest: str = "") -> None:
    """Last time's tables stay. `digest` is of what was tried."""
    draft.held.extend({"indicator": each.code, "year": draft.year, "why": why, "digest": digest} for each in group)
    draft.tables |= {each.code: draft.before[each.code] for each in group if each.code in draft.before}


def _lacking(current: CurrentCounts, group: Sequence[Indicator]) -> str:
    """Whose results are not computed yet, or cannot be; empty where all are. What is lacking would be told as not reported."""
    lacking = {each.code: sorted(current.basis.keys() - current.counts.get(each.code, {}).keys()) for each in group}
    first = next((f"{code} of {areas[0]}" for code, areas in lacking.items() if areas), "")
    most = max(map(len, lacking.values()), default=0)
    return f"Not computed for {most} municipalities, among them {first}." if first else ""


def _is_of_today(each: Indicator, before: Tables) -> bool:
    return each.code in before and before[each.code].version == each.version


def _renewal(current: CurrentCounts, comparable: Tables) -> Renewal:
    """Where a definition of the group has changed, all is made anew: no old figure can stand beside a new one."""
    one = next(iter(comparable.values()), None)
    if one is None:
        return renewal(current.county_of, None, current.basis, least_renewed())
    since_nation = one.counts["since_nation"]
    return renewal(current.county_of, one.counts["basis"], current.basis, least_renewed(), since_nation=since_nation)


def _chosen(current: CurrentCounts, group: Sequence[Indicator], comparable: Tables, renewed: Renewal) -> Truths:
    """What is to leave of each municipality, whether hidden or not: what was released of it, and in a renewed county what it sent since.

    What others' messages change in a municipality's own figures waits until it sends itself: it would tell who shares a person with
    whom.
    """
    return {
        each: _chosen_of(
            current,
            released_truths(comparable[each.code]) if comparable else {},
            current.counts.get(each.code, {}),
            renewed.counties,
        )
        for each in group
    }


def _chosen_of(
    current: CurrentCounts, before: Mapping[str, Truth], now: Mapping[str, Truth], renewed: Collection[str]
) -> dict[str, Truth]:
    chosen = {}
    for area, county in current.county_of.items():
        was, true = before.get(area), now.get(area)
        has_sent = true is None or was is None or was.submission != true.submission
        leaving = true if county in renewed and has_sent else was
        if leaving is not None:
            chosen[area] = leaving
    return chosen


def _counts(current: CurrentCounts, chosen: Truths, renewed: Renewal) -> Counts:
    group = tuple(chosen)
    leaving = {(each, area): true for each, found in chosen.items() for area, true in found.items()}
    return Counts(
        family=Family(tuple(each.code for each in group), *links(group)),
        county_of={area: current.county_of[area] for _each, area in leaving},
        counts={(each.code, area): (true.numerator, true.denominator) for (each, area), true in leaving.items()},
        withheld=frozenset(
            (each.code, area)
            for each, area in leaving
            if each.least_inhabitants and current.inhabitants.get(area, 0) <= each.least_inhabitants
        ),
        basis={area: true.submission for (_each, area), true in leaving.items()},
        keeps_nation=bool(renewed.since_nation),
    )


def _digest(group: Sequence[Indicator], counts: Counts, renewed: Renewal) -> str:
    """Of all that decides the tables: a change of any of them makes new ones."""
    facts = {
        "versions": [each.version for each in group],
        "counts": sorted([*key, *value] for key, value in counts.counts.items()),
        "basis": dict(sorted(counts.basis.items())),
        "withheld": sorted(counts.withheld),
        "rules": str(rules()),
        "since_nation": sorted(renewed.since_nation),
    }
    return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()


def _released(earlier: Iterable[Publication], family: Family) -> list[Released]:
    """What left earlier of these indicators in this year, each state of it once, oldest first."""
    states: dict[tuple[int, ...], Released] = {}
    for publication in earlier:
        tables = {each.indicator: each for each in publication.tables.all()}
        chosen = [tables[code] for code in family.codes if code in tables]
        if chosen:
            states.setdefault(tuple(each.pk for each in chosen), as_released(family, chosen))
    return list(states.values())


# --- What changed, and why -----------------------------------------------------------------------------------


def _changes(draft: Draft) -> Iterator[dict[str, Any]]:
    """What a reader of the change list is told, by reason: never a figure, nor of which indicator. With each reason stands whoever
    sent something for the year: whose figures of one indicator moved, and not of another, would be a figure."""
    reasons: set[str] = set()
    moved: set[str] = set()
    for each in draft.changed:
        before = draft.before.get(each.indicator)
        reasons.add(_reason(each, before))
        moved |= moved_areas(before, each) if before else set()
    for reason in sorted(reasons):
        yield {"year": draft.year, "reason": reason, "municipalities": sorted(moved)}


def _reason(made: PublishedTable, before: PublishedTable | None) -> str:
    if before is None:
        return "first"
    if before.version != made.version:
        return "definition"
    return "data" if before.counts["basis"] != made.counts["basis"] else "rules"
