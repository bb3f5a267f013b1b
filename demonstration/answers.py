"""The dated yes/no answers of a person in a year, so that the national indicators come out near what is published."""

from __future__ import annotations

from dataclasses import dataclass, field
from random import Random
from typing import NamedTuple

from demonstration.people import OLD, Person
from demonstration.services import HOUSING, INSTITUTION_TYPES, LONG_STAY, Course, Service

ROUND_THE_CLOCK = "heldognstilbud"
WAITING = "venteliste"
REHABILITATION = "rehabilitering"
ASSESSED, RISK, PLAN = "ernaering_vurdert", "ernaering_risiko", "ernaering_plan"
INDIVIDUAL_PLAN, COORDINATOR = "individuell_plan", "koordinator"
DOCTOR, DENTIST, MEDICATION = "lege_vurdert", "tannhelse_vurdert", "legemiddelgjennomgang"
YEAR_OF_YARDSTICKS = 2023
# Published national shares (NKI; indicators.md of the project's papers): institution 2023, home 2020, doctor 2022, dentist 2020.
TAKEN_BACK = 0.02  # share of the answers "yes" that a later "no" of the same year takes back: it was ticked by mistake
KEPT = 1 - TAKEN_BACK
INSTITUTION = {ASSESSED: 0.570 / KEPT, RISK: 0.340 / KEPT, PLAN: 0.643 / KEPT}
HOME = {ASSESSED: 0.180 / KEPT, RISK: 0.363 / KEPT, PLAN: 0.442 / KEPT}
SEEN = {DOCTOR: 0.688 / KEPT, DENTIST: 0.285 / KEPT, MEDICATION: 0.617 / KEPT}


class Answer(NamedTuple):
    """One `Opplysning`; the day is an ordinal, None = no date."""

    topic: str
    yes: bool
    day: int | None


@dataclass(slots=True)
class Case:
    """What a message says of one person, before and after faults are planted.

    `user_ref` is its brukerNr, and `service_prefix` the beginning of each tjenesteID: a letter follows it, so that no eleven digits
    stand together. `doubles` are cases of the same or another person that a fault has put beside it.
    """

    person: Person
    year: int
    first: int
    last: int
    services: list[Service]
    answers: list[Answer] = field(default_factory=list)
    birth_year: int = 0
    user_ref: str = ""
    service_prefix: str = ""
    doubles: list[Case] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.user_ref = self.user_ref or self.person.user_ref
        self.service_prefix = self.service_prefix or self.person.user_ref

    @property
    def age(self) -> int:
        return self.year - self.birth_year

    def has(self, *topics: str) -> bool:
        return any(answer.topic in topics for answer in self.answers)

    def at_end(self) -> list[Service]:
        return [service for service in self.services if service.active_at(self.last)]

    @property
    def in_institution(self) -> bool:
        return any(service.kind in INSTITUTION_TYPES for service in self.at_end())

    @property
    def in_long_stay(self) -> bool:
        return any(service.kind == LONG_STAY for service in self.at_end())

    @property
    def hours_at_end(self) -> float:
        return sum(service.hours or 0 for service in self.at_end())


def case(course: Course, year: int, rng: Random) -> Case:
    """The person's case with true answers. `rng` is this year's; what stands for years comes from the person's traits."""
    person = course.person
    found = Case(person, year, course.first, course.last, course.services, [], person.birth_year)
    _waiting(found)
    _round_the_clock(found)
    _rehabilitation(found)
    first = len(found.answers)
    _yearly(found, course.place.quality + 0.02 * (min(year, YEAR_OF_YARDSTICKS) - YEAR_OF_YARDSTICKS), rng)
    _take_back(found, first, rng)
    return found


def _waiting(found: Case) -> None:
    """Yes from being put on the list to no on moving in; the whole spell stands in each year that it touches."""
    person = found.person
    if person.move is None or person.traits[1] > 0.42:
        return
    listed = person.move - 4 - int(person.traits[2] * 110)
    if listed > found.last or person.move < found.first:
        return
    found.answers.append(Answer(WAITING, True, listed))
    if person.move <= found.last:
        found.answers.append(Answer(WAITING, False, person.move))


def _round_the_clock(found: Case) -> None:
    person = found.person
    if person.move is not None and person.move <= found.last:
        begins = person.move - 1 - int(person.traits[3] * 25)
    elif found.hours_at_end > 24 and any(s.kind == HOUSING for s in found.at_end()) and person.traits[4] < 0.95:
        begins = person.enters
    else:
        return
    found.answers.append(Answer(ROUND_THE_CLOCK, True, begins))
    if person.leaves <= found.last:
        found.answers.append(Answer(ROUND_THE_CLOCK, False, person.leaves))


def _rehabilitation(found: Case) -> None:
    """Yes is dated the start, no the end; no without a date: never received. Individual plans go with it."""
    person, kind = found.person, found.person.traits[5]
    if person.move is not None or (person.group == 0 and kind > 0.5):
        return
    begins = person.enters + int(person.traits[6] * 200)
    if kind < 0.115 and begins <= min(found.last, person.leaves):
        found.answers.append(Answer(REHABILITATION, True, begins))
        ends = begins + 20 + int(person.traits[7] * 900)
        if ends <= min(found.last, person.leaves):
            found.answers.append(Answer(REHABILITATION, False, ends))
        _plan(found, 0.112, begins)
    elif kind < 0.47:
        found.answers.append(Answer(REHABILITATION, False, None))
    elif kind < 0.60:
        _plan(found, 0.35, begins)


def _plan(found: Case, share: float, day: int) -> None:
    if day > found.last:
        return
    has_plan = found.person.traits[8] < share
    found.answers.append(Answer(INDIVIDUAL_PLAN, has_plan, day))
    found.answers.append(Answer(COORDINATOR, has_plan or found.person.traits[9] < 0.1, day))


def _yearly(found: Case, shift: float, rng: Random) -> None:
    """What is done within the year: nutrition, doctor, dentist, medication review."""
    person, r = found.person, rng.random
    lives_in = person.move is not None and person.move <= found.last
    start = max(found.first, person.move if lives_in and person.move else person.enters)
    end = min(found.last, person.leaves)
    day = start + int(r() * (end - start + 1))
    if lives_in:
        _seen(found, shift, start, end, rng)
        _nutrition(found, INSTITUTION, shift, 0.6, day, end, rng)
    elif found.age >= OLD and any(service.kind == 15 for service in found.services):
        _nutrition(found, HOME, shift / 2, 0.1, day, end, rng)


def _seen(found: Case, shift: float, start: int, end: int, rng: Random) -> None:
    r = rng.random
    for topic, share in SEEN.items():
        if r() < share + shift:
            found.answers.append(Answer(topic, True, start + int(r() * (end - start + 1))))
        elif r() < 0.5 and found.person.move is not None and found.person.move < found.first - 200:
            found.answers.append(Answer(topic, True, found.first - 1 - int(r() * 150)))


def _nutrition(
    found: Case, shares: dict[str, float], shift: float, says_no: float, day: int, end: int, rng: Random
) -> None:
    """Assess, result, plan. `says_no` is the share of those not assessed for whom that is said."""
    r = rng.random
    assessed, told, at_risk, planned, when = r() < shares[ASSESSED] + shift, r(), r(), r(), r()
    if not assessed:
        if told < says_no:
            found.answers.append(Answer(ASSESSED, False, day))
        return
    found.answers.append(Answer(ASSESSED, True, day))
    found.answers.append(Answer(RISK, at_risk < shares[RISK], day))
    if at_risk < shares[RISK]:
        if planned < shares[PLAN]:
            found.answers.append(Answer(PLAN, True, day + int(when * min(21, end - day + 1))))
        elif told < 0.5:
            found.answers.append(Answer(PLAN, False, day))


def _take_back(found: Case, first: int, rng: Random) -> None:
    """A "no" some days after a "yes" of the year. Of a risk it is a new assessment, which has the same date."""
    for answer in found.answers[first:]:
        if not answer.yes or answer.day is None or rng.random() > TAKEN_BACK:
            continue
        day = answer.day + 1 + int(rng.random() * 30)
        if not found.first <= answer.day < day <= found.last:
            continue
        found.answers.append(Answer(answer.topic, False, day))
        if answer.topic == RISK:
            found.answers.append(Answer(ASSESSED, True, day))


def taken_back(found: Case) -> set[str]:
    """Topics with a "yes" of the year and a "no" of the year after it that no "yes" follows: the "no" counts."""
    this_year = [a for a in found.answers if a.day is not None and found.first <= a.day <= found.last]
    latest = {
        topic: max((a.day or 0, a.yes) for a in this_year if a.topic == topic) for topic in {a.topic for a in this_year}
    }
    return {a.topic for a in this_year if a.yes and not latest[a.topic][1]}
