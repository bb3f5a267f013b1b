"""Person-level rows that nobody needs any more: of trials, of submissions that stopped, and of those that were replaced.

The receipt, and all counts of findings and results, stay. The current submission of every year stays whole: it is the register.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator

from django.conf import settings
from django.db.models import Exists, Min, OuterRef, Q, QuerySet

from municipalities import calendar
from municipalities.removal import Removed, remove, remove_range
from submissions.load import IDS_PER_SUBMISSION
from submissions.models import PERSON_LEVEL, Contact, Person, Status, Submission

# Persons last: while there is one, a removal that was broken off is found again.
IN_ORDER = (*reversed(PERSON_LEVEL),)


def due() -> QuerySet[Submission]:
    """Submissions whose rows have been kept as long as they may, and those whose removal was broken off."""
    begun = Submission.objects.filter(rows_removed_at__isnull=False, is_current=False)
    unfinished = begun.filter(Exists(Person.objects.filter(submission=OuterRef("pk"))))
    kept = Submission.objects.filter(rows_removed_at=None, is_current=False)
    trials = kept.filter(dry_run=True, status=Status.DONE, processed_at__lt=_before(settings.KPR_TRIAL_RETENTION_DAYS))
    failed = kept.filter(status=Status.FAILED, processed_at__lt=_before(settings.KPR_FAILED_RETENTION_DAYS))
    found = {key for part in (unfinished, trials, failed, _replaced(kept)) for key in part.values_list("pk", flat=True)}
    return Submission.objects.filter(pk__in=found).order_by("pk")


def _replaced(kept: QuerySet[Submission]) -> QuerySet[Submission]:
    """Replaced so long ago. The one that the current submission replaced stays: it is what that one is compared with."""
    real = Q(superseded_by__dry_run=False, superseded_by__status=Status.DONE)
    compared = Submission.objects.filter(supersedes=OuterRef("pk"), is_current=True)
    replaced = kept.filter(~Exists(compared), dry_run=False, status=Status.DONE)
    since = replaced.annotate(replaced_at=Min("superseded_by__processed_at", filter=real))
    return since.filter(replaced_at__lt=_before(settings.KPR_SUPERSEDED_RETENTION_DAYS))


def _before(days: int) -> datetime.datetime:
    return calendar.now() - datetime.timedelta(days=days)


def begin(submission: Submission) -> None:
    """From now on pages say that the rows are gone, and nothing is compared with them."""
    if submission.rows_removed_at is None:
        submission.rows_removed_at = calendar.now()
        submission.save(update_fields=["rows_removed_at"])


def remove_rows(submission: Submission) -> Iterator[Removed]:
    yield remove(Contact.objects.filter(submission=submission))
    first = submission.pk * IDS_PER_SUBMISSION
    for model in IN_ORDER:
        of_submission = model._default_manager.filter(submission=submission)
        last = (
            of_submission.order_by("-pk").values_list("pk", flat=True).filter(pk__lt=first + IDS_PER_SUBMISSION).first()
        )
        yield remove_range(model, "submission_id", submission.pk, first, last or first)
