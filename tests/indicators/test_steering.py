"""Steering figures against small hand-counted municipalities: persons in, figures out. Answers: test_steering_answers.py."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from indicators import steering
from indicators.models import BrokenComputation, Level, SteeringValue
from indicators.steering.catalogue import BY_CODE
from municipalities.models import District
from submissions.models import Person
from tests.indicators.test_steering_answers import ASKED
from tests.rows import Given, Said, Sent, Who, municipality, store
from tests.steering import (
    ALARM,
    CARE,
    CLOCK,
    HOME_A,
    HOME_B,
    REHABILITATION,
    STAY,
    WAITING,
    complete,
    computed,
    faulty,
    on_list,
    stored,
    value,
    values,
)

pytestmark = pytest.mark.django_db


# --- Persons by service and age --------------------------------------------------------------------------------------


def test_persons_by_service_and_age() -> None:
    submission = computed(
        Who([STAY], birth_year=1940),
        Who([STAY, STAY, CARE], birth_year=1933),
        Who([CARE], birth_year=2006),
        Who([CARE], birth_year=2005),
        Who([CARE], birth_year=0),
    )
    assert values(submission, "persons") == {
        (21,): (2, 2),
        (21, "80-89"): (1, 1),
        (21, "90+"): (1, 1),
        (15,): (4, 4),
        (15, "0-17"): (1, 1),
        (15, "18-49"): (1, 1),
        (15, "90+"): (1, 1),
        (): (5, 5),
        ("0-17",): (1, 1),
        ("18-49",): (1, 1),
        ("80-89",): (1, 1),
        ("90+",): (1, 1),
    }


@pytest.mark.parametrize(
    ("birth_year", "group"),
    [
        (2023, "0-17"),
        (2006, "0-17"),
        (2005, "18-49"),
        (1974, "18-49"),
        (1973, "50-66"),
        (1957, "50-66"),
        (1956, "67-79"),
        (1944, "67-79"),
        (1943, "80-89"),
        (1934, "80-89"),
        (1933, "90+"),
        (1700, "90+"),
    ],
)
def test_age_is_the_year_less_the_birth_year(birth_year: int, group: str) -> None:
    assert (group,) in values(computed(Who([CARE], birth_year=birth_year)), "persons")


@pytest.mark.parametrize("birth_year", [0, 2024])
def test_an_impossible_age_is_in_the_total_only(birth_year: int) -> None:
    assert values(computed(Who([CARE], birth_year=birth_year)), "persons") == {(15,): (1, 1), (): (1, 1)}


@pytest.mark.parametrize(
    ("given", "counted"),
    [
        (Given("15", end="2023-12-30"), None),
        (Given("15", end="2023-12-31"), None),
        (Given("15", end="2024-01-01"), 15),
        (Given("15", start="2024-01-01"), None),
        (Given("15", start=None), None),
        (Given("08.01"), 8),
        (Given("12"), 29),
        (Given("13"), 29),
        (Given("29"), 29),
        (Given("16"), None),
        (Given("10"), None),
        (Given("77"), None),
    ],
)
def test_which_services_count_at_the_end(given: Given, counted: int | None) -> None:
    found = values(computed(Who([given], birth_year=0)), "persons")
    assert found == ({(counted,): (1, 1), (): (1, 1)} if counted else {})


def test_former_dwellings_are_one_with_todays() -> None:
    assert values(computed(Who([Given("12"), Given("29")])), "persons")[(29,)] == (1, 1)


# --- Hours and welfare technology ------------------------------------------------------------------------------------


def test_hours_are_added_up_by_person_before_the_quartiles() -> None:
    persons = [Who([Given("15", hours=hours)]) for hours in (2, 4, 10)]
    submission = computed(
        *persons, Who([Given("15", hours=3), Given("15", hours=5), Given("1", hours=1.25)]), Who([Given("15")])
    )
    assert values(submission, "hours-median") == {(15,): (6, 4), (1,): (1.25, 1)}
    assert values(submission, "hours-low")[(15,)] == (3.5, 4)
    assert values(submission, "hours-high")[(15,)] == (8.5, 4)


def test_hours_of_services_that_are_not_given_in_hours_do_not_count() -> None:
    assert (
        values(computed(Who([Given("21", hours=168)]), Who([Given("15", hours=1, end="2023-05-01")])), "hours-median")
        == {}
    )


def test_share_with_welfare_technology() -> None:
    ended = Given("27", end="2023-06-01")
    submission = computed(Who([CARE, ALARM, Given("26")]), Who([CARE, ended]), Who([STAY]), Who([ended]))
    assert values(submission, "technology") == {(): (1, 3)}
    assert values(submission, "technology-share") == {(): (0.3333, 3)}
    assert values(submission, "technology-share", Level.UNIT, HOME_B) == {(): (0.5, 2)}
    assert values(submission, "technology-share", Level.UNIT, HOME_A) == {(): (0, 1)}


# --- Months ----------------------------------------------------------------------------------------------------------


def test_services_month_by_month() -> None:
    submission = computed(
        Who([Given("15", start="2022-03-01")]),
        Who([Given("15", start="2023-02-28", end="2023-04-30"), Given("1", start="2023-02-01", end="2023-04-01")]),
        Who([Given("21", start="2023-04-10", end="2023-04-20")]),
        Who([Given("21", start="2022-01-01", end="2022-12-31"), Given("16", start="2023-05-01")]),
    )
    assert values(submission, "flow-services-new") == {(2,): (2, 1), (4,): (1, 1)}
    assert values(submission, "flow-services-ended") == {(4,): (3, 2)}
    at_end = {(month,): (3, 2) if month in (2, 3) else (1, 1) for month in range(1, 13)}
    assert values(submission, "flow-services-at-end") == at_end


def test_who_comes_and_goes_explains_who_is_there() -> None:
    submission = computed(
        Who([Given("15", start="2022-03-01", end="2023-06-30")]),
        Who([Given("15", start="2022-03-01", end="2023-06-15"), Given("21", start="2023-06-15")]),
        Who([Given("15", start="2023-02-01", end="2023-02-20")]),
        Who([Given("15", start="2023-11-01", end="2023-12-31")]),
        Who([Given("15", start="2023-07-01")]),
    )
    assert values(submission, "flow-persons-new") == {(7,): (1, 1), (11,): (1, 1)}
    assert values(submission, "flow-persons-ended") == {(6,): (1, 1), (12,): (1, 1)}
    there = [value(submission, "flow-persons-at-end", month) for month in range(1, 13)]
    assert there == [2, 2, 2, 2, 2, 1, 2, 2, 2, 2, 3, 2]
    assert there[-1] == value(submission, "persons")


def test_a_service_that_ends_before_it_starts_is_in_no_month() -> None:
    submission = computed(Who([Given("15", start="2023-05-01", end="2023-02-01")]))
    assert not SteeringValue.objects.filter(submission=submission, figure__startswith="flow-").exists()


# --- Units, districts, exclusions ------------------------------------------------------------------------------------


def test_units_count_what_they_give() -> None:
    wrong = Given("15", organisation="123456789", check=False)
    submission = computed(
        Who([STAY, CARE], [Said(CLOCK, True, "2023-01-01")], birth_year=0), Who([CARE], birth_year=0), Who([wrong])
    )
    assert values(submission, "persons", Level.UNIT, HOME_A) == {(21,): (1, 1), (): (1, 1)}
    assert values(submission, "persons", Level.UNIT, HOME_B) == {(15,): (2, 2), (): (2, 2)}
    assert not SteeringValue.objects.filter(submission=submission, area="123456789").exists()
    assert value(submission, "round-the-clock", level=Level.UNIT, area=HOME_A) == 1
    assert value(submission, "hours-median", 15, level=Level.UNIT, area=HOME_B) == 5
    assert value(submission, "hours-median", 15, level=Level.UNIT, area=HOME_A) == 0


def test_districts_are_those_of_the_municipality() -> None:
    District.objects.create(code="460101", name="Arna", municipality=municipality("4601"), kind="bydel")
    District.objects.create(code="110301", name="Hundvåg", municipality=municipality("1103"), kind="bydel")
    submission = stored(Who([CARE]), Who([CARE]), Who([CARE]), Who([CARE]), Who())
    districts = ("460101", "110301", "999999", "", "")
    for person, district in zip(Person.objects.filter(submission=submission).order_by("pk"), districts, strict=True):
        Person.objects.filter(pk=person.pk).update(district=district)
    steering.recompute([submission.pk])
    assert value(submission, "persons", level=Level.DISTRICT, area="460101") == 1
    areas = SteeringValue.objects.filter(level=Level.DISTRICT).values_list("area", flat=True)
    assert set(areas) == {"460101"}
    assert complete(submission, "bydel") == (0.75, 1, 4)


def test_a_municipality_without_districts_is_not_asked_for_them() -> None:
    assert complete(computed(Who([CARE])), "bydel") is None


def test_test_persons_and_persons_of_many_municipalities_are_only_followed_up(settings: Any) -> None:
    answers = [Said(CLOCK, True, "2023-01-01"), Said(REHABILITATION, True, "2023-01-01")]
    ended = [Said(WAITING, True, "2023-01-01"), Said(WAITING, False, "2023-02-01")]
    who = Who([CARE, ALARM, Given("16")], [*answers, *ended], who="A")
    codes = [f"46{number:02}" for number in range(2, settings.KPR_MANY_MUNICIPALITIES + 1)]
    for code in codes:
        municipality(code)
        store(Sent([who], municipality=code))
    submission = computed(who, Who([CARE, ALARM], [*answers, *ended], month_shift=65))
    figures = set(SteeringValue.objects.filter(submission=submission, value__gt=0).values_list("figure", flat=True))
    expected = {"followup-round-the-clock", "followup-waiting-list", "followup-rehabilitation-yes", "followup-type-16"}
    assert figures == expected
    assert value(submission, "followup-round-the-clock") == 2


# --- Computing -------------------------------------------------------------------------------------------------------


def everything() -> set[tuple[Any, ...]]:
    columns = [
        "submission",
        "level",
        "area",
        "figure",
        "service_type",
        "age_group",
        "month",
        "field",
        "value",
        "persons",
    ]
    rows = list(SteeringValue.objects.values_list(*columns))
    assert len(rows) == len(set(rows))
    return set(rows)


def mixed() -> list[Who]:
    return [*faulty(), *(who for persons in ASKED.values() for who, _counts in persons), on_list((True, "2023-01-01"))]


def test_many_submissions_at_once_give_what_each_gives_alone() -> None:
    submissions = [stored(*mixed()[n:], municipality=code) for n, code in enumerate(("4601", "4602", "1103"))]
    keys = [submission.pk for submission in submissions]
    steering.recompute(keys)
    together = everything()
    for key in keys:
        steering.recompute([key])
    assert everything() == together
    assert {row[3] for row in together} <= BY_CODE.keys()


def test_the_number_of_statements_does_not_grow() -> None:
    first = stored(*mixed()[:3])
    with CaptureQueriesContext(
        connection,
    ) as few:
        steering.recompute([first.pk])
    more = [stored(*mixed(), municipality=code).pk for code in ("4602", "1103")]
    with CaptureQueriesContext(connection) as many:
        steering.recompute([first.pk, *more])
    assert len(many) == len(few) <= 25  # one of them says that the submissions are computed


def test_nothing_to_compute() -> None:
    steering.recompute([])
    steering.recompute([999_999])
    assert everything() == set()


def test_a_broken_statement_hides_no_other(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    def broken(submissions: Sequence[int]) -> None:
        raise ValueError("secret")

    monkeypatch.setattr(steering, "STATEMENTS", {"new": broken, **steering.STATEMENTS})
    submission = computed(Who([CARE]))
    assert value(submission, "persons") == 1
    assert "Broken definition steering-new" in caplog.text
    assert "secret" not in caplog.text
    assert steering.stale() == []
    BrokenComputation.objects.update(not_before=timezone.now())
    assert steering.stale() == [submission.pk]
    monkeypatch.setitem(steering.STATEMENTS, "new", lambda submissions: None)
    steering.recompute([submission.pk])
    assert (steering.stale(), BrokenComputation.objects.count()) == ([], 0)
