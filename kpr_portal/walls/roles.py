"""The logins of PostgreSQL. A superuser makes them, once or again: embedded at each start, on servers `manage.py set_up_roles`.

The portal itself never logs in as a superuser. None of its logins is a member of another, so that none can become another.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import psycopg
from psycopg import sql

from municipalities.database import OWNER, REGISTRY, WEB, WORKER

LOGINS = (OWNER, WEB, REGISTRY, WORKER)
# The worker loads by COPY, which PostgreSQL refuses under a policy. It is bound by its rights table by table.
PAST_POLICIES = {WORKER}
# Settings of each login's sessions, such as statement_timeout: {WEB: {"statement_timeout": "60s"}}.
SETTINGS: Mapping[str, Mapping[str, str]] = {}

NO_MORE = "NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOINHERIT"
# What PostgreSQL gives everybody and nobody here needs. Not among them are pg_read_file, lo_import, COPY … PROGRAM and untrusted
# languages: those are superusers' only.
TAKEN_FROM_ALL = (
    "REVOKE ALL ON DATABASE {database} FROM PUBLIC",
    "REVOKE ALL ON SCHEMA public FROM PUBLIC",
    "REVOKE ALL ON LANGUAGE plpgsql FROM PUBLIC",
    "REVOKE EXECUTE ON FUNCTION pg_terminate_backend(integer, bigint), pg_cancel_backend(integer) FROM PUBLIC",
    "REVOKE EXECUTE ON FUNCTION lo_creat(integer), lo_create(oid), lo_from_bytea(oid, bytea) FROM PUBLIC",
)
GIVEN = (
    "ALTER DATABASE {database} OWNER TO {owner}",
    "ALTER SCHEMA public OWNER TO {owner}",
    "GRANT CONNECT ON DATABASE {database} TO {logins}",
    "GRANT USAGE ON SCHEMA public TO {logins}",
    "GRANT USAGE ON LANGUAGE plpgsql TO {owner}",
)


def set_up(superuser: psycopg.Connection[Any], passwords: Mapping[str, str]) -> None:
    """Make the logins, or make them what they should be, and hand them the database. A login without a password can log in only
    where PostgreSQL asks for none."""
    with superuser.transaction():
        # Two that start at once would trip over each other.
        superuser.execute("SELECT pg_advisory_xact_lock(hashtext('kpr roles'))")
        for login in LOGINS:
            _set_up_login(superuser, login, passwords.get(login, ""))
        set_up_database(superuser)


def _set_up_login(superuser: psycopg.Connection[Any], login: str, password: str) -> None:
    name = sql.Identifier(login)
    if not superuser.execute("SELECT true FROM pg_roles WHERE rolname = %s", [login]).fetchone():
        superuser.execute(sql.SQL("CREATE ROLE {}").format(name))
    past = sql.SQL("BYPASSRLS" if login in PAST_POLICIES else "NOBYPASSRLS")
    superuser.execute(sql.SQL("ALTER ROLE {} LOGIN {} {}").format(name, sql.SQL(NO_MORE), past))
    if password:
        superuser.execute(sql.SQL("ALTER ROLE {} PASSWORD {}").format(name, sql.Literal(password)))
    wider = superuser.execute(
        "SELECT roleid::regrole::text FROM pg_auth_members WHERE member = %s::regrole", [login]
    ).fetchall()
    for (role,) in wider:
        superuser.execute(sql.SQL("REVOKE {} FROM {}").format(sql.SQL(role), name))
    superuser.execute(sql.SQL("ALTER ROLE {} RESET ALL").format(name))
    for setting, value in SETTINGS.get(login, {}).items():
        superuser.execute(
            sql.SQL("ALTER ROLE {} SET {} = {}").format(name, sql.Identifier(setting), sql.Literal(value))
        )


def set_up_database(superuser: psycopg.Connection[Any]) -> None:
    """Give the connected database to its owner, and take from everybody what nobody needs."""
    names = {
        "database": sql.Identifier(superuser.info.dbname),
        "owner": sql.Identifier(OWNER),
        "logins": sql.SQL(", ").join(map(sql.Identifier, LOGINS)),
    }
    for statement in (*TAKEN_FROM_ALL, *GIVEN):
        superuser.execute(sql.SQL(statement).format(**names))
