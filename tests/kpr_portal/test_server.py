"""The web server from outside: slow senders, bodies from strangers, refusals under way, guessing, headers."""

from __future__ import annotations

import json
import re
import shutil
import socket
import stat
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from pathlib import Path

import httpx
import psutil
import pytest
import requests

from tests.messages import message, people
from tests.portal_process import RunningPortal

pytestmark = [pytest.mark.portal, pytest.mark.timeout(600)]
PASSWORD = "fjellet-er-hvitt-i-dag"
LIMIT = 25_000_000  # bytes of a message
WAIT = 120  # seconds, for what must happen some time
LOGIN, UPLOAD, API = "/logg-inn/", "/kommune/0301/innsendinger/ny/", "/api/v1/submissions/"
XML = {"Content-Type": "application/xml"}
FORM = {"Content-Type": "multipart/form-data; boundary=x"}


@pytest.fixture(scope="module")
def portal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningPortal]:
    folder = tmp_path_factory.mktemp("server") / "var"
    with RunningPortal(folder, KPR_MAX_MESSAGE_BYTES=str(LIMIT), BEHIND_PROXY="1") as running:
        who = ["create_user", "oslo", "--role", "municipality", "--municipality", "0301", "--password-stdin"]
        running.run_command(*who, input=PASSWORD)
        yield running


@pytest.fixture(scope="module")
def token(portal: RunningPortal) -> str:
    made = portal.run_command("create_token", "test", "--municipality", "0301", "--scope", "submit")
    return made.stdout.strip().splitlines()[-1]


def browser(portal: RunningPortal, address: str = "192.0.2.1") -> httpx.Client:
    """Somebody who comes from this address, through the proxy."""
    headers = {"X-Forwarded-For": address, "Referer": portal.url}
    return httpx.Client(base_url=portal.url.rstrip("/"), headers=headers, timeout=WAIT)


def log_in(client: httpx.Client, name: str = "oslo", password: str = PASSWORD) -> httpx.Response:
    shown = client.get(LOGIN).text
    found = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', shown)
    assert found
    fields = {"csrfmiddlewaretoken": found.group(1), "username": name, "password": password, "next": ""}
    return client.post(LOGIN, data=fields)


def cookies(client: httpx.Client) -> str:
    return "; ".join(f"{name}={value}" for name, value in client.cookies.items())


def head(path: str, **headers: str) -> bytes:
    lines = [f"POST {path} HTTP/1.1", "Host: 127.0.0.1", *(f"{k.replace('_', '-')}: {v}" for k, v in headers.items())]
    return "\r\n".join([*lines, "", ""]).encode()


def connect(portal: RunningPortal) -> socket.socket:
    return socket.create_connection(("127.0.0.1", portal.port), timeout=WAIT)


def knocks(portal: RunningPortal, token: str) -> list[dict[str, str]]:
    """Headers at both doors, of those who may send and of those who may not."""
    with browser(portal) as client:
        assert log_in(client).status_code == 302
        cookie = cookies(client)
    form = {"Content_Type": FORM["Content-Type"]}
    xml = {"Content_Type": XML["Content-Type"]}
    return [
        {"path": API, **xml},
        {"path": UPLOAD, **form},
        {"path": LOGIN, **form},
        {"path": API, **xml, "Authorization": f"Bearer {token}"},
        {"path": UPLOAD, **form, "Cookie": cookie},
    ]


def spooled(portal: RunningPortal) -> int:
    """Bytes in nameless files that the web server's processes hold open."""
    total = 0
    for process in portal.processes("gunicorn"):
        with suppress(OSError, psutil.Error):
            for file in Path(f"/proc/{process.pid}/fd").iterdir():
                with suppress(OSError):
                    held = file.stat()
                    total += held.st_size if stat.S_ISREG(held.st_mode) and not held.st_nlink else 0
    return total


def eventually(test: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + WAIT
    while not test():
        assert time.monotonic() < deadline, f"not {what} in {WAIT} s"
        time.sleep(0.1)


# --- Slow senders --------------------------------------------------------------------------------------------


def test_half_sent_headers_and_bodies_keep_nobody_waiting(portal: RunningPortal, token: str) -> None:
    doors = knocks(portal, token)
    with ExitStack() as stack:
        for n in range(250):
            line = stack.enter_context(connect(portal))
            if n < 200:
                line.sendall(b"POST /logg-inn/ HTTP/1.1\r\nHost: 127.0.0.1\r\nCookie: ")
            else:
                line.sendall(head(**doors[n % len(doors)], Content_Length="900000") + b"x" * 5000)
        with browser(portal) as client:
            assert client.get("/healthz").status_code == 200
            assert client.get("/").status_code == 200
            assert log_in(client).status_code == 302
            assert client.get("/kommune/0301/").status_code == 200
            sent = client.post(
                API, content=message("0301", persons=people(1)), headers={**XML, "Authorization": f"Bearer {token}"}
            )
            assert sent.status_code == 202, sent.text


def test_one_sender_may_not_send_any_number_at_once(portal: RunningPortal, token: str) -> None:
    """Eight in each of two processes, and some that are asked about at the same moment."""
    with ExitStack() as stack:
        lines = [stack.enter_context(connect(portal)) for _ in range(30)]
        for line in lines:
            line.sendall(
                head(API, Authorization=f"Bearer {token}", Content_Type="application/xml", Content_Length="900000")
            )
        told: list[bytes] = []

        def somebody_is_told() -> bool:
            for line in lines:
                line.setblocking(False)
                with suppress(BlockingIOError):
                    told.append(line.recv(4000))
            return bool(told)

        eventually(somebody_is_told, "told")
        assert told[0].startswith(b"HTTP/1.1 429 ")
        assert b"Retry-After: " in told[0]
        assert b"application/problem+json" in told[0]


# --- Nobody anonymous makes the server store a body ----------------------------------------------------------


@pytest.mark.parametrize("chunked", [False, True])
def test_only_those_who_may_send_are_listened_to(portal: RunningPortal, token: str, chunked: bool) -> None:
    """A body that stops half way: where it lies meanwhile, and what the sender is told."""
    for door in knocks(portal, token):
        may_send = bool({"Authorization", "Cookie"} & door.keys())
        piece = b"x" * 700_000
        with connect(portal) as line:
            if chunked:
                line.sendall(head(**door, Transfer_Encoding="chunked") + b"%x\r\n" % 900_000 + piece)
            else:
                line.sendall(head(**door, Content_Length="900000") + piece)
            if may_send:
                eventually(lambda: spooled(portal) >= 600_000, "kept")
                continue
            answer = line.recv(100)
            assert answer.split()[1] in (b"401", b"302", b"413"), answer
            assert not spooled(portal)
        eventually(lambda: not spooled(portal), "let go")
    eventually(lambda: not spooled(portal), "let go")


def test_files_in_a_strangers_small_form_are_passed_over(portal: RunningPortal) -> None:
    with browser(portal) as client:
        shown = client.get(LOGIN).text
        found = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', shown)
        assert found
        fields = {"csrfmiddlewaretoken": found.group(1), "username": "oslo", "password": PASSWORD}
        answer = client.post(LOGIN, data=fields, files={"file": b"x" * 2000})
    assert answer.status_code == 302


@pytest.mark.parametrize("path", [LOGIN, UPLOAD, "/spraak/", "/finnes-ikke/", API, "/api/v1/checks/", "/healthz"])
@pytest.mark.parametrize("chunked", [False, True])
def test_a_large_body_from_a_stranger_is_answered(portal: RunningPortal, path: str, chunked: bool) -> None:
    """To ordinary clients, which send all before they read: an answer, and no reset connection."""
    size, piece = 20_000_000, b"x" * 100_000
    content = (piece for _ in range(size // len(piece))) if chunked else b"x" * size
    with browser(portal) as client:
        answer = client.post(path, content=content, headers=FORM)
    expected = {UPLOAD: 302, "/finnes-ikke/": 404, API: 401}.get(path, 413)
    assert answer.status_code == expected
    if path.startswith("/api/"):
        assert answer.headers["Content-Type"] == "application/problem+json"
    elif expected == 413:
        assert "Det du sendte, er for stort" in answer.text


def test_a_refusal_reaches_a_client_that_reads_last(portal: RunningPortal) -> None:
    with connect(portal) as line:
        line.sendall(head(API, Content_Type="application/xml", Content_Length="60000000"))
        for _ in range(600):
            line.sendall(b"x" * 100_000)
        answer = b""
        while piece := line.recv(65536):
            answer += piece
    assert answer.startswith(b"HTTP/1.1 401 ")
    assert answer.endswith(b"}")


@pytest.mark.skipif(not shutil.which("curl"), reason="curl is not installed")
@pytest.mark.parametrize("options", [[], ["-H", "Transfer-Encoding: chunked"], ["-H", "Expect:"]])
def test_a_refusal_reaches_curl(portal: RunningPortal, tmp_path: Path, options: list[str]) -> None:
    file = tmp_path / "large"
    file.write_bytes(b"x" * 20_000_000)
    command = ["curl", "-sS", "-o", "/dev/null", "-w", "%{http_code}", "--data-binary", f"@{file}", *options]
    done = subprocess.run([*command, f"{portal.url}api/v1/submissions/"], capture_output=True, text=True, timeout=WAIT)
    assert (done.returncode, done.stdout) == (0, "401"), done.stderr


@pytest.mark.parametrize("chunked", [False, True])
@pytest.mark.parametrize("door", [API, UPLOAD])
def test_more_than_the_largest_message_is_refused(portal: RunningPortal, token: str, door: str, chunked: bool) -> None:
    piece = b"x" * 100_000
    pieces = LIMIT // len(piece) + 10
    content = (piece for _ in range(pieces)) if chunked else piece * pieces
    with browser(portal) as client:
        headers = {**XML, "Authorization": f"Bearer {token}"} if door == API else FORM
        if door == UPLOAD:
            log_in(client)
        answer = client.post(door, content=content, headers=headers)
        assert answer.status_code == 413
        assert answer.headers["Content-Type"].startswith("application/problem+json" if door == API else "text/html")
        assert client.get("/healthz").status_code == 200


def large(start: bytes = b"", size: int = 20_000_000) -> bytes:
    return start + b"x" * (size - len(start))


# Well-formed to the end: what comes first of two faults is a matter of chance.
ANOTHERS = message("1103").replace(b"</Kommune>", (b"<!--" + b"x" * 50_000 + b"-->") * 400 + b"</Kommune>")
# What is refused of 20 MB, and how: the address, headers, the body, then status and code.
IN_AN_ATTRIBUTE = message(persons=people(1)).partition(b'<Bruker brukerNr="')
REFUSED: dict[str, tuple[str, dict[str, str], bytes, int, str]] = {
    "no token": (API, {**XML, "Authorization": ""}, large(), 401, "token-missing"),
    "unknown token": (API, {**XML, "Authorization": "Bearer unknown"}, large(), 401, "token-unknown"),
    "no scope": (API, {**XML, "Authorization": "figures"}, large(), 403, "scope-missing"),
    "another municipality": (API, XML, ANOTHERS, 403, "not-yours"),
    "media type": (API, {"Content-Type": "application/json"}, large(), 415, "media-type"),
    "charset": (API, {"Content-Type": "application/xml; charset=utf-16"}, large(), 415, "charset"),
    "encoding": (API, {**XML, "Content-Encoding": "br"}, large(), 415, "content-encoding"),
    "parameter": (f"{API}?dry_run=on", XML, large(), 400, "parameter-invalid"),
    "header": (API, {**XML, "Idempotency-Key": "a b"}, large(), 400, "header-invalid"),
    "no message": (API, XML, large(), 400, "not-xml"),
    "attribute": (API, XML, large(b"".join(IN_AN_ATTRIBUTE[:2])), 400, "too-long"),
    "too large": (API, XML, large(size=30_000_000), 413, "too-large"),
    "method": ("/api/v1/submissions/1/", {**XML, "Authorization": ""}, large(), 413, "too-large"),
}


@pytest.fixture(scope="module")
def figures(portal: RunningPortal) -> str:
    made = portal.run_command("create_token", "figures", "--municipality", "0301", "--scope", "aggregates")
    return made.stdout.strip().splitlines()[-1]


def with_httpx(url: str, headers: dict[str, str], body: bytes, _folder: Path) -> tuple[int, bytes]:
    answer = httpx.post(url, headers=headers, content=body, timeout=WAIT)
    return answer.status_code, answer.content


def with_httpx_in_chunks(url: str, headers: dict[str, str], body: bytes, _folder: Path) -> tuple[int, bytes]:
    pieces = (body[start : start + 100_000] for start in range(0, len(body), 100_000))
    answer = httpx.post(url, headers=headers, content=pieces, timeout=WAIT)
    return answer.status_code, answer.content


def with_requests(url: str, headers: dict[str, str], body: bytes, _folder: Path) -> tuple[int, bytes]:
    answer = requests.post(url, headers=headers, data=body, timeout=WAIT)
    return answer.status_code, answer.content


def with_curl(url: str, headers: dict[str, str], body: bytes, folder: Path) -> tuple[int, bytes]:
    file = folder / "large"
    file.write_bytes(body)
    given = [word for name, value in headers.items() for word in ("-H", f"{name}: {value}")]
    command = ["curl", "-sS", "-o", folder / "answer", "-w", "%{http_code}", *given, "--data-binary", f"@{file}", url]
    done = subprocess.run(command, capture_output=True, text=True, timeout=WAIT)
    assert done.returncode == 0, done.stderr
    return int(done.stdout), (folder / "answer").read_bytes()


def with_curl_that_does_not_ask(url: str, headers: dict[str, str], body: bytes, folder: Path) -> tuple[int, bytes]:
    return with_curl(url, {**headers, "Expect": ""}, body, folder)


def with_a_client_that_reads_last(url: str, headers: dict[str, str], body: bytes, _folder: Path) -> tuple[int, bytes]:
    """The others look for an answer when sending fails; this one takes that for a broken connection."""
    address = httpx.URL(url)
    told = {"Host": address.host, "Content-Length": str(len(body)), "Connection": "close", **headers}
    lines = [
        f"POST {address.raw_path.decode()} HTTP/1.1",
        *(f"{name}: {value}" for name, value in told.items()),
        "",
        "",
    ]
    with socket.create_connection((address.host, address.port or 80), timeout=WAIT) as line:
        line.sendall("\r\n".join(lines).encode() + body)
        answer = b""
        while piece := line.recv(65536):
            answer += piece
    start, _, content = answer.partition(b"\r\n\r\n")
    return int(start.split()[1]), content


CLIENTS = [with_httpx, with_httpx_in_chunks, with_requests, with_a_client_that_reads_last]
CLIENTS += [with_curl, with_curl_that_does_not_ask] if shutil.which("curl") else []


@pytest.mark.parametrize("send", CLIENTS)
@pytest.mark.parametrize("refused", REFUSED)
def test_each_refusal_of_20_mb_is_an_answer(
    portal: RunningPortal,
    token: str,
    figures: str,
    tmp_path: Path,
    refused: str,
    send: Callable[..., tuple[int, bytes]],
) -> None:
    path, headers, body, status, code = REFUSED[refused]
    known = {"": "", "figures": f"Bearer {figures}"}
    authorization = headers.get("Authorization", f"Bearer {token}")
    # Each case comes from an address of its own: wrong tokens are counted.
    address = f"198.51.100.{list(REFUSED).index(refused)}"
    told = {**headers, "Authorization": known.get(authorization, authorization), "X-Forwarded-For": address}
    seen, answer = send(
        portal.url.rstrip("/") + path, {name: value for name, value in told.items() if value}, body, tmp_path
    )
    problem = json.loads(answer)
    assert (seen, problem["status"], problem["code"]) == (status, status, code), answer[:300]


@pytest.mark.parametrize("send", CLIENTS)
def test_a_refusal_of_one_who_guessed_is_an_answer_too(
    portal: RunningPortal, tmp_path: Path, send: Callable[..., tuple[int, bytes]]
) -> None:
    headers = {**XML, "Authorization": "Bearer guess", "X-Forwarded-For": f"203.0.113.{CLIENTS.index(send)}"}
    url = f"{portal.url.rstrip('/')}{API}"
    with httpx.Client(headers=headers) as client:
        statuses = [client.post(url, content=b"<a/>", timeout=WAIT).status_code for _ in range(25)]
    assert statuses[-1] == 429
    seen, answer = send(url, headers, large(), tmp_path)
    assert (seen, json.loads(answer)["code"]) == (429, "too-many-attempts")


def test_a_message_in_chunks_is_received(portal: RunningPortal, token: str) -> None:
    content = message("0301", year=2022, persons=people(600))
    assert len(content) > 100_000
    pieces = (content[n : n + 5000] for n in range(0, len(content), 5000))
    with browser(portal) as client:
        answer = client.post(API, content=pieces, headers={**XML, "Authorization": f"Bearer {token}"})
    assert answer.status_code == 202, answer.text


def test_a_client_may_ask_before_it_sends(portal: RunningPortal, token: str) -> None:
    """Expect: 100-continue. The go-ahead comes when it is known that the sender may send."""
    content = message("0301", year=2021, persons=people(300))
    asked = {"Content_Type": "application/xml", "Content_Length": str(len(content)), "Expect": "100-continue"}
    with connect(portal) as line:
        line.sendall(head(API, Authorization=f"Bearer {token}", **asked))
        assert line.recv(25) == b"HTTP/1.1 100 Continue\r\n\r\n"
        line.sendall(content)
        assert line.recv(12) == b"HTTP/1.1 202"
    with connect(portal) as line:
        line.sendall(head(API, **asked))
        assert line.recv(12) == b"HTTP/1.1 401"


def test_connections_are_used_again(portal: RunningPortal) -> None:
    with connect(portal) as line:
        for together in (1, 1, 3):
            line.sendall(b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n" * together)
            answer = b""
            while answer.count(b'{"status": "ok"}') < together:
                piece = line.recv(10_000)
                assert piece, answer
                answer += piece
            assert answer.count(b"HTTP/1.1 200") == together


# --- Guessing ------------------------------------------------------------------------------------------------


def ask_with(portal: RunningPortal, address: str, secret: str) -> httpx.Response:
    with browser(portal, address) as client:
        return client.get(f"{API}1/", headers={"Authorization": f"Bearer {secret}"})


def test_guessing_tokens_is_slowed_down(portal: RunningPortal, token: str) -> None:
    assert ask_with(portal, "192.0.2.20", token).status_code in (200, 403, 404)
    statuses = [ask_with(portal, "192.0.2.20", f"guess {n}").status_code for n in range(25)]
    assert set(statuses) == {401, 429}
    assert statuses == sorted(statuses)
    told = ask_with(portal, "192.0.2.20", "another")
    assert told.headers["Content-Type"] == "application/problem+json"
    assert int(told.headers["Retry-After"]) >= 1
    # What was used from this address before goes on, and others do not notice.
    assert ask_with(portal, "192.0.2.20", token).status_code in (200, 403, 404)
    assert ask_with(portal, "192.0.2.21", "unknown").status_code == 401
    # The address is what the proxy saw, and not what the client says that it is.
    assert ask_with(portal, "203.0.113.9, 192.0.2.20", "again another").status_code == 429


def test_trying_one_password_on_many_names_is_slowed_down(portal: RunningPortal) -> None:
    with browser(portal, "192.0.2.30") as client:
        statuses = [log_in(client, f"navn{n}", "Sommer2024!!").status_code for n in range(25)]
        assert set(statuses) == {200, 429}
        told = log_in(client, "oslo", "Sommer2024!!")
        assert told.status_code == 429
        assert int(told.headers["Retry-After"]) >= 1
        assert "For mange forsøk" in told.text
        assert log_in(client).status_code == 429  # nor is the right one heard from there
    with browser(portal, "192.0.2.31") as client:
        assert log_in(client).status_code == 302


def test_nobody_locks_another_out_from_elsewhere(portal: RunningPortal) -> None:
    with browser(portal, "192.0.2.40") as guest, browser(portal, "192.0.2.41") as owner:
        for _ in range(6):
            log_in(guest, password="feil-passord-igjen")
        locked = log_in(guest)
        assert locked.status_code == 429
        assert int(locked.headers["Retry-After"]) > 60
        # Not by a field of another name, nor by another way to write the same name.
        assert log_in(guest, "ｏｓｌｏ").status_code == 429
        assert log_in(guest, " oslo ").status_code == 429
        assert log_in(owner).status_code == 302


# --- Headers -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/", "/om/kontroller/", "/api/v1/checks/", "/api/v1/schema/", "/finnes-ikke/"])
def test_text_is_compressed(portal: RunningPortal, path: str) -> None:
    with browser(portal) as client:
        answer = client.get(path, headers={"Accept-Encoding": "gzip"})
        plain = client.get(path, headers={"Accept-Encoding": "identity"})
        refused = client.get(path, headers={"Accept-Encoding": "gzip;q=0"})
    assert answer.headers["Content-Encoding"] == "gzip"
    assert int(answer.headers["Content-Length"]) < len(plain.content)
    assert "Accept-Encoding" in answer.headers["Vary"]
    assert "Content-Encoding" not in plain.headers
    assert "Content-Encoding" not in refused.headers
    assert len(answer.content) == len(plain.content)


def test_the_length_of_a_page_tells_nothing(portal: RunningPortal) -> None:
    """BREACH: each answer is padded by a number of bytes that is drawn anew."""
    with browser(portal) as client:
        lengths = {client.get("/", headers={"Accept-Encoding": "gzip"}).headers["Content-Length"] for _ in range(20)}
    assert len(lengths) > 1


@pytest.mark.parametrize("path", ["/", "/finnes-ikke/", "/kommune/0301/", "/kommune/4601/", "/om/kontroller/"])
def test_nothing_is_kept_of_what_somebody_known_saw(portal: RunningPortal, path: str) -> None:
    with browser(portal) as client:
        assert "no-store" not in client.get("/").headers.get("Cache-Control", "")
        log_in(client)
        answer = client.get(path)
    assert "no-store" in answer.headers["Cache-Control"]
    assert "private" in answer.headers["Cache-Control"]


@pytest.mark.parametrize("path", ["/", "/finnes-ikke/", "/api/v1/checks/"])
def test_browsers_are_told_what_pages_may_not_use(portal: RunningPortal, path: str) -> None:
    with browser(portal) as client:
        policy = client.get(path).headers["Permissions-Policy"]
    assert "geolocation=()" in policy
    assert "camera=()" in policy
    assert "Server" not in client.headers


def test_weaknesses_have_an_address(portal: RunningPortal) -> None:
    with browser(portal) as client:
        answer = client.get("/.well-known/security.txt")
    assert answer.headers["Content-Type"] == "text/plain; charset=utf-8"
    fields = dict(line.split(": ", 1) for line in answer.text.splitlines())
    assert fields["Contact"].startswith("mailto:")
    assert fields["Expires"] > time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
