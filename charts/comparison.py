"""Is a difference real, who is outside the funnel, who is like us: arithmetic on counts, without a database.

Sources
- Wilson EB. Probable inference, the law of succession, and statistical inference. J Am Stat Assoc 1927;22:209-212.
- Newcombe RG. Two-sided confidence intervals for the single proportion. Stat Med 1998;17:857-872.
- Fisher RA. On the interpretation of chi-squared from contingency tables, and the calculation of P. J R Stat Soc 1922;85:87-94.
- Cochran WG. Some methods for strengthening the common chi-squared tests. Biometrics 1954;10:417-451 (the trend; when counts
  are too small for a normal approximation).
- Armitage P. Tests for linear trends in proportions and frequencies. Biometrics 1955;11:375-386.
- Benjamini Y, Hochberg Y. Controlling the false discovery rate. J R Stat Soc B 1995;57:289-300.
- Spiegelhalter DJ. Funnel plots for comparing institutional performance. Stat Med 2005;24:1185-1202.
- Spiegelhalter DJ. Handling over-dispersion of performance indicators. Qual Saf Health Care 2005;14:347-351.

SciPy has most of this (scipy.stats), and the tests compare with it; pages do not load it, for it would cost each web process
about 90 MB and more than a second.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import comb, exp, lgamma, log, sqrt
from statistics import NormalDist, fmean, pstdev
from typing import Literal, NamedTuple

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _

Z_95 = 1.959964
Z_998 = 3.090232
# Below this many persons on either side nothing is said of a difference, and nobody is called an outlier.
FEWEST = 10
# Below this many persons limits and tests are exact: the normal approximation finds outliers that are none.
EXACT_BELOW = 30
# Fewer than this expected of any kind, and a test is exact too (Cochran 1954).
LEAST_EXPECTED = 5
# How often chance alone may be called probably real: of a single comparison, or of all that are called so on a page.
LEVEL = 0.05


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


# --- Is it real? ------------------------------------------------------------------------------------------------


def p_value(own: Share, other: Share) -> float | None:
    """How often chance alone gives so large a difference, either way, between groups that share no person; None where one of
    them is too few. The score test (chi-squared without correction), or Fisher's exact test where counts are small."""
    if min(own.denominator, other.denominator) < FEWEST:
        return None
    return _fisher(own, other) if _are_small((own, other)) else _cochran_armitage(((0, other), (1, own)))


def difference(
    own: Share, other: Share, *, contains: bool = False, comparisons: int = 1, level: float = LEVEL
) -> Verdict:
    """Whether `own` differs from `other`, tested at `level`.

    `contains`: own is a part of other (a municipality in its nation), and is compared with the rest of it.
    `comparisons`: how many such questions are asked at once, e.g. the pairs among which the two that lie farthest
    apart were picked. The level is then for all of them together (Bonferroni).
    """
    return verdict(p_value(own, other.without(own) if contains else other), level / comparisons)


def verdict(p: float | None, cutoff: float = LEVEL) -> Verdict:
    if p is None:
        return Verdict.TOO_FEW
    return Verdict.PROBABLY_REAL if p <= cutoff else Verdict.MAY_BE_CHANCE


def discovery_cutoff(p_values: Iterable[float | None]) -> float:
    """The p-value up to which a difference is probably real, when all of these are asked about at once: of those that are
    called so, at most 5 % on average are chance (Benjamini and Hochberg 1995). None is no question: too few to ask.

    One question more may be held to it without being asked with the others: where none of them is real, it is what the first of
    one more would have to be below, and else it is lower than it would be with that one among them.
    """
    ordered = sorted(p for p in p_values if p is not None)
    steps = [LEVEL * rank / len(ordered) for rank in range(1, len(ordered) + 1)]
    return max((step for p, step in zip(ordered, steps, strict=True) if p <= step), default=LEVEL / (len(ordered) + 1))


def trend_p_value(shares: Sequence[Share | None]) -> float | None:
    """How often chance alone gives so steady a rise or fall through periods, one after the other; None where the first or the
    last of those that are known is too few, and 1 where the trend goes the other way than from the first to the last.

    Cochran-Armitage; where counts are small the first and the last are held against each other, exactly. Persons who are in
    several periods make this careful: it says "chance" too often.
    """
    known = [(period, share) for period, share in enumerate(shares) if share and share.denominator]
    if len(known) < 2:
        return None
    first, last = known[0][1], known[-1][1]
    ends = p_value(last, first)
    if ends is None or _are_small([share for _period, share in known]):
        return ends
    same_way = _rise(known) * _rise((known[0], known[-1])) > 0
    return _cochran_armitage(known) if same_way else 1.0


def _are_small(groups: Sequence[Share]) -> bool:
    sizes = [group.denominator for group in groups]
    above = sum(group.numerator for group in groups)
    fewest_expected = min(sizes) * min(above, sum(sizes) - above) / sum(sizes)
    return min(sizes) < EXACT_BELOW or fewest_expected < LEAST_EXPECTED


def _rise(groups: Sequence[tuple[int, Share]]) -> float:
    """Above the line in each period less what is expected where all are alike, weighed by the period: the sign is the trend's."""
    size = sum(share.denominator for _period, share in groups)
    middle = sum(share.numerator for _period, share in groups) / size
    return sum(period * (share.numerator - middle * share.denominator) for period, share in groups)


def _cochran_armitage(groups: Sequence[tuple[int, Share]]) -> float:
    """Two-sided, by the normal approximation; of two groups it is the score test of their difference."""
    size = sum(share.denominator for _period, share in groups)
    middle = sum(share.numerator for _period, share in groups) / size
    first, second = (sum(share.denominator * period**power for period, share in groups) for power in (1, 2))
    variance = middle * (1 - middle) * (second - first * first / size)
    return 2 * NormalDist().cdf(-abs(_rise(groups)) / sqrt(variance)) if variance else 1.0


def _fisher(own: Share, other: Share) -> float:
    """Twice the smaller tail of the hypergeometric distribution."""
    above, size = own.numerator + other.numerator, own.denominator + other.denominator
    least, most = max(0, own.denominator - (size - above)), min(own.denominator, above)

    def chance(count: int) -> float:
        ways = _log_comb(above, count) + _log_comb(size - above, own.denominator - count)
        return exp(ways - _log_comb(size, own.denominator))

    low = sum(chance(count) for count in range(least, own.numerator + 1))
    high = sum(chance(count) for count in range(own.numerator, most + 1))
    return min(1.0, 2 * min(low, high))


def _log_comb(of: int, chosen: int) -> float:
    return lgamma(of + 1) - lgamma(chosen + 1) - lgamma(of - chosen + 1)


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
    """Control limits at one size: 95 % and 99.8 % of such municipalities lie between them, by chance alone or, where the limits
    are widened, by the usual spread between municipalities too."""

    denominator: int
    low_998: float
    low_95: float
    high_95: float
    high_998: float


class Outside(NamedTuple):
    level: Level
    above: bool


# Of the z-scores at either end, how many are pulled in to the next before their spread is measured. Of fewer than ten it would be
# none, and one that stands out would widen the limits for itself.
WINSORISED = 0.1


def over_dispersion(shares: Iterable[Share], centre: float) -> float:
    """φ: how many times larger the variance between municipalities is than chance gives; 1 where that is not shown.

    The mean square of the z-scores around the centre, after the outer 10 % at each end have been pulled in (Winsorised), so
    that those who truly stand out do not widen the limits for themselves (Spiegelhalter 2005). Of I municipalities I φ would by
    chance alone be about chi-squared with I degrees of freedom, and rather less for what is pulled in. So φ counts only above
    1 + 2√(2/I): the mean of that and two standard deviations.
    """
    error = sqrt(centre * (1 - centre))
    counted = [share for share in shares if share.denominator >= FEWEST]
    cut = int(len(counted) * WINSORISED)
    if not cut or not error:
        return 1.0
    scores = sorted((one.numerator / one.denominator - centre) * sqrt(one.denominator) / error for one in counted)
    low, high = scores[cut], scores[-1 - cut]
    phi = fmean(min(max(score, low), high) ** 2 for score in scores)
    return phi if phi > 1 + 2 * sqrt(2 / len(scores)) else 1.0


def control_limits(centre: float, denominators: Iterable[int], phi: float = 1.0) -> list[Limits]:
    """Limits around the centre share (Spiegelhalter 2005), √`phi` times as wide as chance alone gives.

    From 30 persons they are those of the score test that Wilson's interval inverts, so that without over-dispersion a
    municipality lies outside the 95 % limits exactly when its own 95 % interval leaves the centre out. Below 30 they are those of
    the binomial distribution, which the (wider) exact interval of Clopper and Pearson inverts.
    """
    return [Limits(n, *_around(centre, n, phi)) for n in denominators]


def _around(centre: float, denominator: int, phi: float) -> tuple[float, float, float, float]:
    low_95, high_95 = _limits(centre, denominator, Z_95 * sqrt(phi))
    low_998, high_998 = _limits(centre, denominator, Z_998 * sqrt(phi))
    return low_998, low_95, high_95, high_998


def _limits(centre: float, denominator: int, z: float) -> Interval:
    if denominator < EXACT_BELOW:
        tail = NormalDist().cdf(-z)
        return Interval(_binomial(centre, denominator, tail), 1 - _binomial(1 - centre, denominator, tail))
    reach = z * sqrt(centre * (1 - centre) / denominator)
    return Interval(max(0.0, centre - reach), min(1.0, centre + reach))


def _binomial(centre: float, denominator: int, tail: float) -> float:
    """The share below which so small a tail lies, interpolated between counts as Spiegelhalter does: a share lies below it exactly
    when the chance of its own count or fewer is smaller than `tail`."""
    below = 0.0
    for count in range(denominator + 1):
        here = comb(denominator, count) * centre**count * (1 - centre) ** (denominator - count)
        if below + here > tail:
            return max(0.0, (count - (below + here - tail) / here) / denominator)
        below += here
    return 1.0


def funnel_sizes(largest: int, smallest: int = 1, points: int = 60) -> list[int]:
    """Sizes at which to draw the limits: close together where the funnel bends."""
    smallest = max(1, min(smallest, largest))
    ratio = max(largest, 1) / smallest
    return sorted({round(smallest * ratio ** (step / (points - 1))) for step in range(points)})


def outside(share: Share, centre: float, phi: float = 1.0) -> Outside | None:
    """The outermost limit that the share lies beyond. None within them, and for too few to say."""
    if share.denominator < FEWEST:
        return None
    limits, value = (
        Limits(share.denominator, *_around(centre, share.denominator, phi)),
        share.numerator / share.denominator,
    )
    if limits.low_95 <= value <= limits.high_95:
        return None
    return Outside("95" if limits.low_998 <= value <= limits.high_998 else "99.8", value > centre)


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
