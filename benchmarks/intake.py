"""From POST to all findings done for one large municipality, against the floor, measured side by side in one run.

The floor is reading the same file with lxml's iterparse taking the attributes, plus one psycopg COPY of the same rows; it is
measured before and after each message, while the portal rests. The portal is a whole one, in its own processes, with its own
data directory.

    .venv/bin/python -m benchmarks.intake
"""

from __future__ import annotations

import datetime
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import httpx
import psutil
import psycopg
from lxml import etree

from benchmarks import arguments
from kpr_portal.local.embedded import EmbeddedPostgres
from tests.portal_process import MANAGE, RunningPortal

NAMESPACE = "{urn:kpr:arsmelding:1.0}"
TABLES = {"Bruker": "person", "Tjeneste": "service", "Opplysning": "answer"}
# Oslo alone: scale 1 is the largest municipality there is; the others show how the time grows.
SCALES = {2020: 1 / 16, 2021: 1 / 4, 2022: 1.0, 2023: 1.0}


def make(folder: Path) -> dict[int, Path]:
    for year, scale in SCALES.items():
        command = [*MANAGE, "generate_nation", "--year", str(year), "--out", str(folder), "--municipalities", "1"]
        subprocess.run([*command, "--scale", str(scale)], check=True, capture_output=True)
    return {year: folder / f"0301-{year}.xml" for year in SCALES}


def rows(file: Path) -> Iterator[tuple[str, tuple[str | None, ...]]]:
    """Each row as its attributes in a fixed order, as a loader must have them."""
    columns = {
        "Bruker": ("brukerNr", "fid", "typeID", "kjonn", "fodselsar", "bydel"),
        "Tjeneste": (
            "tjenesteID", "tjenesteType", "soknadDato", "vedtakDato", "startDato", "sluttDato", "timerPerUke", "tjenesteOrgNr",
        ),
        "Opplysning": ("navn", "svar", "dato"),
    }  # fmt: skip
    with file.open("rb") as content:
        for _event, element in etree.iterparse(content, events=("end",)):
            kind = element.tag[len(NAMESPACE) :]
            if kind in columns:
                yield kind, tuple(element.get(name) for name in columns[kind])
            if kind == "Bruker":
                element.clear()
                while element.getprevious() is not None:
                    del element.getparent()[0]


def floor(file: Path, database: psycopg.Connection) -> float:
    """Seconds for reading and copying, into tables of plain columns without any index."""
    with database.cursor() as cursor:
        for table, width in (("Bruker", 6), ("Tjeneste", 8), ("Opplysning", 3)):
            cursor.execute(f"CREATE TABLE floor_{table} ({', '.join(f'c{n} text' for n in range(width))})")
        database.commit()
        started = time.perf_counter()
        kept: dict[str, list[tuple[str | None, ...]]] = {kind: [] for kind in TABLES}
        for kind, row in rows(file):
            kept[kind].append(row)
        for kind, lines in kept.items():
            with cursor.copy(f"COPY floor_{kind} FROM STDIN") as copy:
                for line in lines:
                    copy.write_row(line)
        database.commit()
        seconds = time.perf_counter() - started
        for table in TABLES:
            cursor.execute(f"DROP TABLE floor_{table}")
        database.commit()
    return seconds


@contextmanager
def peak_memory(portal: RunningPortal) -> Iterator[list[float]]:
    """The largest resident memory (MB) of any worker process meanwhile."""
    peak, stop = [0.0], threading.Event()
    workers = portal.processes("celery")

    def watch() -> None:
        while not stop.wait(0.2):
            for process in workers:
                with suppress(psutil.Error):
                    peak[0] = max(peak[0], process.memory_info().rss / 1024**2)

    thread = threading.Thread(target=watch)
    thread.start()
    yield peak
    stop.set()
    thread.join()


def wait_for_rest(portal: RunningPortal) -> None:
    """Until its processes do nothing for two seconds: the indicators are computed after what is measured here."""
    while True:
        before = busy_seconds(portal)
        time.sleep(2)
        if busy_seconds(portal) - before < 0.2:
            return


def busy_seconds(portal: RunningPortal) -> float:
    servers = [each for each in psutil.process_iter(["name"]) if each.info["name"] == "postgres"]
    seconds = 0.0
    for process in [*portal.processes(), *servers]:
        with suppress(psutil.Error):
            seconds += sum(process.cpu_times()[:2])
    return seconds


def post(client: httpx.Client, file: Path) -> tuple[float, float, dict]:
    """Seconds until received and until done, and the receipt. It is asked for seldom: asking costs what the workers need."""
    content = file.read_bytes()
    started = time.time()
    answer = client.post("/submissions/", content=content)
    answer.raise_for_status()
    received = time.time() - started
    while True:
        receipt = client.get(f"/submissions/{answer.json()['id']}/").json()
        if receipt["status"] not in {"received", "processing"}:
            assert receipt["status"] == "done", receipt
            done = datetime.datetime.fromisoformat(receipt["processed_at"])
            return received, done.timestamp() - started, receipt
        time.sleep(0.5)


def main() -> None:
    with tempfile.TemporaryDirectory() as folder, RunningPortal(Path(folder) / "var") as portal:
        files = make(Path(folder))
        token = portal.run_command("create_token", "benchmark", "--scope", "submit").stdout.strip().splitlines()[-1]
        headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/xml"}
        with (
            httpx.Client(base_url=f"{portal.url}api/v1", headers=headers, timeout=120) as client,
            psycopg.connect(EmbeddedPostgres(portal.data_dir).url) as database,
        ):
            print("persons  services   MB  floor s  received s  done s  ratio  worker MB")
            for _year, file in files.items():
                before = floor(file, database)
                with peak_memory(portal) as peak:
                    received, done, receipt = post(client, file)
                wait_for_rest(portal)
                least = (before + floor(file, database)) / 2
                counts = receipt["counts"]
                print(
                    f"{counts['persons']:7} {counts['services']:9} {file.stat().st_size / 1e6:4.0f} {least:8.2f} "
                    f"{received:11.2f} {done:7.2f} {done / least:6.2f} {peak[0]:10.0f}",
                    flush=True,
                )


if __name__ == "__main__":
    arguments(__doc__).parse_args()
    sys.exit(main())
