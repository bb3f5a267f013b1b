"""Tests run on the embedded PostgreSQL in a data directory of their own."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import leaks
from tests.leaks import nothing_leaks, pytest_sessionfinish, pytest_testnodedown  # noqa: F401  (pytest finds them here)

DATA_DIR = Path(os.environ.get("KPR_TEST_DATA_DIR", Path(__file__).parent.parent / "var" / "test")).resolve()
os.environ["KPR_DATA_DIR"] = str(DATA_DIR)
os.environ["KPR_ENVIRONMENT"] = "test"
os.environ["DJANGO_SETTINGS_MODULE"] = "kpr_portal.settings"


def pytest_configure() -> None:
    from kpr_portal.embedded import ensure_postgres

    ensure_postgres()
    leaks.watch_answers()


@pytest.fixture(autouse=True)
def each_begins_in_bokmål() -> Iterator[None]:
    """What a request chose stays in its thread, where the server would answer the next and a test asks on."""
    from django.utils import translation

    yield
    translation.deactivate()


@pytest.fixture(autouse=True)
def nobody_has_failed_yet() -> Iterator[None]:
    """What one test guesses wrong slows down no other."""
    from django.core.cache import caches

    yield
    caches["throttle-local"].clear()
