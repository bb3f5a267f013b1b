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
os.environ["KPR_DATABASE_ROLE"] = "superuser"


def pytest_configure() -> None:
    from django.db.models.signals import pre_migrate

    from kpr_portal.local.embedded import ensure_postgres

    ensure_postgres()
    leaks.watch_answers()
    pre_migrate.connect(become_owner)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Whole portals first: files of many small tests fill what is left of each process at the end. What a file's tests share is made
    once, also where they are named one by one in no order."""
    items.sort(key=lambda item: (item.get_closest_marker("portal") is None, str(item.path)))


def become_owner(**_signal: object) -> None:
    """The test database is made as the portal's is: handed to kpr_owner, and migrated as kpr_owner."""
    from django.db import connection

    from kpr_portal.walls import roles

    connection.ensure_connection()
    connection.connection.execute("RESET ROLE")  # Django says that it migrates once for each app
    roles.set_up_database(connection.connection)
    connection.connection.execute("SET ROLE kpr_owner")


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None) -> None:
    from django.db import connection
    from django.db.models.signals import pre_migrate

    pre_migrate.disconnect(become_owner)
    connection.close()


@pytest.fixture(scope="session", autouse=True)
def each_login_is_a_role() -> None:
    """Tests have one connection, whose transaction is rolled back. What is done under a login is done there in its role: the same
    rights and policies. tests/kpr_portal/test_rights.py and whole portals log in for real."""
    from municipalities import database
    from tests.logins import in_role

    database.change_login = in_role


@pytest.fixture(scope="session", autouse=True)
def passwords_are_cheap() -> None:
    """Argon2 as always, with less work. Whole portals are processes of their own, and take all of it."""
    from django.contrib.auth.hashers import Argon2PasswordHasher

    Argon2PasswordHasher.time_cost = Argon2PasswordHasher.parallelism = 1
    Argon2PasswordHasher.memory_cost = 8


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
