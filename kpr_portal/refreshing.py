"""The daily refresh in its order: findings first, then what is computed from the data without the persons that the findings exclude,
then what is published of it."""

from __future__ import annotations

from dataclasses import dataclass

from indicators import refreshing as results
from publications.models import Publication
from publications.release import publish
from quality import refreshing as findings


@dataclass(frozen=True)
class Refreshed:
    """How many submissions had findings that were out of date, how many were computed anew, and the publication made
    (None when nothing that is published has changed)."""

    findings: int
    computed: int
    publication: Publication | None


def refresh(year: int | None = None, *, publishing: bool = True) -> Refreshed:
    """Bring findings and results of all current submissions up to date, of one year or all, and publish."""
    return Refreshed(findings.refresh(year), results.refresh(year), publish() if publishing else None)
