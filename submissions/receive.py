"""The one way in. A door authenticates, calls `receive`, and translates the outcome; it holds no rule of its own."""

from __future__ import annotations

import datetime
import hashlib
from dataclasses import dataclass
from typing import Any, BinaryIO

from django.db import connection, transaction
from django.db.models import Q

from municipalities import audit, calendar, room
from municipalities.access import Access, with_predecessors
from municipalities.models import Municipality, MunicipalityChange
from municipalities.outages import is_full
from submissions import kinds, tasks, unpack, vault
from submissions.faults import masked
from submissions.identity import key_hash
from submissions.inspection import Header, Inspection, explain
from submissions.models import REFUSED, Channel, Kind, Message, Stage, Status, Submission
from submissions.refusals import Invalid, KeyReused, NoRoom, NotYours, Refusal, Repeat

NUMBER = "/Melding/Kommune/@kommuneNr"
LEAVE_NO_TRACE = (Repeat, KeyReused)


@dataclass
class _Arrival:
    """What is known of a message on its way in."""

    access: Access
    channel: Channel
    wanted: str
    dry_run: bool
    idempotency_key: str  # its hash
    header: Header
    sha256: str = ""
    size: int = 0

    @property
    def municipality(self) -> str:
        return self.header.municipality

    @property
    def year(self) -> int | None:
        start = self.header.attributes.get("fraDatoPeriode", "")[:4]
        return int(start) if start.isdecimal() else None


def receive(
    *,
    channel: Channel,
    access: Access,
    content: BinaryIO,
    municipality: str = "",
    dry_run: bool = False,
    idempotency_key: str = "",
    gzipped: bool | None = None,
    charset: str = "",
) -> Submission:
    """Take in one message: look it over, keep it encrypted, and have the workers told once it is committed.

    `municipality` is the one that the sender stands at, when the door knows; the message must be about it, under the number
    that it has or one that it had before a renumbering. `gzipped` None looks at the first bytes. `charset` is what the sender said
    beside the message, a name that Python knows; it must not contradict the message where that makes a difference. The same Idempotency-Key with the same message answers with the submission it made the first time.

    Raises:
        Refusal: the message is not taken in. Where it names a municipality and a year that the sender may submit for, the
            refusal is kept in the history as `refusal.submission`. The rest of the content is read away.
    """
    arrival = _Arrival(access, channel, municipality, dry_run, key_hash(idempotency_key), Header())
    try:
        if not room.is_enough():
            raise NoRoom
        with transaction.atomic():
            message = _read(arrival, content, gzipped, charset)
            submission = _accept(arrival, message)
            if submission.message_id != message.pk:
                transaction.set_rollback(True)  # it was here before: what was stored now is forgotten
            return submission
    except NoRoom:
        unpack.drain(content)
        raise
    except Refusal as refusal:
        unpack.drain(content)
        refusal.submission = _keep_refusal(arrival, refusal)
        raise
    except Exception as error:
        if is_full(error):
            raise NoRoom from error
        raise


def _read(arrival: _Arrival, content: BinaryIO, gzipped: bool | None, charset: str) -> Message:
    sha256 = hashlib.sha256()
    allowed = False
    contradicted = ""
    with Inspection() as inspection, vault.Writer() as store:
        arrival.header = inspection.header
        for piece in unpack.pieces(content, gzipped=gzipped):
            if arrival.size == 0:
                contradicted = kinds.contradicted_encoding(charset, piece)
            if contradicted and not piece.isascii():
                raise Invalid("charset-contradicted", charset=charset.upper(), name=contradicted)
            inspection.feed(piece)
            sha256.update(piece)
            store.write(piece)
            arrival.size += len(piece)
            if inspection.header.done and not allowed:
                _refuse_strangers(arrival)
                allowed = True
        inspection.close()
        if not allowed:
            _refuse_strangers(arrival)
        message = store.close()
    arrival.sha256 = sha256.hexdigest()
    if inspection.faulty:
        _refuse_faulty(message, inspection)
    return message


def _refuse_faulty(message: Message, inspection: Inspection) -> None:
    errors = explain(unpack.recut(vault.read(message)), inspection.faulty, inspection.clock)
    if len(errors) == 1:
        raise Invalid(errors[0].code, errors=errors, **errors[0].facts)
    raise Invalid("schema", errors=errors)


def _refuse_strangers(arrival: _Arrival) -> None:
    code = arrival.municipality
    if code and not arrival.access.may_submit_for(code):
        raise NotYours("not-yours", code=masked(code))
    if code and arrival.wanted and not _is_same(code, arrival.wanted):
        raise Invalid("other-municipality", path=NUMBER, code=masked(code), wanted=arrival.wanted)


def _is_same(one: str, other: str) -> bool:
    """Whether two numbers are of the same municipality, before and after a renumbering."""
    return one in with_predecessors([other]) or other in with_predecessors([one])


def _accept(arrival: _Arrival, message: Message) -> Submission:
    facts = _header_facts(arrival)
    _take_turn_with_key(arrival)
    _take_turn(arrival.municipality, facts["year"])
    if earlier := _earlier_with_key(arrival):
        return earlier
    _refuse_repeat(arrival, facts["year"])
    submission = Submission.objects.create(**_receipt(arrival), **facts, message=message)
    audit.record(arrival.access, "submission_received", arrival.municipality, submission=submission.pk)
    transaction.on_commit(lambda: tasks.nudge(arrival.municipality, facts["year"]))
    return submission


def _receipt(arrival: _Arrival) -> dict[str, Any]:
    attributes = arrival.header.attributes
    return {
        "channel": arrival.channel,
        "dry_run": arrival.dry_run,
        "received_at": calendar.now(),
        "sent_by_user": arrival.access.user,
        "sent_by_token": arrival.access.token,
        "sender": arrival.access.display_name[:150],
        "idempotency_key": arrival.idempotency_key,
        "sha256": arrival.sha256,
        "size": arrival.size,
        "vendor": attributes.get("leverandor", "")[:100],
        "system": attributes.get("navnEPJ", "")[:100],
        "system_version": attributes.get("versjonEPJ", "")[:100],
        "extract_version": attributes.get("versjonUt", "")[:100],
    }


def _header_facts(arrival: _Arrival) -> dict[str, Any]:
    """Municipality, year and period; refused unless they are one municipality's one calendar year, extracted by now."""
    attributes = arrival.header.attributes
    start, end, extracted = (
        _date(attributes.get(name, "")) for name in ("fraDatoPeriode", "tilDatoPeriode", "uttakDato")
    )
    if start is None or end is None:
        raise Invalid("period-unreadable", path="/Melding/@fraDatoPeriode")
    if (start.month, start.day) != (1, 1) or end != datetime.date(start.year, 12, 31):
        raise Invalid("period", path="/Melding/@tilDatoPeriode", from_on=start.isoformat(), to_on=end.isoformat())
    today = calendar.today()
    if start.year > today.year:
        raise Invalid("period-ahead", path="/Melding/@fraDatoPeriode", year=str(start.year))
    if extracted is None or extracted > today:
        told = (extracted or datetime.date.max).isoformat()
        raise Invalid("extract-ahead", path="/Melding/@uttakDato", extracted_on=told, today_on=today.isoformat())
    if not Municipality.objects.in_year(start.year).filter(pk=arrival.municipality).exists():
        raise _unknown_number(arrival.municipality, start.year)
    return {
        "municipality_id": arrival.municipality,
        "year": start.year,
        "period_start": start,
        "period_end": end,
        "extracted_on": extracted,
    }


def _date(text: str) -> datetime.date | None:
    """None for a year that a date cannot hold."""
    try:
        return datetime.date.fromisoformat(text.strip()[:10])
    except ValueError:
        return None


def _unknown_number(code: str, year: int) -> Invalid:
    """Why the number may not be used for the year: it never was one, or in which years it was, and what it is called then."""
    number = Municipality.objects.filter(pk=code).first()
    if number is None:
        return Invalid("municipality-unknown", path=NUMBER, code=masked(code))
    when = "before" if year < number.valid_from else "after"
    facts: dict[str, Any] = {"code": code, "year": str(year)}
    facts |= {"since": str(number.valid_from)} if when == "before" else {"until": str(number.valid_to)}
    if instead := _renumbered(number, year):
        return Invalid(f"municipality-renumbered-{when}", path=NUMBER, **facts, instead=instead.pk)
    return Invalid(f"municipality-{when}", path=NUMBER, **facts)


def _renumbered(number: Municipality, year: int) -> Municipality | None:
    """The number of the same municipality in the year; None where it was divided."""
    changes = MunicipalityChange.objects.filter(Q(old=number) | Q(new=number), divided=False)
    others = {code for pair in changes.values_list("old_id", "new_id") for code in pair} - {number.pk}
    return Municipality.objects.in_year(year).filter(pk__in=others).first()


def _take_turn_with_key(arrival: _Arrival) -> None:
    """Messages of one sender under one key are let in one at a time, also where they are of two municipalities."""
    if not arrival.idempotency_key:
        return
    sender = f"{arrival.access.token and arrival.access.token.pk}:{arrival.access.user and arrival.access.user.pk}"
    digest = hashlib.sha256(f"{sender}:{arrival.idempotency_key}".encode()).digest()
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [int.from_bytes(digest[:8], signed=True)])


def _take_turn(municipality: str, year: int) -> None:
    """Messages for one municipality and year are let in one at a time, so that their order is that of their numbers."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s, %s)", [-int(municipality), year])


def _earlier_with_key(arrival: _Arrival) -> Submission | None:
    if not arrival.idempotency_key:
        return None
    sender = {"sent_by_token": arrival.access.token, "sent_by_user": arrival.access.user}
    earlier = Submission.objects.filter(idempotency_key=arrival.idempotency_key, **sender).first()
    if earlier is None:
        return None
    if (earlier.sha256, earlier.dry_run) != (arrival.sha256, arrival.dry_run):
        raise KeyReused("key-reused")
    return earlier


def _refuse_repeat(arrival: _Arrival, year: int) -> None:
    """Only the newest counts: an older message sent again takes back the one between, and is a submission of its own."""
    alike = Submission.objects.filter(
        municipality=arrival.municipality, year=year, kind=Kind.ANNUAL, dry_run=arrival.dry_run
    )
    newest = alike.exclude(status__in=REFUSED).order_by("-pk").first()
    if newest and newest.sha256 == arrival.sha256:
        raise Repeat(newest)


def _keep_refusal(arrival: _Arrival, refusal: Refusal) -> Submission | None:
    """The history shows refused messages too, where it is known whose they are. A repeat leaves no second trace."""
    code = arrival.municipality or arrival.wanted
    known = code and arrival.access.may_submit_for(code) and Municipality.objects.filter(pk=code).exists()
    if not known or isinstance(refusal, LEAVE_NO_TRACE):
        return None
    receipt = {**_receipt(arrival), "idempotency_key": ""}
    year = arrival.year if arrival.year and arrival.year < 3000 else None
    audit.record(arrival.access, "submission_refused", code, code=refusal.code)
    return Submission.objects.create(
        **receipt,
        municipality_id=code,
        year=year,
        status=Status.REJECTED,
        stage=Stage.FINISHED,
        processed_at=calendar.now(),
        problem=refusal.kept(),
    )
