"""Reads an accepted message into the person-level tables: one streaming pass, COPY in batches.

Memory does not grow with the message. Values are normalised only as far as a column needs; judging is left to the checks.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from typing import Any, ClassVar, TypeVar

import psycopg
from django.conf import settings
from django.db import connection
from django.db.models import AutoField, Model
from stdnum.no import orgnr

from municipalities.identity_numbers import LENGTH, is_valid, month_shift
from municipalities.masking import mask, own_number
from submissions import identity
from submissions.beside import Beside
from submissions.inspection import NAMESPACE, safe_parser
from submissions.limits import refuse_too_many
from submissions.models import (
    LOWEST_ORGANISATION_NUMBER,
    PERSON_LEVEL,
    PLACEHOLDER_ORGANISATION_NUMBER,
    Answer,
    Contact,
    Need,
    Person,
    PersonLevel,
    Service,
    Submission,
    TemporaryStop,
)
from submissions.refusals import TooLarge

IDS_PER_SUBMISSION = 10_000_000  # more rows of one kind than 300 MB of XML can hold
BATCH_ROWS = 16_000
BATCH_BYTES = 8 * 1024**2  # of the message: each row may have an organisation number of 60 kB
MOST_UNITS = 10_000  # Oslo has some hundreds
SMALL_BYTES = 1_500_000  # about a batch
NULL = r"\N"
LONGEST_REMEMBERED = 40
LARGEST_YEAR = 999_999_999  # reckoning with it stays within PostgreSQL's integer
LARGEST_SMALL = 2**15 - 1
XML_SPACE = re.compile(r"[ \t\r\n]+")
COPY_ESCAPES = str.maketrans({"\\": r"\\", "\t": r"\t", "\n": r"\n", "\r": r"\r"})


def load(submission: Submission, pieces: Iterable[bytes]) -> set[str]:
    """Store the rows of the message, batch by batch; the submission's counts show the progress. Returns the organisation numbers
    that services were given by, those that are right.

    Each batch is committed on its own: the rows count for nobody until the submission is made current. PostgreSQL stores
    one batch while the next is read.

    Raises:
        TooLarge: more persons, services or units than are received. The rows stored until then are the caller's to remove.
    """
    reader = _Reader(submission)
    parser = safe_parser(reader)
    # The parser has a thread of its own, with which the names that it met are forgotten (submissions.inspection).
    with _database(submission) as database, ThreadPoolExecutor(max_workers=1) as storing, Beside(ahead=0) as reading:
        stored: Future[None] | None = None
        read = 0
        for piece in pieces:
            reading.hand(parser.feed, piece)
            reader.refuse_too_much()
            read += len(piece)
            if reader.waiting >= BATCH_ROWS or read >= BATCH_BYTES:
                read = 0
                _wait_for(stored)
                stored = storing.submit(_store, database, reader.take_batch())
        reading.hand(parser.close)
        _wait_for(stored)
        _store(database, reader.take_batch())
    return reader.right_organisations


@contextmanager
def _database(submission: Submission) -> Iterator[psycopg.Connection[Any]]:
    """A connection for storing, so that reading the message need not wait for it; the caller's where that is in a
    transaction, which no other connection would see, or where the message is small and a new one costs more than it saves."""
    if connection.in_atomic_block or submission.size < SMALL_BYTES:
        connection.ensure_connection()
        yield connection.connection
        return
    own = connection.copy()
    own.ensure_connection()
    try:
        yield own.connection
    finally:
        own.close()


def _wait_for(stored: Future[None] | None) -> None:
    """No more than two batches are ever in memory."""
    if stored:
        stored.result()


def _store(database: psycopg.Connection[Any], batch: _Batch) -> None:
    """Copy a batch and show how far we have come, in one transaction (a savepoint where there is one already)."""
    with database.transaction(), database.cursor() as cursor:
        # Nothing waits for the disk: what a crash takes is read again, and the switch to current is flushed with all before it.
        cursor.execute("SET LOCAL synchronous_commit = off")
        for sql, lines in batch.copies:
            with cursor.copy(sql) as copy:
                copy.write("".join(lines))
        cursor.execute(
            "UPDATE submissions_submission SET persons = %s, services = %s WHERE id = %s",
            [batch.persons, batch.services, batch.submission],
        )


def clear(submission: Submission) -> None:
    """Remove the rows of an attempt that was broken off."""
    for model in (*PERSON_LEVEL, Contact):
        model._default_manager.filter(submission=submission).delete()


Reading = TypeVar("Reading", str, str | None)


def remembered(maxsize: int) -> Callable[[Callable[[Reading], str]], Callable[[Reading], str]]:
    """As lru_cache for what is read of a text; a long one, which only white space or a stranger makes, is not kept."""

    def decorate(read: Callable[[Reading], str]) -> Callable[[Reading], str]:
        cached = lru_cache(maxsize)(read)
        return lambda text: cached(text) if text is None or len(text) <= LONGEST_REMEMBERED else read(text)

    return decorate


@remembered(32768)
def date(text: str | None) -> str:
    """An xs:date as COPY takes it: without its time zone, and within the years that a program can hold (1 to 9999)."""
    if not text:
        return NULL
    if len(text) == 10:
        return text
    text = text.strip()
    if text.startswith(("-", "0000")):
        return "0001-01-01"
    year, rest = text.split("-", 1)
    return "9999-12-31" if len(year) > 4 else f"{year}-{rest[:5]}"


def token_text(text: str | None, own: str = "") -> str:
    """A text as COPY takes it: runs of white space as one space (xs:token), identity numbers masked, among them the person's own."""
    if not text or _is_plain(text):
        return text or ""
    return token(mask(text, own)).translate(COPY_ESCAPES)


def _is_plain(text: str) -> bool:
    """Whether it can be stored as it is: too short to hold an identity number, and nothing in it to tidy or to escape."""
    return len(text) < LENGTH and text.isascii() and text.isprintable() and " " not in text and "\\" not in text


def token(text: str) -> str:
    """The text with runs of white space as one space, none at its ends (xs:token). XML has four kinds of white space."""
    return " ".join(text.split()) if text.isascii() else XML_SPACE.sub(" ", text).strip(" ")


@remembered(1024)
def integer(text: str) -> str:
    """An xs:integer as COPY takes it, within ± LARGEST_YEAR."""
    sign, digits = text.strip()[:1] == "-", text.strip().lstrip("+-").lstrip("0")
    size = min(int(digits or 0), LARGEST_YEAR) if len(digits) < 10 else LARGEST_YEAR
    return str(-size if sign else size)


@remembered(4096)
def code_number(text: str) -> str:
    """The number of a code without leading zeros and sub-code (`08.01` is 8); NULL where there is none."""
    whole = text.strip().partition(".")[0]
    if not (whole.isascii() and whole.isdecimal()) or int(whole) > LARGEST_SMALL:
        return NULL
    return str(int(whole))


def code(text: str, own: str = "") -> str:
    """A code as given and its number, as two COPY columns."""
    return f"{token_text(text, own)}\t{code_number(text)}"


def organisation(text: str | None, own: str = "") -> str:
    """The organisation number as given and whether it can be a unit's, as two COPY columns."""
    return _known_organisation(text) if text is None or _is_plain(text) else _organisation(token_text(text, own))


def _organisation(number: str) -> str:
    if not number:
        return f"{NULL}\t{NULL}"
    return f"{number}\t{'t' if _is_of_a_unit(number) else 'f'}"


def _is_of_a_unit(number: str) -> bool:
    """The placeholder has a right check digit, and is nobody's all the same."""
    in_use = LOWEST_ORGANISATION_NUMBER <= number < PLACEHOLDER_ORGANISATION_NUMBER
    return len(number) == 9 and number.isascii() and in_use and orgnr.is_valid(number)


@lru_cache(maxsize=4096)
def _known_organisation(number: str | None) -> str:
    return _organisation(number or "")


@remembered(1024)
def hours(text: str | None) -> str:
    """An xs:decimal of at most six digits, two of them decimals; however many zeros it is written with."""
    if text is None:
        return NULL
    return text if len(text) < 10 else str(Decimal(text.strip()))


@dataclass(frozen=True)
class _Batch:
    """Lines to be copied, and the counts when they are."""

    submission: int
    persons: int
    services: int
    copies: list[tuple[str, list[str]]]


def _copy_into(model: type[Model], columns: str) -> str:
    """The COPY statement; it fails at once where the loader and the model disagree on columns."""
    wanted = columns.split()
    fields = {field.column for field in model._meta.local_concrete_fields if not isinstance(field, AutoField)}
    if fields != set(wanted):
        raise TypeError(f"The loader and {model.__name__} disagree on columns: {fields ^ set(wanted)}")
    quoted = ", ".join(f'"{column}"' for column in wanted)
    return f"COPY {model._meta.db_table} ({quoted}) FROM STDIN"


class _Reader:
    """The parser calls `start` for each element; each is turned into one COPY line."""

    COLUMNS: ClassVar[dict[type[Model], str]] = {
        Contact: "submission_id name phone email other_email type",
        Person: "id submission_id municipality_id user_ref user_ref_hash pseudonym key_version identity_type identity_valid "
        "month_shift sex birth_year district home_municipality",
        Service: "id submission_id municipality_id person_id service_ref service_ref_hash type_code type applied_on decided_on "
        "start end hours organisation_number organisation_check",
        TemporaryStop: "id submission_id municipality_id service_id start end",
        Answer: "id submission_id municipality_id person_id topic yes date",
        Need: "id submission_id municipality_id person_id date variable value",
    }

    def __init__(self, submission: Submission) -> None:
        self.submission = submission
        self.first = submission.pk * IDS_PER_SUBMISSION
        self.owner = f"{submission.pk}\t{submission.municipality_id}"
        self.statements = {model: _copy_into(model, columns) for model, columns in self.COLUMNS.items()}
        self.lines: dict[type[Model], list[str]] = {model: [] for model in self.COLUMNS}
        self.counts: dict[type[Model], int] = dict.fromkeys(self.COLUMNS, 0)
        self.person_id = self.service_id = self.first
        self.own = ""  # the identity number of the person who is being read, while it is
        self.organisations: set[str] = set()  # as two COPY columns, of the piece being read
        self.right_organisations: set[str] = set()
        self.key_version = settings.KPR_PSEUDONYM_KEY_VERSION
        self.row_of: dict[str, Callable[[Any], None]] = {
            f"{NAMESPACE}Kontaktperson": self.contact,
            f"{NAMESPACE}Bruker": self.person,
            f"{NAMESPACE}Tjeneste": self.service,
            f"{NAMESPACE}MidlertidigStopp": self.stop,
            f"{NAMESPACE}Opplysning": self.answer,
            f"{NAMESPACE}Bistandsbehov": self.need,
        }

    def start(self, tag: str, attributes: Any) -> None:
        make = self.row_of.get(tag)
        if make is not None:
            make(attributes)

    def close(self) -> None:
        return None

    @property
    def waiting(self) -> int:
        """Rows read and not yet handed over: persons may have any number of services and answers."""
        return sum(map(len, self.lines.values()))

    def refuse_too_much(self) -> None:
        refuse_too_many(self.counts[Person], self.counts[Service])
        self.right_organisations |= {given[:-2] for given in self.organisations if given.endswith("\tt")}
        self.organisations.clear()
        if len(self.right_organisations) > MOST_UNITS:
            raise TooLarge("too-many-units", limit=MOST_UNITS)

    def take_batch(self) -> _Batch:
        copies = [(self.statements[model], lines) for model, lines in self.lines.items() if lines]
        self.lines = {model: [] for model in self.COLUMNS}
        return _Batch(self.submission.pk, self.counts[Person], self.counts[Service], copies)

    def key(self, model: type[PersonLevel]) -> int:
        self.counts[model] = count = self.counts[model] + 1
        return self.first + count

    def contact(self, a: Any) -> None:
        texts = (a["kontPerson"], a.get("meldTelefon"), a["meldEpost1"], a.get("meldEpost2"), a["typeKontaktperson"])
        columns = "\t".join(token_text(text) for text in texts)
        self.lines[Contact].append(f"{self.submission.pk}\t{columns}\n")

    def person(self, a: Any) -> None:
        number = a["fid"].strip()
        kind = code_number(a["typeID"])
        shift, valid = 0, NULL
        self.own = own = ""
        if kind in ("1", "2"):
            shift = month_shift(number)
            valid = "t" if is_valid(number, shift) else "f"
            self.own = own = own_number(number)
        named = kind if kind != NULL else token(a["typeID"])
        reference = self.reference("brukerNr", a["brukerNr"])
        self.person_id = self.key(Person)
        self.lines[Person].append(
            f"{self.person_id}\t{self.owner}\t{reference}\t{identity.pseudonym(named, number)}\t{self.key_version}\t{kind}\t"
            f"{valid}\t{shift}\t{token_text(a['kjonn'], own)}\t{integer(a['fodselsar'])}\t{token_text(a.get('bydel'), own)}\t"
            f"{token_text(a.get('komNrHjem'), own)}\n"
        )

    def service(self, a: Any) -> None:
        get = a.get
        given_by = organisation(get("tjenesteOrgNr"), self.own)
        self.organisations.add(given_by)
        self.service_id = key = self.key(Service)
        self.lines[Service].append(
            f"{key}\t{self.owner}\t{self.person_id}\t{self.reference('tjenesteID', a['tjenesteID'])}\t"
            f"{code(a['tjenesteType'], self.own)}\t"
            f"{date(get('soknadDato'))}\t{date(get('vedtakDato'))}\t{date(get('startDato'))}\t{date(get('sluttDato'))}\t"
            f"{hours(get('timerPerUke'))}\t{given_by}\n"
        )

    def stop(self, a: Any) -> None:
        key = self.key(TemporaryStop)
        self.lines[TemporaryStop].append(
            f"{key}\t{self.owner}\t{self.service_id}\t{date(a['fraDato'])}\t{date(a.get('tilDato'))}\n"
        )

    def answer(self, a: Any) -> None:
        yes = "t" if a["svar"].strip() == "ja" else "f"
        key = self.key(Answer)
        self.lines[Answer].append(
            f"{key}\t{self.owner}\t{self.person_id}\t{a['navn'].strip()}\t{yes}\t{date(a.get('dato'))}\n"
        )

    def need(self, a: Any) -> None:
        key = self.key(Need)
        self.lines[Need].append(
            f"{key}\t{self.owner}\t{self.person_id}\t{date(a['dato'])}\t{token_text(a['variabel'], self.own)}\t"
            f"{token_text(a['verdi'], self.own)}\n"
        )

    def reference(self, name: str, text: str) -> str:
        """The sender's own number, and 0 or the hash of what it was before an identity number in it was masked, as two COPY columns."""
        if _is_plain(text):
            return f"{text}\t0"
        masked = mask(text, self.own)
        given = token(masked).translate(COPY_ESCAPES)
        if masked == text:
            return f"{given}\t0"
        return f"{given}\t{identity.reference_hash(str(self.submission.municipality_id), name, token(text))}"
