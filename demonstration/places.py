"""The municipalities of a data year: how many persons each reports, with which record system, from which units."""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass

from demonstration.numbers import BIRTHS, chances, organisation_numbers, stable
from municipalities import reference_data
from municipalities.reference_data import AGE_GROUPS

PERSONS_IN_NATION = 360_000  # a year, at scale 1
FEWEST_PERSONS = 9
PERSONS_OF_A_UNIT, MOST_UNITS = 120, 90
# How many come on the books, per inhabitant of the age group on coming; `places` brings them to the nation's total. People grow
# old while they are there, so that these are fewer among the oldest than those who have services.
USE_BY_AGE = (0.013, 0.031, 0.050, 0.140, 0.44, 0.56)
LATEST_POPULATION = 2022
HARAM, HARAM_SHARE = "1580", 7  # every seventh person of the old Ålesund
# Invented vendors: (leverandor, navnEPJ, versjonEPJ, versjonUt).
SYSTEMS = (
    ("Nordlys Omsorgssystemer", "Lysjournal", "8.4.1", "3.7.1"),
    ("Nordlys Omsorgssystemer", "Lysjournal", "8.3.0", "3.7.1"),
    ("Fjelldata", "Pleieplan", "5.2", "3.7.1-b"),
    ("Fjelldata", "Pleieplan", "5.3", "3.7.1-c"),
    ("Solvik Helse-IT", "Heimvakt", "2023.2", "3.7"),
    ("Tindevegg Informatikk", "Omsorgsboka", "12.0", "3.7.1"),
)
SYSTEM_WEIGHTS = (34, 16, 6, 18, 16, 10)
# The one extract that maps organisation numbers wrongly: the same fault in all municipalities that use it.
FAULTY_EXTRACT = SYSTEMS[2]


@dataclass(frozen=True, slots=True)
class Place:
    """One municipality in one data year. `key` follows its lineage, so that its people outlive a renumbering.

    `births` are the lineage's own birthdays and individual numbers, so that no two municipalities give out the same identity number.
    """

    code: str
    name: str
    organisation_number: str
    lineage: str
    key: int
    order: int
    persons: float
    age_weights: tuple[float, ...]
    system: tuple[str, str, str, str]
    units: tuple[str, ...]
    disorder: float
    quality: float
    births: range
    districts: tuple[str, ...] = ()

    def holds(self, person: int) -> bool:
        """Whether a person of the lineage belongs here: all, except where Ålesund was divided."""
        if self.code == HARAM:
            return person % HARAM_SHARE == 0
        return self.code != "1508" or person % HARAM_SHARE != 0


def places(year: int, seed: int, scale: float, count: int | None = None) -> list[Place]:
    """The municipalities of the year, the first `count` of a fixed, varied order when given.

    The order begins with the largest, then alternates through the rest, so that a few municipalities are already a mixture.
    """
    rows, lineages = reference_data.structure(year), reference_data.lineages()
    people = _people_by_age()
    unit = PERSONS_IN_NATION / sum(sum(_users(ages)) for ages in people.values())
    districts, births = _districts(), _births(people)
    found = []
    for row in rows:
        lineage = lineages[row["kommunenummer"]]
        users = [n * unit * scale for n in _users(people[lineage])]
        found.append(_place(row, lineage, users, seed, districts, births[lineage]))
    found.sort(key=lambda place: (-place.persons, place.code))
    return _varied(found)[:count]


def _people_by_age() -> dict[str, list[int]]:
    return {
        row["kommunenummer"]: [int(row[group]) for group in AGE_GROUPS]
        for row in reference_data.rows("folketall_kommune_aldersgruppe_2020_2022")
        if int(row["aar_1jan"]) == LATEST_POPULATION
    }


def _districts() -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for row in reference_data.rows("bydeler"):
        if row["type"] == "bydel":
            found[row["kommunenummer"]] = (*found.get(row["kommunenummer"], ()), row["bydelsnummer"])
    return found


def _users(ages: list[int]) -> list[float]:
    return [people * use for people, use in zip(ages, USE_BY_AGE, strict=True)]


def _births(people: dict[str, list[int]]) -> dict[str, range]:
    """The positions of each lineage, as many as its share of the nation's users."""
    users = {lineage: sum(_users(ages)) for lineage, ages in sorted(people.items())}
    bounds = itertools.accumulate(users.values(), initial=0.0)
    edges = [round(bound / sum(users.values()) * BIRTHS) for bound in bounds]
    return {lineage: range(*edges[n : n + 2]) for n, lineage in enumerate(users)}


def _place(
    row: dict[str, str],
    lineage: str,
    users: list[float],
    seed: int,
    districts: dict[str, tuple[str, ...]],
    births: range,
) -> Place:
    key, total = stable(seed, lineage), sum(users)
    rng = chances(key)
    persons = max(FEWEST_PERSONS, total)
    return Place(
        code=row["kommunenummer"],
        name=row["navn"],
        organisation_number=row["orgnr"],
        lineage=lineage,
        key=key,
        order=0,
        persons=persons,
        age_weights=tuple(users),
        system=rng.choices(SYSTEMS, SYSTEM_WEIGHTS)[0],
        units=tuple(organisation_numbers(key, max(3, min(MOST_UNITS, int(persons / PERSONS_OF_A_UNIT))))),
        disorder=math.exp(rng.gauss(0, 0.5) - 0.125),
        quality=rng.gauss(0, 0.10),
        births=births,
        districts=districts.get(row["kommunenummer"], ()),
    )


def _varied(by_size: list[Place]) -> list[Place]:
    """Largest, smallest, middle, then every step between: a fixed order whose beginnings are varied."""
    head, rest = by_size[:3], by_size[3:]
    steps = [rest[start::17] for start in (16, 8, 0, 12, 4, 14, 6, 10, 2, 15, 7, 11, 3, 13, 5, 9, 1)]
    return head + [place for step in steps for place in step]
