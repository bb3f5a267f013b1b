"""The removal of what is no longer needed, in order: findings before the rows that they point at. Each removal is written to the
log with the counts before and after it."""

from __future__ import annotations

import logging
from collections.abc import Sequence

from municipalities import audit
from municipalities import retention as ground
from municipalities.removal import Removed, as_details
from quality import retention as findings
from submissions import retention as record
from submissions.actions import SYSTEM, alone_with
from submissions.models import Submission

logger = logging.getLogger(__name__)


def remove_old() -> int:
    """Returns how many submissions had their rows removed. May be broken off anywhere: the next run takes up what is left."""
    removed = sum(_remove_rows(submission) for submission in record.due())
    for swept in ground.sweep():
        if any(each.before for each in swept.removed):
            _prove(f"removed_{swept.rule}", None, swept.removed)
    return removed


def _remove_rows(submission: Submission) -> bool:
    """False where a worker is at that municipality and year: then it waits for the next run."""
    with alone_with(str(submission.municipality_id), int(submission.year or 0)) as alone:
        # Asked again: it may have been taken up, or have become current, meanwhile.
        if not alone or not record.due().filter(pk=submission.pk).exists():
            return False
        record.begin(submission)
        removed = [findings.remove_rows(submission), *record.remove_rows(submission)]
        _prove("removed_rows", submission, removed)
    return True


def _prove(action: str, submission: Submission | None, removed: Sequence[Removed]) -> None:
    subject = {"submission": submission.pk} if submission else {}
    municipality = str(submission.municipality_id) if submission else None
    audit.record(SYSTEM, action, municipality, **subject, tables=as_details(list(removed)))
    if left := [each.table for each in removed if each.after]:
        logger.error("%s %s: rows are left in %s; the next run tries again.", action, subject, ", ".join(left))
