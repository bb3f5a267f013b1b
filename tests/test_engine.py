"""The engine: what is stored of a submission's checks, when it is compared, and what a broken check does."""

from __future__ import annotations

import pytest

from quality.actions import check_submission
from quality.checks import BY_CODE, CHECKS
from quality.engine import count, fields_of
from quality.models import CheckResult, FindingRow, UnitResult
from submissions.models import Submission
from tests.rows import Given, Sent, Who, store

pytestmark = pytest.mark.django_db


def result(submission: Submission, code: str) -> CheckResult:
    return CheckResult.objects.get(submission=submission, code=code)


def test_every_check_has_one_result() -> None:
    submission = store(Sent([Who([Given()]), Who()]))
    check_submission(submission)
    check_submission(submission)
    assert list(submission.results.order_by("code").values_list("code", flat=True)) == sorted(BY_CODE)
    without = result(submission, "person-without-service")
    assert (without.status, without.applicable, without.violating, without.new) == ("failed", 2, 1, None)
    assert result(submission, "hours-over-168").status == "not_applicable"
    assert result(submission, "test-person").status == "passed"


def test_a_finding_keeps_the_numbers_that_a_leader_can_look_up() -> None:
    submission = store(Sent([Who([Given(hours=169, organisation="974760673", check=True)], ref="B7")]))
    check_submission(submission)
    row = FindingRow.objects.get(result=result(submission, "hours-over-168"))
    assert (row.user_ref, row.service_ref, row.service, row.person == row.row, row.is_new) == (
        "B7",
        "",
        None,
        True,
        None,
    )
    (fields,) = fields_of(BY_CODE["hours-over-168"], [row])
    assert fields == {"timer_i_alt": 169, "storste_timerPerUke": 169}
    assert UnitResult.objects.get(result=row.result).organisation_number == "974760673"


def test_results_are_compared_with_the_submission_before() -> None:
    before = store(Sent([Who(ref="B1"), Who(ref="B2")]))
    check_submission(before)
    after = store(Sent([Who(ref="B2"), Who(ref="B3"), Who(ref="B4")], state="superseded", extra={"supersedes": before}))
    check_submission(after)
    found = result(after, "person-without-service")
    assert (found.new, found.existing, found.resolved) == (2, 1, 1)
    assert dict(found.rows.values_list("user_ref", "is_new")) == {"B2": False, "B3": True, "B4": True}


def test_count_agrees_with_what_was_stored() -> None:
    submission = store(Sent([Who([Given(hours=169)], who="a"), Who(identity_type=9)]))
    check_submission(submission)
    counted = count(CHECKS, [submission.pk])
    for stored in submission.results.all():
        tally = counted.get((submission.pk, stored.code))
        assert (
            (tally.applicable, tally.violating) == (stored.applicable, stored.violating)
            if tally
            else not stored.applicable
        )
