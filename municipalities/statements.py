"""How long one statement of the database may take, by what the process is for.

Commands that an operator runs have no limit. The web server and the workers set theirs when they start.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db import connection
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.signals import connection_created
from django.dispatch import receiver

_limit = {"seconds": 0}
# How soon PostgreSQL notices that whoever asked was killed, and stops the statement.
ORPHAN_SECONDS = 10


def limit_statements(seconds: int) -> None:
    """From now on no statement of this process takes longer; 0 takes the limit away."""
    _limit["seconds"] = seconds
    if connection.connection is not None:
        _apply(connection)


@contextmanager
def statements_of(seconds: int) -> Iterator[None]:
    """Another limit for a while, where there is one: for work that reads the whole nation."""
    before = _limit["seconds"]
    if not before:
        yield
        return
    limit_statements(seconds)
    try:
        yield
    finally:
        limit_statements(before)


@receiver(connection_created, dispatch_uid="municipalities.statement_limit")
def _limit_new_connection(connection: BaseDatabaseWrapper, **_signal: Any) -> None:
    if _limit["seconds"]:
        _apply(connection)


def _apply(connection: BaseDatabaseWrapper) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT set_config('statement_timeout', %s, false), set_config('client_connection_check_interval', %s, false)",
            [f"{_limit['seconds']}s", f"{ORPHAN_SECONDS}s"],
        )
