"""A whole portal in its own processes and data directory, driven from outside as an operator would."""

import os
import queue
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path
from types import TracebackType

import psutil

from kpr_portal.local.embedded import EmbeddedPostgres
from tests import leaks
from tests.waiting import PATIENCE

ROOT = Path(__file__).parent.parent
MANAGE = [sys.executable, str(ROOT / "manage.py")]


def copy_of_the_tree(place: Path) -> Path:
    """The project as a newcomer has it, without data, where commands may write what they like; built, with what is installed here."""
    assert (ROOT / ".venv" / "stamps" / "python").exists(), "Run `make setup` first."
    left_out = shutil.ignore_patterns(".git", ".venv", "node_modules", "var", "__pycache__", ".*cache", ".hypothesis")
    shutil.copytree(ROOT, place, ignore=left_out)
    (place / "node_modules").symlink_to(ROOT / "node_modules")
    (place / ".venv").mkdir()
    for each in (ROOT / ".venv").iterdir():
        if each.name != "stamps":
            (place / ".venv" / each.name).symlink_to(each)
    # Make builds in the copy what is older than its source, and must not believe that it did so here.
    shutil.copytree(ROOT / ".venv" / "stamps", place / ".venv" / "stamps")
    return place


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def command(process: psutil.Process) -> str:
    """Empty where it ended meanwhile."""
    with suppress(psutil.Error, OSError):
        return " ".join(process.cmdline())
    return ""


def parent(process: psutil.Process) -> int:
    """0 where it ended meanwhile."""
    with suppress(psutil.Error, OSError):
        return process.ppid()
    return 0


class RunningPortal:
    """`with RunningPortal(tmp_path / "var") as portal:` starts it, waits until it is ready, and stops it.

    With a `tree` (see `copy_of_the_tree`) it is started there with `make run`, as a newcomer starts it: its data are in the tree's own
    var/, and nothing tells it so.
    """

    def __init__(
        self,
        data_dir: Path,
        *,
        port: int | None = None,
        demo: bool = False,
        tree: Path | None = None,
        **environment: str,
    ) -> None:
        self.data_dir = Path(data_dir)
        self.port = port or free_port()
        self.url = f"http://127.0.0.1:{self.port}/"
        self.arguments = ["--port", str(self.port), "--data-dir", str(self.data_dir), *(["--demo"] if demo else [])]
        outside = {name: value for name, value in os.environ.items() if not name.startswith("KPR_")}
        self.env = {
            **outside,
            "KPR_ENVIRONMENT": "demo" if demo else "test",
            "KPR_DATA_DIR": str(self.data_dir),
            **environment,
        }
        self.as_written = {
            **{name: outside[name] for name in outside if not name.startswith(("MAKE", "MFLAGS"))},
            **environment,
        }
        self.cwd = tree or ROOT
        self.command = ["make", "run", f"PORT={self.port}"] if tree else [*MANAGE, "portal", *self.arguments]
        self.output: list[str] = []
        self.process: subprocess.Popen[str] | None = None
        self._lines: queue.Queue[str | None] = queue.Queue()

    def start(self) -> "RunningPortal":
        """Start it and wait for the line that says it is ready. Where that does not come, nothing is left running."""
        self.launch()
        try:
            self.wait_for_line(f"Portal ready: {self.url}")
        except BaseException:
            self.end()
            raise
        return self

    def launch(self) -> None:
        self.output, self._lines = [], queue.Queue()
        self.process = subprocess.Popen(
            self.command,
            env=self.env if self.cwd == ROOT else self.as_written,
            cwd=self.cwd,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        threading.Thread(target=self._read, args=(self.process, self._lines), daemon=True).start()

    def _read(self, process: "subprocess.Popen[str]", lines: "queue.Queue[str | None]") -> None:
        assert process.stdout
        with process.stdout:
            for line in process.stdout:
                lines.put(line.rstrip("\n"))
        lines.put(None)

    def wait_for_line(self, wanted: str) -> None:
        deadline = time.monotonic() + PATIENCE
        while True:
            try:
                line = self._lines.get(timeout=max(0.01, deadline - time.monotonic()))
            except queue.Empty:
                raise AssertionError(f"no line «{wanted}» in {PATIENCE:.0f} s:\n" + "\n".join(self.output)) from None
            assert line is not None, f"it ended without the line «{wanted}»:\n" + "\n".join(self.output)
            self.output.append(line)
            if line == wanted:
                return

    def stop(self, number: int = signal.SIGINT) -> int:
        """Ask it to stop, as a terminal does (its whole group is asked), and return its exit status."""
        assert self.process
        if self.process.poll() is None:
            os.killpg(self.process.pid, number)
        return self.process.wait(PATIENCE)

    def stop_itself(self) -> int:
        """Wait until it ends without being asked, and return its exit status."""
        assert self.process
        return self.process.wait(PATIENCE)

    def end(self) -> None:
        """End it and every process that works for its data directory, however things stand."""
        with suppress(subprocess.TimeoutExpired):
            if self.process:
                self.process.terminate()
                self.process.wait(60)
        left = [*self.processes(), *([psutil.Process(self.process.pid)] if self._still_runs() else [])]
        for process in left:
            with suppress(psutil.Error):
                process.kill()
        psutil.wait_procs(left, timeout=60)

    def assert_runs(self) -> None:
        """Raises:
        AssertionError: it ended; with all that it said.
        """
        assert self._still_runs(), "the portal ended:\n" + self.all_output()

    def _still_runs(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def all_output(self) -> str:
        """Everything that it wrote; only after it ended."""
        while (line := self._lines.get(timeout=PATIENCE)) is not None:
            self.output.append(line)
        self._lines.put(None)
        return "\n".join(self.output)

    def run_command(self, *arguments: str, input: str | None = None) -> "subprocess.CompletedProcess[str]":
        """Run `manage.py ...` beside the portal, as from another terminal. Raises with all it said when it fails."""
        try:
            return subprocess.run(
                [*MANAGE, *arguments], env=self.env, cwd=ROOT, input=input, text=True, capture_output=True, check=True
            )
        except subprocess.CalledProcessError as error:
            error.add_note(f"{error.stdout}\n{error.stderr}")
            raise

    def processes(self, word: str = "") -> list[psutil.Process]:
        """Every process that works for this data directory: by its command, its environment or where it stands; those
        with the word in their command."""
        return [process for process in psutil.process_iter() if self._owns(process) and word in command(process)]

    def _owns(self, process: psutil.Process) -> bool:
        directory = str(self.data_dir)
        with suppress(psutil.Error, OSError):
            return process.pid != os.getpid() and (
                any(directory in word for word in process.cmdline())
                or process.environ().get("KPR_DATA_DIR") == directory
                or process.cwd().startswith(directory)
            )
        return False

    def __enter__(self) -> "RunningPortal":
        return self.start()

    def __exit__(self, kind: type[BaseException] | None, _value: object, _trace: TracebackType | None) -> None:
        if kind:
            print("\n".join(self.output))
        before = len(leaks.leaks)
        try:
            self.look_for_leaks()
            self.stop()
        finally:
            self.end()
        assert kind or len(leaks.leaks) == before, sorted(set(leaks.leaks[before:]))[:20]

    def look_for_leaks(self) -> None:
        if (self.data_dir / "postgres" / "postmaster.pid").exists() and self._still_runs():
            leaks.look_at_portal(self.data_dir, EmbeddedPostgres(self.data_dir).url, self.env)
        leaks.look(f"the output of {self.url}", "\n".join(self.output))
