"""`manage.py set_up_roles`: the portal's logins in a PostgreSQL of its own, made by its superuser."""

from typing import Any

import psycopg
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from kpr_portal.configuration import problems
from kpr_portal.walls import roles


class Command(BaseCommand):
    help = (
        "Make the portal's logins (kpr_owner, kpr_web, kpr_registry, kpr_worker) in the database that KPR_SUPERUSER_URL names, with the "
        "passwords that are set, and hand the database to kpr_owner. May be run again, for example to change passwords."
    )
    requires_system_checks = ()

    def handle(self, **_options: Any) -> None:
        if not settings.KPR_SUPERUSER_URL:
            raise CommandError(
                "KPR_SUPERUSER_URL is not set. Set it, for this command only, to the address of the database with a superuser's name "
                "and password, as in postgresql://postgres:secret@host/kpr."
            )
        if found := list(problems(roles.LOGINS)):
            raise CommandError("\n".join(found))
        with psycopg.connect(settings.KPR_SUPERUSER_URL) as superuser:
            roles.set_up(superuser, settings.KPR_DATABASE_PASSWORDS)
        self.stdout.write(f"Logins: {', '.join(roles.LOGINS)}.")
