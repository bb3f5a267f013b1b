"""Is a difference real, who is outside the funnel, who is like us: arithmetic on counts, without a database.

Sources
- Wilson EB. Probable inference, the law of succession, and statistical inference. J Am Stat Assoc 1927;22:209-212.
- Newcombe RG. Two-sided confidence intervals for the single proportion. Stat Med 1998;17:857-872.
- Newcombe RG. Interval estimation for the difference between independent proportions. Stat Med 1998;17:873-890
  (method 10, the hybrid score interval).
- Spiegelhalter DJ. Funnel plots for comparing institutional performance. Stat Med 2005;24:1185-1202.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import log, sqrt
from statistics import NormalDist, fmean, pstdev
from typing import Literal, NamedTuple

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _

Z_95 = 1.959964
Z_998 = 3.090232
# Below this many persons on either side nothing is said of a difference, and nobody is called an outlier.
FEWEST = 10


class Interval(NamedTuple):
    """Two shares, 0..1."""

    low: float
    high: float


@dataclass(frozen=True)
class Share:
    """So many of so many persons."""

    numerator: int
    denominator: int

    def __post_init__(self) -> None:
        if not 0 <= self.numerator <= self.denominator:
            raise ValueError(f"{self.numerator} of {self.denominator} is no share")

    @property
    def value(self) -> float | None:
        return self.numerator / self.denominator if self.denominator else None

    def without(self, part: Share) -> Share:
        """The others, when `part` is contained in this one."""
        return Share(self.numerator - part.numerator, self.denominator - part.denominator)


class Verdict(TextChoices):
    """What may be said of a difference. Every statement of difference is one of these."""

    PROBABLY_REAL = "probably_real", _("trolig reell")
    MAY_BE_CHANCE = "may_be_chance", _("kan være tilfeldig")
    TOO_FEW = "too_few", _("for få til å si")


def wilson(numerator: int, denominator: int, z: float = Z_95) -> Interval | None:
    """95 % score interval of a share (Wilson 1927). None when there is nobody below the line."""
    if not denominator:
        return None
    share = Share(numerator, denominator).numerator / denominator
    middle = share + z * z / (2 * denominator)
    reach = z * sqrt(share * (1 - share) / denominator + (z / (2 * denominator)) ** 2)
    scale = 1 + z * z / denominator
    # At none and at all the bound is exactly 0 and 1; rounding must not move it.
    low = 0.0 if numerator == 0 else (middle - reach) / scale
    high = 1.0 if numerator == denominator else (middle + reach) / scale
    return Interval(low, high)


def newcombe(own: Share, other: Share, z: float = Z_95) -> Interval | None:
    """95 % interval of own minus other, -1..1 (Newcombe 1998, method 10), for two groups that share no person."""
    own_bounds, other_bounds = wilson(own.numerator, own.denominator, z), wilson(other.numerator, other.denominator, z)
    if own_bounds is None or other_bounds is None:
        return None
    a, b = own.numerator / own.denominator, other.numerator / other.denominator
    down = sqrt((a - own_bounds.low) ** 2 + (other_bounds.high - b) ** 2)
    up = sqrt((own_bounds.high - a) ** 2 + (b - other_bounds.low) ** 2)
    return Interval(a - b - down, a - b + up)


def difference(own: Share, other: Share, *, contains: bool = False, comparisons: int = 1) -> Verdict:
    """Whether `own` differs from `other`, tested at 5 %: is 0 outside the interval of the difference?

    `contains`: own is a part of other (a municipality in its nation), and is compared with the rest of it.
    `comparisons`: how many such questions are asked at once, e.g. the pairs among which the two that lie farthest
    apart were picked. The 5 % is then for all of them together (Bonferroni).
    """
    other = other.without(own) if contains else other
    if min(own.denominator, other.denominator) < FEWEST:
        return Verdict.TOO_FEW
    interval = newcombe(own, other, _z(comparisons))
    assert interval is not None
    return Verdict.PROBABLY_REAL if interval.low > 0 or interval.high < 0 else Verdict.MAY_BE_CHANCE


def change_over_time(then: Share, now: Share) -> Verdict:
    """Whether now differs from then. Persons who are in both years make this careful: it says "chance" too often."""
    return difference(now, then)


def _z(comparisons: int) -> float:
    return Z_95 if comparisons <= 1 else NormalDist().inv_cdf(1 - 0.025 / comparisons)


def bounds(numerator: int, denominator: int, unanswered: int) -> Interval | None:
    """The indicator if all who lack an answer were "no" (low) and if they were all "yes" (high).

    The unanswered are below the line already and, having no answer, not above it.
    """
    if not 0 <= unanswered <= denominator - numerator:
        raise ValueError(f"{unanswered} unanswered do not fit beside {numerator} of {denominator}")
    return Interval(numerator / denominator, (numerator + unanswered) / denominator) if denominator else None


# --- Funnel ---------------------------------------------------------------------------------------------------

Level = Literal["95", "99.8"]


class Limits(NamedTuple):
    """Control limits at one size: chance alone puts 95 % and 99.8 % of such municipalities between them."""

    denominator: int
    low_998: float
    low_95: float
    high_95: float
    high_998: float


class Outside(NamedTuple):
    level: Level
    above: bool


def control_limits(centre: float, denominators: Iterable[int]) -> list[Limits]:
    """Limits around the centre share (Spiegelhalter 2005), by the score test that Wilson's interval inverts.

    So a municipality lies outside the 95 % limits exactly when its own 95 % interval leaves the centre out, and the
    two pictures never contradict one another.
    """
    return [Limits(n, *_around(centre, n)) for n in denominators]


def _around(centre: float, denominator: int) -> tuple[float, float, float, float]:
    error = sqrt(centre * (1 - centre) / denominator)
    low_998, low_95, high_95, high_998 = (centre + z * error for z in (-Z_998, -Z_95, Z_95, Z_998))
    return max(0.0, low_998), max(0.0, low_95), min(1.0, high_95), min(1.0, high_998)


def funnel_sizes(largest: int, smallest: int = 1, points: int = 60) -> list[int]:
    """Sizes at which to draw the limits: close together where the funnel bends."""
    smallest = max(1, min(smallest, largest))
    ratio = max(largest, 1) / smallest
    return sorted({round(smallest * ratio ** (step / (points - 1))) for step in range(points)})


def outside(share: Share, centre: float) -> Outside | None:
    """The outermost limit that the share lies beyond. None within them, and for too few to say."""
    if share.denominator < FEWEST:
        return None
    away = share.numerator / share.denominator - centre
    error = sqrt(centre * (1 - centre) / share.denominator)
    if abs(away) <= Z_95 * error:
        return None
    return Outside("99.8" if abs(away) > Z_998 * error else "95", away > 0)


# --- Municipalities like mine ---------------------------------------------------------------------------------


@dataclass(frozen=True)
class Profile:
    """A municipality as far as likeness goes. `share_80`: of the inhabitants, 80 years or more, 0..1; None if not known."""

    code: str
    name: str
    population: int
    share_80: float | None = None


@dataclass(frozen=True)
class Likeness:
    """How near another municipality is: 0 is the same, 1 is expected of two drawn at random."""

    own: Profile
    other: Profile
    distance: float


# The squared distance to expect between two municipalities drawn at random, in standard deviations: 1 + 1.
RANDOM = 2.0


def alike(own: Profile, others: Sequence[Profile], most: int = 8) -> list[Likeness]:
    """The nearest by number of inhabitants (logarithm) and share aged 80 or more.

    Both count the same, in standard deviations over all municipalities. What is not known of one counts as between two
    drawn at random, so that nobody gets near by keeping silent.
    """
    candidates = [other for other in others if other.code != own.code]
    spread = _spread([own, *candidates])
    ranked = sorted((_distance(own, other, spread), other.code, other) for other in candidates)
    return [Likeness(own, other, distance) for distance, _code, other in ranked[:most]]


def _features(profile: Profile) -> dict[str, float]:
    known = {"population": log(max(profile.population, 1))}
    if profile.share_80 is not None:
        known["share_80"] = profile.share_80
    return known


def _spread(profiles: Sequence[Profile]) -> dict[str, float]:
    """The standard deviation of each feature over those who have it."""
    columns: dict[str, list[float]] = {}
    for profile in profiles:
        for name, value in _features(profile).items():
            columns.setdefault(name, []).append(value)
    return {name: pstdev(values) for name, values in columns.items()}


def _distance(own: Profile, other: Profile, spread: Mapping[str, float]) -> float:
    mine, theirs = _features(own), _features(other)
    apart = {
        name: ((mine[name] - theirs[name]) / spread[name]) ** 2 if spread[name] else 0.0
        for name in mine.keys() & theirs.keys()
    }
    return sqrt(fmean((apart["population"], apart.get("share_80", RANDOM))) / RANDOM)
