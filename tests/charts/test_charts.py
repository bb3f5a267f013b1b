"""Charts: the figure, the words and the table tell the same, and what is missing says why."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import Any

import pytest
from django.template.loader import render_to_string

from charts import (
    Against,
    Chart,
    Download,
    Kind,
    MapPlace,
    Missing,
    Month,
    Rate,
    Series,
    Subject,
    Value,
    comparison,
    completeness,
    distribution,
    flow,
    funnel,
    nation_map,
    rates_by_age,
    sparkline,
    time_series,
    units,
)
from charts.comparison import Verdict
from charts.look import percent_bounds, spread, wrapped
from charts.places import project
from charts.values import count, decimal, listed, percent_text, stands_against, whole

SUBJECT = Subject(title="Ernæring vurdert, 2023", name="ernaering", source="Kilde: KPR helse og omsorg.")
OWN = Value.of("Solhøgda", 114, 200, own=True)
HIDDEN = Value.none("Bykle", Missing.SUPPRESSED)
UNREPORTED = Value.none("Utsira", Missing.NOT_REPORTED)
PEERS = [Value.of("Lund", 70, 100), OWN, Value.of("Molde", 30, 90), HIDDEN, UNREPORTED]
NATION = Value.of("Landet", 22_320, 36_000)
AGAINST = Against(NATION, Verdict.MAY_BE_CHANCE, "landet")
MANY = [*PEERS, *(Value.of(f"Kommune {n}", 40 + n, 100) for n in range(30)), Value.of("Lav", 100, 1000)]


def of_years(*numerators: int | None) -> tuple[Value, ...]:
    years = zip(range(2020, 2024), numerators, strict=False)
    return tuple(Value.none(str(y), Missing.NOT_REPORTED) if n is None else Value.of(str(y), n, 200) for y, n in years)


SERIES = [
    Series("Solhøgda", of_years(80, None, 100, 114), Kind.OWN),
    Series("Vestland", of_years(90, 96, 104, 116), Kind.COUNTY),
    Series("Landet", of_years(100, 108, 116, 124), Kind.NATION),
    Series("Lund", of_years(100, 104, 110, None), Kind.PEER),
]
UNITS = [Value.of("Solbakken", 41, 58), Value.of("Elvestua", 22, 70), Value.none("Tunet", Missing.SUPPRESSED)]
PLACES = [MapPlace(value, 5 + n / 3, 58 + n / 4, 1000 + n) for n, value in enumerate(MANY)]
RATES = [
    Rate(service="Praktisk bistand", age="67–79 år", per_1000=40.26, persons=70, population=1739, reference=38.0),
    Rate(service="Praktisk bistand", age="80 år og eldre", per_1000=210.0, persons=90, population=429),
    Rate(service="Omsorgsbolig", age="67–79 år", missing=Missing.SUPPRESSED, population=1739),
]
MONTHS = [
    Month(label="januar", short="jan", started=12, ended=9, at_end=1203),
    Month(label="februar", short="feb", missing=Missing.SUPPRESSED),
    Month(label="mars", short="mar", started=7, ended=11, at_end=1199),
]

CHARTS: dict[str, Callable[[], Chart]] = {
    "sparkline": lambda: sparkline(SUBJECT, SERIES[0].values, SERIES[2].values),
    "time series": lambda: time_series(SUBJECT, SERIES),
    "comparison": lambda: comparison(SUBJECT, PEERS, AGAINST),
    "units": lambda: units(SUBJECT, UNITS, Against(OWN)),
    "funnel": lambda: funnel(SUBJECT, MANY, AGAINST),
    "distribution": lambda: distribution(SUBJECT, MANY, AGAINST),
    "map": lambda: nation_map(SUBJECT, PLACES),
    "rates": lambda: rates_by_age(SUBJECT, RATES, "landet"),
    "flow": lambda: flow(SUBJECT, MONTHS),
    "completeness": lambda: completeness(SUBJECT, PEERS),
}
every_chart = pytest.mark.parametrize("make", CHARTS.values(), ids=CHARTS.keys())

EMPTY: dict[str, Callable[[], Chart]] = {
    "sparkline": lambda: sparkline(SUBJECT, []),
    "time series": lambda: time_series(SUBJECT, []),
    "comparison": lambda: comparison(SUBJECT, [HIDDEN]),
    "units": lambda: units(SUBJECT, []),
    "funnel": lambda: funnel(SUBJECT, [], AGAINST),
    "distribution": lambda: distribution(SUBJECT, [HIDDEN]),
    "map": lambda: nation_map(SUBJECT, []),
    "rates": lambda: rates_by_age(SUBJECT, RATES[2:]),
    "flow": lambda: flow(SUBJECT, MONTHS[1:2]),
    "completeness": lambda: completeness(SUBJECT, []),
}


def strings(part: Any) -> Iterator[str]:
    if isinstance(part, str):
        yield part
    elif isinstance(part, dict):
        for value in part.values():
            yield from strings(value)
    elif isinstance(part, list | tuple):
        for value in part:
            yield from strings(value)


def drawn(chart: Chart, axis: str) -> set[float]:
    return {n for trace in chart.figure["data"] for n in trace.get(axis, ()) if isinstance(n, int | float)}


def written(chart: Chart) -> str:
    return " ".join(cell for row in chart.table.rows for cell in row.cells)


def test_charts_do_not_load_scipy() -> None:
    """It would cost each web process about 90 MB and more than a second."""
    asked = "import sys, charts; print([name for name in sys.modules if name.split('.')[0] == 'scipy'])"
    ran = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "[]"


# --- Every chart ----------------------------------------------------------------------------------------------


@every_chart
def test_has_title_message_source_table(make: Callable[[], Chart]) -> None:
    chart = make()
    assert (chart.title, chart.source, chart.name) == (SUBJECT.title, SUBJECT.source, SUBJECT.name)
    assert chart.summary.endswith(".") and len(chart.summary) > 20
    assert chart.table.rows and all(len(row.cells) == len(chart.table.headers) for row in chart.table.rows)
    assert all(len(row.values) == len(chart.table.columns) for row in chart.table.rows)
    figures = [column.kind != "text" for column in chart.table.columns]
    for row in chart.table.rows:
        for is_figure, value in zip(figures, row.values, strict=True):
            assert value is None or isinstance(value, int | float if is_figure else str), (chart.name, row)
    assert chart.figure or chart.drawing


@every_chart
def test_is_json_without_plotlys_look(make: Callable[[], Chart]) -> None:
    chart = make()
    text = json.dumps(chart.figure, allow_nan=False)
    assert '"template"' not in text and "bdata" not in text
    if chart.figure:
        layout = chart.figure["layout"]
        assert layout["font"]["family"].startswith("Inter") and layout["separators"] == ",\u202f"
        assert all(layout[name]["fixedrange"] for name in layout if re.fullmatch(r"[xy]axis\d?", name))


@every_chart
def test_missing_cells_say_why(make: Callable[[], Chart]) -> None:
    assert re.search("ikke levert|skjult, få personer", written(make()))


@every_chart
def test_page_holds_all_without_script_and_without_style(make: Callable[[], Chart]) -> None:
    chart = make().with_downloads(Download("CSV", "/tall.csv?a=1&b=2"))
    html = render_to_string("charts/_chart.html", {"chart": chart, "heading": 2})
    assert chart.summary in html and chart.source in html
    assert "<h2 " in html and 'href="/tall.csv?a=1&amp;b=2"' in html
    assert html.count("<tr") == len(chart.table.rows) + 1
    assert "style=" not in html and "<style" not in html and "onclick" not in html
    if chart.figure:
        found = re.search(rf'<script id="{chart.id}" type="application/json">(.*?)</script>', html, re.S)
        assert found and json.loads(found[1]) == json.loads(json.dumps(chart.figure))


@pytest.mark.parametrize("make", EMPTY.values(), ids=EMPTY.keys())
def test_nothing_to_show_is_said(make: Callable[[], Chart]) -> None:
    chart = make()
    assert chart.summary.endswith(".") or chart.summary == ""
    json.dumps(chart.figure, allow_nan=False)
    render_to_string("charts/_chart.html", {"chart": chart})


def test_names_are_never_read_as_tags() -> None:
    wicked = '<a href="//ond.no">Se</a><b>her</b>'
    values = [Value.of(wicked, 5, 10, own=True), Value.of("Lund", 3, 10), *MANY]
    series = [Series(wicked, of_years(1, 2, 3, 4), Kind.OWN)]
    made = [
        comparison(SUBJECT, values, Against(values[0])),
        funnel(SUBJECT, values, Against(values[0])),
        distribution(SUBJECT, values, Against(values[0])),
        nation_map(SUBJECT, [MapPlace(values[0], 5, 60, 10)]),
        time_series(SUBJECT, series),
        rates_by_age(SUBJECT, [Rate(service=wicked, age=wicked, per_1000=1, persons=1, population=1000)]),
        flow(SUBJECT, [Month(label=wicked, started=1, ended=1, at_end=1)]),
        sparkline(SUBJECT, [Value.of(wicked, 1, 2)]),
    ]
    for chart in made:
        for text in strings(chart.figure):
            assert not re.search(r"<(?!br>|extra>|/extra>)", text), text
        assert "<a" not in render_to_string("charts/_chart.html", {"chart": chart})


# --- The same numbers -----------------------------------------------------------------------------------------


def test_comparison_figure_and_table_agree() -> None:
    chart = comparison(SUBJECT, PEERS, AGAINST)
    shown = [value for value in PEERS if value.percent is not None]
    assert {value.percent for value in shown} <= drawn(chart, "x")
    rows = {row.cells[0]: row for row in chart.table.rows}
    assert rows["Solhøgda"].cells[1:] == ("57,0\u00a0%", "50,1–63,7\u00a0%", "114 av 200") and rows["Solhøgda"].own
    assert rows["Bykle"].cells[1:] == ("skjult, få personer", "–", "–")
    assert rows["Landet"].cells[3] == "22\u202f320 av 36\u202f000"
    assert [line["x0"] for line in chart.figure["layout"]["shapes"]] == [62.0]


def test_time_series_figure_and_table_agree() -> None:
    chart = time_series(SUBJECT, SERIES)
    lines = {trace["name"]: trace for trace in chart.figure["data"] if "name" in trace}
    assert lines["Solhøgda"]["y"] == [40.0, None, 50.0, 57.0]
    for series in SERIES:
        cells = [row.cells[2] for row in chart.table.rows if row.cells[0] == series.label]
        assert cells == [percent_text(value) for value in series.values]
    # A gap in own splits the band: one year alone, then two.
    bands = [trace for trace in chart.figure["data"] if trace.get("fill") == "toself"]
    assert [len(band["x"]) for band in bands] == [4, 4]
    assert bands[1]["y"] == [56.9, 63.7, 50.1, 43.1]


def test_distribution_counts_every_municipality_once() -> None:
    chart = distribution(SUBJECT, MANY, AGAINST)
    counted = [int(row.cells[1]) for row in chart.table.rows]
    assert sum(counted) == len(MANY)
    assert sum(chart.figure["data"][0]["y"]) == len([value for value in MANY if value.share is not None])
    assert [row.cells[0] for row in chart.table.rows if row.own] == ["55–59,9\u00a0%"]


@pytest.mark.parametrize("share", [0, 100])
def test_distribution_at_the_ends(share: int) -> None:
    chart = distribution(SUBJECT, [Value.of(str(n), share, 100) for n in range(5)])
    assert [row.cells[1] for row in chart.table.rows] == ["5"]


def test_funnel_puts_each_where_it_belongs() -> None:
    chart = funnel(SUBJECT, MANY, AGAINST)
    groups = {trace["name"]: trace for trace in chart.figure["data"] if trace.get("name")}
    assert groups["utenfor den ytterste kurven"]["y"].count(10.0) == 1
    assert 57.0 not in [y for trace in groups.values() for y in trace["y"] if len(trace["x"]) == 1]
    counted = sum(len(trace["x"]) for trace in groups.values()) + 1
    assert counted == len([value for value in MANY if value.counts])


def test_map_hides_nothing_but_the_hidden() -> None:
    chart = nation_map(SUBJECT, PLACES)
    traces = {trace["name"]: trace for trace in chart.figure["data"] if trace.get("showlegend")}
    assert len(traces["uten tall"]["x"]) == 2
    assert all("%" not in text for text in traces["uten tall"]["text"])
    assert sum(len(trace["x"]) for trace in chart.figure["data"]) == len(PLACES)


def test_rates_and_flow_agree_with_their_tables() -> None:
    rates = rates_by_age(SUBJECT, RATES, "landet")
    assert rates.figure["data"][0]["x"] == [40.3, 210.0]
    assert [row.cells[2] for row in rates.table.rows] == ["40,3", "210,0", "skjult, få personer"]
    assert rates.table.rows[0].cells[-1] == "38,0" and rates.table.headers[-1] == "Landet"
    months = flow(SUBJECT, MONTHS)
    stock, came, went = months.figure["data"]
    assert (stock["y"], came["y"], went["y"]) == ([1203, None, 1199], [12, None, 7], [-9, None, -11])
    assert months.table.rows[0].cells == ("januar", "12", "9", "1\u202f203")


def test_hidden_values_carry_no_figures_to_the_browser() -> None:
    with pytest.raises(ValueError, match="must carry no figures"):
        Value(label="Bykle", missing=Missing.SUPPRESSED, denominator=7)
    with pytest.raises(ValueError, match="either a share or a reason"):
        Value(label="Bykle")
    with pytest.raises(ValueError, match="either a rate or a reason"):
        Rate(service="a", age="b", missing=Missing.SUPPRESSED, persons=3)
    with pytest.raises(ValueError, match="must carry no figures"):
        Month(label="mai", started=3, missing=Missing.SUPPRESSED)
    with pytest.raises(ValueError, match="figures, or a reason"):
        Month(label="mai", started=3)
    assert Value.of("Tom", 0, 0).missing == Missing.NOT_APPLICABLE


# --- Words ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("numerator", "verdict", "said"),
    [
        (114, Verdict.MAY_BE_CHANCE, "på 57 prosent, under landet (62 prosent); forskjellen kan være tilfeldig."),
        (60, Verdict.PROBABLY_REAL, "på 30 prosent, under landet (62 prosent); forskjellen er trolig reell."),
        (150, Verdict.TOO_FEW, "på 75 prosent, over landet (62 prosent); det er for få personer til å si om "),
        (124, Verdict.MAY_BE_CHANCE, "på 62 prosent, likt med landet."),
        (114, None, "på 57 prosent, under landet (62 prosent)."),
    ],
)
def test_message_of_a_comparison(numerator: int, verdict: Verdict | None, said: str) -> None:
    own = Value.of("Solhøgda", numerator, 200, own=True)
    assert f"Solhøgda ligger {said}" in stands_against(own, Against(NATION, verdict, "landet"))


def test_messages() -> None:
    assert comparison(SUBJECT, PEERS, AGAINST).summary == (
        "Solhøgda ligger på 57 prosent, under landet (62 prosent); forskjellen kan være tilfeldig. "
        "Uten tall: Bykle (skjult, få personer) og Utsira (ikke levert)."
    )
    assert time_series(SUBJECT, SERIES).summary == (
        "Solhøgda ligger på 57 prosent i 2023. Det er opp fra 40 prosent i 2020; endringen er trolig reell. "
        "Vestland: 58 prosent. Landet: 62 prosent. Uten tall: 2021 (ikke levert)."
    )
    assert units(SUBJECT, UNITS, Against(OWN)).summary == (
        "Solbakken ligger høyest (71 prosent) og Elvestua lavest (31 prosent). "
        "Forskjellen mellom dem er trolig reell. Uten tall: Tunet (skjult, få personer)."
    )
    assert funnel(SUBJECT, MANY, AGAINST).summary.startswith(
        "Solhøgda (57 prosent) ligger mellom kurvene rundt landet; forskjellen kan være tilfeldig. "
    )
    assert "av 34 kommuner ligger lavere." in distribution(SUBJECT, MANY, AGAINST).summary
    assert rates_by_age(SUBJECT, RATES).summary == (
        "Flest får praktisk bistand i alderen 80 år og eldre: 210 av 1000 innbyggere."
    )
    assert flow(SUBJECT, MONTHS).summary == (
        "1\u202f199 personer hadde tjenesten ved slutten av mars, mot 1\u202f203 ved slutten av januar. "
        "I perioden kom 19 nye, og 20 sluttet. Uten tall: februar (skjult, få personer)."
    )
    assert completeness(SUBJECT, PEERS).summary.startswith("Minst utfylt: Molde (33 prosent), Solhøgda (57 prosent)")


def test_funnel_message_beyond_and_too_few() -> None:
    real = Against(NATION, Verdict.PROBABLY_REAL, "landet")
    low = funnel(SUBJECT, [Value.of("Lav", 300, 1000, own=True)], real).summary
    assert low.startswith(
        "Lav (30 prosent) ligger under begge kurvene rundt landet; forskjellen er trolig reell. 1 av 1 "
    )
    near = funnel(SUBJECT, [Value.of("Nær", 660, 1000, own=True)], real).summary
    assert near.startswith("Nær (66 prosent) ligger over den innerste kurven rundt landet; forskjellen er ")
    few = funnel(SUBJECT, [Value.of("Liten", 9, 9, own=True)], AGAINST).summary
    assert few.startswith("Liten har for få personer til å si om forskjellen er reell.")
    hidden = funnel(SUBJECT, [Value.none("Bykle", Missing.SUPPRESSED, own=True)], AGAINST).summary
    assert hidden.startswith("Bykle har ikke noe tall (skjult, få personer).")


def test_funnel_says_of_the_difference_what_the_page_says() -> None:
    """One of many comparisons may lie outside the inner curve by chance; and a real one may be no larger than usual."""
    near = [Value.of("Nær", 660, 1000, own=True)]
    assert "den innerste kurven rundt landet; forskjellen kan være tilfeldig." in funnel(SUBJECT, near, AGAINST).summary
    real = Against(NATION, Verdict.PROBABLY_REAL, "landet")
    assert "mellom kurvene rundt landet; forskjellen er trolig reell." in funnel(SUBJECT, MANY, real).summary
    alone = funnel(SUBJECT, MANY, Against(NATION, words="landet")).summary
    assert alone.startswith("Solhøgda (57 prosent) ligger mellom kurvene rundt landet. 1 av 34 ")


def test_funnel_that_is_widened_says_so_and_by_how_much() -> None:
    """Around 50 %, z-scores of 100 persons each (standard error 5 points): -5, -3, -3, -1, -1, 1, 1, 3, 3, 9. With the outermost pulled
    in, φ is (6 × 9 + 4 × 1) / 10 = 5.8, and its root 2.4."""
    half = Against(Value.of("Landet", 500, 1000), words="landet")
    shares = [Value.of(str(z), 50 + 5 * z, 100) for z in (-5, -3, -3, -1, -1, 1, 1, 3, 3, 9)]
    wide = funnel(SUBJECT, shares, half)
    assert "φ = 5,8), og kurvene er gjort 2,4 ganger så vide for det (Spiegelhalter 2005)" in wide.reading
    assert "av tilfeldighet alene." not in wide.reading
    assert "For under 30 personer er kurvene regnet eksakt (binomisk)." in wide.reading
    names = {trace["name"]: trace["y"] for trace in wide.figure["data"] if trace.get("name")}
    # 1.96 × 2.41 = 4.7 standard errors: -5 is beyond the inner, 9 beyond the outer (7.4).
    assert (names["utenfor den innerste kurven"], names["utenfor den ytterste kurven"]) == ([25.0], [95.0])
    assert "1 av 10 kommuner ligger utenfor den ytterste kurven." in wide.summary
    # The drawn curve is that of the words: at 100 persons 50 ± 100 × 1.96 × 0.05 × √5.8 = 26.4 and 73.6.
    curve = next(trace for trace in wide.figure["data"] if trace.get("fill") == "toself")
    drawn_at_100 = {y for x, y in zip(curve["x"], curve["y"], strict=True) if 98 <= x <= 102}
    assert min(abs(y - 73.6) for y in drawn_at_100) < 0.5 and min(abs(y - 26.4) for y in drawn_at_100) < 0.5


def test_funnel_of_chance_alone_says_that() -> None:
    half = Against(Value.of("Landet", 500, 1000), words="landet")
    even = funnel(SUBJECT, [Value.of(str(n), 50 + n, 100) for n in (-9, -7, -5, -3, -1, 1, 3, 5, 7, 9)], half)
    assert "Mellom kurvene kan forskjellen fra landet være tilfeldig." in even.reading
    assert "overspredning" not in even.reading
    assert "For under 30 personer er kurvene regnet eksakt" in even.reading


def test_a_trend_is_judged_through_all_years_and_at_the_level_of_its_page() -> None:
    """53, 55.5, 58 and 61 % of 200 have p = 0.09, and five times as many 0.00015: real at 5 %, and not on a page that asks for 0.0001."""

    def told(times: int, cutoff: float = 0.05) -> str:
        numerators = (106, 111, 116, 122)
        values = tuple(Value.of(str(2020 + n), above * times, 200 * times) for n, above in enumerate(numerators))
        series = time_series(SUBJECT, [Series("Solhøgda", values, Kind.OWN)], cutoff).summary
        small = sparkline(SUBJECT, values, cutoff=cutoff).summary
        assert series.split("; ")[1] == small.split("; ")[1]
        return small

    assert told(1).endswith("Det er opp fra 53 prosent i 2020; endringen kan være tilfeldig.")
    assert told(5).endswith("Det er opp fra 53 prosent i 2020; endringen er trolig reell.")
    assert told(5, cutoff=0.0001).endswith("endringen kan være tilfeldig.")


def test_units_that_were_picked_for_lying_apart_need_more() -> None:
    """Two units that differ alone may, as the farthest apart of many, be chance."""
    two = [Value.of("A", 32, 50), Value.of("B", 21, 50)]
    many = [*two, *(Value.of(f"U{n}", 26, 50) for n in range(8))]
    assert "er trolig reell" in units(SUBJECT, two).summary
    assert "kan være tilfeldig" in units(SUBJECT, many).summary


def test_bokmaal_numbers() -> None:
    assert (count(31_000), count(None), count(-5)) == ("31\u202f000", "–", "−5")
    assert (decimal(1234.56), decimal(-0.5)) == ("1\u202f234,6", "−0,5")
    assert [whole(share) for share in (0.565, 0.005, 0.995, 1)] == [57, 1, 100, 100]
    assert (listed([]), listed(["A"]), listed(["A", "B", "C"])) == ("", "A", "A, B og C")


# --- Drawing --------------------------------------------------------------------------------------------------


def test_labels_are_moved_apart_in_order() -> None:
    placed = spread([50.0, 50.1, 50.2, 80.0], [4, 4, 4, 4])
    assert placed == sorted(placed) and placed[3] == 80.0
    assert all(b - a >= 3.99 for a, b in pairwise(placed))


def test_axis_never_magnifies_small_differences() -> None:
    assert percent_bounds([56.0, 57.0]) == (30.0, 80.0)
    assert percent_bounds([99.0, 100.0]) == (60.0, 100.0)
    assert percent_bounds([None]) == (0.0, 100.0)


def test_names_are_broken_at_spaces() -> None:
    assert wrapped("Nordre Solhøgda omsorgsboliger", 20) == "Nordre Solhøgda<br>omsorgsboliger"
    assert wrapped("Solbakken 38\u00a0%", 12) == "Solbakken<br>38\u00a0%"


LONG = "Bolig som kommunen disponerer for helse- og omsorgsformål"


@pytest.mark.parametrize(
    "chart",
    [
        rates_by_age(SUBJECT, [Rate(service=LONG, age="80 år og over", per_1000=5, persons=5, population=1000)]),
        completeness(SUBJECT, [Value.of(LONG, 90, 100)]),
        time_series(SUBJECT, [Series(LONG, of_years(80, 90, 100, 114), Kind.OWN)]),
    ],
    ids=lambda chart: chart.kind,
)
def test_long_names_are_whole_on_every_screen(chart: Chart) -> None:
    for layout in (chart.figure["layout"], chart.figure["narrow"]["layout"]):
        names = [note["text"] for note in layout["annotations"] if "omsorgsformål" in note["text"]]
        assert [name.replace("<br>", " ").startswith(LONG) for name in names] == [True]
    assert max(map(len, names[0].split("<br>"))) < 40


def test_a_further_line_of_a_name_has_room_of_its_own() -> None:
    def narrow(make: Callable[[str], Chart], name: str) -> int:
        return int(make(name).figure["narrow"]["layout"]["height"])

    def bars(name: str) -> Chart:
        return completeness(SUBJECT, [Value.of(name, 90, 100)])

    def rates(name: str) -> Chart:
        return rates_by_age(SUBJECT, [Rate(service=name, age="80 år", per_1000=5, persons=5, population=1000)])

    for make in (bars, rates):
        assert narrow(make, LONG) == narrow(make, "Bolig") + 18


def test_projection_is_utm_33_as_the_eye_sees_it() -> None:
    # EUREF89 UTM 33N, in kilometres: Oslo and Tromsø; the sphere and the scale factor are the difference.
    for (longitude, latitude), (east, north) in {
        (10.75, 59.91): (262 - 500, 6649),
        (18.96, 69.65): (653 - 500, 7731),
    }.items():
        x, y = project(longitude, latitude)
        assert x == pytest.approx(east, abs=6)
        assert y == pytest.approx(north, abs=30)


def test_sparkline_lifts_the_pen_over_a_missing_year() -> None:
    drawing = sparkline(SUBJECT, of_years(80, None, 100, 114)).drawing
    path = re.search(r'sparkline__own" d="([^"]+)"', drawing)
    assert path and path[1].count("M") == 2
    assert 'aria-label="57 prosent i 2023. Det er opp fra 40 prosent i 2020' in drawing
