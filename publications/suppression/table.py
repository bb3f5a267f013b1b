"""What disclosure control works on: the counts of indicators that hang together, in one year."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum

NATION = "0"  # the nation's area code, as Statistics Norway writes it


Name = tuple[str, str]  # of a count in any area: an indicator or population, and numerator, complement or denominator


@dataclass(frozen=True)
class Family:
    """Indicators whose counts are linked.

    `parent` names the one whose numerator is an indicator's denominator. `population` names whom an indicator counts below the
    line, where others count the same persons; `within` names the population that one is a part of. The rest of the wider one is an
    implied count: published where both are.
    """

    codes: tuple[str, ...]
    parent: Mapping[str, str] = field(default_factory=dict)
    population: Mapping[str, str] = field(default_factory=dict)
    within: Mapping[str, str] = field(default_factory=dict)

    def above(self, code: str) -> str | None:
        """The indicator or population whose numerator is the denominator of this one."""
        if code in self.parent:
            return self.parent[code]
        population = self.within.get(code) or self.population.get(code)
        return population if population in self.within else None

    def denominator(self, code: str) -> Name:
        above = self.above(code)
        if above:
            return above, "numerator"
        return self.within.get(code) or self.population.get(code) or code, "denominator"

    @property
    def chains(self) -> list[tuple[str, ...]]:
        """Indicators and populations from the top down, so that in none of these is a count divided in two ways."""
        known = {*self.codes, *self.within}
        above = {code: up for code in known if (up := self.above(code)) in known}
        for code in known:
            list(_ancestors(code, above))
        ends = [code for code in (*self.codes, *self.within) if code not in above.values()]
        return [(*reversed(list(_ancestors(code, above))), code) for code in ends]


def _ancestors(code: str, above: Mapping[str, str]) -> Iterator[str]:
    """From the nearest on. ValueError if one descends from itself."""
    seen = {code}
    while code in above:
        code = above[code]
        if code in seen:
            raise ValueError(f"{code} descends from itself")
        seen.add(code)
        yield code


@dataclass(frozen=True)
class Counts:
    """What a family counted in one year: an entry for each indicator and municipality that reported.

    `county_of` tells the county of every municipality in `counts`; counties and the nation are sums over them.
    `withheld` are not published, whatever their size (an indicator's finest public level); their denominator is, where
    another indicator with the same one is.
    `basis` is what a municipality's counts rest on (its submission). Between two publications, the same basis and the
    same counts are the same cells; a municipality that resubmitted has new ones.
    `keeps_nation`: the nation's counts are those of the publication before, and no sum of the counties as they are here.
    """

    family: Family
    county_of: Mapping[str, str]
    counts: Mapping[tuple[str, str], tuple[int, int]]  # (indicator, municipality) -> numerator, denominator
    withheld: frozenset[tuple[str, str]] = frozenset()
    basis: Mapping[str, int] = field(default_factory=dict)
    keeps_nation: bool = False

    def is_unnamed(self, code: str, area: str) -> bool:
        """Whether every indicator that would tell the denominator of this one is withheld in the area."""
        denominator = self.family.denominator(code)
        same = [each for each in self.family.codes if self.family.denominator(each) == denominator]
        return all((each, area) in self.withheld for each in same)


def with_populations(counts: Counts) -> Counts:
    """With an entry for each population that is within another: how many of the wider one it holds.

    Raises:
        ValueError: two indicators of the same population have different denominators, or one of the two populations is not counted.
    """
    family = counts.family
    persons: dict[tuple[str, str], int] = {}
    for (code, area), (_numerator, denominator) in counts.counts.items():
        population = family.population.get(code)
        if population and persons.setdefault((population, area), denominator) != denominator:
            raise ValueError(f"{code} of {area}: the denominator is not that of others with the same population")
    parts = {}
    for area in sorted({area for _code, area in counts.counts}):
        for part, wider in family.within.items():
            if (part, area) not in persons or (wider, area) not in persons:
                raise ValueError(f"{part} of {area}: it or {wider} is not counted")
            parts[part, area] = persons[part, area], persons[wider, area]
    return replace(counts, counts={**counts.counts, **parts})


class Shown(StrEnum):
    """How much of an indicator in an area leaves: all three counts, the denominator alone, or nothing."""

    ALL = "all"
    DENOMINATOR = "denominator"
    NOTHING = "nothing"


# (indicator, area) -> what is shown; areas are municipalities, counties (two digits) and NATION.
Decision = Mapping[tuple[str, str], Shown]


@dataclass(frozen=True)
class Released:
    """An earlier publication of the same family and year, as it left; it cannot be called back."""

    counts: Counts
    decision: Decision


@dataclass(frozen=True)
class Rules:
    """The limits of what may leave (settings, with their source beside them).

    `least_denominator`: a share needs at least so many persons below the line. `least_count`: a count is 0 or at least
    this. `least_width`: no hidden cell may be narrowed to an interval of fewer than this between its ends.
    """

    least_denominator: int = 10
    least_count: int = 5
    least_width: int = 5
