"""The one writer of Excel and CSV: raw values in, and out again as a spreadsheet reads them."""

from __future__ import annotations

import csv
import datetime
import io
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import openpyxl
import pytest
from django.utils import translation
from openpyxl.worksheet.worksheet import Worksheet

from spreadsheets import WIDEST, Column, Format, Sheet, as_csv, as_excel, harmless

LONG = "Personlig brukerstyrt assistanse til foreldre med hjemmeboende barn " * 3
COLUMNS = (
    Column("Tjeneste", Format.TEXT),
    Column("Antall", Format.COUNT),
    Column("Andel", Format.SHARE),
    Column("Per 1000", Format.DECIMAL),
    Column("År", Format.YEAR),
    Column("Dato", Format.DATE),
)
ROW = ("Hjemmesykepleie", 1234, 0.5705, 12.25, 2023, datetime.date(2024, 1, 8))


def sheet(*rows: Sequence[Any], columns: Sequence[Column] = COLUMNS, **named: Any) -> Sheet:
    return Sheet(name="Tall", columns=columns, rows=rows, facts={"Kilde": "KPR"}, **named)


def book(made: Sheet) -> openpyxl.Workbook:
    with as_excel(made) as file:
        return openpyxl.load_workbook(io.BytesIO(file.read()))


def first_tab(made: Sheet) -> Worksheet:
    return book(made).worksheets[0]


def lines(made: Sheet) -> list[list[str]]:
    with as_csv(made) as file:
        content = file.read()
    assert content.startswith(b"\xef\xbb\xbf")
    return list(csv.reader(io.StringIO(content.decode("utf-8-sig")), delimiter=";"))


def test_excel_keeps_what_the_values_are() -> None:
    page = first_tab(sheet(ROW))
    assert [cell.value for cell in page[1]] == [column.header for column in COLUMNS]
    values = [cell.value for cell in page[2]]
    assert values[:5] == ["Hjemmesykepleie", 1234, 0.5705, 12.25, 2023]
    assert values[5] == datetime.datetime(2024, 1, 8)
    shown = [cell.number_format for cell in page[2]]
    assert shown == ["@", "#,##0", "0.0 %", "#,##0.0", "0", "dd.mm.yyyy"]


def test_a_missing_figure_is_an_empty_cell() -> None:
    nothing = ("Dagaktivitet", None, None, None, None, None)
    assert [cell.value for cell in first_tab(sheet(nothing))[2]] == ["Dagaktivitet", *[None] * 5]
    assert lines(sheet(nothing))[1] == ["Dagaktivitet", "", "", "", "", ""]


def test_a_users_number_is_no_figure() -> None:
    columns = (Column("Brukernummer", Format.TEXT), Column("Tjeneste-ID"))
    cells = first_tab(sheet(("00123", "0456"), columns=columns))[2]
    assert [(cell.value, cell.data_type) for cell in cells] == [("00123", "s"), ("0456", "s")]


@pytest.mark.parametrize("text", ["=1+1", "+47", "@x", "https://a.example", "1234"])
def test_text_from_outside_is_text(text: str) -> None:
    cell = first_tab(sheet((text,)))["A2"]
    assert (cell.value, cell.data_type, cell.hyperlink) == (text, "s", None)


def test_no_text_is_cut() -> None:
    """A cell whose text is longer than its column is wide is wrapped, in the header too."""
    page = first_tab(sheet((LONG,), columns=(Column(LONG, Format.TEXT),)))
    assert page.column_dimensions["A"].width == pytest.approx(WIDEST, abs=1)
    assert page["A1"].alignment.wrap_text and page["A2"].alignment.wrap_text
    assert (page["A1"].value, page["A2"].value) == (LONG, LONG)


def test_a_column_is_as_wide_as_what_it_holds() -> None:
    page = first_tab(sheet(("Kort", 1), ("Noe lengre tekst i denne raden", 1_000_000), columns=COLUMNS[:2]))
    assert 32 <= page.column_dimensions["A"].width <= 34
    assert page.column_dimensions["B"].width < 12


def test_all_columns_are_printed_on_one_sheet_of_paper() -> None:
    page = first_tab(sheet(*[ROW] * 200))
    assert page.sheet_properties.pageSetUpPr.fitToPage
    assert page.page_setup.fitToWidth in (None, 1)  # one is what the format means without
    assert page.page_setup.fitToHeight == 0
    assert (page.page_setup.orientation, page.print_title_rows) == ("landscape", "$1:$1")


def test_all_rows_are_there_also_beyond_those_that_widths_are_chosen_by() -> None:
    page = first_tab(sheet(*[(f"B{number}", number) for number in range(1300)], columns=COLUMNS[:2]))
    assert page.max_row == 1301
    assert [cell.value for cell in page[1301]] == ["B1299", 1299]
    assert page.auto_filter.ref == "A1:B1301"


def test_facts_stand_on_a_tab_of_their_own() -> None:
    page = book(sheet(ROW, about="Om kontrollen"))["Om kontrollen"]
    assert [cell.value for cell in page[1]] == ["Kilde", "KPR"]


def test_the_same_sheet_is_the_same_file() -> None:
    made = datetime.datetime(2024, 1, 8, 12)
    with as_excel(sheet(ROW, created=made)) as one, as_excel(sheet(ROW, created=made)) as other:
        assert one.read() == other.read()


def test_nothing_to_tell_is_a_header() -> None:
    assert first_tab(sheet()).max_row == 1
    assert lines(sheet()) == [[column.header for column in COLUMNS]]


def test_csv_is_as_a_norwegian_excel_reads_it() -> None:
    assert lines(sheet(ROW))[1] == ["Hjemmesykepleie", "1234", "57,0 %", "12,2", "2023", "08.01.2024"]


def test_csv_has_plain_numbers_where_no_format_is_chosen() -> None:
    plain = [Column(name) for name in "abcd"]
    assert lines(sheet((0.1234, Decimal("2.50"), -3, True), columns=plain))[1] == ["0,1234", "2,50", "-3", "true"]


def test_csv_is_the_same_to_a_program_in_every_language_but_for_dates() -> None:
    with translation.override("en"):
        assert lines(sheet(ROW))[1][:5] == ["Hjemmesykepleie", "1234", "57,0 %", "12,2", "2023"]


@pytest.mark.parametrize(
    "text", ["=1+1", "+1", "-1", "@x", "\tx", "\rx", "\nx", "＝1", "＋1", "－1", "＠x", "  =1", "\u00a0=1"]
)
def test_what_could_be_a_formula_gets_an_apostrophe(text: str) -> None:
    assert harmless(text) == f"'{text}"
    assert lines(sheet((text,), columns=COLUMNS[:1]))[1] == [f"'{text}"]


@pytest.mark.parametrize("text", ["", "B1", "12-3", "a=b", "00123", "Å"])
def test_ordinary_text_stays(text: str) -> None:
    assert harmless(text) == text
