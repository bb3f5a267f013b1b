"""Of a handful of persons their number is told, no share is, and nothing is drawn; and the words for who lacks what."""

from __future__ import annotations

import re

import pytest
from django.urls import reverse

from charts import Missing, Value
from indicators import steering
from tests.cast import FJELLHEIM, OWN, SOLBAKKEN
from tests.indicator_stage import ASSESSED, Stage, residents, sent, stage_fixture, stay  # noqa: F401
from tests.rows import Said, Who

FEW = "2021"  # a year in which the municipality has but a few residents


def raw(stage: Stage, name: str, *arguments: str, who: str = "kari", **query: str) -> str:
    content: bytes = stage.clients[who].get(reverse(name, args=[OWN, *arguments]), query).content
    return content.decode()


def few(assessed: int, no: int, unanswered: int) -> None:
    submission = sent(residents(SOLBAKKEN, assessed, no, unanswered, int(FEW)), int(FEW))
    steering.recompute([submission.pk])


def test_nine_are_few_and_ten_are_not() -> None:
    assert Value.of("", 9, 9).is_few and not Value.of("", 10, 10).is_few
    assert Value.of("", 1, 9).drawn.missing == Missing.FEW and Value.of("", 1, 10).drawn.share == 0.1
    assert not Value.none("", Missing.SUPPRESSED).is_few


def test_one_of_one_is_no_hundred_per_cent(stage: Stage) -> None:
    few(1, 0, 0)
    card = stage.page("indicators", "kari", aar=FEW)
    assert "1 av 1 beboer er vurdert for risiko" in card and "100 %" not in card
    page = stage.page("indicator", "kari", ASSESSED, aar=FEW)
    assert "1 av 1 beboer er vurdert for risiko" in page and "100 %" not in page and "100,0 %" not in page
    drawn = raw(stage, "indicator", ASSESSED, aar=FEW)
    assert 'class="scale"' not in drawn and "reach__bar" not in drawn
    assert "under 10 personer" in page.split("Gjennom årene")[1]
    assert not re.search(
        r"<svg class=\"sparkline", raw(stage, "indicators", aar=FEW).split("På sykehjem")[1].split("</li>")[0]
    )


def test_a_handful_is_not_an_indicator_to_look_at_but_its_residents_are_named(stage: Stage) -> None:
    few(3, 2, 3)
    home = stage.page("municipality-home", "kari", aar=FEW)
    assert "Indikatorer å se nærmere på" not in home
    assert "5 beboere mangler vurdering – se hvem" in home


def test_residents_who_lack_something_come_before_the_indicators(stage: Stage) -> None:
    home = stage.page("municipality-home", "unn")
    assert home.index("8 beboere mangler vurdering – se hvem") < home.index("Indikatorer å se nærmere på")


def test_the_finding_and_the_indicator_count_with_the_same_words(stage: Stage) -> None:
    few(3, 2, 3)
    finding = stage.page("finding", "kari", "nutrition-not-answered", aar=FEW)
    assert "Vurdering av ernæring er ikke besvart på sykehjem" in finding and "3 poster å rette" in finding
    page = stage.page("indicator", "kari", ASSESSED, aar=FEW)
    assert "3 ikke besvart, 2 ikke vurdert (svart nei, eller for lenge siden)" in page
    records = stage.page("indicator-records", "kari", ASSESSED, aar=FEW)
    assert (records.count("Ikke besvart"), records.count("Ikke vurdert")) == (3, 2)


@pytest.mark.parametrize(
    ("answers", "told"),
    [
        ([], "Ikke besvart Det er ikke svart på spørsmålet –"),
        ([Said("ernaering_vurdert", False, "2021-04-02")], "Ikke vurdert Svart nei 02.04.2021"),
        ([Said("ernaering_vurdert", True, "2020-04-02")], "Ikke vurdert Svart ja, men for lenge siden 02.04.2020"),
        ([Said("ernaering_vurdert", True)], "Ikke vurdert Svart ja, men uten dato –"),
        ([Said("ernaering_vurdert", True, "2022-02-01")], "Ikke besvart Det er ikke svart på spørsmålet –"),
        (
            [Said("ernaering_vurdert", True, "2021-02-01"), Said("ernaering_vurdert", False, "2021-03-01")],
            "Ikke vurdert Svart nei 01.03.2021",
        ),
    ],
)
def test_the_list_says_why_and_since_when(stage: Stage, answers: list[Said], told: str) -> None:
    sent([Who([stay(SOLBAKKEN)], answers, ref="R1")], int(FEW))
    assert f"R1 {told} Solbakken sykehjem" in stage.page("indicator-records", "kari", ASSESSED, aar=FEW)


def test_the_list_is_sorted_by_reason_date_and_unit(stage: Stage) -> None:
    answered = [Said("ernaering_vurdert", False, "2021-04-02")], [Said("ernaering_vurdert", False, "2021-01-02")]
    persons = [
        Who([stay(SOLBAKKEN)], answered[0], ref="R1"),
        Who([stay(FJELLHEIM)], answered[1], ref="R2"),
        Who([stay(SOLBAKKEN)], [], ref="R3"),
    ]
    sent(persons, int(FEW))
    expected = {"": "R1 R2 R3", "grunn": "R3 R1 R2", "dato": "R2 R1 R3", "enhet": "R1 R3 R2", "tull": "R1 R2 R3"}
    for sort, order in expected.items():
        page = stage.page("indicator-records", "kari", ASSESSED, aar=FEW, sorter=sort)
        assert " ".join(re.findall(r"\bR\d\b", page)) == order, sort


def test_shares_of_a_few_are_told_in_persons_among_the_steering_figures(stage: Stage) -> None:
    few(3, 2, 3)
    page = stage.page("steering", "kari", aar=FEW)
    assert "0 av 8 Andel med velferdsteknologi" in page and "%" not in page.split("Hvor mye er fylt ut?")[1]
