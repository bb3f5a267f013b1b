"""Persons whom several municipalities report: those who moved, those who are served in two places at once, and test users."""

from __future__ import annotations

import datetime
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from random import Random

from demonstration.numbers import TRAVELLERS, chances, identity_number, own_identity, stable
from demonstration.people import Person, district, sex
from demonstration.places import Place

MOVED_IN_NATION = 1800  # persons a year, at scale 1, who have services in a municipality and then in another
MOST_PLACES = 5  # from six on it is a test user
FIRST_NUMBERS = (5, 4, 3)  # of the first persons of a year: each number of municipalities is there at any scale
AT_ONCE = 0.12  # share of those with two municipalities who are served by both all the time
TEST_USERS_IN_NATION = 9  # persons in six or more municipalities, 2021
TEST_USER_MUNICIPALITIES = 8
MOST_OF_A_TEST_USER = 114  # municipalities that one test user was reported by
FEWEST_FOR_TEST_USERS = 6
DONALD_DUCK = ("090634", 1934, 2 * (TRAVELLERS.start // 365) + 1)
LEAP_DAY = ("290236", 1936, 101)
NUMBERS_OF_A_YEAR = 1 << 20


@dataclass(frozen=True)
class Shared:
    """The persons of several municipalities in one data year. `everywhere` are all municipalities, `chosen` those written."""

    year: int
    seed: int
    scale: float
    everywhere: Sequence[Place]
    chosen: Sequence[Place]

    @cached_property
    def test_users(self) -> dict[str, list[int]]:
        """Which test users each municipality has. The municipalities are the same every year, by lineage."""
        found: dict[str, list[int]] = {}
        codes = {place.lineage: place.code for place in self.chosen}
        if len(codes) < FEWEST_FOR_TEST_USERS:
            return found
        for number in range(max(1, round(TEST_USERS_IN_NATION * self.scale))):
            rng = chances(stable(self.seed, "test user", number))
            most = TEST_USER_MUNICIPALITIES if number else round(MOST_OF_A_TEST_USER * self.scale)
            size = min(max(TEST_USER_MUNICIPALITIES, most), len(codes))
            for lineage in rng.sample(sorted(codes), size):
                found.setdefault(codes[lineage], []).append(number)
        return found

    @cached_property
    def moved(self) -> dict[str, list[Person]]:
        """The persons whom each lineage shares with others, about this year: they are in the first place from the year before, and in
        the last until the year after."""
        found: dict[str, list[Person]] = {}
        taken = {test_user(0, 0, 0).fid}
        for year in (self.year - 1, self.year, self.year + 1):
            for number in range(max(len(FIRST_NUMBERS) + 1, round(MOVED_IN_NATION * self.scale))):
                for lineage, person in self._itinerary(year, number, taken):
                    if person.leaves >= self._day(self.year) and person.enters < self._day(self.year + 1):
                        found.setdefault(lineage, []).append(person)
        return found

    def count(self) -> dict[str, int]:
        """How many persons are in the messages of so many municipalities, from two on; test users included."""
        by_person: Counter[str] = Counter()
        for place in self.chosen:
            by_person.update(person.fid for person in self.moved_of(place))
            by_person.update(f"test-{number}" for number in self.test_users.get(place.code, ()))
        sizes = Counter(number for number in by_person.values() if number > 1)
        return {str(size): sizes[size] for size in sorted(sizes)}

    def moved_of(self, place: Place) -> Iterator[Person]:
        for person in self.moved.get(place.lineage, ()):
            if place.holds(person.number):
                yield replace(person, district=district(place, person.traits[0]))

    @cached_property
    def _lineages(self) -> tuple[list[str], list[float]]:
        sizes: Counter[str] = Counter()
        for place in self.everywhere:
            sizes[place.lineage] = max(sizes[place.lineage], round(place.persons))
        lineages = sorted(sizes)
        return lineages, [float(sizes[lineage]) for lineage in lineages]

    def _day(self, year: int) -> int:
        return datetime.date(year, 1, 1).toordinal()

    def _itinerary(self, year: int, number: int, taken: set[str]) -> Iterator[tuple[str, Person]]:
        """The municipalities of a person who moved in the year, in order, with the person as each knows it."""
        rng = chances(stable(self.seed, "moved", year, number))
        size = FIRST_NUMBERS[number] if number < len(FIRST_NUMBERS) else rng.choices((2, 3), (0.93, 0.07))[0]
        stops = self._stops(size, rng)
        person = _person(year * NUMBERS_OF_A_YEAR + number, year, rng, taken)
        first, last = self._day(year - 1) + int(rng.random() * 365), self._day(year + 1) + int(rng.random() * 365)
        days = sorted(self._day(year) + 10 + int(rng.random() * 340) for _ in stops[1:])
        edges = [first, *days, last]
        at_once = size == 2 and rng.random() < AT_ONCE
        for turn, lineage in enumerate(stops):
            enters, leaves = (first, last) if at_once else (edges[turn] + (turn > 0), edges[turn + 1])
            yield lineage, replace(person, user_ref=f"{year}f{number}x{turn}", enters=enters, leaves=leaves)

    def _stops(self, size: int, rng: Random) -> list[str]:
        """Different municipalities, the large ones more often."""
        lineages, sizes = self._lineages
        stops: list[str] = []
        while len(stops) < min(size, len(lineages)):
            (lineage,) = rng.choices(lineages, sizes)
            if lineage not in stops:
                stops.append(lineage)
        return stops


def _person(number: int, year: int, rng: Random, taken: set[str]) -> Person:
    group = rng.choices((1, 2, 3, 4), (3, 2, 3, 2))[0]
    birth_year = year - (0, 19, 51, 68, 81)[group] - int(rng.random() * 8)
    born, individual, fid = own_identity(TRAVELLERS, number, birth_year, rng.random() < 0.5, taken)
    traits = tuple([rng.random() for _ in range(10)])
    return Person(
        number, "", born, individual, birth_year, sex(individual), group, 0, 0, None, int(rng.random() * 997), traits, fid,
    )  # fmt: skip


def test_user(number: int, first: int, last: int) -> Person:
    """Who comes along with a record system: Donald Duck, and others born on a day on which nobody else in the nation is."""
    born, birth_year, individual = DONALD_DUCK if number == 0 else LEAP_DAY
    fid = identity_number(born, individual + 20 * number)
    name = "donald-duck" if number == 0 else f"test-{number}"
    return Person(number, name, born, individual, birth_year, 1, 4, first, last, None, 0, (0.99,) * 10, fid)
