"""What is answered, and what becomes of a submission, when the database is away, a disk is full, or something takes too long."""

from __future__ import annotations

import datetime
import io
import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
import yaml
from billiard.exceptions import SoftTimeLimitExceeded, TimeLimitExceeded
from django.conf import settings as current_settings
from django.core.management import call_command
from django.db import InterfaceError, OperationalError, connection
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from kpr_portal.celery import app
from kpr_portal.local.supervisor import WORKERS
from municipalities import accounts, outages, room
from municipalities.models import Role, Scope, User
from municipalities.statements import limit_statements, statements_of
from submissions import actions, load, tasks, upload
from submissions.models import Channel, Status, Submission
from submissions.receive import receive
from submissions.refusals import NoRoom
from tests.messages import message, people
from tests.submissions.test_intake import OSLO, process, take

pytestmark = pytest.mark.django_db
OURS = ("submissions.", "indicators.", "publications.", "kpr_portal.")


@pytest.fixture(autouse=True)
def reference(db: None) -> None:
    call_command("load_reference", verbosity=0)


@pytest.fixture
def limited() -> Iterator[None]:
    """No statement takes longer than a second."""
    limit_statements(1)
    yield
    limit_statements(0)


@pytest.fixture
def client() -> Client:
    """Logged in as the municipality; an error becomes the answer that a visitor gets."""
    accounts.create_user("kari", role=Role.MUNICIPALITY, municipality="0301", password="riktig hest batteri stift")
    client = Client(raise_request_exception=False)
    client.force_login(User.objects.get(username="kari"))
    return client


def bearer() -> dict[str, str]:
    secret = accounts.create_token("t", scopes=[Scope.SUBMIT, Scope.FINDINGS], municipality="0301")
    return {"Authorization": f"Bearer {secret}"}


def asleep(*_arguments: Any, **_named: Any) -> Any:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_sleep(60)")


def away(*_arguments: Any, **_named: Any) -> Any:
    raise OperationalError("the connection is closed")


def out_of_room(*_arguments: Any, **_named: Any) -> Any:
    raise psycopg.errors.DiskFull("could not extend file")


# --- The doors -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fault", "status", "code", "sentence"),
    [
        (asleep, 503, "too-slow", "Dette tok lengre tid enn portalen tillater"),
        (away, 503, "unavailable", "Portalen er ikke tilgjengelig akkurat nå"),
        (out_of_room, 507, "no-room", "Portalen har ikke plass til mer nå"),
    ],
)
def test_each_outage_is_told_on_pages_and_by_the_api(
    client: Client, limited: None, monkeypatch: pytest.MonkeyPatch, fault: Any, status: int, code: str, sentence: str
) -> None:
    headers = bearer()
    monkeypatch.setattr("submissions.views.of_place", fault)
    monkeypatch.setattr("submissions.api.visible", fault)
    page = client.get(reverse("submissions", args=["0301"]))
    assert (page.status_code, page["Content-Type"]) == (status, "text/html; charset=utf-8")
    assert sentence in page.content.decode()
    answer = client.get(reverse("api-submission", args=[1]), headers=headers)
    assert (answer.status_code, answer["Content-Type"]) == (status, "application/problem+json")
    assert (answer.json()["code"], answer.json()["status"]) == (code, status)
    assert answer.json()["detail"].startswith(sentence)


@pytest.mark.parametrize("door", ["web", "api"])
def test_no_room_at_either_door_and_no_receipt(client: Client, monkeypatch: pytest.MonkeyPatch, door: str) -> None:
    """The disk is full in the middle of storing the message."""
    headers = bearer()
    monkeypatch.setattr("submissions.vault.Writer.close", out_of_room)
    content = message(persons=people(1))
    if door == "web":
        answer = client.post(reverse("submission-new", args=["0301"]), {"file": io.BytesIO(content)})
    else:
        answer = client.post("/api/v1/submissions/", content, content_type="application/xml", headers=headers)
        assert answer.json()["code"] == "no-room"
    assert answer.status_code == 507
    assert "Portalen har ikke plass til mer nå" in (
        answer.content.decode() if door == "web" else answer.json()["detail"]
    )
    assert not Submission.objects.exists()


def test_a_full_disk_where_uploads_wait(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    with Path("/dev/full").open("r+b", buffering=0) as full:
        monkeypatch.setattr(upload.tempfile, "TemporaryFile", lambda: full)
        answer = client.post(reverse("submission-new", args=["0301"]), {"file": io.BytesIO(message(persons=people(1)))})
    assert answer.status_code == 507
    assert "Portalen har ikke plass til mer nå" in answer.content.decode()


def test_with_little_room_nothing_is_taken_in_or_begun(monkeypatch: pytest.MonkeyPatch) -> None:
    submission = take(message(persons=people(1)))
    monkeypatch.setattr(room, "is_enough", lambda: False)
    with pytest.raises(NoRoom):
        receive(channel=Channel.API, access=OSLO, content=io.BytesIO(message(year=2022)))
    process(submission)
    assert (submission.status, submission.attempts) == (Status.RECEIVED, 0)
    monkeypatch.undo()
    assert process(submission).status == Status.DONE


def test_room_is_asked_of_the_disk_and_leaves_the_session_as_it_was(settings: Any) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SHOW work_mem")
        before = cursor.fetchone()
        assert room.ask()
        cursor.execute("SHOW work_mem")
        assert cursor.fetchone() == before


@pytest.mark.parametrize(
    ("error", "full", "slow", "gone"),
    [
        (psycopg.errors.DiskFull(), True, False, True),
        (OSError(28, "No space left on device"), True, False, True),
        (OSError(13, "Permission denied"), False, False, False),
        (psycopg.errors.QueryCanceled(), False, True, False),
        (psycopg.errors.AdminShutdown(), False, False, True),
        (psycopg.errors.DeadlockDetected(), False, False, True),
        (InterfaceError(), False, False, True),
        (psycopg.errors.NumericValueOutOfRange(), False, False, False),
        (ValueError(), False, False, False),
    ],
)
def test_which_faults_are_nobodys(error: Exception, full: bool, slow: bool, gone: bool) -> None:
    assert (outages.is_full(error), outages.is_too_slow(error), outages.is_away(error)) == (full, slow, gone)


# --- The workers -----------------------------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_a_database_that_goes_away_is_no_fault_of_the_message(monkeypatch: pytest.MonkeyPatch) -> None:
    submission = take(message(persons=people(2)))
    real, waits = load.load, []
    monkeypatch.setattr(actions, "load", out_of_room)
    for attempt in range(1, 8):
        process(submission)
        assert (submission.status, submission.attempts, submission.faults) == (Status.PROCESSING, attempt, 0)
        assert submission.not_before
        waits.append((submission.not_before - timezone.now()).total_seconds())
        process(submission)
        assert submission.attempts == attempt, "it must wait"
        Submission.objects.update(not_before=timezone.now())
    assert all(later > earlier for earlier, later in itertools.pairwise(waits)), waits
    assert max(waits) <= current_settings.KPR_LONGEST_WAIT_SECONDS
    monkeypatch.setattr(actions, "load", real)
    assert (process(submission).status, submission.persons) == (Status.DONE, 2)


def test_the_next_one_waits_behind_one_that_must_wait() -> None:
    """The order in which they came is kept."""
    first, second = take(message(persons=people(1))), take(message(persons=people(2)))
    Submission.objects.filter(pk=first.pk).update(not_before=timezone.now() + datetime.timedelta(hours=1))
    process(second)
    assert second.status == Status.RECEIVED
    Submission.objects.filter(pk=first.pk).update(not_before=None)
    process(second)
    first.refresh_from_db()
    assert (first.status, second.status, second.is_current) == (Status.DONE, Status.DONE, True)


@pytest.mark.parametrize("limit", ["task", "statement"])
@pytest.mark.django_db(transaction=True)
def test_what_takes_too_long_stops_with_its_reason(monkeypatch: pytest.MonkeyPatch, limited: None, limit: str) -> None:
    def too_long(*_arguments: Any) -> Any:
        if limit == "task":
            raise SoftTimeLimitExceeded
        return asleep()

    monkeypatch.setattr(actions, "load", too_long)
    submission = process(take(message(persons=people(1))))
    assert submission.status == Status.FAILED
    assert submission.told_problem and submission.told_problem["reason"] == "time limit"
    assert "lengre tid enn portalen tillater" in submission.told_problem["detail"]
    assert submission.message is not None


def test_a_worker_killed_at_its_limit_leaves_the_reason() -> None:
    submission, other = take(message(persons=people(1))), take(message(year=2022, persons=people(1)))
    Submission.objects.update(status=Status.PROCESSING)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(connection, "close", lambda: None)
        tasks.process_large.on_failure(ValueError(), "1", ("0301", 2023), {}, None)
        submission.refresh_from_db()
        assert submission.status == Status.PROCESSING
        tasks.process_large.on_failure(TimeLimitExceeded(3), "1", ("0301", 2023), {}, None)
    submission.refresh_from_db()
    other.refresh_from_db()
    assert (submission.status, other.status) == (Status.FAILED, Status.PROCESSING)
    assert submission.told_problem and submission.told_problem["reason"] == "time limit"


def test_large_and_small_ones_are_handed_to_each_other_in_order(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    nudged: list[tuple[int, bool]] = []
    monkeypatch.setattr(tasks, "nudge", lambda _code, year, *, large=False: nudged.append((year, large)))
    settings.KPR_LARGE_MESSAGE_BYTES = len(message(persons=people(4)))
    sent = [take(message(persons=people(number))) for number in (1, 5, 2, 6, 3)]

    def done() -> list[bool]:
        return [each.status == Status.DONE for each in Submission.objects.order_by("pk")]

    assert [each.is_large for each in sent] == [False, True, False, True, False]
    tasks.process("0301", 2023)
    assert (done(), nudged) == ([True, False, False, False, False], [(2023, True)])
    tasks.process("0301", 2023)
    assert done() == [True, False, False, False, False]
    tasks.process_large("0301", 2023)
    assert (done(), nudged[-1]) == ([True, True, False, False, False], (2023, False))
    monkeypatch.setattr(tasks, "MOST_SMALL", 1)
    for turn in (tasks.process, tasks.process_large, tasks.process):
        turn("0301", 2023)
    assert done() == [True] * 5
    assert Submission.objects.get(is_current=True).pk == sent[-1].pk


# --- Limits and queues -----------------------------------------------------------------------------------------------


def test_every_statement_of_a_limited_process_is_limited(limited: None) -> None:
    own = connection.copy()
    try:
        for each in (connection, own):
            with each.cursor() as cursor:
                cursor.execute("SHOW statement_timeout")
                assert cursor.fetchone() == ("1s",)
        with statements_of(7), connection.cursor() as cursor:
            cursor.execute("SHOW statement_timeout")
            assert cursor.fetchone() == ("7s",)
    finally:
        own.close()


def test_every_task_has_a_queue_that_a_worker_serves_and_a_limit_that_the_broker_waits_out() -> None:
    app.loader.import_default_modules()
    ours = [name for name in app.tasks if name.startswith(OURS)]
    assert len(ours) >= 8
    compose = yaml.safe_load((current_settings.BASE_DIR / "docker-compose.yml").read_text())
    commands = " ".join(str(service.get("command")) for service in compose["services"].values())
    for name in ours:
        queue = app.amqp.router.route({}, name)["queue"].name
        assert queue in WORKERS, name
        assert f"--queues {queue}" in commands, name
        task = app.tasks[name]
        limit = task.time_limit or app.conf.task_time_limit
        soft = task.soft_time_limit or app.conf.task_soft_time_limit
        assert soft < limit < app.conf.broker_transport_options["visibility_timeout"], name
    assert {entry["task"] for entry in app.conf.beat_schedule.values()} <= set(ours)
    assert set(app.conf.task_annotations) <= set(ours), "of a name that nobody has no task takes its limit"


# What goes over the nation, or over whole messages. Everything else is stopped after KPR_SMALL_TASK_SECONDS.
LONG = {
    "submissions.process_large": current_settings.KPR_LARGE_TASK_SECONDS,
    "indicators.recompute": current_settings.KPR_LARGE_TASK_SECONDS,
    "indicators.recompute_stale": current_settings.KPR_LARGE_TASK_SECONDS,
    "publications.release_due": current_settings.KPR_NATION_TASK_SECONDS,
    "publications.correct": current_settings.KPR_NATION_TASK_SECONDS,
    "kpr_portal.refresh_and_release": current_settings.KPR_NATION_TASK_SECONDS,
    "kpr_portal.remove_old": current_settings.KPR_NATION_TASK_SECONDS,
}


def test_what_takes_long_may_and_nothing_else() -> None:
    app.loader.import_default_modules()
    limits = {name: app.tasks[name].soft_time_limit for name in app.tasks if name.startswith(OURS)}
    small = (None, current_settings.KPR_SMALL_TASK_SECONDS)
    assert {name: limit for name, limit in limits.items() if limit not in small} == LONG
