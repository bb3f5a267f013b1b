"""Composition: what the declarations of checks become as SQL.

Plain checks of one model share one scan; a check that looks at other rows (Exists) gets a query of its own, with its
conditions in WHERE, where PostgreSQL can join instead of asking row by row.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache, reduce
from operator import or_
from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.db import connection, transaction
from django.db.models import (
    BigIntegerField,
    Case,
    Count,
    Expression,
    F,
    Func,
    IntegerField,
    Model,
    Q,
    QuerySet,
    Value,
    When,
)
from django.db.models.functions import Cast, Length

from quality.check import Beside, Check, Judged
from quality.models import CheckResult, FindingRow
from submissions.models import Answer, Contact, Person, Service, Submission

# Stands in for the submission in compiled SQL, which is the same for all of them.
ANY_SUBMISSION = -(2**62) + 7
NO_KEY = Cast(Value(None), BigIntegerField())
NO_REFERENCE = Value("")
NO_HASH = Cast(Value(0), BigIntegerField())


@dataclass(frozen=True, kw_only=True)
class Subject:
    """A kind of row that checks judge: the path to its submission, and what a finding keeps of it.

    `joined` is the path to the submission of the other row that those columns join. It is the same submission; unless told so,
    PostgreSQL reads the other rows of the whole nation.
    """

    submission: str = "submission"
    joined: str = ""
    person: Expression | F = NO_KEY
    service: Expression | F = NO_KEY
    user_ref: Expression | F = NO_REFERENCE
    service_ref: Expression | F = NO_REFERENCE
    ref_hash: Expression | F = NO_HASH


SUBJECTS: dict[type[Model], Subject] = {
    Submission: Subject(submission="pk"),
    Contact: Subject(),
    Person: Subject(person=F("pk"), user_ref=F("user_ref"), ref_hash=F("user_ref_hash")),
    Service: Subject(
        joined="person__submission",
        person=F("person_id"),
        service=F("pk"),
        user_ref=F("person__user_ref"),
        service_ref=F("service_ref"),
        ref_hash=F("person__user_ref_hash").bitxor(F("service_ref_hash")),  # type: ignore[arg-type]  # stubs know numbers only
    ),
    Answer: Subject(
        joined="person__submission",
        person=F("person_id"),
        user_ref=F("person__user_ref"),
        ref_hash=F("person__user_ref_hash"),
    ),
}


@dataclass(frozen=True)
class Tally:
    """Counts of rows that a check applies to, and of those that violate it."""

    applicable: int = 0
    violating: int = 0


@dataclass(frozen=True)
class Statement:
    """SQL compiled once for all submissions."""

    sql: str
    parameters: tuple[Any, ...]

    def of(self, submission: int) -> list[Any]:
        return [submission if parameter == ANY_SUBMISSION else parameter for parameter in self.parameters]


class _Violated(Func):
    """The numbers of the checks that a row violates, as an array."""

    template = "array_remove(ARRAY[%(expressions)s]::integer[], NULL)"
    output_field = ArrayField(IntegerField())


def offending(check: Check, judged: Judged) -> QuerySet[Any]:
    """The rows that offend."""
    return check.model._default_manager.filter(check.offending(judged), **judged.filter(path(check.model)))


def by_model(checks: Iterable[Check]) -> dict[type[Model], tuple[Check, ...]]:
    groups: dict[type[Model], tuple[Check, ...]] = {}
    for check in checks:
        groups[check.model] = (*groups.get(check.model, ()), check)
    return groups


def scans(checks: Iterable[Check]) -> Iterator[tuple[Check, ...]]:
    """The checks that are told by one scan: the plain ones of each model together, the others each alone."""
    chosen = list(checks)
    yield from by_model(check for check in chosen if check.is_plain).values()
    yield from ((check,) for check in chosen if not check.is_plain)


def path(model: type[Model]) -> str:
    return SUBJECTS[model].submission


@contextmanager
def each_side_read_once() -> Iterator[None]:
    """PostgreSQL takes the rows that a condition finds for one or two, and would look for them anew for every row judged. Told not
    to, it reads both sides once and joins them by hash.
    """
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_nestloop = off")
        yield
        cursor.execute("SET LOCAL enable_nestloop = on")


# --- Counting ------------------------------------------------------------------------------------------------


def count(checks: Iterable[Check], submissions: QuerySet[Submission] | Sequence[int]) -> dict[tuple[int, str], Tally]:
    """The tally of each check in each submission that has rows of its kind: (submission, code) -> tally.

    One scan for the plain checks of a model, grouped by submission; for other checks two queries each.
    """
    tallies: dict[tuple[int, str], Tally] = {}
    chosen = list(checks)
    for model, plain in by_model(check for check in chosen if check.is_plain).items():
        for submission, *numbers in composed(model, plain, Judged(submissions)):
            pairs = zip(plain, numbers[::2], numbers[1::2], strict=True)
            tallies |= {(submission, check.code): Tally(applies, violates) for check, applies, violates in pairs}
    for check in chosen:
        if not check.is_plain:
            for judged in judged_together(check, submissions):
                tallies |= _count_alone(check, judged)
    return tallies


def judged_together(check: Check, submissions: QuerySet[Submission] | Sequence[int]) -> Iterator[Judged]:
    """All at once; for a check that looks at earlier years those of one year after the other."""
    if not check.across:
        yield Judged(submissions)
        return
    years = (
        Submission.objects.filter(pk__in=submissions)
        .order_by()
        .values("year")
        .distinct()
        .values_list("year", flat=True)
    )
    for year in years:
        yield Judged(list(Submission.objects.filter(pk__in=submissions, year=year).values_list("pk", flat=True)))


def composed(model: type[Model], checks: Sequence[Check], judged: Judged) -> QuerySet[Any]:
    """Per submission, in one scan: applicable and violating of each plain check, in turn."""
    conditions = [q for check in checks for q in (check.applicable(judged), check.offending(judged))]
    return _counts(model, conditions, judged)


def _counts(model: type[Model], conditions: Sequence[Q], judged: Judged) -> QuerySet[Any]:
    counts = {
        f"count_{number}": Count("pk", filter=condition) if condition else Count("pk")
        for number, condition in enumerate(conditions)
    }
    rows = model._default_manager.filter(**judged.filter(path(model))).order_by()
    return rows.values(path(model)).annotate(**counts).values_list(path(model), *counts)


def _count_where(model: type[Model], condition: Q, judged: Judged) -> QuerySet[Any]:
    rows = model._default_manager.filter(condition, **judged.filter(path(model))).order_by()
    return rows.values(path(model)).annotate(total=Count("pk")).values_list(path(model), "total")


def _count_alone(check: Check, judged: Judged) -> dict[tuple[int, str], Tally]:
    with each_side_read_once():
        applicable = dict(_count_where(check.model, check.applicable(judged), judged))
        violating = dict(_count_where(check.model, check.offending(judged), judged))
    return {(key, check.code): Tally(total, violating.get(key, 0)) for key, total in applicable.items()}


# --- One submission, with SQL that is compiled once -----------------------------------------------------------


@lru_cache(maxsize=512)
def counting_applicable(checks: tuple[Check, ...]) -> Statement:
    """Counts of one model's rows in one submission that each check applies to. One alone may look at other rows."""
    model = checks[0].model
    judged = Judged(ANY_SUBMISSION)
    if len(checks) == 1:
        return _compiled(_count_where(model, checks[0].applicable(judged), judged))
    return _compiled(_counts(model, [check.applicable(judged) for check in checks], judged))


@lru_cache(maxsize=512)
def finding(checks: tuple[Check, ...]) -> Statement:
    """The rows of one submission with the numbers (from 1) of the checks that they violate, as findings keep them.

    Several plain checks of one model share a scan; a check with Exists comes alone.
    """
    model = checks[0].model
    subject = SUBJECTS[model]
    judged = Judged(ANY_SUBMISSION)
    own = dict.fromkeys(filter(None, (subject.submission, subject.joined)), ANY_SUBMISSION)
    if len(checks) == 1:
        rows = offending(checks[0], judged).filter(**own)
        violated: Func = _Violated(Value(1))
    else:
        conditions = [check.offending(judged) for check in checks]
        rows = model._default_manager.filter(reduce(or_, conditions), **own)
        numbered = (When(condition, then=Value(n)) for n, condition in enumerate(conditions, 1))
        violated = _Violated(*(Case(when, output_field=IntegerField()) for when in numbered))
    columns = {
        "row_key": F("pk"),
        "person_key": subject.person,
        "service_key": subject.service,
        "user_number": subject.user_ref,
        "service_number": subject.service_ref,
        "reference_hash": subject.ref_hash,
        "violated": violated,
    }
    return _compiled(rows.order_by().values(**columns))


@lru_cache(maxsize=64)
def giving(given_by: Q) -> Statement:
    """The services of one submission that make a finding their giver's: id, person_id, organisation_number."""
    services = given(given_by, ANY_SUBMISSION)
    return _compiled(services.order_by().values("id", "person_id", "organisation_number"))


def given(given_by: Q, submission: int) -> QuerySet[Service]:
    """Services that meet the conditions, of givers whose organisation number is right: nine digits and their check digit."""
    numbered = Service.objects.alias(digits=Length("organisation_number"))
    return numbered.filter(given_by, submission=submission, organisation_check=True, digits=9)


def _compiled(queryset: QuerySet[Any]) -> Statement:
    sql, parameters = queryset.query.get_compiler(connection=connection).as_sql()
    return Statement(sql, tuple(parameters))


# --- What a finding shows of its row --------------------------------------------------------------------------


def fields_of(check: Check, rows: Sequence[FindingRow]) -> list[dict[str, Any]]:
    """The check's `fields` for one page of a result's rows, in their order: one query, and two where rows beside them are asked,
    whatever the length of the page.

    A row that is no longer there gives an empty dict.
    """
    if not rows or not check.fields:
        return [{} for _ in rows]
    keys = [row.row for row in rows]
    beside = {name: source for name, source in check.fields.items() if callable(source)}
    aliases = {f"shown_{n}": source for n, source in enumerate(check.fields.values()) if not callable(source)}
    shown = {alias: F(source) if isinstance(source, str) else source for alias, source in aliases.items()}
    queryset = check.model._default_manager.filter(pk__in=keys).annotate(**shown)
    names = [name for name in check.fields if name not in beside]
    found = {key: dict(zip(names, values, strict=True)) for key, *values in queryset.values_list("pk", *shown)}
    for name, source in beside.items():
        told = _told_beside(source, rows)
        for key in found:
            found[key][name] = told.get(key)
    return [found.get(key, {}) for key in keys]


def _told_beside(source: Beside, rows: Sequence[FindingRow]) -> dict[int, Any]:
    submission = CheckResult.objects.values_list("submission_id", flat=True).get(pk=rows[0].result_id)
    persons = sorted({row.person for row in rows if row.person})
    asked = source(submission, persons).query.get_compiler(connection=connection)
    sql, parameters = asked.as_sql()
    # Around it, because what a window tells of a row is asked of all rows before some of them are picked.
    with connection.cursor() as cursor:
        picked = f"SELECT * FROM ({sql}) told (key, value) WHERE key = ANY(%s)"  # noqa: S608  (compiled by Django)
        cursor.execute(picked, [*parameters, [row.row for row in rows]])
        return dict(cursor.fetchall())
