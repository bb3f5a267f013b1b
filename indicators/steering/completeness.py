"""How complete each reported field of the services is; of the persons' fields see people.py."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import BooleanField, Case, Q, Value, When
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from indicators.steering.rows import PLACED, Tables, services, store
from quality.checks.conditions import HOURS_TYPES, ORGANISATION_TYPES, PERIOD_END, PERIOD_START, active


@dataclass(frozen=True)
class ServiceField:
    """A field by the message's own name, what it is asked of, and when it is answered."""

    name: str
    title: Promise
    asked_of: Promise
    applies: Q
    answered: Q


DATED_SERVICES = _("tjenester som er gitt i løpet av året")
SERVICE_FIELDS = (
    ServiceField(
        "startDato",
        _("Startdato"),
        _("tjenester som ikke er avsluttet før året"),
        Q(),
        Q(start__isnull=False),
    ),
    ServiceField("soknadDato", _("Søknadsdato"), DATED_SERVICES, active(), Q(applied_on__isnull=False)),
    ServiceField("vedtakDato", _("Vedtaksdato"), DATED_SERVICES, active(), Q(decided_on__isnull=False)),
    ServiceField(
        "timerPerUke",
        _("Timer i uken"),
        _("tjenester som gis i timer"),
        active() & Q(type__in=HOURS_TYPES),
        Q(hours__isnull=False),
    ),
    ServiceField(
        "tjenesteOrgNr",
        _("Organisasjonsnummer"),
        _("tjenester der nummeret er påkrevd"),
        active() & Q(type__in=ORGANISATION_TYPES),
        Q(organisation_number__isnull=False),
    ),
)
# A unit's services are known by the number, so that it lacks in none of them.
NEVER_OF_A_UNIT = "tjenesteOrgNr"

COUNTS = "SELECT submission_key, level, area, {columns} FROM placed GROUP BY submission_key, level, area"
COLUMNS = "count(*) FILTER (WHERE {applies}) AS asked_{place}, count(*) FILTER (WHERE {applies} AND {answered}) AS answered_{place}"
# The share that is answered, and how many are not; `persons` is how many are asked: services or persons.
RESULTS = """
SELECT submission_key, level, area, figure, NULL::smallint, '', NULL::smallint, field, value, asked
FROM counts, LATERAL (VALUES {fields}) f (field, asked, answered),
  LATERAL (VALUES ('completeness', answered::numeric / nullif(asked, 0)), ('unanswered', asked - answered)) v (figure, value)
WHERE asked > 0 AND NOT (level = 'unit' AND field = '{never_of_a_unit}') AND NOT (level = 'district' AND field = 'bydel')
"""


def compute(submissions: Sequence[int]) -> None:
    # One that lacks its start date is not known to be active; it is asked for as long as it may be.
    begun = Q(start__isnull=True) | Q(start__lte=PERIOD_END)
    open_ = Q(end__isnull=True) | Q(end__gte=PERIOD_START)
    marks = {f"applies_{place}": _mark(field.applies) for place, field in enumerate(SERVICE_FIELDS)}
    marks |= {f"told_{place}": _mark(field.answered) for place, field in enumerate(SERVICE_FIELDS)}
    conditions = [(f"applies_{place}", f"told_{place}") for place in range(len(SERVICE_FIELDS))]
    tables: Tables = {
        "marked": services(submissions, begun & open_, **marks),
        "placed": PLACED,
        "counts": counts(conditions),
    }
    store(tables, results([field.name for field in SERVICE_FIELDS]))


def _mark(condition: Q) -> Case | Value:
    if not condition:
        return Value(True)
    return Case(When(condition, then=Value(True)), default=Value(False), output_field=BooleanField())


def counts(conditions: Sequence[tuple[str, str]], more: Sequence[str] = ()) -> str:
    """Asked and answered of each pair of conditions, in every area; `more` are further columns."""
    columns = [
        COLUMNS.format(applies=applies, answered=answered, place=place)
        for place, (applies, answered) in enumerate(conditions)
    ]
    return COUNTS.format(columns=", ".join([*columns, *more]))


def results(names: Sequence[str]) -> str:
    """The shares of the fields that were counted in that order."""
    fields = ", ".join(f"('{name}', asked_{place}, answered_{place})" for place, name in enumerate(names))
    return RESULTS.format(fields=fields, never_of_a_unit=NEVER_OF_A_UNIT)
