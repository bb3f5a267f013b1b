"""The auditor must find every planted leak, and agree with trying every table that could be."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import product
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from indicators.audit import Document, Known, Limits, Report, audit, documents_from
from indicators.comparison import wilson

COUNTY_OF = {"4601": "46", "4602": "46", "4611": "46", "1101": "11", "1103": "11", "1106": "11", "0301": "03"}
ALL, DENOMINATOR, NOTHING = "all", "denominator", "nothing"
Pair = tuple[int, int]


def row(area: str, pair: Pair | None, shown: str = ALL, **further: Any) -> dict[str, Any]:
    """As the API answers it; None did not report."""
    empty = dict.fromkeys(("numerator", "denominator", "value", "low", "high"))
    told: dict[str, Any] = {"area": area, "year": 2023, **empty, "suppressed": shown != ALL, "status": "suppressed"}
    if pair is None:
        return told | {"suppressed": False, "status": "not_reported"} | further
    above, below = pair
    if shown == DENOMINATOR:
        return told | {"denominator": below} | further
    if shown == NOTHING:
        return told | further
    interval = wilson(above, below)
    if interval is None:
        return told | {"numerator": 0, "denominator": 0, "status": "not_applicable"} | further
    share = {"value": round(above / below, 4), "low": round(interval.low, 4), "high": round(interval.high, 4)}
    return told | {"numerator": above, "denominator": below, "status": "published", **share} | further


def document(
    counts: Mapping[str, Pair], shown: Mapping[str, str], indicator: str = "i", publication: int = 1
) -> Document:
    """Every municipality of `counts`, with its county and the nation; shown in full unless told."""
    totals = dict(counts)
    for area, (above, below) in counts.items():
        for whole in (COUNTY_OF[area], "0"):
            sums = totals.get(whole, (0, 0))
            totals[whole] = (sums[0] + above, sums[1] + below)
    rows = [row(area, pair, shown.get(area, ALL)) for area, pair in totals.items()]
    return Document(publication, indicator, 2023, rows)


def known(chains: Mapping[str, str] | None = None, resubmitted: Sequence[str] = ()) -> Known:
    return Known({2023: COUNTY_OF}, chains or {}, {(2, 2023): frozenset(resubmitted)})


LARGE = {area: (40 + 3 * number, 100 + 5 * number) for number, area in enumerate(COUNTY_OF)}
SMALL = LARGE | {"4601": (3, 60)}
THREE_HIDDEN = {"4601": DENOMINATOR, "4602": DENOMINATOR, "4611": DENOMINATOR}


def leaking(report: Report) -> set[tuple[str, str]]:
    return {(leak.area, leak.measure) for leak in report.leaks}


def test_nothing_hidden_nothing_found() -> None:
    report = audit([document(LARGE, {})], known())
    assert report.passed and report.suppressed == 0 and report.as_dict()["passed"]


def test_a_well_hidden_count_is_not_found() -> None:
    report = audit([document(SMALL, THREE_HIDDEN)], known())
    assert report.passed and report.suppressed == 6 and (report.narrowest or 0) >= 5


# --- Planted leaks -------------------------------------------------------------------------------------------


def test_subtraction_from_the_county() -> None:
    report = audit([document(SMALL, {"4601": DENOMINATOR})], known())
    assert leaking(report) == {("4601", "numerator"), ("4601", "complement")}
    assert {(leak.low, leak.high) for leak in report.leaks if leak.measure == "numerator"} == {(3, 3)}


def test_subtraction_from_the_nation_over_a_hidden_county() -> None:
    report = audit([document(SMALL, {"4601": DENOMINATOR, "46": DENOMINATOR})], known())
    assert {("4601", "numerator"), ("46", "numerator")} <= leaking(report)


def test_the_complement() -> None:
    one = document(LARGE, {"4601": DENOMINATOR, "4602": DENOMINATOR, "4611": DENOMINATOR})
    for each in one.rows:
        if each["area"] == "4601":
            each["numerator"] = 40  # type: ignore[index]
    report = audit([one], known())
    assert ("4601", "complement") not in leaking(report)  # it is told, not narrowed
    assert any("4601" in text for text in report.inconsistencies)


def test_a_denominator_that_the_chain_tells() -> None:
    parent = document(LARGE, {}, "assessed")
    child = document(
        {area: (5, above) for area, (above, _below) in LARGE.items()}, {"4601": NOTHING, "4602": NOTHING}, "risk"
    )
    report = audit([parent, child], known({"risk": "assessed"}))
    assert ("4601", "denominator") in leaking(report)
    assert not any(leak.indicator == "assessed" for leak in report.leaks)


def test_a_parent_that_its_child_tells() -> None:
    parent = document(SMALL, THREE_HIDDEN | {"4602": ALL}, "assessed")
    child = document({area: (0, above) for area, (above, _below) in SMALL.items()}, {"4602": ALL}, "risk")
    hidden = document({area: (0, above) for area, (above, _below) in SMALL.items()}, {"4601": NOTHING}, "risk")
    assert ("4601", "numerator") in leaking(audit([parent, child], known({"risk": "assessed"})))
    assert ("4611", "numerator") in leaking(audit([parent, hidden], known({"risk": "assessed"})))


def test_three_links() -> None:
    assessed = document(LARGE, {"4601": DENOMINATOR, "4602": DENOMINATOR}, "assessed")
    risk = document(
        {a: (above // 2, above) for a, (above, _b) in LARGE.items()}, {"4601": NOTHING, "4602": NOTHING}, "risk"
    )
    plan = document({a: (0, above // 2) for a, (above, _b) in LARGE.items()}, {"4601": NOTHING}, "plan")
    report = audit([assessed, risk, plan], known({"risk": "assessed", "plan": "risk"}))
    assert {("4601", "numerator"), ("4602", "numerator")} <= {
        (leak.area, leak.measure) for leak in report.leaks if leak.indicator == "risk"
    }


def test_two_hidden_know_each_other() -> None:
    report = audit([document(SMALL, {"4601": DENOMINATOR, "4602": DENOMINATOR})], known())
    assert {leak.insider for leak in report.leaks} == {"4601", "4602"}
    assert ("4601", "numerator") in {(leak.area, leak.measure) for leak in report.leaks if leak.insider == "4602"}


def test_what_an_insider_is_lent_is_its_own() -> None:
    own = {(1, "i", 2023, area): pair for area, pair in SMALL.items()}
    report = audit([document(SMALL, {"4601": DENOMINATOR, "4602": DENOMINATOR})], known(), own=own)
    leak = next(leak for leak in report.leaks if leak.insider == "4602" and leak.measure == "numerator")
    assert (leak.area, leak.low, leak.high) == ("4601", 3, 3)


def test_narrow_though_not_exact() -> None:
    """Three hidden of a county, whose numerators make only four together."""
    counts = LARGE | {"4601": (3, 60), "4602": (1, 60), "4611": (0, 60)}
    report = audit([document(counts, THREE_HIDDEN)], known(), exact=True)
    assert report.intervals["i", 2023, "4601", "numerator", 1] == (0, 4)
    assert ("4601", "numerator") in leaking(report)


@pytest.mark.parametrize("own", [None, {(1, "i", 2023, area): pair for area, pair in LARGE.items()}], ids=["", "own"])
def test_the_only_hidden_one_of_a_county(own: Any) -> None:
    report = audit([document(LARGE, {"4601": NOTHING})], known(), own=own)
    assert leaking(report) == {("4601", "numerator"), ("4601", "complement"), ("4601", "denominator")}


def test_through_time() -> None:
    """Hidden yesterday among three; today 4601 sent anew and is shown, and the sums tell what it was."""
    today = SMALL | {"4601": (30, 60)}
    yesterday = document(SMALL, {"4601": DENOMINATOR, "4602": DENOMINATOR, "4611": DENOMINATOR})
    shown = document(today, {}, publication=2)
    assert audit([yesterday], known()).passed and audit([shown], known()).passed
    both = audit([yesterday, shown], known(resubmitted=["4601"]))
    assert ("4601", "numerator") in leaking(both)
    assert next(leak for leak in both.leaks if leak.area == "4601" and leak.measure == "numerator").low == 3


def test_an_unchanged_count_is_one_count() -> None:
    """What was shown yesterday and did not change cannot be hidden today."""
    report = audit([document(LARGE, {}), document(LARGE, THREE_HIDDEN, publication=2)], known())
    assert {("4601", "numerator"), ("4602", "numerator")} <= leaking(report)


def test_a_county_of_one_is_the_same_count_twice() -> None:
    shown = {"0301": DENOMINATOR, "4601": DENOMINATOR, "4602": DENOMINATOR, "4611": DENOMINATOR, "46": DENOMINATOR}
    report = audit([document(SMALL, shown)], known())
    assert ("0301", "numerator") in leaking(report)


def test_a_share_on_a_hidden_row() -> None:
    one = document(SMALL, THREE_HIDDEN)
    rows = [dict(each) | ({"value": 0.05} if each["area"] == "4601" else {}) for each in one.rows]
    report = audit([Document(1, "i", 2023, rows)], known())
    assert not report.passed and any("4601" in text for text in report.inconsistencies)


@pytest.mark.parametrize("pair", [(3, 60), (57, 60), (2, 9), (0, 4), (7, 9)], ids=str)
def test_small_numbers_that_are_shown(pair: Pair) -> None:
    report = audit([document(LARGE | {"4601": pair}, {})], known())
    assert any("4601" in text for text in report.primary)


@pytest.mark.parametrize("pair", [(0, 10), (5, 10), (10, 10), (0, 0)], ids=str)
def test_numbers_that_may_be_shown(pair: Pair) -> None:
    assert not audit([document(LARGE | {"4601": pair}, {})], known()).primary


def test_sums_that_do_not_agree() -> None:
    one = document(LARGE, {})
    rows = [dict(each) | ({"numerator": 999} if each["area"] == "46" else {}) for each in one.rows]
    assert any("sums do not agree" in text for text in audit([Document(1, "i", 2023, rows)], known()).inconsistencies)


def test_a_wrong_interval() -> None:
    one = document(LARGE, {})
    rows = [dict(each) | ({"low": 0.1} if each["area"] == "4601" else {}) for each in one.rows]
    assert any("4601" in text for text in audit([Document(1, "i", 2023, rows)], known()).inconsistencies)


def test_limits_are_settings() -> None:
    report = audit([document(SMALL, THREE_HIDDEN)], known(), Limits(least_width=10_000))
    assert report.leaks


def test_documents_are_made_of_answers() -> None:
    rows = [row("4601", (40, 100)) | {"year": year} for year in (2023, 2022)]
    documents = list(documents_from([{"publication": 3, "indicator": "i", "results": rows}]))
    assert [(each.year, each.publication, len(each.rows)) for each in documents] == [(2022, 3, 1), (2023, 3, 1)]


# --- Against trying everything -------------------------------------------------------------------------------

MUNICIPALITIES = ("4601", "4602", "1101", "1103")
tables = st.fixed_dictionaries(
    {
        area: st.tuples(st.integers(0, 3), st.integers(0, 3)).map(lambda pair: (pair[0], sum(pair)))
        for area in MUNICIPALITIES
    }
)
decisions = st.fixed_dictionaries(
    {area: st.sampled_from([ALL, DENOMINATOR, NOTHING]) for area in (*MUNICIPALITIES, "46", "11", "0")}
)


def _agrees(told: Mapping[str, Any], above: int, other: int) -> bool:
    return told["numerator"] in (None, above) and told["denominator"] in (None, above + other)


@settings(deadline=None, max_examples=60)
@given(counts=tables, shown=decisions)
def test_intervals_are_those_of_trying_every_table(counts: dict[str, Pair], shown: dict[str, str]) -> None:
    """One county at a time is tried, where the county is told: then the others do not matter."""
    shown = shown | {"46": ALL, "0": ALL, "11": ALL}
    one = document(counts, shown)
    report = audit([one], known(), exact=True)
    told = {each["area"]: each for each in one.rows}
    whole = told["46"]["numerator"], told["46"]["denominator"]
    tried = [
        (first, (whole[0] - first[0], whole[1] - first[1]))
        for first in product(range(whole[0] + 1), range(whole[1] + 1))
        if 0 <= first[0] <= first[1] and 0 <= whole[0] - first[0] <= whole[1] - first[1]
    ]
    agreeing = [
        pairs
        for pairs in tried
        if all(
            _agrees(told[area], pair[0], pair[1] - pair[0]) for area, pair in zip(("4601", "4602"), pairs, strict=True)
        )
    ]
    for number, area in enumerate(("4601", "4602")):
        values = [pairs[number][0] for pairs in agreeing]
        interval = report.intervals.get(("i", 2023, area, "numerator", 1))
        assert interval is None or interval == (min(values), max(values))


chained = st.fixed_dictionaries(
    {area: st.tuples(*[st.integers(0, 12)] * 3) for area in ("4601", "4602", "4611", "1101", "1103", "1106")}
)
both_shown = st.fixed_dictionaries(
    {
        area: st.sampled_from([ALL, DENOMINATOR, DENOMINATOR])
        for area in ("4601", "4602", "4611", "1101", "1103", "1106")
    }
)


@settings(deadline=None, max_examples=25)
@given(groups=chained, first=both_shown, second=both_shown)
def test_swaps_prove_no_more_than_linear_programs(
    groups: dict[str, tuple[int, int, int]], first: dict[str, str], second: dict[str, str]
) -> None:
    """What swaps take for safe is safe: with them and without them the same leaks are found."""
    parent = {area: (low + high, none + low + high) for area, (none, low, high) in groups.items()}
    child = {area: (high, low + high) for area, (_none, low, high) in groups.items()}
    hidden = {area: NOTHING if first[area] != ALL else second[area] for area in groups}
    documents = [document(parent, first, "assessed"), document(child, hidden, "risk")]
    own = {(1, "assessed", 2023, area): pair for area, pair in parent.items()}
    own |= {(1, "risk", 2023, area): pair for area, pair in child.items()}
    swapped = audit(documents, known({"risk": "assessed"}), own=own)
    programmed = audit(documents, known({"risk": "assessed"}), own=own, exact=True)
    assert set(swapped.leaks) == set(programmed.leaks)
    for cell, (low, high) in programmed.intervals.items():
        assert swapped.intervals[cell][0] >= low and (high is None or (swapped.intervals[cell][1] or 0) <= high)
