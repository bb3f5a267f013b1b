"""The records behind a value: who is below the line and not above it. Every look at them is audited by the view."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import BooleanField, Case, Exists, OuterRef, Q, QuerySet, Value, When
from django.utils.translation import gettext as _

from indicators.engine import rows_below
from indicators.indicator import Indicator
from quality.labels import field_label
from submissions.models import Person, Service

AT_A_TIME = 2000


@dataclass(frozen=True)
class Record:
    """A person or a stay, by the numbers that a leader can look up in the record system. Nothing else of it is here."""

    pk: int
    user_ref: str
    service_ref: str
    why: str
    unanswered: bool


def below_not_above(
    indicator: Indicator, submission: int, unit: str = "", *, only_unanswered: bool = False
) -> QuerySet[Any]:
    """The rows of one submission, in one unit when it is named: as many as the value's denominator less its numerator."""
    rows = rows_below(indicator).filter(~indicator.numerator, submission=submission)
    if unit:
        rows = rows.filter(_tied(indicator, submission, unit))
    rows = rows.annotate(is_unanswered=_unanswered(indicator))
    if only_unanswered:
        rows = rows.filter(indicator.missing) if indicator.missing else rows.none()
    return rows.order_by(*_order(indicator))


def _unanswered(indicator: Indicator) -> Case:
    whens = [When(indicator.missing, then=Value(True))] if indicator.missing else []
    return Case(*whens, default=Value(False), output_field=BooleanField())


def _tied(indicator: Indicator, submission: int, unit: str) -> Q:
    """As the unit's value is counted: by the services that tie the person to it, or the stay itself."""
    given = Q(indicator.given_by, organisation_number=unit, organisation_check=True)
    if indicator.model is Service:
        return given
    return Q(Exists(Service.objects.filter(given, submission=submission, person=OuterRef("pk"))))


def _order(indicator: Indicator) -> tuple[str, ...]:
    return ("person__user_ref", "service_ref", "pk") if indicator.model is Service else ("user_ref", "pk")


def read(indicator: Indicator, rows: QuerySet[Any]) -> Iterator[Record]:
    """Only what a record shows is read."""
    if indicator.model is Person:
        for key, user_ref, unanswered in rows.values_list("pk", "user_ref", "is_unanswered").iterator(AT_A_TIME):
            yield Record(key, user_ref, "", _answer(unanswered), unanswered)
        return
    columns = ("pk", "person__user_ref", "service_ref", "decided_on", "start")
    for key, user_ref, service_ref, decided, start in rows.values_list(*columns).iterator(AT_A_TIME):
        yield Record(key, user_ref, service_ref, _waited((start - decided).days), False)


def _answer(unanswered: bool) -> str:
    return _("Ikke besvart") if unanswered else _("Svart nei, eller svaret er for gammelt")


def _waited(days: int) -> str:
    return _("Startet %(days)s dager etter vedtaket") % {"days": days}


def headers(indicator: Indicator) -> list[str]:
    stay = [field_label("tjenesteID")] if indicator.model is Service else []
    return [field_label("brukerNr"), *stay, _("Hvorfor ikke medregnet")]


def cells(indicator: Indicator, record: Record) -> list[str]:
    stay = [record.service_ref] if indicator.model is Service else []
    return [record.user_ref, *stay, record.why]


def lines(indicator: Indicator, rows: QuerySet[Any]) -> Iterator[Sequence[str]]:
    for record in read(indicator, rows):
        yield cells(indicator, record)
