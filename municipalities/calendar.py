"""The portal's calendar: what day it is, and when the year's data are due. Dates are Norwegian (Europe/Oslo)."""

import datetime

from django.conf import settings
from django.utils import timezone


def now() -> datetime.datetime:
    """This moment; in a demonstration with KPR_TODAY, this time of that day."""
    moment = timezone.localtime()
    if not settings.KPR_TODAY:
        return moment
    day = datetime.date.fromisoformat(settings.KPR_TODAY)
    return moment.replace(year=day.year, month=day.month, day=day.day)


def today() -> datetime.date:
    return now().date()


def reporting_year() -> int:
    """The calendar year whose data are being reported now: the one before this."""
    return today().year - 1


def deadline(year: int) -> datetime.date:
    """Last day for the annual message of a data year."""
    month, day = settings.KPR_DEADLINE_MONTH_DAY
    return datetime.date(year + 1, month, day)


def days_left(year: int) -> int:
    """Whole days until the deadline of a data year; negative after it."""
    return (deadline(year) - today()).days
