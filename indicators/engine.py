"""Composition: what the definitions of indicators become as SQL.

One statement for each population (a chain of indicators, or one alone). It marks the rows of the population once, and counts the
marks by municipality, by district and by unit. What is compiled is the same for one submission and for a whole nation.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.db import connection
from django.db.models import (
    BigIntegerField,
    BooleanField,
    Case,
    Exists,
    F,
    Func,
    Model,
    OuterRef,
    Q,
    QuerySet,
    Value,
    When,
)
from django.db.models.expressions import Combinable

from indicators.indicator import Indicator
from indicators.models import Level
from quality.models import FindingRow
from submissions.models import Person, Service

# Persons who fail one of these are in no indicator.
EXCLUDING = ("test-person", "person-in-many-municipalities")
# Stands in for the submissions in compiled SQL, which is the same for all of them.
THESE_SUBMISSIONS = [-(2**62) + 7]


@dataclass(frozen=True)
class Count:
    """Whole persons (or stays) of one indicator in one area of one submission's municipality."""

    indicator: Indicator
    submission: int
    level: Level
    area: str
    numerator: int
    denominator: int
    missing: int


@dataclass(frozen=True)
class _Subject:
    """A kind of row that indicators count: the paths to its person and district, and what ties it to a unit's services."""

    person: str
    district: str
    service_link: str


SUBJECTS: dict[type[Model], _Subject] = {
    Person: _Subject(person="pk", district="district", service_link="person_id"),
    Service: _Subject(person="person", district="person__district", service_link="id"),
}


class _IsAnyOf(Func):
    template = "%(expressions)s)"
    arg_joiner = " = ANY("
    output_field = BooleanField()


def rows_below(indicator: Indicator) -> QuerySet[Any]:
    """The rows of the denominator, of all submissions, without excluded persons."""
    excluded = FindingRow.objects.filter(
        result__submission=OuterRef("submission"),
        result__code__in=EXCLUDING,
        row=OuterRef(SUBJECTS[indicator.model].person),
    )
    return indicator.model._default_manager.filter(indicator.below & ~Q(Exists(excluded)))


def count(family: Sequence[Indicator], submissions: Sequence[int]) -> Iterator[Count]:
    """Counts of the indicators of one population, in every area of the submissions that has anybody below the line.

    `family` is a chain in its order, or one indicator alone.
    """
    sql, parameters = _compiled(tuple(family))
    chosen = [list(submissions) if parameter == THESE_SUBMISSIONS else parameter for parameter in parameters]
    with connection.cursor() as cursor:
        cursor.execute(sql, chosen)
        for level, submission, area, *numbers in cursor:
            for place, indicator in enumerate(family):
                below, above, missing = numbers[3 * place : 3 * place + 3]
                yield Count(indicator, submission, Level(level), area, above, below, missing)


STATEMENT = """
WITH marked AS MATERIALIZED ({marked}),
tied AS (SELECT DISTINCT {link} AS row_key, organisation_number FROM ({services}) s)
SELECT 'municipality', submission_key, '', {counts} FROM marked GROUP BY submission_key
UNION ALL
SELECT 'district', submission_key, district_key, {counts} FROM marked WHERE district_key <> '' GROUP BY submission_key, district_key
UNION ALL
SELECT 'unit', submission_key, organisation_number, {counts} FROM marked JOIN tied USING (row_key)
GROUP BY submission_key, organisation_number
"""


@lru_cache(maxsize=64)
def _compiled(family: tuple[Indicator, ...]) -> tuple[str, tuple[Any, ...]]:
    root = family[0]
    marked, of_marked = _sql(_marked(family))
    services, of_services = _sql(_services(root))
    counts = ", ".join(_counts(family))
    link = SUBJECTS[root.model].service_link
    sql = STATEMENT.format(marked=marked, services=services, counts=counts, link=link)
    return sql, (*of_marked, *of_services)


def _sql(queryset: QuerySet[Any]) -> tuple[str, tuple[Any, ...]]:
    sql, parameters = queryset.query.get_compiler(connection=connection).as_sql()
    return sql, tuple(parameters)


def _marked(family: Sequence[Indicator]) -> QuerySet[Any]:
    """The population's rows, with a mark for each indicator: above the line, and without a usable answer."""
    root = family[0]
    columns: dict[str, Combinable | F] = {
        "row_key": F("pk"),
        "submission_key": F("submission_id"),
        "district_key": F(SUBJECTS[root.model].district),
    }
    for place, indicator in enumerate(family):
        columns[f"above_{place}"] = _mark(indicator.numerator)
        columns[f"missing_{place}"] = _mark(indicator.missing)
    return _these(rows_below(root)).order_by().values(**columns)


def _services(root: Indicator) -> QuerySet[Any]:
    given = Service.objects.filter(root.given_by, organisation_check=True)
    return _these(given).order_by().values("id", "person_id", "organisation_number")


def _these(rows: QuerySet[Any]) -> QuerySet[Any]:
    return rows.filter(_IsAnyOf("submission_id", Value(THESE_SUBMISSIONS, output_field=ArrayField(BigIntegerField()))))


def _mark(condition: Q | None) -> Case:
    whens = [When(condition, then=Value(True))] if condition is not None else []
    return Case(*whens, default=Value(False), output_field=BooleanField())


def _counts(family: Sequence[Indicator]) -> Iterator[str]:
    """Below, above and missing of each, where the line of a link is drawn within what is above the line before it."""
    below = "true"
    for place, indicator in enumerate(family):
        if indicator.of is not None:
            below = _above(family, family.index(indicator.of))
        yield f"count(*) FILTER (WHERE {below})"
        yield f"count(*) FILTER (WHERE {below} AND above_{place})"
        yield f"count(*) FILTER (WHERE {below} AND missing_{place} AND NOT above_{place})"


def _above(family: Sequence[Indicator], place: int) -> str:
    indicator = family[place]
    earlier = _above(family, family.index(indicator.of)) if indicator.of else "true"
    return f"{earlier} AND above_{place}"
