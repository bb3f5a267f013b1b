"""Person-level rows go when they have been kept long enough; receipts, counts and what they prove stay."""

from __future__ import annotations

import datetime
import io
from collections.abc import Iterator
from typing import Any

import openpyxl
import pytest
from axes.models import AccessAttempt
from django.contrib.sessions.models import Session
from django.core.management import call_command
from django.test import Client
from django.utils import timezone

from kpr_portal import retention
from municipalities import accounts, removal
from municipalities.models import AuditEvent, Membership, Municipality, Role, Scope, User
from quality.actions import check_submission
from quality.models import CheckResult, FindingRow, UnitResult
from submissions import actions
from submissions.models import PERSON_LEVEL, Contact, MessageChunk, Person, Status, Submission
from tests.messages import Bruker, message, people, service
from tests.submissions.test_intake import process, take

pytestmark = pytest.mark.django_db
MISSING = "service-hours-missing"
LEVELS = (*PERSON_LEVEL, Contact)


@pytest.fixture(autouse=True)
def reference(db: None) -> None:
    call_command("load_reference", verbosity=0)


@pytest.fixture(autouse=True)
def small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(removal, "BATCH_ROWS", 2)


def with_faults(persons: int, year: int = 2023) -> bytes:
    """Everybody has home care without hours, and one answer."""
    answer = [{"navn": "venteliste", "svar": "nei"}]
    return message(
        year=year,
        persons=[Bruker(f"B{n}", [service(f"T{n}", tjenesteOrgNr="974760673")], answer) for n in range(persons)],
    )


def sent(persons: int, **options: Any) -> Submission:
    return process(take(with_faults(persons), **options))


def age(submission: Submission, days: int) -> None:
    Submission.objects.filter(pk=submission.pk).update(processed_at=timezone.now() - datetime.timedelta(days=days))


def rows_of(submission: Submission) -> int:
    found = sum(model._default_manager.filter(submission=submission).count() for model in LEVELS)
    return found + FindingRow.objects.filter(result__submission=submission).count()


@pytest.fixture
def client() -> Iterator[Client]:
    accounts.create_user("kari", role=Role.MUNICIPALITY, municipality="0301", password="riktig hest batteri stift")
    client = Client()
    client.force_login(User.objects.get(username="kari"))
    yield client


def test_an_old_trial_keeps_its_counts_and_loses_its_rows(client: Client) -> None:
    trial, real = sent(5, dry_run=True), sent(5)
    age(trial, 13)
    assert retention.remove_old() == 0
    age(trial, 15)
    counts = list(
        CheckResult.objects.filter(submission=trial).order_by("code").values("code", "violating", "applicable")
    )
    before = rows_of(trial)
    assert before > 15
    assert retention.remove_old() == 1
    assert (rows_of(trial), rows_of(real) > 15) == (0, True)
    assert (
        list(CheckResult.objects.filter(submission=trial).order_by("code").values("code", "violating", "applicable"))
        == counts
    )
    assert UnitResult.objects.filter(result__submission=trial).exists()

    proof = AuditEvent.objects.get(action="removed_rows").details
    assert proof["submission"] == trial.pk
    assert sum(table["before"] for table in proof["tables"].values()) == before
    assert {table["after"] for table in proof["tables"].values()} == {0}
    assert proof["tables"]["submissions_person"] == {"before": 5, "after": 0}

    address = "/kommune/0301/funn/"
    asked = {"innsending": trial.pk}
    told = "fordi rader fra en slik innsending bare lagres i 14 dager"
    for page in (address, f"{address}{MISSING}/"):
        html = client.get(page, asked).content.decode()
        assert told in html, page
    assert "5 poster å rette" in html
    assert "B1" not in html
    book = openpyxl.load_workbook(io.BytesIO(b"".join(client.get(f"{address}{MISSING}/excel/", asked))))  # type: ignore[arg-type]
    cells = [str(cell.value) for page in book for row in page.iter_rows() for cell in row]
    assert [cell.startswith("5 poster å rette") and told in cell for cell in cells].count(True) == 2
    csv = b"".join(client.get(f"{address}{MISSING}/csv/", asked)).decode("utf-8-sig")  # type: ignore[arg-type]
    assert told in csv and "5 poster å rette" in csv
    assert told not in client.get(address).content.decode()


def test_the_api_says_that_the_rows_are_gone_and_how_many_there_were(client: Client) -> None:
    trial = sent(4, dry_run=True)
    secret = accounts.create_token("t", scopes=[Scope.FINDINGS])
    headers = {"Authorization": f"Bearer {secret}"}
    rows = f"/api/v1/submissions/{trial.pk}/findings/{MISSING}/rows/"
    assert client.get(rows, headers=headers).json()["count"] == 4
    age(trial, 15)
    retention.remove_old()
    answer = client.get(rows, headers=headers)
    assert (answer.status_code, answer["Content-Type"]) == (410, "application/problem+json")
    body = answer.json()
    assert (body["code"], body["violating"], body["applicable"]) == ("rows-removed", 4, 4)
    assert "14" in body["detail"]
    findings = client.get(f"/api/v1/submissions/{trial.pk}/findings/", {"page_size": 1000}, headers=headers).json()
    assert next(each for each in findings["results"] if each["code"] == MISSING)["violating"] == 4


def test_of_the_replaced_ones_the_newest_is_kept_and_the_register_stays() -> None:
    first, second, third = sent(3), sent(4), sent(5)
    trial = sent(6, dry_run=True)  # supersedes the third in nobody's eyes
    for each in (first, second, third):
        age(each, 400)
    assert retention.remove_old() == 1
    assert [rows_of(each) > 0 for each in (first, second, third, trial)] == [False, True, True, True]


def test_the_days_of_a_replaced_one_run_from_its_replacement() -> None:
    first, second, third = sent(3), sent(4), sent(5)
    age(first, 400)
    age(second, 89)
    age(third, 1)
    assert retention.remove_old() == 0
    age(second, 91)
    assert retention.remove_old() == 1
    assert rows_of(first) == 0


def test_nothing_is_compared_with_rows_that_are_gone() -> None:
    _first, second = sent(3), sent(4)
    result = CheckResult.objects.get(submission=second, code=MISSING)
    assert (result.new, result.existing, result.resolved) == (1, 3, 0)
    Submission.objects.filter(pk=_first.pk).update(rows_removed_at=timezone.now())
    FindingRow.objects.filter(result__submission=_first).delete()
    second.refresh_from_db()
    check_submission(second)
    result = CheckResult.objects.get(submission=second, code=MISSING)
    assert (result.violating, result.new, result.existing, result.resolved) == (4, None, None, None)


def test_what_stopped_loses_its_rows_and_can_still_be_taken_up(caplog: pytest.LogCaptureFixture) -> None:
    submission = sent(3)
    failed = Submission.objects.filter(pk=submission.pk)
    failed.update(status=Status.FAILED, is_current=False, problem={"code": "failed", "detail": ".", "errors": []})
    age(submission, 15)
    assert retention.remove_old() == 1
    assert rows_of(submission) == 0
    call_command("retry_submission", submission.pk)
    assert process(submission).status == Status.DONE
    assert (submission.is_current, submission.rows_removed_at, Person.objects.count()) == (True, None, 3)


def test_a_removal_that_is_broken_off_is_finished_by_the_next(monkeypatch: pytest.MonkeyPatch) -> None:
    trial = sent(7, dry_run=True)
    age(trial, 15)
    real, calls = removal._delete, iter(range(100))

    def dies(statement: str, parameters: list[Any]) -> int:
        if next(calls) == 9:
            raise KeyboardInterrupt
        return real(statement, parameters)

    monkeypatch.setattr(removal, "_delete", dies)
    with pytest.raises(KeyboardInterrupt):
        retention.remove_old()
    assert rows_of(trial) > 0
    assert not AuditEvent.objects.filter(action="removed_rows").exists()
    monkeypatch.setattr(removal, "_delete", real)
    assert retention.remove_old() == 1
    assert (rows_of(trial), retention.remove_old()) == (0, 0)


def test_rows_that_do_not_go_are_told(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    trial = sent(2, dry_run=True)
    age(trial, 15)
    monkeypatch.setattr(removal, "_delete", lambda statement, parameters: 0)
    retention.remove_old()
    proof = AuditEvent.objects.get(action="removed_rows").details["tables"]
    assert proof["submissions_person"] == {"before": 2, "after": 2}
    assert "rows are left in quality_findingrow" in caplog.text
    monkeypatch.undo()
    assert retention.remove_old() == 1
    assert rows_of(trial) == 0


def test_accounts_sessions_login_attempts_and_the_log(client: Client, settings: Any) -> None:
    long_ago = timezone.now() - datetime.timedelta(days=366)
    accounts.create_user("ola", role=Role.MUNICIPALITY, municipality="0301", password="riktig hest batteri stift")
    accounts.create_user("siri", role=Role.REGISTRY, password="riktig hest batteri stift")
    submission = sent(1)
    Submission.objects.filter(pk=submission.pk).update(sent_by_user=User.objects.get(username="ola"))
    User.objects.filter(username__in=["ola", "siri"]).update(date_joined=long_ago, last_name="Nordmann", email="a@b.no")
    Session.objects.update(expire_date=long_ago)
    AccessAttempt.objects.create(username="kari", ip_address="10.0.0.1", failures_since_start=1)
    AccessAttempt.objects.update(attempt_time=timezone.now() - datetime.timedelta(days=31))
    AuditEvent.objects.create(actor="x", action="old")
    AuditEvent.objects.filter(action="old").update(at=timezone.now() - datetime.timedelta(days=1826))

    retention.remove_old()
    assert sorted(User.objects.values_list("username", flat=True)) == ["kari", "ola"]
    ola = User.objects.get(username="ola")
    assert (ola.is_active, ola.last_name, ola.email, ola.has_usable_password()) == (False, "", "", False)
    assert not Membership.objects.filter(user=ola).exists()
    assert not (Session.objects.exists() or AccessAttempt.objects.exists())
    assert not AuditEvent.objects.filter(action="old").exists()
    told = dict(AuditEvent.objects.filter(action__startswith="removed_").values_list("action", "details"))
    assert set(told) == {"removed_sessions", "removed_login_attempts", "removed_accounts", "removed_audit_log"}
    assert told["removed_audit_log"]["tables"] == {"municipalities_auditevent": {"before": 1, "after": 0}}
    events = AuditEvent.objects.count()
    retention.remove_old()
    assert AuditEvent.objects.count() == events, "a run with nothing to remove leaves no trace"


# --- retry_submission ------------------------------------------------------------------------------------------------


def failed(persons: int = 2, **options: Any) -> Submission:
    submission = take(message(persons=people(persons)), **options)
    stored = bytes(MessageChunk.objects.get(message=submission.message).content)
    MessageChunk.objects.filter(message=submission.message).update(content=b"x" * 100)
    process(submission)
    assert (submission.status, submission.faults) == (Status.FAILED, 5)
    MessageChunk.objects.filter(message=submission.message).update(content=stored)
    return submission


def test_a_failed_submission_is_taken_up_again() -> None:
    submission = failed()
    call_command("retry_submission", submission.pk)
    submission.refresh_from_db()
    assert (submission.status, submission.problem, submission.faults) == (Status.RECEIVED, None, 0)
    assert (process(submission).status, submission.is_current) == (Status.DONE, True)
    assert AuditEvent.objects.filter(action="submission_retried", details__submission=submission.pk).exists()


def test_retrying_is_refused_with_a_sentence_where_it_makes_no_sense() -> None:
    with pytest.raises(Exception, match="finnes ikke"):
        call_command("retry_submission", 999_999)
    done = process(take(message(year=2022, persons=people(1))))
    with pytest.raises(Exception, match="har ikke stoppet: den er ferdig"):
        call_command("retry_submission", done.pk)
    old = failed()
    newer = process(take(message(persons=people(3))))
    with pytest.raises(Exception, match=f"Innsending {newer.pk} kom etter"):
        call_command("retry_submission", old.pk)
    shredded = failed(4, dry_run=True)
    Submission.objects.filter(pk=shredded.pk).update(message=None)
    with pytest.raises(Exception, match="er slettet etter lagringstiden"):
        call_command("retry_submission", shredded.pk)
    old.refresh_from_db()
    assert (old.status, actions.process_waiting("0301", 2023), newer.is_current) == (Status.FAILED, None, True)
    assert Municipality.objects.filter(pk="0301").exists()
