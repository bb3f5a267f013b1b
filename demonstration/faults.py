"""Faults to plant: for each check of the catalogue, how to make a case violate it and nothing else.

Rates are those of 2021 in the register's webinar where it named one, else small. A fault is planted only where it has no
side effects, so that what was planted is what the checks must find.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from random import Random

from demonstration.answers import (
    ASSESSED,
    PLAN,
    REHABILITATION,
    RISK,
    ROUND_THE_CLOCK,
    WAITING,
    Answer,
    Case,
)
from demonstration.numbers import identity_number
from demonstration.people import OLD
from demonstration.places import PERSONS_IN_NATION
from demonstration.services import INSTITUTION_TYPES, LONG_STAY, WELFARE_TECHNOLOGY, Service

NOBODY = 0
FAR_OFF = tuple(datetime.date(year, 1, 15).toordinal() for year in (2109, 3015))
LONG_AGO = datetime.date(1999, 5, 5).toordinal()
WRONG_ORGANISATIONS = ("999999999", "utenbys", "reha", "800000001", "912345678")
LARGEST_FACTOR = 2.0  # how much more careless a draft may be than a corrected message
STEADY = 0.65  # share of faults that stay from one year to the next

Plant = Callable[[Case, Random], int]


@dataclass(frozen=True, slots=True)
class Fault:
    """`persons` a year in the nation at scale 1; `share` of all persons in whom it can be planted.

    `plant` changes the case and returns how many rows the check must find: 0 where the case does not lend itself to it.
    """

    code: str
    persons: int
    share: float
    plant: Plant

    @property
    def rate(self) -> float:
        return self.persons / PERSONS_IN_NATION / self.share


def _days(case: Case) -> tuple[int, int]:
    return max(case.person.enters, case.first), min(case.person.leaves, case.last)


def _some_day(case: Case, rng: Random) -> int:
    first, last = _days(case)
    return first + int(rng.random() * (last - first + 1))


def _pick(case: Case, rng: Random, wanted: Callable[[Service], bool]) -> Service | None:
    found = [service for service in case.services if service.start is not None and service.is_whole and wanted(service)]
    return found[int(rng.random() * len(found))] if found else None


def _goes_on(service: Service) -> bool:
    return service.end is None and not service.stops and service.kind != LONG_STAY


def _counts_for_nothing_else(case: Case) -> bool:
    """No answer of the case depends on which services are active."""
    return not case.has(ROUND_THE_CLOCK) and not case.in_long_stay


# --- Person ------------------------------------------------------------------------------------------------------


def _wrong_check_digit(case: Case, _rng: Random) -> int:
    fid = case.person.fid
    case.person.fid = f"{fid[:10]}{(int(fid[10]) + 1) % 10}"
    return 1


def _not_linkable(case: Case, rng: Random) -> int:
    if case.has(WAITING, REHABILITATION):
        return NOBODY
    person, kind = case.person, rng.choice(("9", "9", "9", "3", "12"))
    person.id_type = kind
    foreign = {"9": person.born, "3": identity_number(person.born, person.individual, 40)}
    person.fid = foreign.get(kind, f"9{person.number % 10**10:010}")
    return 1


def _test_person(case: Case, rng: Random) -> int:
    case.person.fid = identity_number(case.person.born, case.person.individual, rng.choice((65, 65, 40)))
    return 1


def _beside(case: Case, rng: Random) -> Case | None:
    """Another Bruker to stand beside the person's, with one service and nothing said."""
    service = _pick(case, rng, lambda s: s.organisation is not None and s.kind != LONG_STAY and (s.hours or 0) < 20)
    if service is None or not case.person.is_ordinary:
        return None
    again = f"{case.user_ref}b"
    only = [replace(service, stops=[])]
    return replace(case, services=only, answers=[], doubles=[], user_ref=again, service_prefix=again)


def _person_twice(case: Case, rng: Random) -> int:
    double = _beside(case, rng)
    if double is None:
        return NOBODY
    case.doubles.append(double)
    return 2


def _two_with_one_number(case: Case, rng: Random) -> int:
    """The other one is an asylum seeker with a DUF number."""
    double = _beside(case, rng)
    if double is None:
        return NOBODY
    double.person = replace(case.person, id_type="10", fid=f"20{case.person.number % 10**10:010}")
    double.user_ref = case.user_ref
    case.doubles.append(double)
    return 2


def _identity_as_user_number(case: Case, rng: Random) -> int:
    fid = case.person.fid
    case.user_ref = rng.choice((fid, f"P{fid}", f"{fid[:6]} {fid[6:]}", f"{fid[:6]}-{fid[6:]}"))
    return 1


def _born_long_ago(case: Case, _rng: Random) -> int:
    if case.in_long_stay or case.age < OLD:
        return NOBODY
    case.birth_year -= 100
    return 1


def _without_service(case: Case, _rng: Random) -> int:
    if case.person.move is not None or not all(service.is_whole for service in case.services):
        return NOBODY
    case.services.clear()
    case.answers.clear()
    return 1


def _over_168(case: Case, rng: Random) -> int:
    service = _pick(case, rng, lambda s: s.hours is not None and s.kind in (15, 3, 2) and s.active_at(case.last))
    if service is None:
        return NOBODY
    service.hours = rng.choice((168.5, 175.0, 240.0, 336.0, 672.0))
    return 1


# --- Service -----------------------------------------------------------------------------------------------------


def _no_start(case: Case, rng: Random) -> int:
    service = _pick(case, rng, lambda s: _goes_on(s) and s.kind not in WELFARE_TECHNOLOGY)
    if service is None or not _counts_for_nothing_else(case):
        return NOBODY
    service.start = None
    return 1


def _technology_no_start(case: Case, rng: Random) -> int:
    service = _pick(case, rng, lambda s: s.kind in WELFARE_TECHNOLOGY and not s.stops)
    if service is None:
        return NOBODY
    service.start = None
    return 1


def _end_before_start(case: Case, rng: Random) -> int:
    service = _pick(case, rng, lambda s: s.end is not None and not s.stops and s.kind != LONG_STAY)
    if service is None or service.start is None:
        return NOBODY
    service.end = service.start - 1 - int(rng.random() * 30)
    return 1


def _starts_later(case: Case, rng: Random) -> int:
    service = _pick(case, rng, _goes_on)
    if service is None or not _counts_for_nothing_else(case):
        return NOBODY
    service.start = rng.choice((*FAR_OFF, case.last + 3, case.last + 40))
    return 1


def _starts_before_birth(case: Case, rng: Random) -> int:
    service = _pick(case, rng, _goes_on)
    if service is None or case.birth_year < 1890:
        return NOBODY
    service.start = datetime.date(case.birth_year - 4, 3, 1).toordinal()
    service.applied = service.decided = None
    return 1


def _wrong_organisation(case: Case, rng: Random) -> int:
    service = _pick(case, rng, lambda s: s.organisation is not None)
    if service is None:
        return NOBODY
    service.organisation = rng.choice(WRONG_ORGANISATIONS)
    return 1


def _extra(case: Case, rng: Random, ref: str, kinds: tuple[int | str, ...]) -> int:
    first, last = _days(case)
    case.services.append(Service(ref, rng.choice(kinds), first, last if last < case.last else None))
    return 1


def _retired(case: Case, rng: Random) -> int:
    return _extra(case, rng, "gammel", (16,) * 20 + (12, 13))


def _unknown(case: Case, rng: Random) -> int:
    return _extra(case, rng, "ukjent", (10, 99, 30, "TB"))


def _twice(case: Case, rng: Random) -> int:
    service = _pick(case, rng, lambda s: s.organisation is not None and s.kind != LONG_STAY and (s.hours or 0) < 20)
    if service is None:
        return NOBODY
    case.services.append(replace(service, ref=f"{service.ref}-kopi", stops=list(service.stops)))
    return 2


def _stays_overlap(case: Case, rng: Random) -> int:
    stays = [service for service in case.services if service.kind == LONG_STAY and service.start is not None]
    if (
        len(stays) != 1
        or stays[0].organisation is None
        or (case.person.move or 0) + 30 > min(case.person.leaves, case.last)
    ):
        return NOBODY
    case.services.append(replace(stays[0], ref="l2", start=(stays[0].start or 0) + 20, decided=None, applied=None))
    return 2


def _stop_outside(case: Case, rng: Random) -> int:
    service = _pick(case, rng, lambda s: not s.stops and s.kind not in INSTITUTION_TYPES)
    if service is None or service.start is None:
        return NOBODY
    service.stops.append((service.start - 20, service.start - 10))
    return 1


def _decided_late(case: Case, rng: Random) -> int:
    service = _pick(case, rng, lambda s: s.decided is not None)
    if service is None or service.start is None:
        return NOBODY
    service.decided = service.start + 1 + int(rng.random() * 30)
    return 1


def _one_number_twice(case: Case, rng: Random) -> int:
    whole = [service for service in case.services if service.is_whole]
    if len(whole) < 2:
        return NOBODY
    one, other = rng.sample(whole, 2)
    other.whole_ref = f"{case.service_prefix}T{one.ref}"
    return 2


def _identity_as_service_number(case: Case, rng: Random) -> int:
    service = _pick(case, rng, lambda s: True)
    if service is None:
        return NOBODY
    service.whole_ref = f"{case.person.fid}-{service.ref}"
    return 1


# --- Dated answers -----------------------------------------------------------------------------------------------


def _lists_waiting(case: Case) -> bool:
    """Has nothing to do with the waiting list, and may be given a fault of it this year, one year of four: the check
    looks at earlier years too, where the same fault again would be another one."""
    return case.person.move is None and (case.person.number + case.year) % 4 == 0


def _no_without_yes(case: Case, rng: Random) -> int:
    if not _lists_waiting(case):
        return NOBODY
    case.answers.append(Answer(WAITING, False, _some_day(case, rng)))
    return 1


def _yes_and_no(case: Case, rng: Random) -> int:
    if not _lists_waiting(case):
        return NOBODY
    day = _some_day(case, rng)
    case.answers += [Answer(WAITING, True, day), Answer(WAITING, False, day)]
    return 2


def _yes_undated(case: Case, _rng: Random) -> int:
    if not _lists_waiting(case):
        return NOBODY
    case.answers.append(Answer(WAITING, True, None))
    return 1


def _waiting_far_off(case: Case, rng: Random) -> int:
    if not _lists_waiting(case):
        return NOBODY
    case.answers.append(Answer(WAITING, True, rng.choice(FAR_OFF)))
    return 1


def _yes_again(case: Case, _rng: Random) -> int:
    listed = [answer for answer in case.answers if answer.topic == WAITING]
    if not listed or not listed[0].yes or listed[0].day is None:
        return NOBODY
    again = listed[0].day + 3
    if again > case.last or again >= (case.person.move or 0):
        return NOBODY
    case.answers.append(Answer(WAITING, True, again))
    return 1


def _rehabilitation_long_ago(case: Case, _rng: Random) -> int:
    if case.has(REHABILITATION):
        return NOBODY
    case.answers.append(Answer(REHABILITATION, True, LONG_AGO))
    return 1


def _rehabilitation_only_no(case: Case, rng: Random) -> int:
    if case.has(REHABILITATION) or case.person.move is not None:
        return NOBODY
    case.answers.append(Answer(REHABILITATION, False, _some_day(case, rng)))
    return 1


def _rehabilitation_again(case: Case, _rng: Random) -> int:
    dated = [a for a in case.answers if a.topic == REHABILITATION]
    if len(dated) != 1 or not dated[0].yes or dated[0].day is None or dated[0].day + 20 > case.last:
        return NOBODY
    case.answers += [Answer(REHABILITATION, True, dated[0].day + days) for days in (7, 14)]
    return 1


def _round_the_clock_far_off(case: Case, _rng: Random) -> int:
    if case.has(ROUND_THE_CLOCK):
        return NOBODY
    case.answers.append(Answer(ROUND_THE_CLOCK, False, FAR_OFF[0]))
    return 1


def _round_the_clock_late(case: Case, _rng: Random) -> int:
    """Yes is dated the day of moving in, as if it had not been granted before."""
    move = case.person.move
    if move is None or move > case.last or case.person.leaves <= move:
        return NOBODY
    case.answers = [
        replace_day(answer, move) if answer.topic == ROUND_THE_CLOCK and answer.yes else answer
        for answer in case.answers
    ]
    return 1


def replace_day(answer: Answer, day: int | None) -> Answer:
    return answer._replace(day=day)


def _round_the_clock_few(case: Case, rng: Random) -> int:
    if case.has(ROUND_THE_CLOCK) or case.person.move is not None or case.in_institution:
        return NOBODY
    if not 0 < case.hours_at_end <= 24:
        return NOBODY
    case.answers.append(Answer(ROUND_THE_CLOCK, True, _some_day(case, rng)))
    return 1


# --- Nutrition ---------------------------------------------------------------------------------------------------


def _assessed(case: Case) -> bool:
    return any(answer.topic == ASSESSED and answer.yes for answer in case.answers)


def _at_risk(case: Case) -> bool:
    return any(answer.topic == RISK and answer.yes for answer in case.answers)


def _said(case: Case, topic: str) -> int:
    return sum(answer.topic == topic for answer in case.answers)


def _nutrition_far_off(case: Case, _rng: Random) -> int:
    if case.has(ASSESSED, RISK, PLAN):
        return NOBODY
    case.answers.append(Answer(ASSESSED, False, FAR_OFF[0]))
    return 1


def _risk_missing(case: Case, _rng: Random) -> int:
    if not _assessed(case):
        return NOBODY
    case.answers = [answer for answer in case.answers if answer.topic not in (RISK, PLAN)]
    return 1


def _risk_alone(case: Case, rng: Random) -> int:
    if case.has(ASSESSED, RISK, PLAN) or case.person.move is not None:
        return NOBODY
    case.answers.append(Answer(RISK, False, _some_day(case, rng)))
    return 1


def _other_day(case: Case, _rng: Random) -> int:
    day = next((a.day for a in case.answers if a.topic == RISK), None)
    if not _assessed(case) or day is None or _said(case, RISK) > 1:
        return NOBODY
    other = day + 3 if day + 3 <= case.last else day - 3
    case.answers = [replace_day(answer, other) if answer.topic == RISK else answer for answer in case.answers]
    return 1


def _plan_alone(case: Case, _rng: Random) -> int:
    day = next((a.day for a in case.answers if a.topic == RISK), None)
    if day is None or _at_risk(case):
        return NOBODY
    case.answers.append(Answer(PLAN, True, day))
    return 1


def _assessed_undated(case: Case, _rng: Random) -> int:
    if not _assessed(case) or _said(case, ASSESSED) > 1:
        return NOBODY
    case.answers = [replace_day(answer, None) if answer.topic == ASSESSED else answer for answer in case.answers]
    return 1


FAULTS = (
    Fault("person-id-invalid", 150, 1, _wrong_check_digit),
    Fault("person-id-not-linkable", 1500, 0.55, _not_linkable),
    Fault("test-person", 40, 1, _test_person),
    Fault("person-repeated", 60, 0.7, _person_twice),
    Fault("user-number-repeated", 40, 0.7, _two_with_one_number),
    Fault("user-number-holds-identity", 120, 1, _identity_as_user_number),
    Fault("birth-year-implausible", 40, 0.55, _born_long_ago),
    Fault("person-without-service", 700, 0.6, _without_service),
    Fault("hours-over-168", 362, 0.33, _over_168),
    Fault("service-start-missing", 900, 0.6, _no_start),
    Fault("welfare-technology-start-missing", 1955, 0.19, _technology_no_start),
    Fault("service-end-before-start", 300, 0.6, _end_before_start),
    Fault("service-start-after-period", 200, 0.6, _starts_later),
    Fault("service-start-before-birth", 60, 0.65, _starts_before_birth),
    Fault("service-organisation-invalid", 478, 0.7, _wrong_organisation),
    Fault("service-type-retired", 2500, 1, _retired),
    Fault("service-type-unknown", 120, 1, _unknown),
    Fault("service-duplicate", 1500, 0.75, _twice),
    Fault("service-long-stays-overlap", 300, 0.1, _stays_overlap),
    Fault("service-stop-outside", 400, 0.8, _stop_outside),
    Fault("service-number-repeated", 100, 0.8, _one_number_twice),
    Fault("service-number-holds-identity", 80, 0.95, _identity_as_service_number),
    Fault("service-decision-after-start", 5000, 0.95, _decided_late),
    Fault("waiting-list-no-without-yes", 600, 0.2, _no_without_yes),
    Fault("waiting-list-yes-and-no-same-day", 150, 0.2, _yes_and_no),
    Fault("waiting-list-date-missing", 250, 0.2, _yes_undated),
    Fault("waiting-list-date-implausible", 60, 0.2, _waiting_far_off),
    Fault("waiting-list-answer-repeated", 300, 0.016, _yes_again),
    Fault("rehabilitation-date-implausible", 150, 0.5, _rehabilitation_long_ago),
    Fault("rehabilitation-only-no", 3000, 0.4, _rehabilitation_only_no),
    Fault("rehabilitation-starts-without-end", 300, 0.025, _rehabilitation_again),
    Fault("round-the-clock-date-implausible", 120, 0.8, _round_the_clock_far_off),
    Fault("round-the-clock-first-in-nursing-home", 2000, 0.12, _round_the_clock_late),
    Fault("round-the-clock-few-services", 2000, 0.55, _round_the_clock_few),
    Fault("nutrition-date-implausible", 100, 0.8, _nutrition_far_off),
    Fault("nutrition-risk-missing", 900, 0.15, _risk_missing),
    Fault("nutrition-risk-without-assessment", 400, 0.7, _risk_alone),
    Fault("nutrition-date-mismatch", 1200, 0.15, _other_day),
    Fault("nutrition-plan-without-risk", 400, 0.1, _plan_alone),
    Fault("nutrition-date-missing", 300, 0.15, _assessed_undated),
)
BY_CODE = {fault.code: fault for fault in FAULTS}


def _slots() -> Iterator[tuple[float, Fault]]:
    place = 0.0
    for fault in FAULTS:
        yield place, fault
        place += fault.rate * LARGEST_FACTOR


SLOTS = tuple(_slots())
STARTS = [start for start, _ in SLOTS]
