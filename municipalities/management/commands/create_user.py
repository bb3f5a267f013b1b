"""Makes a user with one role, or gives an existing user a new password and role."""

import sys
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils.translation import gettext as _
from stdnum.no import orgnr

from municipalities import accounts
from municipalities.models import Role


class Command(BaseCommand):
    help = "Lager en bruker, eller gir en bruker som finnes, nytt passord og ny rolle."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name", metavar="NAVN")
        parser.add_argument("--role", default="", metavar="ROLLE", help=", ".join(Role.values))
        parser.add_argument("--municipality", default="", metavar="NNNN", help="kommunenummer")
        parser.add_argument("--unit", default="", metavar="ORGNR", help="enhetens organisasjonsnummer")
        parser.add_argument("--password-stdin", action="store_true", help="les passordet fra standard inn")

    def handle(self, *args: Any, **options: Any) -> None:
        name, role, unit = options["name"], options["role"], options["unit"]
        password = self._password(options["password_stdin"])
        try:
            accounts.create_user(name, role=role, password=password, municipality=options["municipality"], unit=unit)
        except ValidationError as error:
            raise CommandError(" ".join(error.messages)) from error
        if unit and not orgnr.is_valid(unit):
            self.stderr.write(_("Merk: %(unit)s har feil kontrollsiffer.") % {"unit": unit})
        self.stdout.write(_("Brukeren %(name)s er klar med rollen %(role)s.") % {"name": name, "role": role})

    def _password(self, from_stdin: bool) -> str:
        if not from_stdin:
            raise CommandError(_("Passordet leses bare fra standard inn. Bruk --password-stdin og send det inn der."))
        password = sys.stdin.readline().rstrip("\r\n")
        if not password:
            raise CommandError(_("Det kom ikke noe passord på standard inn. Send det som én linje."))
        return password
