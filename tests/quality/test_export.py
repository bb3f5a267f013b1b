"""Downloads of a finding's rows, read as a user's own programs read them."""

from __future__ import annotations

import csv
import io
from typing import Any

import openpyxl
from django.urls import reverse

from municipalities.models import AuditEvent
from tests.cast import FJELLHEIM, OWN, Cast, cast_fixture  # noqa: F401

CHECK = "person-id-invalid"
FORMULA = '=HYPERLINK("x")'


def download(cast: Cast, name: str, who: str = "kari", check: str = CHECK, **query: str) -> bytes:
    answer = cast.client(who).get(reverse(name, args=[OWN, check]), query)
    assert answer.status_code == 200
    assert answer["Content-Disposition"].startswith("attachment; filename=")
    return b"".join(answer.streaming_content)


def excel_lines(content: bytes) -> list[tuple[Any, ...]]:
    book = openpyxl.load_workbook(io.BytesIO(content))
    cells = [cell for sheet in book for row in sheet.iter_rows() for cell in row]
    assert not any(cell.data_type == "f" for cell in cells)
    assert not any(cell.hyperlink for cell in cells)
    return list(book.worksheets[0].iter_rows(values_only=True))


def csv_lines(content: bytes) -> list[list[str]]:
    assert content.startswith(b"\xef\xbb\xbf")
    return list(csv.reader(io.StringIO(content.decode("utf-8-sig")), delimiter=";"))


def test_excel_holds_all_rows_and_no_formula(cast: Cast) -> None:
    header, *lines = excel_lines(download(cast, "finding-excel"))
    assert header[:2] == ("Brukernummer", "Tjeneste-ID")
    assert header[-1] == "Ny siden sist"
    assert {(line[0], line[-1]) for line in lines} == {(FORMULA, "ja"), ("B4", "nei"), ("B5", "ja")}


def test_csv_holds_the_same_rows_with_formulas_disarmed(cast: Cast) -> None:
    header, *lines = csv_lines(download(cast, "finding-csv"))
    assert header[0] == "Brukernummer"
    assert {line[0] for line in lines} == {f"'{FORMULA}", "B4", "B5"}


def test_downloads_follow_the_choices_of_the_page(cast: Cast) -> None:
    new = csv_lines(download(cast, "finding-csv", nye="1"))[1:]
    assert {line[0] for line in new} == {f"'{FORMULA}", "B5"}
    unit = csv_lines(download(cast, "finding-csv", enhet=FJELLHEIM))[1:]
    assert {line[0] for line in unit} == {f"'{FORMULA}", "B5"}


def test_a_unit_leader_downloads_only_the_own_unit_whatever_is_asked_for(cast: Cast) -> None:
    for name, read in (("finding-csv", csv_lines), ("finding-excel", excel_lines)):
        lines: Any = read(download(cast, name, who="unn", enhet=FJELLHEIM))
        assert {line[0] for line in lines[1:]} == {"B4"}


def test_a_download_is_logged_without_what_the_rows_say(cast: Cast) -> None:
    download(cast, "finding-excel")
    event = AuditEvent.objects.get(action="rows_downloaded")
    assert (event.actor, event.municipality_id, event.details["count"]) == ("kari", OWN, 3)
    assert "B4" not in str(event.details)
