"""The log of acts and of looks at person-level rows."""

import json
from typing import Any

from django.db import connection

from municipalities.access import Access
from municipalities.masking import mask

# Not by the ORM, which asks for the new row's number: a request may add to the log, and read nothing of it. The clock is the
# database's (a trigger sets it).
INSERT = "INSERT INTO municipalities_auditevent (at, actor, action, municipality_id, details) VALUES (now(), %s, %s, %s, %s::jsonb)"


def record(by: Access, action: str, municipality: str | None, **details: Any) -> None:
    """Write one event in the caller's transaction. `details` hold ids and counts, never what a row said."""
    details = {name: mask(value) if isinstance(value, str) else value for name, value in details.items()}
    with connection.cursor() as cursor:
        cursor.execute(INSERT, [by.name or "system", action, municipality, json.dumps(details)])
