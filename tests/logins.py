"""The logins of the database in tests: as roles on the one connection, or for real."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
from django.db import connection

from municipalities import database
from municipalities.access import Access

TOLD = ("kpr.until", "kpr.municipalities", "kpr.units", "kpr.facts", "kpr.proof")
NOW = ", ".join(f"coalesce(current_setting('{name}', true), '')" for name in TOLD)
OF_SESSION = f"SELECT current_setting('role'), {NOW}"


@contextmanager
def in_role(role: str) -> Iterator[None]:
    """The superuser's connection, with the rights of the login. What was told the database before is told again after it."""
    connection.ensure_connection()
    session = connection.connection
    before, *told = session.execute(OF_SESSION).fetchone()
    session.execute("SELECT set_config('role', %s, false)", [role])
    try:
        yield
    finally:
        if session.info.transaction_status != psycopg.pq.TransactionStatus.INERROR:
            session.execute("SELECT set_config('role', %s, false)", [before])
            for name, value in zip(TOLD, told, strict=True):
                session.execute("SELECT set_config(%s, %s, true)", [name, value])


@contextmanager
def seeing(access: Access) -> Iterator[None]:
    """A transaction as a request of this access has it, without any view's own filter."""
    with database.transaction_as(database.REGISTRY if access.municipalities is None else database.WEB):
        database.see(access.in_full, access.units)
        yield


def log_in(role: str) -> psycopg.Connection[Any]:
    """A real session under the login, in the test database."""
    settings = connection.settings_dict
    return psycopg.connect(
        host=settings["HOST"], dbname=settings["NAME"], user=role, autocommit=True, prepare_threshold=None
    )


def tell(session: psycopg.Connection[Any], municipalities: str = "", units: str = "", *facts: str) -> None:
    """What the application would tell in a transaction, here for the whole session."""
    told = ("9999999999", municipalities, units, database.SEPARATOR.join(facts))
    for name, value in zip(TOLD, (*told, database.proof("|".join(told))), strict=True):
        session.execute("SELECT set_config(%s, %s, false)", [name, value])
