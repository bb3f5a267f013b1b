"""All rows of one finding as Excel and CSV. What came from outside is written as text, so that no cell is a formula."""

from __future__ import annotations

import codecs
import csv
import datetime
import io
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from itertools import islice
from typing import IO, Any

import xlsxwriter
from django.db.models import QuerySet
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from quality.check import Check
from quality.engine import fields_of
from quality.labels import field_label, shown
from quality.models import FindingRow
from spreadsheets import EXCEL_OPTIONS, harmless

AT_A_TIME = 2000


@dataclass(frozen=True)
class Sheet:
    """What a download holds: the check, the rows, and where they are from."""

    check: Check
    rows: QuerySet[FindingRow]
    origin: str
    # Why there are counts only, and how many rows there were; empty while the rows are there.
    removed: str = ""

    def header(self) -> list[str]:
        return [
            field_label("brukerNr"),
            field_label("tjenesteID"),
            *(field_label(name) for name in self.check.fields),
            _("Ny siden sist"),
        ]

    def lines(self) -> Iterator[list[Any]]:
        """One list of values for each row, with two queries for every 2000 of them."""
        if self.removed:
            yield [self.removed]
        rows = self.rows.iterator(chunk_size=AT_A_TIME)
        while some := list(islice(rows, AT_A_TIME)):
            for row, fields in zip(some, fields_of(self.check, some), strict=True):
                values = [_value(name, fields[name]) if fields else "" for name in self.check.fields]
                yield [row.user_ref, row.service_ref, *values, shown("", row.is_new)]


def _value(name: str, value: Any) -> Any:
    """Dates and numbers stay what they are; everything else becomes text."""
    is_number = isinstance(value, int | float | Decimal) and not isinstance(value, bool)
    if name != "tjenesteType" and (is_number or isinstance(value, datetime.date)):
        return value
    return shown(name, value)


def as_excel(sheet: Sheet) -> IO[bytes]:
    file = tempfile.TemporaryFile()  # noqa: SIM115  (closed with the response)
    with xlsxwriter.Workbook(file, EXCEL_OPTIONS) as book:
        bold = book.add_format({"bold": True, "bg_color": "#E6EEF7", "bottom": 1})
        date = book.add_format({"num_format": "dd.mm.yyyy"})
        page = book.add_worksheet(_("Rader"))
        header = sheet.header()
        page.set_column(0, len(header) - 1, 22)
        page.freeze_panes(1, 0)
        for column, text in enumerate(header):
            page.write_string(0, column, text, bold)
        last = 0
        for last, values in enumerate(sheet.lines(), 1):
            for column, value in enumerate(values):
                _write(page, last, column, value, date)
        page.autofilter(0, 0, last, len(header) - 1)
        _about(book, sheet)
    file.seek(0)
    return file


def _write(page: Any, row: int, column: int, value: Any, date: Any) -> None:
    if isinstance(value, datetime.date):
        page.write_datetime(row, column, datetime.datetime(value.year, value.month, value.day), date)
    elif isinstance(value, int | float | Decimal):
        page.write_number(row, column, value)
    else:
        page.write_string(row, column, value)


def _about(book: Any, sheet: Sheet) -> None:
    page = book.add_worksheet(_("Om kontrollen"))
    page.set_column(0, 0, 24)
    page.set_column(1, 1, 100)
    bold = book.add_format({"bold": True, "valign": "top"})
    wrap = book.add_format({"text_wrap": True, "valign": "top"})
    facts = {
        _("Kontroll"): sheet.check.title,
        _("Hva den betyr"): sheet.check.explanation,
        _("Slik retter du"): sheet.check.remedy,
        _("Gjelder"): sheet.origin,
        **({_("Rader"): sheet.removed} if sheet.removed else {}),
    }
    for row, (name, text) in enumerate(facts.items()):
        page.write_string(row, 0, name, bold)
        page.write_string(row, 1, str(text), wrap)


def as_csv(sheet: Sheet) -> IO[bytes]:
    """UTF-8 with a byte order mark and semicolons: what a Norwegian Excel opens rightly by a double click."""
    file = tempfile.TemporaryFile()  # noqa: SIM115  (closed with the response)
    file.write(codecs.BOM_UTF8)
    text = io.TextIOWrapper(file, encoding="utf-8", newline="", write_through=True)
    writer = csv.writer(text, delimiter=";")
    writer.writerow(sheet.header())
    for values in sheet.lines():
        writer.writerow([_cell(value) for value in values])
    text.detach()
    file.seek(0)
    return file


def _cell(value: Any) -> str:
    if isinstance(value, datetime.date):
        return date_format(value, "SHORT_DATE_FORMAT")
    if isinstance(value, int | float | Decimal):
        return str(value).replace(".", ",")
    return harmless(value)
