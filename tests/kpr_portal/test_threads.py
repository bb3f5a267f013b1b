"""Work that is done in more than one thread: a fault in one reaches the caller, nothing is half stored, and what was opened for it is closed."""

from __future__ import annotations

import io
import threading
import time
import tracemalloc
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from cryptography.exceptions import InvalidTag
from django.core.management import call_command
from django.db import OperationalError, connection

from municipalities.access import Access
from quality import actions as judging
from quality.actions import check_submission
from quality.checks import CHECKS
from quality.models import CheckResult, FindingRow
from submissions import actions, load, vault
from submissions.beside import Beside
from submissions.inspection import Inspection
from submissions.models import Channel, Message, MessageChunk, Person, Service, Status, Submission
from submissions.receive import receive
from tests.messages import Bruker, message, people, service
from tests.waiting import wait_for

OSLO = Access(name="oslo", municipalities=frozenset({"0301"}), scopes=frozenset({"submit"}))
DATABASE = pytest.mark.django_db(transaction=True)
LARGE = message(persons=people(400))


class Broken(Exception):
    """What a test breaks."""


@pytest.fixture(autouse=True)
def no_thread_is_left() -> Iterator[None]:
    before = set(threading.enumerate())
    yield
    wait_for(lambda: set(threading.enumerate()) - before, lambda left: not left, what="every thread has ended")


@pytest.fixture
def reference(transactional_db: None) -> None:
    call_command("load_reference", verbosity=0)


@pytest.fixture
def on_own_connections(monkeypatch: pytest.MonkeyPatch) -> None:
    """Small messages are worked on as large ones are."""
    monkeypatch.setattr(vault, "CHUNK_BYTES", 10_000)
    monkeypatch.setattr(load, "SMALL_BYTES", 0)
    monkeypatch.setattr(load, "BATCH_ROWS", 100)
    monkeypatch.setattr(judging, "FEWEST_FOR_TWO_CONNECTIONS", 0)


def take(content: bytes = LARGE) -> Submission:
    return receive(channel=Channel.API, access=OSLO, content=io.BytesIO(content))


def process(submission: Submission) -> Submission:
    actions.process_waiting("0301", 2023)
    submission.refresh_from_db()
    return submission


def sessions() -> int:
    """Connections to the test's database, this one among them."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND backend_type = 'client backend'"
        )
        return int(cursor.fetchone()[0])


def assert_closed(before: int) -> None:
    wait_for(sessions, lambda seen: seen <= before, what="the connections are closed")


# --- The mechanism -------------------------------------------------------------------------------------------


def raises(error: Exception) -> None:
    raise error


@pytest.mark.parametrize("ahead", [0, 1, 8])
def test_what_is_raised_beside_reaches_the_caller(ahead: int) -> None:
    done: list[int] = []
    with pytest.raises(Broken), Beside(ahead) as beside:
        beside.hand(done.append, 1)
        beside.hand(raises, Broken())
        for number in range(2, 50):
            beside.hand(done.append, number)
    assert done[0] == 1 and len(done) <= ahead + 2


def test_what_is_raised_last_reaches_the_caller_too() -> None:
    beside = Beside(ahead=8)
    beside.hand(raises, Broken())
    with pytest.raises(Broken):
        beside.finish()
    beside.__exit__()


def test_nothing_more_is_done_once_the_caller_gave_up() -> None:
    done: list[int] = []
    with pytest.raises(Broken), Beside(ahead=8) as beside:
        beside.hand(time.sleep, 0.2)
        for number in range(7):
            beside.hand(done.append, number)
        raise Broken
    assert done == []


# --- Taking in -----------------------------------------------------------------------------------------------


@DATABASE
@pytest.mark.parametrize("broken", ["store", "parse"])
def test_a_fault_beside_taking_in_stores_nothing(reference: None, monkeypatch: pytest.MonkeyPatch, broken: str) -> None:
    before = sessions()
    if broken == "store":
        monkeypatch.setattr(vault.Writer, "_store", lambda *_: raises(Broken()))
    else:
        monkeypatch.setattr(Inspection, "_parse", lambda *_: raises(Broken()))
    with pytest.raises(Broken):
        take()
    assert not Message.objects.exists() and not MessageChunk.objects.exists() and not Submission.objects.exists()
    monkeypatch.undo()
    assert take().status == Status.RECEIVED
    assert_closed(before)


@DATABASE
def test_a_chunk_that_is_broken_reaches_the_reader(reference: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(vault, "CHUNK_BYTES", 10_000)
    large = message(persons=people(2500))
    submission = take(large)
    assert MessageChunk.objects.count() > 4 and submission.message
    assert b"".join(vault.read(submission.message)) == large
    MessageChunk.objects.filter(number=2).update(content=b"x" * 100)
    read = vault.read(submission.message)
    assert large.startswith(next(read) + next(read))
    with pytest.raises(InvalidTag):
        next(read)
    stopped = vault.read(submission.message)
    next(stopped)
    stopped.close()  # who stops in the middle leaves no thread behind


# --- Loading -------------------------------------------------------------------------------------------------


def breaks_at(number: int, function: Any, error: Exception) -> Any:
    """The function, which raises when it is called for the n-th time."""
    calls = []

    def called(*arguments: Any) -> Any:
        calls.append(arguments)
        if len(calls) == number:
            raise error
        return function(*arguments)

    return called


@DATABASE
@pytest.mark.parametrize("broken", ["store", "read"])
def test_a_fault_while_loading_reaches_the_caller_and_leaves_whole_batches(
    reference: None, on_own_connections: None, monkeypatch: pytest.MonkeyPatch, broken: str
) -> None:
    submission = take(message(persons=people(2500)))
    before = sessions()
    if broken == "store":
        monkeypatch.setattr(load, "_store", breaks_at(3, load._store, Broken()))
    else:
        monkeypatch.setattr(load._Reader, "take_batch", breaks_at(3, load._Reader.take_batch, Broken()))
    with pytest.raises(Broken):
        actions._process(submission)
    submission.refresh_from_db()
    stored = Person.objects.filter(submission=submission).count()
    assert 0 < stored < 2500
    assert (submission.persons, submission.services) == (stored, Service.objects.filter(submission=submission).count())
    assert_closed(before)
    monkeypatch.undo()
    # The next attempt begins anew.
    Submission.objects.filter(pk=submission.pk).update(not_before=None)
    assert process(submission).status == Status.DONE
    assert (submission.persons, Person.objects.count(), Service.objects.count()) == (2500, 2500, 2500)


@DATABASE
def test_a_connection_that_is_lost_while_loading_is_no_fault_of_the_message(
    reference: None, on_own_connections: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    submission = take(message(persons=people(2500)))
    before = sessions()

    def lost(database: psycopg.Connection[Any], batch: Any) -> None:
        with psycopg.connect(**{**connection.get_connection_params(), "cursor_factory": None}) as other:
            other.execute("SELECT pg_terminate_backend(%s)", [database.info.backend_pid])
        stored(database, batch)

    stored = load._store
    monkeypatch.setattr(load, "_store", lost)
    process(submission)
    assert (submission.status, submission.faults, submission.is_current) == (Status.PROCESSING, 0, False)
    assert_closed(before)
    monkeypatch.undo()
    Submission.objects.filter(pk=submission.pk).update(not_before=None)
    assert process(submission).status == Status.DONE
    assert Person.objects.count() == 2500


@DATABASE
def test_what_is_read_ahead_is_bounded_in_bytes_too(reference: None) -> None:
    """An organisation number may be a text of 60 kB: sixteen thousand rows of them would be a gigabyte."""
    costly = [service(f"T{number}", tjenesteOrgNr="a" * 60_000) for number in range(1200)]
    submission = take(message(persons=[Bruker("B1", costly)]))
    assert submission.message and submission.size > 70_000_000
    tracemalloc.start()
    try:
        load.load(submission, vault.read(submission.message))
        _now, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert Service.objects.count() == 1200
    assert most < 60_000_000


# --- Judging -------------------------------------------------------------------------------------------------


def breaks_in(main: bool, function: Any, error: Exception, stop: threading.Event) -> Any:
    """The function, which raises in the caller's thread or in the other one; the one that is whole waits for it."""

    def called(*arguments: Any) -> Any:
        if (threading.current_thread() is threading.main_thread()) == main:
            stop.set()
            raise error
        assert stop.wait(600)
        return function(*arguments)

    return called


@DATABASE
@pytest.mark.parametrize("main", [True, False], ids=["caller", "other"])
@pytest.mark.parametrize("where", ["_judge_together", "_store"])
def test_a_fault_while_judging_reaches_the_caller_and_is_judged_again(
    reference: None, on_own_connections: None, monkeypatch: pytest.MonkeyPatch, main: bool, where: str
) -> None:
    submission = take(message(persons=people(300)))
    assert submission.message
    load.load(submission, vault.read(submission.message))
    before = sessions()
    broken = breaks_in(main, getattr(judging, where), OperationalError("gone"), threading.Event())
    monkeypatch.setattr(judging, where, broken)
    with pytest.raises(OperationalError):
        check_submission(submission)
    assert CheckResult.objects.count() < len(CHECKS)
    # Rows are stored with their result or not at all.
    results = CheckResult.objects.values_list("pk", flat=True)
    assert not FindingRow.objects.exclude(result__in=list(results)).exists()
    assert_closed(before)
    monkeypatch.undo()
    check_submission(submission)
    assert sorted(CheckResult.objects.values_list("code", flat=True)) == sorted(check.code for check in CHECKS)
    assert not FindingRow.objects.exclude(result__in=list(CheckResult.objects.values_list("pk", flat=True))).exists()
    assert_closed(before)


@DATABASE
def test_two_connections_find_what_one_does(reference: None, monkeypatch: pytest.MonkeyPatch) -> None:
    ended = service("T0", startDato="2023-05-01", sluttDato="2023-04-01", timerPerUke="1")
    submission = take(message(persons=[*people(100), Bruker("B0", [ended]), Bruker("B999")]))
    assert submission.message
    load.load(submission, vault.read(submission.message))
    found = []
    for fewest in (1_000_000, 0):
        monkeypatch.setattr(judging, "FEWEST_FOR_TWO_CONNECTIONS", fewest)
        check_submission(submission)
        found.append(sorted(submission.results.values_list("code", "status", "applicable", "violating")))
    assert found[0] == found[1] and len(found[0]) == len(CHECKS)
