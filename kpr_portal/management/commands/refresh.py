"""`manage.py refresh`: the daily refresh now, in the foreground."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from kpr_portal.refreshing import refresh
from publications.models import Publication, PublicationState


class Command(BaseCommand):
    help = "Bring findings, indicators and steering figures up to date and publish (also done every night)."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--year", type=int, help="only this data year")

    def handle(self, *, year: int | None, **_options: Any) -> None:
        done = refresh(year)
        self.stdout.write(f"Refreshed: {done.findings} submissions had findings that were out of date.")
        self.stdout.write(f"Computed: {done.computed} submissions.")
        self.stdout.write(_of(done.publication))


def _of(publication: Publication | None) -> str:
    if publication is None:
        return "Published: nothing that leaves has changed."
    if publication.state == PublicationState.RELEASED:
        return f"Published: number {publication.number}."
    return f"Withheld: number {publication.number} did not pass its audit; the one before it stands."
