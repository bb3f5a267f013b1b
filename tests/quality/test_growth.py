"""No check's work grows faster than n log n, whatever the rows are like.

Work is counted, not timed: the rows that PostgreSQL hands from step to step of its plan, those that it looked at and left out
included. Four times the rows may be five to six times the work; a check that compares all with all does sixteen times.
"""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import dataclass
from typing import Any

import pytest
from django.db import connection
from django.db.models import Q
from django.test.utils import CaptureQueriesContext

from quality.actions import INSERT_UNITS, check_submission
from quality.check import Check
from quality.checks import CHECKS
from quality.engine import counting_applicable, each_side_read_once, fields_of, finding, giving, scans
from quality.models import FindingRow, UnitResult
from quality.receivers import _show_planner
from submissions.models import Submission
from tests.rows import Sent, empty_tables, store

FEW, MANY = 1000, 4000
MOST_GROWTH = 6.5
TOPICS = ("heldognstilbud", "venteliste", "rehabilitering", "ernaering_vurdert", "ernaering_risiko", "ernaering_plan")


@dataclass(frozen=True)
class Case:
    """What a message of n rows of a kind is like, as SQL expressions of the row's number `i`, from 1 to n.

    `people` and `owners` are how many persons and how many services the rows are shared out between; None is one for each row.
    """

    name: str
    people: int | None = 1
    owners: int | None = 1
    pseudonym: str = "md5('same')::uuid"
    user_ref: str = "'same'"
    service_ref: str = "'same'"
    type: str = "21"
    start: str = "DATE '2023-02-01'"
    end: str = "NULL::date"
    organisation: str = "974760673"
    yes: str = "true"
    date: str = "DATE '2023-03-01'"
    earlier: bool = False


EACH = "md5(i::text)::uuid"
CASES = (
    Case("everybody alike", people=None, owners=None),
    Case("everybody alike, every year", people=None, owners=None, earlier=True),
    Case("everybody of their own", people=None, owners=None, pseudonym=EACH, user_ref="'B' || i", service_ref="'T' || i"),
    Case("one person with everything, all on one day"),
    Case("one person, every year", earlier=True, date="DATE '1990-01-01' + i"),
    Case("one person, no after no", yes="false", date="DATE '2007-01-01' + i", earlier=True),
    Case("one person, yes and no in turn", yes="i % 2 = 0", date="DATE '2007-01-01' + i", start="DATE '2007-01-01' - i"),
    Case("one person, yes after every no", yes="i % 2 = 0", date="DATE '2007-01-01' + i + (i % 2 = 0)::int * 10000"),
    Case("one person, yes before every no", yes="i % 1000 < 500", date="DATE '2007-01-01' - i"),
    Case("stays nested in each other", start="DATE '2007-01-01' + i", end="DATE '2090-01-01' - i"),
    Case("stays one after the other", start="DATE '2007-01-01' + i", end="DATE '2007-01-02' + i"),
    Case("stays that end before they begin", start="DATE '2007-01-01' + i", end="DATE '2007-01-01' - i"),
    Case("one service with every stop, each outside", start="DATE '2024-01-01'", end="DATE '2023-01-01'"),
    Case("one person served by every unit", organisation="(810000000 + i)::text", yes="false"),
)  # fmt: skip

PERSONS = """
INSERT INTO submissions_person (id, submission_id, municipality_id, user_ref, user_ref_hash, pseudonym, key_version, identity_type,
  identity_valid, month_shift, sex, birth_year, district, home_municipality)
SELECT {first} + i, {submission}, '{municipality}', {user_ref}, 0, {pseudonym}, 1, 1, true, 0, '2', 1940, '', ''
FROM generate_series(1, {people}) i
"""
SERVICES = """
INSERT INTO submissions_service (id, submission_id, municipality_id, person_id, service_ref, service_ref_hash, type_code, type, decided_on,
  start, "end", hours, organisation_number, organisation_check)
SELECT {first} + i, {submission}, '{municipality}', {first} + 1 + (i - 1) % {people}, {service_ref}, 0, '{type}', {type}, NULL, {start},
  {end}, 1, {organisation}, true
FROM generate_series(1, {n}) i
"""
STOPS = """
INSERT INTO submissions_temporarystop (id, submission_id, municipality_id, service_id, start, "end")
SELECT {first} + i, {submission}, '{municipality}', {first} + 1 + (i - 1) % {owners}, DATE '2023-06-01', NULL FROM generate_series(1, {n}) i
"""
ANSWERS = """
INSERT INTO submissions_answer (id, submission_id, municipality_id, person_id, topic, yes, date)
SELECT {first} + i * 10 + {number}, {submission}, '{municipality}', {first} + 1 + (i - 1) % {people}, '{topic}', {yes}, {date}
FROM generate_series(1, {n}) i
"""


def fill(submission: Submission, case: Case, n: int) -> None:
    """The case's rows of every kind: n services, n stops, n answers on each topic."""
    values: dict[str, Any] = {
        **case.__dict__,
        "n": n,
        "people": case.people or n,
        "owners": case.owners or n,
        "submission": submission.pk,
        "municipality": submission.municipality_id,
        "first": submission.pk * 1_000_000,
    }
    values["organisation"] = case.organisation if "::" in case.organisation else f"'{case.organisation}'"
    with connection.cursor() as cursor:
        for statement in (PERSONS, SERVICES, STOPS):
            cursor.execute(statement.format(**values))
        for number, topic in enumerate(TOPICS):
            cursor.execute(ANSWERS.format(topic=topic, number=number, **values))


def given(case: Case, n: int, municipality: str) -> Submission:
    if case.earlier:
        for year in (2022, 2024):  # a later one does not count, and must not be looked through for each row
            fill(store(Sent(year=year, municipality=municipality)), case, n)
    submission = store(Sent(municipality=municipality))
    fill(submission, case, n)
    _show_planner()
    return submission


def work(sql: str, parameters: Any) -> int:
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL jit = off")
        cursor.execute(f"EXPLAIN (ANALYZE, TIMING OFF, BUFFERS OFF, FORMAT JSON) {sql}", parameters)
        return handed(cursor.fetchone()[0][0]["Plan"])


def handed(node: dict[str, Any]) -> int:
    """Rows that a step of the plan and all below it gave or left out, over all times that they ran."""
    left_out = sum(number for name, number in node.items() if name.startswith("Rows Removed by"))
    return int((node["Actual Rows"] + left_out) * node["Actual Loops"]) + sum(map(handed, node.get("Plans", ())))


def of_checks(checks: tuple[Check, ...], submission: Submission) -> int:
    counting, listing = counting_applicable(checks), finding(checks)
    with nullcontext() if checks[0].is_plain else each_side_read_once():
        counted = work(counting.sql, counting.of(submission.pk))
    with each_side_read_once():
        return counted + work(listing.sql, listing.of(submission.pk))


@pytest.mark.django_db
@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_no_check_compares_all_with_all(case: Case) -> None:
    grown = {}
    of_few, of_many = given(case, FEW, "4601"), given(case, MANY, "0301")
    for checks in scans(CHECKS):
        code = checks[0].code if len(checks) == 1 else f"plain checks of {checks[0].model.__name__}"
        few, many = of_checks(checks, of_few), of_checks(checks, of_many)
        grown[code] = (few, many, round(many / few, 1))
    too_much = {code: numbers for code, numbers in grown.items() if numbers[1] > MOST_GROWTH * max(numbers[0], FEW)}
    assert not too_much


ASKS_A_FUNCTION = tuple(check for check in CHECKS if "kpr." in finding((check,)).sql)


def pages(check: Check, submission: Submission) -> int:
    """Pages of tables and indexes that PostgreSQL touches to find the offending rows, those within functions included, which the
    plan does not show."""
    listing = finding((check,))
    with each_side_read_once(), connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {listing.sql}", listing.of(submission.pk))
        plan = cursor.fetchone()[0][0]["Plan"]
    return int(plan["Shared Hit Blocks"] + plan["Shared Read Blocks"])


def test_the_checks_that_ask_a_function_are_known() -> None:
    assert [check.code for check in ASKS_A_FUNCTION] == ["person-in-many-municipalities"]


@pytest.mark.django_db
@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_what_a_function_does_for_each_row_does_not_grow_either(case: Case) -> None:
    """Each is reported by another municipality too, so that the function is asked about everybody."""
    empty_tables()
    of_few, of_many = given(case, FEW, "4601"), given(case, MANY, "0301")
    for check in ASKS_A_FUNCTION:
        few, many = pages(check, of_few), pages(check, of_many)
        # One more level of an index may double what each costs: all alike, few of them stand on a single page of it.
        assert many <= MANY // FEW * 2.5 * max(few, FEW), (few, many)


OF_ALL = """
CREATE OR REPLACE FUNCTION kpr.other_municipalities(asked bigint, enough integer DEFAULT 1000) RETURNS integer
LANGUAGE sql STABLE AS $$
  SELECT count(DISTINCT o.municipality_id)::integer FROM public.submissions_person p
  JOIN public.submissions_person o ON o.pseudonym = p.pseudonym AND o.municipality_id <> p.municipality_id WHERE p.id = asked
$$
"""


def of_two_municipalities(name: str, n: int, own: str, other: str) -> int:
    """Pages, where n of each have one identity number."""
    case = Case("everybody alike", people=None, pseudonym=f"md5('{name}')::uuid")
    given(case, n, other)
    return pages(ASKS_A_FUNCTION[0], given(case, n, own))


@pytest.mark.django_db
def test_the_pages_show_a_function_that_looks_at_all() -> None:
    empty_tables()
    with connection.cursor() as cursor:
        cursor.execute(OF_ALL)
    few = of_two_municipalities("few", FEW // 4, "4601", "1103")
    assert of_two_municipalities("many", FEW, "0301", "5001") > 10 * few


def of_fields(check: Check, submission: Submission) -> int:
    result = submission.results.get(code=check.code).pk
    rows = list(FindingRow.objects.filter(result=result))
    with CaptureQueriesContext(connection) as queries:
        fields_of(check, rows)
    return sum(work(query["sql"], None) for query in queries if query["sql"].startswith("SELECT"))


@pytest.mark.django_db
@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_nor_does_what_a_finding_shows_of_its_rows(case: Case) -> None:
    """Of all rows at once, as downloads ask for thousands of them."""
    of_few, of_many = given(case, FEW, "4601"), given(case, MANY, "0301")
    grown = {}
    for submission in (of_few, of_many):
        check_submission(submission)
    for check in CHECKS:
        few, many = of_fields(check, of_few), of_fields(check, of_many)
        if many > MOST_GROWTH * max(few, 4 * FEW):  # to look through the whole table once is no fault
            grown[check.code] = (few, many)
    assert not grown


def of_units(given_by: Q, submission: Submission) -> int:
    codes = [check.code for check in CHECKS if check.given_by == given_by]
    results = list(submission.results.filter(code__in=codes).values_list("pk", flat=True))
    services = giving(given_by)
    with each_side_read_once():
        parameters = [*services.of(submission.pk), results, results]
        return work(INSERT_UNITS.format(given=services.sql), parameters)


@pytest.mark.django_db
@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_sharing_findings_out_to_units_does_not_either(case: Case) -> None:
    numbers = []
    for n, municipality in ((FEW, "4601"), (MANY, "0301")):
        submission = given(case, n, municipality)
        check_submission(submission)
        UnitResult.objects.filter(result__in=list(submission.results.values_list("pk", flat=True))).delete()
        numbers.append(sum(of_units(given_by, submission) for given_by in {check.given_by for check in CHECKS}))
    assert numbers[1] <= MOST_GROWTH * max(numbers[0], FEW), numbers


@pytest.mark.django_db
def test_the_count_sees_what_grows_with_the_square() -> None:
    """A check as it must not be written: each answer asks for the person's others."""
    all_with_all = "SELECT count(*) FROM submissions_answer a WHERE submission_id = %s AND NOT EXISTS (SELECT FROM submissions_answer b WHERE b.person_id = a.person_id AND b.date < a.date)"
    case = Case("one person, all on one day")
    few, many = (work(all_with_all, [given(case, n, code).pk]) for n, code in ((FEW // 4, "4601"), (FEW, "0301")))
    assert many > 10 * few
