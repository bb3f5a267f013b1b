"""Identity numbers inside texts from outside: found by content, whatever the form, and replaced by `skjult`.

A text holds an identity number when a run of its digits contains the person's own number, or is exactly eleven digits that are a
valid one of any series. Digits are those of any script, and of any form that NFKC makes a digit of; spaces, dots, hyphens, slashes,
underscores and what is not seen at all do not end a run, but each part of it counts as a run too, and so do six digits and five.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise

from municipalities.identity_numbers import LENGTH, is_valid, month_shift

MASK = "skjult"
DATE_LENGTH = 6
SEPARATORS = " \t\r\n./-_"
WITHOUT_SEPARATORS = str.maketrans("", "", SEPARATORS)
ELEVEN = re.compile(r"[0-9]{11}")
LONG_RUN = re.compile(r"[0-9](?:[ \t\r\n./_-]*[0-9]){10,}")
PART = re.compile(r"[0-9]+")
ELEVEN_DIGITS = re.compile(r"\d(?:\D*\d){10}")
# Besides hyphens and spaces of every width: minus, the slash of a fraction, and what a reader does not see.
OTHER_SEPARATORS = "\u2044\u2212"
UNSEEN = {"Zs", "Zl", "Zp", "Pd", "Cf", "Cc", "Mn", "Me"}


@dataclass
class _Run:
    """Digits with at most separators between them: each digit's place in the text, and where parts begin."""

    digits: list[str] = field(default_factory=list)
    places: list[int] = field(default_factory=list)
    beginnings: set[int] = field(default_factory=set)

    def has_whole(self, first: int) -> bool:
        """Whether eleven digits from there on are one part, two parts of six and five as the number is written, or all there is."""
        end = first + LENGTH
        if first not in self.beginnings or (end < len(self.digits) and end not in self.beginnings):
            return False
        inside = self.beginnings & set(range(first + 1, end))
        return inside <= {first + DATE_LENGTH} or len(self.digits) == LENGTH


def mask(text: str, own: str = "") -> str:
    """The text with each identity number in it as `skjult`; the same text where it holds none.

    `own` is the identity number of the person whom the text is about: eleven digits (`own_number`), or empty.
    """
    if text.isascii():
        if len(text) < LENGTH or not ELEVEN.search(text.translate(WITHOUT_SEPARATORS)) or not _holds(text, own):
            return text
    elif not ELEVEN_DIGITS.search(unicodedata.normalize("NFKC", text)):
        return text
    spans = sorted(span for run in _runs(text) for span in _held(run, own))
    return _replaced(text, spans) if spans else text


def _holds(text: str, own: str) -> bool:
    """Whether a text of ASCII holds a number: what `_held` tells, without telling where, because most texts hold none."""
    for run in LONG_RUN.findall(text):
        parts = PART.findall(run)
        digits = "".join(parts)
        if own and own in digits:
            return True
        wholes = [digits, *parts, *(a + b for a, b in pairwise(parts) if len(a) == DATE_LENGTH)]
        if any(len(number) == LENGTH and is_valid(number, month_shift(number)) for number in wholes):
            return True
    return False


def own_number(number: str) -> str:
    """A person's number as `mask` compares it: eleven digits, right or wrong; empty where it is nothing like that."""
    if len(number) == LENGTH and number.isascii() and number.isdecimal():
        return number
    runs = list(_runs(number))
    return "".join(runs[0].digits) if len(runs) == 1 and len(runs[0].digits) == LENGTH else ""


def _runs(text: str) -> Iterator[_Run]:
    run, in_part = _Run(), False
    for place, character in enumerate(text):
        for part in unicodedata.normalize("NFKC", character):
            digit = unicodedata.decimal(part, None)
            if digit is not None:
                if not in_part:
                    run.beginnings.add(len(run.digits))
                run.digits.append(str(digit))
                run.places.append(place)
            elif not _separates(part):
                yield run
                run = _Run()
            in_part = digit is not None
    yield run


def _separates(character: str) -> bool:
    return character in SEPARATORS or character in OTHER_SEPARATORS or unicodedata.category(character) in UNSEEN


def _held(run: _Run, own: str) -> Iterator[tuple[int, int]]:
    """First and last place of each identity number in the run."""
    digits = "".join(run.digits)
    for first in range(len(digits) - LENGTH + 1):
        number = digits[first : first + LENGTH]
        if number == own or (run.has_whole(first) and is_valid(number, month_shift(number))):
            yield run.places[first], run.places[first + LENGTH - 1]


def _replaced(text: str, spans: list[tuple[int, int]]) -> str:
    parts, done = [], 0
    for first, last in spans:
        if first >= done:
            parts += [text[done:first], MASK]
        done = max(done, last + 1)
    return "".join([*parts, text[done:]])
