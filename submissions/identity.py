"""What can be told from an identity number before it is forgotten."""

from __future__ import annotations

import datetime
import hmac

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
    unshifted = f"{number[:2]}{int(number[2:4]) - shift:02}{number[4:]}"
    try:
        return bool(fodselsnummer.get_birth_date(unshifted) <= datetime.date.today())
    except ValidationError:
        return False


def pseudonym(identity_type: str, number: str) -> str:
    """The 128-bit pseudonym of a person, as hexadecimal: HMAC-SHA-256 over type and number.

    The same key serves all municipalities, so that the same person is recognised across them.
    """
    text = f"{identity_type}|{number}".encode()
    return hmac.digest(settings.KPR_PSEUDONYM_KEY.encode(), text, "sha256")[:16].hex()
