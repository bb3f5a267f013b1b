"""What the generator says that it planted is what the portal finds. The demonstration as it is started: test_documented_commands."""

import io
import json
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db.models import Sum

from municipalities.access import Access
from municipalities.models import Scope
from quality.checks import BY_CODE as CHECKS
from quality.models import CheckResult
from quality.refreshing import refresh
from submissions import actions
from submissions.models import Channel, Status
from submissions.receive import receive

SENDER = Access(name="test", municipalities=None, scopes=frozenset({Scope.SUBMIT}))


def generate(folder: Path, year: int) -> dict[str, Any]:
    out = io.StringIO()
    options = ("--scale", "0.02", "--municipalities", "9", "--out", str(folder))
    call_command("generate_nation", "--year", str(year), *options, stdout=out, stderr=io.StringIO())
    return json.loads(out.getvalue())


def send(file: Path) -> None:
    with file.open("rb") as content:
        submission = receive(channel=Channel.API, access=SENDER, content=content)
    actions.process_waiting(str(submission.municipality_id), int(submission.year or 0))
    submission.refresh_from_db()
    assert submission.status == Status.DONE


@pytest.mark.django_db
def test_every_planted_fault_is_found_and_nothing_else(tmp_path: Path) -> None:
    call_command("load_reference")
    planted = {year: generate(tmp_path, year)["by_municipality"] for year in (2022, 2023)}
    for year in (2022, 2023):
        for file in sorted(tmp_path.glob(f"????-{year}.xml")):
            send(file)
    refresh()
    for year, municipalities in planted.items():
        planted_here = ((code, check, n) for code, m in municipalities.items() for check, n in m["planted"].items())
        expected = {(code, check): n for code, check, n in planted_here if n and check in CHECKS}
        assert found_in(year) == expected


def found_in(year: int) -> dict[tuple[str, str], int]:
    results = CheckResult.objects.filter(submission__year=year, submission__is_current=True, violating__gt=0)
    rows = results.values_list("submission__municipality", "code").annotate(n=Sum("violating"))
    return {(str(municipality), code): n for municipality, code, n in rows}


def test_load_demo_is_refused_outside_a_demonstration() -> None:
    with pytest.raises(CommandError, match="KPR_ENVIRONMENT"):
        call_command("load_demo")
