"""Loads the demonstration nation, once per data directory, and prints the demo users."""

import tempfile
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils import translation
from django.utils.translation import gettext as _

from demonstration import demonstration
from municipalities import reference_data
from municipalities.models import Municipality, Role

PASSWORD = "solskinn-over-fjorden"  # noqa: S105  (printed for everybody; the command runs in demonstrations only)


class Command(BaseCommand):
    help = "Loads the demonstration nation through the ordinary intake, once, and makes the demo users."

    def handle(self, *args: Any, **options: Any) -> None:
        with translation.override("en"):  # it runs within the portal, whose output is in English
            self._load()

    def _load(self) -> None:
        if settings.KPR_ENVIRONMENT != "demo":
            raise CommandError(_("Demonstrasjonsnasjonen lastes bare når KPR_ENVIRONMENT er demo."))
        if demonstration.is_loaded():
            self.stdout.write(_("Demonstrasjonsnasjonen er lastet fra før."))
            return
        if not Municipality.objects.exists():
            reference_data.load()
        try:
            with tempfile.TemporaryDirectory(prefix="kpr-demo-") as folder:
                demonstration.load(Path(folder))
        except demonstration.Stalled as stalled:
            raise CommandError(str(stalled)) from stalled
        self.stdout.write(_("De åpne tallene publiseres i bakgrunnen. Det tar omtrent et minutt."))
        self._print(demonstration.create_users(PASSWORD))
        demonstration.finish()

    def _print(self, users: list[demonstration.DemoUser]) -> None:
        head = (_("bruker"), _("rolle"), _("ser"))
        self.stdout.write(_("Demobrukere. Passord for alle: %(password)s") % {"password": PASSWORD})
        for row in (head, *((user.name, Role(user.role).label, user.sees) for user in users)):
            self.stdout.write(f"  {row[0]:<14} {row[1]:<13} {row[2]}")
