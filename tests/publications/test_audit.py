"""The auditor must find every planted leak, and agree with trying every table that could be."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import product
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from charts.comparison import wilson
from publications.disclosure_audit import Document, Known, Leak, Limits, Report, audit, documents_from

COUNTY_OF = {"4601": "46", "4602": "46", "4611": "46", "1101": "11", "1103": "11", "1106": "11", "0301": "03"}
ALL, DENOMINATOR, NOTHING = "all", "denominator", "nothing"
YEAR = 2023
Pair = tuple[int, int]
Counts = Mapping[str, Pair]


def row(area: str, pair: Pair | None, shown: str = ALL, **further: Any) -> dict[str, Any]:
    """As the API answers it; None did not report."""
    empty = dict.fromkeys(("numerator", "denominator", "value", "low", "high"))
    told: dict[str, Any] = {"area": area, "year": YEAR, **empty, "suppressed": shown != ALL, "status": "suppressed"}
    if pair is None:
        return told | {"suppressed": False, "status": "not_reported"} | further
    above, below = pair
    if shown != ALL:
        return told | ({"denominator": below} if shown == DENOMINATOR else {}) | further
    interval = wilson(above, below)
    if interval is None:
        return told | {"numerator": 0, "denominator": 0, "status": "not_applicable"} | further
    share = {"value": round(above / below, 4), "low": round(interval.low, 4), "high": round(interval.high, 4)}
    return told | {"numerator": above, "denominator": below, "status": "published", **share} | further


def totals(counts: Counts) -> dict[str, Pair]:
    """With the counties and the nation."""
    found = dict(counts)
    for area, (above, below) in counts.items():
        for whole in (COUNTY_OF[area], "0"):
            sums = found.get(whole, (0, 0))
            found[whole] = (sums[0] + above, sums[1] + below)
    return found


def document(counts: Counts, shown: Mapping[str, str], indicator: str = "i", publication: int = 1) -> Document:
    """Every municipality of `counts`, with its county and the nation; shown in full unless told."""
    rows = [row(area, pair, shown.get(area, ALL)) for area, pair in totals(counts).items()]
    silent = [row(area, None) for area in COUNTY_OF if area not in counts]
    return Document(publication, indicator, YEAR, rows + silent)


def known(chains: Mapping[str, str] | None = None, resubmitted: Iterable[str] = ()) -> Known:
    return Known({YEAR: COUNTY_OF}, chains or {}, {(2, YEAR): frozenset(resubmitted)})


def changed(one: Document, area: str, **further: Any) -> Document:
    rows = [dict(each) | (further if each["area"] == area else {}) for each in one.rows]
    return Document(one.publication, one.indicator, one.year, rows)


LARGE = {area: (40 + 3 * number, 100 + 5 * number) for number, area in enumerate(COUNTY_OF)}
SMALL = LARGE | {"4601": (3, 60)}
THREE = dict.fromkeys(("4601", "4602", "4611"), DENOMINATOR)
TWO = dict.fromkeys(("4601", "4602"), DENOMINATOR)


def part_of(counts: Counts, share: float) -> dict[str, Pair]:
    """The next of a chain: so many of those above the line."""
    return {area: (int(above * share), above) for area, (above, _below) in counts.items()}


def own(counts: Counts, indicator: str = "i", publication: int = 1) -> dict[tuple[int, str, int, str], Pair]:
    return {(publication, indicator, YEAR, area): pair for area, pair in counts.items()}


# --- Planted leaks -------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class Planted:
    """What left, what anybody knows, and the leaks that must be found: indicator, area, measure, publication, low, high, insider."""

    id: str
    documents: Sequence[Document]
    leaks: Sequence[tuple[str, str, str, int, int, int, str | None]]
    known: Known = field(default_factory=known)
    own: Mapping[tuple[int, str, int, str], Pair] = field(default_factory=dict)


CHAIN = known({"risk": "assessed", "plan": "risk"})
RISK, PLAN = part_of(LARGE, 0.5), part_of(part_of(LARGE, 0.5), 0.5)
CHANGED = LARGE | {"4601": (41, 100)}
SAME = replace(known(), populations={"assessed": "old", "medication": "old"})
PART = replace(known(), populations={"assessed": "old", "dentist": "all"}, within={"old": "all"})
EVERYBODY = {area: (above, below + 20) for area, (above, below) in LARGE.items()}
PLANTED = (
    Planted(
        id="subtraction from the county",
        documents=[document(SMALL, {"4601": DENOMINATOR})],
        own=own(SMALL),
        leaks=[("i", "4601", "numerator", 1, 3, 3, None), ("i", "4601", "complement", 1, 57, 57, None)],
    ),
    Planted(
        id="subtraction from the county of all that a large one has",
        documents=[document(LARGE, {"4601": NOTHING})],
        own=own(LARGE),
        leaks=[("i", "4601", what, 1, n, n, None) for what, n in zip(("numerator", "denominator"), LARGE["4601"], strict=True)],
    ),
    Planted(
        id="subtraction from the nation over a hidden county",
        documents=[document(SMALL, {"4601": DENOMINATOR, "46": DENOMINATOR})],
        own=own(SMALL),
        leaks=[("i", "4601", "numerator", 1, 3, 3, None), ("i", "46", "numerator", 1, 92, 92, None)],
    ),
    Planted(
        id="complement",
        documents=[document(SMALL, {"4601": DENOMINATOR, "4602": NOTHING, "4611": NOTHING, "46": DENOMINATOR, "1101": NOTHING})],
        own=own(SMALL),
        leaks=[],
    ),
    Planted(
        id="complement of what the county tells",
        documents=[changed(document(SMALL, THREE), "4601", numerator=3)],
        own=own(SMALL),
        leaks=[("i", "4601", "complement", 1, 57, 57, None)],
    ),
    Planted(
        id="a denominator that the chain tells",
        documents=[document(LARGE, {}, "assessed"), document(RISK, dict.fromkeys(THREE, NOTHING), "risk")],
        known=CHAIN,
        own=own(LARGE, "assessed") | own(RISK, "risk"),
        leaks=[("risk", "4601", "denominator", 1, 40, 40, None)],
    ),
    Planted(
        id="a numerator that the chain tells",
        documents=[document(LARGE, THREE, "assessed"), document(RISK, THREE, "risk")],
        known=CHAIN,
        own=own(LARGE, "assessed") | own(RISK, "risk"),
        leaks=[("assessed", "4601", "numerator", 1, 40, 40, None), ("assessed", "4601", "complement", 1, 60, 60, None)],
    ),
    Planted(
        id="three links",
        documents=[
            document(LARGE, TWO, "assessed"),
            document(RISK, dict.fromkeys(TWO, NOTHING), "risk"),
            document(PLAN, {"4601": NOTHING}, "plan"),
        ],
        known=CHAIN,
        own=own(LARGE, "assessed") | own(RISK, "risk") | own(PLAN, "plan"),
        leaks=[("risk", "4602", "numerator", 1, 21, 21, None), ("risk", "4601", "numerator", 1, 20, 20, None)],
    ),
    Planted(
        id="two hidden of a county know each other",
        documents=[document(SMALL, TWO)],
        own=own(SMALL),
        leaks=[("i", "4601", "numerator", 1, 3, 3, "4602"), ("i", "4602", "numerator", 1, 43, 43, "4601")],
    ),
    Planted(
        id="yesterday and today differ by one person",
        documents=[document(LARGE, THREE), document(CHANGED, THREE | {"4601": ALL}, publication=2)],
        known=known(resubmitted=["4601"]),
        own=own(LARGE) | own(CHANGED, publication=2),
        leaks=[("i", "4601", "numerator", 1, 40, 40, None), ("i", "4601", "complement", 1, 60, 60, None)],
    ),
    Planted(
        id="what was shown yesterday and did not change",
        documents=[document(LARGE, {}), document(LARGE, THREE, publication=2)],
        own=own(LARGE) | own(LARGE, publication=2),
        leaks=[("i", "4602", "numerator", 2, 43, 43, None)],
    ),
    Planted(
        id="a parent of today, a child of yesterday",
        documents=[
            document(RISK, dict.fromkeys(THREE, NOTHING), "risk"),
            document(RISK, THREE, "risk", 2),
            document(LARGE, THREE, "assessed", 2),
        ],
        known=CHAIN,
        leaks=[("risk", "4601", "denominator", 1, 40, 40, None), ("assessed", "4601", "numerator", 2, 40, 40, None)],
    ),
    Planted(
        id="a county of one is the same count twice",
        documents=[document(SMALL, {"0301": NOTHING, "46": NOTHING} | dict.fromkeys(THREE, NOTHING))],
        own=own(SMALL),
        leaks=[("i", "0301", "numerator", 1, 58, 58, None)],
    ),
    Planted(
        id="a denominator that another indicator of the same persons tells",
        documents=[document(LARGE, dict.fromkeys(THREE, NOTHING), "assessed"), document(LARGE, THREE, "medication")],
        known=SAME,
        own=own(LARGE, "assessed") | own(LARGE, "medication"),
        leaks=[("assessed", "4601", "denominator", 1, 100, 100, None)],
    ),
    Planted(
        id="the persons outside a part, by subtraction from the county",
        documents=[document(LARGE, {}, "assessed"), document(EVERYBODY, {"4601": NOTHING}, "dentist")],
        known=PART,
        own=own(LARGE, "assessed") | own(EVERYBODY, "dentist"),
        leaks=[("old", "4601", "rest", 1, 20, 20, None), ("dentist", "4601", "denominator", 1, 120, 120, None)],
    ),
    Planted(
        id="narrow though not exact",
        documents=[document(LARGE | {"4601": (3, 60), "4602": (0, 60), "4611": (0, 60)}, THREE)],
        leaks=[("i", "4601", "numerator", 1, 0, 3, None), ("i", "4601", "complement", 1, 57, 60, None)],
    ),
)  # fmt: skip


def found(report: Report) -> set[tuple[str, str, str, int, int, int | None, str | None]]:
    return {
        (each.indicator, each.area, each.measure, each.publication, each.low, each.high, each.insider)
        for each in report.leaks
    }


@pytest.mark.parametrize("exact", [False, True], ids=["quick", "exact"])
@pytest.mark.parametrize("lent", [False, True], ids=["as an outsider", "with true figures"])
@pytest.mark.parametrize("planted", [each for each in PLANTED if each.leaks], ids=lambda planted: planted.id)
def test_planted_leaks_are_found(planted: Planted, lent: bool, exact: bool) -> None:
    report = audit(planted.documents, planted.known, own=planted.own if lent else None, exact=exact)
    places = {each[:4] for each in found(report)}
    for leak in planted.leaks:
        # What an insider is lent without true figures is a mean: that it is narrow is found, not where it lies.
        assert leak in found(report) if lent or leak[6] is None else leak[:4] in places
    assert not report.passed and not report.as_dict()["passed"]


SAFE = {
    "nothing hidden": [document(LARGE, {})],
    "three of a county": [document(SMALL, THREE)],
    "three of a county, denominators too": [document(SMALL, dict.fromkeys(THREE, NOTHING))],
    "the same twice": [document(SMALL, THREE), document(SMALL, THREE, publication=2)],
    "some did not report": [document({area: LARGE[area] for area in ("4601", "4602", "1101")}, {})],
    "nobody to count": [document(LARGE | {"4601": (0, 0)}, {})],
}


@pytest.mark.parametrize("lent", [False, True], ids=["as an outsider", "with true figures"])
@pytest.mark.parametrize("documents", SAFE.values(), ids=list(SAFE))
def test_clean_tables_pass(documents: list[Document], lent: bool) -> None:
    true = own(SMALL) | own(SMALL, publication=2) if lent and len(documents[0].rows) == 11 else None
    if true and any(each["area"] == "4601" and each["numerator"] not in (None, 3) for each in documents[0].rows):
        true = None
    report = audit(documents, known(), own=true)
    assert report.passed, report.as_dict()
    assert (report.narrowest is None) == (report.suppressed == 0)


def test_resubmitting_makes_another_count() -> None:
    """As above, but all three sent anew: then yesterday's differ from today's."""
    documents = [document(LARGE, {}), document(SMALL, THREE, publication=2)]
    assert audit(documents, known(resubmitted=THREE)).passed
    assert not audit(documents, known(resubmitted=["4601"])).passed


def test_a_row_that_is_missing_is_a_count_like_others() -> None:
    one = document(SMALL, {"4601": DENOMINATOR})
    cut = Document(1, "i", YEAR, [each for each in one.rows if each["area"] not in ("4602", "4611")])
    assert audit([cut], known()).passed


def test_true_figures_must_be_those_that_are_told() -> None:
    report = audit([document(LARGE, {})], known(), own=own(LARGE | {"4601": (41, 100)}))
    assert any("4601" in text for text in report.inconsistencies)


# --- Single rows ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("pair", [(3, 60), (57, 60), (2, 9), (0, 4), (7, 9)], ids=str)
def test_small_numbers_that_are_shown(pair: Pair) -> None:
    report = audit([document(LARGE | {"4601": pair}, {})], known())
    assert any("4601" in text for text in report.primary)


@pytest.mark.parametrize(("outside", "told"), [(0, False), (4, True), (5, False)])
def test_few_persons_outside_a_part_are_a_small_number_that_is_shown(outside: int, told: bool) -> None:
    everybody = {area: (above, below + outside) for area, (above, below) in LARGE.items()}
    report = audit([document(LARGE, {}, "assessed"), document(everybody, {}, "dentist")], PART)
    assert any(f"4601 (publication 1): {outside} outside old follow" in text for text in report.primary) is told


@pytest.mark.parametrize("pair", [(0, 10), (5, 10), (10, 10), (0, 0)], ids=str)
def test_numbers_that_may_be_shown(pair: Pair) -> None:
    assert not audit([document(LARGE | {"4601": pair}, {})], known()).primary


SLIPS: dict[str, dict[str, Any]] = {
    "a share on a hidden row": {"value": 0.05},
    "a share of none on a hidden row": {"value": 0.0},
    "an interval on a hidden row": {"low": 0.01, "high": 0.1},
    "a count on a hidden row": {"numerator": 0},
    "hidden, yet called published": {"suppressed": False},
    "a wrong share": {"status": "published", "suppressed": False, "numerator": 30, "denominator": 60, "value": 0.51},
    "more above than below": {"status": "published", "suppressed": False, "numerator": 61, "denominator": 60},
    "figures of one that did not report": {"status": "not_reported", "suppressed": False, "denominator": 60},
    "persons where nobody is to count": {"status": "not_applicable", "suppressed": False, "denominator": 60},
}


@pytest.mark.parametrize("slip", SLIPS.values(), ids=list(SLIPS))
def test_slips(slip: dict[str, Any]) -> None:
    report = audit([changed(document(SMALL, THREE), "4601", **slip)], known())
    assert any("4601" in text for text in report.inconsistencies)


@pytest.mark.parametrize("shift", [0.00004, 0.0002])
def test_shares_are_rounded_to_four_decimals(shift: float) -> None:
    one = document(LARGE, {})
    low = next(each["low"] for each in one.rows if each["area"] == "4601")
    assert bool(audit([changed(one, "4601", low=low + shift)], known()).inconsistencies) == (shift > 0.0001)


def test_sums_that_do_not_agree() -> None:
    report = audit([changed(document(LARGE, {}), "46", numerator=999)], known())
    assert any("sums do not agree" in text for text in report.inconsistencies)


def test_no_counts_can_be_behind_it() -> None:
    report = audit([changed(document(LARGE, THREE), "46", numerator=999)], known())
    assert any("no counts can be" in text for text in report.inconsistencies)


# --- What is handed in and out -------------------------------------------------------------------------------


def test_limits_are_settings() -> None:
    assert audit([document(SMALL, THREE)], known(), Limits(least_width=10_000)).leaks


def test_a_report_is_stored_with_its_sentences() -> None:
    report = audit([document(SMALL, {"4601": DENOMINATOR})], known())
    stored = report.as_dict(intervals=True)
    assert stored["leaks"][0]["text"] == str(report.leaks[0])
    assert "an outsider can tell that it is 3" in str(report.leaks[0])
    assert stored["intervals"][0] == ["i", YEAR, "4601", "numerator", 1, 3, 3]
    assert "intervals" not in report.as_dict()


def test_an_insider_is_named_in_the_sentence() -> None:
    leak = Leak("i", YEAR, "4601", "numerator", 1, 2, 5, insider="4602")
    assert "municipality 4602, knowing its own figures, can tell that it is between 2 and 5" in str(leak)


def test_a_count_that_nothing_bounds() -> None:
    report = audit([document(SMALL, dict.fromkeys(totals(SMALL), NOTHING))], known(), exact=True)
    assert report.passed and report.interval("i", YEAR, "4601", "numerator", 1) == (0, None)


def test_documents_are_made_of_answers() -> None:
    rows = [row("4601", (40, 100)) | {"year": year} for year in (2023, 2022)]
    documents = list(documents_from([{"publication": 3, "indicator": "i", "results": rows}]))
    assert [(each.year, each.publication, len(each.rows)) for each in documents] == [(2022, 3, 1), (2023, 3, 1)]


# --- Against trying everything -------------------------------------------------------------------------------

Variable = tuple[int, str]  # the first publication that the municipality's counts are in
Groups = tuple[int, ...]  # persons above none of the lines of a chain, above the first only, and so on
INDICATORS = ("assessed", "risk")
MEASURES = ("numerator", "complement", "denominator")
MOST_TRIED = 6_000
WIDTH = 2  # tables that are small enough to try them all have no wide intervals
PLACES = (["4601", "4602", "4611"], ["4601", "4602", "0301"], ["4601", "4602", "1101", "1103"])
Told = tuple[dict[Variable, int], frozenset[int], int]  # how often each variable, which of its groups, together


@dataclass(frozen=True)
class Nation:
    """Small enough that every table that could be behind what is told can be tried."""

    states: Mapping[int, Mapping[str, Groups]]
    shown: Mapping[tuple[int, str, str], str]
    resubmitted: frozenset[str]

    def variable(self, publication: int, area: str) -> Variable:
        return (publication if area in self.resubmitted else 1), area

    def members(self, publication: int, area: str) -> list[Variable]:
        inside = [each for each in self.states[publication] if area in (each, COUNTY_OF[each], "0")]
        return [self.variable(publication, each) for each in inside]

    @property
    def truth(self) -> dict[Variable, Groups]:
        return {
            self.variable(number, area): groups
            for number, state in self.states.items()
            for area, groups in state.items()
        }

    @property
    def chain(self) -> tuple[str, ...]:
        return INDICATORS[: len(next(iter(self.truth.values()))) - 1]

    def documents(self) -> list[Document]:
        return [
            document(self.pairs(number, place), {area: self.shown[number, indicator, area] for area in self.areas}, indicator, number)
            for number in self.states
            for place, indicator in enumerate(self.chain)
        ]  # fmt: skip

    def pairs(self, publication: int, place: int) -> dict[str, Pair]:
        return {
            area: (sum(groups[place + 1 :]), sum(groups[place:])) for area, groups in self.states[publication].items()
        }

    @property
    def areas(self) -> list[str]:
        return list(totals(self.pairs(1, 0)))

    def own(self) -> dict[tuple[int, str, int, str], Pair]:
        pairs = ((number, place, indicator) for number in self.states for place, indicator in enumerate(self.chain))
        return {
            key: pair
            for number, place, indicator in pairs
            for key, pair in own(self.pairs(number, place), indicator, number).items()
        }

    def cells(self) -> Iterator[tuple[tuple[str, int, str, str, int], list[Variable], range, bool]]:
        """Each count with the variables and the groups that it is the sum of, and whether it is hidden."""
        for (number, indicator, area), shown in self.shown.items():
            if indicator in self.chain:
                place, last = INDICATORS.index(indicator), len(self.chain) + 1
                for measure, groups in zip(
                    MEASURES, (range(place + 1, last), range(place, place + 1), range(place, last)), strict=True
                ):
                    hidden = shown == NOTHING or (shown == DENOMINATOR and measure != "denominator")
                    yield (indicator, YEAR, area, measure, number), self.members(number, area), groups, hidden


def amount(table: Mapping[Variable, Groups], members: Iterable[Variable], groups: range) -> int:
    return sum(table[each][group] for each in members if each in table for group in groups)


def every_table(nation: Nation) -> list[dict[Variable, Groups]]:
    truth = nation.truth
    told = [
        (members, groups, amount(truth, members, groups))
        for _cell, members, groups, hidden in nation.cells()
        if not hidden
    ]
    most = max(sum(sum(groups) for groups in state.values()) for state in nation.states.values())
    tables: list[dict[Variable, Groups]] = [{}]
    for variable in truth:
        concerned = [each for each in told if variable in each[0]]
        values = [
            value
            for value in product(range(most + 1), repeat=len(nation.chain) + 1)
            if all(sum(value[group] for group in groups) <= total for _members, groups, total in concerned)
        ]
        assume(len(tables) * len(values) < 40 * MOST_TRIED)
        tables = [
            extended
            for table in tables
            for value in values
            if _can_be(extended := {**table, variable: value}, concerned)
        ]
        assume(len(tables) < MOST_TRIED)
    return tables


def _can_be(table: Mapping[Variable, Groups], told: Iterable[tuple[list[Variable], range, int]]) -> bool:
    for members, groups, total in told:
        now = amount(table, members, groups)
        if now > total or (now < total and all(each in table for each in members)):
            return False
    return True


@st.composite
def nations(draw: st.DrawFn) -> Nation:
    areas = draw(st.sampled_from(PLACES))
    groups = st.tuples(*[st.integers(0, 2)] * draw(st.integers(2, 3)))
    first = {area: draw(groups) for area in areas}
    states, resubmitted = {1: first}, frozenset[str]()
    if draw(st.booleans()):
        resubmitted = draw(st.frozensets(st.sampled_from(areas)))
        states[2] = {area: draw(groups) if area in resubmitted else first[area] for area in areas}
    usual = {4: [ALL, DENOMINATOR, NOTHING], 2: [ALL, ALL, DENOMINATOR, NOTHING], 1: [ALL, ALL, DENOMINATOR]}
    wholes = sorted({COUNTY_OF[area] for area in areas})
    shown = {
        (number, indicator, area): draw(st.sampled_from(usual[len(area)]))
        for number in states
        for indicator in INDICATORS
        for area in (*areas, *wholes, "0")
    }
    return Nation(states, shown, resubmitted)


def ranges(nation: Nation, tables: Sequence[Mapping[Variable, Groups]]) -> dict[Any, Pair]:
    found = {}
    for cell, members, groups, hidden in nation.cells():
        if hidden:
            values = [amount(table, members, groups) for table in tables]
            found[cell] = min(values), max(values)
    return found


@settings(deadline=None, max_examples=60)
@given(nation=nations())
def test_agrees_with_trying_every_table(nation: Nation) -> None:
    """Intervals, and what outsiders and insiders find, whichever way the auditor goes about it."""
    tables = every_table(nation)
    outsiders = ranges(nation, tables)
    leaks = {(cell, None) for cell, (low, high) in outsiders.items() if high - low < WIDTH}
    for insider in nation.states[1]:
        mine = {each: groups for each, groups in nation.truth.items() if each[1] == insider}
        consistent = [table for table in tables if all(table[each] == groups for each, groups in mine.items())]
        for cell, (low, high) in ranges(nation, consistent).items():
            members = {area for _number, area in nation.members(cell[4], cell[2])}
            if high - low < WIDTH and (cell, None) not in leaks and members != {insider}:
                leaks.add((cell, insider))
    public = Known({YEAR: COUNTY_OF}, {"risk": "assessed"}, {(2, YEAR): nation.resubmitted})
    for exact in (False, True):
        report = audit(nation.documents(), public, Limits(0, 0, WIDTH), own=nation.own(), exact=exact)
        assert not report.inconsistencies
        assert {((*_cell(leak),), leak.insider) for leak in report.leaks} == leaks
        intervals = {each.cell: (each.low, each.high) for each in report.intervals}
        assert intervals.keys() == outsiders.keys()
        assert not exact or intervals == outsiders
        assert all(
            low >= outsiders[cell][0] and (high or 0) <= outsiders[cell][1] for cell, (low, high) in intervals.items()
        )
    outside = audit(nation.documents(), public, Limits(0, 0, WIDTH))
    assert {(_cell(leak), None) for leak in outside.leaks if not leak.insider} == {
        each for each in leaks if not each[1]
    }


def _cell(leak: Leak) -> tuple[str, int, str, str, int]:
    return leak.indicator, leak.year, leak.area, leak.measure, leak.publication
