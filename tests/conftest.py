"""Tests run on the embedded PostgreSQL in a data directory of their own."""

import os
from pathlib import Path

DATA_DIR = Path(os.environ.get("KPR_TEST_DATA_DIR", Path(__file__).parent.parent / "var" / "test")).resolve()
os.environ["KPR_DATA_DIR"] = str(DATA_DIR)
os.environ["KPR_ENVIRONMENT"] = "test"
os.environ["DJANGO_SETTINGS_MODULE"] = "kpr_portal.settings"


def pytest_configure() -> None:
    from kpr_portal.embedded import ensure_postgres

    ensure_postgres()
