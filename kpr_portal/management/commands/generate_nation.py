"""Writes the demonstration nation's messages of one year to files."""

import json
from argparse import ArgumentTypeError
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from tqdm import tqdm

from kpr_portal.nation.generate import Nation, summary

FIRST_YEAR, LAST_YEAR = 2020, 2035


def data_year(text: str) -> int:
    if not text.isdecimal() or not FIRST_YEAR <= int(text) <= LAST_YEAR:
        raise ArgumentTypeError(f"Året må være fra {FIRST_YEAR} til {LAST_YEAR}.")
    return int(text)


def positive(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise ArgumentTypeError("Antallet må være et helt tall fra 1.")
    return int(text)


def fraction(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = 0
    if not 0 < value <= 2:
        raise ArgumentTypeError("Skalaen må være et tall over 0 og høyst 2, der 1 er hele landet.")
    return value


class Command(BaseCommand):
    help = "Skriver syntetiske årsmeldinger med kjente feil, og skriver ut som JSON hva som ble plantet."
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--year", type=data_year, required=True, help="rapporteringsår")
        parser.add_argument("--out", type=Path, required=True, help="mappe for filene NNNN-ÅÅÅÅ.xml")
        parser.add_argument("--municipalities", type=positive, default=None, help="bare så mange kommuner")
        parser.add_argument("--scale", type=fraction, default=1.0, help="1 er omtrent 360 000 personer")
        parser.add_argument("--seed", type=int, default=1, help="samme frø gir samme filer")

    def handle(self, *args: Any, **options: Any) -> None:
        nation = Nation(options["year"], options["seed"], options["scale"], options["municipalities"])
        folder: Path = options["out"]
        folder.mkdir(parents=True, exist_ok=True)
        progress = tqdm(nation.places, desc=str(nation.year), unit="kommune")
        messages = [nation.write(place, nation.path(place, folder)) for place in progress]
        self.stdout.write(json.dumps(summary(nation, messages), ensure_ascii=False, indent=1))
