"""Is there room for more? Asked before work begins: a database that meets a full disk while it works may have to stop."""

from __future__ import annotations

import time

from django.conf import settings
from django.db import connection, transaction
from django.db.utils import OperationalError

from municipalities.outages import is_full

ASK_AGAIN_SECONDS = 5
_asked = {"at": float("-inf"), "enough": True}
# Spills to the database's disk and is gone with the statement: no table, no log and no right is needed.
WRITE_MEGABYTES = """
WITH written AS MATERIALIZED (SELECT repeat('x', 8192) FROM generate_series(1, 128 * %s)) SELECT count(*) FROM written
"""


def is_enough() -> bool:
    """Whether the database's disk takes KPR_LEAST_FREE_MB more. Asked of the database at most every five seconds.

    Raises:
        OperationalError: the database is away.
    """
    if time.monotonic() - float(_asked["at"]) > ASK_AGAIN_SECONDS:
        _asked.update(at=time.monotonic(), enough=ask())
    return bool(_asked["enough"])


def ask() -> bool:
    """Raises:
    OperationalError: the database is away.
    """
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SELECT current_setting('work_mem'), set_config('work_mem', '64kB', true)")
            (before, _now) = cursor.fetchone()
            cursor.execute(WRITE_MEGABYTES, [settings.KPR_LEAST_FREE_MB])
            cursor.execute("SELECT set_config('work_mem', %s, true)", [before])
        return True
    except OperationalError as error:
        if is_full(error):
            return False
        raise
