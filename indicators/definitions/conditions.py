"""The words that the definitions share; those of the checks come from there."""

from __future__ import annotations

import datetime
from typing import Any

from django.db.models import Exists, F, OuterRef, Q, QuerySet

from indicators.indicator import CountedPopulation
from quality.checks.conditions import LONG_STAY, PERIOD_END, PERIOD_START, active_at_end, answers, services
from submissions.models import Answer, Topic

OLD = 67  # years at the end of the period
SOURCE = "https://www.helsedirektoratet.no/statistikk/kvalitetsindikatorer/kommunale-helse-og-omsorgstjenester"
REVIEWED = datetime.date(2023, 12, 1)
NEXT_REVIEW = datetime.date(2024, 12, 1)

# A period is one whole calendar year, so «after (its end - 12 months)» is from its first day on.
WITHIN_12_MONTHS = Q(date__gte=PERIOD_START) & Q(date__lte=PERIOD_END)
BY_PERIOD_END = Q(date__lte=PERIOD_END)
# What is dated later is not looked at; what has no date may have been said in time.
NOT_AFTER_PERIOD = BY_PERIOD_END | Q(date__isnull=True)


def old() -> Q:
    """67 or older: the year of the period less the birth year. An unknown birth year (0) is nobody's age."""
    return ~Q(birth_year=0) & Q(birth_year__lte=F("submission__period_end__year") - OLD)


def has_service(*conditions: Q, **named: Any) -> Q:
    return Q(Exists(services(*conditions, **named)))


def stays(*, type: int) -> Q:
    """The services by which a person is in the population of a stay at the end of the period."""
    return active_at_end() & Q(type=type)


RESIDENTS = CountedPopulation(code="residents", members=has_service(stays(type=LONG_STAY)))
OLD_RESIDENTS = CountedPopulation(code="old-residents", members=old() & RESIDENTS.members, within=RESIDENTS)


def yes_within_12_months(topic: Topic) -> Q:
    """A dated "yes" within 12 months that no later "no" within them takes back; of both on the same day, the yes."""
    return Q(Exists(_unoutranked(topic, WITHIN_12_MONTHS)))


def latest_is_yes(topic: Topic) -> Q:
    """As above, however old the answer is, but not dated after the period; one without a date counts when none has one."""
    undated = Q(date__isnull=True) & ~Q(Exists(answers(topic, BY_PERIOD_END, person="person")))
    return Q(Exists(_unoutranked(topic, BY_PERIOD_END))) | Q(Exists(answers(topic, undated, yes=True)))


def _unoutranked(topic: Topic, window: Q) -> QuerySet[Answer]:
    later_no = answers(topic, window, person="person", yes=False, date__gt=OuterRef("date"))
    return answers(topic, window, ~Q(Exists(later_no)), yes=True)


def unanswered(topic: Topic) -> Q:
    """Not answered: no answer at all, as the checks say it. One without a date is an answer; one dated later is not looked at."""
    return ~Q(Exists(answers(topic, NOT_AFTER_PERIOD)))
