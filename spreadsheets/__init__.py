"""The one writer of Excel and of CSV. Cells carry raw values, and a column says how its numbers are shown.

What came from outside is written as text, so that no cell is a formula or a link.
"""

from __future__ import annotations

import codecs
import csv
import datetime
import io
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from itertools import chain, islice
from typing import IO, Any

import xlsxwriter
from django.utils.formats import date_format
from django.utils.translation import gettext as _

# What a spreadsheet may take for the start of a formula, in plain and full-width forms.
DANGEROUS = tuple("=+-@\t\r\n＝＋－＠")
EXCEL_OPTIONS = {
    "constant_memory": True,
    "strings_to_formulas": False,
    "strings_to_urls": False,
    "strings_to_numbers": False,
}
# Widths are in characters. They are chosen by the header and the first rows; what is wider is wrapped, never cut.
LOOKED_AT = 500
NARROWEST, WIDEST = 9, 60
ABOUT_NAME, ABOUT_TEXT = 28, 100
A4 = 9


class Format(StrEnum):
    """How Excel shows a column's numbers and dates. Text is text, whatever it looks like: a number of a user is not a figure."""

    TEXT = "@"
    COUNT = "#,##0"
    DECIMAL = "#,##0.0"
    SHARE = "0.0 %"  # of 1
    YEAR = "0"
    DATE = "dd.mm.yyyy"
    AS_IT_IS = "General"


@dataclass(frozen=True)
class Column:
    header: str
    format: Format = Format.AS_IT_IS


@dataclass(frozen=True, kw_only=True)
class Sheet:
    """What a file holds. `name` is that of the tab with the rows; `facts`, by name, fill the tab beside it.

    `created` is told in the file's properties. The same sheet gives the same bytes of Excel only where it is given.
    """

    name: str
    columns: Sequence[Column]
    rows: Iterable[Sequence[Any]]
    facts: Mapping[str, str] = field(default_factory=dict)
    about: str = ""
    title: str = ""
    created: datetime.datetime | None = None


# --- Excel ----------------------------------------------------------------------------------------------------


def as_excel(sheet: Sheet) -> IO[bytes]:
    file = tempfile.TemporaryFile()  # noqa: SIM115  (closed with the response)
    with xlsxwriter.Workbook(file, EXCEL_OPTIONS) as book:
        book.set_properties({"title": sheet.title, **({"created": sheet.created} if sheet.created else {})})
        _write_rows(book, sheet)
        _write_facts(book, sheet)
    file.seek(0)
    return file


def _write_rows(book: Any, sheet: Sheet) -> None:
    page = book.add_worksheet(sheet.name)
    rows = iter(sheet.rows)
    first = list(islice(rows, LOOKED_AT))
    _set_widths(page, sheet.columns, first)
    _set_print(page)
    head = book.add_format({"bold": True, "bg_color": "#E6EEF7", "bottom": 1, "text_wrap": True, "valign": "top"})
    formats = {each: book.add_format({"num_format": str(each), "valign": "top"}) for each in Format}
    formats[Format.TEXT].set_text_wrap()
    for number, column in enumerate(sheet.columns):
        page.write_string(0, number, column.header, head)
    last = 0
    for last, row in enumerate(chain(first, rows), 1):
        for number, (column, value) in enumerate(zip(sheet.columns, row, strict=False)):
            _write(page, last, number, value, formats, column.format)
    page.autofilter(0, 0, last, len(sheet.columns) - 1)


def _write(page: Any, row: int, column: int, value: Any, formats: Mapping[Format, Any], shown: Format) -> None:
    if value is None:
        return
    if isinstance(value, datetime.date):
        moment = datetime.datetime(value.year, value.month, value.day)
        page.write_datetime(row, column, moment, formats[Format.DATE])
    elif _is_number(value):
        page.write_number(row, column, value, formats[Format.AS_IT_IS if shown is Format.TEXT else shown])
    else:
        page.write_string(row, column, str(value), formats[Format.TEXT])


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float | Decimal) and not isinstance(value, bool)


def _set_widths(page: Any, columns: Sequence[Column], rows: Sequence[Sequence[Any]]) -> None:
    for number, column in enumerate(columns):
        # A header may be broken between words, a cell need not be.
        header = max((len(word) for word in column.header.split()), default=0)
        cells = (_length(row[number], column.format) for row in rows if number < len(row))
        page.set_column(number, number, min(WIDEST, max(NARROWEST, header + 3, *cells, 0)))


def _length(value: Any, shown: Format) -> int:
    if isinstance(value, datetime.date):
        return len("31.12.2024") + 2
    return len(_as_text(value, shown)) + 2


def _set_print(page: Any) -> None:
    """As wide as one sheet of paper, however long; the header on each."""
    page.set_landscape()
    page.set_paper(A4)
    page.fit_to_pages(1, 0)
    page.repeat_rows(0)
    page.freeze_panes(1, 0)


def _write_facts(book: Any, sheet: Sheet) -> None:
    page = book.add_worksheet(sheet.about or _("Om tallene"))
    page.set_column(0, 0, ABOUT_NAME)
    page.set_column(1, 1, ABOUT_TEXT)
    page.set_paper(A4)
    page.fit_to_pages(1, 0)
    bold = book.add_format({"bold": True, "valign": "top", "text_wrap": True})
    wrap = book.add_format({"text_wrap": True, "valign": "top"})
    for row, (name, text) in enumerate(sheet.facts.items()):
        page.write_string(row, 0, name, bold)
        page.write_string(row, 1, str(text), wrap)


# --- CSV ------------------------------------------------------------------------------------------------------


def as_csv(sheet: Sheet) -> IO[bytes]:
    """UTF-8 with a byte order mark, semicolons and decimal commas: what a Norwegian Excel opens rightly by a double click."""
    file = tempfile.TemporaryFile()  # noqa: SIM115  (closed with the response)
    file.write(codecs.BOM_UTF8)
    text = io.TextIOWrapper(file, encoding="utf-8", newline="", write_through=True)
    writer = csv.writer(text, delimiter=";")
    writer.writerow([harmless(column.header) for column in sheet.columns])
    writer.writerows(_lines(sheet))
    text.detach()
    file.seek(0)
    return file


def _lines(sheet: Sheet) -> Iterator[list[str]]:
    for row in sheet.rows:
        yield [_cell(value, column.format) for column, value in zip(sheet.columns, row, strict=False)]


def _cell(value: Any, shown: Format) -> str:
    text = _as_text(value, shown)
    return text if _is_number(value) else harmless(text)


def _as_text(value: Any, shown: Format) -> str:
    """Without spaces between thousands, which a spreadsheet may take for text."""
    if value is None:
        return ""
    if isinstance(value, datetime.date):
        return date_format(value, "SHORT_DATE_FORMAT")
    if isinstance(value, bool):
        return str(value).lower()
    if not _is_number(value):
        return str(value)
    number = (
        f"{value * 100:.1f} %" if shown is Format.SHARE else f"{value:.1f}" if shown is Format.DECIMAL else str(value)
    )
    return number.replace(".", ",")


def harmless(text: str) -> str:
    """The text, with an apostrophe before what a spreadsheet could take for a formula."""
    return f"'{text}" if text.startswith(DANGEROUS) or text.lstrip().startswith(DANGEROUS) else text
