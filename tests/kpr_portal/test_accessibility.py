"""axe-core reads every page of the route table, logged in as each of the cast, on a phone's and a desktop's width.

No violation of WCAG 2.2 A or AA, and all content within landmarks.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from django.urls import reverse
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.cast import OTHER, OWN, SOLBAKKEN
from tests.kpr_portal.test_access_routes import CASTS, ROUTES
from tests.kpr_portal.test_access_routes import Page as PageRoute
from tests.kpr_portal.test_browser import PASSWORD, browser, log_in  # noqa: F401
from tests.portal_process import ROOT, RunningPortal
from tests.waiting import PATIENCE

pytestmark = [pytest.mark.portal, pytest.mark.browser]
AXE = (ROOT / "node_modules" / "axe-core" / "axe.min.js").read_text()
# The landmark rules are best practice to axe, and required here: a screen reader's user jumps between landmarks.
RULES = {
    "runOnly": {
        "type": "tag",
        "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
    }
}
SEED = """
from municipalities import database
from municipalities.models import User
from tests.accessibility_stage import seed
with database.transaction_as(database.OWNER):
    User.objects.create_user("nils", password="{password}")
print("SEEDED", seed())
"""
PEOPLE = {
    "kari": ("--role", "municipality", "--municipality", OWN),
    "otto": ("--role", "municipality", "--municipality", OTHER),
    "unn": ("--role", "unit_leader", "--municipality", OWN, "--unit", SOLBAKKEN),
    "rita": ("--role", "registry"),
}
NOT_PAGES = {"logout", "set_language", "healthz", "readyz", "submission-progress", "finding-excel", "finding-csv"}


@dataclass(frozen=True)
class Key:
    pk: int


@dataclass(frozen=True)
class Seeded:
    """What the arguments of the route table ask of the cast."""

    current: Key


@pytest.fixture(scope="module")
def portal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningPortal]:
    with RunningPortal(tmp_path_factory.mktemp("axe") / "var", KPR_TODAY="2024-01-08") as running:
        yield running


@pytest.fixture(scope="module")
def seeded(portal: RunningPortal) -> Seeded:
    output = portal.run_command("shell", "--verbosity", "0", "-c", SEED.format(password=PASSWORD)).stdout
    for name, role in PEOPLE.items():
        portal.run_command("create_user", name, *role, "--password-stdin", input=PASSWORD)
    return Seeded(Key(int(output.rsplit("SEEDED", 1)[1])))


@pytest.fixture
def context(browser: Browser, portal: RunningPortal) -> Iterator[BrowserContext]:  # noqa: F811
    opened = browser.new_context(base_url=portal.url, locale="nb-NO")
    opened.set_default_timeout(PATIENCE * 1000)
    yield opened
    opened.close()


def pages_of(name: str, seeded: Seeded) -> Iterator[tuple[str, str]]:
    """Route and address of every page that this one of the cast gets to see, and one that is not found."""
    column = CASTS.index(name)
    for route, page in ROUTES.items():
        if isinstance(page, PageRoute) and route not in NOT_PAGES and page.expected[column] == 200:
            address = reverse(route, args=page.arguments(seeded))  # type: ignore[arg-type]
            if not address.endswith((".csv", ".xlsx", ".txt")):
                yield route, address
    yield "not found", "/finnes-ikke/"


# The web server's own process, with an address of its own: the portal counts what fails from each.
ERRORS = """
import json
import kpr_portal.wsgi
from django.test import Client, override_settings
from tests.kpr_portal.test_error_pages import HEADINGS, Failing, answer, stale_form

def client(**how):
    return Client(raise_request_exception=False, REMOTE_ADDR="192.0.2.1", **how)

with override_settings(ROOT_URLCONF=Failing, ALLOWED_HOSTS=["*"]):
    answers = {status: answer(status, client()) for status in HEADINGS}
    answers["403 csrf"] = stale_form(client(enforce_csrf_checks=True))
print("PAGES", json.dumps({str(name): (told.status_code, told.content.decode()) for name, told in answers.items()}))
"""


@pytest.fixture(scope="module")
def error_pages(portal: RunningPortal) -> dict[str, str]:
    """The page of each status. Most cannot be had from a portal that works, so each is drawn in a process of its own."""
    process = subprocess.run(
        [sys.executable, "-c", ERRORS], env=portal.env, cwd=ROOT, text=True, capture_output=True, check=True
    )
    pages = json.loads(process.stdout.rsplit("PAGES", 1)[1])
    assert all(name.startswith(str(status)) for name, (status, _content) in pages.items()), pages
    return {name: content for name, (_status, content) in pages.items()}


def told(violation: dict[str, Any]) -> str:
    nodes = [f"{node['target']} {node['html'][:160]}" for node in violation["nodes"][:4]]
    return f"{violation['id']} ({len(violation['nodes'])}): {violation['help']}\n      " + "\n      ".join(nodes)


def violations(page: Page) -> list[str]:
    page.evaluate(AXE)
    found = page.evaluate("rules => axe.run(document, rules).then(result => result.violations)", RULES)
    return [told(violation) for violation in found]


@pytest.mark.parametrize("width", [390, 1280])
@pytest.mark.parametrize("name", CASTS)
def test_no_violation(context: BrowserContext, seeded: Seeded, name: str, width: int) -> None:
    page = context.new_page()
    page.set_viewport_size({"width": width, "height": 844})
    if name != "nobody":
        log_in(page, name)
    found = {}
    for route, address in pages_of(name, seeded):
        answer = page.goto(address)
        assert answer and answer.status == (404 if route == "not found" else 200), (address, answer and answer.status)
        if problems := violations(page):
            found[f"{route} {address}"] = problems
    assert not found, "\n" + "\n".join(f"{where}\n    " + "\n    ".join(all_of) for where, all_of in found.items())


@pytest.mark.parametrize("width", [390, 1280])
def test_no_violation_where_something_went_wrong(
    context: BrowserContext, portal: RunningPortal, error_pages: dict[str, str], width: int
) -> None:
    page = context.new_page()
    page.set_viewport_size({"width": width, "height": 844})
    found = {}
    for name, content in error_pages.items():
        page.route("**/feil/", lambda route, _, body=content: route.fulfill(body=body, content_type="text/html"))
        page.goto("/feil/")
        page.unroute("**/feil/")
        expect(page.get_by_role("heading", level=1)).to_have_css("font-family", re.compile("Inter"))
        if problems := violations(page):
            found[name] = problems
        assert page.evaluate("document.scrollingElement.scrollWidth") <= width, name
    assert not found, found


@pytest.mark.parametrize("width", [390, 1280])
def test_no_violation_in_the_description_of_the_api(context: BrowserContext, width: int) -> None:
    page = context.new_page()
    page.set_viewport_size({"width": width, "height": 844})
    page.goto(reverse("api-docs"))
    expect(page.locator(".opblock").first).to_be_visible()
    # Swagger UI puts each route's link within the button that opens it; its markup is not ours to change.
    assert [each for each in violations(page) if not each.startswith("nested-interactive")] == []


def test_axe_finds_what_is_planted(context: BrowserContext, portal: RunningPortal, tmp_path: Path) -> None:
    page = context.new_page()
    page.set_content("<html><body><img src='x'><p style='color:#ccc'>Grått</p></body></html>")
    seen = " ".join(violations(page))
    assert all(rule in seen for rule in ("image-alt", "color-contrast", "html-has-lang", "region"))
