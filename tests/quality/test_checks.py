"""Every check against its examples, and the registry as a whole."""

from __future__ import annotations

import itertools
from collections import defaultdict
from typing import Any

import pytest
from django.conf import settings

from quality.actions import check_submission
from quality.check import Check
from quality.checks import BY_CODE, CHECKS
from quality.checks.person import synthetic_series
from quality.documentation import checks_page
from quality.engine import Tally, count, each_side_read_once, fields_of, judged_together, offending, path
from quality.models import CheckResult, FindingRow
from submissions.models import Answer, Contact, Person, Service, Submission
from tests.check_examples import EXAMPLES, NEVER_NOT_APPLICABLE, Example
from tests.rows import Sent, store

CODES = """
contact-person-missing contact-email-invalid
person-id-invalid person-id-not-linkable test-person person-in-many-municipalities birth-year-implausible
person-repeated user-number-repeated user-number-holds-identity person-without-service hours-over-168
service-number-repeated service-number-holds-identity service-start-missing welfare-technology-start-missing service-end-before-start service-start-after-period
service-start-before-birth service-hours-missing service-organisation-missing service-organisation-invalid
service-type-retired service-type-unknown service-duplicate service-long-stays-overlap service-stop-outside
service-decision-after-start
waiting-list-date-implausible rehabilitation-date-implausible round-the-clock-date-implausible nutrition-date-implausible
waiting-list-no-without-yes waiting-list-answer-repeated waiting-list-yes-and-no-same-day waiting-list-date-missing
rehabilitation-only-no rehabilitation-starts-without-end round-the-clock-first-in-nursing-home
round-the-clock-few-services
nutrition-not-answered nutrition-risk-missing nutrition-risk-without-assessment nutrition-date-mismatch
nutrition-plan-missing nutrition-plan-without-risk nutrition-date-missing
""".split()  # noqa: SIM905  (the table of what we check, as it is read)
ACROSS = {
    "person-in-many-municipalities",
    "waiting-list-no-without-yes",
    "waiting-list-answer-repeated",
    "rehabilitation-only-no",
}
CASES = [
    pytest.param(code, example, id=f"{code}-{number}")
    for code, examples in EXAMPLES.items()
    for number, example in enumerate(examples, 1)
]


def store_example(example: Example) -> Submission:
    for other in example.others:
        store(other)
    return store(Sent(example.persons, contacts=example.contacts))


def name_of(check: Check, key: int) -> str:
    row: Any = check.model._default_manager.get(pk=key)
    names: dict[type, Any] = {
        Submission: lambda: "message",
        Contact: lambda: row.email,
        Person: lambda: row.user_ref,
        Service: lambda: row.service_ref,
        Answer: lambda: row.date.isoformat() if row.date else "",
    }
    return str(names[check.model]())


@pytest.mark.django_db
@pytest.mark.parametrize(("code", "example"), CASES)
def test_example(code: str, example: Example) -> None:
    submission = store_example(example)
    check = BY_CODE[code]
    check_submission(submission, [check])
    result = submission.results.get()
    found = list(result.rows.order_by("pk"))
    assert (result.applicable, sorted(name_of(check, row.row) for row in found)) == (
        example.applicable,
        sorted(example.offending),
    )
    assert result.violating == len(example.offending)
    shown = fields_of(check, found)
    assert [list(fields) for fields in shown] == [list(check.fields)] * len(found)


@pytest.mark.parametrize("code", CODES)
def test_every_check_has_the_three_kinds_of_example(code: str) -> None:
    examples = EXAMPLES[code]
    assert any(example.offending for example in examples)
    assert any(example.applicable and not example.offending for example in examples)
    without = [example for example in examples if not example.applicable]
    assert bool(without) != (code in NEVER_NOT_APPLICABLE)


def test_the_codes_are_those_agreed_and_each_once() -> None:
    assert [check.code for check in CHECKS] == list(dict.fromkeys(check.code for check in CHECKS))
    assert sorted(BY_CODE) == sorted(CODES) == sorted(EXAMPLES)
    assert {check.code for check in CHECKS if check.across} == ACROSS


@pytest.fixture
def nation(db: None) -> list[Submission]:
    """All examples' persons in one nation: a municipality for each example, and the others that they need."""
    numbers = itertools.count(5000)
    submissions = []
    for example in itertools.chain.from_iterable(EXAMPLES.values()):
        submissions.append(store(Sent(example.persons, str(next(numbers)), contacts=example.contacts)))
    submissions.append(store(Sent([who for e in itertools.chain(*EXAMPLES.values()) for who in e.persons])))
    return submissions


def test_list_count_and_stored_rows_agree_for_every_check(nation: list[Submission]) -> None:
    keys = [submission.pk for submission in nation]
    counted = count(CHECKS, keys)
    for submission in nation:
        check_submission(submission)
    results = {(r.submission_id, r.code): r for r in CheckResult.objects.all()}
    stored: dict[int, list[int]] = defaultdict(list)
    for result, row in FindingRow.objects.values_list("result", "row"):
        stored[result].append(row)
    for check in CHECKS:
        listed: dict[int, list[int]] = defaultdict(list)
        for judged in judged_together(check, keys):
            with each_side_read_once():
                for key, row in offending(check, judged).values_list(path(check.model), "pk"):
                    listed[key].append(row)
        for key in keys:
            result, tally = results[key, check.code], counted.get((key, check.code), Tally())
            assert len(set(listed[key])) == len(listed[key]), check.code
            assert sorted(stored[result.pk]) == sorted(listed[key]), check.code
            assert tally.violating == result.violating == len(listed[key]), check.code
            assert tally.applicable == result.applicable, check.code


def test_plus_80_is_a_test_person_only_in_production() -> None:
    assert synthetic_series("production") == (40, 65, 80)
    assert synthetic_series("demo") == synthetic_series("test") == (40, 65)


def test_no_finding_shows_a_pseudonym() -> None:
    assert all("pseudonym" not in {*check.fields, *map(str, check.fields.values())} for check in CHECKS)


def test_the_documentation_is_written_from_the_declarations() -> None:
    page = (settings.BASE_DIR / "docs" / "checks.md").read_text(encoding="utf-8")
    assert page == checks_page(), "docs/checks.md is stale: run manage.py document_checks"
    assert all(f"(`{code}`)" in page for code in CODES)
