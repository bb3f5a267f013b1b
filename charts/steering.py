"""Figures for steering: how many get what, by age; and who comes and goes, month by month."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

import plotly.graph_objects as go
from django.utils.translation import gettext as _

from charts.chart import Chart, Column, Row, Subject, Table, make
from charts.look import (
    INK,
    LINE_HEIGHT,
    OLDER,
    OUT,
    OWN,
    SUBTLE,
    Json,
    axis,
    bare_axis,
    figure,
    line,
    lines_of,
    margin,
    note,
    wrapped,
)
from charts.values import NOTHING, Missing, count, decimal, listed, sentences


@dataclass(frozen=True, kw_only=True)
class Rate:
    """Persons with a service per 1000 inhabitants of the age group, or why it is missing.

    `reference` is the same for somebody else, e.g. the nation; drawn as a stroke across the bar.
    """

    service: str
    age: str
    per_1000: float | None = None
    persons: int | None = None
    population: int | None = None
    reference: float | None = None
    missing: Missing | None = None

    def __post_init__(self) -> None:
        if (self.per_1000 is None) is (self.missing is None) or (self.missing and self.persons is not None):
            raise ValueError(f"{self.service}, {self.age}: either a rate or a reason why not")

    @property
    def text(self) -> str:
        return str(self.missing.label) if self.missing else decimal(self.per_1000 or 0)


BAR, HEAD = 23, 34  # pixels for a bar, and for the name of a service above its bars
WIDE_LETTERS, NARROW_LETTERS = 80, 38


def rates_by_age(subject: Subject, rates: Sequence[Rate], reference: str = "") -> Chart:
    """Bars in groups: a group for each service, a bar for each age. `reference` names whose the strokes are."""
    groups = [(service, list(group)) for service, group in groupby(rates, key=lambda rate: rate.service)]
    return make(
        subject,
        kind="rates",
        summary=_highest(rates),
        reading=_stroke_note(reference),
        table=_rate_table(rates, reference),
        figure=_rate_figure(groups),
    )


def _highest(rates: Sequence[Rate]) -> str:
    """The service that most get, and at which age."""
    known = [rate for rate in rates if rate.per_1000 is not None]
    if not known:
        return _("Det er ingen tall å vise.")
    top = max(known, key=lambda rate: rate.per_1000 or 0)
    text = _("Flest får %(service)s i alderen %(age)s: %(rate)s av 1000 innbyggere.")
    return text % {
        "service": top.service[:1].lower() + top.service[1:],
        "age": top.age,
        "rate": decimal(top.per_1000 or 0, 0),
    }


def _stroke_note(reference: str) -> str:
    return _("De svarte strekene viser %(name)s.") % {"name": reference} if reference else ""


def _rate_table(rates: Sequence[Rate], reference: str) -> Table:
    headers = (_("Tjeneste"), _("Alder"), _("Per 1000 innbyggere"), _("Personer"), _("Innbyggere"))
    more = (reference[:1].upper() + reference[1:],) if reference else ()
    service, age, rate_header, persons, inhabitants = headers
    columns = (
        Column(service),
        Column(age),
        Column(rate_header, "rate"),
        Column(persons, "count"),
        Column(inhabitants, "count"),
        *(Column(header, "rate") for header in more),
    )
    return Table(headers + more, tuple(_rate_row(rate, bool(reference)) for rate in rates), columns)


def _rate_row(rate: Rate, reference: bool) -> Row:
    cells = (rate.service, rate.age, rate.text, count(rate.persons), count(rate.population))
    beside = NOTHING if rate.reference is None else decimal(rate.reference)
    values = (rate.service, rate.age, rate.per_1000, rate.persons, rate.population)
    if not reference:
        return Row(cells, values=values)
    return Row((*cells, beside), values=(*values, rate.reference))


def _rate_figure(groups: Sequence[tuple[str, list[Rate]]]) -> Json:
    layout, bars = _rate_drawing(groups, WIDE_LETTERS)
    narrow, narrow_bars = _rate_drawing(groups, NARROW_LETTERS)
    differs = {name: narrow[name] for name in ("height", "yaxis", "shapes", "annotations")}
    return figure([bars], layout, {"layout": differs, "data": [{"y": list(narrow_bars.y)}]})


def _rate_drawing(groups: Sequence[tuple[str, list[Rate]]], letters: int) -> tuple[Json, Any]:
    """Heights are pixels: the vertical axis counts them from the top. `letters` are those of a line of a service's name."""
    heads, placed, at = [], [], 0.0
    for service, group in groups:
        name = wrapped(service, letters)
        at += HEAD + LINE_HEIGHT * (len(lines_of(name)) - 1)
        heads.append((name, at - 3))
        placed += [(rate, at + BAR * (i + 0.5)) for i, rate in enumerate(group)]
        at += BAR * len(group)
    top = max((max(rate.per_1000 or 0, rate.reference or 0) for rate, _y in placed), default=0) * 1.02 or 1
    ages = list(dict.fromkeys(rate.age for rate, _y in placed))
    left = 20 + round(7.2 * max((len(age) for age in ages), default=0))
    layout = {
        "height": round(at) + 12,
        "margin": margin(left=left, right=64, top=4, bottom=8),
        "xaxis": bare_axis(range=[0, top]),
        "yaxis": bare_axis(range=[at, 0]),
        "bargap": 0,
        "shapes": [_stroke(rate.reference, y) for rate, y in placed if rate.reference is not None],
        "annotations": [*_head_notes(heads, left), *(_bar_note(rate, y) for rate, y in placed)]
        + [_age_note(rate.age, y) for rate, y in placed],
    }
    return layout, _bars(placed, ages)


def _bars(placed: Sequence[tuple[Rate, float]], ages: Sequence[str]) -> Any:
    """Older is darker."""
    shown = [(rate, y) for rate, y in placed if rate.per_1000 is not None]
    shades = {age: _shade(place, len(ages)) for place, age in enumerate(ages)}
    return go.Bar(
        x=[round(rate.per_1000 or 0, 1) for rate, _y in shown],
        y=[y for _rate, y in shown],
        width=BAR - 5,
        orientation="h",
        marker={"color": [shades[rate.age] for rate, _y in shown], "line": {"width": 0}},
        hovertext=[f"{rate.service}, {rate.age}<br>{rate.text} ({count(rate.persons)})" for rate, _y in shown],
        hovertemplate="%{hovertext}<extra></extra>",
    )


def _shade(place: int, number: int) -> str:
    return OLDER[round(place * (len(OLDER) - 1) / max(1, number - 1))]


def _stroke(reference: float | None, y: float) -> Json:
    reach = BAR / 2 - 1
    return line(INK, width=2.5, x0=reference, x1=reference, y0=y - reach, y1=y + reach) | {"layer": "above"}


def _head_notes(heads: Sequence[tuple[str, float]], left: int) -> list[Json]:
    look: Json = {
        "x": 0,
        "xref": "paper",
        "xanchor": "left",
        "xshift": -left + 2,
        "yanchor": "bottom",
        "strong": True,
        "size": 14,
    }
    return [note(name, colour=INK, y=y, **look) for name, y in heads]


def _age_note(age: str, y: float) -> Json:
    return note(age, x=0, xref="paper", xanchor="right", xshift=-8, y=y)


def _bar_note(rate: Rate, y: float) -> Json:
    """The figures stand in a column of their own; a reason why not stands where the bar would be."""
    if rate.missing:
        return note(rate.text, x=0, xanchor="left", xshift=4, y=y)
    return note(rate.text, colour=INK, x=1, xref="paper", xanchor="right", xshift=58, y=y)


# --- Who comes and goes ---------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class Month:
    """Persons who got the service new in the month, who ended it, and who had it when the month ended."""

    label: str
    short: str = ""  # for the axis, «jan»
    started: int | None = None
    ended: int | None = None
    at_end: int | None = None
    missing: Missing | None = None

    def __post_init__(self) -> None:
        figures = (self.started, self.ended, self.at_end)
        if self.missing and any(number is not None for number in figures):
            raise ValueError(f"{self.label}: a missing month must carry no figures, they would reach the browser")
        if not self.missing and None in figures:
            raise ValueError(f"{self.label}: figures, or a reason why not")


def flow(subject: Subject, months: Sequence[Month]) -> Chart:
    """Above, how many have the service; below, how many came (up) and went (down)."""
    return make(
        subject,
        kind="flow",
        summary=sentences(_flow_message(months), _gaps(months)),
        table=_flow_table(months),
        figure=_flow_figure(months),
    )


def _flow_message(months: Sequence[Month]) -> str:
    known = [month for month in months if not month.missing]
    if not known:
        return _("Det er ingen tall å vise.")
    first, last = known[0], known[-1]
    text = _(
        "%(now)s personer hadde tjenesten ved slutten av %(last)s, mot %(then)s ved slutten av %(first)s. "
        "I perioden kom %(new)s nye, og %(ended)s sluttet."
    )
    return text % {
        "now": count(last.at_end),
        "last": last.label,
        "then": count(first.at_end),
        "first": first.label,
        "new": count(sum(month.started or 0 for month in known)),
        "ended": count(sum(month.ended or 0 for month in known)),
    }


def _gaps(months: Sequence[Month]) -> str:
    gaps = [f"{month.label} ({month.missing.label})" for month in months if month.missing]
    return _("Uten tall: %(who)s.") % {"who": listed(gaps)} if gaps else ""


def _flow_table(months: Sequence[Month]) -> Table:
    headers = (_("Måned"), _("Nye"), _("Avsluttet"), _("Ved slutten av måneden"))
    columns = (
        Column(headers[0]),
        *(Column(header, "count") for header in headers[1:]),
        Column(_("Hvorfor tallet mangler")),
    )
    return Table(headers, tuple(_flow_row(month) for month in months), columns)


def _flow_row(month: Month) -> Row:
    if month.missing:
        why = str(month.missing.label)
        return Row((month.label, why, why, why), values=(month.label, None, None, None, why))
    figures = (month.started, month.ended, month.at_end)
    return Row((month.label, *map(count, figures)), values=(month.label, *figures, ""))


def _flow_figure(months: Sequence[Month]) -> Json:
    places = list(range(len(months)))
    came = _columns(places, [month.started for month in months], OWN, _("Nye"))
    went = _columns(places, [None if m.ended is None else -m.ended for m in months], "#D55E00", _("Avsluttet"))
    layout = {
        "height": 430,
        "margin": margin(left=48, right=52, top=26, bottom=32),
        "barmode": "relative",
        "bargap": 0.35,
        "xaxis": axis(
            showgrid=False,
            tickvals=places,
            ticktext=[m.short or m.label for m in months],
            anchor="y2",
            range=[-0.6, len(months) - 0.4],
        ),
        "yaxis": axis(domain=[0.56, 1], rangemode="tozero", nticks=4, tickformat=",d"),
        "yaxis2": axis(
            domain=[0, 0.42],
            zeroline=True,
            zerolinecolor=INK,
            zerolinewidth=1,
            showticklabels=False,
            showgrid=False,
            range=_mirror(months),
        ),
        "annotations": _panel_notes() + _end_note(months),
    }
    few = places[:: max(1, -(-len(places) // 6))]
    narrow = {
        "layout": {
            "margin": margin(left=48, right=48, top=26, bottom=32),
            "xaxis": {"tickvals": few, "ticktext": [months[i].short or months[i].label for i in few]},
        }
    }
    return figure([_stock(places, months), came, went], layout, narrow)


def _mirror(months: Sequence[Month]) -> list[float]:
    """Room for the columns both ways and the numbers at their ends."""
    up = max((month.started or 0 for month in months), default=0)
    down = max((month.ended or 0 for month in months), default=0)
    room = 0.22 * (up + down) or 1
    return [-down - room, up + room]


def _stock(places: Sequence[int], months: Sequence[Month]) -> Any:
    return go.Scatter(
        x=list(places),
        y=[month.at_end for month in months],
        mode="lines+markers",
        line={"color": INK, "width": 2.5},
        marker={"size": 7, "color": INK, "line": {"color": "#fff", "width": 1.5}},
        hovertext=[f"{month.label}: {count(month.at_end)}" for month in months],
        hovertemplate="%{hovertext}<extra></extra>",
        connectgaps=False,
    )


def _columns(places: Sequence[int], numbers: Sequence[int | None], colour: str, name: str) -> Any:
    shown = ["" if number is None else count(abs(number)) for number in numbers]
    return go.Bar(
        x=list(places),
        y=list(numbers),
        yaxis="y2",
        marker={"color": colour, "line": {"width": 0}},
        text=shown,
        textposition="outside",
        textangle=0,
        textfont={"size": 12, "color": SUBTLE},
        cliponaxis=False,
        hovertext=[f"{name}: {text}" for text in shown],
        hovertemplate="%{hovertext}<extra></extra>",
    )


def _panel_notes() -> list[Json]:
    look: Json = {"x": 0, "xref": "paper", "xanchor": "left", "xshift": -44, "yref": "paper", "yanchor": "bottom"}
    return [
        note(_("Har tjenesten ved slutten av måneden"), colour=INK, strong=True, y=1, yshift=6, **look),
        note(_("Nye"), colour=OWN, strong=True, y=0.42, yshift=4, **look),
        note(_("Avsluttet"), colour=OUT, strong=True, y=0.42, yshift=4, **look | {"xshift": -6}),
    ]


def _end_note(months: Sequence[Month]) -> list[Json]:
    known = [(place, month) for place, month in enumerate(months) if month.at_end is not None]
    if not known:
        return []
    place, month = known[-1]
    return [
        note(count(month.at_end), colour=INK, strong=True, size=14, x=place, y=month.at_end, xanchor="left", xshift=9)
    ]
