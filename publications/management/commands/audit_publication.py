"""`manage.py audit_publication [NUMBER]`: attack a released publication as an outsider would."""

from __future__ import annotations

from functools import partial
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from tqdm import tqdm

from municipalities.progress import progress
from publications.disclosure_audit import Report
from publications.release_audit import audit_released
from publications.selectors import released

MOST_SHOWN = 20


def _tell_bar(bar: tqdm, done: int, of: int) -> None:
    bar.total = of
    bar.update(done - bar.n)


class Command(BaseCommand):
    help = (
        "Attack a released publication, together with the one of the same year before it, by linear programming on what the API answers; "
        "report the interval that an outsider can derive for each suppressed count. Ends with 1 when something leaks."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("number", nargs="?", type=int, help="the newest unless told")
        parser.add_argument("--exact", action="store_true", help="every interval exactly, also the wide ones (slower)")
        parser.add_argument("--cells", action="store_true", help="list every suppressed count with its interval")

    def handle(self, *, number: int | None, exact: bool, cells: bool, **_options: Any) -> None:
        publication = released().filter(number=number).first() if number else released().first()
        if publication is None:
            raise CommandError(f"There is no released publication {number or ''}".rstrip() + ".")
        with progress("Hidden counts attacked", 0, "counts") as bar:
            report = audit_released(publication, exact=exact, tick=partial(_tell_bar, bar))
        self.stdout.write(f"Publication {publication.number}: {report.suppressed} suppressed counts attacked.")
        if cells:
            for derived in report.intervals:
                self.stdout.write(f"  {derived}")
        self._tell(report)

    def _tell(self, report: Report) -> None:
        told = [*report.leaks, *report.primary, *report.inconsistencies]
        if not told:
            self.stdout.write("There is no leak.")
            return
        for each in told[:MOST_SHOWN]:
            self.stdout.write(f"  {each}")
        if len(told) > MOST_SHOWN:
            self.stdout.write(f"  ... and {len(told) - MOST_SHOWN} more")
        raise SystemExit(1)
