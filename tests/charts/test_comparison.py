"""Comparison against figures printed in the literature, and what must hold for any counts."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from charts.comparison import (
    FEWEST,
    Interval,
    Outside,
    Profile,
    Share,
    Verdict,
    alike,
    bounds,
    change_over_time,
    control_limits,
    difference,
    funnel_sizes,
    newcombe,
    outside,
    wilson,
)

# Newcombe, Stat Med 1998;17:857-872, table I, method 3 (Wilson).
WILSON = [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)]

# Newcombe, Stat Med 1998;17:873-890, table II, method 10.
NEWCOMBE = [
    (Share(56, 70), Share(48, 80), 0.0524, 0.3339),
    (Share(9, 10), Share(3, 10), 0.1705, 0.8090),
    (Share(6, 7), Share(2, 7), 0.0582, 0.8062),
    (Share(5, 56), Share(0, 29), -0.0381, 0.1926),
    (Share(0, 10), Share(0, 20), -0.1611, 0.2775),
    (Share(0, 10), Share(0, 10), -0.2775, 0.2775),
    (Share(10, 10), Share(0, 20), 0.6791, 1.0),
    (Share(10, 10), Share(0, 10), 0.6075, 1.0),
]


@st.composite
def shares(draw: st.DrawFn, smallest: int = 1, largest: int = 40_000) -> Share:
    denominator = draw(st.integers(smallest, largest))
    return Share(draw(st.integers(0, denominator)), denominator)


@pytest.mark.parametrize(("numerator", "denominator", "low", "high"), WILSON)
def test_wilson_as_printed(numerator: int, denominator: int, low: float, high: float) -> None:
    assert wilson(numerator, denominator) == pytest.approx((low, high), abs=0.00005)


@pytest.mark.parametrize(("own", "other", "low", "high"), NEWCOMBE)
def test_difference_as_printed(own: Share, other: Share, low: float, high: float) -> None:
    assert newcombe(own, other) == pytest.approx((low, high), abs=0.00005)


def test_nobody_below_the_line() -> None:
    assert wilson(0, 0) is None
    assert newcombe(Share(0, 0), Share(1, 2)) is None
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
    there, back = newcombe(own, other), newcombe(other, own)
    assert there and back
    assert there == pytest.approx((-back.high, -back.low))
    assert -1 - 1e-9 <= there.low <= there.high <= 1 + 1e-9
    assert difference(own, other) == difference(other, own)


@given(shares(), shares())
def test_asking_more_questions_never_makes_a_difference_more_real(own: Share, other: Share) -> None:
    if difference(own, other) == Verdict.MAY_BE_CHANCE:
        assert difference(own, other, comparisons=10) == Verdict.MAY_BE_CHANCE


@pytest.mark.parametrize(
    ("own", "other", "verdict"),
    [
        (Share(56, 70), Share(48, 80), Verdict.PROBABLY_REAL),
        (Share(5, 56), Share(0, 29), Verdict.MAY_BE_CHANCE),
        (Share(9, 9), Share(0, 900), Verdict.TOO_FEW),
        (Share(0, 900), Share(9, 9), Verdict.TOO_FEW),
        (Share(57, 100), Share(57, 100), Verdict.MAY_BE_CHANCE),
    ],
)
def test_verdict(own: Share, other: Share, verdict: Verdict) -> None:
    assert difference(own, other) == verdict
    assert change_over_time(other, own) == verdict


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


# --- Funnel ---------------------------------------------------------------------------------------------------


def test_funnel_limits_by_hand() -> None:
    # Half of 100: the standard error is 0.05.
    assert control_limits(0.5, [100])[0] == pytest.approx((100, 0.345488, 0.402002, 0.597998, 0.654512), abs=1e-6)
    # A tenth of 10: below nothing there is nothing.
    assert control_limits(0.1, [10])[0] == pytest.approx((10, 0, 0, 0.285938, 0.393165), abs=1e-6)


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
    interval = wilson(share.numerator, share.denominator)
    assert interval
    gap = min(abs(interval.low - centre), abs(interval.high - centre))
    if gap > 1e-9:  # on the line itself rounding decides
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
