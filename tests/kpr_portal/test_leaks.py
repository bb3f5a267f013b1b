"""The watch over the suite finds what is planted."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
import zipfile
from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import pytest
from django.db import connection
from django.http import HttpResponse

from municipalities.models import County
from tests import leaks
from tests.messages import identity_number

NUMBER = identity_number(20)
FORMS = [NUMBER, f"x{NUMBER}1", f"{NUMBER[:6]} {NUMBER[6:]}", ".".join(NUMBER), f"{NUMBER[:6]}／{NUMBER[6:]}"]


Taken = Callable[[], list[str]]


@pytest.fixture
def caught() -> Taken:
    """What was seen since; taken away, so that the watch over this test itself does not find it."""
    before = len(leaks.leaks)

    def take() -> list[str]:
        seen = leaks.leaks[before:]
        del leaks.leaks[before:]
        return seen

    return take


@pytest.mark.parametrize("form", [*FORMS, NUMBER.translate(str.maketrans("0123456789", "０１２３４５６７８９"))])
def test_a_number_is_found_in_every_form(form: str) -> None:
    assert leaks.found_in(f"<td>{form}</td>", {NUMBER}) == {NUMBER}
    assert not leaks.found_in(f"<td>{form[:-2]}</td><td>1</td>", {NUMBER})


@pytest.mark.django_db
@pytest.mark.parametrize("form", FORMS)
def test_one_in_the_database_is_seen(caught: Taken, form: str) -> None:
    County.objects.create(code="99", name=form, valid_from=2020)
    leaks.look_at_database(connection.connection)
    assert caught() == [f"{NUMBER} in the database, municipalities_county"]


def test_one_in_a_log_is_seen(caught: Taken) -> None:
    logging.getLogger("somewhere").error("Row %s is wrong", f"P{NUMBER}")
    assert caught() == [f"{NUMBER} in a line of the log somewhere"]


def test_one_in_an_answer_is_seen_packed_or_not(caught: Taken) -> None:
    packed = BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("sheet.xml", f"<v>{NUMBER}</v>")
    leaks.look_at_answer("page", HttpResponse(f"<p>{NUMBER}-1</p>").content)
    leaks.look_at_answer("file", packed.getvalue())
    assert caught() == [f"{NUMBER} in page", f"{NUMBER} in file sheet.xml"]


PLANTED = """
from pathlib import Path
from tests.leaks import note, look, nothing_leaks

def test_leak(tmp_path: Path) -> None:
    note("{number}")
    {leak}
"""


@pytest.mark.parametrize(
    ("leak", "fails", "processes"),
    [
        ("(tmp_path / 'portal.log').write_text('sent {number}')", True, 0),
        ("(tmp_path / 'portal.log').write_text('sent {number}')", True, 2),
        ("look('a page', '{number}')", True, 0),
        ("pass", False, 0),
    ],
)
def test_a_planted_leak_fails_the_run(tmp_path: Path, leak: str, fails: bool, processes: int) -> None:
    (tmp_path / "conftest.py").write_text("from tests.leaks import pytest_sessionfinish, pytest_testnodedown\n")
    test = PLANTED.replace("{leak}", leak).replace("{number}", "15885512345")
    (tmp_path / "test_planted.py").write_text(test)
    command = [sys.executable, "-m", "pytest", "-c", "/dev/null", "--rootdir", str(tmp_path)]
    several = ["-p", "xdist", "--numprocesses", str(processes)] if processes else []
    done = subprocess.run(
        [*command, *several, "--basetemp", str(tmp_path / "run"), str(tmp_path / "test_planted.py")],
        env=os.environ | {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
        capture_output=True,
        text=True,
        cwd=Path(__file__).parents[2],
    )
    assert bool(done.returncode) == fails, done.stdout + done.stderr
    assert ("15885512345 in" in done.stdout + done.stderr) == fails
