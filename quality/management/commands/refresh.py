"""`manage.py refresh`: the daily refresh now, in the foreground."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from quality.refreshing import refresh


class Command(BaseCommand):
    help = "Bring the findings of all current submissions up to date (also done every night)."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--year", type=int, help="only this data year")

    def handle(self, *, year: int | None, **_options: Any) -> None:
        renewed = refresh(year)
        self.stdout.write(f"Refreshed: {renewed} submissions had findings that were out of date.")
