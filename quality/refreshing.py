"""Bring the results of all current submissions up to date.

Two things make stored results stale: other submissions that arrived since (checks that look across submissions), and
a check whose meaning changed. Both are found for the whole nation at once; only submissions that differ are judged again.
"""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence

from celery.exceptions import SoftTimeLimitExceeded
from django.db import transaction
from django.db.models import Exists, OuterRef
from django.db.utils import OperationalError

from municipalities.outages import is_away, is_too_slow
from quality.actions import check_submission
from quality.check import Check
from quality.checks import CHECKS
from quality.engine import Tally, count, each_side_read_once, judged_together, offending, path, scans
from quality.models import CheckResult, FindingRow, Outcome
from submissions.models import Submission

logger = logging.getLogger(__name__)
Stale = dict[int, set[Check]]


def refresh(year: int | None = None, checks: Sequence[Check] = CHECKS) -> int:
    """Judge again what is stale in current submissions, of one year or all; returns how many submissions that was."""
    current = Submission.objects.filter(is_current=True, dry_run=False)
    if year is not None:
        current = current.filter(year=year)
    keys = list(current.order_by("pk").values_list("pk", flat=True))
    _forget_retired_checks(keys, checks)
    stale = find_stale(keys, checks)
    return sum(_try_again(key, stale[key]) for key in sorted(stale))


def _try_again(key: int, checks: Iterable[Check]) -> bool:
    """A submission that takes too long does not keep the rest of the nation waiting until it stops them too."""
    try:
        return _judge_again(key, checks)
    except OperationalError as error:
        if not is_too_slow(error):
            raise
        logger.error("Submission %s could not be judged again within the time limit of a statement.", key)
        return False


def refresh_across(checks: Sequence[Check] = CHECKS) -> list[int]:
    """Judge again what other submissions have made stale since a current one was judged; returns those that were judged again."""
    current = Submission.objects.filter(is_current=True, dry_run=False).order_by("pk")
    stale = find_stale(list(current.values_list("pk", flat=True)), [check for check in checks if check.across])
    return [key for key in sorted(stale) if _judge_again(key, stale[key])]


def _forget_retired_checks(submissions: Sequence[int], checks: Sequence[Check]) -> None:
    codes = [check.code for check in checks]
    CheckResult.objects.filter(submission__in=submissions).exclude(code__in=codes).delete()


def find_stale(submissions: Sequence[int], checks: Sequence[Check]) -> Stale:
    """Which checks of which submissions have another tally, another version or other rows than those stored."""
    stale: Stale = defaultdict(set)
    stored = _stored(submissions)
    for group in scans(checks):
        for check, tallies in _tallies(group, submissions):
            _compare(stale, check, submissions, tallies, stored)
            if check.across and tallies is not None:
                for key in _unknown_rows(check, submissions):
                    stale[key].add(check)
    return stale


Tallies = dict[tuple[int, str], Tally]


def _tallies(group: tuple[Check, ...], submissions: Sequence[int]) -> Iterator[tuple[Check, Tallies | None]]:
    """The tallies of each check; None where it is broken, and then each submission is judged by it again. A broken one among
    those that share a scan does not take the others with it."""
    try:
        with transaction.atomic():
            counted = count(group, submissions)
        yield from ((check, counted) for check in group)
    except SoftTimeLimitExceeded:
        raise
    except Exception as error:
        if is_away(error):
            raise
        if len(group) > 1:
            for check in group:
                yield from _tallies((check,), submissions)
            return
        logger.error("Broken check %s: %s", group[0].code, type(error).__name__)
        yield group[0], None


def _stored(submissions: Sequence[int]) -> dict[tuple[int, str], tuple[int, Tally]]:
    """Version and tally of each stored result that is not an error."""
    results = CheckResult.objects.filter(submission__in=submissions).exclude(status=Outcome.ERROR)
    rows = results.values_list("submission", "code", "version", "applicable", "violating")
    return {(key, code): (version, Tally(applies, violates)) for key, code, version, applies, violates in rows}


def _compare(
    stale: Stale,
    check: Check,
    submissions: Sequence[int],
    tallies: dict[tuple[int, str], Tally] | None,
    stored: dict[tuple[int, str], tuple[int, Tally]],
) -> None:
    for key in submissions:
        now = None if tallies is None else (check.version, tallies.get((key, check.code), Tally()))
        if now is None or stored.get((key, check.code)) != now:
            stale[key].add(check)


def _unknown_rows(check: Check, submissions: Sequence[int]) -> Iterator[int]:
    """Submissions with an offending row that is not among those stored: the count alone may hide an exchange."""
    own = path(check.model)
    known = FindingRow.objects.filter(row=OuterRef("pk"), result__submission=OuterRef(own), result__code=check.code)
    for judged in judged_together(check, submissions):
        with each_side_read_once():
            yield from list(
                offending(check, judged).filter(~Exists(known)).order_by().values_list(own, flat=True).distinct()
            )


@transaction.atomic
def _judge_again(key: int, checks: Iterable[Check]) -> bool:
    """False when the submission was replaced meanwhile: its successor was judged when it was loaded."""
    submission = Submission.objects.select_for_update(no_key=True).filter(pk=key, is_current=True).first()
    if submission is None:
        return False
    check_submission(submission, sorted(checks, key=lambda check: check.code))
    return True
