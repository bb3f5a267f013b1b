"""Applies rights.py and functions.sql to the database, after every `migrate`, as the owner of its tables."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.db import connections, transaction
from django.db.backends.utils import CursorWrapper

from kpr_portal.walls.rights import TABLES, Table
from municipalities.database import OWNER, REGISTRY, WEB, WORKER, scope_key

FUNCTIONS = Path(__file__).with_name("functions.sql").read_text()
FROM_ALL = f"FROM PUBLIC, {WEB}, {REGISTRY}, {WORKER}"


def after_migrate(*, using: str, **told: Any) -> None:
    """Django sends this also when tests empty their tables; then there is no plan of migrations, and nothing to do."""
    if "plan" in told:
        apply(using)


def apply(using: str = "default") -> bool:
    """Give each login what rights.py says and nothing else. Returns False where all of it is applied already, or where tables are
    still missing (a database that is migrated in parts).

    It takes each table for itself for a moment; queries wait for that.
    """
    with transaction.atomic(using=using), connections[using].cursor() as cursor:
        existing = tables(cursor)
        if not TABLES.keys() <= existing:
            return False
        statements = [
            *_schema(),
            *(s for name in sorted(existing) for s in _statements(name, TABLES.get(name, Table()))),
        ]
        digest = hashlib.sha256("\n".join((*statements, scope_key().hex())).encode()).hexdigest()
        if _applied(cursor) == digest:
            return False
        for statement in statements:
            cursor.execute(statement)
        cursor.execute(
            "INSERT INTO kpr.key (secret) VALUES (%s) ON CONFLICT (only_one) DO UPDATE SET secret = EXCLUDED.secret",
            [scope_key()],
        )
        cursor.execute(
            "INSERT INTO kpr.applied (digest) VALUES (%s) ON CONFLICT (only_one) DO UPDATE SET digest = EXCLUDED.digest",
            [digest],
        )
    return True


def tables(cursor: CursorWrapper) -> set[str]:
    cursor.execute(
        "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p', 'v', 'm')"
    )
    return {name for (name,) in cursor.fetchall()}


def _applied(cursor: CursorWrapper) -> str:
    cursor.execute("SELECT to_regclass('kpr.applied') IS NOT NULL")
    if not cursor.fetchone()[0]:
        return ""
    cursor.execute("SELECT digest FROM kpr.applied")
    row = cursor.fetchone()
    return str(row[0]) if row else ""


def _schema() -> Iterator[str]:
    yield "CREATE SCHEMA IF NOT EXISTS kpr"
    yield FUNCTIONS
    yield f"REVOKE ALL ON ALL TABLES IN SCHEMA public {FROM_ALL}"
    yield f"REVOKE ALL ON ALL SEQUENCES IN SCHEMA public {FROM_ALL}"
    yield f"REVOKE ALL ON ALL FUNCTIONS IN SCHEMA public {FROM_ALL}"


def _statements(name: str, table: Table) -> Iterator[str]:
    given = {WEB: table.web, REGISTRY: table.registry, WORKER: table.worker}
    for role, rights in given.items():
        if rights:
            yield f"GRANT {rights} ON public.{name} TO {role}"
        if "INSERT" in rights:
            yield _sequences(name, role)
    yield from _policies(name, table)


def _sequences(name: str, role: str) -> str:
    return f"""
    DO $$ DECLARE own record; BEGIN
      FOR own IN
        SELECT s.oid::regclass AS name FROM pg_class s JOIN pg_depend d ON d.objid = s.oid AND d.classid = 'pg_class'::regclass
        WHERE s.relkind = 'S' AND d.refobjid = 'public.{name}'::regclass
      LOOP
        EXECUTE format('GRANT USAGE ON SEQUENCE %s TO {role}', own.name);
      END LOOP;
    END $$"""


def _policies(name: str, table: Table) -> Iterator[str]:
    for role in (WEB, REGISTRY, OWNER):
        yield f"DROP POLICY IF EXISTS {role} ON public.{name}"
    if table.own is None:
        yield f"ALTER TABLE public.{name} NO FORCE ROW LEVEL SECURITY"
        yield f"ALTER TABLE public.{name} DISABLE ROW LEVEL SECURITY"
        return
    yield f"ALTER TABLE public.{name} ENABLE ROW LEVEL SECURITY"
    yield f"ALTER TABLE public.{name} FORCE ROW LEVEL SECURITY"
    bound = f"USING ({table.own}) WITH CHECK ({table.check or table.own})"
    yield f"CREATE POLICY {WEB} ON public.{name} TO {WEB} {bound}"
    yield f"CREATE POLICY {REGISTRY} ON public.{name} TO {REGISTRY} {bound if table.personal else 'USING (true)'}"
    if table.owner:
        yield f"CREATE POLICY {OWNER} ON public.{name} FOR {table.owner} TO {OWNER} USING (true)"
