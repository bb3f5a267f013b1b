"""The records behind a value: who is below the line and not above it, why, since when, and where. Every look at them is
audited by the view."""

from __future__ import annotations

import datetime
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import (
    BooleanField,
    Case,
    DurationField,
    Exists,
    ExpressionWrapper,
    F,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Value,
    When,
)
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from indicators.definitions.conditions import NOT_AFTER_PERIOD
from indicators.engine import rows_below
from indicators.indicator import Indicator
from indicators.wording import WORDS
from quality.checks.conditions import answers
from quality.labels import field_label
from spreadsheets import Column, Format, Sheet
from submissions.models import Service

AT_A_TIME = 2000
# What the list may be sorted by: the address's word, the column's name, the order.
SORTS: dict[str, tuple[Promise, tuple[str, ...]]] = {
    "bruker": (gettext_lazy("Brukernummer"), ()),
    "grunn": (gettext_lazy("Hvorfor"), ("-is_unanswered", "last_yes", "waited")),
    "dato": (gettext_lazy("Dato"), ("day",)),
    "enhet": (gettext_lazy("Enhet"), ("unit",)),
}


@dataclass(frozen=True)
class Record:
    """A person or a stay, by the numbers that a leader can look up in the record system. Nothing else of it is here.

    `word` is the kind of reason, `why` the reason in full; `day` is that of the latest answer, or of the start of the stay.
    """

    pk: int
    user_ref: str
    service_ref: str
    word: str
    why: str
    day: datetime.date | None
    unit: str
    unanswered: bool


def below_not_above(
    indicator: Indicator, submission: int, unit: str = "", *, only_unanswered: bool = False, sort: str = "bruker"
) -> QuerySet[Any]:
    """The rows of one submission, in one unit when it is named: as many as the value's denominator less its numerator."""
    rows = rows_below(indicator).filter(~indicator.numerator, submission=submission)
    if unit:
        rows = rows.filter(_tied(indicator, submission, unit))
    rows = rows.annotate(**_reasons(indicator), unit=_unit(indicator, unit))
    if only_unanswered:
        rows = rows.filter(indicator.missing) if indicator.missing else rows.none()
    _label, order = SORTS[sort]
    return rows.order_by(*order, *_order(indicator))


def _reasons(indicator: Indicator) -> dict[str, Any]:
    """Whether it is answered, the latest answer that is looked at with its day, and of stays how long the wait was."""
    if indicator.topic is None:
        return {
            "is_unanswered": Value(False),
            "last_yes": Value(None, BooleanField()),
            "waited": ExpressionWrapper(F("start") - F("decided_on"), DurationField()),
            "day": F("start"),
        }
    whens = [When(indicator.missing, then=Value(True))] if indicator.missing else []
    latest = answers(indicator.topic, NOT_AFTER_PERIOD).order_by(F("date").desc(nulls_last=True), "-yes")[:1]
    return {
        "is_unanswered": Case(*whens, default=Value(False), output_field=BooleanField()),
        "last_yes": Subquery(latest.values("yes")),
        "waited": Value(None, DurationField()),
        "day": Subquery(latest.values("date")),
    }


def _given(indicator: Indicator, unit: str) -> Q:
    named = Q(organisation_number=unit) if unit else Q()
    return Q(indicator.given_by & named, organisation_check=True)


def _tied(indicator: Indicator, submission: int, unit: str) -> Q:
    """As the unit's value is counted: by the services that tie the person to it, or the stay itself."""
    given = _given(indicator, unit)
    if indicator.model is Service:
        return given
    return Q(Exists(Service.objects.filter(given, submission=submission, person=OuterRef("pk"))))


def _unit(indicator: Indicator, unit: str) -> Any:
    """The organisation number of the giver, of the service that began last where there are several."""
    if indicator.model is Service:
        return F("organisation_number")
    same = {"submission": OuterRef("submission"), "person": OuterRef("pk")}
    given = Service.objects.filter(_given(indicator, unit), **same).order_by("-start", "-pk")
    return Subquery(given.values("organisation_number")[:1])


def _order(indicator: Indicator) -> tuple[str, ...]:
    return ("person__user_ref", "service_ref", "pk") if indicator.model is Service else ("user_ref", "pk")


def read(indicator: Indicator, rows: QuerySet[Any], units: Mapping[str, str]) -> Iterator[Record]:
    """Only what a record shows is read. `units` are the names of units by organisation number."""
    person = "person__" if indicator.model is Service else ""
    service = F("service_ref") if indicator.model is Service else Value("")
    rows = rows.annotate(of_person=F(f"{person}user_ref"), of_service=service)
    columns = ("pk", "of_person", "of_service", "is_unanswered", "last_yes", "waited", "day", "unit")
    found = rows.values_list(*columns).iterator(AT_A_TIME)
    for pk, user_ref, service_ref, unanswered, yes, waited, day, unit in found:
        word = _("Ikke besvart") if unanswered else str(WORDS[indicator.code].answered)
        why = _started(waited) if waited is not None else _why(unanswered, yes, day)
        yield Record(pk, user_ref, service_ref, word, why, day, units.get(unit or "", unit or ""), unanswered)


def _why(unanswered: bool, yes: bool | None, day: datetime.date | None) -> str:
    if unanswered or yes is None:
        return _("Det er ikke svart på spørsmålet")
    if day is None:
        return _("Svart ja, men uten dato") if yes else _("Svart nei, uten dato")
    return _("Svart ja, men for lenge siden") if yes else _("Svart nei")


def _started(waited: datetime.timedelta) -> str:
    return _("Startet %(days)s dager etter vedtaket") % {"days": waited.days}


def headers(indicator: Indicator) -> list[str]:
    told_by = field_label("tjenesteID") if indicator.model is Service else _("Svar")
    return [field_label("brukerNr"), told_by, *(str(SORTS[name][0]) for name in ("grunn", "dato", "enhet"))]


def sheet_of(indicator: Indicator, rows: QuerySet[Any], units: Mapping[str, str], facts: Mapping[str, str]) -> Sheet:
    columns = [Column(header, Format.TEXT) for header in headers(indicator)]
    return Sheet(name=_("Poster"), columns=columns, rows=lines(indicator, rows, units), facts=facts)


def lines(indicator: Indicator, rows: QuerySet[Any], units: Mapping[str, str]) -> Iterator[Sequence[Any]]:
    for record in read(indicator, rows, units):
        told_by = record.service_ref if indicator.model is Service else record.word
        yield [record.user_ref, told_by, record.why, record.day, record.unit]
