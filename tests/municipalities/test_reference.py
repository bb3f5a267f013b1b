"""The reference data: who reported under which number, when."""

import pytest
from django.core.management import call_command
from django.db.models import Sum

from municipalities.models import County, District, Municipality, MunicipalityChange, Population

pytestmark = pytest.mark.django_db


@pytest.fixture
def reference() -> None:
    call_command("load_reference")


@pytest.mark.parametrize(("year", "municipalities", "counties"), [(2020, 356, 11), (2023, 356, 11), (2024, 357, 15)])
def test_structure_of_each_data_year(reference: None, year: int, municipalities: int, counties: int) -> None:
    valid = Municipality.objects.in_year(year)
    assert valid.count() == municipalities
    assert valid.values("county").distinct().count() == counties


def test_loading_twice_changes_nothing(reference: None) -> None:
    models = (County, Municipality, MunicipalityChange, District, Population)
    before = [model._default_manager.count() for model in models]
    call_command("load_reference")
    assert [model._default_manager.count() for model in models] == before


def test_a_number_in_both_structures_is_one_row_without_end(reference: None) -> None:
    oslo = Municipality.objects.get(pk="0301")
    assert (oslo.valid_from, oslo.valid_to, oslo.lineage) == (2020, None, "0301")


def test_renumbering_keeps_lineage_and_place(reference: None) -> None:
    old, new = Municipality.objects.get(pk="3005"), Municipality.objects.get(pk="3301")
    assert (old.valid_to, new.valid_from, new.lineage, new.latitude) == (2023, 2024, "3005", old.latitude)
    assert old.successors.get().new == new and not old.successors.get().divided
    assert (old.county.name, new.county.name) == ("Viken", "Buskerud")


def test_divided_aalesund(reference: None) -> None:
    halves = Municipality.objects.filter(lineage="1507").exclude(pk="1507")
    assert {half.code for half in halves} == {"1508", "1580"}
    assert all(change.divided for change in MunicipalityChange.objects.filter(old="1507"))
    assert Municipality.objects.get(pk="1508").latitude and Municipality.objects.get(pk="1580").latitude is None


@pytest.mark.parametrize("year", [2022, 2024])
def test_every_shared_name_is_told_apart(reference: None, year: int) -> None:
    shown = [str(municipality) for municipality in Municipality.objects.in_year(year).select_related("county")]
    assert len(shown) == len(set(shown))
    assert "Herøy (Nordland)" in shown and "Herøy (Møre og Romsdal)" in shown


def test_populations_of_municipalities_and_districts(reference: None) -> None:
    people = Population.objects.filter(year=2022)
    assert people.filter(municipality="0301", district=None).aggregate(n=Sum("persons"))["n"] == 699827
    gamle_oslo = people.filter(district="030101").aggregate(n=Sum("persons"))["n"]
    assert gamle_oslo == 60209
    assert {row["year"] for row in Population.objects.values("year").distinct()} == {2020, 2021, 2022}
