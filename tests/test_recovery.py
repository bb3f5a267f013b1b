"""What is received is done once, later, and whole, whatever dies meanwhile. Real processes, killed for real."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any

import httpx
import psutil
import psycopg
import pytest

from kpr_portal.embedded import EmbeddedPostgres
from tests.messages import Person, message, service
from tests.portal_process import RunningPortal
from tests.waiting import PATIENCE, wait_for

pytestmark = pytest.mark.portal
PERSONS, SERVICES = 12_000, 36_000


def large_message(year: int, persons: int = PERSONS) -> bytes:
    """Built by text, for speed: one person of tests.messages, repeated under other numbers."""
    one = message(year=year, persons=[Person("B@", [service(f"T@{n}") for n in range(3)])]).decode()
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
    with RunningPortal(tmp_path_factory.mktemp("recovery") / "var", KPR_SWEEP_SECONDS="2") as running:
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


def wait_until(client: httpx.Client, submission: int, stages: set[str]) -> dict[str, Any]:
    seen = wait_for(
        lambda: look(client, submission),
        lambda seen: seen and seen["progress"]["stage"] in stages,
        what=f"submission {submission} is at {' or '.join(sorted(stages))}",
        pause=0.02,
    )
    assert seen
    return seen


def workers(portal: RunningPortal) -> list[psutil.Process]:
    return portal.processes(" worker --pool")


def assert_whole(portal: RunningPortal, client: httpx.Client, submission: int) -> dict[str, Any]:
    done = wait_until(client, submission, {"finished"})
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
    wait_until(client, submission, {"reading", "checking"})
    for process in workers(portal):
        process.kill()
    assert assert_whole(portal, client, submission)["progress"]["attempts"] >= 2


def test_postgresql_is_killed_in_the_middle(portal: RunningPortal, client: httpx.Client) -> None:
    submission = send(client, large_message(2021))
    wait_until(client, submission, {"reading", "checking"})
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
