"""The offending rows of a submission whose rows are removed. The counts of its findings stay."""

from __future__ import annotations

from municipalities.removal import Removed, remove_of
from quality.models import FindingRow
from submissions.models import Submission


def remove_rows(submission: Submission) -> Removed:
    return remove_of(FindingRow, "result_id", list(submission.results.values_list("pk", flat=True)))
