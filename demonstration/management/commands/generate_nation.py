"""Writes the demonstration nation's messages of one year to files."""

import json
from argparse import ArgumentTypeError
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from demonstration.generate import Nation, summary
from municipalities.progress import progress

FIRST_YEAR, LAST_YEAR = 2020, 2035


def data_year(text: str) -> int:
    if not text.isdecimal() or not FIRST_YEAR <= int(text) <= LAST_YEAR:
        raise ArgumentTypeError(f"The year must be from {FIRST_YEAR} to {LAST_YEAR}.")
    return int(text)


def positive(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise ArgumentTypeError("The number must be a whole number from 1.")
    return int(text)


def fraction(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = 0
    if not 0 < value <= 2:
        raise ArgumentTypeError("The scale must be a number over 0 and at most 2, where 1 is the whole of Norway.")
    return value


class Command(BaseCommand):
    help = "Writes synthetic annual messages with known faults to files, and prints what was planted, as JSON."
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--year", type=data_year, required=True, help="data year")
        parser.add_argument("--out", type=Path, required=True, help="folder for the files NNNN-YYYY.xml")
        parser.add_argument("--municipalities", type=positive, default=None, help="only so many municipalities")
        parser.add_argument("--scale", type=fraction, default=1.0, help="1 is about 360 000 persons")
        parser.add_argument("--seed", type=int, default=1, help="the same seed gives the same files")

    def handle(self, *args: Any, **options: Any) -> None:
        nation = Nation(options["year"], options["seed"], options["scale"], options["municipalities"])
        folder: Path = options["out"]
        folder.mkdir(parents=True, exist_ok=True)
        messages = []
        with progress(str(nation.year), len(nation.places), "municipalities") as bar:
            for place in nation.places:
                messages.append(nation.write(place, nation.path(place, folder)))
                bar.update()
        self.stdout.write(json.dumps(summary(nation, messages), ensure_ascii=False, indent=1))
