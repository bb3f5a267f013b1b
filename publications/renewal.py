"""Whose figures are renewed in a release: so many together that nobody's new submission can be told from a sum."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from django.conf import settings


@dataclass(frozen=True)
class Renewal:
    """The counties whose figures, with those of all their municipalities, are made anew, and those that then are newer than the nation:
    where there are none, the nation is their sum; else it stays as it was."""

    counties: frozenset[str]
    since_nation: frozenset[str]


@dataclass(frozen=True)
class Least:
    """A county is renewed when so many of its municipalities have something new, or all of them where they are fewer; the nation when
    so many counties were renewed since it was, or all."""

    municipalities: int
    counties: int


def least_renewed() -> Least:
    """As the settings have it."""
    return Least(settings.KPR_LEAST_MUNICIPALITIES_RENEWED, settings.KPR_LEAST_COUNTIES_RENEWED)


def renewal(
    county_of: Mapping[str, str],
    released: Mapping[str, int] | None,
    current: Mapping[str, int],
    least: Least,
    *,
    since_nation: Collection[str] = (),
) -> Renewal:
    """What is renewed (indicators.md, "Releases by calendar").

    `county_of` names all municipalities of the year. `released` tells which submission each municipality's figures rest on in the
    newest release, None where there was none; `current` which they rest on today. `since_nation` are counties that were renewed
    after the nation was.
    """
    new = new_areas(released or {}, current)
    of_county: dict[str, list[bool]] = defaultdict(list)
    for municipality, county in county_of.items():
        of_county[county].append(municipality in new)
    counties = frozenset(
        county for county, new in of_county.items() if sum(new) >= max(1, min(least.municipalities, len(new)))
    )
    newer = counties | set(since_nation)
    is_summed = released is None or len(newer) >= min(least.counties, len(of_county))
    return Renewal(counties, frozenset() if is_summed else newer)


def new_areas(before: Mapping[str, object], now: Mapping[str, object]) -> set[str]:
    """Those of which there is something else than before, something for the first time, or nothing any more."""
    return {area for area in {*before, *now} if before.get(area) != now.get(area)}
