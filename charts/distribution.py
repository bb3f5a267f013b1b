"""How many municipalities lie where, with one's own marked."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import plotly.graph_objects as go
from django.utils.translation import gettext as _

from charts.chart import Chart, Column, Row, Subject, Table, make
from charts.look import (
    INK,
    OWN,
    SUBTLE,
    Json,
    axis,
    figure,
    margin,
    note,
    upright,
)
from charts.values import (
    FIXED,
    Against,
    Value,
    count,
    decimal,
    find_own,
    missing_note,
    percent_short,
    sentences,
    stands_against,
    whole,
)


def distribution(subject: Subject, values: Sequence[Value], centre: Against | None = None) -> Chart:
    """How many municipalities lie where; own's column is marked."""
    shown = [value for value in values if value.share is not None]
    step = _step([value.percent or 0 for value in shown])
    counted = Counter(_bin(value, step) for value in shown)
    bins = list(range(min(counted), max(counted) + step, step)) if counted else []
    return make(
        subject,
        kind="distribution",
        summary=sentences(_spread_message(shown, centre), missing_note(values)),
        table=_bin_table(bins, counted, step, values),
        figure=_spread_figure(shown, bins, counted, step, centre),
    )


def _step(percents: Sequence[float]) -> int:
    """Width of a column in percentage points: about a dozen columns."""
    reach = max(percents) - min(percents) if percents else 0
    return next(step for step in (1, 2, 5, 10) if reach / step <= 14)


def _bin(value: Value, step: int) -> int:
    """The column's lower end; 100 % belongs to the last below it."""
    return min(int((value.percent or 0) // step) * step, 100 - step)


def _bin_label(low: int, step: int) -> str:
    top = low + step
    return f"{low}–{top}{FIXED}%" if top == 100 else f"{low}–{decimal(top - 0.1)}{FIXED}%"


def _bin_table(bins: Sequence[int], counted: Counter[int], step: int, values: Sequence[Value]) -> Table:
    own = find_own(values)
    home = _bin(own, step) if own and own.share is not None else None
    columns = [_bin_row(low, step, counted[low], low == home) for low in bins]
    why = Counter(value.why for value in values if value.missing)
    gaps = [_named_row(_("Uten tall: %(why)s") % {"why": reason}, number) for reason, number in why.items()]
    headers = (_("Andel"), _("Antall kommuner"))
    return Table(headers, (*columns, *gaps), (Column(headers[0]), Column(headers[1], "count")))


def _bin_row(low: int, step: int, number: int, own: bool) -> Row:
    return _named_row(_bin_label(low, step), number)._replace(own=own)


def _named_row(label: str, number: int) -> Row:
    return Row((label, count(number)), values=(label, number))


def _spread_message(shown: Sequence[Value], centre: Against | None) -> str:
    own = find_own(shown)
    ordered = sorted(value.share or 0 for value in shown)
    if len(ordered) < 4:
        return sentences(stands_against(own, centre) if own else "", _("Få kommuner har tall å vise."))
    quarter = len(ordered) // 4
    half = _("Halvparten av kommunene ligger mellom %(low)s og %(high)s prosent.")
    middle = half % {"low": whole(ordered[quarter]), "high": whole(ordered[-quarter - 1])}
    if own is None:
        return middle
    lower = sum(share < (own.share or 0) for share in ordered)
    rank = _("%(lower)s av %(all)s kommuner ligger lavere.") % {"lower": count(lower), "all": count(len(ordered))}
    return sentences(stands_against(own, centre), rank, middle)


def _spread_figure(
    shown: Sequence[Value], bins: Sequence[int], counted: Counter[int], step: int, centre: Against | None
) -> Json:
    own = find_own(shown)
    home = _bin(own, step) if own else None
    ends = [bins[0], bins[-1] + step] if bins else [0, 100]
    bars = go.Bar(
        x=[low + step / 2 for low in bins],
        y=[counted[low] for low in bins],
        width=step * 0.94,
        marker={"color": [OWN if low == home else "#B4B6B8" for low in bins], "line": {"width": 0}},
        text=[count(counted[low]) if counted[low] else "" for low in bins],
        textposition="outside",
        textfont={"size": 13, "color": SUBTLE},
        cliponaxis=False,
        hovertext=[f"{_bin_label(low, step)}: {count(counted[low])}" for low in bins],
        hovertemplate="%{hovertext}<extra></extra>",
    )
    layout = {
        "height": 340,
        "margin": margin(left=12, right=12, top=76, bottom=56),
        "xaxis": axis(
            range=[ends[0] - step * 0.3, ends[1] + step * 0.3],
            tick0=0,
            dtick=_ticks(ends, step),
            showgrid=False,
            ticksuffix=f"{FIXED}%",
        ),
        "yaxis": axis(showgrid=False, showticklabels=False, rangemode="tozero"),
        "shapes": _marks(own, centre),
        "annotations": _mark_notes(own, centre, ends),
    }
    narrow = {"height": 320, "xaxis": {"dtick": 20 if ends[1] - ends[0] > 40 else 10}}
    return figure([bars], layout, {"layout": narrow})


def _ticks(ends: Sequence[int], step: int) -> int:
    return 10 if ends[1] - ends[0] > 20 else step * 2


def _marks(own: Value | None, centre: Against | None) -> list[Json]:
    """Own and the nation as lines that stick up over the columns, own the higher."""
    marks = []
    if centre and centre.value.share is not None:
        marks.append(
            upright(centre.value.percent or 0)
            | {"layer": "above", "y1": 1.08, "line": {"color": INK, "width": 1.5, "dash": "4px,3px"}}
        )
    if own and own.share is not None:
        marks.append(
            upright(own.percent or 0, OWN) | {"layer": "above", "y1": 1.19, "line": {"color": OWN, "width": 2.5}}
        )
    return marks


def _mark_notes(own: Value | None, centre: Against | None, ends: Sequence[int]) -> list[Json]:
    notes = [note(_("Antall kommuner etter andel"), x=0.5, xref="paper", y=0, yref="paper", yanchor="top", yshift=-28)]
    for value, height, colour in ((centre.value if centre else None, 1.08, INK), (own, 1.19, OWN)):
        if value and value.share is not None:
            late = (value.percent or 0) > sum(ends) / 2
            side: Json = {"xanchor": "right", "xshift": -6} if late else {"xanchor": "left", "xshift": 6}
            text = f"{value.label} {percent_short(value.share)}"
            notes.append(
                note(
                    text,
                    colour=colour,
                    strong=True,
                    size=14,
                    x=value.percent,
                    y=height,
                    yref="paper",
                    yanchor="top",
                    yshift=3,
                    **side,
                )
            )
    return notes
