"""Names down the side, one share each: municipalities compared, units side by side, how complete the fields are."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from typing import Any

import plotly.graph_objects as go
from django.utils.translation import gettext as _

from charts.chart import Chart, Subject, hover, make, share_table
from charts.comparison import LEVEL, Verdict, difference
from charts.look import (
    GRID,
    INK,
    LINE_HEIGHT,
    OTHER,
    OWN,
    OWN_BAND,
    PAPER,
    QUIET,
    SUBTLE,
    Bounds,
    Json,
    bare_axis,
    figure,
    lines_of,
    margin,
    note,
    percent_axis,
    percent_bounds,
    upright,
    wrapped,
)
from charts.values import (
    Against,
    Value,
    find_own,
    listed,
    missing_note,
    per_cent,
    percent_short,
    sentences,
    stands_against,
    stands_at,
    whole,
)

ROW, NARROW_ROW = 38, 54
FOOT = 32
NARROW_LETTERS = 36  # of a line of a name on a narrow screen


def comparison(subject: Subject, values: Sequence[Value], against: Against | None = None, first: str = "") -> Chart:
    """Dots with intervals, in the order given; own is marked, and what it is held against is a line. `first` heads the table's
    column of names: municipalities unless told."""
    own = find_own(values)
    message = stands_against(own, against) if own else _farthest(values)
    return _dots(
        subject, values, against, "comparison", sentences(message, missing_note(values)), first or _("Kommune")
    )


def _farthest(values: Sequence[Value]) -> str:
    """Who lies highest and lowest, where there is nobody to speak of first."""
    known = sorted((value for value in values if value.share is not None), key=lambda value: value.share or 0)
    if not known:
        return _("Det er ingen tall å vise.")
    if len(known) == 1:
        return stands_at(known[0])
    return _highest_and_lowest(known[-1], known[0])


def _highest_and_lowest(high: Value, low: Value) -> str:
    names = {"high": high.label, "top": whole(high.share or 0), "low": low.label, "bottom": whole(low.share or 0)}
    return _("%(high)s ligger høyest (%(top)s prosent) og %(low)s lavest (%(bottom)s prosent).") % names


def units(subject: Subject, values: Sequence[Value], against: Against | None = None, cutoff: float = LEVEL) -> Chart:
    """The units of one municipality. `against` is the municipality itself. `cutoff` is the p-value up to which a difference is
    probably real."""
    summary = sentences(_extremes(values, cutoff), missing_note(values))
    return _dots(subject, values, against, "units", summary, _("Enhet"))


def _extremes(values: Sequence[Value], cutoff: float) -> str:
    """Who lies highest and lowest, and whether they differ, seeing that they were picked for lying farthest apart."""
    known = sorted((value for value in values if value.share is not None), key=lambda value: value.share or 0)
    if len(known) < 2:
        return _("Det er ikke nok enheter med tall til å sammenligne.")
    low, high = known[0], known[-1]
    return sentences(_highest_and_lowest(high, low), _told(_verdict(low, high, known, cutoff)))


def _verdict(low: Value, high: Value, known: Sequence[Value], cutoff: float) -> Verdict:
    if low.counts is None or high.counts is None:
        return Verdict.TOO_FEW
    return difference(high.counts, low.counts, comparisons=len(list(combinations(known, 2))), level=cutoff)


def _told(verdict: Verdict) -> str:
    return {
        Verdict.PROBABLY_REAL: _("Forskjellen mellom dem er trolig reell."),
        Verdict.MAY_BE_CHANCE: _("Forskjellen mellom dem kan være tilfeldig."),
        Verdict.TOO_FEW: _("Det er for få personer til å si om forskjellen er reell."),
    }[verdict]


def _dots(
    subject: Subject, values: Sequence[Value], against: Against | None, kind: str, summary: str, first: str
) -> Chart:
    extra = [against.value] if against and against.value.share is not None else []
    bounds = percent_bounds([per_cent(f) for v in [*values, *extra] for f in (v.low, v.share, v.high)])
    traces = [*(_interval(values, own) for own in (False, True)), *(_dot(values, own) for own in (False, True))]
    return make(
        subject,
        kind=kind,
        summary=summary,
        reading=_("Stripen viser hvor sikkert tallet er: jo lengre stripe, jo mer kan skyldes tilfeldigheter."),
        table=share_table(first, [*values, *extra]),
        figure=_drawn(traces, values, bounds, against),
    )


def _drawn(traces: Sequence[Any], values: Sequence[Value], bounds: Bounds, against: Against | None) -> Json:
    top = 30 if against else 8
    row = _narrow_row(values)
    wide, narrow = _room(values, top, ROW), _room(values, top, row)
    below = 20 / row  # what of a row lies below its stripe; the name is above
    shapes = [upright(per_cent(against.value.share) or 0)] if against and against.value.share is not None else []
    layout = {
        "height": wide,
        "margin": margin(left=_left(values), right=62, top=top, bottom=FOOT),
        "xaxis": percent_axis(bounds, side="bottom"),
        "yaxis": bare_axis(range=[len(values) - 0.5, -0.5]),
        "barmode": "overlay",
        "shapes": shapes,
        "annotations": _labels(values, bounds) + _against_label(against, bounds),
    }
    narrow_layout = {
        "height": narrow,
        # Room for half of «20 %» and of «100 %» at the ends of the axis.
        "margin": margin(left=18, right=24, top=top, bottom=FOOT),
        "yaxis": {"range": [max(1, len(values)) - 1 + below, below - 1]},
        "annotations": _narrow_labels(values, bounds) + _against_label(against, bounds),
    }
    slim: list[Json] = [{"width": 15 / row} if trace.type == "bar" else {} for trace in traces]
    return figure(traces, layout, {"layout": narrow_layout, "data": slim})


def _narrow_row(values: Sequence[Value]) -> int:
    """Pixels for a row under the name that takes most lines."""
    lines = max((len(lines_of(wrapped(value.label, NARROW_LETTERS))) for value in values), default=1)
    return NARROW_ROW + LINE_HEIGHT * (lines - 1)


def _room(values: Sequence[Value], top: int, row: int) -> int:
    return top + FOOT + row * max(1, len(values))


def _left(values: Sequence[Value]) -> int:
    """Pixels for the longest name, broken at 30 characters."""
    longest = max((len(part) for value in values for part in lines_of(wrapped(value.label, 30))), default=0)
    return round(8 * longest) + 24


def _colour(value: Value) -> str:
    return OWN if value.own else SUBTLE if value.missing else INK


def _labels(values: Sequence[Value], bounds: Bounds) -> list[Json]:
    """Names to the left of the rows and figures to the right."""
    notes = []
    for y, value in enumerate(values):
        look: Json = {"colour": _colour(value), "strong": value.own, "size": 14, "y": y, "xref": "paper"}
        name = wrapped(value.label, 30)
        notes.append(note(name, x=0, xanchor="right", xshift=-14, **look | {"align": "right"}))
        notes.append(_figure_note(value, bounds, look | {"x": 1, "xanchor": "left", "xshift": 12}))
    return notes


def _narrow_labels(values: Sequence[Value], bounds: Bounds) -> list[Json]:
    """Names and figures above the rows."""
    notes = []
    for y, value in enumerate(values):
        look: Json = {
            "colour": _colour(value),
            "strong": value.own,
            "size": 14,
            "y": y,
            "xref": "paper",
            "yanchor": "bottom",
            "yshift": 10,
            "bgcolor": PAPER,
        }
        notes.append(note(wrapped(value.label, NARROW_LETTERS), x=0, xanchor="left", xshift=-16, **look))
        notes.append(_figure_note(value, bounds, look | {"x": 1, "xanchor": "right", "xshift": 18}))
    return notes


def _figure_note(value: Value, bounds: Bounds, look: Json) -> Json:
    if value.share is not None:
        return note(percent_short(value.share), **look)
    inside = {"x": bounds[0], "xref": "x", "xanchor": "left", "xshift": 6, "yanchor": "middle", "yshift": 0, "size": 13}
    return note(value.why, **look | inside)


def _against_label(against: Against | None, bounds: Bounds) -> list[Json]:
    if against is None or against.value.share is None:
        return []
    x = per_cent(against.value.share) or 0
    # Near an end of the axis the words grow inwards, so that they are not cut off.
    place = (x - bounds[0]) / (bounds[1] - bounds[0])
    anchor = "left" if place < 0.2 else "right" if place > 0.8 else "center"
    text = f"{against.value.label} {percent_short(against.value.share)}"
    return [note(text, colour=INK, strong=True, x=x, xanchor=anchor, y=1, yref="paper", yanchor="bottom", yshift=4)]


def _interval(values: Sequence[Value], own: bool) -> Any:
    """The intervals as one line that is lifted between them."""
    x: list[float | None] = []
    y: list[float | None] = []
    for place, value in enumerate(values):
        if value.own is own and value.low is not None and value.high is not None:
            x += [per_cent(value.low), per_cent(value.high), None]
            y += [place, place, None]
    return go.Scatter(x=x, y=y, mode="lines", line={"color": OWN_BAND if own else QUIET, "width": 8}, hoverinfo="skip")


def _dot(values: Sequence[Value], own: bool) -> Any:
    shown = [(place, value) for place, value in enumerate(values) if value.own is own and value.share is not None]
    return go.Scatter(
        x=[value.percent for _place, value in shown],
        y=[place for place, _value in shown],
        mode="markers",
        marker={"size": 15 if own else 12, "color": OWN if own else OTHER, "line": {"color": "#fff", "width": 2}},
        text=hover([value for _place, value in shown]),
        hovertemplate="%{text}<extra></extra>",
    )


# --- Bars from nought -----------------------------------------------------------------------------------------


def completeness(subject: Subject, values: Sequence[Value], first: str = "") -> Chart:
    """How much of each field is filled in. Bars, since they start at nought and end at all."""
    bounds = (0.0, 100.0)
    return make(
        subject,
        kind="completeness",
        summary=sentences(_least(values), missing_note(values)),
        table=share_table(first or _("Opplysning"), values),
        figure=_drawn([_rest(values), _bar(values)], values, bounds, None),
    )


def _least(values: Sequence[Value]) -> str:
    """Names those that are filled in least."""
    known = sorted((value for value in values if value.share is not None), key=lambda value: value.share or 0)
    if not known:
        return _("Det er ingen tall å vise.")
    poor = [value for value in known if whole(value.share or 0) < 90][:3]
    if not poor:
        return _("Alle opplysningene er fylt ut for minst 90 prosent.")
    named = [_("%(name)s (%(share)s prosent)") % {"name": v.label, "share": whole(v.share or 0)} for v in poor]
    return _("Minst utfylt: %(fields)s.") % {"fields": listed(named)}


def _bar(values: Sequence[Value]) -> Any:
    shown = [(place, value) for place, value in enumerate(values) if value.share is not None]
    return go.Bar(
        x=[value.percent for _place, value in shown],
        y=[place for place, _value in shown],
        orientation="h",
        width=0.5,
        marker={"color": OWN, "line": {"width": 0}},
        text=hover([value for _place, value in shown]),
        textposition="none",
        hovertemplate="%{text}<extra></extra>",
    )


def _rest(values: Sequence[Value]) -> Any:
    """What is wanting up to 100 %, as an empty track."""
    places = [place for place, value in enumerate(values) if value.share is not None]
    return go.Bar(
        x=[100] * len(places),
        y=places,
        orientation="h",
        width=0.5,
        marker={"color": GRID, "line": {"width": 0}},
        hoverinfo="skip",
    )
