"""Comparison against figures printed in the literature and SciPy's, what must hold for any counts, and how often chance alone is
called real."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from charts.comparison import (
    EXACT_BELOW,
    FEWEST,
    LEVEL,
    Interval,
    Outside,
    Profile,
    Share,
    Verdict,
    alike,
    bounds,
    control_limits,
    difference,
    discovery_cutoff,
    funnel_sizes,
    outside,
    over_dispersion,
    p_value,
    trend_p_value,
    verdict,
    wilson,
)

# Newcombe, Stat Med 1998;17:857-872, table I, method 3 (Wilson).
WILSON = [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)]


@st.composite
def shares(draw: st.DrawFn, smallest: int = 1, largest: int = 40_000) -> Share:
    denominator = draw(st.integers(smallest, largest))
    return Share(draw(st.integers(0, denominator)), denominator)


@pytest.mark.parametrize(("numerator", "denominator", "low", "high"), WILSON)
def test_wilson_as_printed(numerator: int, denominator: int, low: float, high: float) -> None:
    assert wilson(numerator, denominator) == pytest.approx((low, high), abs=0.00005)


def test_nobody_below_the_line() -> None:
    assert wilson(0, 0) is None
    assert p_value(Share(0, 0), Share(100, 200)) is None
    assert trend_p_value([Share(0, 0), None, Share(100, 200)]) is None
    assert bounds(0, 0, 0) is None
    assert Share(0, 0).value is None


def test_impossible_counts_are_refused() -> None:
    for numerator, denominator in ((3, 2), (-1, 5)):
        with pytest.raises(ValueError, match="no share"):
            Share(numerator, denominator)
    with pytest.raises(ValueError, match="unanswered"):
        bounds(5, 10, 6)


@given(shares())
def test_interval_holds_the_share(share: Share) -> None:
    interval = wilson(share.numerator, share.denominator)
    assert interval and share.value is not None
    assert 0 <= interval.low <= share.value <= interval.high <= 1


@given(shares())
def test_interval_of_the_complement_is_the_mirror(share: Share) -> None:
    one = wilson(share.numerator, share.denominator)
    other = wilson(share.denominator - share.numerator, share.denominator)
    assert one and other
    assert one == pytest.approx((1 - other.high, 1 - other.low))


@given(shares(), shares())
def test_difference_is_the_same_seen_from_either_side(own: Share, other: Share) -> None:
    there, back = p_value(own, other), p_value(other, own)
    assert (there is None) is (back is None) is (min(own.denominator, other.denominator) < FEWEST)
    if there is not None and back is not None:
        assert 0 <= there <= 1
        assert there == pytest.approx(back, rel=1e-6, abs=1e-12)
        mirrored = [Share(one.denominator - one.numerator, one.denominator) for one in (own, other)]
        assert there == pytest.approx(p_value(*mirrored), rel=1e-6, abs=1e-12)


@given(shares(), shares())
def test_asking_more_questions_never_makes_a_difference_more_real(own: Share, other: Share) -> None:
    if difference(own, other) == Verdict.MAY_BE_CHANCE:
        assert difference(own, other, comparisons=10) == Verdict.MAY_BE_CHANCE


@pytest.mark.parametrize(
    ("own", "other", "told"),
    [
        (Share(56, 70), Share(48, 80), Verdict.PROBABLY_REAL),
        (Share(5, 56), Share(0, 29), Verdict.MAY_BE_CHANCE),
        (Share(9, 9), Share(0, 900), Verdict.TOO_FEW),
        (Share(0, 900), Share(9, 9), Verdict.TOO_FEW),
        (Share(57, 100), Share(57, 100), Verdict.MAY_BE_CHANCE),
    ],
)
def test_verdict(own: Share, other: Share, told: Verdict) -> None:
    assert difference(own, other) == told
    assert verdict(trend_p_value([other, own])) == told


def test_a_part_is_compared_with_the_rest() -> None:
    own, nation = Share(40, 100), Share(190, 400)
    assert difference(own, nation, contains=True) == difference(own, Share(150, 300))
    # Half the nation: against the whole it would look like chance.
    own, nation = Share(430, 1000), Share(910, 2000)
    assert difference(own, nation) == Verdict.MAY_BE_CHANCE
    assert difference(own, nation, contains=True) == Verdict.PROBABLY_REAL
    # All of it: there is no rest to compare with.
    assert difference(nation, nation, contains=True) == Verdict.TOO_FEW


def test_verdicts_are_the_three_statements() -> None:
    assert [str(verdict.label) for verdict in Verdict] == ["trolig reell", "kan være tilfeldig", "for få til å si"]


def test_bounds() -> None:
    assert bounds(57, 100, 12) == Interval(0.57, 0.69)
    worst, best = bounds(0, 10, 10) or (None, None)
    assert (worst, best) == (0, 1)


@given(shares(), st.data())
def test_bounds_hold_what_the_answers_could_have_been(share: Share, data: st.DataObject) -> None:
    unanswered = data.draw(st.integers(0, share.denominator - share.numerator))
    yes = data.draw(st.integers(0, unanswered))
    worst, best = bounds(share.numerator, share.denominator, unanswered) or (1.0, 0.0)
    assert worst <= (share.numerator + yes) / share.denominator <= best


# --- By chance ------------------------------------------------------------------------------------------------


def rows(*groups: Share) -> list[list[int]]:
    return [[group.numerator, group.denominator - group.numerator] for group in groups]


@pytest.mark.parametrize(
    ("own", "other"),
    [(Share(56, 70), Share(48, 80)), (Share(30, 60), Share(7985, 9970)), (Share(430, 1000), Share(480, 1000))],
)
def test_a_difference_of_many_is_the_score_test(own: Share, other: Share) -> None:
    chi_squared = stats.chi2_contingency(rows(own, other), correction=False)
    assert p_value(own, other) == pytest.approx(chi_squared.pvalue)


@pytest.mark.parametrize(
    ("own", "other"),
    [
        (Share(8, 10), Share(980, 1000)),  # few persons
        (Share(29, 29), Share(20, 29)),
        (Share(47, 50), Share(2970, 3000)),  # enough persons, but fewer than five expected to lack
        (Share(2, 400), Share(7, 400)),
    ],
)
def test_a_difference_of_few_is_exact(own: Share, other: Share) -> None:
    """Twice the smaller tail, by SciPy's hypergeometric distribution."""
    above, size = own.numerator + other.numerator, own.denominator + other.denominator
    chance = stats.hypergeom(size, above, own.denominator)
    expected = min(1, 2 * min(chance.cdf(own.numerator), chance.sf(own.numerator - 1)))
    assert p_value(own, other) == pytest.approx(expected, rel=1e-6)


def test_the_normal_approximation_would_cry_wolf_over_eight_of_ten() -> None:
    """Where 98 % is usual two of ten lack it by chance in 1.6 % of places of ten; by the score test it would be 0.005 %."""
    own, others = Share(8, 10), Share(98_000, 100_000)
    assert p_value(own, others) == pytest.approx(2 * stats.binom(10, 0.98).cdf(8), rel=0.01)
    assert stats.chi2_contingency(rows(own, others), correction=False).pvalue < 0.0001


def test_a_trend_as_printed() -> None:
    """R's help page of prop.trend.test: smokers among patients of four studies (Fleiss 1981)."""
    studies = [Share(83, 86), Share(90, 93), Share(129, 136), Share(70, 82)]
    assert trend_p_value(studies) == pytest.approx(0.004132, abs=5e-7)


def test_a_trend_by_hand() -> None:
    # 40, 50 and 60 of 100, in the periods 0, 1 and 2: 10 too many of the last, weighed by 2, and 10 too few of the first, by 0.
    # The variance is a quarter of 100 × (0 + 1 + 4) less 300² / 300, which is 50: z = 20 / √50.
    rising = [Share(40, 100), Share(50, 100), Share(60, 100)]
    assert trend_p_value(rising) == pytest.approx(2 * stats.norm.sf(20 / 50**0.5))
    assert trend_p_value(rising[::-1]) == pytest.approx(trend_p_value(rising))
    # A year without figures keeps its place: 40 and 60 alone, in the first and the last period.
    assert trend_p_value([rising[0], None, rising[2]]) == pytest.approx(p_value(rising[2], rising[0]))


def test_a_trend_sees_what_the_ends_alone_do_not() -> None:
    steady = [Share(50, 100), Share(53, 100), Share(58, 100), Share(61, 100), Share(63, 100)]
    assert difference(steady[-1], steady[0]) == Verdict.MAY_BE_CHANCE
    assert verdict(trend_p_value(steady)) == Verdict.PROBABLY_REAL


def test_one_odd_year_is_no_trend() -> None:
    """The last lies above the first, after years of going down."""
    odd = [Share(500, 1000), Share(460, 1000), Share(420, 1000), Share(380, 1000), Share(560, 1000)]
    assert difference(odd[-1], odd[0]) == Verdict.PROBABLY_REAL
    assert verdict(trend_p_value(odd)) == Verdict.MAY_BE_CHANCE
    against = [Share(500, 1000), Share(600, 1000), Share(400, 1000), Share(300, 1000), Share(510, 1000)]
    assert trend_p_value(against) == 1


def test_a_trend_of_few_holds_the_ends_against_each_other() -> None:
    few = [Share(5, 20), Share(10, 20), Share(16, 20)]
    assert trend_p_value(few) == p_value(few[-1], few[0]) == pytest.approx(2 * stats.hypergeom(40, 21, 20).sf(15))
    assert trend_p_value([Share(5, 9), *few]) is None
    assert trend_p_value([Share(0, 50), Share(0, 50), Share(0, 50)]) == 1


# --- Many at once ---------------------------------------------------------------------------------------------

# Benjamini and Hochberg 1995, the example of section 3.2: four are rejected, three by Bonferroni's rule.
PRINTED = [
    0.0001,
    0.0004,
    0.0019,
    0.0095,
    0.0201,
    0.0278,
    0.0298,
    0.0344,
    0.0459,
    0.3240,
    0.4262,
    0.5719,
    0.6528,
    0.7590,
    1.0,
]


def test_false_discoveries_as_printed() -> None:
    assert discovery_cutoff(PRINTED) == pytest.approx(4 / 15 * 0.05)
    assert sum(p <= discovery_cutoff(PRINTED) for p in PRINTED) == 4


def test_one_alone_is_tested_as_before_and_none_finds_nothing() -> None:
    assert discovery_cutoff([0.03]) == discovery_cutoff([0.03, None]) == LEVEL
    assert discovery_cutoff([]) == discovery_cutoff([None]) == LEVEL
    assert discovery_cutoff([0.06]) == LEVEL / 2
    assert verdict(None, LEVEL) == Verdict.TOO_FEW


@given(st.lists(st.floats(0, 1), min_size=1, max_size=40))
def test_false_discoveries_are_scipys(p_values: list[float]) -> None:
    adjusted = stats.false_discovery_control(p_values, method="bh")
    cutoff = discovery_cutoff(p_values)
    for p, adjusted_p in zip(p_values, adjusted, strict=True):
        if abs(adjusted_p - LEVEL) > 1e-9:  # on the line itself rounding decides
            assert (verdict(p, cutoff) == Verdict.PROBABLY_REAL) == (adjusted_p <= LEVEL)


@given(st.lists(st.floats(0, 1), max_size=40), st.floats(0, 1))
def test_one_question_more_may_be_held_to_the_others_cutoff(p_values: list[float], another: float) -> None:
    """What passes would have passed among them."""
    if another < discovery_cutoff(p_values) - 1e-12:
        assert stats.false_discovery_control([*p_values, another])[-1] <= LEVEL


INDICATORS, YEARS = 12, 4


def draw(chance: np.random.Generator, size: int, share: float) -> Share:
    return Share(int(chance.binomial(size, share)), size)


def pages(seed: int, number: int, real: int = 0) -> Iterator[list[tuple[bool, float | None]]]:
    """Each of so many pages: for 12 indicators own beside the rest of the county and the rest of the nation, and own through four
    years, each as (is it real, its p-value). Own differs from all others for the first `real` of the indicators."""
    chance = np.random.default_rng(seed)
    for _page in range(number):
        found: list[tuple[bool, float | None]] = []
        for indicator in range(INDICATORS):
            share, size = chance.uniform(0.05, 0.95), int(np.exp(chance.uniform(np.log(5), np.log(400))))
            differs = indicator < real
            own = [draw(chance, size, (share + 0.5) % 1 if differs else share) for _year in range(YEARS)]
            beside = draw(chance, 1500, share), draw(chance, 30_000, share)
            found += [(differs, p_value(own[-1], other)) for other in beside]
            found.append((False, trend_p_value(own)))
        yield found


def called_real(page: list[tuple[bool, float | None]], cutoff: float) -> list[bool]:
    """Of those that are called probably real, whether each of them is."""
    return [real for real, p in page if verdict(p, cutoff) == Verdict.PROBABLY_REAL]


def test_where_nothing_is_real_few_pages_say_that_something_is() -> None:
    """At most 5 % of pages, give or take 2.5 standard errors of so many; each test by itself would do so on two of five or more."""
    made = list(pages(seed=1995, number=1500))
    alone = np.mean([bool(called_real(page, LEVEL)) for page in made])
    together = np.mean([bool(called_real(page, discovery_cutoff(p for _real, p in page))) for page in made])
    assert alone > 0.4
    assert together <= 0.05 + 2.5 * (0.05 * 0.95 / 1500) ** 0.5


def test_of_what_is_called_real_at_most_one_in_twenty_is_chance() -> None:
    made = list(pages(seed=2005, number=400, real=4))
    called = [called_real(page, discovery_cutoff(p for _real, p in page)) for page in made]
    assert np.mean([1 - np.mean(page) if page else 0 for page in called]) <= 0.05
    assert np.mean([sum(page) for page in called]) > 4  # and what is real is found


# --- Funnel ---------------------------------------------------------------------------------------------------


def test_funnel_limits_by_hand() -> None:
    # Half of 100: the standard error is 0.05.
    assert control_limits(0.5, [100])[0] == pytest.approx((100, 0.345488, 0.402002, 0.597998, 0.654512), abs=1e-6)
    # Four times the variance: twice as wide.
    assert control_limits(0.5, [100], 4)[0] == pytest.approx((100, 0.190977, 0.304004, 0.695996, 0.809023), abs=1e-6)
    # A tenth of 10: below nothing there is nothing. Above, the binomial tails are 7.0191 % from 3, 1.2795 % from 4, 0.1635 % from 5 and
    # 0.0147 % from 6: 2.5 % lies between 3 and 4, at 3 + (7.0191 - 2.5) / (7.0191 - 1.2795), and 0.1 % between 5 and 6.
    assert control_limits(0.1, [10])[0] == pytest.approx((10, 0, 0, 0.378736, 0.542670), abs=2e-6)


def test_small_funnels_are_exact_up_to_29_persons() -> None:
    """A twentieth of 29: by chance there are four or more in 5.48 % (within), five or more in 1.36 % (outside). The normal
    approximation has its limit at 12.9 %, and would have put four of 29 (13.8 %) outside."""
    chance = stats.binom(29, 0.05)
    assert (chance.sf(3), chance.sf(4)) == pytest.approx((0.0548, 0.0136), abs=1e-4)
    assert outside(Share(4, 29), 0.05) is None
    assert outside(Share(5, 29), 0.05) == Outside("95", above=True)
    assert outside(Share(4, 30), 0.05) == Outside("95", above=True)  # 13.3 %; from 30 on the limit is 12.8 %


def test_over_dispersion_by_hand() -> None:
    """Ten of 100 persons each around a half, standard error 5 points: z-scores -5, -3, -3, -1, -1, 1, 1, 3, 3, 9. The outermost one at each
    end is pulled in to its neighbour (-3 and 3): the mean square is (6 × 9 + 4 × 1) / 10."""
    shares = [Share(50 + 5 * z, 100) for z in (9, -3, 1, -1, 3, -5, 1, 3, -1, -3)]
    assert over_dispersion(shares, 0.5) == pytest.approx(5.8)
    assert over_dispersion([*shares, Share(9, 9)], 0.5) == pytest.approx(5.8)  # too few to say anything
    # The one that stood out by 9 did not widen the limits to hold itself: 9 > 1.96 √5.8 = 4.72.
    assert outside(Share(95, 100), 0.5, 5.8) == Outside("99.8", above=True)
    assert outside(Share(65, 100), 0.5, 5.8) is None
    assert outside(Share(65, 100), 0.5) == Outside("95", above=True)


@given(st.lists(shares(smallest=FEWEST), min_size=1, max_size=60), st.floats(0.05, 0.95))
def test_over_dispersion_is_the_mean_square_of_scipys_winsorised_scores(found: list[Share], centre: float) -> None:
    scores = [
        (one.numerator / one.denominator - centre) / (centre * (1 - centre) / one.denominator) ** 0.5 for one in found
    ]
    expected = float(np.mean(np.square(stats.mstats.winsorize(np.array(scores), limits=(0.1, 0.1)))))
    threshold = 1 + 2 * (2 / len(found)) ** 0.5
    if abs(expected - threshold) > 1e-9:
        shown = expected > threshold and len(found) >= 10
        assert over_dispersion(found, centre) == pytest.approx(expected if shown else 1)


def test_over_dispersion_where_there_is_nothing_to_measure() -> None:
    assert over_dispersion([], 0.5) == over_dispersion([Share(9, 9)], 0.5) == 1
    assert over_dispersion([Share(100, 100)] * 20, 1) == over_dispersion([Share(0, 100)] * 20, 0) == 1


def test_a_handful_of_municipalities_widens_no_limits() -> None:
    """Of nine none can be pulled in: the one that stands out would widen the limits until they held it."""
    others = [Share(50, 100)] * 8
    assert over_dispersion([*others, Share(95, 100)], 0.5) == 1
    assert over_dispersion([*others, Share(50, 100), Share(95, 100)], 0.5) == 1  # of ten it is pulled in, to 0


def nation(seed: int, spread: float) -> list[Share]:
    """356 municipalities around 60 %, whose own shares vary with this standard deviation."""
    chance = np.random.default_rng(seed)
    sizes = np.exp(chance.uniform(np.log(10), np.log(2000), 356)).astype(int)
    return [draw(chance, size, float(np.clip(chance.normal(0.6, spread), 0, 1))) for size in map(int, sizes)]


def beyond(found: list[Share], phi: float) -> float:
    return float(np.mean([outside(one, 0.6, phi) is not None for one in found]))


def test_chance_alone_widens_no_limits_and_the_usual_spread_does() -> None:
    alike_ = [nation(seed, 0) for seed in range(40)]
    assert {over_dispersion(found, 0.6) for found in alike_} == {1}
    assert np.mean([beyond(found, 1) for found in alike_]) == pytest.approx(0.05, abs=0.01)
    spread = [nation(seed, 0.08) for seed in range(40)]
    by_chance = np.mean([beyond(found, 1) for found in spread])
    widened = np.mean([beyond(found, over_dispersion(found, 0.6)) for found in spread])
    assert by_chance > 0.3
    assert widened < by_chance / 2


@pytest.mark.parametrize(
    ("share", "place"),
    [
        (Share(50, 100), None),
        (Share(59, 100), None),
        (Share(60, 100), Outside("95", above=True)),
        (Share(66, 100), Outside("99.8", above=True)),
        (Share(40, 100), Outside("95", above=False)),
        (Share(34, 100), Outside("99.8", above=False)),
        (Share(FEWEST - 1, FEWEST - 1), None),
    ],
)
def test_outside(share: Share, place: Outside | None) -> None:
    assert outside(share, 0.5) == place


@given(shares(smallest=FEWEST), st.floats(0.01, 0.99))
def test_outside_is_where_the_own_interval_leaves_the_centre_out(share: Share, centre: float) -> None:
    """Wilson's; below 30 persons that of Clopper and Pearson."""
    interval = wilson(share.numerator, share.denominator)
    if share.denominator < EXACT_BELOW:
        exact = stats.binomtest(share.numerator, share.denominator).proportion_ci(0.95, method="exact")
        interval = Interval(exact.low, exact.high)
    assert interval
    gap = min(abs(interval.low - centre), abs(interval.high - centre))
    if gap > 1e-6:  # on the line itself rounding decides
        assert (outside(share, centre) is None) == (interval.low < centre < interval.high)


@given(st.floats(0.01, 0.99), st.integers(1, 50_000))
def test_funnel_narrows_and_nests(centre: float, largest: int) -> None:
    curve = control_limits(centre, funnel_sizes(largest))
    assert curve[0].denominator == 1 and curve[-1].denominator == largest
    for one in curve:
        assert 0 <= one.low_998 <= one.low_95 <= centre <= one.high_95 <= one.high_998 <= 1
    widths = [one.high_998 - one.low_998 for one in curve]
    assert widths == sorted(widths, reverse=True)


# --- Municipalities like mine ---------------------------------------------------------------------------------

OWN = Profile("4601", "Solhøgda", 31_000, 0.06)
TWIN = Profile("1101", "Tvilling", 30_000, 0.06)
OLD = Profile("1102", "Gammel", 31_000, 0.12)
CITY = Profile("0301", "Byen", 700_000, 0.04)
SILENT = Profile("1103", "Taus", 31_000)


def test_nearest_first_and_never_oneself() -> None:
    found = alike(OWN, [CITY, OLD, TWIN, OWN])
    assert found[0].other == TWIN
    assert sorted(one.other.name for one in found) == ["Byen", "Gammel", "Tvilling"]
    assert [one.distance for one in found] == sorted(one.distance for one in found)


def test_size_and_age_count_the_same() -> None:
    """Between two alone each that differs is two standard deviations of two apart."""
    larger, older = replace(OWN, code="1", population=62_000), replace(OWN, code="2", share_80=0.12)
    assert alike(OWN, [larger])[0].distance == pytest.approx(alike(OWN, [older])[0].distance) == pytest.approx(1)


def test_silence_brings_nobody_near() -> None:
    found = alike(OWN, [SILENT, TWIN, CITY, OLD])
    assert found[0].other == TWIN
    silent = next(one for one in found if one.other == SILENT)
    assert silent.distance > found[0].distance


def test_alone_and_among_equals() -> None:
    assert alike(OWN, [OWN]) == []
    same = replace(OWN, code="9999")
    assert alike(OWN, [same])[0].distance == 0
    assert len(alike(OWN, [replace(OWN, code=str(n)) for n in range(20)], most=8)) == 8


@given(st.lists(st.tuples(st.integers(1, 10**6), st.floats(0, 0.3)), max_size=12))
def test_every_order_of_the_others_gives_the_same(places: list[tuple[int, float]]) -> None:
    others = [Profile(str(i), str(i), population, share) for i, (population, share) in enumerate(places)]
    forth, back = alike(OWN, others, most=5), alike(OWN, others[::-1], most=5)
    assert [one.distance for one in forth] == pytest.approx([one.distance for one in back])
    assert all(one.distance >= 0 for one in forth)
