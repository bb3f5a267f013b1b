"""Each indicator against small hand-counted municipalities: persons in, counts out."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.utils import timezone

from indicators import actions, engine, steering, tasks
from indicators.definitions import BY_CODE, INDICATORS, families
from indicators.documentation import indicators_page
from indicators.models import BrokenComputation, IndicatorValue, Level
from indicators.refreshing import compute, judge_again
from kpr_portal import health
from municipalities.models import District
from quality.actions import check_submission
from quality.checks import BY_CODE as CHECKS
from submissions.models import Person, Submission
from tests.rows import Given, Said, Sent, Who, municipality, store

pytestmark = pytest.mark.django_db

HOME_A, HOME_B = "974760673", "983544622"
STAY = Given("21", start="2021-05-01", organisation=HOME_A, check=True)
CARE = Given("15", start="2021-05-01", organisation=HOME_A, check=True)


def resident(*answers: Said, services: Sequence[Given] = (STAY,), **named: Any) -> Who:
    return Who(services=services, answers=answers, **named)


def at_home(*answers: Said, services: Sequence[Given] = (CARE,), **named: Any) -> Who:
    return Who(services=services, answers=answers, **named)


def yes(topic: str, date: str | None = "2023-06-01") -> Said:
    return Said(topic, True, date)


def no(topic: str, date: str | None = "2023-06-01") -> Said:
    return Said(topic, False, date)


ASSESSED, RISK, PLAN = "ernaering_vurdert", "ernaering_risiko", "ernaering_plan"
MEDICATION, DOCTOR, DENTIST = "legemiddelgjennomgang", "lege_vurdert", "tannhelse_vurdert"
INDIVIDUAL = "individuell_plan"

# indicator -> name -> person -> where the person is: "above" the line, "below" only, "missing" (below, not answered), "out".
EXAMPLES: dict[str, dict[str, tuple[Who, str]]] = {
    "nutrition-assessed-institution": {
        "assessed this year": (resident(yes(ASSESSED)), "above"),
        "assessed on the first day": (resident(yes(ASSESSED, "2023-01-01")), "above"),
        "assessed on the last day": (resident(yes(ASSESSED, "2023-12-31")), "above"),
        "assessed twelve months ago to the day": (resident(yes(ASSESSED, "2022-12-31")), "below"),
        "assessed after the period": (resident(yes(ASSESSED, "2024-01-02")), "missing"),
        "assessed without a date": (resident(yes(ASSESSED, None)), "below"),
        "answered no": (resident(no(ASSESSED)), "below"),
        "never answered": (resident(), "missing"),
        "no without a date": (resident(no(ASSESSED, None)), "below"),
        "66 years": (resident(yes(ASSESSED), birth_year=1957), "out"),
        "67 years": (resident(yes(ASSESSED), birth_year=1956), "above"),
        "unknown birth year": (resident(yes(ASSESSED), birth_year=0), "out"),
        "moved out during the year": (resident(yes(ASSESSED), services=[Given("21", end="2023-11-30")]), "out"),
        "moved out on the last day": (resident(yes(ASSESSED), services=[Given("21", end="2023-12-31")]), "out"),
        "moves out after the period": (resident(yes(ASSESSED), services=[Given("21", end="2024-01-01")]), "above"),
        "short stay": (resident(yes(ASSESSED), services=[Given("22")]), "out"),
        "two long stays count once": (resident(yes(ASSESSED), services=[STAY, Given("21")]), "above"),
        "test person": (resident(yes(ASSESSED), month_shift=65), "out"),
        "starts on the last day": (resident(yes(ASSESSED), services=[Given("21", start="2023-12-31")]), "above"),
        "stay without a start": (resident(yes(ASSESSED), services=[Given("21", start=None)]), "out"),
    },
    "nutrition-at-risk-institution": {
        "at risk": (resident(yes(ASSESSED), yes(RISK)), "above"),
        "not at risk": (resident(yes(ASSESSED), no(RISK)), "below"),
        "at risk, later not": (resident(yes(ASSESSED), yes(RISK, "2023-03-01"), no(RISK, "2023-09-01")), "below"),
        "not at risk, later at risk": (
            resident(yes(ASSESSED), no(RISK, "2023-03-01"), yes(RISK, "2023-09-01")),
            "above",
        ),
        "later no is after the period": (
            resident(yes(ASSESSED), yes(RISK, "2023-03-01"), no(RISK, "2024-01-05")),
            "above",
        ),
        "risk not answered": (resident(yes(ASSESSED)), "missing"),
        "risk answered last year": (resident(yes(ASSESSED), yes(RISK, "2022-06-01")), "below"),
        "assessed, later taken back": (
            resident(yes(ASSESSED, "2023-03-01"), no(ASSESSED, "2023-09-01"), yes(RISK, "2023-03-01")),
            "out",
        ),
        "not assessed": (resident(no(ASSESSED), yes(RISK)), "out"),
    },
    "nutrition-plan-institution": {
        "plan made": (resident(yes(ASSESSED), yes(RISK), yes(PLAN)), "above"),
        "plan of last year": (resident(yes(ASSESSED), yes(RISK), yes(PLAN, "2022-06-01")), "below"),
        "no plan": (resident(yes(ASSESSED), yes(RISK), no(PLAN)), "below"),
        "plan not answered": (resident(yes(ASSESSED), yes(RISK)), "missing"),
        "not at risk": (resident(yes(ASSESSED), no(RISK), yes(PLAN)), "out"),
        "at risk, later not": (
            resident(yes(ASSESSED), yes(RISK, "2023-03-01"), no(RISK, "2023-09-01"), yes(PLAN, "2023-03-01")),
            "out",
        ),
    },
    "nutrition-assessed-home": {
        "assessed": (at_home(yes(ASSESSED)), "above"),
        "not assessed": (at_home(no(ASSESSED)), "below"),
        "also in an institution at the end": (at_home(yes(ASSESSED), services=[CARE, Given("22")]), "out"),
        "was in an institution earlier": (
            at_home(yes(ASSESSED), services=[CARE, Given("22", end="2023-06-01")]),
            "above",
        ),
        "practical help only": (at_home(yes(ASSESSED), services=[Given("1")]), "out"),
        "young": (at_home(yes(ASSESSED), birth_year=1980), "out"),
        "unknown birth year": (at_home(yes(ASSESSED), birth_year=0), "out"),
        "day care in an institution is no stay there": (
            at_home(yes(ASSESSED), services=[CARE, Given("17"), Given("8")]),
            "above",
        ),
    },
    "nutrition-at-risk-home": {
        "at risk": (at_home(yes(ASSESSED), yes(RISK)), "above"),
        "not at risk": (at_home(yes(ASSESSED), no(RISK)), "below"),
        "not assessed": (at_home(yes(RISK)), "out"),
    },
    "nutrition-plan-home": {
        "plan": (at_home(yes(ASSESSED), yes(RISK), yes(PLAN)), "above"),
        "no plan": (at_home(yes(ASSESSED), yes(RISK), no(PLAN)), "below"),
        "not at risk": (at_home(yes(ASSESSED), no(RISK), yes(PLAN)), "out"),
    },
    "medication-review-institution": {
        "reviewed": (resident(yes("legemiddelgjennomgang")), "above"),
        "reviewed long ago": (resident(yes("legemiddelgjennomgang", "2021-06-01")), "below"),
        "not answered": (resident(), "missing"),
        "young": (resident(yes("legemiddelgjennomgang"), birth_year=1980), "out"),
        "unknown birth year": (resident(yes("legemiddelgjennomgang"), birth_year=0), "out"),
    },
    "seen-by-doctor-institution": {
        "seen": (resident(yes("lege_vurdert")), "above"),
        "young counts too": (resident(yes("lege_vurdert"), birth_year=1980), "above"),
        "not seen": (resident(no("lege_vurdert")), "below"),
        "unknown birth year counts too": (resident(yes("lege_vurdert"), birth_year=0), "above"),
        "at home": (at_home(yes("lege_vurdert")), "out"),
    },
    "seen-by-dentist-institution": {
        "seen": (resident(yes("tannhelse_vurdert")), "above"),
        "young counts too": (resident(yes("tannhelse_vurdert"), birth_year=1980), "above"),
        "not seen": (resident(no("tannhelse_vurdert")), "below"),
        "not answered": (resident(), "missing"),
        "at home": (at_home(yes("tannhelse_vurdert")), "out"),
    },
    "individual-plan-rehab-home": {
        "plan": (Who(answers=[yes("rehabilitering"), yes("individuell_plan")]), "above"),
        "plan of long ago": (Who(answers=[yes("rehabilitering"), yes("individuell_plan", "2018-01-01")]), "above"),
        "plan ended": (
            Who(answers=[yes("rehabilitering"), yes("individuell_plan", "2022-01-01"), no("individuell_plan")]),
            "below",
        ),
        "no plan": (Who(answers=[yes("rehabilitering"), no(INDIVIDUAL)]), "below"),
        "plan without a date": (Who(answers=[yes("rehabilitering"), yes(INDIVIDUAL, None)]), "above"),
        "no without a date": (Who(answers=[yes("rehabilitering"), no(INDIVIDUAL, None)]), "below"),
        "a date is worth more than none": (
            Who(answers=[yes("rehabilitering"), yes(INDIVIDUAL, None), no(INDIVIDUAL, "2020-01-01")]),
            "below",
        ),
        "plan and none on the same day": (
            Who(answers=[yes("rehabilitering"), yes(INDIVIDUAL), no(INDIVIDUAL)]),
            "above",
        ),
        "plan after the period": (Who(answers=[yes("rehabilitering"), yes(INDIVIDUAL, "2024-01-02")]), "missing"),
        "plan without a date, ended after the period": (
            Who(answers=[yes("rehabilitering"), yes(INDIVIDUAL, None), no(INDIVIDUAL, "2024-01-02")]),
            "above",
        ),
        "rehabilitation since years": (Who(answers=[yes("rehabilitering", "2019-01-01")]), "missing"),
        "rehabilitation ended this year": (
            Who(answers=[yes("rehabilitering", "2019-01-01"), no("rehabilitering", "2023-02-01")]),
            "missing",
        ),
        "rehabilitation ended last year": (
            Who(answers=[yes("rehabilitering", "2019-01-01"), no("rehabilitering", "2022-12-31")]),
            "out",
        ),
        "rehabilitation begins next year": (Who(answers=[yes("rehabilitering", "2024-01-01")]), "out"),
        "rehabilitation ended on the first day": (
            Who(answers=[yes("rehabilitering", "2019-01-01"), no("rehabilitering", "2023-01-01")]),
            "missing",
        ),
        "rehabilitation begun again": (
            Who(
                answers=[
                    yes("rehabilitering", "2019-01-01"),
                    no("rehabilitering", "2020-01-01"),
                    yes("rehabilitering", "2021-01-01"),
                ]
            ),
            "missing",
        ),
        "rehabilitation yes and no on the same day": (
            Who(answers=[yes("rehabilitering", "2022-06-01"), no("rehabilitering", "2022-06-01")]),
            "missing",
        ),
        "rehabilitation without a date": (Who(answers=[yes("rehabilitering", None)]), "out"),
        "only no": (Who(answers=[no("rehabilitering")]), "out"),
    },
    "individual-plan-rehab-institution": {
        "plan": (Who(services=[Given("19", end="2023-04-01")], answers=[yes("individuell_plan")]), "above"),
        "no plan": (Who(services=[Given("19")], answers=[no("individuell_plan")]), "below"),
        "stay of last year": (
            Who(services=[Given("19", start="2022-01-01", end="2022-12-31")], answers=[yes("individuell_plan")]),
            "out",
        ),
    },
    "waiting-time-nursing-home": {
        "at once": (Who(services=[Given("21", start="2023-03-01", decided="2023-03-01")]), "above"),
        "fifteen days": (Who(services=[Given("21", start="2023-03-16", decided="2023-03-01")]), "above"),
        "sixteen days": (Who(services=[Given("21", start="2023-03-17", decided="2023-03-01")]), "below"),
        "decision unknown": (Who(services=[Given("21", start="2023-03-17")]), "out"),
        "decided after the start": (Who(services=[Given("21", start="2023-03-01", decided="2023-03-02")]), "out"),
        "a short stay": (Who(services=[Given("20", start="2023-03-01", decided="2023-03-01")]), "out"),
        "began last year": (Who(services=[Given("21", start="2022-12-31", decided="2022-12-01")]), "out"),
        "begins next year": (Who(services=[Given("21", start="2024-01-01", decided="2023-12-01")]), "out"),
    },
}


def taken_back(topic: str, *others: Said, who: Any = resident) -> dict[str, tuple[Who, str]]:
    """Of two dated answers within the year the later counts; `others` are the answers that bring the person into the count."""

    def person(*answers: Said) -> Who:
        return who(*others, *answers)

    spring, autumn = "2023-03-01", "2023-09-01"
    return {
        "no after yes": (person(yes(topic, spring), no(topic, autumn)), "below"),
        "no after yes, in the other order": (person(no(topic, autumn), yes(topic, spring)), "below"),
        "yes after no": (person(no(topic, spring), yes(topic, autumn)), "above"),
        "yes, no, yes": (person(yes(topic, "2023-01-10"), no(topic, spring), yes(topic, autumn)), "above"),
        "yes and no on the same day": (person(yes(topic, spring), no(topic, spring)), "above"),
        "yes and no on the same day, after a no": (
            person(no(topic, "2023-01-10"), yes(topic, spring), no(topic, spring)),
            "above",
        ),
        "no on the last day": (person(yes(topic, spring), no(topic, "2023-12-31")), "below"),
        "no after the period": (person(yes(topic, spring), no(topic, "2024-01-01")), "above"),
        "no before the 12 months": (person(yes(topic, "2023-01-01"), no(topic, "2022-12-31")), "above"),
        "no without a date": (person(yes(topic, spring), no(topic, None)), "above"),
    }


CHAIN = (yes(ASSESSED), yes(RISK))
LATER_COUNTS = {
    "nutrition-assessed-institution": taken_back(ASSESSED),
    "nutrition-at-risk-institution": taken_back(RISK, *CHAIN[:1]),
    "nutrition-plan-institution": taken_back(PLAN, *CHAIN),
    "nutrition-assessed-home": taken_back(ASSESSED, who=at_home),
    "nutrition-at-risk-home": taken_back(RISK, *CHAIN[:1], who=at_home),
    "nutrition-plan-home": taken_back(PLAN, *CHAIN, who=at_home),
    "medication-review-institution": taken_back(MEDICATION),
    "seen-by-doctor-institution": taken_back(DOCTOR),
    "seen-by-dentist-institution": taken_back(DENTIST),
}
for CODE, NAMED in LATER_COUNTS.items():
    EXAMPLES[CODE] |= NAMED
CASES = [(code, name) for code, examples in EXAMPLES.items() for name in examples]


@pytest.fixture(autouse=True)
def municipalities(db: None) -> None:
    municipality("4601")


def computed(*persons: Who, **named: Any) -> Submission:
    submission = store(Sent(persons, **named))
    check_submission(submission, [CHECKS[code] for code in engine.EXCLUDING])
    actions.recompute([submission.pk])
    return submission


def counts(submission: Submission, code: str, level: str = Level.MUNICIPALITY, area: str = "4601") -> tuple[int, ...]:
    """Numerator, denominator and missing; zeros where there is nothing to tell."""
    found = IndicatorValue.objects.filter(submission=submission, indicator=code, level=level, area=area)
    return next(iter(found.values_list("numerator", "denominator", "missing")), (0, 0, 0))


def test_every_indicator_has_examples() -> None:
    assert EXAMPLES.keys() == BY_CODE.keys()
    for code, examples in EXAMPLES.items():
        assert {"above", "below", "out"} <= {where for _who, where in examples.values()}, code


@pytest.mark.parametrize(("code", "name"), CASES, ids=[f"{code}: {name}" for code, name in CASES])
def test_one_person(code: str, name: str) -> None:
    who, where = EXAMPLES[code][name]
    expected = {"above": (1, 1, 0), "below": (0, 1, 0), "missing": (0, 1, 1), "out": (0, 0, 0)}
    assert counts(computed(who), code) == expected[where]


@pytest.mark.parametrize("code", EXAMPLES)
def test_all_of_them_together(code: str) -> None:
    places = [where for _who, where in EXAMPLES[code].values()]
    submission = computed(*(who for who, _where in EXAMPLES[code].values()))
    below = len(places) - places.count("out")
    assert counts(submission, code) == (places.count("above"), below, places.count("missing"))


def everybody() -> list[Who]:
    return [who for examples in EXAMPLES.values() for who, _where in examples.values()]


def test_the_rows_behind_a_value_are_as_many_as_it_counts() -> None:
    submission = computed(*everybody())
    for indicator in INDICATORS:
        above, below, _missing = counts(submission, indicator.code)
        rows = engine.rows_below(indicator).filter(submission=submission)
        assert rows.filter(indicator.numerator).count() == above, indicator.code
        assert rows.count() == below > 0, indicator.code


def test_many_submissions_at_once_give_what_each_gives_alone() -> None:
    for code in ("4602", "1103"):
        municipality(code)
    submissions = [store(Sent(everybody()[n:], municipality=code)) for n, code in enumerate(("4601", "4602", "1103"))]
    actions.recompute([submission.pk for submission in submissions])
    together = set(values())
    for submission in submissions:
        actions.recompute([submission.pk])
    assert set(values()) == together


def values() -> list[tuple[Any, ...]]:
    columns = ("submission", "indicator", "level", "area", "numerator", "denominator", "missing")
    return list(IndicatorValue.objects.values_list(*columns))


def test_units_and_districts_share_out_the_municipality() -> None:
    both = [STAY, Given("21", organisation=HOME_B, check=True)]
    wrong = [Given("21", organisation="123456789", check=False)]
    submission = computed(
        resident(yes(ASSESSED)), resident(), resident(yes(ASSESSED), services=both), resident(services=wrong)
    )
    code = "nutrition-assessed-institution"
    assert counts(submission, code) == (2, 4, 2)
    assert counts(submission, code, Level.UNIT, HOME_A) == (2, 3, 1)
    assert counts(submission, code, Level.UNIT, HOME_B) == (1, 1, 0)
    assert counts(submission, code, Level.UNIT, "123456789") == (0, 0, 0)


def test_districts() -> None:
    District.objects.create(code="460101", name="Arna", municipality=municipality("4601"), kind="bydel")
    submission = store(Sent([resident(yes(ASSESSED)), resident(), resident()]))
    first, second, third = Person.objects.filter(submission=submission).order_by("pk")
    Person.objects.filter(pk__in=[first.pk, second.pk]).update(district="460101")
    Person.objects.filter(pk=third.pk).update(district="999999")
    actions.recompute([submission.pk])
    code = "nutrition-assessed-institution"
    assert counts(submission, code, Level.DISTRICT, "460101") == (1, 2, 1)
    assert counts(submission, code, Level.DISTRICT, "999999") == (0, 0, 0)


def test_a_unit_of_stays_is_the_stays_own() -> None:
    stays = [
        Given("21", start="2023-03-01", decided="2023-03-01", organisation=unit, check=True)
        for unit in (HOME_A, HOME_B)
    ]
    submission = computed(Who(services=stays))
    assert counts(submission, "waiting-time-nursing-home") == (2, 2, 0)
    assert counts(submission, "waiting-time-nursing-home", Level.UNIT, HOME_A) == (1, 1, 0)


def test_a_person_of_many_municipalities_is_in_no_indicator(settings: Any) -> None:
    codes = [f"46{number:02}" for number in range(1, settings.KPR_MANY_MUNICIPALITIES + 1)]
    for code in codes:
        municipality(code)
    submissions = [store(Sent([resident(yes(ASSESSED), who="same")], municipality=code)) for code in codes]
    check_submission(submissions[0], [CHECKS["person-in-many-municipalities"]])
    actions.recompute([submissions[0].pk])
    assert counts(submissions[0], "nutrition-assessed-institution") == (0, 0, 0)


def test_computing_again_replaces() -> None:
    submission = computed(*everybody())
    before = set(values())
    actions.recompute([submission.pk])
    assert set(values()) == before


def test_a_municipality_with_nobody_has_results_that_say_so() -> None:
    submission = computed()
    assert IndicatorValue.objects.filter(submission=submission).count() == len(INDICATORS)
    assert stale() == []


def stale(year: int | None = None) -> list[int]:
    return sorted({key for _family, keys in actions.stale(year) for key in keys})


def test_stale_are_those_without_results_of_todays_definitions() -> None:
    done, new = computed(), store(Sent(municipality="1103"))
    store(Sent(municipality="4601", year=2022, state="superseded"))
    assert stale() == [new.pk]
    IndicatorValue.objects.filter(submission=done, indicator=INDICATORS[0].code).update(version=99)
    assert stale() == sorted([done.pk, new.pk])
    assert [family[0].code for family, keys in actions.stale() if done.pk in keys] == [INDICATORS[0].root.code]
    assert stale(2022) == []
    trial = store(Sent(municipality="1103", state="trial"))
    assert trial.pk in stale()


def test_a_broken_definition_is_tried_later_each_time_and_starves_nobody(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """It cannot stand one submission's data: the others have their results at once, and a sweep leaves that one alone."""
    real, tried = engine.count, []
    sent = [
        store(Sent([resident(yes(ASSESSED))], municipality=code)) for code in ("4601", "1103", "0301", "5001", "3001")
    ]
    bad, code = sent[3], "seen-by-doctor-institution"

    def count(family: Any, submissions: Any) -> Any:
        if family[0].code == code and bad.pk in submissions:
            tried.append(list(submissions))
            raise ValueError("secret")
        return real(family, submissions)

    monkeypatch.setattr(engine, "count", count)
    tasks.recompute_stale()
    there = IndicatorValue.objects.filter(indicator=code, level=Level.MUNICIPALITY)
    assert set(there.values_list("submission", flat=True)) == {each.pk for each in sent} - {bad.pk}
    assert IndicatorValue.objects.filter(submission=bad).values("indicator").distinct().count() == len(INDICATORS) - 1
    assert ("secret" in caplog.text, caplog.text.count("Broken definition")) == (False, 1)

    tries = len(tried)
    tasks.recompute_stale()
    assert (stale(), len(tried)) == ([], tries)

    waits = []
    for _again in range(3):
        note = BrokenComputation.objects.get()
        waits.append(note.not_before - timezone.now())
        BrokenComputation.objects.update(not_before=timezone.now())
        tasks.recompute_stale()
    assert waits[0] < waits[1] < waits[2]
    assert (tried[-3:], BrokenComputation.objects.get().failures) == ([[bad.pk]] * 3, 4)
    assert caplog.text.count("Broken definition") == 1
    assert health.work_problem() and f"{code}, version {BY_CODE[code].version}, in 1 submissions" in str(
        health.work_problem()
    )

    monkeypatch.setattr(engine, "count", real)
    BrokenComputation.objects.update(version=99)  # another version's failures say nothing of this one's
    tasks.recompute_stale()
    assert (BrokenComputation.objects.count(), stale(), health.work_problem()) == (0, [], None)


def test_results_and_steering_figures_are_each_found_again_by_the_sweep() -> None:
    """As when a worker is killed between the two."""
    submission = store(Sent([resident(yes(ASSESSED))]))
    actions.recompute([submission.pk])
    assert (stale(), steering.stale()) == ([], [submission.pk])
    tasks.recompute_stale()
    assert (stale(), steering.stale()) == ([], [])
    IndicatorValue.objects.all().delete()
    assert (stale(), steering.stale()) == ([submission.pk], [])


def test_a_broken_definition_hides_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    real = engine.count

    def count(family: Any, submissions: Any) -> Any:
        if family[0].code == "seen-by-doctor-institution":
            raise ValueError("broken")
        return real(family, submissions)

    monkeypatch.setattr(engine, "count", count)
    submission = computed(resident(yes(ASSESSED)))
    assert counts(submission, "nutrition-assessed-institution") == (1, 1, 0)
    assert not IndicatorValue.objects.filter(indicator="seen-by-doctor-institution").exists()
    assert stale() == []
    BrokenComputation.objects.update(not_before=timezone.now())
    assert stale() == [submission.pk]


def test_families_are_chains_in_order() -> None:
    for family in families():
        assert family[0].of is None
        for earlier, later in itertools.pairwise(family):
            assert later.of is earlier


def test_refresh_brings_indicators_up_to_date(capsys: pytest.CaptureFixture[str]) -> None:
    submission = store(Sent([resident(yes(ASSESSED))]))
    call_command("refresh")
    assert counts(submission, "nutrition-assessed-institution") == (1, 1, 0)
    assert "Computed: 1 submissions." in capsys.readouterr().out


@pytest.mark.django_db(transaction=True)
def test_catching_up_computes_what_is_not_and_what_is_judged_again() -> None:
    """As after the demonstration: many came in at once, and one of them tells of a person that all have."""
    code = "nutrition-assessed-institution"
    persons = [resident(yes(ASSESSED), who="same"), resident()]
    submissions = [store(Sent(persons, municipality=f"46{number:02}")) for number in range(1, 7)]
    Submission.objects.update(is_current=False)
    for submission in submissions[:5]:  # the sixth is not computed at all
        check_submission(submission)
        actions.recompute([submission.pk])
        assert counts(submission, code, area=str(submission.municipality_id)) == (1, 2, 1)
    Submission.objects.update(is_current=True)
    check_submission(submissions[5])
    done: list[int] = []
    compute(judge_again(), done.append)
    assert sum(done) == 6
    assert {counts(each, code, area=str(each.municipality_id)) for each in submissions} == {(0, 1, 1)}
    compute(judge_again(), done.append)
    assert sum(done) == 6


def test_the_page_of_the_indicators_is_not_stale() -> None:
    page = (Path(__file__).parents[2] / "docs" / "indicators.md").read_text(encoding="utf-8")
    assert page == indicators_page(), "docs/indicators.md is stale: run manage.py document_indicators"
