"""Makes a bearer token for a machine client and prints it, once."""

from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser

from municipalities import accounts
from municipalities.models import Scope


class Command(BaseCommand):
    help = "Lager et token for en maskinklient og skriver det ut én gang. Uten kommune gjelder det hele landet."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name", metavar="NAVN")
        parser.add_argument("--municipality", default="", metavar="NNNN", help="kommunenummer")
        parser.add_argument(
            "--scope", action="extend", nargs="+", default=[], metavar="OMFANG", help=", ".join(Scope.values)
        )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            secret = accounts.create_token(
                options["name"], scopes=options["scope"], municipality=options["municipality"]
            )
        except ValidationError as error:
            raise CommandError(" ".join(error.messages)) from error
        self.stdout.write(secret)
