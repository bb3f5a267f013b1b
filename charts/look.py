"""How all charts look: own in the portal's accent, others in quiet greys, words on the drawing instead of legends.

Colours hold for the colour-blind: blue, vermilion and black of Okabe and Ito, and one hue from light to dark for what
has an order. No tags such as <b> in texts: plotly.js would set them as style attributes, which our
Content-Security-Policy forbids.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise
from math import ceil, floor
from typing import Any

import plotly.graph_objects as go
from django.utils.formats import get_format

FONT = "Inter, system-ui, sans-serif"
OWN = "#0062BA"  # Designsystemet: accent base
OWN_BAND = "#BBD8F0"
INK, SUBTLE = "#292C30", "#5B5D60"
OTHER = "#77797B"  # the other dots and lines
QUIET = "#C9CACB"
GRID = "#E8E8E9"
PAPER = "#FFFFFF"
OUT = "#B34700"  # vermilion, dark enough for text
ORDERED = ("#C4DCF2", "#8ABAE4", "#4A90CF", "#0B5CA5", "#06315C")
OLDER = ("#A9CDEC", "#77AEDD", "#428ECC", "#0B6BBD", "#064F90", "#06315C")

TAG = re.compile(r"<(?!br>|extra>|/extra>)")

Json = dict[str, Any]
Bounds = tuple[float, float]


def figure(traces: Sequence[Any], layout: Json, narrow: Json | None = None) -> Json:
    """As JSON for the browser, without Plotly's template: its look is not ours, and it is 7 kB for each chart."""
    drawn = go.Figure(data=list(traces), layout=_base() | layout).to_plotly_json()
    drawn["layout"].pop("template", None)
    return _without_tags(drawn | {"narrow": narrow or {}})


def _without_tags(part: Any) -> Any:
    """Names are other people's text, and plotly.js reads tags in texts: only our own are left as tags."""
    if isinstance(part, str):
        return TAG.sub("&lt;", part)
    if isinstance(part, dict):
        return {key: _without_tags(value) for key, value in part.items()}
    return [_without_tags(item) for item in part] if isinstance(part, list | tuple) else part


def _base() -> Json:
    return {
        "font": {"family": FONT, "size": 14, "color": INK},
        "paper_bgcolor": PAPER,
        "plot_bgcolor": PAPER,
        "separators": f"{get_format('DECIMAL_SEPARATOR')}{get_format('THOUSAND_SEPARATOR')}",
        "showlegend": False,
        "dragmode": False,
        "hovermode": "closest",
        "hoverlabel": {
            "bgcolor": PAPER,
            "bordercolor": INK,
            "font": {"family": FONT, "size": 14, "color": INK},
            "align": "left",
        },
    }


def margin(left: int = 8, right: int = 8, top: int = 8, bottom: int = 32) -> Json:
    return {"l": left, "r": right, "t": top, "b": bottom, "pad": 0}


def axis(**more: Any) -> Json:
    """Hairlines and small grey numbers. Never zoomed: a finger on the chart must scroll the page."""
    plain = {
        "fixedrange": True,
        "gridcolor": GRID,
        "gridwidth": 1,
        "zeroline": False,
        "showline": False,
        "ticks": "",
        "tickfont": {"family": FONT, "size": 13, "color": SUBTLE},
        "automargin": False,
    }
    return plain | more


def percent_axis(bounds: Bounds, **more: Any) -> Json:
    step = 10 if bounds[1] - bounds[0] <= 50 else 20
    return axis(range=bounds, tick0=0, dtick=step, ticksuffix="\u00a0%", **more)


def bare_axis(**more: Any) -> Json:
    return axis(showgrid=False, showticklabels=False, **more)


def percent_bounds(figures: Sequence[float | None], least: float = 40) -> Bounds:
    """Tens around the figures (0..100), wide enough that small differences do not look great."""
    known = [figure for figure in figures if figure is not None] or [0, 100]
    low, high = floor(min(known) / 10) * 10, ceil(max(known) / 10) * 10
    while high - low < least:
        low, high = max(0, low - 10), min(100, high + 10)
    return float(low), float(high)


def note(text: str, *, colour: str = SUBTLE, strong: bool = False, size: int = 13, **where: Any) -> Json:
    """Words on the drawing."""
    font = {"family": FONT, "size": size, "color": colour, "weight": 650 if strong else 400}
    return {"text": text, "showarrow": False, "font": font, "align": "left"} | where


def line(colour: str = INK, *, width: float = 1.5, dash: str = "solid", **where: Any) -> Json:
    return {"type": "line", "line": {"color": colour, "width": width, "dash": dash}, "layer": "below"} | where


def upright(x: float, colour: str = INK) -> Json:
    """A line through the whole drawing, e.g. at the nation's share."""
    return line(colour, x0=x, x1=x, xref="x", y0=0, y1=1, yref="paper")


def spread(positions: Sequence[float], sizes: Sequence[float]) -> list[float]:
    """The same places in the same order, moved so far apart that words beside them, of these heights, do not overlap."""
    order = sorted(range(len(positions)), key=lambda i: positions[i])
    places = list(positions)
    # A few sweeps of pushing neighbours apart, half each: enough for a dozen labels.
    for _sweep in range(60):
        for below, above in pairwise(order):
            overlap = (sizes[below] + sizes[above]) / 2 - (places[above] - places[below])
            if overlap > 1e-9:
                places[below] -= overlap / 2
                places[above] += overlap / 2
    return places


LINE_HEIGHT = 18  # pixels for each further line of a text that is broken


def wrapped(text: str, width: int) -> str:
    """Broken into lines of about `width` characters, at plain spaces: those of «57 %» hold together."""
    lines = [""]
    for word in text.split(" "):
        fits = len(lines[-1]) + len(word) < width
        lines[-1:] = [f"{lines[-1]} {word}".strip(" ")] if fits or not lines[-1] else [lines[-1], word]
    return "<br>".join(lines)


def lines_of(text: str) -> list[str]:
    """The lines of a text that is broken."""
    return text.split("<br>")
