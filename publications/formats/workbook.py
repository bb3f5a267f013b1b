"""Excel: the figures with names and signs on the first sheet, what they are on the second. No cell is a formula or a link."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any

import xlsxwriter
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from indicators.models import Level
from publications.codelists import MEANINGS, STATUSES
from publications.formats.extract import DECIMALS, FIGURE_NAMES, FIGURES, LICENCE, Extract, Row, source

OPTIONS = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
WIDTHS = (14, 34, 12, 8, 10, 10, 10, 20, 20, 18)


def render(extract: Extract) -> bytes:
    file = io.BytesIO()
    with xlsxwriter.Workbook(file, OPTIONS) as book:
        # Two processes must make the same bytes of the same publication: the file is as old as the figures.
        created = timezone.localtime(extract.released_at).replace(tzinfo=None) if extract.released_at else None
        book.set_properties({"title": str(extract.indicator.title), **({"created": created} if created else {})})
        _figures(book, extract)
        _about(book, extract)
    return file.getvalue()


def _figures(book: Any, extract: Extract) -> None:
    page = book.add_worksheet(_("Tall"))
    bold = book.add_format({"bold": True, "bg_color": "#E6EEF7", "bottom": 1, "text_wrap": True, "valign": "top"})
    shapes = {0: book.add_format({"num_format": "#,##0"}), 4: book.add_format({"num_format": "0.0 %"})}
    sign = book.add_format({"align": "right"})
    header = _header()
    for column, (text, width) in enumerate(zip(header, WIDTHS, strict=True)):
        page.set_column(column, column, width)
        page.write_string(0, column, text, bold)
    page.freeze_panes(1, 2)
    for line, row in enumerate(extract.rows, 1):
        _line(page, line, row, extract, shapes, sign)
    page.autofilter(0, 0, len(extract.rows), len(header) - 1)


def _header() -> list[str]:
    names = [str(FIGURE_NAMES[figure]) for figure in FIGURES]
    return [_("Områdenummer"), _("Område"), _("Nivå"), _("År"), *names, _("Status")]


def _line(page: Any, line: int, row: Row, extract: Extract, shapes: dict[int, Any], sign: Any) -> None:
    area = extract.areas.get(row["area"])
    for column, text in enumerate((row["area"], area.name if area else row["area"], str(Level(row["level"]).label))):
        page.write_string(line, column, text)
    page.write_number(line, 3, row["year"])
    for column, figure in enumerate(FIGURES, 4):
        if row[figure] is None:
            page.write_string(line, column, row["sign"] or "", sign)
        else:
            page.write_number(line, column, row[figure], shapes[DECIMALS[figure]])
    page.write_string(line, 4 + len(FIGURES), str(STATUSES[row["status"]]))


def _about(book: Any, extract: Extract) -> None:
    page = book.add_worksheet(_("Om tallene"))
    page.set_column(0, 0, 26)
    page.set_column(1, 1, 100)
    bold = book.add_format({"bold": True, "valign": "top"})
    wrap = book.add_format({"text_wrap": True, "valign": "top"})
    for line, (name, text) in enumerate((*_facts(extract), *_signs())):
        page.write_string(line, 0, name, bold)
        page.write_string(line, 1, text, wrap)


def _facts(extract: Extract) -> Iterator[tuple[str, str]]:
    indicator, unpublished = extract.indicator, _("ikke utgitt ennå")
    released = timezone.localtime(extract.released_at) if extract.released_at else None
    yield _("Indikator"), str(indicator.title)
    yield _("Kode og versjon"), f"{indicator.code}, {extract.version}"
    yield _("Hvorfor den er viktig"), str(indicator.why_it_matters)
    yield _("Hva den ikke sier"), str(indicator.cannot_tell)
    yield str(FIGURE_NAMES["numerator"]), str(indicator.numerator_text)
    yield str(FIGURE_NAMES["denominator"]), str(indicator.denominator_text)
    yield str(FIGURE_NAMES["value"]), _("Teller delt på nevner. Grensene er et 95 % konfidensintervall etter Wilson.")
    yield _("Små tall"), _("Tall om få personer er skjult, og så mange andre at de ikke kan regnes ut.")
    yield _("Definisjon"), indicator.source
    yield _("Kilde"), source()
    yield _("Utgave"), str(extract.number or unpublished)
    yield _("Utgitt"), date_format(released, "DATETIME_FORMAT") if released else unpublished
    yield _("Lisens"), LICENCE


def _signs() -> Iterator[tuple[str, str]]:
    yield "", ""
    yield _("Standardtegn (SSB)"), ""
    for sign, meaning in MEANINGS.items():
        yield sign, str(meaning)
