"""When open figures are released: a calendar for each data year (indicators.md, "Releases by calendar")."""

from __future__ import annotations

import datetime
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from django.conf import settings

MONDAY = 0
MonthDay = tuple[int, int]


@dataclass(frozen=True)
class ReleaseCalendar:
    """Mondays of `weekly` (first and last day, both included) in the year after the data year, then each of `days`, every year;
    at most `most` releases of a data year.

    `days` are in the order of the year; the first of them ends what is provisional.
    """

    weekly: tuple[MonthDay, MonthDay]
    days: Sequence[MonthDay]
    most: int

    def dates(self, year: int) -> list[datetime.date]:
        """The days of release of a data year, oldest first."""
        return list(islice(self._dates(year), self.most))

    def _dates(self, year: int) -> Iterator[datetime.date]:
        first, last = (datetime.date(year + 1, *day) for day in self.weekly)
        monday = first + datetime.timedelta(days=(MONDAY - first.weekday()) % 7)
        while monday <= last:
            yield monday
            monday += datetime.timedelta(days=7)
        for later in range(year + 1, year + 2 + self.most):
            yield from (day for each in self.days if (day := datetime.date(later, *each)) > last)

    def due(self, year: int, today: datetime.date, newest: datetime.date | None) -> bool:
        """Whether a day of release has come since the newest release of the year that followed the calendar."""
        past = [day for day in self.dates(year) if day <= today]
        return bool(past) and (newest is None or newest < past[-1])

    def next(self, year: int, today: datetime.date) -> datetime.date | None:
        """The first day of release after today; None where all have been."""
        return next((day for day in self.dates(year) if day > today), None)

    def is_final(self, year: int, today: datetime.date) -> bool:
        """From the first of `days` on; before that more is expected, and figures are provisional."""
        return today >= datetime.date(year + 1, *self.days[0])


def release_calendar() -> ReleaseCalendar:
    """As the settings have it."""
    first, last = settings.KPR_RELEASE_WEEKLY
    return ReleaseCalendar((first, last), settings.KPR_RELEASE_DAYS, settings.KPR_MOST_RELEASES)
