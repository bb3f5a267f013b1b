"""A whole nation at scale 1 in a database of its own, through the intake's own inspection and loader.

Importing it sets Django up on that database, so it comes before anything that reads the settings.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

FOLDER = tempfile.TemporaryDirectory()
os.environ |= {
    "KPR_DATA_DIR": f"{FOLDER.name}/var",
    "KPR_ENVIRONMENT": "test",
    "DJANGO_SETTINGS_MODULE": "kpr_portal.settings",
    "KPR_DATABASE_ROLE": "operator",
}

import django  # noqa: E402  (the settings read the environment)

django.setup()

from django.db import connections  # noqa: E402

from kpr_portal.local.embedded import ensure_postgres  # noqa: E402
from municipalities.access import Access  # noqa: E402
from municipalities.database import OWNER  # noqa: E402
from submissions import tasks, vault  # noqa: E402
from submissions.load import load  # noqa: E402
from submissions.models import Channel  # noqa: E402
from submissions.receive import receive  # noqa: E402

YEAR = 2021


def prepare() -> None:
    """Tables and reference data, made by the commands: each logs in as what it does needs."""
    ensure_postgres()
    environment = {name: value for name, value in os.environ.items() if name != "KPR_DATABASE_ROLE"}
    for command in ("migrate", "load_reference"):
        subprocess.run([sys.executable, "manage.py", command, "--verbosity", "0"], env=environment, check=True)


def fill() -> None:
    """The rows of every municipality, without findings."""
    prepare()
    folder = Path(FOLDER.name) / "nation"
    subprocess.run(
        [sys.executable, "manage.py", "generate_nation", "--year", str(YEAR), "--out", str(folder), "--scale", "1"],
        check=True,
        capture_output=True,
    )
    tasks.nudge = lambda *_: None  # no worker listens here
    everyone = Access(name="benchmark", municipalities=None, scopes=frozenset({"submit"}))
    for file in sorted(folder.glob("*.xml")):
        with file.open("rb") as content:
            submission = receive(channel=Channel.API, access=everyone, content=content)
        load(submission, vault.read(submission.message))
    with connections[OWNER].cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")


def seconds(work: Callable[[], object], times: int = 5) -> float:
    taken = []
    for _ in range(times):
        started = time.perf_counter()
        work()
        taken.append(time.perf_counter() - started)
    return sorted(taken)[len(taken) // 2]
