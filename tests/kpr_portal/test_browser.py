"""The journey of a submitter and a unit leader in a real browser, against a whole running portal.

Each test stands on fixtures only: where one needs a municipality that has sent, or changes what a municipality has, it is one
of its own, so that the tests can run in any order.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import httpx
import openpyxl
import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, expect, sync_playwright

from tests.messages import Bruker, message, service
from tests.portal_process import RunningPortal
from tests.waiting import PATIENCE, wait_for

pytestmark = [pytest.mark.portal, pytest.mark.browser]
PASSWORD = "fjellet-er-hvitt-i-dag"
SOLBAKKEN, ELVESTUA = "974760673", "971032081"
QUIET = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
FAULTY = [
    Bruker("B1", [service("T1", timerPerUke="2", tjenesteOrgNr=SOLBAKKEN)]),
    Bruker("B7", [service("T8", sluttDato="2023-01-01", timerPerUke="2", tjenesteOrgNr=SOLBAKKEN)]),
    Bruker("B9", [service("=T10", sluttDato="2023-01-15", timerPerUke="2", tjenesteOrgNr=ELVESTUA)]),
]
MENDED = [FAULTY[0], Bruker("B7", [service("T8", timerPerUke="2", tjenesteOrgNr=SOLBAKKEN)]), FAULTY[2]]


expect.set_options(timeout=PATIENCE * 1000)
REPORTED, EMPTY, REFUSED, SENDING, CORRECTING = "4601", "1103", "5001", "0301", "1804"
MUNICIPALITY = ("--role", "municipality", "--municipality")
PEOPLE = {
    "kommune": (*MUNICIPALITY, REPORTED),
    "leder": ("--role", "unit_leader", "--municipality", REPORTED, "--unit", SOLBAKKEN),
    "registeret": ("--role", "registry"),
    "tom": (*MUNICIPALITY, EMPTY),
    "avvist": (*MUNICIPALITY, REFUSED),
    "sender": (*MUNICIPALITY, SENDING),
    "retter": (*MUNICIPALITY, CORRECTING),
    "utestengt": (*MUNICIPALITY, REPORTED),
}


@pytest.fixture(scope="module")
def portal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningPortal]:
    with RunningPortal(tmp_path_factory.mktemp("browser") / "var", KPR_TODAY="2024-01-08") as running:
        for name, role in PEOPLE.items():
            running.run_command("create_user", name, *role, "--password-stdin", input=PASSWORD)
        yield running


@pytest.fixture(scope="module")
def reported(portal: RunningPortal) -> None:
    """REPORTED and CORRECTING have sent the faulty message, and it is done."""
    created = portal.run_command("create_token", "test", "--scope", "submit", "findings")
    headers = {"Authorization": f"Bearer {created.stdout.strip().splitlines()[-1]}", "Content-Type": "application/xml"}
    with httpx.Client(base_url=f"{portal.url}api/v1", headers=headers, timeout=PATIENCE) as client:
        for code in (REPORTED, CORRECTING):
            answer = client.post("/submissions/", content=message(code, persons=FAULTY))
            assert answer.status_code == 202, answer.text
            address = f"/submissions/{answer.json()['id']}/"
            wait_for(
                lambda: client.get(address).json()["status"],  # noqa: B023  (waited for within the loop)
                lambda status: status == "done",
                what=f"{code} has reported",
            )


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=QUIET)
        yield launched
        launched.close()


@pytest.fixture
def context(browser: Browser, portal: RunningPortal) -> Iterator[BrowserContext]:
    opened = browser.new_context(base_url=portal.url, locale="nb-NO", viewport={"width": 1280, "height": 900})
    opened.set_default_timeout(PATIENCE * 1000)
    yield opened
    opened.close()


@pytest.fixture
def page(context: BrowserContext) -> Iterator[Page]:
    """A page that fails its test when the browser complains, of the content policy for example."""
    complaints: list[str] = []

    def note(told: ConsoleMessage) -> None:
        # A refused form is answered with its status, which the browser reports too.
        if "Failed to load resource" not in told.text:
            complaints.append(told.text)

    opened = context.new_page()
    opened.on("console", lambda told: note(told) if told.type == "error" else None)
    opened.on("pageerror", lambda error: complaints.append(str(error)))
    yield opened
    assert not complaints


def log_in(page: Page, name: str) -> None:
    page.goto("/logg-inn/")
    page.get_by_label("Brukernavn").fill(name)
    page.get_by_label("Passord").fill(PASSWORD)
    page.get_by_role("button", name="Logg inn").click()
    expect(page.get_by_label("Passord")).to_have_count(0)


def upload(page: Page, code: str, content: bytes) -> None:
    page.goto(f"/kommune/{code}/innsendinger/ny/")
    page.locator("input[type=file]").set_input_files({"name": "melding.xml", "mimeType": "text/xml", "buffer": content})
    page.get_by_role("button", name="Send").click()
    page.wait_for_url(re.compile(r"/innsendinger/\d+/"))


def test_nothing_is_in_yet(page: Page) -> None:
    log_in(page, "tom")
    expect(page.get_by_role("heading", level=1)).to_have_text("Ingen data er levert for 2023")
    expect(page.locator("body")).to_contain_text("7 dager igjen")


def test_a_file_that_is_not_valid_is_explained_where_it_was_chosen(page: Page) -> None:
    log_in(page, "avvist")
    page.goto(f"/kommune/{REFUSED}/innsendinger/ny/")
    broken = message(REFUSED, persons=FAULTY).replace(b"2023-02-01", b"1. februar")
    page.locator("input[type=file]").set_input_files({"name": "melding.xml", "mimeType": "text/xml", "buffer": broken})
    page.get_by_role("button", name="Send").click()
    expect(page.get_by_role("heading", name="Meldingen ble ikke tatt imot")).to_be_visible()
    expect(page.locator("body")).to_contain_text("startDato er «1. februar»")


def test_send_watch_read_and_take_with_you(page: Page, tmp_path: Path) -> None:
    log_in(page, "sender")
    upload(page, SENDING, message(SENDING, persons=FAULTY))
    heading = page.get_by_role("heading", level=1)
    expect(heading).to_have_text(re.compile("er ferdig og teller for 2023"))
    page.get_by_role("link", name="Se feil og advarsler").first.click()
    page.goto(f"/kommune/{SENDING}/funn/service-end-before-start/?aar=2023")
    expect(page.get_by_role("heading", name="Slik retter du i fagsystemet")).to_be_visible()
    expect(page.get_by_role("rowheader")).to_have_text(["B7", "B9"])
    with page.expect_download() as excel:
        page.get_by_role("link", name="Last ned Excel").click()
    excel.value.save_as(tmp_path / "rows.xlsx")
    cells = [cell for row in openpyxl.load_workbook(tmp_path / "rows.xlsx").active for cell in row]
    assert {"B7", "T8", "B9", "=T10"} <= {cell.value for cell in cells}
    assert {cell.data_type for cell in cells if cell.value == "=T10"} == {"s"}
    with page.expect_download() as csv:
        page.get_by_role("link", name="Last ned CSV").click()
    csv.value.save_as(tmp_path / "rows.csv")
    text = (tmp_path / "rows.csv").read_text("utf-8-sig")
    assert "B7;T8" in text
    assert "'=T10" in text


def test_the_unit_leader_sees_own_unit_only(page: Page, reported: None) -> None:
    log_in(page, "leder")
    expect(page.locator("main")).to_contain_text("Dataene for 2023 er inne")
    page.goto(f"/kommune/{REPORTED}/funn/service-end-before-start/?aar=2023")
    expect(page.get_by_role("rowheader")).to_have_text(["B7"])
    assert "B9" not in page.content()
    assert page.goto("/kommune/0301/").status == 404  # type: ignore[union-attr]


@pytest.fixture
def complaints_allowed(context: BrowserContext) -> Page:
    return context.new_page()


def test_correct_and_send_again_without_javascript(browser: Browser, portal: RunningPortal, reported: None) -> None:
    plain = browser.new_context(base_url=portal.url, java_script_enabled=False)
    plain.set_default_timeout(PATIENCE * 1000)
    page = plain.new_page()
    log_in(page, "retter")
    upload(page, CORRECTING, message(CORRECTING, persons=MENDED))

    def heading() -> str:
        page.reload()
        return page.get_by_role("heading", level=1).inner_text()

    wait_for(heading, lambda seen: "ferdig og teller" in seen, what="the receipt says that it counts")
    page.goto(f"/kommune/{CORRECTING}/?aar=2023")
    expect(page.locator("main")).to_contain_text("Siden forrige innsending")
    page.goto(f"/kommune/{CORRECTING}/funn/service-end-before-start/?aar=2023")
    expect(page.locator("main")).to_contain_text("1 er rettet")
    plain.close()


def test_the_registry_sees_who_is_missing(page: Page, reported: None) -> None:
    log_in(page, "registeret")
    page.goto("/register/?aar=2023")
    expect(page.get_by_role("row").filter(has_text="Bergen")).to_contain_text("Omsorg")
    expect(page.locator("main")).to_contain_text("Møre og Romsdal")


ADDRESSES = [
    "/",
    "/logg-inn/",
    "/om/",
    "/om/kontroller/",
    "/om/kontroller/service-end-before-start/",
    "/kommune/4601/?aar=2023",
    "/kommune/4601/funn/?aar=2023",
    "/kommune/4601/funn/service-end-before-start/?aar=2023",
    "/kommune/4601/innsendinger/?aar=2023",
    "/kommune/4601/enheter/",
    "/register/?aar=2023",
    "/api/v1/docs/",
]
OWN = [*(address for address in ADDRESSES if "4601" in address), "/kommune/4601/innsendinger/ny/"]


@pytest.mark.parametrize("width", [390, 1280])
def test_no_page_is_wider_than_the_screen(page: Page, reported: None, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 844})
    for name, addresses in (("registeret", ADDRESSES), ("kommune", OWN)):
        page.context.clear_cookies()
        log_in(page, name)
        for address in addresses:
            answer = page.goto(address)
            assert answer and answer.status == 200, address
            wide = page.evaluate("document.scrollingElement.scrollWidth")
            assert wide <= width, (address, wide)
            assert page.get_by_role("heading", level=1).count() == 1, address


def test_the_api_can_be_tried_on_its_pages(page: Page) -> None:
    page.goto("/api/v1/docs/")
    expect(page.locator(".opblock")).to_have_count(12)
    status = page.locator(".opblock", has_text="/api/v1/status/")
    status.locator(".opblock-summary-control").click()
    status.get_by_role("button", name="Try it out").click()
    status.get_by_role("button", name="Execute").click()
    expect(status.locator(".live-responses-table")).to_contain_text("0301")


def test_lockout_does_not_say_which_was_wrong(complaints_allowed: Page) -> None:
    page = complaints_allowed
    told = set()
    for name in ("utestengt", "finnes-ikke"):
        for _ in range(5):
            page.goto("/logg-inn/")
            page.get_by_label("Brukernavn").fill(name)
            page.get_by_label("Passord").fill("galt-passord-igjen")
            page.get_by_role("button", name="Logg inn").click()
        told.add(page.locator("main").inner_text())
    assert len(told) == 1
    page.goto("/logg-inn/")
    page.get_by_label("Brukernavn").fill("utestengt")
    page.get_by_label("Passord").fill(PASSWORD)
    page.get_by_role("button", name="Logg inn").click()
    assert page.locator("main").inner_text() in told
