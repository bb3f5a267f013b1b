"""Who a municipality has on its books in a year. A person is the same in every year: identity, coming and leaving
depend only on the seed, the municipality, the year of coming and a running number."""

from __future__ import annotations

import datetime
import itertools
from bisect import bisect
from collections.abc import Iterator
from dataclasses import dataclass
from random import Random

from demonstration.numbers import own_identity
from demonstration.places import Place

STAYS_ON = 0.75  # of the persons of one year, the share that is there the next year too
LONGEST = 12  # years on the books
STAY = [STAYS_ON**year for year in range(LONGEST + 1)]
OLDEST = 104
YOUNGEST_AND_SPAN = ((3, 14), (18, 32), (50, 17), (67, 13), (80, 10), (90, 6))  # age on coming
OLD = 67
GOLDEN = (
    0.6180339887  # its multiples spread evenly: no small municipality has more of the oldest than it has inhabitants
)


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

    @property
    def is_ordinary(self) -> bool:
        """Has a fødselsnummer."""
        return self.id_type == "1"


# Share of an age group that moves into a nursing home at some time while on the books.
MOVES = (0.0, 0.004, 0.045, 0.14, 0.28, 0.50)


def people(place: Place, year: int, rng: Random) -> Iterator[Person]:
    """The persons of a municipality in a data year, in an order that is the same each year."""
    arrivals = place.persons / sum(STAY)
    groups, taken = Groups(place), set[str]()
    for cohort in range(year - LONGEST, year + 1):
        phase = (place.key % 997 / 997 + cohort * GOLDEN) % 1.0
        remaining = [int(arrivals * share + phase) for share in STAY] + [0]
        for running in range(remaining[year - cohort]):
            number = (cohort - 1990) << 20 | running
            if place.holds(running):
                years = next(n for n in range(LONGEST + 1) if running >= remaining[n + 1])
                yield _person(place, number, groups.of(number), cohort, cohort + years, taken, rng)


class Groups:
    """The age groups on coming, spread evenly over the persons of a municipality."""

    def __init__(self, place: Place) -> None:
        bounds = list(itertools.accumulate(place.age_weights))
        self.bounds = [bound / bounds[-1] for bound in bounds[:-1]]
        self.phase = place.key % 1009 / 1009

    def of(self, number: int) -> int:
        return bisect(self.bounds, (self.phase + (number & 0xFFFFF) * GOLDEN + (number >> 20) * 0.7548776662) % 1)


def _person(place: Place, number: int, group: int, cohort: int, last: int, taken: set[str], rng: Random) -> Person:
    rng.seed(place.key << 32 | number)
    r = rng.random
    birth_year = _birth_year(group, cohort, last, r())
    born, individual, fid = own_identity(place.births, number, birth_year, r() < (0.52 if group < 3 else 0.38), taken)
    enters = datetime.date(cohort, 1, 1).toordinal() + int(r() * 365)
    leaves = datetime.date(last, 1, 1).toordinal() + int(r() * 365)
    if cohort == last:
        leaves = enters + int(r() * (datetime.date(last, 12, 31).toordinal() - enters + 1))
    moves, at_once, when = r() < MOVES[group], r() < 0.35, r()
    move = enters + (0 if at_once else int(when * when * (leaves - enters))) if moves else None
    return Person(
        number, f"{(number * 7919 + place.key) % 2**31}", born, individual, birth_year, sex(individual),
        group, enters, leaves, move, int(r() * 997), tuple([r() for _ in range(10)]), fid, "1", district(place, r()),
    )  # fmt: skip


def _birth_year(group: int, cohort: int, last: int, chance: float) -> int:
    youngest, span = YOUNGEST_AND_SPAN[group]
    return max(cohort + 1 - youngest - int(chance * span), last - OLDEST)


def sex(individual: int) -> int:
    """1 = man, 2 = woman, as the message has it."""
    return 1 + (individual % 2 == 0)


def district(place: Place, chance: float) -> str:
    return place.districts[int(chance * len(place.districts))] if place.districts else ""
