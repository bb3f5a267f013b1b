"""The one way in. A door authenticates, calls `receive`, and translates the outcome; it holds no rule of its own."""

from __future__ import annotations

import datetime
import hashlib
from dataclasses import dataclass
from typing import Any, BinaryIO

from django.db import connection, transaction
from django.utils.translation import gettext as _

from municipalities import audit, calendar, room
from municipalities.access import Access
from municipalities.models import Municipality
from municipalities.outages import is_full
from submissions import tasks, unpack, vault
from submissions.identity import key_hash
from submissions.inspection import Header, Inspection, explain
from submissions.models import REFUSED, Channel, Message, Stage, Status, Submission
from submissions.refusals import Invalid, KeyReused, MessageError, NoRoom, NotYours, Refusal, Repeat


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
) -> Submission:
    """Take in one message: look it over, keep it encrypted, and have the workers told once it is committed.

    `municipality` is the one that the sender stands at, when the door knows; the message must be about it. `gzipped` None
    looks at the first bytes. The same Idempotency-Key with the same message answers with the submission it made the first time.

    Raises:
        Refusal: the message is not taken in. Where it names a municipality and a year that the sender may submit for, the
            refusal is kept in the history as `refusal.submission`.
    """
    arrival = _Arrival(access, channel, municipality, dry_run, key_hash(idempotency_key), Header())
    try:
        if not room.is_enough():
            raise NoRoom
        with transaction.atomic():
            message = _read(arrival, content, gzipped)
            submission = _accept(arrival, message)
            if submission.message_id != message.pk:
                transaction.set_rollback(True)  # it was here before: what was stored now is forgotten
            return submission
    except NoRoom:
        raise
    except Refusal as refusal:
        refusal.submission = _keep_refusal(arrival, refusal)
        raise
    except Exception as error:
        if is_full(error):
            raise NoRoom from error
        raise


def _read(arrival: _Arrival, content: BinaryIO, gzipped: bool | None) -> Message:
    sha256 = hashlib.sha256()
    allowed = False
    with Inspection() as inspection, vault.Writer() as store:
        arrival.header = inspection.header
        for piece in unpack.pieces(content, gzipped=gzipped):
            inspection.feed(piece)
            sha256.update(piece)
            store.write(piece)
            arrival.size += len(piece)
            if inspection.header.done and not allowed:
                _refuse_strangers(arrival)
                allowed = True
        inspection.close()
        message = store.close()
    arrival.sha256 = sha256.hexdigest()
    if inspection.faulty:
        _refuse_faulty(message, inspection.faulty)
    return message


def _refuse_faulty(message: Message, faulty: set[int]) -> None:
    errors = explain(unpack.recut(vault.read(message)), faulty)
    detail = _("Meldingen følger ikke skjemaet og ble ikke tatt imot. Rett feilene i uttrekket, og send den på nytt.")
    raise Invalid(detail, errors=errors, code="schema")


def _refuse_strangers(arrival: _Arrival) -> None:
    code = arrival.municipality
    if code and not arrival.access.may_submit_for(code):
        raise NotYours(
            _("Meldingen gjelder kommune %(code)s, som du ikke kan sende inn for.") % {"code": code}, code="not-yours"
        )
    if code and arrival.wanted and code != arrival.wanted:
        raise Invalid(
            _("Meldingen gjelder kommune %(code)s, men du sender inn for %(wanted)s. Velg riktig fil.")
            % {"code": code, "wanted": arrival.wanted},
            code="other-municipality",
        )


def _accept(arrival: _Arrival, message: Message) -> Submission:
    facts = _header_facts(arrival)
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
    """Municipality, year and period; refused unless they are one municipality's one calendar year."""
    attributes = arrival.header.attributes
    start, end, extracted = (_date(attributes[name]) for name in ("fraDatoPeriode", "tilDatoPeriode", "uttakDato"))
    if (start.month, start.day) != (1, 1) or end != datetime.date(start.year, 12, 31):
        _refuse_header("tilDatoPeriode", _("Perioden må være ett kalenderår, fra 1. januar til 31. desember."))
    if start.year > calendar.today().year:
        _refuse_header("fraDatoPeriode", _("Perioden ligger fram i tid. Kontroller året i uttrekket."))
    if not Municipality.objects.in_year(start.year).filter(pk=arrival.municipality).exists():
        _refuse_header(
            "Kommune/@kommuneNr",
            _("%(code)s var ikke et kommunenummer i %(year)s. Bruk kommuneinndelingen som gjaldt i rapporteringsåret.")
            % {"code": arrival.municipality, "year": start.year},
        )
    return {
        "municipality_id": arrival.municipality,
        "year": start.year,
        "period_start": start,
        "period_end": end,
        "extracted_on": extracted,
    }


def _date(text: str) -> datetime.date:
    try:
        return datetime.date.fromisoformat(text.strip()[:10])
    except ValueError:
        return datetime.date.max


def _refuse_header(where: str, sentence: str) -> None:
    path = f"/Melding/{where}" if "/" in where else f"/Melding/@{where}"
    raise Invalid(sentence, errors=(MessageError(0, 0, path, "not-receivable", sentence),), code="header")


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
        raise KeyReused(
            _("Idempotency-Key er brukt før, med en annen melding. Bruk en ny nøkkel for hver melding."),
            code="key-reused",
        )
    return earlier


def _refuse_repeat(arrival: _Arrival, year: int) -> None:
    first = (
        Submission.objects.filter(
            municipality=arrival.municipality, year=year, sha256=arrival.sha256, dry_run=arrival.dry_run
        )
        .exclude(status__in=REFUSED)
        .first()
    )
    if first:
        raise Repeat(
            _("Denne meldingen er allerede mottatt, som innsending %(id)s. Du trenger ikke sende den igjen.")
            % {"id": first.pk},
            first,
        )


def _keep_refusal(arrival: _Arrival, refusal: Refusal) -> Submission | None:
    """The history shows refused messages too, where it is known whose they are. A repeat leaves no second trace."""
    code = arrival.municipality or arrival.wanted
    known = code and arrival.access.may_submit_for(code) and Municipality.objects.filter(pk=code).exists()
    if not known or isinstance(refusal, Repeat | KeyReused):
        return None
    problem = {
        "code": refusal.code,
        "detail": refusal.detail,
        "errors": [error.as_dict() for error in refusal.errors],
    }
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
        problem=problem,
    )
