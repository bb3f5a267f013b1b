"""What registry staff see of the calendar: what has been released of each data year, and what is due next."""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from dataclasses import dataclass

from django.db.models import Count, F, Max, OuterRef, Q, Subquery

from municipalities import calendar
from publications.current_counts import annual, reported_years
from publications.models import PublicationState
from publications.release_calendar import release_calendar
from publications.selectors import released


@dataclass(frozen=True)
class YearPlan:
    """Of one data year: the releases made, of how many; the newest; how many municipalities have sent since that; and the next day of
    release, None where there is none left."""

    year: int
    made: int
    most: int
    newest: int | None
    sent: int
    next: datetime.date | None

    @property
    def name(self) -> str:
        return str(self.year)


def year_plans() -> Iterator[YearPlan]:
    """The newest data year first."""
    by_calendar = Count("pk", filter=~Q(state=PublicationState.CORRECTION))
    found = released().order_by().values("year").annotate(made=by_calendar, newest=Max("number"))
    of_year = {each["year"]: each for each in found}
    sent = _sent_since_released()
    for year in reversed(reported_years()):
        newest = of_year.get(year, {}).get("newest")
        yield YearPlan(
            year=year,
            made=of_year.get(year, {}).get("made", 0),
            most=release_calendar().most,
            newest=newest,
            sent=sent.get(year, 0),
            next=release_calendar().next(year, calendar.today()),
        )


def _sent_since_released() -> dict[int, int]:
    """By data year, how many municipalities have sent since its newest release, or at all where there is none."""
    newest = released().filter(year=OuterRef("year")).values("created_at")[:1]
    sent = (
        annual()
        .annotate(released_at=Subquery(newest))
        .filter(Q(released_at=None) | Q(received_at__gt=F("released_at")))
    )
    return dict(sent.order_by().values_list("year").annotate(Count("pk")))
