"""What is received is done once, later, and whole, whatever dies meanwhile. Real processes, killed for real."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any

import httpx
import psutil
import psycopg
import pytest

from kpr_portal.local.embedded import EmbeddedPostgres
from tests.messages import Bruker, message, municipalities_of_2020, people, service
from tests.portal_process import RunningPortal, parent
from tests.waiting import PATIENCE, wait_for

pytestmark = pytest.mark.portal
PERSONS, SERVICES = 12_000, 36_000


def large_message(year: int, persons: int = PERSONS) -> bytes:
    """Built by text, for speed: one person of tests.messages, repeated under other numbers. Their identity numbers are wrong."""
    services = [service(f"T@{n}") for n in range(3)]
    one = message(year=year, persons=[Bruker("B@", services, attributes={"fid": "0000@"})]).decode()
    head, rest = one.split("<Bruker", 1)
    body, tail = rest.split("</Kommune>")
    out = io.StringIO()
    out.write(head)
    for number in range(persons):
        out.write("<Bruker" + body.replace("@", str(number)))
    out.write("</Kommune>" + tail)
    return out.getvalue().encode()


@pytest.fixture(scope="module")
def portal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningPortal]:
    settings = {"KPR_SWEEP_SECONDS": "2", "KPR_LONGEST_WAIT_SECONDS": "2", "KPR_LARGE_MESSAGE_BYTES": "1000000"}
    with RunningPortal(tmp_path_factory.mktemp("recovery") / "var", **settings) as running:
        yield running


@pytest.fixture(scope="module")
def client(portal: RunningPortal) -> Iterator[httpx.Client]:
    created = portal.run_command("create_token", "test", "--scope", "submit", "findings")
    headers = {"Authorization": f"Bearer {created.stdout.strip().splitlines()[-1]}", "Content-Type": "application/xml"}
    with httpx.Client(base_url=f"{portal.url}api/v1", headers=headers, timeout=PATIENCE) as http:
        yield http


def send(client: httpx.Client, content: bytes) -> int:
    answer = client.post("/submissions/", content=content)
    assert answer.status_code == 202, answer.text
    return int(answer.json()["id"])


def look(client: httpx.Client, submission: int) -> dict[str, Any] | None:
    """What the API says, or None while it is being healed."""
    try:
        answer = client.get(f"/submissions/{submission}/")
    except httpx.HTTPError:
        return None
    return answer.json() if answer.status_code == 200 else None


def look_while_it_runs(portal: RunningPortal, client: httpx.Client, submission: int) -> dict[str, Any] | None:
    portal.assert_runs()
    return look(client, submission)


def wait_until(portal: RunningPortal, client: httpx.Client, submission: int, stages: set[str]) -> dict[str, Any]:
    seen = wait_for(
        lambda: look_while_it_runs(portal, client, submission),
        lambda seen: seen and seen["progress"]["stage"] in stages,
        what=f"submission {submission} is at {' or '.join(sorted(stages))}",
        pause=0.02,
    )
    assert seen
    return seen


def workers(portal: RunningPortal) -> list[psutil.Process]:
    return portal.processes(" worker --pool")


def working(portal: RunningPortal, queue: str) -> list[psutil.Process]:
    """The processes that do a queue's work: those that its worker forked."""
    of_queue = portal.processes(f"--queues {queue} ")
    return [process for process in of_queue if parent(process) in {each.pid for each in of_queue}]


def assert_whole(portal: RunningPortal, client: httpx.Client, submission: int) -> dict[str, Any]:
    done = wait_until(portal, client, submission, {"finished"})
    assert (done["status"], done["current"]) == ("done", True), done
    assert done["counts"] == {"persons": PERSONS, "services": SERVICES, "events": 0}
    with psycopg.connect(EmbeddedPostgres(portal.data_dir).url) as database:
        for table, wanted in (("person", PERSONS), ("service", SERVICES)):
            row = database.execute(
                f"SELECT count(*), count(DISTINCT id) FROM submissions_{table} WHERE submission_id = %s", [submission]
            ).fetchone()
            assert row == (wanted, wanted)
    findings = client.get(f"/submissions/{submission}/findings/").json()
    assert findings["count"] > 30
    assert not [f for f in findings["results"] if f["status"] == "error"]
    return done


def test_the_worker_is_killed_in_the_middle(portal: RunningPortal, client: httpx.Client) -> None:
    submission = send(client, large_message(2020))
    wait_until(portal, client, submission, {"reading", "checking"})
    for process in workers(portal):
        process.kill()
    assert assert_whole(portal, client, submission)["progress"]["attempts"] >= 2


def test_killed_workers_are_no_fault_of_the_message(portal: RunningPortal, client: httpx.Client) -> None:
    """More often than a fault would be tried: it is never given up for that, and is done in the end."""
    submission = send(client, large_message(2024))
    for attempt in range(1, 7):
        wait_for(
            lambda: look(client, submission),
            lambda seen, n=attempt: (
                seen and seen["progress"]["attempts"] >= n and seen["progress"]["stage"] != "finished"
            ),
            what=f"attempt {attempt}",
            pause=0.02,
        )
        for process in working(portal, "large"):
            process.kill()
    assert assert_whole(portal, client, submission)["progress"]["attempts"] > 5


def test_small_ones_do_not_wait_for_a_large_one_or_for_results(portal: RunningPortal, client: httpx.Client) -> None:
    """The large one stands still in the middle, and so does what computes results: whatever they hold, the others get by."""
    large = send(client, large_message(2020) + b"<!-- once more -->")
    wait_until(portal, client, large, {"reading", "checking"})
    still = [*working(portal, "large"), *working(portal, "results")]
    assert len(still) == 2
    for process in still:
        process.suspend()
    try:
        small = [send(client, message(code, 2020, persons=people(60))) for code in municipalities_of_2020()[:30]]
        for submission in small:
            assert wait_until(portal, client, submission, {"finished"})["status"] == "done"
        seen = look(client, large)
        assert seen and seen["status"] == "processing", seen
    finally:
        for process in still:
            process.resume()
    assert_whole(portal, client, large)


def test_postgresql_is_killed_in_the_middle(portal: RunningPortal, client: httpx.Client) -> None:
    submission = send(client, large_message(2021))
    wait_until(portal, client, submission, {"reading", "checking"})
    postmaster = EmbeddedPostgres(portal.data_dir).postmaster()
    assert postmaster
    postmaster.kill()
    assert_whole(portal, client, submission)


def test_the_broker_loses_its_messages(portal: RunningPortal, client: httpx.Client) -> None:
    valkey = next(p for p in portal.processes() if "valkey" in p.name())
    valkey.kill()
    submission = send(client, large_message(2022))
    assert_whole(portal, client, submission)


def test_readers_see_the_old_one_whole_until_the_new_one_is_whole(portal: RunningPortal, client: httpx.Client) -> None:
    old = send(client, large_message(2023))
    assert_whole(portal, client, old)
    new = send(client, large_message(2023, PERSONS - 1))
    while True:
        first, second = look(client, old), look(client, new)
        assert first and second
        assert first["current"] or second["status"] == "done"
        if second["status"] == "done":
            break
    assert look(client, old)["current"] is False  # type: ignore[index]
    assert (second["supersedes"], second["counts"]["persons"]) == (old, PERSONS - 1)


def test_the_portal_is_killed_and_started_again(portal: RunningPortal, client: httpx.Client) -> None:
    submission = send(client, large_message(2025))
    assert portal.process
    portal.process.kill()
    portal.process.wait()
    portal.start()
    assert_whole(portal, client, submission)
