"""The funnel: one municipality among all, and whether it stands out from what chance and the usual spread give."""

from __future__ import annotations

from collections.abc import Sequence
from math import log10, sqrt
from typing import Any, NamedTuple

import plotly.graph_objects as go
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from charts.chart import Chart, Subject, hover, make, share_table
from charts.comparison import (
    EXACT_BELOW,
    FEWEST,
    Limits,
    Outside,
    control_limits,
    funnel_sizes,
    outside,
    over_dispersion,
)
from charts.look import (
    INK,
    OTHER,
    OUT,
    OWN,
    QUIET,
    SUBTLE,
    Bounds,
    Json,
    axis,
    figure,
    line,
    margin,
    note,
    percent_axis,
    percent_bounds,
    spread,
)
from charts.values import (
    FIXED,
    Against,
    Value,
    count,
    decimal,
    find_own,
    missing_note,
    per_cent,
    percent_short,
    sentences,
    stands_at,
    told_verdict,
    whole,
)

STEPS = [n * 10**power for power in range(6) for n in (1, 2, 5)]


class Curves(NamedTuple):
    """What the limits are drawn around, and how they are widened: `phi` is 1 where chance alone gives them."""

    middle: float
    phi: float

    def place(self, value: Value) -> Outside | None:
        return outside(value.counts, self.middle, self.phi) if value.counts else None

    def level(self, value: Value) -> str | None:
        place = self.place(value)
        return place.level if place else None


def funnel(subject: Subject, values: Sequence[Value], centre: Against) -> Chart:
    """Each municipality by its size and share. Between the curves lies what chance gives; where the municipalities are spread wider
    than that, the curves are widened by how much (φ), and the page says so."""
    middle = centre.value.share
    if middle is None:
        raise ValueError("a funnel needs the share that it is drawn around")
    shown = [value for value in values if value.counts and value.counts.denominator]
    curves = Curves(middle, over_dispersion([value.counts for value in shown if value.counts], middle))
    return make(
        subject,
        kind="funnel",
        summary=sentences(_funnel_message(values, curves, centre), missing_note(values)),
        reading=_how_to_read(centre.name, curves.phi),
        table=share_table(_("Kommune"), values),
        figure=_funnel_figure(shown, centre, curves),
    )


def _how_to_read(name: str, phi: float) -> str:
    dots = _("Hvert punkt er en kommune. Små kommuner spriker mer, og derfor er kurvene videst til venstre.")
    exact = _("For under %(n)s personer er kurvene regnet eksakt (binomisk).") % {"n": EXACT_BELOW}
    return sentences(dots, _widened(phi) if phi > 1 else _by_chance(name), exact)


def _by_chance(name: str) -> str:
    text = _(
        "Mellom kurvene kan forskjellen fra %(name)s være tilfeldig. Blant mange kommuner havner likevel omtrent "
        "1 av 20 utenfor den innerste kurven og 1 av 500 utenfor den ytterste av tilfeldighet alene."
    )
    return text % {"name": name}


def _widened(phi: float) -> str:
    text = _(
        "Kommunene spriker mer enn tilfeldighet alene gir (overspredning, φ = %(phi)s), og kurvene er gjort %(times)s ganger så "
        "vide for det (Spiegelhalter 2005). Utenfor kurvene ligger de som skiller seg ut også fra den vanlige spredningen."
    )
    return text % {"phi": decimal(phi), "times": decimal(sqrt(phi))}


def _funnel_message(values: Sequence[Value], curves: Curves, centre: Against) -> str:
    levels = [curves.level(value) for value in values if value.counts]
    of_all = ngettext(
        "%(beyond)s av %(all)s kommuner ligger utenfor den ytterste kurven.",
        "%(beyond)s av %(all)s kommuner ligger utenfor den ytterste kurven.",
        len(levels),
    )
    own = find_own(values)
    told = _own_in_funnel(own, curves, centre) if own else ""
    return sentences(told, of_all % {"beyond": count(levels.count("99.8")), "all": count(len(levels))})


def _own_in_funnel(own: Value, curves: Curves, centre: Against) -> str:
    """Where own lies; and of the difference what the rest of the page says of it, which may be real and yet usual."""
    if own.counts is None or own.share is None:
        return stands_at(own)
    names = {"name": own.label, "share": whole(own.share), "other": centre.name}
    if own.counts.denominator < FEWEST:
        return _("%(name)s har for få personer til å si om forskjellen er reell.") % names
    same = whole(own.share) == whole(curves.middle)
    return _where(curves.place(own)) % names + told_verdict(centre.verdict, same)


def _where(place: Outside | None) -> str:
    if place is None:
        return _("%(name)s (%(share)s prosent) ligger mellom kurvene rundt %(other)s")
    return {
        ("95", True): _("%(name)s (%(share)s prosent) ligger over den innerste kurven rundt %(other)s"),
        ("95", False): _("%(name)s (%(share)s prosent) ligger under den innerste kurven rundt %(other)s"),
        ("99.8", True): _("%(name)s (%(share)s prosent) ligger over begge kurvene rundt %(other)s"),
        ("99.8", False): _("%(name)s (%(share)s prosent) ligger under begge kurvene rundt %(other)s"),
    }[place]


def _funnel_figure(values: Sequence[Value], centre: Against, curves: Curves) -> Json:
    middle = curves.middle
    sizes = [value.denominator or 1 for value in values] or [FEWEST, 100]
    smallest, largest = max(4, min(sizes) * 0.85), max(sizes) * 1.18
    curve = control_limits(middle, funnel_sizes(round(largest), round(smallest)), curves.phi)
    bounds = percent_bounds([*(value.percent for value in values), per_cent(middle)], least=60)
    ticks = [step for step in STEPS if smallest <= step <= largest]
    layout = {
        "height": 460,
        "margin": margin(left=54, right=108, top=40, bottom=52),
        "xaxis": axis(
            type="log", range=[log10(smallest), log10(largest)], tickvals=ticks, ticktext=[count(t) for t in ticks]
        ),
        "yaxis": percent_axis(bounds),
        "shapes": [line(x0=0, x1=1, xref="paper", y0=per_cent(middle), y1=per_cent(middle))],
        "legend": _legend(),
        "showlegend": True,
        "annotations": _funnel_notes(values, centre, middle, curve[-1], bounds),
    }
    few = [tick for tick in ticks if str(tick)[0] == "1" or len(ticks) < 5]
    narrow: Json = {
        "height": 440,
        "margin": margin(left=46, right=12, top=84, bottom=52),
        "legend": {"y": 1.03},
        "annotations": _funnel_notes(values, centre, middle, None, bounds),
        "xaxis": {"tickvals": few, "ticktext": [count(t) for t in few]},
    }
    return figure([*_curves(curve), *_dots(values, curves)], layout, {"layout": narrow})


def _legend() -> Json:
    return {
        "orientation": "h",
        "x": 0,
        "xanchor": "left",
        "y": 1.02,
        "yanchor": "bottom",
        "itemclick": False,
        "itemdoubleclick": False,
        "itemsizing": "trace",
        "font": {"size": 13, "color": INK},
    }


def _curves(curve: Sequence[Limits]) -> list[Any]:
    """The inner limits as a shaded funnel, the outer as dashes."""
    sizes = [one.denominator for one in curve]
    inner = [per_cent(one.high_95) for one in curve] + [per_cent(one.low_95) for one in reversed(curve)]
    shaded = go.Scatter(
        x=sizes + sizes[::-1],
        y=inner,
        mode="lines",
        line={"width": 1, "color": QUIET},
        fill="toself",
        fillcolor="#F1F1F2",
        hoverinfo="skip",
        showlegend=False,
    )
    outer = [
        go.Scatter(
            x=sizes,
            y=[per_cent(side) for side in sides],
            mode="lines",
            line={"width": 1.5, "color": OTHER, "dash": "5px,4px"},
            hoverinfo="skip",
            showlegend=False,
        )
        for sides in ([one.high_998 for one in curve], [one.low_998 for one in curve])
    ]
    return [shaded, *outer]


def _dots(values: Sequence[Value], curves: Curves) -> list[Any]:
    """Shape as well as colour: round within, triangle beyond the inner, diamond beyond the outer limits."""
    groups: tuple[tuple[str, str | None, str, str, int], ...] = (
        (_("mellom kurvene"), None, "circle", "#8F9194", 7),
        (_("utenfor den innerste kurven"), "95", "square", INK, 7),
        (_("utenfor den ytterste kurven"), "99.8", "diamond", OUT, 9),
    )
    drawn = []
    for name, level, symbol, colour, size in groups:
        there = [value for value in values if not value.own and curves.level(value) == level]
        drawn.append(_points(there, name, {"symbol": symbol, "color": colour, "size": size}, bool(there)))
    return [*drawn, _points([value for value in values if value.own], "", {"color": OWN, "size": 16}, False)]


def _points(values: Sequence[Value], name: str, marker: Json, legend: bool) -> Any:
    return go.Scatter(
        name=name,
        x=[value.denominator for value in values],
        y=[value.percent for value in values],
        mode="markers",
        marker=marker | {"line": {"color": "#fff", "width": 2 if marker["size"] > 12 else 0.75}},
        text=hover(values),
        hovertemplate="%{text}<extra></extra>",
        showlegend=legend,
    )


def _funnel_notes(
    values: Sequence[Value], centre: Against, middle: float, end: Limits | None, bounds: Bounds
) -> list[Json]:
    """Own's name, the centre's name, and (where there is room) the curves' names at their right ends."""
    size = _("Antall personer")
    notes = [note(size, x=0.5, xref="paper", y=0, yref="paper", yanchor="top", yshift=-26)]
    own = find_own(values)
    if own and own.share is not None and own.denominator:
        notes.append(_named(own, own.denominator, max(value.denominator or 1 for value in values)))
    label = f"{centre.value.label} {percent_short(middle)}"
    if end is None:
        return [
            *notes,
            note(
                label,
                colour=INK,
                strong=True,
                x=1,
                xref="paper",
                xanchor="right",
                y=per_cent(middle),
                yshift=12,
                bgcolor="rgba(255,255,255,.8)",
            ),
        ]
    names = [(label, middle), (_("99,8 %-grense"), end.high_998), (_("95 %-grense"), end.low_95)]
    gap = 17 * (bounds[1] - bounds[0]) / 360
    places = spread([per_cent(share) or 0 for _name, share in names], [gap] * len(names))
    right: Json = {"x": 1, "xref": "paper", "xanchor": "left", "xshift": 8}
    ends = [
        note(name.replace(" ", FIXED), y=y, colour=INK if name == label else SUBTLE, strong=name == label, **right)
        for (name, _share), y in zip(names, places, strict=True)
    ]
    return [*notes, *ends]


def _named(own: Value, size: int, largest: int) -> Json:
    """Own's name beside its dot, on the side where there is room."""
    left = log10(size) > 0.6 * log10(largest)
    text = f"{own.label} {percent_short(own.share or 0)}"
    return note(
        text,
        colour=OWN,
        strong=True,
        size=14,
        x=log10(size),
        y=own.percent,
        xanchor="right" if left else "left",
        xshift=-12 if left else 12,
        bgcolor="rgba(255,255,255,.8)",
    )
