"""What a page lets one take along: the table under a chart, or the records, as CSV or Excel."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import IO

from django.utils.translation import gettext as _

from charts import Chart
from spreadsheets import Column, Format, Sheet, as_csv, as_excel

WRITERS: dict[str, Callable[[Sheet], IO[bytes]]] = {"csv": as_csv, "xlsx": as_excel}
FORMATS = {"text": Format.TEXT, "count": Format.COUNT, "share": Format.SHARE, "rate": Format.DECIMAL}


def sheet_of(chart: Chart, facts: Mapping[str, str]) -> Sheet:
    """The raw figures behind a chart."""
    columns = [Column(column.header, FORMATS[column.kind]) for column in chart.table.columns]
    told = {_("Figur"): chart.title, _("Hva den viser"): chart.summary, **facts}
    return Sheet(name=_("Tall"), columns=columns, rows=[row.values for row in chart.table.rows], facts=told)
