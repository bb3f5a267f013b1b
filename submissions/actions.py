"""What the workers do with a submission. Safe to run twice, and to break off anywhere."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from django.db import connection, transaction
from django.db.utils import InterfaceError, OperationalError
from django.utils.translation import gettext as _

from municipalities import calendar
from municipalities.models import Unit
from submissions import vault
from submissions.load import clear, load
from submissions.models import UNFINISHED, Stage, Status, Submission
from submissions.signals import accepted, loaded

logger = logging.getLogger(__name__)
MOST_ATTEMPTS = 5


def process_waiting(municipality: str, year: int) -> None:
    """Process all unfinished submissions of a municipality and year, in the order received.

    Does nothing where another worker is at it: that one takes what has come meanwhile too.
    """
    with _alone_with(municipality, year) as alone:
        while alone and (submission := _next(municipality, year)):
            _attempt(submission)


@contextmanager
def _alone_with(municipality: str, year: int) -> Iterator[bool]:
    """A lock that goes with the connection: a killed worker's is free as soon as PostgreSQL sees it gone."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s, %s)", [int(municipality), year])
        (taken,) = cursor.fetchone()
    try:
        yield taken
    finally:
        if taken and connection.is_usable():
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_unlock(%s, %s)", [int(municipality), year])


def _next(municipality: str, year: int) -> Submission | None:
    waiting = Submission.objects.filter(municipality=municipality, year=year, status__in=UNFINISHED)
    return waiting.order_by("pk").first()


def _attempt(submission: Submission) -> None:
    if submission.attempts >= MOST_ATTEMPTS:
        _give_up(submission)
        return
    try:
        _process(submission)
    except (OperationalError, InterfaceError):
        connection.close()
        raise
    except Exception as error:
        # Only the kind of error is logged: its text may quote a row.
        logger.error("Submission %s, attempt %s: %s", submission.pk, submission.attempts, type(error).__name__)
        if submission.attempts >= MOST_ATTEMPTS:
            _give_up(submission, type(error).__name__)


def _give_up(submission: Submission, reason: str = "interrupted") -> None:
    problem = {
        "code": "failed",
        "detail": _("Behandlingen stoppet etter gjentatte forsøk. Meldingen er ikke tapt. Kontakt registeret."),
        "reason": reason,
        "errors": [],
    }
    _update(submission, status=Status.FAILED, stage=Stage.FINISHED, processed_at=calendar.now(), problem=problem)


def _process(submission: Submission) -> None:
    _update(
        submission,
        status=Status.PROCESSING,
        stage=Stage.READING,
        attempts=submission.attempts + 1,
        started_at=calendar.now(),
        supersedes=current(submission),
    )
    if submission.message is None:
        raise ValueError("the stored message is gone")
    if submission.attempts > 1:
        clear(submission)
    _note_units(submission, load(submission, vault.read(submission.message)))
    submission.refresh_from_db()
    _update(submission, stage=Stage.CHECKING)
    loaded.send(sender=Submission, submission=submission)
    _finish(submission)


def _update(submission: Submission, **values: Any) -> None:
    for name, value in values.items():
        setattr(submission, name, value)
    submission.save(update_fields=list(values))


def current(submission: Submission) -> Submission | None:
    """The submission that counts now for the same municipality, year and kind."""
    same = {"municipality": submission.municipality_id, "year": submission.year, "kind": submission.kind}
    return Submission.objects.filter(is_current=True, **same).exclude(pk=submission.pk).first()


def _note_units(submission: Submission, numbers: Iterable[str]) -> None:
    code = str(submission.municipality_id)
    units = [Unit(municipality_id=code, organisation_number=number) for number in numbers]
    Unit.objects.bulk_create(units, ignore_conflicts=True)


@transaction.atomic
def _finish(submission: Submission) -> None:
    """The switch: readers see the earlier submission whole until this commits, and this one whole after it."""
    before = current(submission)
    if before and not submission.dry_run:
        _update(before, is_current=False)
    _update(
        submission,
        status=Status.DONE,
        stage=Stage.FINISHED,
        is_current=not submission.dry_run,
        processed_at=calendar.now(),
        problem=None,
    )
    transaction.on_commit(lambda: accepted.send_robust(sender=Submission, submission=submission))
