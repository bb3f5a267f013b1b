"""Ends what a killed supervisor left behind. The supervisor runs it and holds its standard input open while it lives."""

import os
import signal
import sys
from contextlib import suppress
from pathlib import Path

import psutil

from kpr_portal.local.embedded import EmbeddedPostgres

# Set in the environment of every process that the supervisor starts, to its data directory.
MARK = "KPR_SUPERVISED"


def end_strays(data_dir: Path) -> None:
    """Kill every other process that a supervisor of this data directory started."""
    strays = list(_strays(str(data_dir)))
    for stray in strays:
        with suppress(psutil.Error):
            stray.kill()
    psutil.wait_procs(strays, timeout=10)


def _strays(mark: str) -> list[psutil.Process]:
    found = []
    for process in psutil.process_iter():
        with suppress(psutil.Error, OSError):
            if process.pid != os.getpid() and process.environ().get(MARK) == mark:
                found.append(process)
    return found


def main() -> None:
    data_dir = Path(sys.argv[1])
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    sys.stdin.buffer.read()
    end_strays(data_dir)
    if not os.environ.get("DATABASE_URL"):
        EmbeddedPostgres(data_dir).stop()


if __name__ == "__main__":
    main()
