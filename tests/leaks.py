"""Watches the whole suite for identity numbers that get out: in the database, in answers, in logs, in files.

Every number that a test makes is noted. Each answer and each line of a log is looked through as it comes; the database after each
test that made a message, before its transaction is rolled back; a portal's database and files before the portal is stopped; and,
after the last test, all files that the suite left. The search is written apart from the masking that it tries.
"""

from __future__ import annotations

import io
import json
import logging
import os
import re
import subprocess
import sys
import unicodedata
import zipfile
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import psycopg
import pytest

LENGTH = 11
SEPARATORS = re.compile(r"(?<=\d)[\s./_\u2010-\u2015\u2212-]+(?=\d)")
RUN = re.compile(r"\d{11,}")
FID = re.compile(rb'\bfid="([^"]*)"')
# Messages on their way in, as tests made them; the servers' own files, whose content is looked through as a database.
NOT_OURS = {".xml", ".gz"}
SERVERS = {"postgres", "pgdata", "valkey", "base", "pg_wal"}
LARGEST_FILE = 50 * 1024**2

numbers: set[str] = set()
leaks: list[str] = []
made_a_message = False


def note(number: str) -> str:
    numbers.add(number)
    return number


def note_message(content: bytes) -> bytes:
    """Every fid of eleven digits is watched for from now on."""
    global made_a_message
    made_a_message = True
    found = (fid.decode("ascii", "ignore") for fid in FID.findall(content))
    numbers.update(fid for fid in found if len(fid) == LENGTH and fid.isdecimal())
    return content


def found_in(text: str, wanted: set[str]) -> set[str]:
    """Which of the numbers stand in the text, whatever their form."""
    plain = text if text.isascii() else unicodedata.normalize("NFKC", text)
    if not plain.isascii():
        plain = "".join(str(unicodedata.decimal(c, c)) for c in plain if unicodedata.category(c) != "Cf")
    compact = SEPARATORS.sub("", plain)
    runs = RUN.findall(compact) + RUN.findall(plain)
    return {run[n : n + LENGTH] for run in runs for n in range(len(run) - LENGTH + 1)} & wanted


def look(where: str, content: str | bytes) -> None:
    text = content if isinstance(content, str) else content.decode("utf-8", "replace")
    leaks.extend(f"{number} in {where}" for number in found_in(text, numbers))


def look_at_answer(where: str, content: bytes) -> None:
    if content.startswith(b"PK\x03\x04"):
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            for name in archive.namelist():
                look(f"{where} {name}", archive.read(name))
    else:
        look(where, content)


def look_at_database(database: psycopg.Connection[Any], where: str = "the database") -> None:
    with database.cursor() as cursor:
        cursor.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
        for (table,) in cursor.fetchall():
            if table == "submissions_messagechunk":  # encrypted
                continue
            with cursor.copy(f'COPY (SELECT * FROM "{table}") TO STDOUT') as rows:  # type: ignore[arg-type]
                for row in rows:
                    # Columns do not run into each other.
                    for value in bytes(row).decode().split("\t"):
                        if len(value) >= LENGTH:
                            look(f"{where}, {table}", value)


def look_at_files(folder: Path) -> None:
    for file in files_below(folder):
        with suppress(OSError):
            look(str(file), file.read_bytes())


def files_below(folder: Path) -> Iterator[Path]:
    for place, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if name not in SERVERS]
        for name in names:
            file = Path(place) / name
            if file.suffix not in NOT_OURS and file.is_file() and not file.is_symlink():
                with suppress(OSError):
                    if file.stat().st_size <= LARGEST_FILE:
                        yield file


# --- A whole portal -----------------------------------------------------------------------------------------------


PORTALS_MESSAGES = """
import django, json, re, sys
django.setup()
from submissions import vault
from submissions.models import Submission
found = set()
for submission in Submission.objects.filter(message__isnull=False).select_related("message"):
    content = b"".join(vault.read(submission.message))
    found.update(fid.decode() for fid in re.findall(rb'fid="([0-9]{11})"', content))
print(json.dumps(sorted(found)))
"""


def look_at_portal(data_dir: Path, url: str, environment: dict[str, str]) -> None:
    """Also for the numbers of messages that it made itself, as the demonstration's: it still has them, encrypted."""
    asked = subprocess.run([sys.executable, "-c", PORTALS_MESSAGES], env=environment, capture_output=True, text=True)
    if asked.returncode == 0:
        numbers.update(json.loads(asked.stdout.strip().splitlines()[-1]))
    with psycopg.connect(url) as database:
        look_at_database(database, f"the database of {data_dir}")
    look_at_files(data_dir)


# --- pytest -------------------------------------------------------------------------------------------------------


class Watch(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        look(
            f"a line of the log {record.name}", f"{record.getMessage()} {record.exc_text or ''} {record.exc_info or ''}"
        )


LOG = Watch()


def watch_answers() -> None:
    from django.core.handlers.base import BaseHandler

    get_response = BaseHandler.get_response

    def watched(handler: BaseHandler, request: Any) -> Any:
        response = get_response(handler, request)
        where = f"the answer to {request.method} {request.path[:80]}"
        look(where, str(dict(response.headers)))
        if response.streaming:
            response.streaming_content = _looked_at(where, response.streaming_content)
        else:
            look_at_answer(where, response.content)
        return response

    BaseHandler.get_response = watched  # type: ignore[method-assign]


def _looked_at(where: str, chunks: Iterable[bytes]) -> Iterator[bytes]:
    kept = []
    for chunk in chunks:
        kept.append(chunk)
        yield chunk
    look_at_answer(where, b"".join(kept))


@pytest.fixture(autouse=True)
def nothing_leaks(request: pytest.FixtureRequest) -> Iterator[None]:
    """Fails the test after which, or during which, an identity number was seen that the suite sent."""
    global made_a_message
    has_database = bool({"db", "transactional_db"} & set(request.fixturenames)) or request.node.get_closest_marker(
        "django_db"
    )
    if has_database:
        request.getfixturevalue("transactional_db" if "transactional_db" in request.fixturenames else "db")
    logging.getLogger().addHandler(LOG)  # once; the settings may have put others in its place
    before, made_a_message = len(leaks), False
    yield
    if has_database and made_a_message:
        _look_at_test_database()
    new = sorted(set(leaks[before:]))
    assert not new, "identity numbers that were sent got out:\n" + "\n".join(new[:20])


def _look_at_test_database() -> None:
    from django.db import connection, transaction

    if connection.needs_rollback:
        return
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("RESET ROLE")
        look_at_database(connection.connection)


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """A test process of several tells the one that leads them what it watched for."""
    numbers.update(getattr(node, "workeroutput", {}).get("numbers", ()))


def pytest_sessionfinish(session: pytest.Session) -> None:
    """What the whole suite left in files, after its last test: a leak fails the run."""
    if hasattr(session.config, "workeroutput"):
        session.config.workeroutput["numbers"] = sorted(numbers)
        return
    factory = getattr(session.config, "_tmp_path_factory", None)
    before = len(leaks)
    if factory is not None and numbers:
        look_at_files(factory.getbasetemp())
    if new := sorted(set(leaks[before:])):
        print("\nidentity numbers that were sent are in files:\n" + "\n".join(new[:20]), file=sys.stderr)
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
