"""JSON-stat 2.0 (https://json-stat.org/full/): a cube of area, year and figure, as Statistics Norway and FHI speak it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _

from municipalities.problems import Problem
from publications.codelists import CANNOT_OCCUR, MEANINGS, ORDER
from publications.formats.extract import DECIMALS, FIGURE_NAMES, FIGURES, LICENCE, Extract, source
from publications.selectors import ReleasedRow

DIMENSIONS = ("area", "year", "contents")


def render(extract: Extract) -> bytes:
    """The cube.

    Raises:
        Problem: there are no figures. Readers (pyjstat among them) take no cube that is empty along a dimension.
    """
    if not extract.rows:
        detail = _(
            "Det finnes ingen tall for det du spør om, og JSON-stat kan ikke være tom. Spør om flere år eller områder."
        )
        raise Problem(404, "no-figures", detail)
    return json.dumps(_dataset(extract), ensure_ascii=False, separators=(",", ":")).encode()


def _dataset(extract: Extract) -> dict[str, Any]:
    areas, years = _areas(extract), sorted({row["year"] for row in extract.rows})
    cells = list(_cells(extract, areas, years))
    return {
        "version": "2.0",
        "class": "dataset",
        "label": str(extract.indicator.title),
        "source": source(),
        "updated": timezone.localtime(extract.released_at).isoformat() if extract.released_at else None,
        "note": [str(extract.indicator.why_it_matters), str(extract.indicator.cannot_tell)],
        "role": {"geo": ["area"], "time": ["year"], "metric": ["contents"]},
        "id": DIMENSIONS,
        "size": [len(areas), len(years), len(FIGURES)],
        "dimension": {"area": _area(extract, areas), "year": _year(years), "contents": _contents(extract)},
        "value": [value for value, _sign in cells],
        "status": {str(place): sign for place, (_value, sign) in enumerate(cells) if sign},
        "extension": _extension(extract),
    }


def _areas(extract: Extract) -> list[str]:
    level_of = {row["area"]: row["level"] for row in extract.rows}
    return sorted(level_of, key=lambda area: (ORDER[level_of[area]], area))


def _cells(extract: Extract, areas: list[str], years: list[int]) -> Iterator[tuple[float | None, str | None]]:
    """Each figure with the sign that stands for it where it is missing, areas outermost."""
    rows: dict[tuple[str, int], ReleasedRow] = {(row["area"], row["year"]): row for row in extract.rows}
    absent: ReleasedRow = {**dict.fromkeys(FIGURES), "sign": CANNOT_OCCUR}
    for area in areas:
        for year in years:
            row = rows.get((area, year), absent)
            for figure in FIGURES:
                yield row[figure], row["sign"] if row[figure] is None else None


def _area(extract: Extract, areas: list[str]) -> dict[str, Any]:
    return {
        "label": _("område"),
        "category": {"index": areas, "label": {area: _label(extract, area) for area in areas}},
    }


def _label(extract: Extract, code: str) -> str:
    area = extract.areas.get(code)
    return area.label if area else code


def _year(years: list[int]) -> dict[str, Any]:
    codes = [str(year) for year in years]
    return {"label": _("år"), "category": {"index": codes, "label": {code: code for code in codes}}}


def _contents(extract: Extract) -> dict[str, Any]:
    return {
        "label": _("statistikkvariabel"),
        "category": {
            "index": FIGURES,
            "label": {figure: str(FIGURE_NAMES[figure]) for figure in FIGURES},
            "unit": {figure: {"label": _unit(places), "decimals": places} for figure, places in DECIMALS.items()},
            "note": {
                "numerator": [str(extract.indicator.numerator_text)],
                "denominator": [str(extract.indicator.denominator_text)],
            },
        },
    }


def _unit(decimals: int) -> str:
    return _("andel av 1") if decimals else _("antall")


def _extension(extract: Extract) -> dict[str, Any]:
    """The labels of the signs stand where Eurostat has them, which JSON-stat leaves open."""
    return {
        "indicator": extract.indicator.code,
        "version": extract.version,
        "publication": extract.number,
        "licence": LICENCE,
        "status": {"label": {sign: str(meaning) for sign, meaning in MEANINGS.items()}},
    }
