"""`manage.py release [--year Y] [--correction]`: a release of open figures now, whatever the calendar says."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from publications.current_counts import reported_years
from publications.models import Publication, PublicationState
from publications.release import NoRelease, release


class Command(BaseCommand):
    help = "Release open figures now, of one data year or of each, whatever the calendar says. Prints the number, or why none was made."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--year", type=int, help="only this data year")
        parser.add_argument(
            "--correction",
            action="store_true",
            help="a correction, which does not count among the releases of the calendar",
        )
        parser.add_argument("--reason", default="", help="why it is corrected, in a sentence that everybody may read")

    def handle(self, *, year: int | None, correction: bool, reason: str, **_options: Any) -> None:
        if reason and not correction:
            raise CommandError("--reason tells why a release is a correction. Add --correction.")
        years = [year] if year is not None else reported_years()
        if not years:
            self.stdout.write("Nothing is released: no municipality has reported.")
        for each in years:
            self.stdout.write(self._release(each, correction, reason))

    def _release(self, year: int, correction: bool, reason: str) -> str:
        try:
            return _told(release(year, correction=correction, public_reason=reason))
        except NoRelease as why:
            return f"{year}: nothing is released. {why}"


def _told(publication: Publication) -> str:
    held = sorted({each["why"] for each in publication.audit["held"]})
    if publication.state == PublicationState.WITHHELD:
        return f"{publication.year}: nothing is released. {' '.join(held)}"
    return f"{publication.year}: released as number {publication.number}." + "".join(f" Held: {why}" for why in held)
