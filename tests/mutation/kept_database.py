"""A pytest plugin: a mutant is tried on the test database as the tests before it left it, neither made nor migrated anew."""

from __future__ import annotations

import os
from typing import Any

from django.db import connection
from django.test import utils

# What mutmut names a run by that is of no mutant.
RUNS_OF_NO_MUTANT = ("", "stats", "fail", "list_all_tests", "mutant_generation")


def pytest_configure() -> None:
    if os.environ.get("MUTANT_UNDER_TEST", "") not in RUNS_OF_NO_MUTANT:
        utils.setup_databases = use  # type: ignore[assignment]


def use(**_named: Any) -> list[Any]:
    connection.close()
    connection.settings_dict["NAME"] = connection.creation._get_test_db_name()
    return []
