"""Frozen tables: a decision put into the rows that leave, with the true counts behind them, and read again."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.conf import settings

from charts.comparison import wilson
from indicators.indicator import Indicator
from indicators.models import Level
from publications.current_counts import CurrentCounts, Truth
from publications.models import PublishedTable
from publications.suppression.table import NATION, Counts, Decision, Family, Released, Rules, Shown

DECIMALS = 4
Row = dict[str, Any]  # one area, as the API answers it


def rules() -> Rules:
    return Rules(settings.KPR_LEAST_DENOMINATOR, settings.KPR_LEAST_COUNT, settings.KPR_LEAST_WIDTH)


@dataclass(frozen=True)
class Decided:
    """The counts of a linked group in one year, and what of them leaves.

    `nation_kept` are the tables before, by indicator, where the nation's figures stay those; `since_nation` the counties that were
    renewed after it.
    """

    counts: Counts
    decision: Decision
    digest: str
    nation_kept: Mapping[str, PublishedTable]
    since_nation: Collection[str]


def table(each: Indicator, current: CurrentCounts, decided: Decided) -> PublishedTable:
    counts, decision = decided.counts, decided.decision
    return PublishedTable(
        indicator=each.code,
        version=each.version,
        year=current.year,
        digest=decided.digest,
        rows=list(_rows(each, current, decided)),
        counts={
            "areas": {area: list(pair) for (code, area), pair in counts.counts.items() if code == each.code},
            "basis": dict(counts.basis),
            "county_of": dict(counts.county_of),
            "withheld": sorted(area for code, area in counts.withheld if code == each.code),
            "shown": {area: shown.value for (code, area), shown in decision.items() if code == each.code},
            "keeps_nation": counts.keeps_nation,
            "since_nation": sorted(decided.since_nation),
        },
    )


def _rows(each: Indicator, current: CurrentCounts, decided: Decided) -> Iterator[Row]:
    """As the API answers them: the nation, then counties, then municipalities, those that did not report too."""
    totals = _totals(each.code, decided.counts)
    reported = _with_totals(current)
    for level, areas in (
        (Level.NATION, [NATION]),
        (Level.COUNTY, sorted(set(current.county_of.values()))),
        (Level.MUNICIPALITY, sorted(current.county_of)),
    ):
        for area in areas:
            if area == NATION and each.code in decided.nation_kept:
                yield row_of(decided.nation_kept[each.code], NATION)
                continue
            row = _row(totals.get(area), decided.decision.get((each.code, area)), area in reported)
            note = ""
            if row["suppressed"]:
                note = _note(totals[area], (each.code, area) in decided.counts.withheld)
            yield {"area": area, "level": level.value, "year": current.year, **row, "note": note}


def row_of(table: PublishedTable, area: str) -> Row:
    return next(row for row in table.rows if row["area"] == area)


def _with_totals(current: CurrentCounts) -> set[str]:
    """The municipalities that have reported, their counties, and the nation if there is any."""
    counties = {current.county_of[area] for area in current.basis}
    return {*current.basis, *counties, *([NATION] if counties else [])}


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


NOTHING: Row = {
    "numerator": None, "denominator": None, "value": None, "low": None, "high": None, "suppressed": False,
}  # fmt: skip


def _row(total: tuple[int, int] | None, shown: Shown | None, has_reported: bool) -> Row:
    if total is None or shown is None:
        return {**NOTHING, "status": "not_released" if has_reported else "not_reported"}
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


def released_truths(table: PublishedTable) -> dict[str, Truth]:
    """What a table tells or hides of each municipality, and which submission that rests on."""
    basis = table.counts["basis"]
    return {area: Truth(above, below, basis[area]) for area, (above, below) in table.counts["areas"].items()}


def as_released(family: Family, tables: Sequence[PublishedTable]) -> Released:
    counts = Counts(
        family=family,
        county_of=tables[0].counts["county_of"],
        counts={
            (table.indicator, area): tuple(pair) for table in tables for area, pair in table.counts["areas"].items()
        },
        withheld=frozenset((table.indicator, area) for table in tables for area in table.counts["withheld"]),
        basis=tables[0].counts["basis"],
        keeps_nation=tables[0].counts["keeps_nation"],
    )
    decision = {
        (table.indicator, area): Shown(shown) for table in tables for area, shown in table.counts["shown"].items()
    }
    return Released(counts, decision)
