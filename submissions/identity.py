"""What can be told from an identity number before it is forgotten."""

from __future__ import annotations

import datetime
import hmac
from functools import lru_cache

from django.conf import settings
from stdnum.exceptions import ValidationError
from stdnum.no import fodselsnummer

WITH_BIRTH_NUMBER = {1, 2}  # code list 9032: fødselsnummer and D-nummer
SYNTHETIC_SHIFTS = (80, 65, 40)  # Tenor, NHN's reserved series, NAV's Dolly


def month_shift(number: str) -> int:
    """What a synthetic series has added to the birth month: 80, 65 or 40; 0 for an ordinary number."""
    if len(number) != 11 or not number.isdecimal():
        return 0
    month = int(number[2:4])
    return next((shift for shift in SYNTHETIC_SHIFTS if shift < month <= shift + 12), 0)


def is_valid(number: str, shift: int) -> bool:
    """Whether it is 11 digits with right check digits (over the digits as written) and a real, past date of birth."""
    if len(number) != 11 or not (number.isascii() and number.isdecimal()):
        return False
    if number[9] != fodselsnummer.calc_check_digit1(number) or number[10] != fodselsnummer.calc_check_digit2(number):
        return False
    born = _birth_date(f"{number[:2]}{int(number[2:4]) - shift:02}{number[4:6]}", _century(number[6:9]))
    return born is not None and born <= datetime.date.today()


def _century(individual: str) -> str:
    """The first individual number of the range (000, 500, 750 or 900) that means the same century."""
    return next(first for first in ("900", "750", "500", "000") if individual >= first)


@lru_cache(maxsize=65536)
def _birth_date(day: str, century: str) -> datetime.date | None:
    # Only the date is asked for: the check digits are those of the number as written, and do not matter here.
    try:
        return fodselsnummer.get_birth_date(f"{day}{century}00")
    except ValidationError:
        return None


def pseudonym(identity_type: str, number: str) -> str:
    """The 128-bit pseudonym of a person, as hexadecimal: HMAC-SHA-256 over type and number.

    The same key serves all municipalities, so that the same person is recognised across them.
    """
    text = f"{identity_type}|{number}".encode()
    return hmac.digest(settings.KPR_PSEUDONYM_KEY.encode(), text, "sha256")[:16].hex()
