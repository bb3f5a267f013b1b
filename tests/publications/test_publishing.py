"""What leaves: from computed results to a released publication, through time, and what stops one."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import pytest
from django.core.management import call_command

from indicators.definitions import INDICATORS, linked
from indicators.models import IndicatorValue, Level
from municipalities import calendar
from municipalities.models import Population
from publications import release, selectors
from publications.models import Publication, PublicationState, PublishedTable
from publications.release import NoRelease
from publications.suppression.protect import Unprotectable
from publications.suppression.table import Shown
from submissions.models import Submission
from tests.rows import Sent, municipality, store

pytestmark = pytest.mark.django_db

SEEN = "seen-by-dentist-institution"
DOCTOR = "seen-by-doctor-institution"
WAITING = "waiting-time-nursing-home"
Numbers = Mapping[str, tuple[int, int]]


@pytest.fixture(autouse=True)
def a_release_waits_for_nobody(settings: Any) -> None:
    """What one municipality sends is released; tests/publications/test_calendar.py has those that wait."""
    settings.KPR_TODAY = "2024-01-08"
    settings.KPR_LEAST_MUNICIPALITIES_RENEWED = settings.KPR_LEAST_COUNTIES_RENEWED = 1


def told(code: str, counts: Numbers, year: int = 2023, lineage: str = "") -> Submission:
    """A current submission whose results are as stated: indicator -> numerator, denominator; nobody in the others, and nobody above
    the line in those that count the same persons or a part of them."""
    Submission.objects.filter(municipality=code, year=year).update(is_current=False)
    submission = store(Sent(municipality=code, year=year, lineage=lineage))
    IndicatorValue.objects.bulk_create(
        IndicatorValue(
            submission=submission,
            indicator=indicator.code,
            version=indicator.version,
            level=Level.MUNICIPALITY,
            area=code,
            numerator=counts.get(indicator.code, (0, 0))[0],
            denominator=counts.get(indicator.code, (0, residents(counts) if indicator.population else 0))[1],
            missing=0,
            computed_at=calendar.now(),
        )
        for indicator in INDICATORS
    )
    return submission


def residents(counts: Numbers) -> int:
    return max((counts[code][1] for code in (SEEN, DOCTOR) if code in counts), default=0)


def row(publication: Publication, indicator: str, area: str, year: int = 2023) -> dict[str, Any]:
    table = publication.tables.get(indicator=indicator, year=year)
    return next(row for row in table.rows if row["area"] == area)


def released(year: int = 2023) -> Publication:
    publication = release.release(year)
    assert publication.state != PublicationState.WITHHELD, publication.audit
    return publication


def nation(**changed: tuple[int, int]) -> None:
    """Two counties of four municipalities each, with plenty of people."""
    for number, code in enumerate(("4601", "4602", "4611", "4612", "1101", "1103", "1106", "1108")):
        told(code, {SEEN: changed.get(f"k{code}", (40 + number, 100 + 3 * number))})


def test_large_numbers_leave_with_their_interval() -> None:
    nation()
    shown = row(released(), SEEN, "4601")
    assert (shown["numerator"], shown["denominator"], shown["value"]) == (40, 100, 0.4)
    assert (shown["low"], shown["high"]) == (0.3094, 0.498)
    assert not shown["suppressed"] and shown["status"] == "published" and shown["level"] == "municipality"


def test_counties_and_the_nation_are_sums_of_those_who_reported() -> None:
    nation()
    publication = released()
    assert row(publication, SEEN, "46")["denominator"] == 100 + 103 + 106 + 109
    assert row(publication, SEEN, "0")["denominator"] == sum(100 + 3 * n for n in range(8))


def test_small_numbers_do_not_leave_and_no_difference_gives_them_away() -> None:
    nation(k4601=(3, 60))
    publication = released()
    hidden = [row(publication, SEEN, code) for code in ("4601", "4602", "4611", "4612")]
    assert hidden[0]["suppressed"] and hidden[0]["numerator"] is None and hidden[0]["value"] is None
    county_is_told = not row(publication, SEEN, "46")["suppressed"]
    assert not county_is_told or sum(each["suppressed"] for each in hidden) >= 3  # its peers do not know it either


def test_a_municipality_that_did_not_report_says_so() -> None:
    nation()
    municipality("4613")
    missing = row(released(), SEEN, "4613")
    assert missing["status"] == "not_reported" and not missing["suppressed"] and missing["denominator"] is None


def test_nobody_below_the_line_is_not_applicable() -> None:
    nation(k4601=(0, 0))
    none = row(released(), SEEN, "4601")
    assert none["status"] == "not_applicable" and none["denominator"] == 0 and none["value"] is None


def test_some_indicators_name_large_municipalities_only() -> None:
    for number, code in enumerate(("4601", "4602", "4611", "4612")):
        told(code, {DOCTOR: (50 + number, 100 + number)})
        Population.objects.create(
            municipality_id=code, year=2022, age_group="18-49", persons=100_001 if code == "4601" else 100_000
        )
    publication = released()
    assert row(publication, DOCTOR, "4601")["status"] == "published"
    small = row(publication, DOCTOR, "4602")
    assert small["suppressed"] and small["note"] == "level" and small["numerator"] is None
    assert small["denominator"] == 101, "which the dentist's tells"
    assert row(publication, DOCTOR, "46")["numerator"] == 50 + 51 + 52 + 53


def test_trials_and_superseded_submissions_do_not_leave() -> None:
    nation()
    trial = told("4601", {SEEN: (1000, 2000)})
    Submission.objects.filter(pk=trial.pk).update(is_current=False, dry_run=True)
    assert row(released(), SEEN, "4601")["status"] == "not_reported"


def test_nothing_new_makes_no_publication() -> None:
    nation()
    released()
    with pytest.raises(NoRelease, match="Nothing that leaves has changed"):
        release.release(2023)
    assert Publication.objects.count() == 1


def test_an_unchanged_table_is_the_same_in_the_next_publication() -> None:
    nation()
    first = released()
    told("4601", {SEEN: (55, 100)}, year=2022)
    told("4602", {SEEN: (66, 100)}, year=2022)
    second = released(2022)
    same, other = (publication.tables.get(indicator=SEEN, year=2023) for publication in (first, second))
    assert same == other and second.number == first.number + 1
    assert {change["year"] for change in second.changes} == {2022}


def test_the_change_list_says_whose_and_why_and_no_figure() -> None:
    nation()
    first = released()
    assert {change["reason"] for change in first.changes} == {"first"}
    told("4601", {SEEN: (61, 100)})
    assert released().changes == [{"year": 2023, "reason": "data", "municipalities": ["4601"]}]


def test_the_change_list_names_for_all_indicators_of_a_year_whoever_sent_anything() -> None:
    nation()
    released()
    told("4601", {SEEN: (61, 100)})
    told("4602", {WAITING: (77, 90)})
    told("1101", {SEEN: (52, 100)}, year=2022)
    assert released().changes == [{"year": 2023, "reason": "data", "municipalities": ["4601", "4602"]}]
    assert released(2022).changes == [{"year": 2022, "reason": "first", "municipalities": []}]


def test_what_others_messages_change_waits_until_a_municipality_sends_itself() -> None:
    """Or it would be told who shares a person with whom."""
    nation()
    first = released()
    values = IndicatorValue.objects.filter(area="4602", indicator=SEEN, submission__year=2023)
    assert values.update(numerator=33)
    with pytest.raises(NoRelease):
        release.release(2023)
    told("4601", {SEEN: (61, 100)})
    second = released()
    assert row(second, SEEN, "4602") == row(first, SEEN, "4602")
    assert all(change["municipalities"] == ["4601"] for change in second.changes)
    told("4602", {SEEN: (33, 103)})
    third = released()
    assert row(third, SEEN, "4602") != row(first, SEEN, "4602")
    assert all(change["municipalities"] == ["4602"] for change in third.changes)


def test_a_new_definition_counts_everybody_anew() -> None:
    nation()
    first = released()
    PublishedTable.objects.filter(publications=first, indicator=SEEN).update(version=0)
    assert IndicatorValue.objects.filter(area="4602", indicator=SEEN, submission__year=2023).update(numerator=43)
    second = released()
    assert row(second, SEEN, "4602") != row(first, SEEN, "4602")
    assert "definition" in {change["reason"] for change in second.changes}


def test_a_release_states_what_it_hides_and_what_it_tells_of_everybody() -> None:
    nation(k4601=(3, 60), k1101=(0, 60), k1103=(90, 90))
    publication = released()
    rows = [each for table in publication.tables.all() for each in table.rows]
    hidden = [each for each in rows if each["status"] == "suppressed"]
    assert publication.suppressed["few"] > 0 and publication.suppressed["protects"] > 0
    assert sum(publication.suppressed.values()) == len(hidden)
    assert publication.unanimous == sum(each["value"] in (0, 1) for each in rows) > 0


def test_limits_that_change_are_a_reason(settings: Any) -> None:
    nation()
    released()
    settings.KPR_LEAST_COUNT = 4
    assert released().changes == [{"year": 2023, "reason": "rules", "municipalities": []}]


def test_a_correction_through_time_gives_nobody_away() -> None:
    """4601 had three; now has thirty. With both publications in hand, the three must not be told."""
    nation(k4601=(3, 60))
    first = released()
    told("4601", {SEEN: (30, 60)})
    second = released()
    assert second.audit["passed"]
    before, after = (row(publication, SEEN, "4601") for publication in (first, second))
    assert before["suppressed"]
    sums = [row(publication, SEEN, "46")["numerator"] for publication in (first, second)]
    # The county shows that twenty-seven came to: whoever were told the thirty would know the three.
    assert sums == [129, 156]
    assert after["suppressed"] and after["numerator"] is None


def everything_shown(counts: Any, *_rest: Any) -> dict[tuple[str, str], Shown]:
    """A protector that hides nothing."""
    return {
        (code, area): Shown.ALL
        for code, municipality in counts.counts
        for area in (municipality, counts.county_of[municipality], "0")
    }


def test_a_group_that_fails_its_audit_is_held_and_the_others_are_released(monkeypatch: pytest.MonkeyPatch) -> None:
    nation()
    first = released()
    told("4601", {SEEN: (3, 60), WAITING: (61, 100)})
    monkeypatch.setattr(release, "protect", everything_shown)
    second = released()
    assert row(second, SEEN, "4601") == row(first, SEEN, "4601")
    assert row(second, WAITING, "4601")["numerator"] == 61
    held = {each["indicator"]: each["why"] for each in second.audit["held"]}
    assert held.keys() >= {SEEN, DOCTOR} and WAITING not in held
    assert "can tell that it is" in held[SEEN]


def test_where_all_that_is_new_is_held_nothing_is_released(monkeypatch: pytest.MonkeyPatch) -> None:
    nation()
    first = released()
    told("4601", {SEEN: (3, 60)})
    monkeypatch.setattr(
        release, "linked", lambda: [group for group in linked() if SEEN in {each.code for each in group}]
    )
    monkeypatch.setattr(release, "protect", everything_shown)
    second = release.release(2023)
    assert second.state == PublicationState.WITHHELD
    assert first == selectors.released().first()
    with pytest.raises(NoRelease, match="All that is new is held, as it was"):
        release.release(2023)
    assert Publication.objects.count() == 2


def test_what_cannot_be_made_safe_stays_as_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    nation()
    first = released()
    told("4601", {SEEN: (61, 100), WAITING: (61, 100)})

    def protect(counts: Any, earlier: Any, rules: Any) -> Any:
        if SEEN in counts.family.codes:
            raise Unprotectable("nothing can be done")
        return real(counts, earlier, rules)

    real = release.protect
    monkeypatch.setattr(release, "protect", protect)
    second = released()
    assert row(second, SEEN, "4601") == row(first, SEEN, "4601")
    assert row(second, WAITING, "4601")["numerator"] == 61
    assert {each["why"] for each in second.audit["held"] if each["indicator"] == SEEN} == {"nothing can be done"}


def test_what_is_not_computed_holds_the_tables_of_its_group_and_no_others() -> None:
    nation()
    IndicatorValue.objects.filter(area="4601", indicator=SEEN).delete()
    publication = released()
    assert not publication.tables.filter(indicator__in=(SEEN, DOCTOR)).exists()
    assert publication.tables.filter(indicator=WAITING).exists()
    held = {each["indicator"]: each["why"] for each in publication.audit["held"]}
    assert held[DOCTOR] == held[SEEN] == f"Not computed for 1 municipalities, among them {SEEN} of 4601."


def test_a_result_of_another_definition_is_not_computed_yet() -> None:
    nation()
    first = released()
    told("4601", {SEEN: (61, 100), WAITING: (61, 100)})
    IndicatorValue.objects.filter(indicator=SEEN).update(version=99)
    assert row(released(), SEEN, "4601") == row(first, SEEN, "4601")


def test_counts_that_contradict_each_other_hold_their_group() -> None:
    nation()
    IndicatorValue.objects.filter(area="4601", indicator=DOCTOR).update(denominator=7)
    held = {each["indicator"]: each["why"] for each in released().audit["held"]}
    assert "not that of others with the same population" in held[SEEN]


def test_the_command_attacks_what_left(capsys: pytest.CaptureFixture[str]) -> None:
    nation(k4601=(3, 60))
    released()
    call_command("audit_publication")
    told_ = capsys.readouterr()
    assert "no leak" in told_.out
    done, of = re.findall(r"Hidden counts attacked: (\d+)/(\d+) counts", told_.err)[-1]
    assert done == of != "0", "told how far it has come"


def test_the_command_finds_a_planted_leak(capsys: pytest.CaptureFixture[str]) -> None:
    nation(k4601=(3, 60))
    table = released().tables.get(indicator=SEEN, year=2023)
    for each in table.rows:
        if each["area"] in {"4602", "4611", "4612", "46"}:
            above, below = table.counts["areas"].get(each["area"], (None, None))
            each |= {"suppressed": False, "status": "published"} | (
                {"numerator": above, "denominator": below} if below else {}
            )
    county = next(each for each in table.rows if each["area"] == "46")
    county |= {"numerator": 3 + 41 + 42 + 43, "denominator": 60 + 103 + 106 + 109}
    table.save()
    with pytest.raises(SystemExit):
        call_command("audit_publication")
    assert "4601" in capsys.readouterr().out
