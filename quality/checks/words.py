"""The words that the checks share: lists of service types, periods, and a person's services and answers as conditions."""

from __future__ import annotations

import datetime
from typing import Any

from django.db.models import F, OuterRef, Q, QuerySet, Sum

from submissions.models import Answer, Service, Topic

# Service types (code list 9151) as numbers, without leading zeros and sub-codes.
HOURS_TYPES = (1, 2, 3, 4, 7, 9, 11, 15, 17, 22)  # services with hours a week, after Statistics Norway
ORGANISATION_TYPES = (1, 2, 3, 4, 8, 15, 17, 18, 19, 20, 21, 22, 25)  # the provider's organisation number is required
INSTITUTION_TYPES = (18, 19, 20, 21, 22, 25)
LONG_STAY = 21
WELFARE_TECHNOLOGY_TYPES = (6, 26, 27, 28)
RETIRED_TYPES = (12, 13, 16)  # from 2019: 12 and 13 became 29, 16 became a dated answer
KNOWN_TYPES = (*range(1, 10), *range(11, 30))
LINKABLE_TYPES = (1, 2, 10)  # identity types (code list 9032) by which a person can be followed
NATIONAL_NUMBER_TYPES = (1, 2)  # fødselsnummer and D-number

HOURS_IN_A_WEEK = 168
REGISTER_BEGAN = datetime.date(2007, 1, 1)

EVERY = Q()
PERIOD_START = F("submission__period_start")
PERIOD_END = F("submission__period_end")


def active(first: F = PERIOD_START, last: F = PERIOD_END) -> Q:
    """A service that is active in the period: begun by its end, and not ended before it."""
    return Q(start__lte=last) & (Q(end__isnull=True) | Q(end__gte=first))


def active_at_end(last: F = PERIOD_END) -> Q:
    """A service that is active at the end of the period: one that ends on the last day is not."""
    return Q(start__lte=last) & (Q(end__isnull=True) | Q(end__gt=last))


def services(*conditions: Q, person: str = "pk", **named: Any) -> QuerySet[Service]:
    """The services of the outer row's person, in the same message. `person` is the outer row's path to the person."""
    same = {"person": OuterRef(person), "submission": OuterRef("submission")}
    return Service.objects.filter(*conditions, **same, **named)


def hours_at_end() -> QuerySet[Any, Any]:
    """One row, `total`: hours a week of the outer person's services active at the end of the period; none without such."""
    counted = services(active_at_end(), hours__isnull=False).order_by()
    return counted.values("person").annotate(total=Sum("hours"))


def answers(topic: Topic, *conditions: Q, person: str = "pk", **named: Any) -> QuerySet[Answer]:
    """The answers on a topic of the outer row's person, in the same message."""
    same = {"person": OuterRef(person), "submission": OuterRef("submission")}
    return Answer.objects.filter(*conditions, topic=topic, **same, **named)


def dated(topic: Topic, *conditions: Q, person: str = "pk", **named: Any) -> QuerySet[Answer]:
    return answers(topic, *conditions, person=person, date__isnull=False, **named)


def over_the_years(topic: Topic, *, person: str = "", **named: Any) -> QuerySet[Answer]:
    """The answers of the outer row's person in this message and in the current messages of earlier years.

    The person is recognised by the pseudonym, the municipality by its lineage, which a new number does not break.
    `person` is the outer row's path to the person, ending in two underscores; empty where the row is the person.
    """
    earlier = Q(
        submission__is_current=True,
        submission__dry_run=False,
        submission__year__lt=OuterRef("submission__year"),
        submission__municipality__lineage=OuterRef("submission__municipality__lineage"),
    )
    same_person = Q(person__pseudonym=OuterRef(f"{person}pseudonym"))
    here = Q(person=OuterRef(f"{person}pk"))
    return Answer.objects.filter(same_person, here | earlier, topic=topic, **named)
