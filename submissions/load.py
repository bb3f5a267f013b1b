"""Reads an accepted message into the person-level tables: one streaming pass, COPY in batches.

Memory does not grow with the message. Values are normalised only as far as a column needs; judging is left to the checks.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import Any, ClassVar

from django.conf import settings
from django.db import connection, transaction
from stdnum.no import orgnr

from submissions import identity
from submissions.inspection import NAMESPACE, safe_parser
from submissions.models import (
    PERSON_LEVEL,
    Answer,
    Contact,
    Need,
    Person,
    PersonLevel,
    Service,
    Submission,
    TemporaryStop,
)

IDS_PER_SUBMISSION = 10_000_000  # more rows of one kind than 300 MB of XML can hold
BATCH_PERSONS = 4000
NULL = r"\N"
LARGEST_INTEGER = 2**31 - 1
LARGEST_SMALL = 2**15 - 1
COPY_ESCAPES = str.maketrans({"\\": r"\\", "\t": r"\t", "\n": r"\n", "\r": r"\r"})
IDENTITY_NUMBER = re.compile(r"\d{6} ?\d{5}", re.ASCII)


def load(submission: Submission, pieces: Iterable[bytes]) -> None:
    """Replace the submission's rows by what the message holds, batch by batch; its counts show the progress.

    Each batch is committed on its own: the rows count for nobody until the submission is made current.
    """
    clear(submission)
    reader = _Reader(submission)
    parser = safe_parser(reader)
    for piece in pieces:
        parser.feed(piece)
        if reader.persons - reader.stored >= BATCH_PERSONS:
            reader.store()
    parser.close()
    reader.store()


def clear(submission: Submission) -> None:
    """Remove the rows of an attempt that was broken off."""
    for model in (*PERSON_LEVEL, Contact):
        model._default_manager.filter(submission=submission).delete()


def date(text: str | None) -> str:
    """An xs:date as COPY takes it: without its time zone, and within the years that a program can hold (1 to 9999)."""
    if not text:
        return NULL
    if len(text) == 10:
        return text
    text = text.strip()
    if text.startswith("-"):
        return "0001-01-01"
    year, rest = text.split("-", 1)
    return "9999-12-31" if len(year) > 4 else f"{year}-{rest[:5]}"


def words(text: str | None) -> str:
    """A text as COPY takes it, with runs of white space as one space (xs:token)."""
    if not text or text.isalnum():
        return text or ""
    return " ".join(text.split()).translate(COPY_ESCAPES)


def integer(text: str) -> str:
    return str(max(-LARGEST_INTEGER, min(LARGEST_INTEGER, int(text)))) if len(text) < 20 else str(LARGEST_INTEGER)


@lru_cache(maxsize=4096)
def code_number(text: str) -> str:
    """The number of a code without leading zeros and sub-code (`08.01` is 8); NULL where there is none."""
    whole = text.strip().partition(".")[0]
    if not (whole.isascii() and whole.isdecimal()) or int(whole) > LARGEST_SMALL:
        return NULL
    return str(int(whole))


@lru_cache(maxsize=4096)
def organisation(text: str | None) -> str:
    """The organisation number as given and whether its check digit is right, as two COPY columns."""
    number = words(text)
    if not number:
        return f"{NULL}\t{NULL}"
    right = len(number) == 9 and number.isascii() and orgnr.is_valid(number)
    return f"{IDENTITY_NUMBER.sub('skjult', number)}\t{'t' if right else 'f'}"


@lru_cache(maxsize=1024)
def hours(text: str | None) -> str:
    return text.strip() if text else NULL


class _Table:
    """Lines waiting to be copied into one table."""

    def __init__(self, model: type[PersonLevel], columns: str) -> None:
        fields = [f.column for f in model._meta.local_concrete_fields]
        wanted = columns.split()
        if set(fields) != set(wanted):
            raise TypeError(f"The loader and {model.__name__} disagree on columns: {set(fields) ^ set(wanted)}")
        quoted = ", ".join(f'"{column}"' for column in wanted)
        self.sql = f"COPY {model._meta.db_table} ({quoted}) FROM STDIN"
        self.lines: list[str] = []
        self.count = 0

    def store(self, cursor: Any) -> None:
        if self.lines:
            with cursor.copy(self.sql) as copy:
                copy.write("".join(self.lines))
            self.lines.clear()


class _Reader:
    """The parser calls `start` for each element; each is turned into one COPY line."""

    COLUMNS: ClassVar[dict[type[PersonLevel], str]] = {
        Person: "id submission_id municipality_id user_ref pseudonym key_version identity_type identity_valid month_shift "
        "sex birth_year district home_municipality",
        Service: "id submission_id municipality_id person_id service_ref type_code type applied_on decided_on start end "
        "hours organisation_number organisation_check",
        TemporaryStop: "id submission_id municipality_id service_id start end",
        Answer: "id submission_id municipality_id person_id topic yes date",
        Need: "id submission_id municipality_id person_id date variable value",
    }

    def __init__(self, submission: Submission) -> None:
        self.submission = submission
        self.first = submission.pk * IDS_PER_SUBMISSION
        self.owner = f"{submission.pk}\t{submission.municipality_id}"
        self.tables = {model: _Table(model, columns) for model, columns in self.COLUMNS.items()}
        self.contacts: list[Contact] = []
        self.persons = 0
        self.stored = 0
        self.person_id = self.service_id = self.first
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
        if make := self.row_of.get(tag):
            make(attributes)

    def close(self) -> None:
        return None

    def add(self, model: type[PersonLevel], rest: str) -> int:
        """Put one line in wait; returns the row's key."""
        table = self.tables[model]
        table.count += 1
        key = self.first + table.count
        table.lines.append(f"{key}\t{self.owner}\t{rest}\n")
        return key

    def contact(self, a: Any) -> None:
        self.contacts.append(
            Contact(
                submission=self.submission,
                name=a["kontPerson"],
                phone=a.get("meldTelefon", ""),
                email=a["meldEpost1"],
                other_email=a.get("meldEpost2", ""),
                type=a["typeKontaktperson"].strip(),
            )
        )

    def person(self, a: Any) -> None:
        self.persons += 1
        number = a["fid"].strip()
        kind = code_number(a["typeID"])
        shift, valid = 0, NULL
        if kind in ("1", "2"):
            shift = identity.month_shift(number)
            valid = "t" if identity.is_valid(number, shift) else "f"
        named = kind if kind != NULL else words(a["typeID"])
        self.person_id = self.add(
            Person,
            f"{self.reference(a['brukerNr'], number)}\t{identity.pseudonym(named, number)}\t{self.key_version}\t{kind}\t"
            f"{valid}\t{shift}\t{words(a['kjonn'])}\t{integer(a['fodselsar'])}\t{words(a.get('bydel'))}\t"
            f"{words(a.get('komNrHjem'))}",
        )

    def service(self, a: Any) -> None:
        get = a.get
        code = a["tjenesteType"]
        self.service_id = self.add(
            Service,
            f"{self.person_id}\t{self.reference(a['tjenesteID'])}\t{words(code)}\t{code_number(code)}\t"
            f"{date(get('soknadDato'))}\t{date(get('vedtakDato'))}\t{date(get('startDato'))}\t{date(get('sluttDato'))}\t"
            f"{hours(get('timerPerUke'))}\t{organisation(get('tjenesteOrgNr'))}",
        )

    def stop(self, a: Any) -> None:
        self.add(TemporaryStop, f"{self.service_id}\t{date(a['fraDato'])}\t{date(a.get('tilDato'))}")

    def answer(self, a: Any) -> None:
        yes = "t" if a["svar"].strip() == "ja" else "f"
        self.add(Answer, f"{self.person_id}\t{a['navn'].strip()}\t{yes}\t{date(a.get('dato'))}")

    def need(self, a: Any) -> None:
        self.add(Need, f"{self.person_id}\t{date(a['dato'])}\t{words(a['variabel'])}\t{words(a['verdi'])}")

    def reference(self, text: str, number: str = "") -> str:
        """The sender's own number; never an identity number, which some systems put there."""
        if len(text) < len("ddmmyynnnkk") and text.isalnum() and text != number:
            return text
        reference = words(text)
        if reference == number or IDENTITY_NUMBER.fullmatch(reference):
            return f"skjult-{self.persons}"
        return reference

    def store(self) -> None:
        """Copy what waits, and show how far we have come, in one transaction."""
        with transaction.atomic():
            with connection.cursor() as cursor:
                for table in self.tables.values():
                    table.store(cursor)
            Contact.objects.bulk_create(self.contacts)
            counts = {"persons": self.persons, "services": self.tables[Service].count}
            Submission.objects.filter(pk=self.submission.pk).update(**counts)
        self.contacts.clear()
        self.stored = self.persons
