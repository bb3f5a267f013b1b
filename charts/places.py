"""The nation as circles at the municipalities' centres: size by persons, colour by share."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import atan2, atanh, cos, radians, sin, tan
from typing import Any

import plotly.graph_objects as go
from django.utils.translation import gettext as _

from charts.chart import Chart, Subject, hover, make, share_table
from charts.look import INK, ORDERED, OTHER, OUT, PAPER, Json, bare_axis, figure, margin, note
from charts.values import FIXED, Value, find_own, missing_note, sentences, stands_at, whole

MERIDIAN = 15.0  # of UTM zone 33, in which Norwegians are used to see the whole country
EARTH = 6371.0  # km
LARGEST, NARROW_LARGEST = 46, 30  # the largest circle's diameter in pixels


@dataclass(frozen=True)
class MapPlace:
    """`persons` sets the size of the circle, and must itself be public: it is on the page when the share is hidden."""

    value: Value
    longitude: float
    latitude: float
    persons: int


def project(longitude: float, latitude: float) -> tuple[float, float]:
    """Kilometres east of the meridian and north of the equator: transverse Mercator on a sphere."""
    east, north = radians(longitude - MERIDIAN), radians(latitude)
    return EARTH * atanh(cos(north) * sin(east)), EARTH * atan2(tan(north), cos(east))


def nation_map(subject: Subject, places: Sequence[MapPlace]) -> Chart:
    """Classes of equal width, light to dark; hidden municipalities are hollow."""
    values = [place.value for place in places]
    classes = _classes(values)
    return make(
        subject,
        kind="map",
        summary=sentences(_message(values), missing_note(values)),
        reading=_("Jo større sirkel, jo flere personer. Hule sirkler har ikke noe tall å vise."),
        table=share_table(_("Kommune"), values),
        figure=_drawn(places, classes),
    )


def _message(values: Sequence[Value]) -> str:
    """The middle half: the very highest and lowest are small places and mostly chance."""
    ordered = sorted(value.share for value in values if value.share is not None)
    own = find_own(values)
    told = stands_at(own) if own else ""
    if len(ordered) < 4:
        return sentences(told, _("Få kommuner har tall å vise."))
    quarter = len(ordered) // 4
    half = _("Halvparten av kommunene ligger mellom %(low)s og %(high)s prosent.")
    return sentences(told, half % {"low": whole(ordered[quarter]), "high": whole(ordered[-quarter - 1])})


def _classes(values: Sequence[Value]) -> list[tuple[int, int]]:
    """Up to five steps of 5, 10 or 20 percentage points that hold all shares."""
    known = [value.percent for value in values if value.percent is not None] or [0.0, 100.0]
    for step in (5, 10, 20):
        low = min(int(min(known) // step) * step, 100 - step)
        steps = int((max(known) - low) // step) + 1
        if steps <= len(ORDERED) or step == 20:
            break
    return [(at, min(at + step, 100)) for at in range(low, low + step * steps, step) if at < 100]


def _within(value: Value, low: int, high: int) -> bool:
    return value.percent is not None and (low <= value.percent < high or value.percent == high == 100)


def _drawn(places: Sequence[MapPlace], classes: Sequence[tuple[int, int]]) -> Json:
    others = [place for place in places if not place.value.own]
    largest = max((place.persons for place in places), default=1)
    traces = [_circles([p for p in others if p.value.missing], _("uten tall"), largest, None)]
    colours = _colours(len(classes))
    for (low, high), colour in zip(classes, colours, strict=True):
        there = [place for place in others if _within(place.value, low, high)]
        traces.append(_circles(there, f"{low}–{high}{FIXED}%", largest, colour))
    mine = [place for place in places if place.value.own]
    traces.append(_own(mine, classes, colours, largest))
    sizes: Json = {"marker": {"sizeref": _sizeref(largest, NARROW_LARGEST)}}
    narrow = {"layout": _layout(places, 470, mine), "data": [sizes] * len(traces)}
    return figure(traces, _layout(places, 720, mine), narrow)


def _colours(number: int) -> tuple[str, ...]:
    return {1: ORDERED[2:3], 2: ORDERED[1:5:2], 3: ORDERED[0:5:2], 4: ORDERED[:4]}.get(number, ORDERED)


def _sizeref(largest: int, diameter: int) -> float:
    """Plotly's own unit for "area follows the number": so the largest gets this diameter."""
    return 2 * max(largest, 1) / diameter**2


def _circles(places: Sequence[MapPlace], name: str, largest: int, colour: str | None) -> Any:
    """Small on top of large. Without colour: hollow."""
    ordered = sorted(places, key=lambda place: -place.persons)
    points = [project(place.longitude, place.latitude) for place in ordered]
    # The lightest would be lost on white paper.
    edges = {None: {"color": OTHER, "width": 1.2}, ORDERED[0]: {"color": ORDERED[2], "width": 0.8}}
    edge = edges.get(colour, {"color": PAPER, "width": 0.8})
    return go.Scatter(
        name=name,
        legendrank=1000 if colour else 2000,
        x=[round(x, 1) for x, _y in points],
        y=[round(y, 1) for _x, y in points],
        mode="markers",
        marker={
            "size": [place.persons for place in ordered],
            "sizemode": "area",
            "sizeref": _sizeref(largest, LARGEST),
            "sizemin": 3.5,
            "color": colour or "rgba(255,255,255,0.6)",
            "opacity": 0.92,
            "line": edge,
        },
        text=hover([place.value for place in ordered]),
        hovertemplate="%{text}<extra></extra>",
        showlegend=bool(places),
    )


def _own(places: Sequence[MapPlace], classes: Sequence[tuple[int, int]], colours: Sequence[str], largest: int) -> Any:
    """Own keeps the colour of its class and gets a strong edge."""
    inside = zip(classes, colours, strict=True)
    colour = next((c for (low, high), c in inside if places and _within(places[0].value, low, high)), None)
    trace = _circles(places, "", largest, colour)
    trace.update(showlegend=False, marker={"line": {"color": "#D55E00", "width": 3}, "sizemin": 6, "opacity": 1})
    return trace


def _layout(places: Sequence[MapPlace], height: int, own: Sequence[MapPlace]) -> Json:
    return {
        "height": height,
        "margin": margin(left=4, right=4, top=8, bottom=8),
        "xaxis": bare_axis(),
        "yaxis": bare_axis(scaleanchor="x", scaleratio=1),
        "showlegend": True,
        "legend": _legend(),
        "annotations": [_named(place, height < 600) for place in own],
    }


def _legend() -> Json:
    """In the corner where there is only sea."""
    return {
        "x": 0,
        "xanchor": "left",
        "y": 1,
        "yanchor": "top",
        "bgcolor": "rgba(255,255,255,0)",
        "itemsizing": "constant",
        "itemclick": False,
        "itemdoubleclick": False,
        "font": {"size": 13, "color": INK},
    }


def _named(place: MapPlace, narrow: bool) -> Json:
    x, y = project(place.longitude, place.latitude)
    share = "" if place.value.share is None else f" {whole(place.value.share)}{FIXED}%"
    arrow: Json = {"showarrow": True, "arrowhead": 0, "arrowwidth": 1.5, "arrowcolor": OUT, "standoff": 8}
    where = {"ax": 0, "ay": -52, "xanchor": "left"} if narrow else {"ax": -34, "ay": -34, "xanchor": "right"}
    look: Json = {"bgcolor": "rgba(255,255,255,.85)", "borderpad": 2, "x": x, "y": y} | arrow | where
    return note(place.value.label + share, colour=OUT, strong=True, size=14, **look)
