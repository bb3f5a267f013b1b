"""What everybody sees: only what was published, with why a figure is missing."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.core.cache import cache
from django.core.management import call_command
from django.test import Client
from kombu.exceptions import OperationalError
from pytest_django import DjangoAssertNumQueries

from indicators.definitions import INDICATORS
from kpr_portal import api_urls
from municipalities.access import digest
from municipalities.models import AuditEvent, County, Municipality, Scope, Token
from publications import tasks
from publications.models import Publication, PublicationState
from tests.cast import OTHER, OWN, Cast, cast_fixture  # noqa: F401
from tests.releases import missing, publication, row, table

pytestmark = pytest.mark.django_db
CODE, OTHER_CODE = "nutrition-assessed-institution", "nutrition-assessed-home"
HIDDEN = 98_765  # a denominator that is suppressed


@pytest.fixture(autouse=True)
def published(db: None) -> Publication:
    cache.clear()
    call_command("load_reference", verbosity=0)
    return publication(1, [table(CODE, rows(2022)), table(CODE, rows(2023))])


def rows(year: int) -> list[dict[str, Any]]:
    return [
        row("0", 21_000 + year, 40_000, year),
        row("46", 3_000, 5_000, year),
        row("11", 2_000, 4_000, year),
        missing("4602", "suppressed", year, denominator=HIDDEN, note="few"),
        missing("4601", "suppressed", year, note="protects") if year == 2022 else row("4601", 700, 1_000, year),
        missing("4613", "suppressed", year, note="level"),
        missing("4611", "not_reported", year),
        row("1103", 500, 900, year),
    ]


def page(address: str, client: Client | None = None) -> str:
    answer = (client or Client()).get(address)
    assert answer.status_code == 200
    return answer.content.decode()


def test_the_overview_tells_the_nations_newest() -> None:
    html = page("/indikatorer/")
    assert "57,6" in html and "landet, 2023" in html
    assert html.count("indicator-card__title") == len(INDICATORS)
    assert "utgave 1" in html.lower()


def test_the_overview_says_whether_the_nations_change_is_real() -> None:
    """23 022 of 40 000, then one more: the same in whole per cent. Of another indicator 23 000, then 24 000."""
    assert "Likt med 2022 (58 %) ingen forskjell" in about("/indikatorer/")
    nation = [table(OTHER_CODE, [row("0", above, 40_000, year)]) for year, above in ((2022, 23_000), (2023, 24_000))]
    publication(2, nation)
    assert "Høyere enn 2022 (58 %) trolig reell" in about("/indikatorer/")


@pytest.mark.parametrize(("before", "said"), [(533, "kan være tilfeldig"), (400, "trolig reell")])
def test_what_a_page_says_of_its_subject_is_judged_together(before: int, said: str) -> None:
    """533 of 1000 beside a half of the rest of the nation: z = 0.033 / √(0.25 / 1000) = 2.09, p = 0.037. Of two questions the better one has
    to be below 0.025: so this is not, where nothing has changed since last year; and is where that has, beyond doubt."""
    tables = []
    for year, above in ((2022, before), (2023, 533)):
        rows_ = [row("0", 500_000, 1_000_000, year), row("11", 5_000, 10_000, year), row("1103", above, 1_000, year)]
        tables.append(table(OTHER_CODE, rows_))
    publication(2, tables)
    words = about(f"/indikatorer/{OTHER_CODE}/?omrade=1103")
    assert f"Høyere enn landet (50 %) {said}" in words
    assert f"rundt landet; forskjellen {'er' if before == 400 else ''} {said}".replace("  ", " ") in words


def test_a_page_has_map_tables_and_reasons() -> None:
    html = page(f"/indikatorer/{CODE}/")
    for name in ("kart", "fylker", "utvikling", "fordeling", "trakt"):
        assert f'data-name="{name}"' in html
    assert "Bergen" in html and "70,0" in html
    assert "skjult, få personer" in html and "ikke levert" in html


def test_hidden_figures_are_not_in_the_page() -> None:
    digits = re.sub(r"[^0-9a-zæøå<]", "", page(f"/indikatorer/{CODE}/"))
    assert str(HIDDEN) not in digits
    assert "3000" in digits, "what is released is found in this way"


def test_the_year_and_the_areas_are_in_the_address() -> None:
    html = page(f"/indikatorer/{CODE}/?aar=2022&omrade=46&omrade=1103&omrade=9999")
    assert "Vestland i 2022" in html
    assert 'name="omrade" value="46"' in html and 'name="omrade" value="9999"' not in html


def about(address: str) -> str:
    """The words of the page, its table of charts included, without tags."""
    html = page(address)
    main = re.sub(r"<script.*?</script>|<datalist.*?</datalist>", " ", html[html.index("<main") :], flags=re.S)
    return " ".join(re.sub(r"<[^>]+>", " ", main).split())


def test_a_chosen_municipality_becomes_the_subject() -> None:
    words = about(f"/indikatorer/{CODE}/?omrade=4601&omrade=1103")
    assert "Bergen i 2023 70,0 % 700 av 1 000 beboere er vurdert for risiko for underernæring." in words
    assert "Usikkerhet: 67,1–72,8 %." in words
    assert "Høyere enn landet (58 %) trolig reell" in words
    assert "Bergen ligger på 70 prosent, over landet (58 prosent)" in words
    assert "Landet i 2023" not in words


def test_the_subject_is_drawn_as_own_beside_the_nation() -> None:
    html = page(f"/indikatorer/{CODE}/?omrade=4601")
    assert html.count('<tr class="own"><th scope="row">Bergen</th>') == 5  # map, counties, years, distribution, funnel
    assert '<tr class="own">' not in page(f"/indikatorer/{CODE}/").split('data-name="utvikling"')[0]


def test_a_subject_whose_figure_is_hidden_says_why() -> None:
    assert "Askvoll" not in about(f"/indikatorer/{CODE}/?omrade=4602").split("På kartet")[0]
    words = about(f"/indikatorer/{CODE}/?aar=2022&omrade=4601").split("På kartet")[0]
    assert "Bergen i 2022 Skjult for å verne et annet tall" in words


def test_each_chosen_area_can_be_taken_away() -> None:
    html = page(f"/indikatorer/{CODE}/?omrade=4601&omrade=1103")
    links = {name: href for href, name in re.findall(r'<a href="([^"]*)" aria-label="Ta bort ([^"]+)"', html)}
    assert links == {"Bergen": "?omrade=1103", "Stavanger": "?omrade=4601"}


@pytest.mark.parametrize(
    ("words", "found"),
    [("Bergen", "4601"), ("bergen", "4601"), ("4601 Bergen", "4601"), ("1103", "1103"), ("Vestland", "46"),
     ("46 Vestland fylke", "46"), ("Oslo", "0301"), ("Oslo fylke", "03"), ("Herøy (Nordland)", "1818")],
)  # fmt: skip
def test_an_area_is_found_by_name_or_number(words: str, found: str) -> None:
    answer = Client().get(f"/indikatorer/{CODE}/", {"aar": "2022", "finn": words, "omrade": "4602"})
    assert (answer.status_code, answer["Location"]) == (
        302,
        f"/indikatorer/{CODE}/?aar=2022&omrade=4602&omrade={found}",
    )


def test_an_area_that_is_not_found_is_told() -> None:
    words = about(f"/indikatorer/{CODE}/?finn=Bergn")
    assert "Fant verken kommune eller fylke som heter «Bergn» i 2023." in words and "Landet i 2023" in words


def test_a_municipality_that_is_its_county_stands_once() -> None:
    html = page(f"/indikatorer/{CODE}/?omrade=0301")
    counties = html.split('data-name="fylker"')[1].split("</figure>")[0]
    assert re.findall(r'<th scope="row">(Oslo)</th>', counties) == ["Oslo"]
    assert '<th scope="col">Område</th>' in counties
    plain = page(f"/indikatorer/{CODE}/").split('data-name="fylker"')[1].split("</figure>")[0]
    assert '<th scope="col">Fylke</th>' in plain and 'aria-label=""' not in plain
    assert "ligger høyest" in plain


def test_where_every_share_is_all() -> None:
    Publication.objects.all().delete()
    everybody = [
        row("0", 500, 500),
        row("46", 300, 300),
        row("11", 200, 200),
        row("4601", 300, 300),
        row("1103", 200, 200),
    ]
    publication(2, [table(CODE, everybody)])
    assert "100,0" in page(f"/indikatorer/{CODE}/")
    assert "Bergen i 2023" in page(f"/indikatorer/{CODE}/?omrade=4601")


def test_each_hidden_figure_says_its_own_reason() -> None:
    html = page(f"/indikatorer/{CODE}/")
    for reason in ("skjult, få personer", "vises ikke for så små kommuner", "ikke levert"):
        assert reason in html
    assert "skjult for å verne et annet tall" in page(f"/indikatorer/{CODE}/?aar=2022")


@pytest.mark.parametrize(
    "address", ["/indikatorer/unknown/", f"/indikatorer/{CODE}/?aar=1999", f"/indikatorer/{CODE}/?aar=x"]
)
def test_what_is_not_there_is_404(address: str) -> None:
    assert Client().get(address).status_code == 404


def test_the_change_list_names_municipalities() -> None:
    shown = page("/indikatorer/utgivelser/")
    assert "2023: kommuner har sendt nye data (kommune Stavanger)" in shown


def test_an_indicator_that_was_not_published_says_so() -> None:
    assert "Ingen tall er utgitt" in page("/indikatorer/waiting-time-nursing-home/")


def test_before_the_first_publication() -> None:
    Publication.objects.all().delete()
    assert "Ingen tall er utgitt" in page("/indikatorer/")
    assert "Ingen tall er utgitt" in page(f"/indikatorer/{CODE}/")
    assert "Ingen tall er utgitt" in page("/indikatorer/utgivelser/")


def test_a_withheld_publication_is_for_the_registry_only(cast: Cast) -> None:
    withheld = publication(2, [table(CODE, [row("0", 1, 2, 2023)])], withheld=True)
    held = {"indicator": CODE, "year": 2023, "why": "Its audit found: numerator can be told"}
    Publication.objects.filter(pk=withheld.pk).update(audit={"held": [held]})
    assert "Utgave 2" not in page("/indikatorer/utgivelser/") and "57,6" in page("/indikatorer/")
    staff = page("/indikatorer/utgivelser/", cast.client("rita"))
    assert "Utgave 2" in staff and "numerator can be told" in staff


# --- Older releases, and what is due --------------------------------------------------------------------------------


@pytest.fixture
def newer() -> Publication:
    return publication(2, [table(CODE, rows(2022)), table(CODE, [row("0", 30_000, 40_000), *rows(2023)[1:]])])


def test_a_page_says_which_release_it_shows_and_offers_the_older(newer: Publication) -> None:
    words = about(f"/indikatorer/{CODE}/")
    assert "75,0 %" in words and "Utgave 2 fra 3. februar 2024 (foreløpig)." in words
    assert "Det finnes en nyere utgave" not in words
    assert '<option value="1">1, 2. februar 2024 (foreløpig)</option>' in page(f"/indikatorer/{CODE}/")


def test_an_older_release_is_shown_as_it_was(newer: Publication) -> None:
    words = about(f"/indikatorer/{CODE}/?utgave=1&aar=2023")
    assert "57,6 %" in words and "Utgave 1 fra 2. februar 2024 (foreløpig). Det finnes en nyere utgave." in words
    html = page(f"/indikatorer/{CODE}/?utgave=1&aar=2023")
    assert "publication=1&amp;year=2023&amp;format=csv" in html and 'href="?aar=2023"' in html
    files = re.findall(r'href="(/api/[^"]*format=[^"]*)"', html)
    assert len(files) > 4 and all("publication=1&amp;" in each for each in files)


@pytest.mark.parametrize("number", ["3", "0", "x", "", "9" * 12])
def test_a_release_that_is_not_there(newer: Publication, number: str) -> None:
    assert Client().get(f"/indikatorer/{CODE}/?utgave={number}").status_code == 404


def test_a_year_that_an_older_release_does_not_hold_is_shown_as_it_is_now(newer: Publication) -> None:
    newer.tables.add(table(CODE, rows(2021)))
    answer = Client().get(f"/indikatorer/{CODE}/?utgave=1&aar=2021&omrade=46")
    assert answer.status_code == 302 and answer["Location"] == f"/indikatorer/{CODE}/?aar=2021&omrade=46"


def test_the_registry_sees_the_calendar(cast: Cast, settings: Any) -> None:
    settings.KPR_TODAY = "2024-02-03"
    publication(2, [table(CODE, rows(cast.year))])
    settings.KPR_TODAY = f"{cast.year + 1}-01-10"
    words = " ".join(re.sub(r"<[^>]+>", " ", shown_whole(cast.client("rita"))).split())
    assert (
        f"{cast.year} : nyeste utgave er 2, 1 av 12 er brukt. Kommuner som har sendt siden: 2. Neste utgave: " in words
    )
    assert "Bestill en rettelse" in words
    assert "Kalenderen" not in shown_whole(cast.client("kari"))


def test_a_year_without_a_release_is_in_the_calendar_too(cast: Cast) -> None:
    Publication.objects.all().delete()
    words = " ".join(re.sub(r"<[^>]+>", " ", shown_whole(cast.client("rita"))).split())
    assert f"{cast.year} : ingen utgave ennå. Kommuner som har sendt: 2." in words


def shown_whole(client: Client) -> str:
    return page("/indikatorer/utgivelser/", client)


def test_the_registry_orders_a_correction(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    ordered: list[tuple[Any, ...]] = []
    monkeypatch.setattr(tasks.correct, "delay", lambda *arguments: ordered.append(arguments))
    answer = cast.client("rita").post(
        "/indikatorer/utgivelser/", {"year": cast.year, "public_reason": "Bergen sendte feil fil."}, follow=True
    )
    assert "Rettelsen er bestilt" in answer.content.decode()
    assert ordered == [(cast.year, "Bergen sendte feil fil.")]
    event = AuditEvent.objects.get(action="correction_ordered")
    assert (event.actor, event.details["year"]) == ("rita", cast.year)


@pytest.mark.parametrize(
    ("sent", "told"),
    [
        ({"public_reason": ""}, "Skriv hvorfor tallene rettes"),
        ({"public_reason": "x" * 501}, "500"),
        ({"year": "1999", "public_reason": "Feil fil."}, "1999"),
    ],
)
def test_an_order_that_cannot_be_is_refused(cast: Cast, sent: dict[str, str], told: str) -> None:
    answer = cast.client("rita").post("/indikatorer/utgivelser/", {"year": cast.year, **sent})
    assert answer.status_code == 400 and told in answer.content.decode()
    assert not AuditEvent.objects.filter(action="correction_ordered").exists()


def test_an_order_that_the_queue_does_not_take_is_told(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    def away(*_arguments: Any) -> None:
        raise OperationalError("no broker")

    monkeypatch.setattr(tasks.correct, "delay", away)
    answer = cast.client("rita").post(
        "/indikatorer/utgivelser/", {"year": cast.year, "public_reason": "Feil fil."}, follow=True
    )
    assert "Rettelsen ble ikke bestilt" in answer.content.decode()
    assert not AuditEvent.objects.filter(action="correction_ordered").exists()


@pytest.mark.parametrize("who", ["nobody", "nils", "unn", "kari"])
def test_nobody_else_orders_anything(cast: Cast, who: str) -> None:
    answer = cast.client(who).post("/indikatorer/utgivelser/", {"year": cast.year, "public_reason": "Feil fil."})
    assert answer.status_code == 404


def test_everybody_reads_why_a_release_is_a_correction() -> None:
    made = publication(2, [table(CODE, rows(2023))])
    Publication.objects.filter(pk=made.pk).update(
        state=PublicationState.CORRECTION, public_reason="Bergen sendte feil fil."
    )
    html = page("/indikatorer/utgivelser/")
    assert "Bergen sendte feil fil." in html and "rettelse" in html
    answer = Client().get("/api/v1/publications/2/").json()
    assert (answer["state"], answer["public_reason"], answer["year"]) == ("correction", "Bergen sendte feil fil.", 2023)


def test_definitions_of_all() -> None:
    html = page("/om/indikatorer/")
    assert all(f'id="{indicator.code}"' in html for indicator in INDICATORS)


@pytest.mark.parametrize("address", ["/indikatorer/", f"/indikatorer/{CODE}/", "/indikatorer/utgivelser/"])
def test_anybody_may_keep_it_and_it_sets_no_cookie(address: str) -> None:
    answer = Client().get(address)
    assert "public" in answer["Cache-Control"] and "max-age" in answer["Cache-Control"]
    assert not answer.cookies


def test_somebody_who_is_logged_in_keeps_nothing(cast: Cast) -> None:
    assert "no-store" in cast.client("kari").get("/indikatorer/")["Cache-Control"]


@pytest.mark.parametrize("address", ["/indikatorer/", f"/indikatorer/{CODE}/"])
def test_queries_do_not_grow_with_the_nation(
    address: str, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    with django_assert_max_num_queries(12):
        page(address)


def test_namesakes_are_told_apart() -> None:
    assert Municipality.objects.filter(name="Herøy").count() >= 2 and County.objects.exists()
    html = page(f"/indikatorer/{CODE}/")
    assert "Herøy (Nordland)" in html and "Herøy (Møre og Romsdal)" in html


# --- What is public is the same for everybody ----------------------------------------------------------------

PUBLIC_API = (
    "status/", "status/?page_size=1000", "checks/", "indicators/", "publications/", "publications/1/", "codelists/", "codelists/areas/", "codelists/levels/",
    "codelists/signs/", "codelists/notes/", "codelists/years/", f"aggregates/{CODE}/", f"aggregates/{CODE}/?format=csv",
    f"aggregates/{CODE}/?format=json-stat", f"aggregates/{CODE}/?publication=1&level=municipality&year=2022",
)  # fmt: skip
PUBLIC_PAGES = (
    "/", "/indikatorer/", f"/indikatorer/{CODE}/", f"/indikatorer/{CODE}/?omraade=1103", "/indikatorer/utgivelser/", "/om/indikatorer/", "/om/kontroller/",
    "/om/kontroller/person-id-invalid/",
)  # fmt: skip


def routes_for_everybody() -> set[str]:
    """The views of the API that need no token."""
    return {
        str(pattern.pattern)
        for pattern in api_urls.urlpatterns
        if not getattr(pattern.callback.view_class, "scopes", ()) and pattern.name not in ("api-schema", "api-docs")  # type: ignore[attr-defined]
    }


def test_every_open_route_is_compared() -> None:
    asked = {address.partition("?")[0] for address in PUBLIC_API}
    wanted = {
        route.replace("<slug:name>", "areas").replace("<int:number>", "1").replace("<slug:indicator>", CODE)
        for route in routes_for_everybody()
    }
    assert wanted <= asked


@pytest.mark.parametrize("address", PUBLIC_API)
def test_nobody_gets_what_the_registry_gets_by_the_api(cast: Cast, address: str) -> None:
    """Row-level security leaves out rows without a word: what is public must not be asked as nobody."""
    Token.objects.create(name="nation", digest=digest("of the nation"), scopes=[Scope.FINDINGS, Scope.AGGREGATES])
    secrets = ("", cast.tokens["own"], cast.tokens["other"], "of the nation")
    clients = [Client(headers={"Authorization": f"Bearer {secret}"} if secret else {}) for secret in secrets]
    answers = [client.get(f"/api/v1/{address}") for client in clients]
    assert [answer.status_code for answer in answers] == [200] * len(answers)
    assert len({answer.content for answer in answers}) == 1
    if address.startswith("status/?"):
        assert {each["municipality"] for each in answers[0].json()["results"] if each["received"]} == {OWN, OTHER}


def shown(client: Client, address: str) -> str:
    """The page's own content, without what surrounds it for those who are logged in, and without the registry's calendar."""
    found = re.search(r"<main.*?</main>", page(address, client), re.DOTALL)
    assert found
    main = re.sub(r'<section [^>]*"kalender".*?</section>', "", found.group(), flags=re.DOTALL)
    return " ".join(re.sub(r'nonce="[^"]*"|name="csrfmiddlewaretoken" value="[^"]*"', "", main).split())


@pytest.mark.parametrize("address", PUBLIC_PAGES)
def test_nobody_is_shown_what_everybody_is(cast: Cast, address: str) -> None:
    pages = {name: shown(cast.client(name), address) for name in ("nobody", "nils", "unn", "kari", "rita")}
    assert len(set(pages.values())) == 1, {name: len(text) for name, text in pages.items()}


def test_readiness_says_the_same_to_everybody(cast: Cast) -> None:
    told = [cast.client(name).get("/readyz").json() for name in ("nobody", "kari", "rita")]
    assert [each.keys() for each in told] == [told[0].keys()] * 3 and len({each["status"] for each in told}) == 1
