"""Tries the mutants of the checks, on the tests' database. `make mutation` runs it; `make test` does not."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from tests.mutation import declarations


@pytest.mark.django_db
def test_the_examples_tell_mutants_of_the_checks() -> None:
    tried = declarations.try_all()
    Path(os.environ["KPR_MUTATION_REPORT"]).write_text(json.dumps({mutant.name: mutant.killed for mutant in tried}))
    assert tried
