"""All indicators, by theme. A tuple that can be read, rather than a registration that can be forgotten."""

from collections.abc import Sequence
from typing import NamedTuple

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy

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


def linked() -> tuple[tuple[Indicator, ...], ...]:
    """The indicators in groups that are protected together: those that count the same persons below the line or a part of them."""
    groups: dict[str, tuple[Indicator, ...]] = {}
    for indicator in INDICATORS:
        key = _widest(indicator.root)
        groups[key] = (*groups.get(key, ()), indicator)
    return tuple(groups.values())


class Links(NamedTuple):
    """What ties indicators, by code: `parent`, whose numerator is this one's denominator; `population`, whom one counts below the line;
    `within`, of which population that one is a part."""

    parent: dict[str, str]
    population: dict[str, str]
    within: dict[str, str]


def links(group: Sequence[Indicator] = INDICATORS) -> Links:
    populations = {each.code: each.population for each in group if each.population}
    return Links(
        {each.code: each.of.code for each in group if each.of},
        {code: population.code for code, population in populations.items()},
        {each.code: each.within.code for each in populations.values() if each.within},
    )


def _widest(root: Indicator) -> str:
    population = root.population
    while population and population.within:
        population = population.within
    return population.code if population else root.code


# As a leader thinks of the services.
THEMES: tuple[tuple[Promise, tuple[str, ...]], ...] = (
    (
        gettext_lazy("På sykehjem"),
        (
            "nutrition-assessed-institution",
            "nutrition-at-risk-institution",
            "nutrition-plan-institution",
            "medication-review-institution",
            "seen-by-doctor-institution",
            "seen-by-dentist-institution",
        ),
    ),
    (
        gettext_lazy("Hjemme"),
        ("nutrition-assessed-home", "nutrition-at-risk-home", "nutrition-plan-home"),
    ),
    (
        gettext_lazy("Rehabilitering"),
        ("individual-plan-rehab-home", "individual-plan-rehab-institution"),
    ),
    (gettext_lazy("Ventetid"), ("waiting-time-nursing-home",)),
)
