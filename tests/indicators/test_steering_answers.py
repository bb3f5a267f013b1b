"""Steering figures of dated answers, completeness and follow-up, against small hand-counted municipalities."""

from __future__ import annotations

import datetime

import pytest

from indicators import engine, steering
from indicators.models import Level, SteeringValue
from indicators.steering.completeness import SERVICE_FIELDS
from indicators.steering.people import PERSON_FIELDS
from submissions.models import Service, Submission
from tests.rows import Given, Said, Sent, Who, store
from tests.steering import (
    ALARM,
    CARE,
    CLOCK,
    FOLLOWED,
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


# --- Answers ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("topic", "figure"), [(CLOCK, "round-the-clock"), (WAITING, "waiting-list")])
@pytest.mark.parametrize(
    ("answers", "counted"),
    [
        ([(True, "2021-05-01")], 1),
        ([(True, "2021-05-01"), (False, "2023-05-01")], 0),
        ([(False, "2021-05-01"), (True, "2023-05-01")], 1),
        ([(True, "2023-05-01"), (False, "2023-05-01")], 1),
        ([(True, "2023-05-01"), (False, "2024-01-05")], 1),
        ([(True, "2024-01-05")], 0),
        ([(True, None)], 0),
        ([], 0),
    ],
)
def test_the_latest_dated_answer_counts(topic: str, figure: str, answers: list[tuple[bool, str]], counted: int) -> None:
    submission = computed(Who([CARE], [Said(topic, yes, date) for yes, date in answers]))
    assert value(submission, figure) == counted


def test_rehabilitation_yes_and_only_no() -> None:
    yes, no = Said(REHABILITATION, True, "2023-02-01"), Said(REHABILITATION, False, "2023-05-01")
    never = Said(REHABILITATION, False)
    submission = computed(Who(answers=[yes]), Who(answers=[yes, no]), Who(answers=[no]), Who(answers=[never]), Who())
    assert value(submission, "rehabilitation-yes") == 2
    assert value(submission, "rehabilitation-no") == 2


def test_answers_dated_after_the_period_are_not_looked_at() -> None:
    """Nor by the register's own counts: a year that lies ahead tells nothing of this one."""
    later = Said(REHABILITATION, True, "2024-02-01")
    submission = computed(
        Who([CARE], [later, Said(REHABILITATION, False)]),
        Who([CARE], [later]),
        Who([CARE], [Said(CLOCK, True, "2109-01-15"), Said(WAITING, True, "2024-01-01")]),
    )
    assert value(submission, "rehabilitation-yes") == value(submission, "followup-rehabilitation-yes") == 0
    assert value(submission, "rehabilitation-no") == value(submission, "followup-rehabilitation-no") == 1
    assert value(submission, "followup-round-the-clock") == value(submission, "followup-waiting-list") == 0


@pytest.mark.parametrize(
    ("answers", "days"),
    [
        ([(True, "2023-01-01"), (False, "2023-01-31")], 30),
        ([(True, "2022-12-01"), (True, "2022-12-21"), (False, "2023-01-10")], 40),
        ([(False, "2022-12-01"), (True, "2022-12-31"), (False, "2023-01-10"), (False, "2023-03-01")], 10),
        ([(True, "2022-12-31"), (False, "2023-01-10"), (True, "2023-01-10")], 10),
        ([(True, "2022-01-01"), (False, "2022-02-01")], None),
        ([(True, "2023-01-01"), (False, "2024-02-01")], None),
        ([(False, "2023-02-01")], None),
        ([(True, "2023-02-01"), (False, "2023-02-01")], None),
    ],
)
def test_days_waited(answers: list[tuple[bool, str]], days: int | None) -> None:
    assert values(computed(on_list(*answers)), "waited-median") == ({(): (days, 1)} if days is not None else {})


def test_days_waited_of_many() -> None:
    lengths = (10, 20, 30, 40, 50, 60, 70, 80, 90, 100, 110)
    ends = [datetime.date(2023, 1, 1) + datetime.timedelta(days) for days in lengths]
    submission = computed(*(on_list((True, "2023-01-01"), (False, end.isoformat())) for end in ends))
    assert values(submission, "waited-median") == {(): (60, 11)}
    assert values(submission, "waited-long") == {(): (100, 11)}
    assert values(submission, "waited-median", Level.UNIT, HOME_B) == {(): (60, 11)}
    assert values(submission, "waited-median", Level.UNIT, HOME_A) == {}


def test_one_who_waits_twice_is_one_person_with_two_waits() -> None:
    twice = on_list((True, "2023-01-01"), (False, "2023-01-11"), (True, "2023-03-01"), (False, "2023-03-31"))
    assert values(computed(twice), "waited-median") == {(): (20, 1)}


def test_the_wait_began_in_an_earlier_years_message() -> None:
    store(Sent([on_list((True, "2022-12-01"), who="A")], year=2022))
    assert value(computed(on_list((False, "2023-01-10"), who="A")), "waited-median") == 40


# --- Completeness ----------------------------------------------------------------------------------------------------


def test_completeness_of_the_services() -> None:
    submission = stored(
        Who([Given("15", hours=2, organisation=HOME_A, check=True, decided="2023-01-02"), Given("15")]),
        Who([Given("1", hours=2, organisation="1", check=False), Given("21")]),
        Who([ALARM, Given("6", start=None), Given("15", end="2022-06-01"), Given("15", start="2024-02-01")]),
    )
    Service.objects.filter(submission=submission, type=21).update(applied_on=datetime.date(2023, 1, 1))
    steering.recompute([submission.pk])
    assert complete(submission, "timerPerUke") == (0.6667, 1, 3)
    assert complete(submission, "tjenesteOrgNr") == (0.5, 2, 4)
    assert complete(submission, "startDato") == (0.8333, 1, 6)
    assert complete(submission, "vedtakDato") == (0.2, 4, 5)
    assert complete(submission, "soknadDato") == (0.2, 4, 5)
    unit = {"level": Level.UNIT, "area": HOME_A}
    assert complete(submission, "vedtakDato", **unit) == (1, 0, 1)
    assert complete(submission, "tjenesteOrgNr", **unit) is None


NUTRITION, RISK, PLAN = "ernaering_vurdert", "ernaering_risiko", "ernaering_plan"
YOUNG_STAY = Who([STAY], birth_year=1980)
AT_HOME = [Given("15", hours=20), Given("1", hours=5)]
ASKED: dict[str, list[tuple[Who, tuple[int, int]]]] = {
    # field -> persons, with 1 or 0 of how many are answered of how many are asked
    NUTRITION: [
        (Who([STAY], [Said(NUTRITION, False, "2023-02-01")]), (1, 1)),
        (Who([STAY], [Said(NUTRITION, True, "2019-02-01")]), (1, 1)),
        (Who([STAY], [Said(NUTRITION, True)]), (0, 1)),
        (Who([STAY], [Said(NUTRITION, True, "2024-02-01")]), (0, 1)),
        (Who([STAY]), (0, 1)),
        (YOUNG_STAY, (0, 0)),
        (Who([CARE]), (0, 0)),
    ],
    RISK: [
        (Who([CARE], [Said(NUTRITION, True, "2023-02-01"), Said(RISK, False, "2023-02-01")]), (1, 1)),
        (Who([CARE], [Said(NUTRITION, True, "2023-02-01")]), (0, 1)),
        (Who([CARE], [Said(NUTRITION, False, "2023-02-01")]), (0, 0)),
        (Who([CARE], [Said(NUTRITION, True, "2024-02-01")]), (0, 0)),
    ],
    PLAN: [
        (Who([CARE], [Said(RISK, True, "2023-02-01"), Said(PLAN, False, "2023-02-01")]), (1, 1)),
        (Who([CARE], [Said(RISK, True, "2023-02-01")]), (0, 1)),
        (Who([CARE], [Said(RISK, False, "2023-02-01")]), (0, 0)),
    ],
    "legemiddelgjennomgang": [
        (Who([STAY], [Said("legemiddelgjennomgang", True, "2023-02-01")]), (1, 1)),
        (Who([STAY]), (0, 1)),
        (YOUNG_STAY, (0, 0)),
    ],
    "lege_vurdert": [(Who([STAY], [Said("lege_vurdert", True, "2023-02-01")]), (1, 1)), (YOUNG_STAY, (0, 1))],
    "tannhelse_vurdert": [(Who([STAY], [Said("tannhelse_vurdert", True, "2023-02-01")]), (1, 1)), (YOUNG_STAY, (0, 1))],
    REHABILITATION: [
        (Who([CARE], [Said(REHABILITATION, False)]), (1, 1)),
        (Who([CARE]), (0, 1)),
        (Who([CARE, STAY]), (0, 0)),
        (Who([Given("15", end="2023-06-01")]), (0, 0)),
    ],
    CLOCK: [
        (Who(AT_HOME, [Said(CLOCK, True, "2023-02-01")]), (1, 1)),
        (Who(AT_HOME), (0, 1)),
        (Who([Given("15", hours=24)]), (0, 0)),
        (Who([*AT_HOME, STAY]), (0, 0)),
    ],
    WAITING: [
        (Who([CARE], [Said(WAITING, True, "2023-02-01")]), (1, 1)),
        (Who([CARE], [Said(WAITING, True)]), (0, 1)),
        (Who([CARE], [Said(WAITING, False)]), (0, 0)),
        (Who([CARE]), (0, 0)),
    ],
    "individuell_plan": [
        (
            Who(answers=[Said(REHABILITATION, True, "2023-02-01"), Said("individuell_plan", False, "2023-02-01")]),
            (1, 1),
        ),
        (Who([Given("19", end="2023-06-01")]), (0, 1)),
        (Who(answers=[Said(REHABILITATION, True, "2020-01-01"), Said(REHABILITATION, False, "2022-01-01")]), (0, 0)),
        (Who([CARE]), (0, 0)),
    ],
    "koordinator": [
        (Who(answers=[Said(REHABILITATION, True, "2023-02-01"), Said("koordinator", True, "2023-02-01")]), (1, 1)),
        (Who(answers=[Said(REHABILITATION, True, "2023-02-01")]), (0, 1)),
    ],
}


@pytest.mark.parametrize("field", ASKED)
def test_completeness_of_the_persons(field: str) -> None:
    for who, (answered, asked) in ASKED[field]:
        submission = computed(who)
        assert complete(submission, field) == ((answered, asked - answered, asked) if asked else None), who
        Submission.objects.filter(pk=submission.pk).update(is_current=False)
    together = computed(*(who for who, _counts in ASKED[field]))
    answered, asked = (sum(numbers) for numbers in zip(*(counts for _who, counts in ASKED[field]), strict=True))
    found = complete(together, field)
    assert found and found[1:] == (asked - answered, asked)


def test_every_field_has_an_example_and_a_title() -> None:
    own = {"startDato", "soknadDato", "vedtakDato", "timerPerUke", "tjenesteOrgNr"}
    assert {field.name for field in SERVICE_FIELDS} == own
    assert {field.name for field in PERSON_FIELDS} == {*ASKED, "bydel"}


def test_the_home_answers_for_its_residents_only() -> None:
    answers = [Said("lege_vurdert", True, "2023-02-01")]
    submission = computed(Who([STAY, CARE], answers), Who([STAY, CARE]), Who([CARE]))
    assert complete(submission, "lege_vurdert", level=Level.UNIT, area=HOME_A) == (0.5, 1, 2)
    assert complete(submission, "lege_vurdert", level=Level.UNIT, area=HOME_B) is None


# --- Follow up -------------------------------------------------------------------------------------------------------

COUNTS = {
    "followup-hours-missing": 1,
    "followup-hours-over-168": 1,
    "followup-technology-start-missing": 1,
    "followup-organisation-missing": 2,
    "followup-organisation-invalid": 1,
    "followup-round-the-clock": 1,
    "followup-waiting-list": 1,
    "followup-rehabilitation-no": 1,
    "followup-type-16": 1,
}


def followups(submission: Submission) -> dict[str, float]:
    found = SteeringValue.objects.filter(submission=submission, figure__startswith="followup-")
    assert set(found.values_list("level", "area")) == {(Level.MUNICIPALITY, submission.municipality_id)}
    return {each.figure: float(each.value or 0) for each in found}


def test_followup_counts() -> None:
    assert followups(computed(*faulty(), checks=(*engine.EXCLUDING, *FOLLOWED))) == COUNTS


def test_an_empty_message_is_computed_too() -> None:
    assert set(followups(computed()).values()) == {0}
