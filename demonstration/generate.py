"""Puts a year's messages together: people, their services and answers, and the faults among them."""

from __future__ import annotations

import datetime
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

from demonstration import message
from demonstration.answers import Case, case, taken_back
from demonstration.faults import BY_CODE, FAULTS, LARGEST_FACTOR, SLOTS, STARTS, STEADY, Fault
from demonstration.numbers import chances, stable
from demonstration.people import Person, people
from demonstration.places import Place, places
from demonstration.services import HOURS_TYPES, Service, add_short_stays, services
from demonstration.shared import Shared, test_user

# A technical fault cost three municipalities about 40 % of their persons in 2021; here in every odd year.
SHORT_OF_PERSONS = {"1818": 0.4, "1822": 0.4, "1827": 0.4}
CONTACT_FAULT_RATE = 0.01
CARELESS_DRAFT = 1.7
LATECOMERS = 40  # every so manieth person is not yet in a draft
BROKEN_OFF = 3  # of so many persons an extract that is cut short has lost one
FORCED_AMONG = 8


@dataclass
class Message:
    """One written message and what is in it.

    `planted` are the rows that each check must find. `taken_back` are the persons, by topic, with a "yes" of the year and a later "no".
    """

    place: Place
    persons: int = 0
    services: int = 0
    answers: int = 0
    planted: Counter[str] = field(default_factory=Counter)
    taken_back: Counter[str] = field(default_factory=Counter)
    lost: int = 0
    persons_lacking_hours: int = 0

    def as_dict(self) -> dict[str, Any]:
        return {
            "persons": self.persons,
            "services": self.services,
            "answers": self.answers,
            "persons_lacking_hours": self.persons_lacking_hours,
            "lost": self.lost,
            "taken_back": dict(sorted(self.taken_back.items())),
            "planted": dict(sorted(self.planted.items())),
        }


@dataclass
class Nation:
    """One data year of the nation, ready to be written municipality by municipality."""

    year: int
    seed: int
    scale: float
    count: int | None = None

    def __post_init__(self) -> None:
        everywhere = places(self.year, self.seed, self.scale)
        self.places = everywhere[: self.count]
        self.first = datetime.date(self.year, 1, 1).toordinal()
        self.last = datetime.date(self.year, 12, 31).toordinal()
        self.shared = Shared(self.year, self.seed, self.scale, everywhere, self.places)
        self.forced = self._forced()

    def _forced(self) -> dict[str, list[Fault]]:
        """Every fault is planted at least once in the nation, spread over the largest municipalities."""
        largest = sorted(self.places, key=lambda place: -place.persons)[:FORCED_AMONG]
        return {place.code: list(FAULTS[n :: len(largest)]) for n, place in enumerate(largest)}

    def path(self, place: Place, folder: Path) -> Path:
        return folder / f"{place.code}-{self.year}.xml"

    def write(self, place: Place, path: Path, *, draft: bool = False, cut_short: bool = False) -> Message:
        """Write one municipality's message. A draft has more faults and lacks the latecomers; one that is cut short lacks a third
        of the persons."""
        written = Message(place)
        with path.open("w", encoding="utf-8") as file:
            file.write(self._head(place, written, draft))
            for found in self._cases(place, written, draft, cut_short):
                file.write(message.person(found, written.planted))
                _count(found, written)
            file.write(message.tail())
        return written

    def _head(self, place: Place, written: Message, draft: bool) -> str:
        chance = stable(self.seed, place.lineage, "contact", self.year // 2) % 10_000 / 10_000
        order = self.places.index(place)
        missing = chance < CONTACT_FAULT_RATE or order == 4 or draft
        invalid = order == 5 or CONTACT_FAULT_RATE <= chance < 2 * CONTACT_FAULT_RATE
        written.planted["contact-person-missing"] += missing
        written.planted["contact-email-invalid"] += invalid
        day = datetime.date(
            self.year + 1, 1, 3 if draft else 4 + place.key % 5
        )  # by 8 January, where the demonstration stands
        return message.head(place, self.year, day, message.contacts(place, self.year, missing, invalid))

    def _cases(self, place: Place, written: Message, draft: bool, cut_short: bool) -> Iterator[Case]:
        carelessness = CARELESS_DRAFT if draft else 1.0
        forced = list(self.forced.get(place.code, ()))
        mine, this_year = chances(), chances()
        for person in people(place, self.year, mine):
            if self._is_lost(place, person):
                written.lost += 1
                continue
            if (draft and person.number % LATECOMERS == 0) or (cut_short and person.number % BROKEN_OFF == 0):
                continue
            found, chance = self._case(person, place, carelessness, mine, this_year)
            yield from _plant(found, chance, carelessness, forced, this_year, written.planted)
        for person in self.shared.moved_of(place):
            mine.seed(place.key << 32 | person.number)
            yield self._case(person, place, carelessness, mine, this_year)[0]
        for number in self.shared.test_users.get(place.code, ()):
            written.planted["person-in-many-municipalities"] += 1
            yield self._test_user(place, number)

    def _case(
        self, person: Person, place: Place, carelessness: float, mine: Random, this_year: Random
    ) -> tuple[Case, float]:
        """The person's case, and the chance of a fault: for most the same in every year."""
        course = services(person, place, self.first, self.last, carelessness, mine)
        steady, turns = mine.random(), mine.random()
        this_year.seed((place.key << 32 | person.number) * 4096 + self.year)
        once = this_year.random()
        add_short_stays(course, this_year)
        return case(course, self.year, this_year), steady if turns < STEADY else once

    def _is_lost(self, place: Place, person: Person) -> bool:
        share = SHORT_OF_PERSONS.get(place.code, 0.0) if self.year % 2 else 0.0
        return person.number * 2654435761 % 1000 < share * 1000

    def _test_user(self, place: Place, number: int) -> Case:
        person = test_user(number, self.first, self.last)
        service = Service("1", 15, self.first + 30, None, 2.5, place.units[1])
        return Case(person, self.year, self.first, self.last, [service], [], person.birth_year)


def _plant(
    found: Case, chance: float, carelessness: float, forced: list[Fault], rng: Random, planted: Counter[str]
) -> Iterator[Case]:
    """The case with at most one fault: by chance, or else the next that this municipality must have. Some faults are a second case."""
    start, fault = SLOTS[max(0, bisect_right(STARTS, chance) - 1)]
    if chance < start + fault.rate * min(carelessness, LARGEST_FACTOR):
        planted[fault.code] += fault.plant(found, rng)
    elif forced and (rows := forced[0].plant(found, rng)):
        planted[forced.pop(0).code] += rows
    yield found
    yield from found.doubles


def _count(found: Case, written: Message) -> None:
    written.persons += 1
    written.services += len(found.services)
    written.answers += len(found.answers)
    written.taken_back.update(taken_back(found))
    written.persons_lacking_hours += any(
        s.hours is None and s.kind in HOURS_TYPES and s.active_in(found.first, found.last) for s in found.services
    )


def summary(nation: Nation, messages: list[Message]) -> dict[str, Any]:
    """What was planted: for each check code, the rows that it must find in demo and test environments."""
    planted: Counter[str] = Counter(dict.fromkeys(BY_CODE, 0))
    back: Counter[str] = Counter()
    for written in messages:
        planted.update(written.planted)
        back.update(written.taken_back)
    return {
        "year": nation.year,
        "seed": nation.seed,
        "scale": nation.scale,
        "municipalities": len(messages),
        "persons": sum(written.persons for written in messages),
        "services": sum(written.services for written in messages),
        "answers": sum(written.answers for written in messages),
        "persons_lacking_hours": sum(written.persons_lacking_hours for written in messages),
        "planted": dict(sorted(planted.items())),
        "shared_persons": nation.shared.count(),
        "test_users": {str(number): len(codes) for number, codes in sorted(_test_users(nation).items())},
        "taken_back": dict(sorted(back.items())),
        "by_municipality": {written.place.code: written.as_dict() for written in messages},
    }


def _test_users(nation: Nation) -> dict[int, list[str]]:
    """The municipalities of each test user."""
    found: dict[int, list[str]] = {}
    for code, numbers in nation.shared.test_users.items():
        for number in numbers:
            found.setdefault(number, []).append(code)
    return found
