"""A disk that is really full, and work that takes longer than it may: told at every door, and nothing received is lost."""

from __future__ import annotations

import gzip
import os
import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.kpr_portal.test_recovery import large_message, look, send, wait_until, working
from tests.messages import Bruker, message, people, service
from tests.portal_process import RunningPortal
from tests.waiting import PATIENCE, wait_for

pytestmark = pytest.mark.portal
PASSWORD = "riktig hest batteri stift"
# Small ones are whole quickly; what is larger than this may take a second, and is killed after another two.
LIMITS = {
    "KPR_SWEEP_SECONDS": "2",
    "KPR_LONGEST_WAIT_SECONDS": "4",
    "KPR_LARGE_MESSAGE_BYTES": "6000000",
    "KPR_LARGE_TASK_SECONDS": "1",
    "KPR_GRACE_SECONDS": "2",
}


@contextmanager
def file_system(place: Path, size: str) -> Iterator[Path]:
    """One of its own, small enough to fill."""
    command = ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", place]
    mounted = subprocess.run(command, capture_output=True, text=True)
    if mounted.returncode:
        pytest.skip(f"no file system can be mounted here: {mounted.stderr.strip()}")
    try:
        yield place
    finally:
        subprocess.run(["umount", "--lazy", place], check=True)


@pytest.fixture(scope="module")
def disk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Where the database is."""
    with file_system(tmp_path_factory.mktemp("disk"), "1g") as place:
        yield place


@pytest.fixture(scope="module")
def spool(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Where bodies wait while they come in."""
    with file_system(tmp_path_factory.mktemp("spool"), "200m") as place:
        yield place


@pytest.fixture(scope="module")
def portal(disk: Path, spool: Path) -> Iterator[RunningPortal]:
    with RunningPortal(disk / "var", TMPDIR=str(spool), **LIMITS) as running:
        running.run_command(
            *("create_user", "kari", "--role", "municipality", "--municipality", "0301", "--password-stdin"),
            input=f"{PASSWORD}\n",
        )
        yield running


@pytest.fixture(scope="module")
def client(portal: RunningPortal) -> Iterator[httpx.Client]:
    created = portal.run_command("create_token", "test", "--scope", "submit", "findings")
    headers = {"Authorization": f"Bearer {created.stdout.strip().splitlines()[-1]}", "Content-Type": "application/xml"}
    with httpx.Client(base_url=f"{portal.url}api/v1", headers=headers, timeout=PATIENCE) as http:
        yield http


@pytest.fixture(scope="module")
def browser(portal: RunningPortal) -> Iterator[httpx.Client]:
    """Logged in as the municipality."""
    with httpx.Client(base_url=portal.url, timeout=PATIENCE, follow_redirects=True) as http:
        post(http, "/logg-inn/", "/logg-inn/", username="kari", password=PASSWORD)
        yield http


def post(
    http: httpx.Client, page: str, address: str, files: dict[str, Any] | None = None, **fields: str
) -> httpx.Response:
    found = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', http.get(page).text)
    assert found
    return http.post(address, data={"csrfmiddlewaretoken": found.group(1), **fields}, files=files)


@contextmanager
def full(disk: Path) -> Iterator[None]:
    """Not a byte of the disk is left meanwhile."""
    ballast = disk / "ballast"
    try:
        with ballast.open("wb", buffering=0) as file:
            for size in (1024 * 1024, 4096):
                while True:
                    try:
                        file.write(b"x" * size)
                    except OSError:
                        break
        assert os.statvfs(disk).f_bavail < 10
        yield
    finally:
        ballast.unlink()


def readiness(portal: RunningPortal) -> dict[str, Any]:
    try:
        return dict(httpx.get(f"{portal.url}readyz", timeout=PATIENCE).json())
    except httpx.HTTPError as error:
        return {"status": f"no answer: {error}"}


def until_ready(portal: RunningPortal) -> None:
    wait_for(lambda: readiness(portal), lambda seen: seen["status"] != "unavailable", what="there is room again")


def test_a_full_disk_is_told_at_both_doors_and_what_was_received_is_done_afterwards(
    disk: Path, portal: RunningPortal, client: httpx.Client, browser: httpx.Client
) -> None:
    still = working(portal, "small")
    for process in still:
        process.suspend()
    received = send(client, message(year=2020, persons=people(200)))
    with full(disk):
        for process in still:
            process.resume()
        wait_for(lambda: readiness(portal), lambda seen: "disk is full" in str(seen), what="/readyz says so")
        assert httpx.get(f"{portal.url}readyz", timeout=PATIENCE).status_code == 503

        # What fits into room that is there already may still be taken in, until the disk is asked again.
        answers: list[httpx.Response] = []

        def refusal() -> httpx.Response:
            answers.append(client.post("/submissions/", content=message(year=2021, persons=people(5 + len(answers)))))
            return answers[-1]

        refused = wait_for(refusal, lambda seen: seen.status_code != 202, what="the API refuses")
        assert (refused.status_code, refused.headers["content-type"]) == (507, "application/problem+json")
        assert (refused.json()["code"], "plass" in refused.json()["detail"]) == ("no-room", True), refused.text

        form = "/kommune/0301/innsendinger/ny/"
        page = post(browser, form, form, files={"file": ("m.xml", message(year=2021, persons=people(3)))})
        assert (page.status_code, page.headers["content-type"]) == (507, "text/html; charset=utf-8")
        assert "Portalen har ikke plass til mer nå" in page.text

        seen = look(client, received)
        assert seen is None or seen["status"] in ("received", "processing"), seen
    until_ready(portal)
    done = wait_until(portal, client, received, {"finished"})
    assert (done["status"], done["current"], done["counts"]["persons"]) == ("done", True, 200)
    # Each process of the server asks the disk anew after some seconds.
    again = wait_for(
        lambda: client.post("/submissions/", content=message(year=2021, persons=people(4))),
        lambda answer: answer.status_code != 507,
        what="the API takes messages again",
    )
    for submission in (answer.json()["id"] for answer in (*answers[:-1], again)):
        assert wait_until(portal, client, submission, {"finished"})["status"] == "done"


def test_no_room_where_bodies_wait_is_told_at_both_doors(
    spool: Path, portal: RunningPortal, client: httpx.Client, browser: httpx.Client
) -> None:
    """The database has room. What the server keeps in memory is taken in as always."""
    form = "/kommune/0301/innsendinger/ny/"
    large = message(year=2024, persons=people(10_000))
    assert len(large) > 2_000_000
    with full(spool):
        pieces = [large[start : start + 100_000] for start in range(0, len(large), 100_000)]
        for content in (large, iter(pieces)):
            refused = client.post("/submissions/", content=content)
            assert (refused.status_code, refused.headers["content-type"]) == (507, "application/problem+json")
            assert (refused.json()["code"], "plass" in refused.json()["detail"]) == ("no-room", True), refused.text
        # The larger one is refused while it comes in, the smaller one when it is taken out of its form.
        for content in (large, message(year=2024, persons=people(200))):
            page = post(browser, form, form, files={"file": ("m.xml", content)})
            assert (page.status_code, page.headers["content-type"]) == (507, "text/html; charset=utf-8")
            assert "Portalen har ikke plass til mer nå" in page.text
        assert readiness(portal)["status"] != "unavailable"
        small = send(client, message(year=2025, persons=people(3)))
        assert wait_until(portal, client, small, {"finished"})["status"] == "done"
    assert client.post("/submissions/", content=large).status_code == 202


def test_a_message_made_to_be_expensive_ends_with_a_sentence_and_the_workers_go_on(
    portal: RunningPortal, client: httpx.Client
) -> None:
    """All that the schema lets be large, as large as it goes: a megabyte of gzip that is 200 MB."""
    before = {process.pid for process in working(portal, "large")}
    costly = [service(f"T{number}", tjenesteOrgNr="a" * 60_000) for number in range(3500)]
    packed = gzip.compress(message("1103", persons=[Bruker("B1", costly)]))
    assert len(packed) < 2_000_000
    headers = {"Content-Encoding": "gzip"}
    sent = client.post("/submissions/", content=packed, headers=headers)
    assert sent.status_code == 202, sent.text
    ended = wait_until(portal, client, sent.json()["id"], {"finished"})
    assert ended["status"] == "done" or (ended["status"] == "failed" and ended["problem"]["detail"]), ended
    small = send(client, message("1103", persons=people(4)))
    assert wait_until(portal, client, small, {"finished"})["status"] == "done"
    assert {process.pid for process in working(portal, "large")} == before


def test_a_disk_that_is_full_in_the_middle_of_the_work(disk: Path, portal: RunningPortal, client: httpx.Client) -> None:
    """Whatever PostgreSQL does about it (it may refuse to write, or stop altogether), the work is done when there is room."""
    received = send(client, large_message(2022, 16_000))
    wait_until(portal, client, received, {"reading", "checking", "finished"})
    with full(disk):
        # Long enough for a few attempts; what matters is that nothing is given up.
        for _attempt in range(3):
            wait_for(
                lambda: readiness(portal), lambda seen: seen["status"] == "unavailable", what="/readyz says so", pause=1
            )
        seen = look(client, received)
        assert seen is None or seen["status"] != "failed", seen
    until_ready(portal)
    done = wait_until(portal, client, received, {"finished"})
    assert (done["status"], done["counts"]["persons"], done["counts"]["services"]) == ("done", 16_000, 48_000)


def test_work_over_its_time_limit_stops_with_a_reason_and_can_be_taken_up_again(
    portal: RunningPortal, client: httpx.Client, browser: httpx.Client
) -> None:
    """The first lets itself be stopped; the second does not, and is killed."""
    slow = send(client, large_message(2023, 60_000))
    stopped = wait_until(portal, client, slow, {"finished"})
    assert (stopped["status"], stopped["problem"]["code"]) == ("failed", "too-slow"), stopped
    assert "lengre tid enn portalen tillater" in stopped["problem"]["detail"]
    assert "lengre tid enn portalen tillater" in browser.get(f"/innsendinger/{slow}/").text

    stuck = send(client, large_message(2023, 50_000))
    wait_until(portal, client, stuck, {"reading", "checking"})
    for process in working(portal, "large"):
        process.suspend()
    killed = wait_until(portal, client, stuck, {"finished"})
    assert (killed["status"], killed["problem"]["code"]) == ("failed", "too-slow"), killed

    small = send(client, message(year=2023, persons=people(3)))
    assert wait_until(portal, client, small, {"finished"})["status"] == "done"
    with pytest.raises(subprocess.CalledProcessError) as refused:
        portal.run_command("retry_submission", str(stuck))
    assert f"Innsending {small} kom etter" in refused.value.stderr
