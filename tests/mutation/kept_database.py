"""A pytest plugin: a mutant is tried on the test database as the tests before it left it, neither made nor migrated anew, and is not
waited for as long as a test may take."""

from __future__ import annotations

import os
from typing import Any

import pytest
from django.db import connection
from django.test import utils

# What mutmut names a run by that is of no mutant.
RUNS_OF_NO_MUTANT = ("", "stats", "fail", "list_all_tests", "mutant_generation")
LONGEST_SECONDS = 120


def is_of_a_mutant() -> bool:
    return os.environ.get("MUTANT_UNDER_TEST", "") not in RUNS_OF_NO_MUTANT


def pytest_configure() -> None:
    if is_of_a_mutant():
        utils.setup_databases = use  # type: ignore[assignment]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    if is_of_a_mutant():
        for item in items:
            item.add_marker(pytest.mark.timeout(LONGEST_SECONDS))


def use(**_named: Any) -> list[Any]:
    connection.close()
    connection.settings_dict["NAME"] = connection.creation._get_test_db_name()
    return []
