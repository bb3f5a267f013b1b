"""Who a municipality has on its books in a year. A person is the same in every year: identity, coming and leaving
depend only on the seed, the municipality, the year of coming and a running number."""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from dataclasses import dataclass
from random import Random

from kpr_portal.nation.numbers import identity_number
from kpr_portal.nation.places import Place

STAYS_ON = 0.75  # of the persons of one year, the share that is there the next year too
LONGEST = 12  # years on the books
STAY = [STAYS_ON**year for year in range(LONGEST + 1)]
OLDEST = 104
YOUNGEST_AND_SPAN = ((3, 14), (18, 32), (50, 17), (67, 13), (80, 10), (90, 6))  # age on coming
OLD = 67
DAYS = [(datetime.date(2001, 1, 1) + datetime.timedelta(n)).strftime("%d%m") for n in range(365)]


@dataclass(slots=True)
class Person:
    """`number` is the person's own within the lineage; `move` is the day of moving into a nursing home, if ever.

    `traits` are numbers in [0, 1) of the person's own, from which what stands for years is decided.
    """

    number: int
    user_ref: str
    born: str
    individual: int
    birth_year: int
    sex: int
    group: int
    enters: int
    leaves: int
    move: int | None
    home: int
    traits: tuple[float, ...]
    fid: str = ""
    id_type: str = "1"
    district: str = ""


# Share of an age group that moves into a nursing home at some time while on the books.
MOVES = (0.0, 0.004, 0.045, 0.14, 0.24, 0.42)


def people(place: Place, year: int, rng: Random) -> Iterator[Person]:
    """The persons of a municipality in a data year, in an order that is the same each year."""
    arrivals = place.persons / sum(STAY)
    for cohort in range(year - LONGEST, year + 1):
        phase = (place.key % 997 / 997 + cohort * 0.618034) % 1.0
        remaining = [int(arrivals * share + phase) for share in STAY] + [0]
        for running in range(remaining[year - cohort]):
            number = (cohort - 1990) << 20 | running
            if place.holds(running):
                years = next(n for n in range(LONGEST + 1) if running >= remaining[n + 1])
                yield _person(place, number, cohort, cohort + years, rng)


def _person(place: Place, number: int, cohort: int, last: int, rng: Random) -> Person:
    rng.seed(place.key << 32 | number)
    r = rng.random
    group = rng.choices((0, 1, 2, 3, 4, 5), place.age_weights)[0]
    youngest, span = YOUNGEST_AND_SPAN[group]
    birth_year = max(cohort + 1 - youngest - int(r() * span), last - OLDEST)
    born, individual = _birth(place, number, birth_year, r() < (0.52 if group < 3 else 0.38))
    enters = datetime.date(cohort, 1, 1).toordinal() + int(r() * 365)
    leaves = datetime.date(last, 1, 1).toordinal() + int(r() * 365)
    if cohort == last:
        leaves = enters + int(r() * (datetime.date(last, 12, 31).toordinal() - enters + 1))
    moves, at_once, when = r() < MOVES[group], r() < 0.35, r()
    move = enters + (0 if at_once else int(when * when * (leaves - enters))) if moves else None
    district = place.districts[int(r() * len(place.districts))] if place.districts else ""
    return Person(
        number, f"{(number * 7919 + place.key) % 2**31}", born, individual, birth_year, 1 + (individual % 2 == 0),
        group, enters, leaves, move, int(r() * 997), tuple([r() for _ in range(10)]), identity_number(born, individual), "1", district,
    )  # fmt: skip


def _birth(place: Place, number: int, birth_year: int, man: bool) -> tuple[str, int]:
    """Birth date and individual number: within a municipality two persons seldom share both."""
    running = (number & 0xFFFFF) + (number >> 20) * 24_007
    day = DAYS[(running * 101 + place.key) % 365]
    slot = (running // 365 * 37 + place.key // 365) % 250
    return f"{day}{birth_year % 100:02}", (500 if birth_year >= 2000 else 0) + 2 * slot + man
