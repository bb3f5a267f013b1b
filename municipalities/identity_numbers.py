"""What a Norwegian identity number is: eleven digits with a date of birth and two check digits.

python-stdnum says which century an individual number belongs to. The check digits are computed here, the same way but ten times
as fast, because reading a message waits for them; a test compares the two.
"""

from __future__ import annotations

import datetime
from functools import lru_cache

from stdnum.exceptions import ValidationError
from stdnum.no import fodselsnummer

LENGTH = 11
SYNTHETIC_SHIFTS = (80, 65, 40)  # Tenor, NHN's reserved series, NAV's Dolly
SHIFT_OF_MONTH = {str(shift + month): shift for shift in SYNTHETIC_SHIFTS for month in range(1, 13)}


def month_shift(number: str) -> int:
    """What a synthetic series has added to the birth month: 80, 65 or 40; 0 for an ordinary number."""
    if len(number) != LENGTH or not number.isdecimal():
        return 0
    return SHIFT_OF_MONTH.get(number[2:4], 0)


def is_valid(number: str, shift: int) -> bool:
    """Whether it is 11 digits with right check digits (over the digits as written) and a real, past date of birth."""
    if len(number) != LENGTH or not (number.isascii() and number.isdecimal()):
        return False
    if not _has_right_check_digits(number):
        return False
    year = _birth_year(number[4:6], _century(number[6:9]))
    try:
        born = datetime.date(year, int(number[2:4]) - shift, _day(number))
    except ValueError:
        return False
    return born <= datetime.date.today()


def _has_right_check_digits(number: str) -> bool:
    """As stdnum's `calc_check_digit1` and `calc_check_digit2` tell, ten times as fast: reading waits for this."""
    a, b, c, d, e, f, g, h, i, first, second = map(int, number)
    return (
        (3 * a + 7 * b + 6 * c + d + 8 * e + 9 * f + 4 * g + 5 * h + 2 * i + first) % 11 == 0
        and (5 * a + 4 * b + 3 * c + 2 * d + 7 * e + 6 * f + 5 * g + 4 * h + 3 * i + 2 * first + second) % 11 == 0
    )  # fmt: skip


def _day(number: str) -> int:
    """The day of birth; a D-number has added 4 to its first digit."""
    day = int(number[:2])
    return day - 40 if day > 40 else day


def _century(individual: str) -> str:
    """The first individual number of the range (000, 500, 750 or 900) that means the same century."""
    return next(first for first in ("900", "750", "500", "000") if individual >= first)


@lru_cache(maxsize=400)
def _birth_year(year: str, century: str) -> int:
    """The four-digit year; 0 where the individual number was never given out in such a year."""
    # Only the year is asked for: the check digits are those of the number as written, and do not matter here.
    try:
        born: datetime.date = fodselsnummer.get_birth_date(f"0101{year}{century}00")
    except ValidationError:
        return 0
    return born.year
