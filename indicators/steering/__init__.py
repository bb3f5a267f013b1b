"""Steering figures: what a municipality and its units steer by, computed for every submission and stored as SteeringValue.

A statement for each kind of figure counts all submissions and all areas at once and stores what it counted; nothing of it passes
through here. A count of nobody has no row, except those of followup.py: every submission that is computed has them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from celery.exceptions import SoftTimeLimitExceeded
from django.db import transaction

from indicators import broken, staleness
from indicators.actions import compute_alone
from indicators.models import Level, SteeringValue
from indicators.staleness import computable
from indicators.steering import at_end, completeness, flow, followup, people, waiting
from municipalities import calendar
from municipalities.outages import is_away, is_too_slow
from submissions.models import Submission

STATEMENTS: dict[str, Callable[[Sequence[int]], None]] = {
    "at-end": at_end.compute,
    "flow": flow.compute,
    "people": people.compute,
    "waiting": waiting.compute,
    "completeness": completeness.compute,
    "followup": followup.compute,
}
# Raise it when the meaning of a statement changes: what was broken is then tried at once.
VERSION = 1
COMPUTING = 0x535447  # key of the advisory locks, with the submission's number
# Every submission that is computed has it, also where it is nought.
ALWAYS_THERE = "followup-hours-missing"


def recompute(submissions: Sequence[int]) -> None:
    """Compute the steering figures of the submissions anew, in all their areas, and replace what was stored.

    Findings come first: they tell whom no figure counts. Safe to run twice.

    Raises:
        OperationalError: the database was lost. A broken statement does not raise: it keeps no figures, and is noted.
    """
    if not submissions:
        return
    try:
        _replace(submissions)
    except SoftTimeLimitExceeded as error:
        for name in STATEMENTS:
            _note(name, dict.fromkeys(submissions, type(error).__name__))
        raise


@transaction.atomic
def _replace(submissions: Sequence[int]) -> None:
    kept = compute_alone(COMPUTING, submissions)
    SteeringValue.objects.filter(submission__in=submissions).delete()
    errors = {name: _compute(name, kept) for name in STATEMENTS} if kept else {}
    broken.forget([_definition(name) for name, of_name in errors.items() if not of_name], kept)
    for name, of_name in errors.items():
        if of_name:
            broken.forget([_definition(name)], [key for key in kept if key not in of_name])
            _note(name, of_name)
    Submission.objects.filter(pk__in=kept).update(steering_at=calendar.now())


def _compute(name: str, submissions: Sequence[int]) -> dict[int, str]:
    """The kinds of error by submission; where many fail together, each half is tried on its own."""
    try:
        with transaction.atomic():
            STATEMENTS[name](submissions)
    except SoftTimeLimitExceeded:
        raise
    except Exception as error:
        if is_away(error):
            raise
        if len(submissions) == 1 or is_too_slow(error):
            return dict.fromkeys(submissions, type(error).__name__)
        half = len(submissions) // 2
        return _compute(name, submissions[:half]) | _compute(name, submissions[half:])
    return {}


def _note(name: str, errors: dict[int, str]) -> None:
    broken.note([(_definition(name), VERSION)], errors)


def _definition(name: str) -> str:
    return f"steering-{name}"


def stale(year: int | None = None) -> list[int]:
    """Submissions without steering figures, or with a broken statement, that are not to be tried later."""
    definitions = {(_definition(name), VERSION) for name in STATEMENTS}
    codes = {code for code, _version in definitions}
    there = SteeringValue.objects.filter(level=Level.MUNICIPALITY, figure=ALWAYS_THERE, submission__in=computable(year))
    failed = broken.failed(codes, computable(year))
    computed = ((key, codes - failed.get(key, set())) for key in there.values_list("submission", flat=True))
    return list(staleness.stale(definitions, computed, year))
