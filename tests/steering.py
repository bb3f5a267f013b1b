"""What the tests of steering figures share: persons in, figures out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from indicators import engine, steering
from indicators.models import Level, SteeringValue
from quality.actions import check_submission
from quality.checks import BY_CODE as CHECKS
from submissions.models import Submission
from tests.rows import Given, Said, Sent, Who, store

HOME_A, HOME_B = "974760673", "983544622"
STAY = Given("21", start="2021-05-01", organisation=HOME_A, check=True)
CARE = Given("15", start="2021-05-01", hours=5, organisation=HOME_B, check=True)
ALARM = Given("6", start="2022-05-01")


def stored(*persons: Who, checks: Sequence[str] = engine.EXCLUDING, **named: Any) -> Submission:
    submission = store(Sent(persons, **named))
    check_submission(submission, [CHECKS[code] for code in checks])
    return submission


def computed(*persons: Who, **named: Any) -> Submission:
    submission = stored(*persons, **named)
    steering.recompute([submission.pk])
    return submission


def values(submission: Submission, figure: str, level: str = Level.MUNICIPALITY, area: str = "4601") -> dict[Any, Any]:
    """By service type, age group, month or field (those that are given): value and persons."""
    found = SteeringValue.objects.filter(submission=submission, figure=figure, level=level, area=area)
    return {
        tuple(each for each in (row.service_type, row.age_group, row.month, row.field) if each not in (None, "")): (
            float(row.value or 0),
            row.persons,
        )
        for row in found
    }


def value(submission: Submission, figure: str, *key: Any, **place: str) -> float:
    """Nought where nobody is counted."""
    return values(submission, figure, **place).get(key, (0.0, 0))[0]


def complete(submission: Submission, field: str, **place: str) -> tuple[float, float, int] | None:
    """Share answered, how many are not, and of how many; None where nobody is asked."""
    share = values(submission, "completeness", **place).get((field,))
    return None if share is None else (share[0], value(submission, "unanswered", field, **place), share[1])


CLOCK, WAITING, REHABILITATION = "heldognstilbud", "venteliste", "rehabilitering"
FOLLOWED = (
    "service-hours-missing",
    "hours-over-168",
    "welfare-technology-start-missing",
    "service-organisation-missing",
    "service-organisation-invalid",
)


def faulty() -> list[Who]:
    hours_missing = Given("15", organisation=HOME_A, check=True)
    return [
        Who([hours_missing, hours_missing]),
        Who(
            [
                Given("15", hours=100, organisation=HOME_A, check=True),
                Given("1", hours=100, organisation="7", check=False),
            ]
        ),
        Who([Given("6", start=None), Given("26", start=None)], [Said(WAITING, True), Said(CLOCK, True, "2023-01-01")]),
        Who([Given("16"), Given("21"), Given("21")], [Said(REHABILITATION, False)]),
    ]


def on_list(*answers: tuple[bool, str], **named: Any) -> Who:
    return Who([CARE], [Said(WAITING, yes, date) for yes, date in answers], **named)
