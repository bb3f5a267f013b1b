"""Tables as Excel and CSV. What came from outside is written as text, so that no cell is a formula."""

from __future__ import annotations

import codecs
import csv
import io
import re
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import IO, Any

import xlsxwriter
from django.utils.translation import gettext as _

from spreadsheets import EXCEL_OPTIONS, harmless

# As charts write figures: «57,0 %», «1 234», «−3,5», with spaces that do not break.
FIGURE = re.compile(r"(?P<sign>[−-]?)(?P<number>\d[\d\s]*(?:,\d+)?)(?P<percent>\s?%)?")


@dataclass(frozen=True)
class Sheet:
    """What a download holds. `facts` say what it is and where it is from. With `has_figures`, cells that are written as
    numbers are numbers in Excel; without, all is text (a brukerNr may look like a number)."""

    headers: Sequence[str]
    rows: Iterable[Sequence[str]]
    facts: Mapping[str, str] = field(default_factory=dict)
    has_figures: bool = False


def as_excel(sheet: Sheet) -> IO[bytes]:
    file = tempfile.TemporaryFile()  # noqa: SIM115  (closed with the response)
    with xlsxwriter.Workbook(file, EXCEL_OPTIONS) as book:
        page = book.add_worksheet(_("Tall") if sheet.has_figures else _("Poster"))
        _fill(book, page, sheet)
        _about(book, sheet.facts)
    file.seek(0)
    return file


def _fill(book: Any, page: Any, sheet: Sheet) -> None:
    bold = book.add_format({"bold": True, "bg_color": "#E6EEF7", "bottom": 1})
    percent = book.add_format({"num_format": '0.0" %"'})
    page.set_column(0, 0, 34)
    page.set_column(1, max(1, len(sheet.headers) - 1), 24)
    page.freeze_panes(1, 0)
    for column, text in enumerate(sheet.headers):
        page.write_string(0, column, text, bold)
    last = 0
    for last, cells in enumerate(sheet.rows, 1):
        for column, text in enumerate(cells):
            figure = FIGURE.fullmatch(text) if sheet.has_figures and column else None
            if figure:
                page.write_number(last, column, _number(figure), percent if figure["percent"] else None)
            else:
                page.write_string(last, column, text)
    page.autofilter(0, 0, last, len(sheet.headers) - 1)


def _number(figure: re.Match[str]) -> float:
    digits = float(re.sub(r"\s", "", figure["number"]).replace(",", "."))
    return -digits if figure["sign"] else digits


def _about(book: Any, facts: Mapping[str, str]) -> None:
    page = book.add_worksheet(_("Om tallene"))
    page.set_column(0, 0, 24)
    page.set_column(1, 1, 100)
    bold = book.add_format({"bold": True, "valign": "top"})
    wrap = book.add_format({"text_wrap": True, "valign": "top"})
    for row, (name, text) in enumerate(facts.items()):
        page.write_string(row, 0, name, bold)
        page.write_string(row, 1, text, wrap)


def as_csv(sheet: Sheet) -> IO[bytes]:
    """UTF-8 with a byte order mark and semicolons: what a Norwegian Excel opens rightly by a double click."""
    file = tempfile.TemporaryFile()  # noqa: SIM115  (closed with the response)
    file.write(codecs.BOM_UTF8)
    text = io.TextIOWrapper(file, encoding="utf-8", newline="", write_through=True)
    writer = csv.writer(text, delimiter=";")
    writer.writerow(sheet.headers)
    for cells in sheet.rows:
        writer.writerow([harmless(_plain(cell) if sheet.has_figures else cell) for cell in cells])
    text.detach()
    file.seek(0)
    return file


def _plain(cell: str) -> str:
    """With ordinary spaces and minus, as a spreadsheet reads numbers."""
    return re.sub(r"[\u202f\u00a0]", " ", cell)
