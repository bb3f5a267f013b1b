"""What the generator says that it planted is what the portal finds; and the demonstration as an operator starts it."""

import io
import json
import re
from collections import Counter
from pathlib import Path
from typing import Any

import httpx
import pytest
from django.core.management import CommandError, call_command
from django.db.models import Sum

from kpr_portal.management.commands.load_demo import PASSWORD
from municipalities.access import Access
from municipalities.models import Scope
from quality.checks import BY_CODE as CHECKS
from quality.models import CheckResult
from quality.refreshing import refresh
from submissions import actions
from submissions.models import Channel, Status
from submissions.receive import receive
from tests.portal_process import RunningPortal
from tests.waiting import PATIENCE, wait_for

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


# National values that the register has published, in per cent: of 2023, else of the last year there is.
PUBLISHED = {
    "nutrition-assessed-institution": 57.0,
    "nutrition-at-risk-institution": 34.0,
    "nutrition-plan-institution": 64.3,
    "nutrition-assessed-home": 18.0,
    "nutrition-at-risk-home": 36.3,
    "nutrition-plan-home": 44.2,
    "medication-review-institution": 61.7,
    "seen-by-doctor-institution": 68.8,
    "seen-by-dentist-institution": 28.5,
    "individual-plan-rehab-home": 11.2,
    "waiting-time-nursing-home": 90.3,
}
POINTS = 4.5  # the nation is drawn at a small scale


def assert_near_what_was_published(shares: dict[str, float]) -> None:
    away = {code: shares[code] for code, share in PUBLISHED.items() if abs(shares[code] - share) > POINTS}
    assert not away


def national_shares(portal: RunningPortal) -> dict[str, float]:
    """In per cent, as the API answers them once the first publication is out, a while after the portal is ready."""
    return {code: 100 * national_share(portal, code) for code in PUBLISHED}


def national_share(portal: RunningPortal, code: str) -> float:
    address = f"{portal.url}api/v1/aggregates/{code}/?year=2023&level=nation"
    results = wait_for(
        lambda: httpx.get(address, timeout=PATIENCE).raise_for_status().json()["results"],
        what=f"{code} is published",
        pause=1,
    )
    return float(results[0]["value"])


SCALE = {"KPR_DEMO_SCALE": "0.08"}  # of the whole nation's persons, which would take minutes


@pytest.mark.portal
def test_the_demonstration_comes_up_alive_and_once(tmp_path: Path) -> None:
    """Through the real intake, up to the first publication; a second start loads nothing again."""
    portal = RunningPortal(tmp_path / "var", demo=True, **SCALE)
    portal.start()
    try:
        output = "\n".join(portal.output)
        assert PASSWORD in output
        received = reported(portal)
        assert received == {"2022": 356, "2023": 352}
        for name, (home, shown) in HOME_PAGES.items():
            assert re.search(rf"^ +{name} ", output, re.MULTILINE), name
            page = logged_in(portal, name)
            assert page.url.path == home and shown in page.text, (name, page.url)
        assert_near_what_was_published(national_shares(portal))
    finally:
        assert portal.stop() == 0
    with RunningPortal(tmp_path / "var", demo=True, **SCALE) as again:
        assert reported(again) == received
        assert PASSWORD not in "\n".join(again.output)


# User -> where a login leads, and something that stands there.
HOME_PAGES = {
    "registeret": ("/register/", "Utsira"),
    "kommune": ("/kommune/4601/", "Bergen"),
    "enhetsleder": ("/kommune/4601/", "Bergen"),
    "sykehjem": ("/kommune/4601/", "Bergen"),
    "to-enheter": ("/hjem/", "Bergen"),
    "liten-kommune": ("/kommune/1827/", "Dønna"),
    "ikke-meldt": ("/kommune/4616/", "Tysnes"),
    "avvist": ("/kommune/3430/", "Os"),
}


def logged_in(portal: RunningPortal, name: str) -> httpx.Response:
    """The page that a user sees after the login."""
    with httpx.Client(base_url=portal.url, follow_redirects=True, timeout=PATIENCE) as client:
        form = client.get("/logg-inn/")
        token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', form.text)
        assert token
        data = {"username": name, "password": PASSWORD, "csrfmiddlewaretoken": token[1]}
        return client.post("/logg-inn/", data=data, headers={"Referer": f"{portal.url}logg-inn/"}).raise_for_status()


def reported(portal: RunningPortal) -> dict[str, int]:
    """How many municipalities have something in for each year, as anybody may ask."""
    counts: Counter[str] = Counter()
    for year in ("2022", "2023"):
        address: str | None = f"{portal.url}api/v1/status/?year={year}"
        while address:
            page = httpx.get(address, timeout=PATIENCE).raise_for_status().json()
            counts[year] += sum(bool(row["received"]) for row in page["results"])
            address = page["next"]
    return dict(counts)
