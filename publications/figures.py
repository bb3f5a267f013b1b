"""The figures that pages show: what was published, and in full what is the viewer's own."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from charts import Missing, Value
from charts.comparison import Interval
from indicators.models import IndicatorValue, Level
from municipalities.access import Access, visible
from publications.selectors import Release, ReleasedRow, rows

FigureKey = tuple[str, int, str]  # indicator, year, area


@dataclass(frozen=True)
class Figure:
    """One indicator in one area and year, as the viewer may see it. `missing` says why there are no counts.

    `interval` is that of the release, which is shown as it was released; of one's own figures it is reckoned when shown.
    `of_all` is the denominator where it is shown although the share is hidden. `unanswered` is known of one's own only.
    """

    area: str
    level: Level
    year: int
    numerator: int | None = None
    denominator: int | None = None
    interval: Interval | None = None
    missing: Missing | None = None
    of_all: int | None = None
    unanswered: int | None = None

    def value(self, label: str, *, own: bool = False) -> Value:
        """As charts take it."""
        if self.numerator is None or self.denominator is None:
            return Value.none(label, self.missing or Missing.NOT_REPORTED, own=own)
        return Value.of(label, self.numerator, self.denominator, self.interval, own=own)


def published(
    release: Release | None, indicators: Collection[str] = (), areas: Collection[str] = ()
) -> dict[FigureKey, Figure]:
    """The figures of a release, of some indicators or all, in some areas or all: one query."""
    return {
        (code, row["year"], row["area"]): _figure(row)
        for code, row in rows(release, indicators=indicators, areas=areas)
    }


def _figure(row: ReleasedRow) -> Figure:
    common = {"area": row["area"], "level": Level(row["level"]), "year": row["year"]}
    if row["status"] == "published":
        interval = Interval(row["low"], row["high"])
        return Figure(**common, numerator=row["numerator"], denominator=row["denominator"], interval=interval)
    return Figure(**common, missing=_why(row), of_all=row["denominator"])


def _why(row: ReleasedRow) -> Missing:
    """A hidden figure says by its note which rule hid it."""
    if row["status"] == Missing.SUPPRESSED and row.get("note") in {Missing.PROTECTS, Missing.LEVEL}:
        return Missing(row["note"])
    return Missing(row["status"])


def own(access: Access, areas: Collection[str], *indicators: str) -> dict[FigureKey, Figure]:
    """The true figures of the viewer's own municipality, its districts and units: those of current submissions.

    `areas` are municipality, district and organisation numbers; what the viewer may not see is not among the answers: of a
    municipality in which the viewer only leads units there are only those units.
    """
    values = visible(IndicatorValue, access).filter(submission__is_current=True, area__in=areas)
    if indicators:
        values = values.filter(indicator__in=indicators)
    columns = ("indicator", "submission__year", "area", "level", "numerator", "denominator", "missing")
    return {
        (code, year, area): _own_figure(area, Level(level), year, *numbers)
        for code, year, area, level, *numbers in values.values_list(*columns)
    }


def _own_figure(area: str, level: Level, year: int, numerator: int, denominator: int, unanswered: int) -> Figure:
    if denominator == 0:
        return Figure(area, level, year, missing=Missing.NOT_APPLICABLE)
    return Figure(area, level, year, numerator, denominator, unanswered=unanswered)
