"""Loads counties, municipalities, districts and populations from the reference files."""

from typing import Any

from django.core.management.base import BaseCommand

from municipalities import reference_data


class Command(BaseCommand):
    help = "Leser inn fylker, kommuner, bydeler og folketall fra referansefilene. Kan kjøres på nytt."

    def handle(self, *args: Any, **options: Any) -> None:
        loaded = reference_data.load()
        if options["verbosity"]:
            self.stdout.write(", ".join(f"{name}: {count}" for name, count in loaded.items()))
