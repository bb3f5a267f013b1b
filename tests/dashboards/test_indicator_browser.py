"""The indicator pages in a real browser: the charts draw, nothing breaks the content policy, and peers are chosen by name."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.cast import OWN, SOLBAKKEN
from tests.kpr_portal.test_browser import PASSWORD, browser, context, log_in, page  # noqa: F401
from tests.portal_process import RunningPortal
from tests.waiting import PATIENCE

pytestmark = [pytest.mark.portal, pytest.mark.browser]
ADDRESS = f"/kommune/{OWN}/indikatorer/nutrition-assessed-institution/?aar=2023"
SEED = "from tests.indicator_stage import seed; seed()"
PEOPLE = {"kommune": ("municipality", []), "leder": ("unit_leader", ["--unit", SOLBAKKEN])}


@pytest.fixture(scope="module")
def portal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningPortal]:
    with RunningPortal(tmp_path_factory.mktemp("indicators") / "var", KPR_TODAY="2024-01-08") as running:
        running.run_command("shell", "-c", SEED)
        for name, (role, unit) in PEOPLE.items():
            place = ["--municipality", OWN, *unit]
            running.run_command("create_user", name, "--role", role, *place, "--password-stdin", input=PASSWORD)
        yield running


def drawn(page: Page) -> None:  # noqa: F811
    """Every chart of the page, as far as there is one to draw, within the width that it has."""
    plots = page.locator(".chart__plot")
    assert plots.count() >= 3
    expect(page.locator(".chart__plot .main-svg").first).to_be_visible()
    for plot in plots.all():
        plot.scroll_into_view_if_needed()
        expect(plot.locator(".main-svg").first).to_be_visible()
        box, around = plot.locator(".main-svg").first.bounding_box(), plot.bounding_box()
        assert box and around
        assert box["width"] <= around["width"] + 1
        assert box["height"] > 100


@pytest.mark.parametrize("width", [390, 1280])
def test_the_charts_draw(page: Page, width: int) -> None:  # noqa: F811
    """The fixture fails on any complaint of the browser, of the content policy for example."""
    page.set_viewport_size({"width": width, "height": 844})
    log_in(page, "kommune")
    for address in (f"/kommune/{OWN}/indikatorer/?aar=2023", ADDRESS, ADDRESS.replace("/?", "/personer/?")):
        answer = page.goto(address)
        assert answer and answer.status == 200
        assert page.evaluate("document.scrollingElement.scrollWidth") <= width, address
    page.goto(ADDRESS)
    drawn(page)
    assert page.locator(".chart--funnel .main-svg").count()


CUT = """plots => plots.flatMap(plot => {
  const room = plot.getBoundingClientRect();
  const isCut = ({ left, right }) => left < room.left - 1 || right > room.right + 1;
  return [...plot.querySelectorAll("text")].filter(text => isCut(text.getBoundingClientRect())).map(text => text.textContent);
})"""
TOO_WIDE = "tables => tables.filter(table => table.scrollWidth > table.clientWidth).map(table => table.innerText)"


@pytest.mark.parametrize("name", PEOPLE)
def test_a_phone_shows_whole_labels_and_whole_tables(page: Page, name: str) -> None:  # noqa: F811
    page.set_viewport_size({"width": 390, "height": 844})
    log_in(page, name)
    page.goto(ADDRESS)
    drawn(page)
    assert page.locator(".chart__plot text").count() > 20
    assert page.locator(".chart__plot").evaluate_all(CUT) == []
    tables = page.locator(".table-wrap")
    page.locator("details").evaluate_all("all => all.forEach(details => details.open = true)")
    assert tables.count() > 3 and tables.last.is_visible()
    assert tables.evaluate_all(TOO_WIDE) == []


def test_the_figure_is_the_largest_on_its_page(page: Page) -> None:  # noqa: F811
    log_in(page, "kommune")
    page.goto(ADDRESS)
    size = "element => parseFloat(getComputedStyle(element).fontSize)"
    assert page.locator(".insight__value").evaluate(size) > page.get_by_role("heading", level=1).evaluate(size)


def test_a_peer_is_added_by_name_and_taken_away(page: Page) -> None:  # noqa: F811
    log_in(page, "kommune")
    page.goto(ADDRESS)
    page.get_by_label("Legg til en kommune").fill("Bergen")
    page.get_by_role("button", name="Legg til").click()
    assert "med=4601" in page.url
    drawn(page)
    page.get_by_role("link", name="Ta bort Bergen").click()
    assert "med=" not in page.url


def test_a_unit_leader_without_scripts_sees_the_tables(browser: Browser, portal: RunningPortal) -> None:  # noqa: F811
    plain = browser.new_context(base_url=portal.url, java_script_enabled=False)
    plain.set_default_timeout(PATIENCE * 1000)
    page = plain.new_page()  # noqa: F811
    log_in(page, "leder")
    page.goto(ADDRESS)
    expect(page.locator("main")).to_contain_text("12 av 20 beboere er vurdert for risiko for underernæring.")
    expect(page.get_by_role("cell", name="12 av 20").first).to_be_visible()
    assert "Fjellheim" not in page.content()
    plain.close()
