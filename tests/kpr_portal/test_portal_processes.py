"""The portal's processes from outside: start, stop, kill, start again."""

import json
import signal
import socket
import subprocess
import urllib.request
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import psutil
import pytest
from celery import Celery
from kombu.exceptions import OperationalError
from redis.exceptions import RedisError

from kpr_portal.local.sockets import socket_directory
from tests.portal_process import RunningPortal, parent
from tests.waiting import PATIENCE, wait_for

pytestmark = pytest.mark.portal


@pytest.fixture(scope="module")
def portal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningPortal]:
    running = RunningPortal(tmp_path_factory.mktemp("portal") / "var", KPR_SWEEP_SECONDS="1")
    with running:
        yield running
    assert running.processes() == []


def readiness(portal: RunningPortal) -> dict[str, str]:
    try:
        with urllib.request.urlopen(portal.url + "readyz", timeout=60) as answer:
            return json.load(answer)
    except OSError as error:
        return {"status": f"no answer: {error}"}


def tasks_done(portal: RunningPortal) -> int:
    """How many tasks the portal's worker has done since it started; beat sends one each second in these tests."""
    broker = f"redis+socket://{socket_directory(portal.data_dir)}/valkey.sock"
    with Celery(broker=broker) as app:
        app.conf.broker_connection_retry = False
        try:
            answers = app.control.inspect(timeout=2, limit=1).stats() or {}
        except (OperationalError, RedisError):
            return 0
    return sum(sum(stats["total"].values()) for stats in answers.values())


def wait_until_it_works(portal: RunningPortal) -> None:
    """It answers, its worker answers, and that worker goes on doing tasks. A worker that is replaced begins to count anew."""
    wait_for(lambda: readiness(portal), lambda seen: seen == {"status": "ok"}, what="readyz says ok")
    counted: list[int] = []

    def count() -> list[int]:
        counted.append(tasks_done(portal))
        return counted

    wait_for(count, lambda seen: 0 < min(seen[-2:]) < max(seen[-2:]), what="the worker does tasks")


def one(portal: RunningPortal, word: str, *, forked: bool = False) -> psutil.Process:
    """The process that the supervisor started with this word in its command, or a process forked from that one."""
    assert portal.process
    parents = {portal.process.pid, 1}
    top = next(process for process in portal.processes(word) if parent(process) in parents)
    return top.children()[0] if forked else top


def kill(process: psutil.Process | subprocess.Popen[str] | None) -> None:
    assert process
    process.kill()
    process.wait(PATIENCE)


def kill_again_and_again(portal: RunningPortal, word: str) -> None:
    """Until the portal gives up. How often that takes depends on how fast the machine starts it again."""

    def strike() -> bool:
        for process in portal.processes(word):
            with suppress(psutil.Error):
                process.kill()
        assert portal.process
        return portal.process.poll() is not None

    wait_for(strike, what="the portal gives up")


def create_user(portal: RunningPortal, name: str) -> None:
    portal.run_command(
        "create_user", name, "--role", "registry", "--password-stdin", input="riktig hest batteri stift\n"
    )


def user_exists(portal: RunningPortal, name: str) -> bool:
    script = f"from municipalities.models import User; print(User.objects.filter(username='{name}').exists())"
    return portal.run_command("shell", "--verbosity", "0", "-c", script).stdout.strip() == "True"


def test_stop_leaves_nothing_running_and_a_second_start_finds_its_data(portal: RunningPortal) -> None:
    create_user(portal, "kari")
    assert portal.stop(signal.SIGINT) == 0
    assert portal.processes() == []
    portal.start()
    assert readiness(portal) == {"status": "ok"}
    assert user_exists(portal, "kari")


@pytest.mark.parametrize(
    ("word", "forked"),
    [
        ("gunicorn", False),
        ("gunicorn", True),
        ("--pool prefork", False),
        ("--pool prefork", True),
        ("beat --schedule", False),
        ("valkey-server", False),
        ("bin/postgres", False),
        ("bin/postgres", True),
        ("kpr_portal.local.guardian", False),
    ],
)
def test_a_killed_process_is_replaced(portal: RunningPortal, word: str, forked: bool) -> None:
    victim = one(portal, word, forked=forked)
    kill(victim)
    wait_until_it_works(portal)
    assert one(portal, word, forked=forked).pid != victim.pid


def test_a_command_that_ends_leaves_the_portals_database_running(portal: RunningPortal) -> None:
    before = one(portal, "bin/postgres").pid
    create_user(portal, "ola")
    assert one(portal, "bin/postgres").pid == before
    assert user_exists(portal, "ola")


def test_one_portal_for_each_data_directory(portal: RunningPortal) -> None:
    second = RunningPortal(portal.data_dir)
    second.launch()
    assert second.stop_itself() == 1
    assert "runs on the data directory" in second.all_output()
    assert readiness(portal) == {"status": "ok"}


def test_port_in_use(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        portal = RunningPortal(tmp_path / "var", port=taken.getsockname()[1])
        portal.launch()
        assert portal.stop_itself() == 1
    assert f"Port {portal.port} on 127.0.0.1 cannot be used" in portal.all_output()
    assert portal.processes() == []


def test_production_without_keys_says_what_to_set(tmp_path: Path) -> None:
    portal = RunningPortal(tmp_path / "var", KPR_ENVIRONMENT="production", SECRET_KEY="")
    portal.launch()
    assert portal.stop_itself() == 1
    for name in ("SECRET_KEY", "KPR_PSEUDONYM_KEY"):
        assert f"{name} is not set." in portal.all_output()
    assert "Traceback" not in portal.all_output()
    assert portal.processes() == []


def test_two_portals_and_a_long_path_and_a_process_that_dies_again_and_again(
    portal: RunningPortal, tmp_path: Path
) -> None:
    second = RunningPortal(tmp_path / ("long " * 20) / "var").start()
    create_user(second, "siri")
    assert user_exists(second, "siri") and not user_exists(portal, "siri")
    kill_again_and_again(second, "gunicorn")
    assert second.stop_itself() == 1
    assert "web died 5 times in a minute" in second.all_output()
    assert second.processes() == []
    wait_until_it_works(portal)


def test_a_killed_supervisor_leaves_nothing_running_and_the_next_start_works(portal: RunningPortal) -> None:
    create_user(portal, "nils")
    kill(portal.process)
    wait_for(portal.processes, lambda left: not left, what="all processes end")
    portal.start()
    guardian = one(portal, "kpr_portal.local.guardian")
    guardian.suspend()
    kill(portal.process)
    guardian.kill()
    assert portal.processes(), "nobody was left to clean up"
    portal.start()
    assert user_exists(portal, "nils")
    assert portal.stop(signal.SIGTERM) == 0
