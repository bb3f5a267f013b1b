"""What the workers do with a submission. Safe to run twice, and to break off anywhere."""

from __future__ import annotations

import datetime
import logging
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager, suppress
from typing import Any

from celery.exceptions import SoftTimeLimitExceeded
from django.conf import settings
from django.db import DatabaseError, connection, transaction
from django.db.models import Exists, OuterRef, Q
from django.utils import timezone
from django.utils.translation import gettext as _

from municipalities import audit, calendar, room
from municipalities.access import Access
from municipalities.models import Unit
from municipalities.outages import is_away, is_too_slow
from submissions import vault
from submissions.load import clear, load
from submissions.models import REFUSED, UNFINISHED, Person, Stage, Status, Submission
from submissions.refusals import Refusal
from submissions.signals import accepted, loaded

logger = logging.getLogger(__name__)
MOST_FAULTS = 5
TOO_SLOW = "time limit"
SYSTEM = Access()  # the log names it «system»
MOST_ATTEMPTS_COUNTED = 30_000  # the column is a small integer


def process_waiting(
    municipality: str, year: int, *, large: bool | None = None, most: int | None = None
) -> Submission | None:
    """Process the unfinished submissions of a municipality and year, in the order received.

    With `large` only those of that kind, and no more than `most`: returns the one that is left for another task. Does nothing
    where another worker is at it, which takes what has come meanwhile too, and stops where the next one must wait.
    """
    with alone_with(municipality, year) as alone:
        done = 0
        while alone and (submission := _next(municipality, year)):
            if done == most or (large is not None and submission.is_large != large):
                return submission
            if not _attempt(submission):
                break
            done += 1
    return None


@contextmanager
def alone_with(municipality: str, year: int) -> Iterator[bool]:
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


def due() -> Q:
    """Submissions whose next attempt may begin."""
    return Q(not_before=None) | Q(not_before__lte=timezone.now())


def _next(municipality: str, year: int) -> Submission | None:
    """The oldest unfinished one; none while it must wait, because those behind it wait for it."""
    waiting = Submission.objects.filter(municipality=municipality, year=year, status__in=UNFINISHED)
    oldest = waiting.order_by("pk").first()
    is_due = oldest and (oldest.not_before is None or oldest.not_before <= timezone.now())
    return oldest if is_due else None


def _attempt(submission: Submission) -> bool:
    """Whether the next one may follow. A fault of the message is tried again at once, and ends after MOST_FAULTS."""
    try:
        if not room.is_enough():
            logger.warning("Submission %s waits: the database's disk is full.", submission.pk)
            return False
        _process(submission)
    except Refusal as refusal:
        clear(submission)
        _stop(submission, Status.REJECTED, refusal.kept())
    except Exception as error:
        return _broken_off(submission, error)
    return True


def _broken_off(submission: Submission, error: Exception) -> bool:
    # Only the kind of error is logged: its text may quote a row.
    kind = type(error).__name__
    logger.error("Submission %s, attempt %s: %s", submission.pk, submission.attempts, kind)
    if isinstance(error, SoftTimeLimitExceeded) or is_too_slow(error):
        connection.close()
        give_up(submission, TOO_SLOW)
    elif is_away(error):
        connection.close()
        _wait(submission)
        return False
    else:
        _update(submission, faults=submission.faults + 1, not_before=None)
        if submission.faults >= MOST_FAULTS:
            give_up(submission, kind)
    return True


def _wait(submission: Submission) -> None:
    """Leave it for later: this is no fault of the message."""
    with suppress(DatabaseError):  # away still; when it is back the sweep finds what `_process` wrote
        _update(submission, not_before=timezone.now() + _delay(submission.attempts + 1))


def _delay(attempts: int) -> datetime.timedelta:
    """None before the second attempt, then doubled each time, up to KPR_LONGEST_WAIT_SECONDS."""
    doubled = settings.KPR_SWEEP_SECONDS * 2 ** min(attempts - 2, 20) if attempts > 1 else 0
    return datetime.timedelta(seconds=min(doubled, settings.KPR_LONGEST_WAIT_SECONDS))


def give_up(submission: Submission, reason: str) -> None:
    code = "too-slow" if reason == TOO_SLOW else "failed"
    _stop(submission, Status.FAILED, {"code": code, "facts": {"reason": reason}, "errors": []})


def _stop(submission: Submission, status: Status, problem: dict[str, Any]) -> None:
    _update(submission, status=status, stage=Stage.FINISHED, processed_at=calendar.now(), problem=problem)


def give_up_killed(municipality: str, year: int) -> None:
    """A worker is killed at its hard time limit: what it was at stops with that reason. Where the row cannot be had, the
    submission is tried again as after any other death."""
    running = Submission.objects.filter(municipality=municipality, year=year, status=Status.PROCESSING)
    with suppress(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL lock_timeout = '5s'")
        for submission in running:
            give_up(submission, TOO_SLOW)


class NotRetryable(Exception):
    """Why a submission is not taken up again, as a sentence for the operator."""


@transaction.atomic
def retry(pk: int) -> Submission:
    """Take a failed submission up again from its stored message, as if it had just come in.

    Raises:
        NotRetryable: there is nothing to take up, or something later counts instead.
    """
    submission = Submission.objects.select_for_update().filter(pk=pk).first()
    if submission is None:
        raise NotRetryable(_("Innsending %(id)s finnes ikke. Kontroller nummeret.") % {"id": pk})
    if submission.status != Status.FAILED:
        raise NotRetryable(
            _("Innsending %(id)s har ikke stoppet: den er %(status)s. Bare en som har stoppet, kan tas opp igjen.")
            % {"id": pk, "status": submission.get_status_display()}
        )
    if submission.message is None:
        raise NotRetryable(
            _("Meldingen til innsending %(id)s er slettet etter lagringstiden. Be kommunen sende den på nytt.")
            % {"id": pk}
        )
    if later := _later(submission):
        raise NotRetryable(
            _("Innsending %(later)s kom etter innsending %(id)s og gjelder i stedet. Den eldre skal ikke erstatte den.")
            % {"id": pk, "later": later.pk}
        )
    _update(submission, status=Status.RECEIVED, stage=Stage.WAITING, faults=0, not_before=None, processed_at=None)
    _update(submission, problem=None, rows_removed_at=None)
    audit.record(SYSTEM, "submission_retried", submission.municipality_id, submission=pk)
    return submission


def _later(submission: Submission) -> Submission | None:
    """What came after it and would be undone: a real one for the same year, or for a trial the same message."""
    same: dict[str, Any] = {
        "municipality": submission.municipality_id,
        "year": submission.year,
        "kind": submission.kind,
    }
    if submission.dry_run:
        same |= {"sha256": submission.sha256}
    later = Submission.objects.filter(**same, dry_run=submission.dry_run, pk__gt=submission.pk)
    return later.exclude(status__in=REFUSED).first()


def _process(submission: Submission) -> None:
    _update(
        submission,
        status=Status.PROCESSING,
        stage=Stage.READING,
        # Written before the work: whoever is killed cannot say when to try again.
        attempts=min(submission.attempts + 1, MOST_ATTEMPTS_COUNTED),
        not_before=timezone.now() + _delay(submission.attempts + 1),
        started_at=calendar.now(),
        supersedes=current(submission),
    )
    if submission.message is None:
        raise ValueError("the stored message is gone")
    if submission.attempts > 1:
        clear(submission)
    with closing(
        vault.read(submission.message)
    ) as pieces:  # its thread ends with the attempt, also where that is broken off
        _note_units(submission, load(submission, pieces))
    submission.refresh_from_db()
    _update(submission, stage=Stage.CHECKING, persons_gone=persons_gone(submission))
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


def persons_gone(submission: Submission) -> int | None:
    """How many persons of the submission that this one supersedes are not in it, neither by brukerNr nor by identity."""
    if submission.supersedes is None:
        return None
    here = Person.objects.filter(submission=submission)
    by_number = here.filter(user_ref=OuterRef("user_ref"), user_ref_hash=OuterRef("user_ref_hash"))
    by_identity = here.filter(pseudonym=OuterRef("pseudonym"))
    return Person.objects.filter(~Exists(by_number), ~Exists(by_identity), submission=submission.supersedes).count()


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
