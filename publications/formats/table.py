"""CSV as the portal's other downloads are: UTF-8 with a byte order mark, semicolons and decimal commas, which is what a Norwegian
Excel opens rightly by a double click. Columns have the names of the JSON, in every language, so that programs find them.
"""

from __future__ import annotations

import codecs
import csv
import io
from typing import Any

from publications.formats.extract import FIGURES, Extract
from spreadsheets import harmless

HEADER = ("area", "name", "level", "year", *FIGURES, "suppressed", "status", "sign")


def render(extract: Extract) -> bytes:
    text = io.StringIO(newline="")
    writer = csv.writer(text, delimiter=";")
    writer.writerow(HEADER)
    for row in extract.rows:
        area = extract.areas.get(row["area"])
        named = {**row, "name": area.name if area else row["area"]}
        writer.writerow([_cell(named[column]) for column in HEADER])
    return codecs.BOM_UTF8 + text.getvalue().encode()


def _cell(value: Any) -> str:
    """A missing figure is an empty cell, so that its column stays one of numbers; the sign has a column of its own."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    return str(value).replace(".", ",") if isinstance(value, float) else harmless(str(value))
