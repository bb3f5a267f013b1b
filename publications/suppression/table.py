"""What disclosure control works on: the counts of indicators that hang together, in one year."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

NATION = "0"  # the nation's area code, as Statistics Norway writes it


@dataclass(frozen=True)
class Family:
    """Indicators whose counts are tied: `parent` names the one whose numerator is an indicator's denominator."""

    codes: tuple[str, ...]
    parent: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Counts:
    """What a family counted in one year: an entry for each indicator and municipality that reported.

    `county_of` tells the county of every municipality in `counts`; counties and the nation are sums over them.
    `withheld` are not published, whatever their size (an indicator's finest public level).
    `basis` is what a municipality's counts rest on (its submission). Between two publications, the same basis and the
    same counts are the same cells; a municipality that resubmitted has new ones.
    """

    family: Family
    county_of: Mapping[str, str]
    counts: Mapping[tuple[str, str], tuple[int, int]]  # (indicator, municipality) -> numerator, denominator
    withheld: frozenset[tuple[str, str]] = frozenset()
    basis: Mapping[str, int] = field(default_factory=dict)


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
