"""manage.py portal: the whole portal in the foreground."""

import sys
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from kpr_portal.configuration import stop_if_unusable
from kpr_portal.local.embedded import NotStarted
from kpr_portal.local.supervisor import Failure, Portal, add_arguments
from kpr_portal.walls.roles import LOGINS


class Command(BaseCommand):
    help = "Runs the whole portal in the foreground: database, broker, web server, worker and beat. Ctrl-C stops it."
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        add_arguments(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        stop_if_unusable(LOGINS)
        portal = Portal(
            settings.KPR_DATA_DIR,
            port=options["port"],
            demo=options["demo"],
            environment=settings.KPR_ENVIRONMENT,
            host=probe_host(settings.ALLOWED_HOSTS),
        )
        try:
            portal.run()
        except (Failure, NotStarted) as failure:
            sys.exit(str(failure))


def probe_host(allowed: list[str]) -> str:
    """A name that this portal answers to, for asking it whether it is ready."""
    return allowed[0].replace("*", "localhost").lstrip(".") if allowed else "localhost"
