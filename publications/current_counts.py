"""What is true now of a data year: who has reported, what was counted of them, and the municipalities that there were."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from django.db.models import QuerySet, Sum

from indicators.definitions import INDICATORS
from indicators.models import IndicatorValue, Level
from municipalities.models import Municipality
from municipalities.population import populations
from submissions.models import Kind, Submission


@dataclass(frozen=True)
class Truth:
    """What one municipality's submission tells of one indicator."""

    numerator: int
    denominator: int
    submission: int


@dataclass(frozen=True)
class CurrentCounts:
    """Of one data year. `counts` by indicator and municipality; a result of another version of a definition is not computed yet.
    `basis` is the current submission of each municipality that has one."""

    year: int
    county_of: Mapping[str, str]
    inhabitants: Mapping[str, int]
    basis: Mapping[str, int]
    counts: Mapping[str, Mapping[str, Truth]]


def current_counts(year: int) -> CurrentCounts:
    county_of = dict(Municipality.objects.in_year(year).order_by("pk").values_list("pk", "county_id"))
    reported = annual().filter(year=year, municipality__in=county_of).values_list("municipality", "pk")
    return CurrentCounts(
        year=year,
        county_of=county_of,
        inhabitants=dict(populations(year).values_list("municipality").annotate(Sum("persons"))),
        basis=dict(reported),
        counts=_counts(year),
    )


def reported_years() -> list[int]:
    """Data years of which a municipality has reported anything that counts."""
    years = annual().order_by("year").values_list("year", flat=True).distinct()
    return [year for year in years if year is not None]


def annual() -> QuerySet[Submission]:
    """The submissions that count."""
    return Submission.objects.filter(is_current=True, kind=Kind.ANNUAL)


def _counts(year: int) -> dict[str, dict[str, Truth]]:
    today = {(each.code, each.version) for each in INDICATORS}
    values = IndicatorValue.objects.filter(level=Level.MUNICIPALITY, submission__is_current=True, submission__year=year)
    found: dict[str, dict[str, Truth]] = {}
    for code, version, area, *numbers in values.values_list(
        "indicator", "version", "area", "numerator", "denominator", "submission"
    ):
        if (code, version) in today:
            found.setdefault(code, {})[area] = Truth(*numbers)
    return found
