"""The journey of a submitter and a unit leader in a real browser, against a whole running portal."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import openpyxl
import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, expect, sync_playwright

from tests.messages import Person, message, service
from tests.portal_process import RunningPortal

pytestmark = [pytest.mark.portal, pytest.mark.browser, pytest.mark.timeout(240)]
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
    Person("B1", [service("T1", timerPerUke="2", tjenesteOrgNr=SOLBAKKEN)]),
    Person("B7", [service("T8", sluttDato="2023-01-01", timerPerUke="2", tjenesteOrgNr=SOLBAKKEN)]),
    Person("B9", [service("=T10", sluttDato="2023-01-15", timerPerUke="2", tjenesteOrgNr=ELVESTUA)]),
]
MENDED = [FAULTY[0], Person("B7", [service("T8", timerPerUke="2", tjenesteOrgNr=SOLBAKKEN)]), FAULTY[2]]


@pytest.fixture(scope="module")
def portal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningPortal]:
    with RunningPortal(tmp_path_factory.mktemp("browser") / "var", KPR_TODAY="2024-01-08") as running:
        for name, role in (("kommune", "municipality"), ("leder", "unit_leader"), ("registeret", "registry")):
            place = [] if role == "registry" else ["--municipality", "4601"]
            unit = ["--unit", SOLBAKKEN] if role == "unit_leader" else []
            running.run_command("create_user", name, "--role", role, *place, *unit, "--password-stdin", input=PASSWORD)
        yield running


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=QUIET)
        yield launched
        launched.close()


@pytest.fixture
def context(browser: Browser, portal: RunningPortal) -> Iterator[BrowserContext]:
    opened = browser.new_context(base_url=portal.url, locale="nb-NO", viewport={"width": 1280, "height": 900})
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


def upload(page: Page, file: Path, *, trial: bool = False) -> None:
    page.goto("/kommune/4601/innsendinger/ny/")
    page.locator("input[type=file]").set_input_files(file)
    if trial:
        page.get_by_role("checkbox").check()
    page.get_by_role("button", name="Send").click()
    page.wait_for_url(re.compile(r"/innsendinger/\d+/"))


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("messages")
    contents = {
        "faulty": message("4601", persons=FAULTY),
        "mended": message("4601", persons=MENDED),
        "broken": message("4601", persons=FAULTY).replace(b"2023-02-01", b"1. februar"),
    }
    for name, content in contents.items():
        (folder / f"{name}.xml").write_bytes(content)
    return {name: folder / f"{name}.xml" for name in contents}


def test_1_nothing_is_in_yet(page: Page) -> None:
    log_in(page, "kommune")
    expect(page.get_by_role("heading", level=1)).to_have_text("Ingen data er levert for 2023")
    expect(page.locator("body")).to_contain_text("7 dager igjen")


def test_2_a_file_that_is_not_valid_is_explained_where_it_was_chosen(page: Page, files: dict[str, Path]) -> None:
    log_in(page, "kommune")
    page.goto("/kommune/4601/innsendinger/ny/")
    page.locator("input[type=file]").set_input_files(files["broken"])
    page.get_by_role("button", name="Send").click()
    expect(page.get_by_role("heading", name="Meldingen ble ikke tatt imot")).to_be_visible()
    expect(page.locator("body")).to_contain_text("startDato er «1. februar»")


def test_3_send_watch_read_and_take_with_you(page: Page, files: dict[str, Path], tmp_path: Path) -> None:
    log_in(page, "kommune")
    upload(page, files["faulty"])
    heading = page.get_by_role("heading", level=1)
    expect(heading).to_have_text(re.compile("er ferdig og teller for 2023"), timeout=30_000)
    page.get_by_role("link", name="Se feil og advarsler").first.click()
    page.goto("/kommune/4601/funn/service-end-before-start/?aar=2023")
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


def test_4_the_unit_leader_sees_own_unit_only(page: Page) -> None:
    log_in(page, "leder")
    expect(page.locator("main")).to_contain_text("Dataene for 2023 er inne")
    page.goto("/kommune/4601/funn/service-end-before-start/?aar=2023")
    expect(page.get_by_role("rowheader")).to_have_text(["B7"])
    assert "B9" not in page.content()
    assert page.goto("/kommune/0301/").status == 404  # type: ignore[union-attr]


@pytest.fixture
def complaints_allowed(context: BrowserContext) -> Page:
    return context.new_page()


def test_5_correct_and_send_again_without_javascript(
    browser: Browser, portal: RunningPortal, files: dict[str, Path]
) -> None:
    plain = browser.new_context(base_url=portal.url, java_script_enabled=False)
    page = plain.new_page()
    log_in(page, "kommune")
    upload(page, files["mended"])
    for _ in range(60):
        if "ferdig og teller" in page.get_by_role("heading", level=1).inner_text():
            break
        page.wait_for_timeout(500)
        page.reload()
    page.goto("/kommune/4601/?aar=2023")
    expect(page.locator("main")).to_contain_text("Siden forrige innsending")
    page.goto("/kommune/4601/funn/service-end-before-start/?aar=2023")
    expect(page.locator("main")).to_contain_text("1 er rettet")
    plain.close()


def test_6_the_registry_sees_who_is_missing(page: Page) -> None:
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
def test_7_no_page_is_wider_than_the_screen(page: Page, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 844})
    for name, addresses in (("registeret", ADDRESSES), ("kommune", OWN)):
        page.context.clear_cookies()
        log_in(page, name)
        for address in addresses:
            answer = page.goto(address)
            assert answer and answer.status == 200, address
            wide = page.evaluate("document.scrollingElement.scrollWidth")
            assert wide <= width or address.startswith("/api/"), (address, wide)
            assert page.get_by_role("heading", level=1).count() == 1 or address.startswith("/api/"), address


def test_8_lockout_does_not_say_which_was_wrong(complaints_allowed: Page) -> None:
    page = complaints_allowed
    told = set()
    for name in ("kommune", "finnes-ikke"):
        for _ in range(5):
            page.goto("/logg-inn/")
            page.get_by_label("Brukernavn").fill(name)
            page.get_by_label("Passord").fill("galt-passord-igjen")
            page.get_by_role("button", name="Logg inn").click()
        told.add(page.locator("main").inner_text())
    assert len(told) == 1
    page.goto("/logg-inn/")
    page.get_by_label("Brukernavn").fill("kommune")
    page.get_by_label("Passord").fill(PASSWORD)
    page.get_by_role("button", name="Logg inn").click()
    assert page.locator("main").inner_text() in told
