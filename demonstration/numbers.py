"""Days as ordinals, and identity and organisation numbers with right check digits."""

from __future__ import annotations

import datetime
import zlib
from random import Random

from stdnum.no import orgnr

FIRST_DAY = datetime.date(1880, 1, 1).toordinal()
ISO = [datetime.date.fromordinal(FIRST_DAY + n).isoformat() for n in range(66000)]  # until 2060
ORDINARY_SHIFT = 80  # the Tenor series: what stands for ordinary people outside production
DAYS = [(datetime.date(2001, 1, 1) + datetime.timedelta(n)).strftime("%d%m") for n in range(365)]
INDIVIDUALS = 250  # of each sex and century
BIRTHS = 365 * (INDIVIDUALS - 5)  # birthdays and individual numbers for a birth year and sex
TRAVELLERS = range(BIRTHS, 365 * INDIVIDUALS)  # those of persons who belong to no single municipality
LOWEST_ORGANISATION = 81000000  # without its check digit: real ones begin with 8 or 9


def iso(day: int) -> str:
    """The date of an ordinal as in the message."""
    place = day - FIRST_DAY
    return ISO[place] if 0 <= place < len(ISO) else datetime.date.fromordinal(day).isoformat()


def stable(*parts: object) -> int:
    """A number that depends on the parts only: the same on every machine and in every year."""
    return zlib.crc32("|".join(map(str, parts)).encode())


def chances(seed: int = 0) -> Random:
    """Draws that can be had again from the same seed; nothing secret hangs on them."""
    return Random(seed)  # noqa: S311


def identity_number(born: str, individual: int, shift: int = ORDINARY_SHIFT) -> str:
    """A fødselsnummer for a birth date `ddmmyy`, with the month shifted into a synthetic series.

    `individual` decides sex (odd = man) and century; where it has no check digits the next of the same sex is taken.
    """
    d = [int(digit) for digit in f"{born[:2]}{int(born[2:4]) + shift:02}{born[4:]}"]
    k1 = 3 * d[0] + 7 * d[1] + 6 * d[2] + d[3] + 8 * d[4] + 9 * d[5]
    k2 = 5 * d[0] + 4 * d[1] + 3 * d[2] + 2 * d[3] + 7 * d[4] + 6 * d[5]
    century = individual // 500 * 500
    while True:
        a, b, c = individual // 100, individual // 10 % 10, individual % 10
        first = -(k1 + 4 * a + 5 * b + 2 * c) % 11
        second = -(k2 + 5 * a + 4 * b + 3 * c + 2 * first) % 11
        if first < 10 and second < 10:
            return f"{d[0]}{d[1]}{d[2]}{d[3]}{d[4]}{d[5]}{individual:03}{first}{second}"
        individual = century + (individual - century + 2) % 500


def birth(position: int, birth_year: int, man: bool) -> tuple[str, int]:
    """The birth date `ddmmyy` and individual number of a position among BIRTHS: the same slot on day after day, then the next."""
    slot, day = divmod(position, 365)
    return f"{DAYS[day]}{birth_year % 100:02}", (500 if birth_year >= 2000 else 0) + 2 * slot + man


def own_identity(births: range, number: int, birth_year: int, man: bool, taken: set[str]) -> tuple[str, int, str]:
    """Birth date, individual number and identity number of a person: the first of `births` from the person's own on that has
    check digits and is not taken. `taken` are the identity numbers of the persons before, and gets this one."""
    start = number * 2654435761 % 2**32 * len(births) >> 32
    for step in range(len(births)):
        born, individual = birth(births[(start + step) % len(births)], birth_year, man)
        fid = identity_number(born, individual)
        if fid not in taken and int(fid[6:9]) == individual:
            break
    taken.add(fid)
    return born, individual, fid


def organisation_numbers(key: int, count: int) -> list[str]:
    """`count` organisation numbers with right check digits, always the same for a key."""
    found: list[str] = []
    base = LOWEST_ORGANISATION + key % 18_900_000
    while len(found) < count:
        base += 1
        control = orgnr.checksum(f"{base}0") % 11
        digit = (11 - control) % 11
        if digit < 10:
            found.append(f"{base}{digit}")
    return found
