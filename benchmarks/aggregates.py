"""Requests a second to the aggregates of a running portal, beside a bare Django view that returns the same bytes ready-made.

Both under the same gunicorn settings, on the same machine as the client, in turns. The client is plain sockets with kept
connections, so that it takes as little as possible of the two cores.

    .venv/bin/python -m benchmarks.aggregates
"""

from __future__ import annotations

import os
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from benchmarks import arguments
from tests.portal_process import ROOT, RunningPortal, free_port

INDICATOR = "nutrition-assessed-institution"
YEARS = range(2020, 2025)
FILL = f"""
from tests.releases import nation, publication, table
publication(1, [table("{INDICATOR}", nation(year)) for year in {YEARS}])
"""
QUERIES = ("year=2023", "year=2023&format=json-stat", "format=csv", "year=2023&format=xlsx", "area=0,11,1103")
CONNECTIONS, SECONDS, ROUNDS = 8, 1.5, 7
# What keeps a request from the ready-made answers: it is rendered anew each time.
ANEW = "Cookie: anybody=1\r\n"


@dataclass
class Load:
    """What one burst of requests met with; times in seconds."""

    times: list[float] = field(default_factory=list)
    took: float = 0.0

    @property
    def rate(self) -> float:
        return len(self.times) / self.took

    def percentile(self, percent: int) -> float:
        """In milliseconds."""
        return statistics.quantiles(self.times, n=100)[percent - 1] * 1000


def hammer(port: int, path: str, header: str = "") -> Load:
    load = Load()
    started = time.perf_counter()
    until = started + SECONDS
    threads = [threading.Thread(target=ask, args=(port, path, header, until, load.times)) for _ in range(CONNECTIONS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    load.took = time.perf_counter() - started
    return load


def ask(port: int, path: str, header: str, until: float, times: list[float]) -> None:
    """One connection, one request after the other."""
    question = f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nAccept: */*\r\n{header}\r\n".encode()
    buffer = bytearray(1 << 20)
    with socket.create_connection(("127.0.0.1", port)) as line:
        line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        while time.perf_counter() < until:
            started = time.perf_counter()
            line.sendall(question)
            read_answer(line, buffer)
            times.append(time.perf_counter() - started)


def read_answer(line: socket.socket, buffer: bytearray) -> None:
    view, got, end, whole = memoryview(buffer), 0, -1, 0
    while end < 0 or got < whole:
        read = line.recv_into(view[got:])
        assert read, "the server closed the connection"
        got += read
        if end < 0 and (end := buffer.find(b"\r\n\r\n", 0, got)) >= 0:
            head = bytes(buffer[:end]).lower()
            assert head.startswith(b"http/1.1 200"), head
            whole = end + 4 + int(head.split(b"content-length:")[1].split(b"\r\n")[0])


@contextmanager
def bare_server(body: bytes, folder: Path) -> Iterator[int]:
    """A gunicorn of its own with the portal's settings. Yields its port."""
    file, port = folder / "body", free_port()
    file.write_bytes(body)
    command = [
        sys.executable,
        "-m",
        "gunicorn",
        "-c",
        "gunicorn.conf.py",
        "-b",
        f"127.0.0.1:{port}",
        "--log-level",
        "error",
    ]
    process = subprocess.Popen(
        [*command, "benchmarks.bare:application"], cwd=ROOT, env={**os.environ, "BARE_BODY": str(file)}
    )
    try:
        while not answers(port):
            time.sleep(0.1)
        yield port
    finally:
        process.terminate()
        process.wait()


def answers(port: int) -> bool:
    try:
        return httpx.get(f"http://127.0.0.1:{port}/").status_code == 200
    except httpx.TransportError:
        return False


def compare(portal: RunningPortal, query: str, folder: Path, header: str = "") -> None:
    path = f"/api/v1/aggregates/{INDICATOR}/?{query}"
    body = httpx.get(f"{portal.url.rstrip('/')}{path}").content
    with bare_server(body, folder) as port:
        for warm, address in ((portal.port, path), (port, "/")):
            hammer(warm, address)
        pairs = [(hammer(port, "/"), hammer(portal.port, path, header)) for _ in range(ROUNDS)]
    bare, ours = (sorted(loads, key=lambda load: load.rate)[ROUNDS // 2] for loads in zip(*pairs, strict=True))
    ratio = statistics.median(own.rate / other.rate for other, own in pairs)
    told = (f"{load.rate:6.0f} {load.percentile(50):5.1f} {load.percentile(95):5.1f}" for load in (bare, ours))
    print(
        f"{query + (' anew' if header else ''):28} {len(body) / 1000:6.1f}  {' | '.join(told)} | {ratio:5.2f}",
        flush=True,
    )


def main() -> None:
    with tempfile.TemporaryDirectory() as folder, RunningPortal(Path(folder) / "var") as portal:
        portal.run_command("shell", "-c", FILL)
        print(f"{'':35}  {'bare':18} | portal")
        print(f"{'query':28} {'kB':>6}  {'req/s   p50   p95':18} | {'req/s   p50   p95':18} | ratio")
        for query in QUERIES:
            compare(portal, query, Path(folder))
        compare(portal, "year=2023", Path(folder), ANEW)


if __name__ == "__main__":
    arguments(__doc__).parse_args()
    main()
