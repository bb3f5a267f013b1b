"""Whom an indicator page compares with: chosen by name and kept in the address, or as a group, only by what was published."""

from __future__ import annotations

import re

import pytest
from django.core.management import call_command
from django.urls import reverse

from charts import Missing
from dashboards.peers import Group, Neighbours, Size, add_up, size_groups
from indicators.definitions import BY_CODE
from indicators.models import IndicatorValue, Level
from municipalities.models import Municipality
from publications.figures import Figure
from tests.cast import OWN, SOLBAKKEN
from tests.indicator_stage import ASSESSED, YEAR, Stage, residents, sent, stage_fixture, words  # noqa: F401

# --- Peers ------------------------------------------------------------------------------------------------------------


def test_peers_are_kept_in_the_address_by_number(stage: Stage) -> None:
    address = reverse("indicator", args=[OWN, ASSESSED])
    answer = stage.clients["kari"].get(address, {"aar": "2023", "med": ["Bergen", "5001 Trondheim"]})
    assert answer["Location"] == f"{address}?aar=2023&med=4601&med=5001"
    content = stage.clients["kari"].get(answer["Location"]).content.decode()
    assert 'name="med" value="4601"' in content
    assert "aar=2023&amp;med=5001#andre" in content  # without Bergen
    page = words(content)
    assert "Stavanger ligger på 50 prosent" in page
    assert "Bergen 2023 75,0 %" in page


def test_a_name_that_is_no_municipality_is_said_to_be_none(stage: Stage) -> None:
    page = stage.page("indicator", "kari", ASSESSED, med=["4601", "Oz"])
    assert "Fant ingen kommune som heter «Oz»." in page


def test_others_are_shown_only_as_published(stage: Stage) -> None:
    hidden = sent(residents(SOLBAKKEN, 111, 112, 0), municipality="5001")
    page = stage.page("indicator", "kari", ASSESSED, med=["4601", "0301", "5001"])
    assert "Trondheim skjult, få personer" in page
    assert "111" not in page
    assert "Sum av 2 av 3 kommuner; 1 er skjult." in page
    assert "Samlet: 72,2 %" in page  # (600 + 700) of 1800
    assert IndicatorValue.objects.filter(submission=hidden, numerator=111).exists()


def test_a_sum_of_one_is_not_shown(stage: Stage) -> None:
    assert "Samlet" not in stage.page("indicator", "kari", ASSESSED, med=["4601", "5001"])


def test_those_like_it_are_shown_with_reasons(stage: Stage) -> None:
    page = stage.page("indicator", "kari", ASSESSED, gruppe="like")
    assert "ligner mest på deres i folketall" in page
    assert "Hvorfor disse?" in page
    assert re.search(r"Innbyggere 80 år og over Andel Stavanger 14\d \d{3} \d,\d %", page)


def test_those_of_the_same_size(stage: Stage) -> None:
    page = stage.page("indicator", "kari", ASSESSED, gruppe="storrelse")
    assert "andre kommunene med 50 000 innbyggere eller flere" in page
    assert "Figuren viser de 12 som er nærmest i folketall." in page
    assert str(size_groups()[0]) == "under 2\u202f000 innbyggere"
    assert Size(2000, 4999).holds(2000)
    assert not Size(2000, 4999).holds(5000)


@pytest.mark.django_db
def test_peers_are_found_under_the_numbers_of_each_year() -> None:
    call_command("load_reference", verbosity=0)
    neighbours = Neighbours(Municipality.objects.get(pk=OWN), 2024)
    asker = neighbours.named(["3025"])
    assert asker.codes == ["3203"]
    assert neighbours.through_years(asker.chosen[0].municipality, [2023, 2024]) == {2023: "3025", 2024: "3203"}
    alesund = neighbours.named(["1508"]).chosen[0].municipality
    assert neighbours.through_years(alesund, [2023, 2024]) == {2024: "1508"}
    assert neighbours.named(["1507", OWN, ""]).codes == []
    assert len(neighbours.grouped(Group.LIKE).codes) == 8


def test_a_sum_holds_nothing_that_is_hidden() -> None:
    figures = {
        (ASSESSED, YEAR, "a"): Figure("a", Level.MUNICIPALITY, YEAR, 10, 20),
        (ASSESSED, YEAR, "b"): Figure("b", Level.MUNICIPALITY, YEAR, 15, 30),
        (ASSESSED, YEAR, "c"): Figure("c", Level.MUNICIPALITY, YEAR, missing=Missing.SUPPRESSED, of_all=12),
    }
    total = add_up(figures, BY_CODE[ASSESSED], YEAR, ["a", "b", "c", "d"])
    assert total is not None
    assert (total.numerator, total.denominator, total.shown, total.hidden, total.absent) == (25, 50, 2, 1, 1)
    assert add_up(figures, BY_CODE[ASSESSED], YEAR, ["a", "c"]) is None
