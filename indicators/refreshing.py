"""Results of many submissions: all of them every night, and those that many messages at once have left without."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

from django.db import connection

from indicators import actions, steering
from quality import refreshing as findings
from submissions.models import Submission

MOST_AT_ONCE = 60  # submissions that are computed together


def refresh(year: int | None = None) -> int:
    """Compute all current submissions anew, of one year or all. Returns how many."""
    current = Submission.objects.filter(is_current=True)
    years = [year] if year else sorted({each for each in current.values_list("year", flat=True) if each})
    return sum(_recompute(list(current.filter(year=each).values_list("pk", flat=True))) for each in years)


def judge_again() -> list[int]:
    """After many messages at once: findings that look across municipalities are judged again. Returns the submissions whose results
    are not computed since."""
    judged = findings.refresh_across()
    stale = {key for _family, keys in actions.stale() for key in keys}
    return sorted({*judged, *stale, *steering.stale()})


def compute(submissions: Sequence[int], done: Callable[[int], object]) -> None:
    """Results of many submissions, in parts; `done` hears of each part, in submissions."""
    parts = [submissions[start : start + MOST_AT_ONCE] for start in range(0, len(submissions), MOST_AT_ONCE)]
    with ThreadPoolExecutor(max_workers=2) as beside:
        for number in beside.map(_recompute_on_own_connection, parts):
            done(number)


def _recompute_on_own_connection(submissions: Sequence[int]) -> int:
    try:
        return _recompute(submissions)
    finally:
        connection.close()


def _recompute(submissions: Sequence[int]) -> int:
    actions.recompute(submissions)
    steering.recompute(submissions)
    return len(submissions)
