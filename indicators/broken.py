"""What could not be computed, and when it is tried again: later each time, and beside everything else.

A definition that is broken for one submission is not computed again with every sweep, and what works does not wait for it.
"""

from __future__ import annotations

import datetime
import logging
from collections.abc import Collection, Iterable, Mapping, Sequence

from django.db.models import Count, F, Q, QuerySet
from django.utils import timezone

from indicators.models import BrokenComputation
from submissions.models import Submission

logger = logging.getLogger(__name__)
FIRST_WAIT = datetime.timedelta(minutes=1)
LONGEST_DOUBLINGS = 10  # 17 hours: the daily refresh tries as often
Definition = tuple[str, int]  # code, version


def note(definitions: Sequence[Definition], errors: Mapping[int, str]) -> None:
    """`errors` are the kinds of error by submission. Nothing of an error's text is kept: it may quote a row."""
    if not errors:
        return
    now = timezone.now()
    for code, version in definitions:
        of_definition = BrokenComputation.objects.filter(definition=code, version=version)
        known = dict(of_definition.filter(submission__in=list(errors)).values_list("submission", "failures"))
        BrokenComputation.objects.bulk_create(
            [
                BrokenComputation(
                    submission_id=key,
                    definition=code,
                    version=version,
                    failures=known.get(key, 0) + 1,
                    error=kind[:60],
                    not_before=now + FIRST_WAIT * 2 ** min(known.get(key, 0), LONGEST_DOUBLINGS),
                )
                for key, kind in errors.items()
            ],
            update_conflicts=True,
            unique_fields=["submission", "definition", "version"],
            update_fields=["failures", "error", "not_before"],
        )
        first = sorted(set(errors) - set(known))
        if first:
            kinds = ", ".join(sorted(set(errors.values())))
            logger.error(
                "Broken definition %s, version %s, in %s submissions, submission %s first: %s. It is tried again, later each time.",
                *(code, version, len(first), first[0], kinds),
            )


def forget(codes: Iterable[str], submissions: Sequence[int]) -> None:
    """They were computed."""
    BrokenComputation.objects.filter(definition__in=list(codes), submission__in=submissions).delete()


def waiting(submissions: Sequence[int]) -> set[tuple[int, str, int]]:
    """Submission, code and version of what is not to be tried yet."""
    rows = BrokenComputation.objects.filter(submission__in=submissions, not_before__gt=timezone.now())
    return set(rows.values_list("submission", "definition", "version"))


def failed(codes: Collection[str], submissions: QuerySet[Submission, Submission]) -> dict[int, set[str]]:
    """The broken ones of the definitions, by submission."""
    rows = BrokenComputation.objects.filter(definition__in=codes, submission__in=submissions)
    found: dict[int, set[str]] = {}
    for key, code in rows.values_list("submission", "definition"):
        found.setdefault(key, set()).add(code)
    return found


def summary() -> list[tuple[str, int, int]]:
    """Code, version and number of submissions, for the operator."""
    counts = Q(submission__is_current=True) | Q(submission__dry_run=True, submission__rows_removed_at=None)
    rows = BrokenComputation.objects.filter(counts).order_by("definition", "version")
    return list(
        rows.values_list("definition", "version").annotate(submissions=Count("pk")).order_by(F("definition").asc())
    )
