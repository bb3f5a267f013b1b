"""The words that the checks share: lists of service types, periods, and a person's services and answers as conditions."""

from __future__ import annotations

import datetime
from typing import Any

from django.db.models import (
    Count,
    DateField,
    Expression,
    F,
    Max,
    Min,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Sum,
    Window,
    WindowFrame,
)

from quality.check import Condition, Judged
from submissions.models import Answer, Person, Service, Submission, Topic

# Service types (code list 9151) as numbers, without leading zeros and sub-codes.
HOURS_TYPES = (1, 2, 3, 4, 7, 9, 11, 15, 17, 22)  # services with hours a week, after Statistics Norway
ORGANISATION_TYPES = (1, 2, 3, 4, 8, 15, 17, 18, 19, 20, 21, 22, 25)  # the provider's organisation number is required
INSTITUTION_TYPES = (18, 19, 20, 21, 22, 25)
LONG_STAY = 21
HOME_HEALTH_CARE = 15
RESPITE_STAY, DAY_STAY = 8, 17
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


# Which services make a finding their giver's to correct.
RESIDENTS = Q(active_at_end(), type=LONG_STAY)
AT_HOME = active() & ~Q(type__in=(RESPITE_STAY, DAY_STAY, *INSTITUTION_TYPES))
NUTRITION_CARE = active() & Q(type__in=(HOME_HEALTH_CARE, *INSTITUTION_TYPES))
WITH_HOURS = active() & Q(hours__isnull=False)


def _same(person: str, within_person: bool) -> dict[str, OuterRef]:
    return {"person": OuterRef(person)} | ({} if within_person else {"submission": OuterRef("submission")})


def services(*conditions: Q, person: str = "pk", within_person: bool = False, **named: Any) -> QuerySet[Service]:
    """The services of the outer row's person, in the same message. `person` is the outer row's path to the person.

    `within_person` leaves out the message, which the person implies. Where both sides are joined it is what keeps the other side to the
    message; where PostgreSQL asks person by person (an aggregate, or one row of several) it may mislead it to a worse index.
    """
    same = _same(person, within_person)
    return Service.objects.filter(*conditions, **same, **named)


def hours_at_end() -> QuerySet[Any, Any]:
    """One row, `total`: hours a week of the outer person's services active at the end of the period; none without such."""
    counted = services(active_at_end(), within_person=True, hours__isnull=False).order_by()
    return counted.values("person").annotate(total=Sum("hours"))


def answers(
    topic: Topic, *conditions: Q, person: str = "pk", within_person: bool = False, **named: Any
) -> QuerySet[Answer]:
    """The answers on a topic of the outer row's person, in the same message."""
    return Answer.objects.filter(*conditions, topic=topic, **_same(person, within_person), **named)


def first_date(rows: QuerySet[Any], of: str = "date") -> Subquery:
    """The earliest date of an outer person's rows; null without any."""
    return Subquery(rows.order_by().values("person").values(found=Min(of)), output_field=DateField())


def last_date(rows: QuerySet[Any], of: str = "date") -> Subquery:
    """The latest date of an outer person's rows; null without any."""
    return Subquery(rows.order_by().values("person").values(found=Max(of)), output_field=DateField())


def dated(
    topic: Topic, *conditions: Q, person: str = "pk", within_person: bool = False, **named: Any
) -> QuerySet[Answer]:
    return answers(topic, *conditions, person=person, within_person=within_person, date__isnull=False, **named)


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


# --- Rows compared with each other ---------------------------------------------------------------------------


class EarlierGroups(WindowFrame):
    """A window's rows up to this one's place in the order, without those that have the same place."""

    frame_type = "GROUPS"

    def __init__(self) -> None:
        super().__init__(start=None, end=-1)

    def window_frame_start_end(self, connection: Any, start: int | None, end: int | None) -> Any:
        return connection.ops.window_frame_rows_start_end(start, end)


def over(told: Any, *same: str | Expression, order: Any = None, frame: WindowFrame | None = None) -> Window:
    """What is told of the rows that have the columns `same` in common, without asking for them row by row."""
    return Window(told, partition_by=[F(c) if isinstance(c, str) else c for c in same], order_by=order, frame=frame)


def more_than_once(model: type[Person | Service], among: Q, *columns: str | Expression) -> Condition:
    """Rows that share all of the columns with another row of the message, of those that `among` picks."""

    def condition(judged: Judged) -> Q:
        alike = over(Count("pk"), "submission", *columns)
        rows = model._default_manager.filter(among, **judged.filter()).alias(alike=alike)
        return Q(pk__in=rows.filter(alike__gt=1).values("pk"))

    return condition


def with_earlier_years(judged: Judged, topic: Topic, **named: Any) -> QuerySet[Answer]:
    """The answers on a topic of everybody in what is judged and in the current messages of the years before.

    `SAME_PERSON` says how a person is recognised over the years.
    """
    own = Submission.objects.filter(**judged.filter("pk"))
    earlier = Q(
        is_current=True,
        dry_run=False,
        year__lt=Subquery(own.values("year")[:1]),
        municipality__lineage__in=own.values("municipality__lineage"),
    )
    both = Submission.objects.filter(earlier | Q(**judged.filter("pk")))
    # The persons' own submission is the same; without it the persons of the whole nation are read.
    there = {"submission__in": both.values("pk"), "person__submission__in": both.values("pk")}
    return Answer.objects.filter(topic=topic, **there, **named)


SAME_PERSON = ("submission__municipality__lineage", "person__pseudonym")
