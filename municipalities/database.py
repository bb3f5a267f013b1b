"""Under which login of PostgreSQL something is done, and what a transaction of a request has proven that it may see.

The web processes log in as `kpr_web`, for the registry's people and national tokens as `kpr_registry`, workers as `kpr_worker`,
an operator's acts on accounts and reference data as `kpr_owner`. No login can become another.

What a request may see is told to PostgreSQL for each transaction, with a proof (a keyed hash) that only the application and
a function of the database's owner can make: SQL that was smuggled into a request can change these settings, but not so that the
policies believe them. Nothing outlives the transaction, so that a pooler may share the connection.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field

import psycopg
from django.conf import settings
from django.db import connection, connections, transaction

OWNER, WEB, REGISTRY, WORKER = "kpr_owner", "kpr_web", "kpr_registry", "kpr_worker"
# Seconds that a proof holds: longer than the slowest upload.
PROOF_SECONDS = 3600
SEPARATOR = "\x1f"  # between facts, which may hold what a visitor typed
TELL = """
SELECT set_config('kpr.until', %s, true), set_config('kpr.municipalities', %s, true), set_config('kpr.units', %s, true),
  set_config('kpr.facts', %s, true), set_config('kpr.proof', %s, true)
"""


@dataclass
class Scope:
    """What the transaction has told the database: municipalities seen in full, units (`NNNN:ORGNR`) of others, and facts such as
    `user:5`, which let it see that one account, session, token or message."""

    municipalities: tuple[str, ...] = ()
    units: tuple[str, ...] = ()
    facts: list[str] = field(default_factory=list)


_scope: ContextVar[Scope | None] = ContextVar("scope", default=None)


def scope_key() -> bytes:
    """What proofs are made with. It follows from SECRET_KEY; the owner stores it in the database (kpr_portal/walls)."""
    return hashlib.sha256(b"kpr scope " + settings.SECRET_KEY.encode()).digest()


def proof(told: str) -> str:
    """A keyed hash, nested so that nothing can be added to what was told. The database's `kpr.proven` makes the same one."""
    key = scope_key()
    return hashlib.sha256(key + hashlib.sha256(key + told.encode()).digest()).hexdigest()


@contextmanager
def _change_login(role: str) -> Iterator[None]:
    """Let this thread's queries go over the connection of another login.

    Raises:
        PermissionError: this process has no such login.
    """
    before = connections["default"]
    if before.settings_dict["USER"] == role:
        yield
        return
    if role not in connections:
        raise PermissionError(f"This process may not log in to the database as {role}.")
    connections["default"] = connections[role]
    try:
        yield
    finally:
        connections["default"] = before


# Tests, which have one connection, put a change of role in its place.
change_login: Callable[[str], AbstractContextManager[None]] = _change_login


@contextmanager
def transaction_as(role: str) -> Iterator[None]:
    """One transaction under the role's login. It begins with the facts that the one around it has proven, and sees nothing else
    that belongs to a municipality or an account until it is told more (`see`, `know`)."""
    around = _scope.get()
    with change_login(role), transaction.atomic():
        token = _scope.set(Scope(facts=list(around.facts) if around else []))
        try:
            if around and around.facts:
                _tell()
            yield
        finally:
            _scope.reset(token)


def see(municipalities: Iterable[str], units: Mapping[str, Iterable[str]], **facts: object) -> None:
    """Let the transaction see these municipalities in full, and of others these units."""
    scope = _scope.get()
    if scope is None:
        return
    scope.municipalities = tuple(sorted(municipalities))
    scope.units = tuple(sorted(f"{code}:{number}" for code, numbers in units.items() for number in numbers))
    scope.facts += _new(scope, facts)
    _tell()


def know(**facts: object) -> None:
    """Let the transaction see what one fact names: `user` (id), `login` (name), `session`, `token` (digest), `message` (id).

    Outside of a request's transaction nothing is done: workers and commands need no proof.
    """
    scope = _scope.get()
    if scope is None:
        return
    if new := _new(scope, facts):
        scope.facts += new
        _tell()


def _new(scope: Scope, facts: Mapping[str, object]) -> list[str]:
    told = (f"{kind}:{value}" for kind, value in facts.items())
    return [fact for fact in told if SEPARATOR not in fact and "\0" not in fact and fact not in scope.facts]


def _tell() -> None:
    """By parameters of the server's, so that no other session can read a proof among the queries that run."""
    scope = _scope.get()
    assert scope is not None
    until = str(int(time.time()) + PROOF_SECONDS)
    told = (until, ",".join(scope.municipalities), ",".join(scope.units), SEPARATOR.join(scope.facts))
    connection.ensure_connection()
    with connection.wrap_database_errors, psycopg.Cursor(connection.connection) as cursor:
        cursor.execute(TELL, (*told, proof("|".join(told))))
