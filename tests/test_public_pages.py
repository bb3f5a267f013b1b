"""What everybody sees: only what was published, with why a figure is missing."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.core.cache import cache
from django.core.management import call_command
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from indicators.definitions import INDICATORS
from indicators.models import Publication
from municipalities.models import County, Municipality
from tests.cast import Cast, cast_fixture  # noqa: F401
from tests.publications import missing, publication, row, table

pytestmark = pytest.mark.django_db
CODE = "nutrition-assessed-institution"
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
        row("4601", 700, 1_000, year),
        missing("4602", "suppressed", year, denominator=HIDDEN),
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
    assert "Landet i 2022" in html
    assert 'name="omrade" value="46"' in html and 'name="omrade" value="9999"' not in html


@pytest.mark.parametrize(
    "address", ["/indikatorer/unknown/", f"/indikatorer/{CODE}/?aar=1999", f"/indikatorer/{CODE}/?aar=x"]
)
def test_what_is_not_there_is_404(address: str) -> None:
    assert Client().get(address).status_code == 404


def test_an_indicator_that_was_not_published_says_so() -> None:
    assert "Ingen tall er utgitt" in page("/indikatorer/waiting-time-nursing-home/")


def test_before_the_first_publication() -> None:
    Publication.objects.all().delete()
    assert "Ingen tall er utgitt" in page("/indikatorer/")
    assert "Ingen tall er utgitt" in page(f"/indikatorer/{CODE}/")
    assert "Ingen tall er utgitt" in page("/indikatorer/utgivelser/")


def test_a_withheld_publication_is_for_the_registry_only(cast: Cast) -> None:
    withheld = publication(2, [table(CODE, [row("0", 1, 2, 2023)])], withheld=True)
    leak = {"text": "numerator can be told"}
    Publication.objects.filter(pk=withheld.pk).update(audit={"leaks": [leak], "held": []})
    assert "Utgave 2" not in page("/indikatorer/utgivelser/") and "57,6" in page("/indikatorer/")
    staff = page("/indikatorer/utgivelser/", cast.client("rita"))
    assert "Utgave 2" in staff and "numerator can be told" in staff


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
