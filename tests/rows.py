"""Rows of submissions as a test states them, written straight to the tables without a message."""

from __future__ import annotations

import datetime
import itertools
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from django.db import connection
from django.utils import timezone

from municipalities.models import County, Municipality
from submissions.models import (
    PERSON_LEVEL,
    Answer,
    Channel,
    Contact,
    Person,
    Service,
    Stage,
    Status,
    Submission,
    TemporaryStop,
)

Date = str | None
numbers = itertools.count(1)


@dataclass
class Stop:
    start: str
    end: Date = None


@dataclass
class Given:
    """A service; `type` as the message has it."""

    type: str = "15"
    start: Date = "2023-02-01"
    end: Date = None
    hours: float | None = None
    organisation: str | None = None
    check: bool | None = None
    decided: Date = None
    stops: Sequence[Stop] = ()
    ref: str = ""
    ref_hash: int = 0


@dataclass
class Said:
    """A dated answer."""

    topic: str
    yes: bool
    date: Date = None


@dataclass
class Who:
    """A person. `who` tells persons apart across messages; the same letter is the same person."""

    services: Sequence[Given] = ()
    answers: Sequence[Said] = ()
    who: str = ""
    ref: str = ""
    ref_hash: int = 0
    identity_type: int | None = 1
    identity_valid: bool | None = True
    month_shift: int = 0
    birth_year: int = 1940


@dataclass
class Sent:
    """One submission. `state` is current, superseded or trial."""

    persons: Sequence[Who] = ()
    municipality: str = "4601"
    year: int = 2023
    lineage: str = ""
    state: str = "current"
    contacts: Sequence[tuple[str, str]] = (("16", "a@kommune.example"), ("17", "b@kommune.example"))
    extra: dict[str, Any] = field(default_factory=dict)


def date(text: Date) -> datetime.date | None:
    return datetime.date.fromisoformat(text) if text else None


def municipality(code: str, lineage: str = "") -> Municipality:
    county, _created = County.objects.get_or_create(code=code[:2], defaults={"name": code[:2], "valid_from": 2020})
    named = {"name": f"Kommune {code}", "county": county, "valid_from": 2020, "lineage": lineage or code}
    return Municipality.objects.get_or_create(code=code, defaults=named)[0]


def empty_tables() -> None:
    """The files that earlier tests left are as large as if they were full."""
    tables = ", ".join(model._meta.db_table for model in PERSON_LEVEL)
    with connection.cursor() as cursor:
        cursor.execute(f"TRUNCATE {tables}")


def store(sent: Sent) -> Submission:
    """Write one submission with its rows; ids follow each other in the order stated."""
    submission = Submission.objects.create(
        municipality=municipality(sent.municipality, sent.lineage),
        year=sent.year,
        period_start=datetime.date(sent.year, 1, 1),
        period_end=datetime.date(sent.year, 12, 31),
        channel=Channel.API,
        dry_run=sent.state == "trial",
        status=Status.DONE,
        stage=Stage.FINISHED,
        is_current=sent.state == "current",
        received_at=timezone.now(),
        sha256=uuid.uuid4().hex,
        size=1,
        **sent.extra,
    )
    for type_, email in sent.contacts:
        Contact.objects.create(submission=submission, name="Kari", email=email, type=type_)
    for who in sent.persons:
        _store_person(submission, who)
    return submission


def pseudonym(who: str) -> uuid.UUID:
    return uuid.uuid5(uuid.NAMESPACE_OID, who) if who else uuid.uuid4()


def _store_person(submission: Submission, who: Who) -> None:
    owner: dict[str, Any] = {"submission": submission, "municipality_id": submission.municipality_id}
    key = next(numbers)
    person = Person.objects.create(
        id=key,
        user_ref=who.ref or f"B{key}",
        user_ref_hash=who.ref_hash,
        pseudonym=pseudonym(who.who),
        key_version=1,
        identity_type=who.identity_type,
        identity_valid=who.identity_valid,
        month_shift=who.month_shift,
        sex="2",
        birth_year=who.birth_year,
        **owner,
    )
    for given in who.services:
        _store_service(person, given, owner)
    for said in who.answers:
        Answer.objects.create(
            id=next(numbers), person=person, topic=said.topic, yes=said.yes, date=date(said.date), **owner
        )


def _store_service(person: Person, given: Given, owner: dict[str, Any]) -> None:
    key = next(numbers)
    whole = given.type.partition(".")[0]
    service = Service.objects.create(
        id=key,
        person=person,
        service_ref=given.ref or f"T{key}",
        service_ref_hash=given.ref_hash,
        type_code=given.type,
        type=int(whole) if whole.isdecimal() else None,
        decided_on=date(given.decided),
        start=date(given.start),
        end=date(given.end),
        hours=None if given.hours is None else Decimal(str(given.hours)),
        organisation_number=given.organisation,
        organisation_check=given.check,
        **owner,
    )
    for stop in given.stops:
        TemporaryStop.objects.create(
            id=next(numbers), service=service, start=date(stop.start), end=date(stop.end), **owner
        )
