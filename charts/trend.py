"""Shares through the years: one municipality beside its county, the nation and its peers; and the tiny one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

import plotly.graph_objects as go
from django.db.models import TextChoices
from django.utils.html import format_html
from django.utils.safestring import mark_safe
from django.utils.translation import gettext as _

from charts.chart import Chart, Subject, Table, hover, make, share_columns, share_row, share_table
from charts.comparison import LEVEL, Verdict, trend_p_value, verdict
from charts.look import (
    INK,
    OWN,
    OWN_BAND,
    PAPER,
    SUBTLE,
    Bounds,
    Json,
    axis,
    figure,
    lines_of,
    margin,
    note,
    percent_axis,
    percent_bounds,
    spread,
    wrapped,
)
from charts.values import Value, missing_note, per_cent, percent_short, sentences, whole


class Kind(TextChoices):
    OWN = "own"
    COUNTY = "county"
    NATION = "nation"
    PEER = "peer"


@dataclass(frozen=True)
class Series:
    """Somebody's values, one for each period, in order. The values' labels are the periods («2023»)."""

    label: str
    values: tuple[Value, ...]
    kind: Kind

    @property
    def last(self) -> Value | None:
        return next((value for value in reversed(self.values) if value.share is not None), None)


# Colour, width, dash, size of marker.
STROKES: dict[Kind, tuple[str, float, str, int]] = {
    Kind.OWN: (OWN, 3.5, "solid", 10),
    Kind.NATION: (INK, 2, "solid", 6),
    Kind.COUNTY: (SUBTLE, 2, "6px,4px", 6),
    Kind.PEER: ("#A2A4A6", 1.5, "solid", 5),
}
HEIGHT, NARROW_HEIGHT, TOP, FOOT = 400, 380, 12, 34


def time_series(subject: Subject, series: Sequence[Series], cutoff: float = LEVEL) -> Chart:
    """Lines with their names at the end, and a band of uncertainty around own. All series have the same periods. `cutoff` is the
    p-value up to which own trend is probably real."""
    periods = [value.label for value in series[0].values] if series else []
    own = next((one for one in series if one.kind == Kind.OWN), None)
    bounds = percent_bounds(list(_reach(series)))
    # Own last: it lies on top.
    ordered = sorted(series, key=lambda one: [Kind.PEER, Kind.COUNTY, Kind.NATION, Kind.OWN].index(one.kind))
    traces = [*(_bands(own) if own else []), *(_line(one) for one in ordered)]
    return make(
        subject,
        kind="time-series",
        summary=_message(series, own, cutoff),
        reading=_("Det blå feltet viser hvor sikkert tallet er: jo høyere felt, jo mer kan skyldes tilfeldigheter.")
        if own and own.last
        else "",
        table=_table(series),
        figure=_drawn(traces, ordered, periods, bounds),
    )


def _reach(series: Sequence[Series]) -> Iterator[float | None]:
    for one in series:
        for value in one.values:
            yield value.percent
            if one.kind == Kind.OWN:
                yield from (per_cent(value.low), per_cent(value.high))


def _drawn(traces: Sequence[Any], series: Sequence[Series], periods: Sequence[str], bounds: Bounds) -> Json:
    last = len(periods) - 1
    wide = _end_labels(series, last, bounds, HEIGHT)
    narrow = _end_labels(series, last, bounds, NARROW_HEIGHT, letters=15)
    # Below an invisible tick: the lowest per cent stands beside the first year.
    ticks = {"tickvals": list(range(len(periods))), "ticktext": list(periods), "ticks": "outside", "tickcolor": PAPER}
    layout = {
        "height": HEIGHT,
        "margin": margin(left=54, right=_right(wide), top=TOP, bottom=FOOT),
        "xaxis": axis(range=[-0.15, last + 0.1], showgrid=False, **ticks),
        "yaxis": percent_axis(bounds),
        "annotations": wide,
    }
    few = list(range(last, -1, -1 if len(periods) <= 5 else -2))
    narrow_layout = {
        "height": NARROW_HEIGHT,
        "margin": margin(left=46, right=_right(narrow), top=TOP, bottom=FOOT),
        "xaxis": {"tickvals": few, "ticktext": [periods[i] for i in few]},
        "annotations": narrow,
    }
    return figure(traces, layout, {"layout": narrow_layout})


def _right(labels: Sequence[Json]) -> int:
    return 18 + round(8 * max((len(part) for label in labels for part in lines_of(label["text"])), default=0))


def _end_labels(series: Sequence[Series], last: int, bounds: Bounds, height: int, letters: int = 34) -> list[Json]:
    """The names of the lines, at the height where they end but moved apart."""
    ended = [(one, one.last) for one in series if one.last]
    per_pixel = (bounds[1] - bounds[0]) / (height - TOP - FOOT)
    texts = [_end_text(one, value, letters) for one, value in ended]
    tall = [19 * per_pixel * len(lines_of(text)) for text in texts]
    places = spread([value.percent or 0 for _one, value in ended], tall)
    return [
        note(
            text,
            colour=OWN if one.kind == Kind.OWN else INK if one.kind == Kind.NATION else SUBTLE,
            strong=one.kind == Kind.OWN,
            size=14 if one.kind != Kind.PEER else 13,
            x=last,
            xanchor="left",
            xshift=12,
            y=y,
        )
        for (one, _value), text, y in zip(ended, texts, places, strict=True)
    ]


def _end_text(one: Series, value: Value, letters: int) -> str:
    """«Landet 62 %»; the year too when the line ends early and there is room; of peers the name only."""
    early = "" if value is one.values[-1] or letters < 20 else f" ({value.label})"
    figures = "" if one.kind == Kind.PEER else f" {percent_short(value.share or 0)}"
    return wrapped(one.label + early + figures, letters)


def _line(one: Series) -> Any:
    colour, width, dash, size = STROKES[one.kind]
    names = [f"{one.label} {text}" for text in hover(one.values)]
    return go.Scatter(
        name=one.label,
        x=list(range(len(one.values))),
        y=[value.percent for value in one.values],
        mode="lines+markers",
        line={"color": colour, "width": width, "dash": dash},
        marker={"size": size, "color": colour, "line": {"color": "#fff", "width": 1.5}},
        text=names,
        hovertemplate="%{text}<extra></extra>",
        connectgaps=False,
        cliponaxis=False,
    )


def _bands(one: Series) -> list[Any]:
    """The interval as an area, one for each run of years that have figures; a year alone is a bar."""
    runs = groupby(enumerate(one.values), key=lambda place: place[1].low is not None)
    return [_band(list(run)) for known, run in runs if known]


def _band(run: Sequence[tuple[int, Value]]) -> Any:
    if len(run) == 1:  # broad enough to be seen
        run = [(run[0][0] + aside, run[0][1]) for aside in (-0.06, 0.06)]  # type: ignore[misc]
    x = [place for place, _value in run]
    high, low = [per_cent(value.high) for _p, value in run], [per_cent(value.low) for _p, value in run]
    return go.Scatter(
        x=x + x[::-1],
        y=high + low[::-1],
        mode="lines",
        line={"width": 0, "color": OWN_BAND},
        fill="toself",
        fillcolor="rgba(0, 98, 186, 0.15)",
        hoverinfo="skip",
    )


def _message(series: Sequence[Series], own: Series | None, cutoff: float) -> str:
    """Where own stands, how it has moved, and where county and nation stand in the same year."""
    if own is None or own.last is None:
        return sentences(_("Det er ingen tall å vise for kommunen."), missing_note(own.values) if own else "")
    now = own.last
    here = _("%(name)s ligger på %(share)s prosent i %(year)s.")
    words = here % {"name": own.label, "share": whole(now.share or 0), "year": now.label}
    return sentences(words, _moved(own.values, cutoff), _others(series, now.label), missing_note(own.values))


def trend_of(values: Sequence[Value]) -> float | None:
    """The p-value of a rise or fall through the periods; None where that cannot be asked."""
    return trend_p_value([value.counts for value in values])


def _moved(values: Sequence[Value], cutoff: float) -> str:
    """From the first to the last that has a figure, and whether the trend through all of them is real."""
    known = [value for value in values if value.share is not None]
    if len(known) < 2:
        return ""
    then, now = known[0], known[-1]
    start, end = whole(then.share or 0), whole(now.share or 0)
    names = {"year": then.label, "share": start}
    if start == end:
        return _("Det er som i %(year)s.") % names
    up = _("Det er opp fra %(share)s prosent i %(year)s") % names
    down = _("Det er ned fra %(share)s prosent i %(year)s") % names
    known_by_counts = then.counts is not None and now.counts is not None
    return (up if end > start else down) + (_told(verdict(trend_of(values), cutoff)) if known_by_counts else ".")


def _told(verdict: Verdict) -> str:
    return {
        Verdict.PROBABLY_REAL: _("; endringen er trolig reell."),
        Verdict.MAY_BE_CHANCE: _("; endringen kan være tilfeldig."),
        Verdict.TOO_FEW: _("; det er for få personer til å si om endringen er reell."),
    }[verdict]


def _others(series: Sequence[Series], period: str) -> str:
    told = []
    for one in series:
        value = next((value for value in one.values if value.label == period), None)
        if one.kind in (Kind.COUNTY, Kind.NATION) and value and value.share is not None:
            told.append(_("%(name)s: %(share)s prosent.") % {"name": one.label, "share": whole(value.share)})
    return " ".join(told)


def _table(series: Sequence[Series]) -> Table:
    rows = [share_row(value, one.label)._replace(own=one.kind == Kind.OWN) for one in series for value in one.values]
    headers = (_("Område"), _("År"))
    return Table((*headers, _("Andel"), _("95 % usikkerhet"), _("Antall")), tuple(rows), share_columns(*headers))


# --- The tiny one ---------------------------------------------------------------------------------------------

WIDTH, TALL, EDGE = 132, 36, 5


def sparkline(
    subject: Subject, values: Sequence[Value], reference: Sequence[Value] = (), cutoff: float = LEVEL
) -> Chart:
    """A trend the size of a word, e.g. twelve on one page. Drawn here as SVG: it needs no script.

    `reference` is a grey line behind it, e.g. the nation in the same years. Coloured by portal.css. `cutoff` is the p-value up
    to which the trend is probably real.
    """
    known = [value for value in values if value.share is not None]
    summary = sentences(*map(_in_year, known[-1:]), _moved(values, cutoff))
    return make(
        subject,
        kind="sparkline",
        summary=summary or _("Det er ingen tall å vise."),
        table=share_table(_("År"), values),
        drawing=_svg(values, reference, summary or _("Det er ingen tall å vise.")),
    )


def _in_year(value: Value) -> str:
    return _("%(share)s prosent i %(year)s.") % {"share": whole(value.share or 0), "year": value.label}


def _svg(values: Sequence[Value], reference: Sequence[Value], summary: str) -> str:
    bounds = percent_bounds([value.percent for value in (*values, *reference)], least=20)
    points, behind = _points(values, bounds), _points(reference, bounds)
    parts = [_path(behind, "sparkline__other"), _path(points, "sparkline__own"), _lone(points), _end(points)]
    return format_html(
        '<svg class="sparkline" viewBox="0 0 {w} {h}" width="{w}" height="{h}" role="img" aria-label="{label}">'
        "{body}</svg>",
        w=WIDTH,
        h=TALL,
        label=summary,
        body=mark_safe("".join(parts)),  # noqa: S308 - made of numbers, below
    )


Point = tuple[float, float]


def _points(values: Sequence[Value], bounds: Bounds) -> list[Point | None]:
    across = (WIDTH - 2 * EDGE) / max(1, len(values) - 1)
    per_unit = (TALL - 2 * EDGE) / (bounds[1] - bounds[0])
    return [
        None if value.percent is None else (EDGE + i * across, TALL - EDGE - (value.percent - bounds[0]) * per_unit)
        for i, value in enumerate(values)
    ]


def _path(points: Sequence[Point | None], name: str) -> str:
    """Lifted where a year is missing."""
    steps, down = [], False
    for point in points:
        if point:
            steps.append(f"{'L' if down else 'M'}{point[0]:.1f} {point[1]:.1f}")
        down = point is not None
    return f'<path class="{name}" d="{"".join(steps)}"/>' if steps else ""


def _lone(points: Sequence[Point | None]) -> str:
    """Years without a neighbour, which no line would show."""
    around = [None, *points, None]
    lone = [p for before, p, after in zip(around, points, around[2:], strict=False) if p and not before and not after]
    return "".join(_dot(point, 2) for point in lone)


def _end(points: Sequence[Point | None]) -> str:
    known = [point for point in points if point]
    return _dot(known[-1], 3.5) if known else ""


def _dot(point: Point, radius: float) -> str:
    return f'<circle class="sparkline__dot" cx="{point[0]:.1f}" cy="{point[1]:.1f}" r="{radius}"/>'
