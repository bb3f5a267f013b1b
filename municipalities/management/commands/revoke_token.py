"""Ends a token's access at once."""

from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils.translation import gettext as _

from municipalities import accounts


class Command(BaseCommand):
    help = "Avslutter et token med en gang. Neste kall med det får svaret 401."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("which", metavar="NUMMER_ELLER_NAVN")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            token = accounts.revoke_token(options["which"])
        except ValidationError as error:
            raise CommandError(" ".join(error.messages)) from error
        self.stdout.write(_("Token %(number)s «%(name)s» er avsluttet.") % {"number": token.pk, "name": token.name})
