"""The log of acts and of looks at person-level rows."""

from typing import Any

from municipalities.access import Access
from municipalities.masking import mask
from municipalities.models import AuditEvent


def record(by: Access, action: str, municipality: str | None, **details: Any) -> None:
    """Write one event in the caller's transaction. `details` hold ids and counts, never what a row said."""
    details = {name: mask(value) if isinstance(value, str) else value for name, value in details.items()}
    AuditEvent.objects.create(actor=by.name or "system", action=action, municipality_id=municipality, details=details)
