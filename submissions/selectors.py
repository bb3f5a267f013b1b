"""Submissions as pages need them."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import Q, QuerySet

from municipalities.access import Access, visible
from municipalities.pages import Place
from submissions.models import REFUSED, UNFINISHED, Kind, Status, Submission

LATEST, TRIALS = 10, 3


def of_place(place: Place, access: Access) -> QuerySet[Submission]:
    """All submissions of the municipality, under all its numbers, newest first."""
    return visible(Submission, access).filter(municipality__in=place.numbers)


@dataclass(frozen=True)
class History:
    """What has been sent for one municipality and year: what counts, and what came last."""

    current: Submission | None
    latest: list[Submission]

    @property
    def in_work(self) -> Submission | None:
        return next((s for s in self.latest if s.status in UNFINISHED), None)

    @property
    def refused(self) -> Submission | None:
        """The newest real submission, where it was refused or stopped and nothing came after it."""
        newest = next((s for s in self.latest if not s.dry_run), None)
        return newest if newest and newest.status in REFUSED else None

    @property
    def trials(self) -> list[Submission]:
        return [s for s in self.latest if s.dry_run and s.status not in REFUSED][:TRIALS]

    @property
    def shown(self) -> Submission | None:
        """The one whose figures are shown: that which counts, else the newest trial that was read."""
        return self.current or next((s for s in self.latest if s.dry_run and s.status == Status.DONE), None)

    @property
    def persons_change(self) -> int | None:
        return self._change("persons")

    @property
    def services_change(self) -> int | None:
        return self._change("services")

    def _change(self, field: str) -> int | None:
        if self.current is None or self.current.supersedes is None:
            return None
        return int(getattr(self.current, field) - getattr(self.current.supersedes, field))


def _annual(place: Place, access: Access) -> QuerySet[Submission]:
    return visible(Submission, access).filter(municipality=place.municipality, year=place.year, kind=Kind.ANNUAL)


def history(place: Place, access: Access) -> History:
    """Two queries. However many trials came after them, what is under work, the newest real submission and the newest trials
    that were read are among `latest`."""
    annual = _annual(place, access)
    current = annual.filter(is_current=True).select_related("supersedes").first()
    newest = annual.order_by("-pk").values("pk")
    real, read = newest.filter(dry_run=False)[:1], newest.filter(dry_run=True, status=Status.DONE)[:TRIALS]
    told = Q(pk__in=newest[:LATEST]) | Q(pk__in=real) | Q(pk__in=read) | Q(status__in=UNFINISHED)
    return History(current, list(annual.filter(told).order_by("-pk")))


def current(place: Place, access: Access) -> Submission | None:
    """The submission that counts for the municipality and year."""
    return _annual(place, access).filter(is_current=True).first()
