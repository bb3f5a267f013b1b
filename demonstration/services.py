"""What a person gets in a year. A service goes on from year to year under the same number until it is revised or ends."""

from __future__ import annotations

from dataclasses import dataclass, field
from random import Random

from demonstration.people import Person
from demonstration.places import FAULTY_EXTRACT, Place

HOURS_TYPES = frozenset({1, 2, 3, 4, 7, 9, 11, 15, 17, 22})
ORGANISATION_TYPES = frozenset({1, 2, 3, 4, 8, 15, 17, 18, 19, 20, 21, 22, 25})
INSTITUTION_TYPES = frozenset({18, 19, 20, 21, 22, 25})
WELFARE_TECHNOLOGY = frozenset({6, 26, 27, 28})
LONG_STAY = 21
HOUSING = 29

# Share of persons living at home who have the service, by age group (0-17, 18-49, 50-66, 67-79, 80-89, 90+).
AT_HOME = {
    29: (0.01, 0.28, 0.24, 0.14, 0.13, 0.16),
    15: (0.09, 0.48, 0.62, 0.66, 0.64, 0.66),
    1: (0.02, 0.14, 0.22, 0.30, 0.36, 0.42),
    6: (0.00, 0.02, 0.08, 0.30, 0.46, 0.52),
    9: (0.36, 0.28, 0.12, 0.03, 0.01, 0.01),
    2: (0.02, 0.16, 0.09, 0.02, 0.01, 0.01),
    4: (0.02, 0.13, 0.08, 0.09, 0.11, 0.09),
    5: (0.00, 0.01, 0.03, 0.08, 0.13, 0.17),
    3: (0.02, 0.03, 0.02, 0.01, 0.00, 0.00),
    11: (0.28, 0.05, 0.02, 0.01, 0.00, 0.00),
    7: (0.26, 0.02, 0.01, 0.01, 0.01, 0.00),
    27: (0.00, 0.02, 0.03, 0.03, 0.04, 0.03),
    28: (0.00, 0.01, 0.02, 0.03, 0.05, 0.06),
    26: (0.00, 0.01, 0.01, 0.03, 0.03, 0.02),
    17: (0.00, 0.01, 0.01, 0.02, 0.02, 0.02),
    22: (0.001, 0.001, 0.001, 0.001, 0.001, 0.001),
}
BY_GROUP = [[(kind, shares[group]) for kind, shares in AT_HOME.items() if shares[group]] for group in range(6)]
# Short stays a year: (type, share of persons by age group, longest in days).
SHORT_STAYS = (
    (20, (0.00, 0.01, 0.04, 0.09, 0.13, 0.15), 30),
    (18, (0.00, 0.01, 0.03, 0.06, 0.09, 0.09), 28),
    (19, (0.00, 0.01, 0.03, 0.05, 0.05, 0.03), 28),
    (25, (0.00, 0.01, 0.02, 0.03, 0.05, 0.06), 4),
    (8, (0.20, 0.02, 0.01, 0.01, 0.01, 0.01), 7),
)
MANY_STAYS = {8: 8, 20: 3}
# Hours a week: smallest and the mean of what comes on top of it.
HOURS = {
    1: (0.5, 1),
    2: (3, 14),
    3: (12, 16),
    4: (5, 6),
    7: (4, 6),
    9: (2, 2),
    11: (4, 8),
    15: (0.5, 3.5),
    17: (5, 5),
    22: (8, 9),
}
MOST_HOURS = 110  # of all services of a person together, faults apart
# Share of hours services that lack hours: most where extra codes and free text stand for hours in the record systems.
HOURS_LACKING = {15: 1.25, 1: 1.1, 4: 1.6, 9: 0.9, 2: 0.9, 3: 0.2, 7: 0.5, 11: 0.3, 17: 0.3, 22: 0.3}
HOURS_RATE = 0.138
ORGANISATION_RATE = 0.1005


@dataclass(slots=True)
class Service:
    """One `Tjeneste`; days are ordinals. `whole_ref` is a tjenesteID of its own, instead of the person's with `ref` behind it."""

    ref: str
    kind: int | str
    start: int | None
    end: int | None
    hours: float | None = None
    organisation: str | None = None
    decided: int | None = None
    applied: int | None = None
    stops: list[tuple[int, int | None]] = field(default_factory=list)
    whole_ref: str = ""

    def active_at(self, day: int) -> bool:
        """Active at the end of the period that ends on `day`."""
        return self.start is not None and self.start <= day and (self.end is None or self.end > day)

    def active_in(self, first: int, last: int) -> bool:
        return self.start is not None and self.start <= last and (self.end is None or self.end >= first)

    @property
    def is_whole(self) -> bool:
        """Neither hours nor organisation number is lacking where one is required."""
        has_hours = self.hours is not None or self.kind not in HOURS_TYPES
        return has_hours and (self.organisation is not None or self.kind not in ORGANISATION_TYPES)


@dataclass(slots=True)
class Course:
    """The services of one person, as far as the message of one year shows them."""

    person: Person
    place: Place
    first: int
    last: int
    carelessness: float
    room: float = MOST_HOURS
    threads: int = 0
    services: list[Service] = field(default_factory=list)

    def unit(self, kind: int) -> str:
        """Units take turns at nursing home, home care and other; a person belongs to one of each."""
        role = 0 if kind in INSTITUTION_TYPES else 1 if kind in (15, 1, 2, 3) else 2
        units = self.place.units[role::3]
        return units[self.person.home % len(units)]


def services(person: Person, place: Place, first: int, last: int, carelessness: float, rng: Random) -> Course:
    """The person's services that are active in the period. `carelessness` multiplies what is lacking (1 = usual).

    Draws from `rng` as `people` left it, always the same number of times, whatever the period.
    """
    course = Course(person, place, first, last, carelessness)
    at_home_until = person.leaves if person.move is None else person.move
    if person.move != person.enters:
        _at_home(course, at_home_until, rng)
    if person.move is not None:
        _thread(course, LONG_STAY, person.move, person.leaves, rng)
    return course


def _at_home(course: Course, until: int, rng: Random) -> None:
    person, r = course.person, rng.random
    for kind, share in BY_GROUP[person.group]:
        if r() < share:
            late, stops, length = r(), r(), rng.expovariate(1 / 400)
            start = (
                person.enters
                if not course.threads
                else person.enters + int(late * late * min(until - person.enters, 900))
            )
            end = min(until, start + 20 + int(length)) if stops < 0.3 and course.threads else until
            _thread(course, kind, start, end, rng)
    if not course.threads:
        _thread(course, 15 if person.group else 9, person.enters, until, rng)


def _thread(course: Course, kind: int, start: int, end: int, rng: Random) -> None:
    """One service from its first decision to its end; services with hours are granted anew from time to time."""
    r = rng.random
    course.threads += 1
    lacks_hours, lacks_organisation, size, every, wait, has_decision = r(), r(), r(), r(), r(), r()
    pause, paused_at = r(), r()
    hours = _hours(course, kind, size)
    every_days = 70 + int(every * 255) if kind in HOURS_TYPES else 700 + int(every * 900)
    if kind in (LONG_STAY, HOUSING):
        every_days = 100_000
    number = max(0, (max(start, course.first) - start) // every_days)
    while (begins := start + number * every_days) <= min(end, course.last):
        ends = min(end, begins + every_days - 1)
        service = Service(f"{course.threads}-{number}", kind, begins, ends if ends <= course.last else None)
        if ends >= course.first:
            service.hours = None if hours is None else round(max(0.25, hours * (1 + 0.06 * (number % 3))) * 4) / 4
            service.organisation = course.unit(kind) if kind in ORGANISATION_TYPES else None
            _decide(service, wait, has_decision)
            _leave_out(course, service, lacks_hours, lacks_organisation)
            if pause < 0.06 and ends - begins > 40 and kind not in (LONG_STAY, HOUSING):
                _pause(course, service, begins, ends, paused_at)
            course.services.append(service)
        number += 1


def _hours(course: Course, kind: int, size: float) -> float | None:
    if kind not in HOURS_TYPES:
        return None
    least, on_top = HOURS[kind]
    staffed = course.person.home % 20 < 19 and any(s.kind == HOUSING for s in course.services) and kind == 15
    hours = 26 + 20 * size if staffed else least + on_top * size * size * 3
    hours = min(hours, course.room)
    course.room = max(0.5, course.room - hours * 1.15)
    return hours


def _decide(service: Service, wait: float, has_decision: float) -> None:
    if has_decision < 0.05 or service.start is None:
        return
    days = int(wait / 0.9 * 15.99) if wait < 0.9 else 16 + int((wait - 0.9) * 900)
    service.decided = service.start - days
    service.applied = service.decided - 3 - int(has_decision * 40)


def _leave_out(course: Course, service: Service, lacks_hours: float, lacks_organisation: float) -> None:
    """The two great lacks of the register: hours, and the organisation number."""
    disorder = course.place.disorder * course.carelessness
    if service.kind in HOURS_TYPES and lacks_hours < HOURS_RATE * HOURS_LACKING[int(service.kind)] * disorder:
        service.hours = None
    if course.place.system == FAULTY_EXTRACT:
        disorder = 3.5 * course.carelessness
    if service.kind in ORGANISATION_TYPES and lacks_organisation < ORGANISATION_RATE * disorder:
        service.organisation = None


def _pause(course: Course, service: Service, begins: int, ends: int, when: float) -> None:
    """A stay in hospital pauses services at home."""
    day = begins + 5 + int(when * (ends - begins - 30))
    if day <= course.last:
        back = day + 3 + int(when * 18)
        service.stops.append((day, back if back <= course.last else None))


def add_short_stays(course: Course, rng: Random) -> None:
    """Stays that begin and end within the period, one after another. Draws of this year only."""
    person, r = course.person, rng.random
    begin, end = max(person.enters, course.first), min(person.leaves, course.last)
    if person.move is not None:
        end = min(end, person.move - 1)
    for kind, shares, longest in SHORT_STAYS:
        if r() < shares[person.group]:
            count = 1 + int(r() * MANY_STAYS.get(kind, 1))
            begin = _stays(course, kind, count, longest, begin, end, rng)


def _stays(course: Course, kind: int, count: int, longest: int, begin: int, end: int, rng: Random) -> int:
    r = rng.random
    for number in range(count):
        start = begin + 1 + int(r() * (end - begin) / (count + 1))
        stop = start + 1 + int(r() * longest)
        lacks = r()
        if stop > end:
            return begin
        service = Service(f"k{kind}-{start}-{number}", kind, start, stop, None, course.unit(kind))
        _decide(service, r(), r())
        _leave_out(course, service, 1.0, lacks)
        course.services.append(service)
        begin = stop + 1
    return begin
