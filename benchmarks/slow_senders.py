"""What slow senders do to a page, with web servers side by side on the same portal.

Each server is started on the database of one running portal and is asked for a page, at rest and while 200 connections have sent
half of their headers and 50 half of a body (at both doors, with and without a right to send), and is sent a large message.
A page that does not come within TOO_LONG seconds is told as such.

    .venv/bin/python -m pip install --require-hashes -r requirements-bench.lock
    .venv/bin/python -m benchmarks.slow_senders
"""

from __future__ import annotations

import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import httpx

from benchmarks import arguments
from benchmarks.intake import make
from benchmarks.pages import PASSWORD, log_in
from tests.portal_process import ROOT, RunningPortal, free_port

PAGE, TOO_LONG = "/kommune/0301/?aar=2023", 20
HALF_OPEN, HALF_BODIES, ROUNDS = 200, 50, 40
GUNICORN = ["gunicorn", "-c", "gunicorn.conf.py", "--log-level", "error", "-b", "127.0.0.1:{port}"]
GTHREAD = ["--worker-class", "gthread", "--keep-alive", "5"]
GRANIAN = ["granian", "--interface", "wsgi", "--host", "127.0.0.1", "--port", "{port}", "--workers", "2", "--no-ws"]
GRANIAN += ["--log-level", "error", "kpr_portal.wsgi:application", "--blocking-threads"]
SERVERS = {
    "gunicorn gthread, 2 × 4": [*GUNICORN, *GTHREAD],
    "gunicorn gthread, 2 × 64": [*GUNICORN, *GTHREAD, "--threads", "64"],
    "gunicorn gevent, 2": [*GUNICORN, "--worker-class", "gevent"],
    "granian, 2 × 4": [*GRANIAN, "4"],
    "granian, 2 × 64": [*GRANIAN, "64"],
    "waitress, 1 × 8": [
        "waitress", "--host", "127.0.0.1", "--port", "{port}", "--threads", "8", "--connection-limit", "1000",
        "--asyncore-use-poll", "kpr_portal.wsgi:application",
    ],
    "ours, 2 × (4 + 2)": GUNICORN,
}  # fmt: skip


@contextmanager
def served(command: list[str], portal: RunningPortal) -> Iterator[str]:
    """Yields the address of the web server that the command starts."""
    port = free_port()
    words = [word.format(port=port) for word in command]
    process = subprocess.Popen([sys.executable, "-m", *words], cwd=ROOT, env=portal.env, stderr=subprocess.DEVNULL)
    try:
        while not answers(port):
            assert process.poll() is None, f"{words} ended"
            time.sleep(0.1)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        try:
            process.wait(15)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def answers(port: int) -> bool:
    try:
        return httpx.get(f"http://127.0.0.1:{port}/healthz").status_code == 200
    except httpx.TransportError:
        return False


def milliseconds(client: httpx.Client, address: str) -> float | None:
    """For a page over a new connection; None when it does not come in time."""
    started = time.perf_counter()
    try:
        assert client.get(address, headers={"Connection": "close"}).status_code == 200
    except httpx.TransportError:
        return None
    return (time.perf_counter() - started) * 1000


def median(client: httpx.Client, address: str) -> str:
    taken = []
    for _ in range(ROUNDS):
        one = milliseconds(client, address)
        if one is None:
            return f"> {TOO_LONG * 1000}"
        taken.append(one)
    return f"{statistics.median(taken):.0f} (max {max(taken):.0f})"


@contextmanager
def slow_senders(address: str, cookie: str, token: str) -> Iterator[None]:
    host, port = address.removeprefix("http://").split(":")
    half = f"POST /logg-inn/ HTTP/1.1\r\nHost: {host}\r\nCookie: "
    body = "Content-Length: 1000000\r\n\r\n" + "x" * 2000
    api = f"POST /api/v1/submissions/ HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/xml\r\n"
    web = f"POST /kommune/0301/innsendinger/ny/ HTTP/1.1\r\nHost: {host}\r\nContent-Type: multipart/form-data; boundary=x\r\n"
    bodies = [
        api + body,
        web + body,
        f"{api}Authorization: Bearer {token}\r\n{body}",
        f"{web}Cookie: {cookie}\r\n{body}",
    ]
    texts = [half] * HALF_OPEN + [bodies[n % len(bodies)] for n in range(HALF_BODIES)]
    with ExitStack() as stack:
        for text in texts:
            line = stack.enter_context(socket.create_connection((host, int(port)), timeout=TOO_LONG))
            line.sendall(text.encode())
        time.sleep(1)
        yield


def upload(address: str, token: str, file: Path) -> float:
    """Seconds until a trial of a large message is received, or refused as one that was received already: read, checked and
    encrypted either way."""
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/xml"}
    content, taken = file.read_bytes(), []
    for _ in range(5):
        started = time.perf_counter()
        answer = httpx.post(
            f"{address}/api/v1/submissions/?dry_run=true", content=content, headers=headers, timeout=120
        )
        assert answer.status_code in (202, 409), answer.text
        taken.append(time.perf_counter() - started)
    return statistics.median(taken)


def main() -> None:
    with tempfile.TemporaryDirectory() as folder, RunningPortal(Path(folder) / "var", KPR_TODAY="2024-01-08") as portal:
        message = make(Path(folder))[2023]
        token = portal.run_command("create_token", "benchmark", "--scope", "submit").stdout.strip().splitlines()[-1]
        who = ["create_user", "oslo", "--role", "municipality", "--municipality", "0301", "--password-stdin"]
        portal.run_command(*who, input=PASSWORD)
        upload(portal.url.rstrip("/"), token, message)
        time.sleep(20)  # the workers are at rest
        print(f"{'server':26} {'page ms at rest':>20} {'with slow senders':>20} {'upload s':>9}")
        for name, command in SERVERS.items():
            with served(command, portal) as address, httpx.Client(base_url=address, timeout=TOO_LONG) as client:
                client.headers["Referer"] = address
                log_in(client)
                cookie = "; ".join(f"{key}={value}" for key, value in client.cookies.items())
                calm, sent = median(client, PAGE), upload(address, token, message)
                with slow_senders(address, cookie, token):
                    slow = median(client, PAGE)
                print(f"{name:26} {calm:>20} {slow:>20} {sent:9.2f}", flush=True)


if __name__ == "__main__":
    arguments(__doc__).parse_args()
    main()
