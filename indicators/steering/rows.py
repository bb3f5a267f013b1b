"""The rows that steering figures count, as queries, and the one form in which their statements store what they counted.

Every query names its columns `…_key`, so that statements can be put together of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.contrib.postgres.aggregates import BoolOr
from django.db import connection
from django.db.models import Case, Exists, F, OuterRef, Q, QuerySet, SmallIntegerField, TextField, Value, When
from django.db.models.expressions import Combinable

from indicators.engine import EXCLUDING
from municipalities import calendar
from municipalities.reference_data import AGE_GROUPS
from quality.checks.conditions import KNOWN_TYPES, LONG_STAY, active, active_at_end
from quality.models import FindingRow
from submissions.models import Service

Tables = dict[str, QuerySet[Any, Any] | str]

# From 2019 12 and 13 are 29, and 16 is a dated answer on the person: it is no service any longer.
FORMER_DWELLINGS, DWELLING = (12, 13), 29
FORMER_REHABILITATION = 16
COUNTED_TYPES = tuple(number for number in KNOWN_TYPES if number != FORMER_REHABILITATION)

STORE = """
INSERT INTO indicators_steeringvalue
  (submission_id, level, area, figure, service_type, age_group, month, field, value, persons, computed_at)
WITH {tables}
SELECT submission_key, level, area, figure, service_type, age_group, month, field, round(value::numeric, 4), persons, %s
FROM ({results}) results (submission_key, level, area, figure, service_type, age_group, month, field, value, persons)
"""

# Where a row counts: its municipality, the district of its person, and the unit that gives it.
PLACED = """
SELECT 'municipality' AS level, municipality_key AS area, marked.* FROM marked
UNION ALL
SELECT 'district', district_key, marked.* FROM marked
JOIN municipalities_district d ON d.code = district_key AND d.municipality_id = municipality_key
UNION ALL
SELECT 'unit', unit_key, marked.* FROM marked WHERE unit_key IS NOT NULL
"""
# The same of persons, who belong to every unit that gave them a service. `by_stay`: it was their home at the end of the period.
PLACED_BY_SERVICE = """
SELECT 'municipality' AS level, municipality_key AS area, true AS by_stay, marked.* FROM marked
UNION ALL
SELECT 'district', district_key, true, marked.* FROM marked
JOIN municipalities_district d ON d.code = district_key AND d.municipality_id = municipality_key
UNION ALL
SELECT 'unit', unit_key, by_stay, marked.* FROM marked JOIN tied USING (submission_key, person_key)
"""


def store(tables: Tables, results: str) -> None:
    """Count and store in one statement. `tables` are what `results` builds on, each on those before it; the columns of
    `results` are submission, level, area, figure, service type, age group, month, field, value, persons."""
    parts: list[str] = []
    parameters: list[Any] = []
    for name, table in tables.items():
        sql, given = (table, ()) if isinstance(table, str) else table.query.sql_with_params()
        parts.append(f"{name} AS MATERIALIZED ({sql})")
        parameters += given
    with connection.cursor() as cursor:
        cursor.execute(STORE.format(tables=",\n".join(parts), results=results), [*parameters, calendar.now()])


def services(submissions: Sequence[int], *conditions: Q, **columns: Any) -> QuerySet[Any, Any]:
    """Services of counted persons, with who got them and where."""
    keys = {
        "submission_key": F("submission_id"),
        "municipality_key": F("municipality_id"),
        "person_key": F("person_id"),
        "district_key": F("person__district"),
        "unit_key": Case(When(organisation_check=True, then=F("organisation_number")), output_field=TextField()),
    }
    # Said of the person too, for the plan: without statistics PostgreSQL would look persons up one by one.
    chosen = Service.objects.filter(*conditions, submission__in=submissions, person__submission=F("submission"))
    return chosen.filter(~Q(Exists(excluded("person")))).order_by().values(**keys, **columns)


def excluded(person: str) -> QuerySet[FindingRow]:
    """The findings by which the outer row's person is in no figure. `person` is the outer row's path to the person."""
    same = {"result__submission": OuterRef("submission"), "row": OuterRef(person)}
    return FindingRow.objects.filter(result__code__in=EXCLUDING, **same)


def tied(submissions: Sequence[int]) -> QuerySet[Any, Any]:
    """Which units gave each person a service in the period."""
    given = Service.objects.filter(active(), submission__in=submissions, organisation_check=True).order_by()
    keys = {"submission_key": F("submission_id"), "person_key": F("person_id"), "unit_key": F("organisation_number")}
    return given.values(**keys).annotate(by_stay=BoolOr(Q(type=LONG_STAY) & active_at_end()))


def service_type() -> Case:
    """The type as it is counted today."""
    dwelling = When(type__in=FORMER_DWELLINGS, then=Value(DWELLING))
    return Case(dwelling, default=F("type"), output_field=SmallIntegerField())


def age_group(person: str = "") -> Case:
    """The age group at the end of the period (its year less the birth year); empty where the birth year is unknown or to
    come. `person` is the row's path to the person, ending in two underscores; empty where the row is the person."""
    birth_year = f"{person}birth_year"
    groups = [When(**{f"{birth_year}__lte": _born_by(group)}, then=Value(group)) for group in reversed(AGE_GROUPS)]
    return Case(When(**{birth_year: 0}, then=Value("")), *groups, default=Value(""), output_field=TextField())


def _born_by(group: str) -> Combinable:
    youngest = int(group.rstrip("+").split("-")[0])
    return F("submission__period_end__year") - youngest
