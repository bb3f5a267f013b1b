"""Runs the whole portal in the foreground: starts its processes, restarts what dies, and leaves nothing behind."""

import argparse
import fcntl
import hashlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

import psutil

from kpr_portal.local.embedded import EmbeddedPostgres, NotStarted, valkey_command
from kpr_portal.local.guardian import MARK, end_strays

ROOT = Path(__file__).resolve().parent.parent.parent
MANAGE = [sys.executable, str(ROOT / "manage.py")]
DEMO_TODAY = "2024-01-08"
MOST_DEATHS, DEATHS_WITHIN_SECONDS = 5, 60
STOP_SECONDS = 10
LOG_BYTES = 10 * 1024 * 1024
# Queue -> processes that work on it. A large message and the results have their own, so that small ones never wait for them.
WORKERS = {"small": 2, "large": 1, "results": 1}
# With less room than this on the disk processes die for lack of it, which is no reason to stop the portal.
FULL_DISK_BYTES = 32 * 1024 * 1024
FULL_DISK_SECONDS = 5


class Failure(Exception):
    """Why the portal cannot run, as a sentence for the operator."""


class Stopped(Exception):
    """The operator asked the portal to stop."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--port", type=int, default=8000, help="port on 127.0.0.1 (default 8000)")
    parser.add_argument("--data-dir", help="where all data are kept (default $KPR_DATA_DIR, else var/)")
    parser.add_argument("--demo", action="store_true", help="a demonstration, with the demonstration nation loaded")


def prepare_environment(arguments: list[str]) -> None:
    """Turn the portal's arguments into environment for the settings, which are read before any command runs."""
    parser = argparse.ArgumentParser(add_help=False)
    add_arguments(parser)
    options = parser.parse_known_args(arguments)[0]
    os.environ["KPR_DATA_DIR"] = str(Path(options.data_dir or os.environ.get("KPR_DATA_DIR") or "var").resolve())
    if options.demo:
        os.environ["KPR_ENVIRONMENT"] = "demo"
        os.environ.setdefault("KPR_TODAY", DEMO_TODAY)


@dataclass
class Child:
    """One process of the portal, with all that it forks, in a session of its own."""

    name: str
    command: list[str]
    log: Path | None = None
    process: subprocess.Popen[bytes] | None = None
    deaths: deque[float] = field(default_factory=deque)
    not_before: float = 0

    def start(self, **options: object) -> None:
        environment = {**os.environ, MARK: os.environ["KPR_DATA_DIR"], "PYTHONUNBUFFERED": "1"}
        with _opened(self.log) as output:
            self.process = subprocess.Popen(  # type: ignore[call-overload]  # noqa: S603
                self.command,
                **{"stdin": subprocess.DEVNULL, **options},
                stdout=output,
                stderr=output and subprocess.STDOUT,
                cwd=ROOT,
                env=environment,
                start_new_session=True,
            )

    @property
    def status(self) -> int | None:
        """Exit status, negative for a signal; None while it runs."""
        return self.process.poll() if self.process else None

    def signal_group(self, number: int) -> None:
        if self.process:
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(self.process.pid, number)

    def bury(self) -> None:
        """Note a death, end what the dead one left behind, and decide when it may start again.

        Raises:
            Failure: it died too often.
        """
        self.signal_group(signal.SIGKILL)
        now = time.monotonic()
        self.deaths.append(now)
        while self.deaths[0] < now - DEATHS_WITHIN_SECONDS:
            self.deaths.popleft()
        if len(self.deaths) >= MOST_DEATHS:
            raise Failure(f"{self.name} died {MOST_DEATHS} times in a minute, so the portal stops.{self.last_words()}")
        self.process = None
        self.not_before = now + 0.1 * 2 ** len(self.deaths)

    def last_words(self) -> str:
        if not self.log or not self.log.exists():
            return ""
        lines = self.log.read_text(errors="replace").splitlines()[-15:]
        return "\n".join([f" The end of {self.log}:", *lines])


def _lives(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.Error:
        return False


@contextmanager
def _opened(log: Path | None) -> Iterator[IO[bytes] | None]:
    if log is None:
        yield None
        return
    log.parent.mkdir(parents=True, exist_ok=True)
    if log.exists() and log.stat().st_size > LOG_BYTES:
        log.rename(log.with_suffix(".log.1"))
    with log.open("ab") as file:
        yield file


class Portal:
    """The processes of one data directory."""

    def __init__(self, data_dir: Path, *, port: int, demo: bool, environment: str, host: str) -> None:
        self.data_dir, self.port, self.demo = data_dir, port, demo
        self.environment, self.host = environment, host
        self.url = f"http://127.0.0.1:{port}/"
        self.stop_asked, self.hurry = threading.Event(), threading.Event()
        self.postgres = None if os.environ.get("DATABASE_URL") else EmbeddedPostgres(data_dir)
        self.postgres_deaths = Child("postgres", [], data_dir / "postgres" / "log")
        self.guardian = Child("guardian", [sys.executable, "-m", "kpr_portal.local.guardian", str(data_dir)])
        self.valkey = None if os.environ.get("BROKER_URL") else self._child("valkey", valkey_command(data_dir))
        self.servers = self._servers()
        self.loader = Child("demonstration", [*MANAGE, "load_demo"])
        self.has_answered = self.announced = False

    def _child(self, name: str, command: list[str]) -> Child:
        return Child(name, command, self.data_dir / "logs" / f"{name}.log")

    def _servers(self) -> list[Child]:
        python = [sys.executable, "-m"]
        celery = [*python, "celery", "-A", "kpr_portal", "--workdir", str(ROOT)]
        beat = ["--schedule", str(self.data_dir / "beat-schedule"), "--pidfile="]
        return [
            self._child(
                "web",
                [*python, "gunicorn", "-c", str(ROOT / "gunicorn.conf.py"), "-b", f"127.0.0.1:{self.port}"],
            ),
            *(self._worker(celery, queue, processes) for queue, processes in WORKERS.items()),
            self._child("beat", [*celery, "beat", *beat]),
        ]

    def _worker(self, celery: list[str], queue: str, processes: int) -> Child:
        node = f"kpr-{hashlib.sha256(os.fsencode(self.data_dir)).hexdigest()[:12]}-{queue}@%h"
        options = ["--pool", "prefork", "--concurrency", str(processes), "--queues", queue, "--hostname", node]
        return self._child(f"worker-{queue}", [*celery, "worker", *options, "--without-gossip", "--without-mingle"])

    @property
    def children(self) -> list[Child]:
        return [*([self.valkey] if self.valkey else []), *self.servers]

    def run(self) -> None:
        """Run until asked to stop.

        Raises:
            Failure: it cannot start, or a process dies again and again.
        """
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self._ask_to_stop)
        with self._own_data_directory() as lock:
            end_strays(self.data_dir)
            self._check_port()
            try:
                self._start(lock)
                self._watch(lock)
            except Stopped:
                pass
            finally:
                self._stop()

    def _ask_to_stop(self, *_: object) -> None:
        if self.stop_asked.is_set():
            self.hurry.set()
        self.stop_asked.set()

    @contextmanager
    def _own_data_directory(self) -> Iterator[int]:
        """Hold the directory's lock; the guardian holds it too, so that it is free only when all is cleaned up."""
        self.data_dir.mkdir(parents=True, exist_ok=True)
        lock = os.open(self.data_dir / "portal.lock", os.O_RDWR | os.O_CREAT, 0o644)
        try:
            self._wait_for(lock)
            os.ftruncate(lock, 0)
            os.pwrite(lock, str(os.getpid()).encode(), 0)
            yield lock
        finally:
            os.close(lock)

    def _wait_for(self, lock: int) -> None:
        deadline = time.monotonic() + 90
        while True:
            with suppress(BlockingIOError):
                return fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            owner = os.pread(lock, 20, 0).decode()
            if (owner and _lives(int(owner))) or time.monotonic() > deadline:
                raise Failure(
                    f"Another portal (process {owner}) runs on the data directory {self.data_dir}. "
                    "Stop it, or name another directory with --data-dir."
                )
            self._pause(0.1)

    def _check_port(self) -> None:
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", self.port))
            except (OSError, OverflowError) as error:
                raise Failure(
                    f"Port {self.port} on 127.0.0.1 cannot be used ({error}). "
                    "Stop the program that uses it, or name another port with --port."
                ) from error

    def _start(self, lock: int) -> None:
        (self.data_dir / "environment").write_text(self.environment + "\n")
        self._start_guardian(lock)
        if self.postgres:
            self._say("Starting PostgreSQL …")
            self.postgres.start()
        if self.valkey:
            self.valkey.start()
        for command in (["migrate", "--no-input", "--verbosity", "1"], ["load_reference"]):
            self._run_to_end(self._child("setup", [*MANAGE, *command]))
        for server in self.servers:
            server.start()

    def _start_guardian(self, lock: int) -> None:
        self.guardian.start(stdin=subprocess.PIPE, pass_fds=(lock,))

    def _run_to_end(self, child: Child) -> None:
        self._say(f"Running {child.command[2]} …")
        child.start()
        try:
            while child.status is None:
                self._pause(0.05)
        finally:
            child.signal_group(signal.SIGKILL)
        if child.status:
            raise Failure(f"`manage.py {child.command[2]}` failed with status {child.status}.{child.last_words()}")

    def _watch(self, lock: int) -> None:
        while True:
            self._pause(0.2)
            self._heal_postgres()
            for child in self.children:
                self._heal(child, child.start)
            self._heal(self.guardian, lambda: self._start_guardian(lock))
            # Asked until it answers, and no longer: each question costs the database a large write.
            self.has_answered = self.has_answered or self._answers()
            if not self.announced and self.has_answered and self._demonstration_is_loaded():
                self._say(f"Portal ready: {self.url}")
                self.announced = True

    def _heal(self, child: Child, start: Callable[[], None]) -> None:
        if child.process and child.status is not None:
            self._say(f"{child.name} ended with status {child.status}; starting it again.", sys.stderr)
            self._bury(child)
        if child.process is None and time.monotonic() >= child.not_before:
            start()

    def _bury(self, child: Child) -> None:
        """Raises:
        Failure: it died too often, and not for want of room on the disk.
        """
        if shutil.disk_usage(self.data_dir).free >= FULL_DISK_BYTES:
            return child.bury()
        self._say(f"The disk of {self.data_dir} is full; {child.name} is started when there is room.", sys.stderr)
        child.deaths.clear()
        child.bury()
        child.not_before = time.monotonic() + FULL_DISK_SECONDS

    def _heal_postgres(self) -> None:
        if not self.postgres or self.postgres.postmaster() or time.monotonic() < self.postgres_deaths.not_before:
            return
        self._say("postgres ended; starting it again.", sys.stderr)
        self._bury(self.postgres_deaths)
        with suppress(NotStarted):
            self.postgres.revive()

    def _answers(self) -> bool:
        request = urllib.request.Request(self.url + "readyz", headers={"Host": self.host})  # noqa: S310
        with suppress(OSError), urllib.request.urlopen(request, timeout=5):  # noqa: S310
            return True
        return False

    def _demonstration_is_loaded(self) -> bool:
        loaded = self.data_dir / "demonstration-loaded"
        if not self.demo or loaded.exists():
            return True
        if self.loader.process is None:
            if time.monotonic() >= self.loader.not_before:
                self.loader.start()
        elif self.loader.status == 0:
            loaded.touch()
        elif self.loader.status is not None:
            self.loader.bury()
        return loaded.exists()

    def _stop(self) -> None:
        if self.announced:
            self._say("Stopping …")
        self._end([self.loader, *reversed(self.servers)], STOP_SECONDS)
        self._end([self.valkey] if self.valkey else [], 5)
        if self.postgres:
            self.postgres.stop()
        if self.guardian.process and self.guardian.process.stdin:
            self.guardian.process.stdin.close()
            self.guardian.process.wait(60)

    def _end(self, children: list[Child], seconds: float) -> None:
        for child in children:
            if child.process and child.status is None:
                child.process.terminate()
        deadline = time.monotonic() + seconds
        while any(child.process and child.status is None for child in children):
            if time.monotonic() > deadline or self.hurry.wait(0.05):
                break
        for child in children:
            child.signal_group(signal.SIGKILL)
            if child.process:
                child.process.wait()

    def _pause(self, seconds: float) -> None:
        if self.stop_asked.wait(seconds):
            raise Stopped

    def _say(self, sentence: str, stream: IO[str] | None = None) -> None:
        print(sentence, file=stream or sys.stdout, flush=True)
