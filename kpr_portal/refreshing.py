"""The daily refresh in its order: findings first, then what is computed from the data without the persons that the findings exclude."""

from __future__ import annotations

from dataclasses import dataclass

from indicators import refreshing as results
from quality import refreshing as findings


@dataclass(frozen=True)
class Refreshed:
    """How many submissions had findings that were out of date, and how many were computed anew."""

    findings: int
    computed: int


def refresh(year: int | None = None) -> Refreshed:
    """Bring findings and results of all current submissions up to date, of one year or all."""
    return Refreshed(findings.refresh(year), results.refresh(year))
