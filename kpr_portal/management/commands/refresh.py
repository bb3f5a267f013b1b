"""`manage.py refresh`: the daily refresh now, in the foreground."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from kpr_portal.refreshing import refresh


class Command(BaseCommand):
    help = "Bring findings, indicators and steering figures up to date (also done every night). Releases nothing."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--year", type=int, help="only this data year")

    def handle(self, *, year: int | None, **_options: Any) -> None:
        done = refresh(year)
        self.stdout.write(f"Refreshed: {done.findings} submissions had findings that were out of date.")
        self.stdout.write(f"Computed: {done.computed} submissions.")
