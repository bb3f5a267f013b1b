"""Disclosure control: what is hidden, and that nobody can work it out.

The attackers here share no code with the protector.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import reduce
from itertools import product

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog

from publications.suppression.protect import Unprotectable, protect
from publications.suppression.table import NATION, Counts, Decision, Family, Released, Rules, Shown

ALL, DENOMINATOR, NOTHING = Shown.ALL, Shown.DENOMINATOR, Shown.NOTHING
SHARE = Family(("share",))
CHAIN = Family(("assessed", "at-risk", "plan"), {"at-risk": "assessed", "plan": "at-risk"})
PAIR = Family(("assessed", "at-risk"), {"at-risk": "assessed"})
SMALL_RULES = Rules(least_denominator=4, least_count=2, least_width=2)
HYPOTHESIS = settings(deadline=None, max_examples=25, suppress_health_check=[HealthCheck.too_slow])


def share(figures: Mapping[str, tuple[int, int]], **options: object) -> Counts:
    """One indicator; the first two digits of a municipality tell its county."""
    counts = {("share", place): figure for place, figure in figures.items()}
    return replace(Counts(SHARE, {place: place[:2] for place in figures}, counts), **options)  # type: ignore[arg-type]


def chain(family: Family, figures: Mapping[str, Sequence[int]]) -> Counts:
    """A chain: the first denominator, then each numerator."""
    counts = {
        (code, place): (figure[number + 1], figure[number])
        for place, figure in figures.items()
        for number, code in enumerate(family.codes)
    }
    return Counts(family, {place: place[:2] for place in figures}, counts)


# --- Small numbers -----------------------------------------------------------------------------------------------

BACKGROUND = {f"{county}{number:02}": (40 + number, 90) for county in (30, 31, 32) for number in range(6)}


@pytest.mark.parametrize(
    ("figure", "level"),
    [
        ((30, 60), ALL),
        ((5, 10), ALL),
        ((0, 10), ALL),
        ((10, 10), ALL),
        ((4, 30), DENOMINATOR),
        ((26, 30), DENOMINATOR),
        ((1, 30), DENOMINATOR),
        ((5, 9), DENOMINATOR),
        ((0, 5), DENOMINATOR),
        ((2, 4), NOTHING),
        ((0, 1), NOTHING),
        ((0, 0), ALL),
    ],
)
def test_a_small_number_is_hidden(figure: tuple[int, int], level: Shown) -> None:
    decision = protect(share({**BACKGROUND, "3050": figure}))
    assert decision["share", "3050"] is level


def test_all_is_shown_where_all_is_large() -> None:
    assert set(protect(share(BACKGROUND)).values()) == {ALL}


def test_every_area_that_reported_has_a_decision() -> None:
    areas = {area for _code, area in protect(share(BACKGROUND))}
    assert areas == {*BACKGROUND, "30", "31", "32", NATION}


def test_an_indicator_that_was_not_reported_has_no_decision() -> None:
    family = Family(("a", "b"))
    counts = {("a", "3001"): (20, 40), ("a", "3002"): (20, 40), ("b", "3002"): (20, 40)}
    decision = protect(Counts(family, {"3001": "30", "3002": "30"}, counts))
    assert ("b", "3001") not in decision
    assert decision["b", "30"] is ALL


def test_nothing_reported_gives_nothing_but_an_empty_nation() -> None:
    assert protect(Counts(SHARE, {}, {})) == {}


@pytest.mark.parametrize("figure", [(5, 4), (-1, 4)])
def test_counts_that_cannot_be_are_refused(figure: tuple[int, int]) -> None:
    with pytest.raises(ValueError, match="share of 3001"):
        protect(share({"3001": figure}))


def test_a_chain_that_does_not_fit_is_refused() -> None:
    counts = {("assessed", "3001"): (20, 40), ("at-risk", "3001"): (5, 19)}
    with pytest.raises(ValueError, match="at-risk of 3001"):
        protect(Counts(PAIR, {"3001": "30"}, counts))


def test_below_nobody_an_indicator_may_be_left_out() -> None:
    counts = {("assessed", "3001"): (0, 40), ("assessed", "3002"): (30, 60), ("at-risk", "3002"): (10, 30)}
    decision = protect(Counts(PAIR, {"3001": "30", "3002": "30"}, counts))
    assert decision["at-risk", "3002"] is ALL


def test_a_family_in_a_circle_is_refused() -> None:
    family = Family(("a", "b"), {"a": "b", "b": "a"})
    with pytest.raises(ValueError, match="descends from itself"):
        protect(Counts(family, {"3001": "30"}, {("a", "3001"): (1, 2)}))


# --- What could be worked out ------------------------------------------------------------------------------------


def hidden(decision: Decision, areas: Iterable[str], code: str = "share") -> list[str]:
    return [area for area in areas if decision[code, area] is not ALL]


def test_a_single_small_municipality_takes_two_others_along() -> None:
    """One other would do for outsiders; but the two could then work each other out."""
    decision = protect(share({**BACKGROUND, "3050": (3, 40)}))
    assert len(hidden(decision, BACKGROUND)) == 2
    assert all(place.startswith("30") for place in hidden(decision, BACKGROUND))
    assert decision["share", "30"] is decision["share", NATION] is ALL


def elsewhere(county: str) -> dict[str, tuple[int, int]]:
    return {place: figure for place, figure in BACKGROUND.items() if not place.startswith(county)}


def test_small_municipalities_go_before_large_ones() -> None:
    figures = {"3001": (3, 40), "3002": (9, 20), "3003": (400, 900), "3004": (10, 21), "3005": (500, 900)}
    decision = protect(share({**figures, **elsewhere("30")}))
    assert hidden(decision, figures) == ["3001", "3002", "3004"]


def test_zeros_give_no_room() -> None:
    figures = {"3001": (3, 40), "3002": (0, 40), "3003": (0, 30), "3004": (50, 90), "3005": (50, 90)}
    decision = protect(share({**figures, **elsewhere("30")}))
    assert {"3004", "3005"} <= set(hidden(decision, figures))


def test_two_municipalities_in_a_county_hide_the_county() -> None:
    figures = {"3001": (3, 40), "3002": (50, 90), **elsewhere("30")}
    decision = protect(share(figures))
    assert decision["share", "30"] is not ALL
    assert decision["share", NATION] is ALL
    assert_nothing_leaks([Released(share(figures), decision)])


def test_a_county_of_one_municipality_is_decided_with_it() -> None:
    figures = {"0301": (3, 40), **BACKGROUND}
    decision = protect(share(figures))
    assert decision["share", "0301"] is decision["share", "03"] is DENOMINATOR
    assert_nothing_leaks([Released(share(figures), decision)])


def test_the_nation_is_not_the_way_to_a_county() -> None:
    """County 33 is small as a whole: a county beside it must be hidden too."""
    figures = {**BACKGROUND, "3301": (1, 30), "3302": (2, 40)}
    decision = protect(share(figures))
    assert decision["share", NATION] is ALL
    assert len(hidden(decision, ["30", "31", "32", "33"])) == 2
    assert_nothing_leaks([Released(share(figures), decision)])


def test_the_chain_is_not_the_way_to_a_numerator() -> None:
    figures = {f"30{number:02}": (100, 60, 30, 15) for number in range(5)} | {"3050": (60, 40, 30, 3)}
    counts = chain(CHAIN, figures)
    decision = protect(counts)
    assert decision["plan", "3050"] is DENOMINATOR
    assert decision["at-risk", "3050"] is ALL
    assert_nothing_leaks([Released(counts, decision)])


def test_what_the_parent_hides_the_child_does_not_tell() -> None:
    figures = {f"30{number:02}": (100, 60, 30, 15) for number in range(5)} | {"3050": (60, 57, 30, 15)}
    decision = protect(chain(CHAIN, figures))
    assert decision["assessed", "3050"] is DENOMINATOR
    assert decision["at-risk", "3050"] is decision["plan", "3050"] is NOTHING


def test_nobody_below_a_hidden_numerator_is_hidden_too() -> None:
    figures = {f"30{number:02}": (100, 60, 30, 15) for number in range(5)} | {"3050": (3, 0, 0, 0)}
    decision = protect(chain(CHAIN, figures))
    assert {decision[code, "3050"] for code in CHAIN.codes} == {NOTHING}


def test_what_is_withheld_cannot_be_worked_out() -> None:
    withheld = frozenset({("share", place) for place in BACKGROUND if place < "3102"})
    counts = share(BACKGROUND, withheld=withheld)
    decision = protect(counts)
    assert all(decision[key] is NOTHING for key in withheld)
    assert decision["share", NATION] is ALL
    assert_nothing_leaks([Released(counts, decision)])


def test_a_wider_interval_than_a_denominator_hides_it() -> None:
    rules = Rules(least_width=8)
    counts = share({**BACKGROUND, "3050": (3, 6)})
    decision = protect(counts, rules=rules)
    assert decision["share", "3050"] is NOTHING
    assert_nothing_leaks([Released(counts, decision)], rules)


def test_a_count_divided_in_two_ways_is_protected() -> None:
    family = Family(("top", "left", "right"), {"left": "top", "right": "top"})
    figures = {f"300{number}": (100 + number, 60, 30, 20) for number in range(5)} | {"3050": (60, 30, 3, 20)}
    counts = {}
    for place, (denominator, top, left, right) in figures.items():
        counts |= {("top", place): (top, denominator), ("left", place): (left, top), ("right", place): (right, top)}
    table = Counts(family, dict.fromkeys(figures, "30"), counts)
    assert_nothing_leaks([Released(table, protect(table))])


# --- Through time ------------------------------------------------------------------------------------------------


def resubmitted(counts: Counts, place: str, figure: tuple[int, int]) -> Counts:
    return replace(
        counts,
        counts={**counts.counts, ("share", place): figure},
        basis={**counts.basis, place: counts.basis.get(place, 0) + 1},
    )


def published(*counts: Counts, rules: Rules = Rules()) -> list[Released]:  # noqa: B008
    releases: list[Released] = []
    for table in counts:
        releases.append(Released(table, protect(table, releases, rules)))
    return releases


def test_the_same_again_is_decided_the_same() -> None:
    table = share({**BACKGROUND, "3050": (3, 40)})
    first, second = published(table, table)
    assert first.decision == second.decision


def test_a_correction_does_not_tell_what_was_hidden_before() -> None:
    """3050 may now be shown by its size; but then what others hid with it before would follow."""
    table = share({**BACKGROUND, "3050": (3, 40)})
    releases = published(table, resubmitted(table, "3050", (20, 40)))
    assert_nothing_leaks(releases)


def test_a_correction_does_not_tell_what_is_hidden_now() -> None:
    table = share(BACKGROUND)
    releases = published(table, resubmitted(table, "3003", (3, 40)))
    assert releases[1].decision["share", "3003"] is DENOMINATOR
    assert releases[1].decision["share", "30"] is not ALL, "what the others are was told before"
    assert_nothing_leaks(releases)


def test_a_municipality_that_joins_is_protected() -> None:
    table = share(BACKGROUND)
    assert_nothing_leaks(published(table, share({**BACKGROUND, "3050": (3, 40)})))


def test_a_municipality_that_leaves_is_protected() -> None:
    assert_nothing_leaks(published(share({**BACKGROUND, "3050": (3, 40)}), share(BACKGROUND)))


def test_what_was_told_before_is_not_protected_any_more() -> None:
    table = share({**BACKGROUND, "3050": (3, 40)})
    told = Released(table, dict.fromkeys(protect(table), ALL))
    decision = protect(table, [told])
    assert hidden(decision, [*BACKGROUND, "30", NATION]) == []


def test_what_follows_from_earlier_publications_cannot_be_protected() -> None:
    """Earlier rules showed the county less one; now the county is just the rest, and small."""
    figures = {"3001": (1, 20), "3002": (2, 30), **elsewhere("30")}
    before = share({**figures, "3003": (30, 60)})
    shown = {("share", area): ALL for area in ("30", "31", "32", NATION, "3003", *elsewhere("30"))}
    earlier = Released(before, {**shown, ("share", "3001"): DENOMINATOR, ("share", "3002"): DENOMINATOR})
    with pytest.raises(Unprotectable, match="share of 30 "):
        protect(share(figures), [earlier])


def test_what_leaked_earlier_is_let_be() -> None:
    table = share({**BACKGROUND, "3050": (3, 40)})
    leaky = Released(table, {key: DENOMINATOR if key[1] == "3050" else ALL for key in protect(table)})
    assert protect(table, [leaky])["share", "3050"] is DENOMINATOR


# --- An attacker who enumerates ----------------------------------------------------------------------------------

Vector = tuple[int, ...]  # of an area: the complements of a chain, and the last numerator


@dataclass(frozen=True)
class Enumeration:
    """All tables of whole numbers that agree with what is shown, area by area; for tiny tables."""

    counts: Counts
    decision: Decision

    def figures(self, vector: Vector) -> dict[tuple[str, str], int]:
        """(code, kind) -> the figure."""
        return {key: sum(vector[leaf] for leaf in leaves) for key, leaves in self.leaves().items()}

    def leaves(self) -> dict[tuple[str, str], range]:
        """(code, kind) -> the parts of a vector that the figure is the sum of."""
        last = len(self.counts.family.codes) + 1
        parts = {}
        for number, code in enumerate(self.counts.family.codes):
            parts |= {(code, "n"): range(number + 1, last), (code, "q"): range(number, number + 1)}
            parts[code, "d"] = range(number, last)
        return parts

    def true(self, place: str) -> Vector:
        figures = [self.counts.counts[code, place] for code in self.counts.family.codes]
        return (*(denominator - numerator for numerator, denominator in figures), figures[-1][0])

    def seen(self, area: str, vectors: Iterable[Vector]) -> Iterator[Vector]:
        """What is shown of the area, if these were its figures."""
        shown = [leaves for key, leaves in self.leaves().items() if is_shown(self.decision, key[0], area, key[1])]
        yield from (tuple(sum(vector[leaf] for leaf in leaves) for leaves in shown) for vector in vectors)

    def agreeing(self, area: str, vectors: Iterable[Vector], true: Vector) -> set[Vector]:
        every = list(vectors)
        told = next(self.seen(area, [true]))
        return {vector for vector, seen in zip(every, self.seen(area, every), strict=True) if seen == told}

    def options(self, place: str, most: int) -> list[Vector]:
        true = self.true(place)
        return sorted(self.agreeing(place, product(range(most + 1), repeat=len(true)), true))

    def ranges(self, most: int, insider: str | None) -> Iterator[tuple[str, tuple[str, str], int]]:
        """(area, (code, kind), width) of each figure."""
        places = sorted(self.counts.county_of)
        options = {p: [self.true(p)] if p == insider else self.options(p, most) for p in places}
        counties = {county: [p for p in places if p[:2] == county] for county in sorted({p[:2] for p in places})}
        true = {county: reduce(add, (self.true(p) for p in own)) for county, own in counties.items()}
        sums = {
            county: self.agreeing(county, all_sums(options[p] for p in own), true[county])
            for county, own in counties.items()
        }
        nation = reduce(add, true.values())
        for county, own in counties.items():
            rest = all_sums(sums[other] for other in counties if other != county) or {(0,) * len(nation)}
            fitting = self._completed(sums[county], rest, nation)
            yield from self._widths(county, fitting)
            for place in own:
                others = all_sums(options[p] for p in own if p != place) or {(0,) * len(nation)}
                possible = {v for v in options[place] if any(add(v, other) in fitting for other in others)}
                yield from self._widths(place, possible)
        yield from self._widths(NATION, self.agreeing(NATION, all_sums(sums.values()), nation))

    def _completed(self, vectors: set[Vector], rest: set[Vector], nation: Vector) -> set[Vector]:
        """Those that something of the rest completes to what is shown of the nation."""
        told = next(self.seen(NATION, [nation]))
        wanted = {tuple(a - b for a, b in zip(told, seen, strict=True)) for seen in self.seen(NATION, rest)}
        every = list(vectors)
        return {vector for vector, seen in zip(every, self.seen(NATION, every), strict=True) if seen in wanted}

    def _widths(self, area: str, vectors: Iterable[Vector]) -> Iterator[tuple[str, tuple[str, str], int]]:
        found = [self.figures(vector) for vector in vectors]
        for key in found[0]:
            values = [figures[key] for figures in found]
            yield area, key, max(values) - min(values)


def add(one: Vector, other: Vector) -> Vector:
    return tuple(a + b for a, b in zip(one, other, strict=True))


def all_sums(sets: Iterable[Iterable[Vector]]) -> set[Vector]:
    found: set[Vector] = set()
    for number, vectors in enumerate(sets):
        found = {add(a, b) for a in found for b in vectors} if number else set(vectors)
    return found


def is_shown(decision: Decision, code: str, area: str, kind: str) -> bool:
    level = decision.get((code, area), NOTHING)
    return level is ALL or (level is DENOMINATOR and kind == "d")


def assert_enumeration_finds_nothing(counts: Counts, decision: Decision, rules: Rules) -> None:
    enumeration = Enumeration(counts, decision)
    most = max(max(enumeration.true(place)) for place in counts.county_of) + rules.least_width
    for insider in (None, *hiding([Released(counts, decision)])):
        own = own_areas(counts, insider)
        for area, (code, kind), width in enumeration.ranges(most, insider):
            if area not in own and not is_shown(decision, code, area, kind):
                assert width >= rules.least_width, (insider, area, code, kind, width)


def own_areas(counts: Counts, insider: str | None) -> set[str]:
    """The municipality, and its county and the nation if it is all of them."""
    areas = {} if insider is None else {insider: {insider}} | members(counts)
    return {area for area, places in areas.items() if places == {insider}}


def members(counts: Counts) -> dict[str, set[str]]:
    """Of the nation and each county."""
    found = {NATION: set(counts.county_of)}
    for place, county in counts.county_of.items():
        found.setdefault(county, set()).add(place)
    return found


@st.composite
def tiny_shares(draw: st.DrawFn) -> Counts:
    places = [
        f"3{county}0{number}" for county in range(draw(st.integers(1, 3))) for number in range(draw(st.integers(1, 3)))
    ]
    return share({place: draw(figures_up_to(5)) for place in places})


def figures_up_to(most: int) -> st.SearchStrategy[tuple[int, int]]:
    return st.tuples(st.integers(0, most), st.integers(0, most)).map(lambda pair: (pair[0], sum(pair)))


@st.composite
def tiny_chains(draw: st.DrawFn) -> Counts:
    figures = {}
    for number in range(draw(st.integers(1, 4))):
        last, *complements = draw(st.lists(st.integers(0, 2), min_size=3, max_size=3))
        numerator = last + complements[0]
        figures[f"3{number // 3}0{number}"] = (numerator + complements[1], numerator, last)
    return chain(PAIR, figures)


@HYPOTHESIS
@given(tiny_shares())
def test_no_enumeration_narrows_a_share(counts: Counts) -> None:
    decision = protect(counts, rules=SMALL_RULES)
    assert_enumeration_finds_nothing(counts, decision, SMALL_RULES)


@settings(HYPOTHESIS, max_examples=12)
@given(tiny_chains())
def test_no_enumeration_narrows_a_chain(counts: Counts) -> None:
    decision = protect(counts, rules=SMALL_RULES)
    assert_enumeration_finds_nothing(counts, decision, SMALL_RULES)


def test_the_enumeration_finds_a_planted_leak() -> None:
    counts = share({"3001": (1, 6), "3002": (3, 6), "3003": (3, 6)})
    decision = {key: ALL for key in protect(counts)} | {("share", "3001"): DENOMINATOR}
    with pytest.raises(AssertionError):
        assert_enumeration_finds_nothing(counts, decision, SMALL_RULES)


# --- An attacker with linear programs ----------------------------------------------------------------------------

Cell = tuple[int, str, str, str]  # publication, code, area, kind


class Outsider:
    """Has all publications, and the true figures of one municipality if an insider."""

    def __init__(self, releases: Sequence[Released]) -> None:
        self.releases = releases
        self.values: dict[Cell, int] = {}
        for number, each in enumerate(releases):
            for cell, value in true_cells(number, each.counts):
                stays = cell[2] == NATION and each.counts.keeps_nation
                self.values[cell] = self.values[number - 1, *cell[1:]] if stays else value
        self.columns = {cell: column for column, cell in enumerate(self.values)}
        self.equations = [e for number, r in enumerate(releases) for e in sums(number, r.counts)]
        self.equations += list(same_cells(releases))

    def told(self, cell: Cell) -> bool:
        number, code, area, kind = cell
        if kind == "rest":
            family = self.releases[number].counts.family
            both = [of for of, population in family.population.items() if population in (code, family.within[code])]
            told = {family.population[of] for of in both if self.told((number, of, area, "d"))}
            return len(told) == 2
        return is_shown(self.releases[number].decision, code, area, kind)

    def leaks(self, rules: Rules, insider: str | None = None) -> set[Cell]:
        """The cells that are neither told nor the insider's own, and can be narrowed."""
        areas = [own_areas(release.counts, insider) for release in self.releases]
        own = {cell for cell in self.values if cell[2] in areas[cell[0]]}
        bounds = [(v, v) if self.told(c) or c in own else (0, 5000) for c, v in self.values.items()]
        matrix = np.zeros((len(self.equations), len(self.values)))
        for row, equation in enumerate(self.equations):
            for cell, sign in equation:
                matrix[row, self.columns[cell]] += sign
        asked = [column for cell, column in self.columns.items() if not self.told(cell) and cell not in own]
        least = most = np.array(list(self.values.values()), dtype=float)
        for column, sign in product(asked, (1, -1)):
            if width_of(least, most)[column] < rules.least_width:
                table = self._extreme(column, sign, matrix, bounds)
                least, most = np.minimum(least, table), np.maximum(most, table)
        cells = list(self.values)
        return {cells[column] for column in asked if width_of(least, most)[column] < rules.least_width}

    def _extreme(self, column: int, sign: int, matrix: np.ndarray, bounds: list[tuple[int, int]]) -> np.ndarray:
        """The table in which a cell is smallest (1) or largest (-1). No true figure here is near the bound."""
        goal = np.zeros(len(self.values))
        goal[column] = sign
        program = linprog(goal, A_eq=matrix, b_eq=np.zeros(len(matrix)), bounds=bounds, method="highs")
        assert program.status == 0, program.message
        return np.asarray(program.x)


def width_of(least: np.ndarray, most: np.ndarray) -> np.ndarray:
    return np.floor(most + 1e-6) - np.ceil(least - 1e-6)


def true_cells(number: int, counts: Counts) -> Iterator[tuple[Cell, int]]:
    for code in counts.family.codes:
        own = {place: counts.counts[code, place] for place in counts.county_of}
        areas = {place: [place] for place in own} | {NATION: list(own)}
        for place, county in counts.county_of.items():
            areas.setdefault(county, []).append(place)
        for area, places in areas.items():
            numerator, denominator = (sum(own[place][part] for place in places) for part in (0, 1))
            yield (number, code, area, "n"), numerator
            yield (number, code, area, "q"), denominator - numerator
            yield (number, code, area, "d"), denominator
            for part, wider in counts.family.within.items():
                if counts.family.population.get(code) == wider:
                    of_part = next(of for of in counts.family.codes if counts.family.population.get(of) == part)
                    inside = sum(counts.counts[of_part, place][1] for place in places)
                    yield (number, part, area, "rest"), denominator - inside


def sums(number: int, counts: Counts) -> Iterator[list[tuple[Cell, int]]]:
    """Equations: signed cells whose sum is nothing."""
    counties = sorted(set(counts.county_of.values()))
    for code in counts.family.codes:
        for area in (*counts.county_of, *counties, NATION):
            yield [((number, code, area, kind), sign) for kind, sign in (("n", 1), ("q", 1), ("d", -1))]
            if code in counts.family.parent:
                yield [((number, code, area, "d"), 1), ((number, counts.family.parent[code], area, "n"), -1)]
            yield from populations(number, counts.family, code, area)
        for kind in "nqd":
            if not counts.keeps_nation:
                yield [((number, code, NATION, kind), -1), *(((number, code, county, kind), 1) for county in counties)]
            for county in counties:
                own = [place for place in counts.county_of if counts.county_of[place] == county]
                yield [((number, code, county, kind), -1), *(((number, code, place, kind), 1) for place in own)]


def populations(number: int, family: Family, code: str, area: str) -> Iterator[list[tuple[Cell, int]]]:
    """What the denominator of the same population is, and of which it is a part."""
    first = {family.population[of]: of for of in reversed(family.codes) if of in family.population}
    population = family.population.get(code, "")
    if population and first[population] != code:
        yield [((number, code, area, "d"), 1), ((number, first[population], area, "d"), -1)]
    elif population in family.within:
        wider = (number, first[family.within[population]], area, "d")
        yield [(wider, -1), ((number, code, area, "d"), 1), ((number, population, area, "rest"), 1)]


def same_cells(releases: Sequence[Released]) -> Iterator[list[tuple[Cell, int]]]:
    for later in range(len(releases)):
        if releases[later].counts.keeps_nation:
            for code, kind in product(releases[later].counts.family.codes, "nqd"):
                yield [((later - 1, code, NATION, kind), 1), ((later, code, NATION, kind), -1)]
        for sooner in range(later):
            one, other = releases[sooner].counts, releases[later].counts
            for key in one.counts.keys() & other.counts.keys():
                if one.counts[key] == other.counts[key] and one.basis.get(key[1]) == other.basis.get(key[1]):
                    yield from ([((sooner, *key, kind), 1), ((later, *key, kind), -1)] for kind in "nqd")


def assert_nothing_leaks(releases: Sequence[Released], rules: Rules = Rules()) -> None:  # noqa: B008
    """Together they tell no more than the earlier ones told alone."""
    *earlier, last = releases
    alone = [*earlier, Released(last.counts, dict.fromkeys(last.decision, NOTHING))]
    for insider in (None, *hiding(releases)):
        leaks = Outsider(releases).leaks(rules, insider)
        if leaks and earlier:
            leaks -= Outsider(alone).leaks(rules, insider)
        assert not leaks, (insider, leaks)


def hiding(releases: Sequence[Released]) -> list[str]:
    """Municipalities that have a hidden figure."""
    found = {
        a for r in releases for (_c, a), level in r.decision.items() if level is not ALL and a in r.counts.county_of
    }
    return sorted(found)


@st.composite
def resubmissions(draw: st.DrawFn) -> list[Counts]:
    places = [f"3{county}0{number}" for county in range(2) for number in range(draw(st.integers(1, 4)))]
    figure = figures_up_to(15)
    tables = [share({place: draw(figure) for place in places})]
    for _publication in range(draw(st.integers(1, 3))):
        table = tables[-1]
        for place in draw(st.sets(st.sampled_from(places), max_size=3)):
            table = resubmitted(table, place, draw(figure))
        tables.append(replace(table, keeps_nation=draw(st.booleans())))
    return tables


@settings(HYPOTHESIS, max_examples=10)
@given(resubmissions())
def test_no_linear_program_narrows_what_publications_hide_together(tables: list[Counts]) -> None:
    releases = published(*tables)
    for number in range(len(releases)):
        assert_nothing_leaks(releases[: number + 1])


@st.composite
def chains(draw: st.DrawFn) -> Counts:
    figures = {}
    for number in range(draw(st.integers(3, 7))):
        last, *complements = draw(st.lists(st.integers(0, 14), min_size=4, max_size=4))
        figures[f"3{number % 2}0{number}"] = tuple(last + sum(complements[:depth]) for depth in (3, 2, 1, 0))
    return chain(CHAIN, figures)


@settings(HYPOTHESIS, max_examples=12)
@given(chains())
def test_no_linear_program_narrows_a_chain(counts: Counts) -> None:
    assert_nothing_leaks([Released(counts, protect(counts))])


@st.composite
def counted_anew(draw: st.DrawFn) -> list[Counts]:
    """A chain whose last indicator is counted by another definition: nobody has sent, and all above it is what it was."""
    tables = [draw(chains())]
    code = CHAIN.codes[-1]
    for _publication in range(draw(st.integers(1, 2))):
        counts = dict(tables[-1].counts)
        for place in draw(st.sets(st.sampled_from(sorted(tables[-1].county_of)), min_size=1)):
            denominator = counts[code, place][1]
            counts[code, place] = (draw(st.integers(0, denominator)), denominator)
        tables.append(replace(tables[-1], counts=counts))
    return tables


@settings(HYPOTHESIS, max_examples=12)
@given(counted_anew())
def test_no_linear_program_narrows_what_is_counted_anew_under_the_same(tables: list[Counts]) -> None:
    releases = published(*tables)
    for number in range(len(releases)):
        assert_nothing_leaks(releases[: number + 1])


@HYPOTHESIS
@given(chains())
def test_what_a_chain_shows_hangs_together(counts: Counts) -> None:
    decision = protect(counts)
    for (code, area), level in decision.items():
        if code in CHAIN.parent:
            assert (level is NOTHING) == (decision[CHAIN.parent[code], area] is not ALL)
    for place, county in counts.county_of.items():
        if members(counts)[county] == {place}:
            assert all(decision[code, place] is decision[code, county] for code in CHAIN.codes)


def test_the_linear_programs_find_a_planted_leak() -> None:
    table = share({**BACKGROUND, "3050": (3, 40)})
    releases = [Released(table, {key: DENOMINATOR if key[1] == "3050" else ALL for key in protect(table)})]
    with pytest.raises(AssertionError):
        assert_nothing_leaks(releases)


# --- Linked tables -----------------------------------------------------------------------------------------------

RESIDENTS = Family(
    ("assessed", "at-risk", "medication", "doctor", "dentist"),
    {"at-risk": "assessed"},
    {"assessed": "old", "medication": "old", "doctor": "all", "dentist": "all"},
    {"old": "all"},
)
LARGE_HOME = {
    "assessed": (40, 70),
    "at-risk": (18, 40),
    "medication": (44, 70),
    "doctor": (60, 90),
    "dentist": (31, 90),
}


def residents(figures: Mapping[str, Mapping[str, tuple[int, int]]], **options: object) -> Counts:
    counts = {(code, place): pair for place, of_place in figures.items() for code, pair in of_place.items()}
    return replace(Counts(RESIDENTS, {place: place[:2] for place in figures}, counts), **options)  # type: ignore[arg-type]


HOMES = {f"{county}{number:02}": LARGE_HOME for county in (30, 31, 32) for number in range(6)}


def released_of(counts: Counts, **rules: Rules) -> Released:
    return Released(counts, protect(counts, **rules))


def test_what_one_indicator_hides_no_other_with_the_same_persons_tells() -> None:
    few = {"assessed": (2, 4), "at-risk": (1, 2), "medication": (2, 4), "doctor": (7, 14), "dentist": (7, 14)}
    released = released_of(residents({**HOMES, "3050": few}))
    assert released.decision["assessed", "3050"] is released.decision["medication", "3050"] is NOTHING
    assert_nothing_leaks([released])


def test_residents_under_67_are_a_published_count() -> None:
    """Seventy of seventy-three: one of the two is not shown, and it is that of which less is lost."""
    three_young = {**LARGE_HOME, "doctor": (50, 73), "dentist": (30, 73)}
    released = released_of(residents({**HOMES, "3050": three_young}))
    assert released.decision["dentist", "3050"] is released.decision["doctor", "3050"] is NOTHING
    assert released.decision["assessed", "3050"] is released.decision["medication", "3050"] is ALL
    assert_nothing_leaks([released])


def test_where_nobody_is_under_67_both_populations_are_told() -> None:
    nobody_young = {**LARGE_HOME, "doctor": (50, 70), "dentist": (30, 70)}
    released = released_of(residents({**HOMES, "3050": nobody_young}))
    assert {released.decision[code, "3050"] for code in RESIDENTS.codes} == {ALL}
    assert_nothing_leaks([released])


def test_a_denominator_is_told_with_a_withheld_share_where_another_indicator_tells_it() -> None:
    counts = residents(HOMES, withheld=frozenset({("doctor", "3001"), ("medication", "3001")}))
    released = released_of(counts)
    assert released.decision["doctor", "3001"] is released.decision["medication", "3001"] is DENOMINATOR
    assert released.decision["dentist", "3001"] is released.decision["assessed", "3001"] is ALL
    assert_nothing_leaks([released])


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"medication": (40, 69)}, "same population"),
        ({"dentist": (30, 60), "doctor": (30, 60)}, "numerator 70 of denominator 60"),
    ],
)
def test_populations_that_do_not_fit_are_refused(changed: dict[str, tuple[int, int]], told: str) -> None:
    with pytest.raises(ValueError, match=told):
        protect(residents({**HOMES, "3050": {**LARGE_HOME, **changed}}))


def test_a_population_without_the_wider_one_is_refused() -> None:
    counts = {
        key: pair
        for key, pair in residents(HOMES).counts.items()
        if key not in {("doctor", "3001"), ("dentist", "3001")}
    }
    with pytest.raises(ValueError, match="all is not counted"):
        protect(replace(residents(HOMES), counts=counts))


@st.composite
def homes(draw: st.DrawFn) -> Counts:
    figures = {}
    for number in range(draw(st.integers(3, 6))):
        part = st.integers(0, 14)
        risk, not_at_risk, not_assessed, young = (draw(part) for _ in range(4))
        assessed, old = risk + not_at_risk, risk + not_at_risk + not_assessed
        everybody = old + young
        figures[f"3{number % 2}0{number}"] = {
            "assessed": (assessed, old),
            "at-risk": (risk, assessed),
            "medication": (draw(st.integers(0, old)), old),
            "doctor": (draw(st.integers(0, everybody)), everybody),
            "dentist": (draw(st.integers(0, everybody)), everybody),
        }
    return residents(
        figures, withheld=frozenset({("doctor", place) for place in sorted(figures)[: draw(st.integers(0, 2))]})
    )


@settings(HYPOTHESIS, max_examples=12)
@given(homes())
def test_no_linear_program_narrows_linked_tables(counts: Counts) -> None:
    assert_nothing_leaks([released_of(counts)])


def test_the_linear_programs_find_a_leak_between_linked_tables() -> None:
    three_young = {**LARGE_HOME, "doctor": (50, 73), "dentist": (30, 73)}
    counts = residents({**HOMES, "3050": three_young})
    told = {**protect(counts), ("dentist", "3050"): ALL}
    with pytest.raises(AssertionError):
        assert_nothing_leaks([Released(counts, told)])
