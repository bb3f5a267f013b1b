"""The records behind an indicator's value, and the downloads: who gets which, and that every look is written down."""

from __future__ import annotations

import csv
import html
import io
import re
from typing import Any

import openpyxl
from django.urls import reverse

from dashboards import records
from indicators.definitions import BY_CODE
from indicators.models import IndicatorValue, Level
from municipalities.models import AuditEvent
from tests.cast import FJELLHEIM, OWN, SOLBAKKEN
from tests.indicator_stage import ASSESSED, WAITING, Stage, own, residents, sent, stage_fixture, stay  # noqa: F401
from tests.rows import Given, Said, Who

# --- The records ------------------------------------------------------------------------------------------------------


def refs(page: str) -> list[str]:
    return re.findall(r"\b\d\d-[JNU]\d{3}\b", page)


def test_the_list_names_those_below_the_line_and_not_above_it(stage: Stage) -> None:
    page = stage.page("indicator-records", "kari", ASSESSED)
    assert len(refs(page)) == 15
    assert not [ref for ref in refs(page) if "-J" in ref]
    assert "97-N000 Ikke vurdert Svart nei 01.06.2023 Solbakken sykehjem" in page
    assert "98-U000 Ikke besvart Det er ikke svart på spørsmålet – Fjellheim" in page
    assert len(refs(stage.page("indicator-records", "kari", ASSESSED, svar="mangler"))) == 10
    assert len(refs(stage.page("indicator-records", "kari", ASSESSED, enhet=FJELLHEIM))) == 7


def test_a_unit_leader_gets_only_those_of_the_own_unit(stage: Stage) -> None:
    for query in ({}, {"enhet": FJELLHEIM}, {"format": "csv"}):
        answer = stage.clients["unn"].get(reverse("indicator-records", args=[OWN, ASSESSED]), query)
        content = answer.getvalue().decode()
        assert len(refs(content)) == 8
        assert {ref[:2] for ref in refs(content)} == {"97"}


def test_the_list_is_as_long_as_the_value_says_for_every_indicator(stage: Stage) -> None:
    mixed = [
        Who(
            [stay(SOLBAKKEN, decided="2021-04-20")],
            [Said("individuell_plan", True, None), Said("rehabilitering", True, "2023-02-01")],
        ),
        Who([Given("21", "2023-03-01", decided="2023-01-01", organisation=FJELLHEIM, check=True)], ref="W1"),
        Who([Given("21", "2023-03-01", decided="2023-02-25", organisation=FJELLHEIM, check=True)]),
        Who([Given("15", organisation=SOLBAKKEN, check=True)], [Said("ernaering_vurdert", True, "2023-05-05")]),
        Who([Given("19", organisation=SOLBAKKEN, check=True)], [Said("individuell_plan", False, "2022-05-05")]),
    ]
    submission = sent([*own(), *mixed], 2021)
    values = IndicatorValue.objects.filter(submission=submission).exclude(level=Level.DISTRICT)
    assert values.filter(level=Level.UNIT).count() > 5
    for value in values:
        unit = value.area if value.level == Level.UNIT else ""
        rows = records.below_not_above(BY_CODE[value.indicator], submission.pk, unit)
        assert rows.count() == value.denominator - value.numerator, (value.indicator, value.area)


def test_stays_are_listed_with_their_number_and_the_wait(stage: Stage) -> None:
    late = Given("21", "2021-03-01", decided="2021-01-30", organisation=SOLBAKKEN, check=True, ref="T77")
    sent([Who([late], ref="B1")], 2021)
    page = stage.page("indicator-records", "kari", WAITING, aar="2021")
    assert "Hvorfor Dato Enhet B1 T77 Startet 30 dager etter vedtaket 01.03.2021 Solbakken sykehjem" in page


def test_looking_is_written_down(stage: Stage) -> None:
    stage.page("indicator-records", "unn", ASSESSED)
    seen = AuditEvent.objects.get(action="indicator_rows_seen")
    assert (seen.actor, seen.municipality_id) == ("unn", OWN)
    assert (seen.details["indicator"], seen.details["unit"], len(seen.details["rows"])) == (ASSESSED, SOLBAKKEN, 8)
    stage.clients["kari"].get(reverse("indicator-records", args=[OWN, ASSESSED]), {"format": "xlsx"}).getvalue()
    taken = AuditEvent.objects.get(action="indicator_rows_downloaded")
    assert (taken.details["form"], taken.details["count"]) == ("xlsx", 15)


def test_the_list_is_paged(stage: Stage) -> None:
    sent(residents(SOLBAKKEN, 0, 70, 0, 2021), 2021)
    first = stage.page("indicator-records", "kari", ASSESSED, aar="2021")
    second = stage.page("indicator-records", "kari", ASSESSED, aar="2021", side="2")
    assert "Post 1–50 av 70" in first
    assert len(refs(first)) == 50
    assert len(refs(second)) == 20


def test_nothing_personal_is_on_the_pages(stage: Stage) -> None:
    addresses = [
        (name, arguments)
        for name in ("indicators", "indicator", "indicator-records")
        for arguments in ([OWN], [OWN, ASSESSED])
        if (name == "indicators") == (len(arguments) == 1)
    ]
    for name, arguments in addresses:
        content = stage.clients["kari"].get(reverse(name, args=arguments)).content.decode()
        pseudonyms = {str(each) for each in stage.current.person_set.values_list("pseudonym", flat=True)}
        assert not [each for each in pseudonyms if each in content]
        assert not re.search(r"\b\d{11}\b", re.sub(r'[\d.]+"', "", content))
        assert name == "indicator-records" or not refs(content)


# --- Downloads --------------------------------------------------------------------------------------------------------


def sheet(answer: Any, page: int = 0) -> list[tuple[Any, ...]]:
    book = openpyxl.load_workbook(io.BytesIO(answer.getvalue()))
    return [tuple(cell.value for cell in line) for line in book.worksheets[page].iter_rows()]


def test_the_list_as_excel_and_csv_holds_no_formula(stage: Stage) -> None:
    formula = '=HYPERLINK("x")'
    sent([Who([stay(SOLBAKKEN)], ref=formula)], 2021)
    address = reverse("indicator-records", args=[OWN, ASSESSED])
    lines = sheet(stage.clients["kari"].get(address, {"aar": "2021", "format": "xlsx"}))
    unanswered, unit = ("Ikke besvart", "Det er ikke svart på spørsmålet"), "Solbakken sykehjem"
    assert lines == [("Brukernummer", "Svar", "Hvorfor", "Dato", "Enhet"), (formula, *unanswered, None, unit)]
    answer = stage.clients["kari"].get(address, {"aar": "2021", "format": "csv"})
    assert list(csv.reader(io.StringIO(answer.getvalue().decode("utf-8-sig")), delimiter=";"))[1] == [
        f"'{formula}",
        *unanswered,
        "",
        unit,
    ]
    assert f'filename="kpr-{OWN}-2021-{ASSESSED}-personer.csv"' in answer["Content-Disposition"]


def test_a_drawings_figures_as_excel_and_csv(stage: Stage) -> None:
    query = {"figur": "andre", "med": ["4601", "5001"]}
    lines = sheet(stage.clients["kari"].get(reverse("indicator-xlsx", args=[OWN, ASSESSED]), query))
    limits = ("Nedre grense (95 %)", "Øvre grense (95 %)")
    assert lines[0] == ("Kommune", "Andel", *limits, "Teller", "Nevner", "Hvorfor tallet mangler")
    assert (lines[1][:2], lines[1][4:6]) == (("Stavanger", 0.5), (15, 30))
    assert ("Bergen", 0.75) in [line[:2] for line in lines]
    assert ("Trondheim", *[None] * 5, "skjult, få personer") in lines
    facts = dict(sheet(stage.clients["kari"].get(reverse("indicator-xlsx", args=[OWN, ASSESSED]), query), 1))
    assert facts["Indikator"] == str(BY_CODE[ASSESSED].title)
    text = stage.clients["kari"].get(reverse("indicator-csv", args=[OWN, ASSESSED])).getvalue().decode("utf-8-sig")
    assert "Stavanger;2023;50,0 %;33,2 %;66,8 %;15;30;" in text
    assert stage.clients["kari"].get(reverse("indicator-csv", args=[OWN, ASSESSED]), {"figur": "x"}).status_code == 404


def test_every_drawing_is_offered_as_it_is_shown(stage: Stage) -> None:
    content = stage.clients["kari"].get(reverse("indicator", args=[OWN, ASSESSED]), {"med": "4601"}).content.decode()
    links = [html.unescape(link) for link in re.findall(r'href="([^"]+tall\.(?:csv|xlsx)[^"]*)"', content)]
    assert len(links) == 2 * content.count("<figure ")
    assert all("med=4601" in link for link in links)
    for link in links:
        answer = stage.clients["kari"].get(link)
        assert answer.getvalue()
        assert answer.status_code == 200
