"""All indicators, by theme. A tuple that can be read, rather than a registration that can be forgotten."""

from indicators.definitions import institution, nutrition, plan, waiting
from indicators.indicator import Indicator

INDICATORS: tuple[Indicator, ...] = (
    *nutrition.INDICATORS,
    *institution.INDICATORS,
    *plan.INDICATORS,
    *waiting.INDICATORS,
)
BY_CODE: dict[str, Indicator] = {indicator.code: indicator for indicator in INDICATORS}


def families() -> tuple[tuple[Indicator, ...], ...]:
    """The indicators in groups that share a population: a chain, or one alone."""
    groups: dict[Indicator, tuple[Indicator, ...]] = {}
    for indicator in INDICATORS:
        groups[indicator.root] = (*groups.get(indicator.root, ()), indicator)
    return tuple(groups.values())
