"""Excel: the figures with names and signs on the first sheet, what they are on the second. No cell is a formula or a link."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from indicators.models import Level
from publications.codelists import MEANINGS, STATUSES
from publications.formats.extract import DECIMALS, FIGURE_NAMES, FIGURES, LICENCE, Extract, source
from publications.selectors import ReleasedRow
from spreadsheets import Column, Format, Sheet, as_excel

SHOWN = {0: Format.COUNT, 4: Format.SHARE}


def render(extract: Extract) -> bytes:
    # Two processes must make the same bytes of the same publication: the file is as old as the figures.
    created = timezone.localtime(extract.released_at).replace(tzinfo=None) if extract.released_at else None
    with as_excel(
        Sheet(
            name=_("Tall"),
            columns=_columns(),
            rows=(_line(row, extract) for row in extract.rows),
            facts=dict((*_facts(extract), *_signs())),
            title=str(extract.indicator.title),
            created=created,
        )
    ) as file:
        return file.read()


def _columns() -> list[Column]:
    figures = [Column(str(FIGURE_NAMES[figure]), SHOWN[DECIMALS[figure]]) for figure in FIGURES]
    texts = [Column(header, Format.TEXT) for header in (_("Områdenummer"), _("Område"), _("Nivå"))]
    return [*texts, Column(_("År"), Format.YEAR), *figures, Column(_("Status"), Format.TEXT)]


def _line(row: ReleasedRow, extract: Extract) -> list[Any]:
    area = extract.areas.get(row["area"])
    figures = [row["sign"] or "" if row[figure] is None else row[figure] for figure in FIGURES]
    named = (row["area"], area.name if area else row["area"], str(Level(row["level"]).label), row["year"])
    return [*named, *figures, str(STATUSES[row["status"]])]


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
