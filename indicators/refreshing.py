"""The daily refresh: findings first, then what is computed from the data without the persons that the findings exclude,
then what leaves the house."""

from __future__ import annotations

from dataclasses import dataclass

from indicators import actions, steering
from indicators.models import Publication
from indicators.publishing import publish
from quality import refreshing as findings
from submissions.models import Submission


@dataclass(frozen=True)
class Refreshed:
    """How many submissions had findings that were out of date, how many were computed anew, and the publication made
    (None when nothing that leaves has changed)."""

    findings: int
    computed: int
    publication: Publication | None


def refresh(year: int | None = None, *, publishing: bool = True) -> Refreshed:
    """Bring findings and results of all current submissions up to date, of one year or all, and publish."""
    renewed = findings.refresh(year)
    current = Submission.objects.filter(is_current=True)
    years = [year] if year else sorted({each for each in current.values_list("year", flat=True) if each})
    computed = sum(_recompute(list(current.filter(year=each).values_list("pk", flat=True))) for each in years)
    return Refreshed(renewed, computed, publish() if publishing else None)


def _recompute(submissions: list[int]) -> int:
    actions.recompute(submissions)
    steering.recompute(submissions)
    return len(submissions)
