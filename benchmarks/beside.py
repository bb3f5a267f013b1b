"""Thirty small messages sent while the largest municipality's is worked on: seconds until the last of them is done.

The same thirty are sent again when nothing else is worked on, for the ratio. Also the memory of all worker processes, each page that
they share counted once (PSS).

    .venv/bin/python -m benchmarks.beside
"""

from __future__ import annotations

import datetime
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any

import httpx
import psutil

from benchmarks import arguments
from tests.messages import message, municipalities_of_2020, people
from tests.portal_process import MANAGE, RunningPortal

SMALL, PERSONS = 30, 60


def largest(folder: Path) -> bytes:
    """Oslo twice over, which is beyond what any municipality has."""
    command = [
        *MANAGE,
        "generate_nation",
        "--year",
        "2023",
        "--out",
        str(folder),
        "--municipalities",
        "1",
        "--scale",
        "2",
    ]
    subprocess.run(command, check=True, capture_output=True)
    return (folder / "0301-2023.xml").read_bytes()


def send(client: httpx.Client, content: bytes) -> int:
    answer = client.post("/submissions/", content=content)
    answer.raise_for_status()
    return int(answer.json()["id"])


def receipt(client: httpx.Client, submission: int) -> dict[str, Any]:
    return dict(client.get(f"/submissions/{submission}/").json())


def seconds_of_thirty(client: httpx.Client, year: int) -> float:
    """From the first POST until the last is done."""
    started = time.time()
    codes = municipalities_of_2020()[:SMALL]
    sent = [send(client, message(code, year, persons=people(PERSONS))) for code in codes]
    done = []
    for submission in sent:
        while (seen := receipt(client, submission))["status"] in {"received", "processing"}:
            time.sleep(0.2)
        assert seen["status"] == "done", seen
        done.append(datetime.datetime.fromisoformat(seen["processed_at"]).timestamp())
    return max(done) - started


def memory(portal: RunningPortal) -> float:
    """MB of all worker processes together."""
    found = [process.memory_full_info().pss for process in portal.processes(" worker --pool") if process.is_running()]
    return sum(found) / 1024**2


def main() -> None:
    with tempfile.TemporaryDirectory() as folder, RunningPortal(Path(folder) / "var") as portal:
        content = largest(Path(folder))
        created = portal.run_command("create_token", "bench", "--scope", "submit", "findings")
        headers = {"Authorization": f"Bearer {created.stdout.split()[-1]}", "Content-Type": "application/xml"}
        with httpx.Client(base_url=f"{portal.url}api/v1", headers=headers, timeout=600) as client:
            alone = seconds_of_thirty(client, 2021)
            print(f"workers at rest: {memory(portal):.0f} MB")
            started = time.time()
            large = send(client, content)
            while receipt(client, large)["status"] == "received":
                time.sleep(0.1)
            beside = seconds_of_thirty(client, 2022)
            print(f"workers at work: {memory(portal):.0f} MB; {psutil.cpu_count()} cores")
            in_work = receipt(client, large)["status"] == "processing"
            while (seen := receipt(client, large))["status"] == "processing":
                time.sleep(0.5)
            took = datetime.datetime.fromisoformat(seen["processed_at"]).timestamp() - started
            print(f"large: {len(content) / 1e6:.0f} MB, {seen['status']} after {took:.1f} s")
            print(f"{SMALL} small ones: {alone:.1f} s alone, {beside:.1f} s beside it, ratio {beside / alone:.1f}")
            print(f"the large one was still in work when they were done: {in_work}")


if __name__ == "__main__":
    arguments(__doc__).parse_args()
    main()
