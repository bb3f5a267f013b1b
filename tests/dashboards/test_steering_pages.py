"""The steering page and the register's yearly table: who sees what, and with which words."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from charts.values import decimal
from indicators import engine, steering
from indicators.models import SteeringValue
from municipalities.models import Population
from quality.actions import check_submission
from quality.checks import BY_CODE as CHECKS
from submissions.models import Person, Service, Submission
from tests.cast import FJELLHEIM, OWN, SOLBAKKEN, WELL, Cast, Someone, cast_fixture, submit  # noqa: F401
from tests.kpr_portal.test_pages import words
from tests.rows import Sent, Who, store
from tests.steering import (
    CARE,
    FOLLOWED,
    faulty,
    stored,
)

pytestmark = pytest.mark.django_db


# --- The page --------------------------------------------------------------------------------------------------------


@pytest.fixture(name="steered")
def steered_fixture(cast: Cast) -> Cast:
    steering.recompute([cast.earlier.pk, cast.current.pk, cast.trial.pk, cast.anothers.pk])
    return cast


def page(client: Client, municipality: str = OWN, **query: str) -> Any:
    answer = client.get(reverse("steering", args=[municipality]), query)
    assert answer.status_code == 200
    return answer


def shown(answer: Any) -> str:
    return words(answer.content.decode())


def test_the_municipality_sees_all_its_services(steered: Cast) -> None:
    text = shown(page(steered.client("kari")))
    assert "Alle tjenester 7" in text
    assert "Helsetjenester i hjemmet 7" in text
    everybody = sum(
        Population.objects.filter(municipality=OWN, district=None, year=2022).values_list("persons", flat=True)
    )
    assert decimal(7000 / everybody) in text
    assert "folketallet 1. januar 2022" in text
    assert "Den midterste i" not in text


def test_a_unit_is_chosen(steered: Cast) -> None:
    answer = page(steered.client("kari"), enhet=FJELLHEIM)
    assert "Alle tjenester 4" in shown(answer)
    assert answer.context["steering"].inhabitants is None
    assert "Per 1000" not in shown(answer)
    assert "Alle tjenester 7" in shown(page(steered.client("kari"), enhet="000000000"))


@pytest.mark.parametrize("asked", ["", FJELLHEIM, OWN])
@pytest.mark.parametrize("form", ["", "csv"])
def test_a_unit_leader_sees_the_own_unit_only(steered: Cast, asked: str, form: str) -> None:
    others = SteeringValue.objects.exclude(area=SOLBAKKEN)
    others.update(value=76543, persons=76543)
    query = {"enhet": asked} | ({"figur": "maaneder", "format": form} if form else {})
    answer = steered.client("unn").get(reverse("steering", args=[OWN]), query)
    content = b"".join(answer) if form else answer.content
    assert b"76543" not in content.replace("\u202f".encode(), b"")
    if not form:
        assert "Alle tjenester 4" in shown(answer)
        assert "Fjellheim" not in shown(answer) and FJELLHEIM not in shown(answer)


def test_last_years_own_figures_stand_beside(steered: Cast) -> None:
    before = submit(OWN, steered.year - 1, WELL)
    text = shown(page(steered.client("kari")))
    assert str(steered.year - 1) not in text.replace("Vis tall for", "")
    steering.recompute([before.pk])
    text = shown(page(steered.client("kari")))
    assert f"Personer med tjenester {steered.year - 1}: 3" in text
    assert "3 +4" in text
    Submission.objects.filter(pk=before.pk).update(is_current=False)
    assert "+4" not in shown(page(steered.client("kari")))


def test_a_renumbered_municipality_has_its_past_and_a_divided_one_has_none(cast: Cast) -> None:
    sent = [submit(code, year, WELL) for code, year in (("5401", 2023), ("5501", 2024), ("1507", 2023), ("1508", 2024))]
    steering.recompute([each.pk for each in sent])
    renumbered = page(cast.client("rita"), "5501", aar="2024").context["steering"]
    assert renumbered.compared("persons").before == 3
    assert renumbered.inhabitants.year == 2022
    divided = page(cast.client("rita"), "1508", aar="2024").context["steering"]
    assert (divided.compared("persons").now, divided.compared("persons").before) == (3, None)
    assert divided.inhabitants is None


def test_inhabitants_are_of_the_year_where_they_are_known(cast: Cast) -> None:
    sent = submit(OWN, 2021, WELL)
    steering.recompute([sent.pk])
    found = page(cast.client("kari"), aar="2021").context["steering"]
    assert (found.inhabitants.year, found.inhabitants_before.year) == (2021, 2020)


def test_what_is_not_computed_yet_says_so(cast: Cast) -> None:
    assert "tallene regnes ut nå" in shown(page(cast.client("kari")))
    assert "Ingen data er levert for 2022" in shown(page(cast.client("kari"), aar="2022"))


def test_a_unit_without_services_says_why(steered: Cast) -> None:
    SteeringValue.objects.filter(area=SOLBAKKEN).delete()
    assert "ingen tjenester som er knyttet til enheten" in shown(page(steered.client("unn")))


def test_the_figures_of_a_trial_are_shown_as_such(cast: Cast) -> None:
    trial = submit(OWN, 2022, WELL, dry_run=True)
    steering.recompute([trial.pk])
    text = shown(page(cast.client("kari"), aar="2022"))
    assert "er fra en prøve" in text
    assert "Alle tjenester 3" in text


def test_the_years_lead_to_the_same_page(steered: Cast) -> None:
    content = page(steered.client("kari"), enhet=FJELLHEIM).content.decode()
    assert f'href="{reverse("steering", args=[OWN])}?enhet={FJELLHEIM}&amp;aar=2022"' in content
    home = steered.client("unn").get(reverse("municipality-home", args=[OWN])).content.decode()
    assert reverse("steering", args=[OWN]) in home


def test_the_number_of_queries_does_not_grow(steered: Cast) -> None:
    def asked() -> int:
        with CaptureQueriesContext(connection) as queries:
            page(steered.client("kari"))
        return len(queries)

    few = asked()
    more = submit(OWN, steered.year - 1, [Someone(f"C{n}", [SOLBAKKEN, FJELLHEIM], 1900 + n) for n in range(100)])
    steering.recompute([more.pk])
    for type_ in range(1, 10):
        Service.objects.filter(submission=steered.current, person__user_ref=f"B{type_}").update(type=type_)
    steering.recompute([steered.current.pk])
    assert asked() == few < 20


def test_the_drawing_shows_the_year_before_too(steered: Cast) -> None:
    persons = [Someone(f"C{n}", [SOLBAKKEN], 1900 + n) for n in range(20)]
    sent = [submit(OWN, steered.year - back, persons) for back in (1, 2)]
    steering.recompute([each.pk for each in sent])
    assert "De svarte strekene viser året før" in shown(page(steered.client("kari"), aar=str(steered.year - 1)))
    assert "De svarte strekene viser året før" not in shown(page(steered.client("kari")))  # eight persons


@pytest.mark.parametrize("name", ["alder", "maaneder", "utfylling"])
@pytest.mark.parametrize("form", ["csv", "xlsx"])
def test_each_drawings_figures_can_be_taken_along(steered: Cast, name: str, form: str) -> None:
    kari, address, year = steered.client("kari"), reverse("steering", args=[OWN]), steered.year - 1
    many = submit(OWN, year, [Someone(f"C{n}", [SOLBAKKEN, FJELLHEIM], 1900 + n) for n in range(20)])
    steering.recompute([many.pk])
    assert f"figur={name}&amp;format={form}" in page(kari, aar=str(year)).content.decode()
    answer = kari.get(address, {"figur": name, "format": form, "aar": year})
    assert answer["Content-Disposition"].endswith(f'styringstall-{name}.{form}"')
    assert len(b"".join(answer)) > 100
    assert kari.get(address, {"figur": name, "format": "exe"}).status_code == 404
    assert kari.get(address, {"figur": "annet"}).status_code == 404
    assert kari.get(address, {"figur": name, "format": form}).status_code == 404  # of eight persons nothing is drawn


# --- The register's table --------------------------------------------------------------------------------------------


def test_the_registers_table_is_counted_by_hand(cast: Cast) -> None:
    SteeringValue.objects.all().delete()
    checks = (*engine.EXCLUDING, *FOLLOWED)
    sent = [
        stored(*faulty(), checks=checks, municipality="4602", year=2024),
        stored(*faulty(), checks=checks, municipality="4602"),
        stored(*faulty(), faulty()[0], checks=checks, municipality="5001"),
        stored(*faulty(), checks=checks, municipality="1106", state="trial"),
        stored(*faulty(), checks=checks, municipality="1108", state="superseded"),
    ]
    steering.recompute([each.pk for each in sent])
    table = cast.client("rita").get(reverse("register-yearly")).context["yearly"]
    assert table.heads == [("2023", 2), ("2024", 1)]
    assert [list(row.cells) for row in table.rows] == [
        ["3", "1"],
        ["2", "1"],
        ["2", "1"],
        ["4", "2"],
        ["2", "1"],
        ["0", "0"],
        ["2", "1"],
        ["2", "1"],
        ["0 / 2", "0 / 1"],
        ["2", "1"],
    ]


def test_persons_of_many_municipalities_are_counted_once_in_the_nation(cast: Cast, settings: Any) -> None:
    settings.KPR_MANY_MUNICIPALITIES = 2
    codes = [f"46{n}" for n in range(17, 17 + 6)]
    sent = [store(Sent([Who([CARE], who="A"), Who([CARE], who="B"), Who([CARE])], municipality=code)) for code in codes]
    sent.append(store(Sent([Who([CARE], who="A")], municipality=codes[0], year=2022)))
    for each in sent:
        check_submission(each, [CHECKS["person-in-many-municipalities"]])
    steering.recompute([each.pk for each in sent])
    answer = cast.client("rita").get(reverse("register-yearly"))
    row = answer.context["yearly"].rows[5]
    assert "eller flere kommuner" in row.title
    assert dict(zip(answer.context["yearly"].years, row.cells, strict=True)) == {2022: "0", 2023: "2"}
    for person in Person.objects.all():
        assert str(person.pseudonym) not in answer.content.decode()
        assert person.pseudonym.hex not in answer.content.decode()


def test_the_registers_table_is_empty_before_anything_is_computed(cast: Cast) -> None:
    answer = cast.client("rita").get(reverse("register-yearly"))
    assert "Ingen tall er regnet ut ennå" in shown(answer)
    assert reverse("register-yearly") in cast.client("rita").get(reverse("register")).content.decode()


def test_the_registers_table_asks_as_much_of_a_nation_as_of_a_municipality(cast: Cast) -> None:
    def asked() -> int:
        with CaptureQueriesContext(connection) as queries:
            cast.client("rita").get(reverse("register-yearly"))
        return len(queries)

    nothing = asked()
    steering.recompute(
        [stored(*faulty(), municipality=code, year=y).pk for code in ("4602", "5001") for y in (2022, 2023)]
    )
    assert asked() == nothing < 15
