"""When the fault is neither the caller's nor the program's: the disk is full, the database is away, or a statement took too long."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from dataclasses import dataclass

import psycopg
from django.db.utils import InterfaceError, OperationalError
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

NO_SPACE = (errno.ENOSPC, errno.EDQUOT)
OF_DATABASE = (OperationalError, InterfaceError, psycopg.OperationalError, psycopg.InterfaceError)


@dataclass(frozen=True)
class Outage:
    """What a door answers: an HTTP status, a stable code, a sentence, and after how many seconds to try again."""

    status: int
    code: str
    sentence: Promise
    retry_after: int


NO_ROOM = Outage(
    507,
    "no-room",
    _("Portalen har ikke plass til mer nå, så dette ble ikke lagret. Ta vare på filen, og prøv igjen om en time."),
    3600,
)
TOO_SLOW = Outage(
    503,
    "too-slow",
    _(
        "Dette tok lengre tid enn portalen tillater, og ble stoppet. Prøv igjen om litt. Kontakt registeret hvis det fortsetter."
    ),
    60,
)
AWAY = Outage(
    503,
    "unavailable",
    _("Portalen er ikke tilgjengelig akkurat nå, og ingenting ble lagret. Prøv igjen om litt."),
    30,
)


def outage(error: BaseException | None) -> Outage | None:
    """The outage behind an error; None where the fault is another."""
    if is_full(error):
        return NO_ROOM
    if is_too_slow(error):
        return TOO_SLOW
    return AWAY if is_away(error) else None


def is_full(error: BaseException | None) -> bool:
    """Whether there was no room on a disk: the database's, or the one where uploads wait."""
    return any(
        isinstance(each, psycopg.errors.DiskFull) or (isinstance(each, OSError) and each.errno in NO_SPACE)
        for each in _chain(error)
    )


def is_too_slow(error: BaseException | None) -> bool:
    """Whether a statement was stopped by its time limit."""
    return any(isinstance(each, psycopg.errors.QueryCanceled) for each in _chain(error))


def is_away(error: BaseException | None) -> bool:
    """Whether the database was away, full or unable: the same work may succeed later."""
    return is_full(error) or (isinstance(error, OF_DATABASE) and not is_too_slow(error))


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    """The error and what it was raised from."""
    while error is not None:
        yield error
        error = error.__cause__
