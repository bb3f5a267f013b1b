"""What every chart is: a figure for plotly.js, its message in words, its source, and the same numbers as a table."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal, NamedTuple

from django.utils.translation import gettext as _

from charts.values import Value, counts_text, interval_text, percent_text


class Download(NamedTuple):
    """A link under the chart, e.g. ("CSV", "/…/tall.csv")."""

    label: str
    url: str


class Row(NamedTuple):
    """Cells as they are shown; the first names the row. `values` are the raw ones, by the columns of the table."""

    cells: tuple[str, ...]
    own: bool = False
    values: tuple[Any, ...] = ()


class Column(NamedTuple):
    """A column of raw values. A share is of 1; a rate has one decimal."""

    header: str
    kind: Literal["text", "count", "share", "rate"] = "text"


@dataclass(frozen=True)
class Table:
    """What a page shows, and under `columns` what a file holds of it: there each figure has a column of its own."""

    headers: tuple[str, ...]
    rows: tuple[Row, ...]
    columns: tuple[Column, ...]

    @property
    def is_long(self) -> bool:
        """More than a page of paper: left out of the print."""
        return len(self.rows) > 45

    def first_named(self, header: str) -> Table:
        headers = (header, *self.headers[1:])
        return replace(self, headers=headers, columns=(Column(header), *self.columns[1:]))


@dataclass(frozen=True, kw_only=True)
class Subject:
    """What a chart is about. `name` is its slug: unique on the page, and the name of the file when it is saved."""

    title: str
    name: str
    source: str


@dataclass(frozen=True, kw_only=True)
class Chart:
    """Ready for templates/charts/_chart.html.

    `figure` has `data` and `layout` for plotly.js, and `narrow`: what differs of them on a narrow screen. A sparkline
    has no figure but a `drawing`, an SVG element.
    """

    name: str
    title: str
    summary: str
    source: str
    table: Table
    kind: str
    reading: str = ""  # how to read it, in a line or two
    figure: Mapping[str, Any] = field(default_factory=dict)
    drawing: str = ""
    downloads: tuple[Download, ...] = ()

    @property
    def id(self) -> str:
        return f"chart-{self.name}"

    @property
    def height(self) -> int:
        """Pixels to set aside before it is drawn."""
        return int(self.figure["layout"]["height"]) if self.figure else 0

    def with_downloads(self, *downloads: Download) -> Chart:
        return replace(self, downloads=downloads)


def share_table(first: str, values: Iterable[Value]) -> Table:
    """A row for each value; `first` heads the column of their names."""
    headers = (first, _("Andel"), _("95 % usikkerhet"), _("Antall"))
    return Table(headers, tuple(share_row(value) for value in values), share_columns(first))


def share_columns(*first: str) -> tuple[Column, ...]:
    return (
        *(Column(header) for header in first),
        Column(_("Andel"), "share"),
        Column(_("Nedre grense (95 %)"), "share"),
        Column(_("Øvre grense (95 %)"), "share"),
        Column(_("Teller"), "count"),
        Column(_("Nevner"), "count"),
        Column(_("Hvorfor tallet mangler")),
    )


def share_row(value: Value, *before: str) -> Row:
    cells = (*before, value.label, percent_text(value), interval_text(value), counts_text(value))
    figures = (value.share, value.low, value.high, value.numerator, value.denominator)
    return Row(cells, value.own, (*before, value.label, *figures, value.why))


def make(subject: Subject, *, kind: str, summary: str, table: Table, **rest: Any) -> Chart:
    return Chart(
        name=subject.name,
        title=subject.title,
        source=subject.source,
        kind=kind,
        summary=summary,
        table=table,
        **rest,
    )


def hover(values: Sequence[Value]) -> list[str]:
    """Name, share and counts, for the pointer. Nothing is told here alone: the table has it too."""
    return [f"{value.label}<br>{percent_text(value)} ({counts_text(value)})" for value in values]
