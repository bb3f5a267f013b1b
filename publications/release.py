"""What leaves the house: tables protected, audited, numbered and frozen."""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.conf import settings
from django.db import connection, transaction
from django.db.models import Max, Sum

from charts.comparison import wilson
from indicators.definitions import INDICATORS, linked, links
from indicators.indicator import Indicator
from indicators.models import IndicatorValue, Level
from municipalities import calendar
from municipalities.models import Municipality
from municipalities.population import populations
from publications.loss import suppressed, unanimous
from publications.models import Publication, PublicationState, PublishedTable
from publications.release_audit import audit_release, moved_areas
from publications.suppression.protect import Unprotectable, protect
from publications.suppression.table import NATION, Counts, Decision, Family, Released, Rules, Shown
from submissions.models import Kind, Submission

logger = logging.getLogger(__name__)
PUBLISHING = 0x4B5055  # key of the advisory lock: one publication is made at a time
DECIMALS = 4
TableKey = tuple[str, int]  # indicator, year


def rules() -> Rules:
    return Rules(settings.KPR_LEAST_DENOMINATOR, settings.KPR_LEAST_COUNT, settings.KPR_LEAST_WIDTH)


@dataclass
class Draft:
    """A publication in the making: its tables, those of them that are new, and what could not be made safe."""

    earlier: Sequence[Publication]
    reported: Mapping[int, set[str]]  # by year, the municipalities that have something that counts
    tables: dict[TableKey, PublishedTable] = field(default_factory=dict)
    changed: list[PublishedTable] = field(default_factory=list)
    held: list[dict[str, Any]] = field(default_factory=list)

    @property
    def differs(self) -> bool:
        before = {table.pk for table in self.earlier[-1].tables.all()} if self.earlier else set()
        return bool(self.changed) or {table.pk for table in self.tables.values()} != before


@transaction.atomic
def publish() -> Publication | None:
    """Make a publication of what is current now. It is released when it passes its audit; otherwise it is kept as withheld,
    with the reason, and the one before it stands.

    Returns None when nothing that leaves has changed. A table that cannot be made safe beside what was published earlier stays
    as it was last time; the audit names it.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [PUBLISHING])
    draft = _draft()
    if not draft.differs:
        return None
    report = audit_release(draft.changed, draft.earlier)
    passed = bool(report["passed"])
    publication = Publication.objects.create(
        number=(Publication.objects.aggregate(last=Max("number"))["last"] or 0) + 1,
        state=PublicationState.RELEASED if passed else PublicationState.WITHHELD,
        created_at=calendar.now(),
        changes=list(_changes(draft)),
        suppressed=suppressed(draft.tables.values()),
        unanimous=unanimous(draft.tables.values()),
        audit={**report, "held": draft.held},
    )
    PublishedTable.objects.bulk_create(draft.changed)
    publication.tables.set(draft.tables.values())
    if not passed:
        logger.error("Publication %s did not pass its audit and is withheld.", publication.number)
    return publication


def _draft() -> Draft:
    released = Publication.objects.filter(state=PublicationState.RELEASED)
    draft = Draft(list(released.order_by("number").prefetch_related("tables")), _reported())
    structure = Structure()
    current = _current_counts()
    years = sorted({year for _code, year in current})
    for group in linked():
        for year in years:
            _add(draft, group, structure.of(year), {each: current.get((each.code, year), {}) for each in group})
    return draft


# --- What is true now ----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Truth:
    """What one municipality's submission tells of one indicator."""

    numerator: int
    denominator: int
    submission: int


def _reported() -> dict[int, set[str]]:
    found: dict[int, set[str]] = {}
    annual = Submission.objects.filter(is_current=True, kind=Kind.ANNUAL)
    for year, area in annual.values_list("year", "municipality"):
        if year is not None:
            found.setdefault(year, set()).add(area)
    return found


def _current_counts() -> dict[TableKey, dict[str, Truth]]:
    """Of the definitions as they are today: a result of another version is not computed yet."""
    today = {(each.code, each.version) for each in INDICATORS}
    values = IndicatorValue.objects.filter(level=Level.MUNICIPALITY, submission__is_current=True)
    columns = ("indicator", "version", "submission__year", "area", "numerator", "denominator", "submission")
    found: dict[TableKey, dict[str, Truth]] = {}
    for code, version, year, area, *numbers in values.values_list(*columns):
        if (code, version) in today:
            found.setdefault((code, year), {})[area] = Truth(*numbers)
    return found


@dataclass(frozen=True)
class Year:
    """The municipalities that were in use in a year, with their counties and inhabitants."""

    year: int
    county_of: Mapping[str, str]
    inhabitants: Mapping[str, int]


class Structure:
    """The structure of each year, read once."""

    def __init__(self) -> None:
        self._years: dict[int, Year] = {}

    def of(self, year: int) -> Year:
        if year not in self._years:
            inhabitants = dict(populations(year).values_list("municipality").annotate(Sum("persons")))
            county_of = dict(Municipality.objects.in_year(year).order_by("pk").values_list("pk", "county_id"))
            self._years[year] = Year(year, county_of, inhabitants)
        return self._years[year]


# --- One population in one year ------------------------------------------------------------------------------


def _add(draft: Draft, family: Sequence[Indicator], structure: Year, now: Mapping[Indicator, dict[str, Truth]]) -> None:
    """Put the family's tables of the year in the draft: last time's where nothing changed or nothing safe can be made."""
    before = {each: _latest(draft.earlier, each.code, structure.year) for each in family}
    if lacking := _lacking(draft, structure, now):
        return _hold(draft, before, structure, lacking)
    counts = _counts(family, structure, _of_those_that_sent(before, now))
    digest = _digest(family, counts)
    if all(table is not None and table.digest == digest for table in before.values()):
        return _keep(draft, before)
    try:
        decision = protect(counts, _released(draft.earlier, counts.family, structure.year), rules())
    except (Unprotectable, ValueError) as error:
        return _hold(draft, before, structure, str(error))
    for each in family:
        table = _table(each, structure, counts, decision, digest)
        draft.tables[each.code, structure.year] = table
        draft.changed.append(table)


def _of_those_that_sent(
    before: Mapping[Indicator, PublishedTable | None], now: Mapping[Indicator, dict[str, Truth]]
) -> Mapping[Indicator, dict[str, Truth]]:
    """A municipality's own figures change when it has sent, or when a definition of the family has: what others' messages change in
    them waits for that, for it would tell who shares a person with whom."""
    tables = {each: table for each, table in before.items() if table and table.version == each.version}
    if len(tables) < len(before):
        return now
    return {
        each: {area: _once_released(tables[each], area, true) for area, true in found.items()}
        for each, found in now.items()
    }


def _once_released(table: PublishedTable, area: str, true: Truth) -> Truth:
    """What was released of the submission, if it was."""
    if area not in table.counts["areas"] or table.counts["basis"].get(area) != true.submission:
        return true
    numerator, denominator = table.counts["areas"][area]
    return Truth(numerator, denominator, true.submission)


def _lacking(draft: Draft, structure: Year, now: Mapping[Indicator, dict[str, Truth]]) -> str:
    """Whose results are not computed yet, or cannot be; empty where all are. What is lacking would be told as not reported."""
    expected = draft.reported.get(structure.year, set()) & structure.county_of.keys()
    lacking = {each.code: sorted(expected - found.keys()) for each, found in now.items()}
    first = next((f"{code} of {areas[0]}" for code, areas in lacking.items() if areas), "")
    most = max(map(len, lacking.values()), default=0)
    return f"Not computed for {most} municipalities, among them {first}." if first else ""


def _hold(draft: Draft, tables: Mapping[Indicator, PublishedTable | None], structure: Year, why: str) -> None:
    """Last time's tables stay."""
    draft.held.extend({"indicator": each.code, "year": structure.year, "why": why} for each in tables)
    _keep(draft, tables)


def _keep(draft: Draft, tables: Mapping[Indicator, PublishedTable | None]) -> None:
    draft.tables |= {(table.indicator, table.year): table for table in tables.values() if table}


def _latest(earlier: Sequence[Publication], code: str, year: int) -> PublishedTable | None:
    tables = earlier[-1].tables.all() if earlier else ()
    return next((table for table in tables if (table.indicator, table.year) == (code, year)), None)


def _counts(family: Sequence[Indicator], structure: Year, now: Mapping[Indicator, dict[str, Truth]]) -> Counts:
    county_of = structure.county_of
    reported = {(each, area): true for each, found in now.items() for area, true in found.items() if area in county_of}
    return Counts(
        family=Family(tuple(each.code for each in family), *links(family)),
        county_of={area: county_of[area] for _each, area in reported},
        counts={(each.code, area): (true.numerator, true.denominator) for (each, area), true in reported.items()},
        withheld=frozenset(
            (each.code, area)
            for each, area in reported
            if each.least_inhabitants and structure.inhabitants.get(area, 0) <= each.least_inhabitants
        ),
        basis={area: true.submission for (_each, area), true in reported.items()},
    )


def _digest(family: Sequence[Indicator], counts: Counts) -> str:
    """Of all that decides the tables: a change of any of them makes new ones."""
    facts = {
        "versions": [each.version for each in family],
        "counts": sorted([*key, *value] for key, value in counts.counts.items()),
        "basis": dict(sorted(counts.basis.items())),
        "withheld": sorted(counts.withheld),
        "rules": str(rules()),
    }
    return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()


# --- Tables and back -----------------------------------------------------------------------------------------


def _table(each: Indicator, structure: Year, counts: Counts, decision: Decision, digest: str) -> PublishedTable:
    areas = {area: list(pair) for (code, area), pair in counts.counts.items() if code == each.code}
    return PublishedTable(
        indicator=each.code,
        version=each.version,
        year=structure.year,
        digest=digest,
        rows=list(_rows(each, structure, counts, decision)),
        counts={
            "areas": areas,
            "basis": dict(counts.basis),
            "county_of": dict(counts.county_of),
            "withheld": sorted(area for code, area in counts.withheld if code == each.code),
            "shown": {area: shown.value for (code, area), shown in decision.items() if code == each.code},
        },
    )


def _rows(each: Indicator, structure: Year, counts: Counts, decision: Decision) -> Iterator[dict[str, Any]]:
    """As the API answers them: the nation, then counties, then municipalities, those that did not report too."""
    totals = _totals(each.code, counts)
    counties = sorted(set(structure.county_of.values()))
    for level, areas in (
        (Level.NATION, [NATION]),
        (Level.COUNTY, counties),
        (Level.MUNICIPALITY, sorted(structure.county_of)),
    ):
        for area in areas:
            row = _row(totals.get(area), decision.get((each.code, area)))
            note = _note(totals[area], (each.code, area) in counts.withheld) if row["suppressed"] else ""
            yield {"area": area, "level": level.value, "year": structure.year, **row, "note": note}


def _note(total: tuple[int, int], withheld: bool) -> str:
    """Which rule hides it: the indicator's finest public level, small numbers (primary), or another figure (secondary)."""
    if withheld:
        return "level"
    numerator, denominator = total
    limits = rules()
    small = any(0 < part < limits.least_count for part in (numerator, denominator - numerator))
    return "few" if small or denominator < limits.least_denominator else "protects"


def _totals(code: str, counts: Counts) -> dict[str, tuple[int, int]]:
    totals: dict[str, tuple[int, int]] = {}
    for (indicator, municipality), (above, below) in counts.counts.items():
        if indicator == code:
            for area in (municipality, counts.county_of[municipality], NATION):
                numerator, denominator = totals.get(area, (0, 0))
                totals[area] = (numerator + above, denominator + below)
    return totals


NOTHING: dict[str, Any] = {
    "numerator": None, "denominator": None, "value": None, "low": None, "high": None, "suppressed": False,
}  # fmt: skip


def _row(total: tuple[int, int] | None, shown: Shown | None) -> dict[str, Any]:
    if total is None or shown is None:
        return {**NOTHING, "status": "not_reported"}
    numerator, denominator = total
    if shown == Shown.NOTHING:
        return {**NOTHING, "suppressed": True, "status": "suppressed"}
    if shown == Shown.DENOMINATOR:
        return {**NOTHING, "denominator": denominator, "suppressed": True, "status": "suppressed"}
    interval = wilson(numerator, denominator)
    if interval is None:
        return {**NOTHING, "numerator": 0, "denominator": 0, "status": "not_applicable"}
    share = {"value": numerator / denominator, "low": interval.low, "high": interval.high}
    rounded = {name: round(number, DECIMALS) for name, number in share.items()}
    return {"numerator": numerator, "denominator": denominator, **rounded, "suppressed": False, "status": "published"}


def _released(earlier: Iterable[Publication], family: Family, year: int) -> list[Released]:
    """What left earlier of these indicators in this year, each state of it once, oldest first."""
    states: dict[tuple[int, ...], Released] = {}
    for publication in earlier:
        tables = {table.indicator: table for table in publication.tables.all() if table.year == year}
        chosen = [tables[code] for code in family.codes if code in tables]
        if chosen:
            states.setdefault(tuple(table.pk for table in chosen), _as_released(family, chosen))
    return list(states.values())


def _as_released(family: Family, tables: Sequence[PublishedTable]) -> Released:
    counts = Counts(
        family=family,
        county_of=tables[0].counts["county_of"],
        counts={
            (table.indicator, area): tuple(pair) for table in tables for area, pair in table.counts["areas"].items()
        },
        withheld=frozenset((table.indicator, area) for table in tables for area in table.counts["withheld"]),
        basis=tables[0].counts["basis"],
    )
    decision = {
        (table.indicator, area): Shown(shown) for table in tables for area, shown in table.counts["shown"].items()
    }
    return Released(counts, decision)


# --- What changed, and why -----------------------------------------------------------------------------------


def _changes(draft: Draft) -> Iterator[dict[str, Any]]:
    """What a reader of the change list is told, by year and reason: never a figure, nor of which indicator. With each reason stands
    whoever sent something for the year: whose figures of one indicator moved, and not of another, would be a figure."""
    reasons: dict[int, set[str]] = {}
    moved: dict[int, set[str]] = {}
    for table in draft.changed:
        before = _latest(draft.earlier, table.indicator, table.year)
        reasons.setdefault(table.year, set()).add(_reason(table, before))
        moved.setdefault(table.year, set()).update(moved_areas(before, table) if before else ())
    for year in sorted(reasons):
        for reason in sorted(reasons[year]):
            yield {"year": year, "reason": reason, "municipalities": sorted(moved[year])}


def _reason(table: PublishedTable, before: PublishedTable | None) -> str:
    if before is None:
        return "first"
    if before.version != table.version:
        return "definition"
    return "data" if before.counts["basis"] != table.counts["basis"] else "rules"
