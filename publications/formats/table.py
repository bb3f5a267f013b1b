"""CSV as the portal's other downloads are. Columns have the names of the JSON, in every language, so that programs find them."""

from __future__ import annotations

from typing import Any

from publications.formats.extract import FIGURES, Extract
from publications.selectors import ReleasedRow
from spreadsheets import Column, Sheet, as_csv

HEADER = ("area", "name", "level", "year", *FIGURES, "suppressed", "status", "sign")


def render(extract: Extract) -> bytes:
    """A missing figure is an empty cell, so that its column stays one of numbers; the sign has a column of its own."""
    sheet = Sheet(
        name="", columns=[Column(name) for name in HEADER], rows=(_line(row, extract) for row in extract.rows)
    )
    with as_csv(sheet) as file:
        return file.read()


def _line(row: ReleasedRow, extract: Extract) -> list[Any]:
    area = extract.areas.get(row["area"])
    named = {**row, "name": area.name if area else row["area"]}
    return [named[column] for column in HEADER]
