"""Makes a user with a role, gives an existing user one more, or ends a user's access."""

import sys
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils.translation import gettext as _
from stdnum.no import orgnr

from municipalities import accounts
from municipalities.models import Role, User


class Command(BaseCommand):
    help = (
        "Lager en bruker, eller gir en bruker som finnes, en rolle til. En ny rolle i samme kommune erstatter den gamle. "
        "Med --revoke avsluttes tilgangen med en gang: i kommunen eller enheten som er oppgitt, ellers overalt."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name", metavar="NAVN")
        parser.add_argument("--role", default="", metavar="ROLLE", help=", ".join(Role.values))
        parser.add_argument("--municipality", default="", metavar="NNNN", help="kommunenummer")
        parser.add_argument("--unit", default="", metavar="ORGNR", help="enhetens organisasjonsnummer")
        parser.add_argument(
            "--password-stdin",
            action="store_true",
            help="les passordet fra standard inn; uten beholder en bruker som finnes, sitt passord",
        )
        parser.add_argument("--revoke", action="store_true", help="avslutt tilgangen")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            (self._revoke if options["revoke"] else self._create)(options)
        except ValidationError as error:
            raise CommandError(" ".join(error.messages)) from error

    def _create(self, options: dict[str, Any]) -> None:
        name, unit = options["name"], options["unit"]
        password = self._password() if options["password_stdin"] else _kept_password(name)
        where = {"municipality": options["municipality"], "unit": unit}
        user = accounts.create_user(name, role=options["role"], password=password, **where)
        if unit and not orgnr.is_valid(unit):
            self.stderr.write(_("Merk: %(unit)s har feil kontrollsiffer.") % {"unit": unit})
        self._tell(user)

    def _revoke(self, options: dict[str, Any]) -> None:
        if options["role"] or options["password_stdin"]:
            raise CommandError(
                _("--revoke tar bare --municipality og --unit: rollen i kommunen eller enheten avsluttes.")
            )
        user = accounts.revoke_user(options["name"], municipality=options["municipality"], unit=options["unit"])
        self._tell(user)

    def _tell(self, user: User) -> None:
        roles = "; ".join(accounts.describe(user))
        sentence = (
            _("%(name)s har nå: %(roles)s.") if roles else _("%(name)s har ikke lenger tilgang, og er logget ut.")
        )
        self.stdout.write(sentence % {"name": user.username, "roles": roles})

    def _password(self) -> str:
        password = sys.stdin.readline().rstrip("\r\n")
        if not password:
            raise CommandError(_("Det kom ikke noe passord på standard inn. Send det som én linje."))
        return password


def _kept_password(name: str) -> str:
    if not User.objects.filter(username=name, is_active=True).exists():
        raise CommandError(_("Passordet leses bare fra standard inn. Bruk --password-stdin og send det inn der."))
    return ""
