"""When a data year is released, and whose figures are renewed then."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.core.management import CommandError, call_command

from indicators.models import IndicatorValue
from kpr_portal import environment
from publications import release, selectors
from publications.models import Publication, PublicationState
from publications.release import NoRelease, release_due
from publications.release_calendar import ReleaseCalendar
from publications.renewal import Least, Renewal, renewal
from tests.publications.test_publishing import SEEN, WAITING, row, told

CALENDAR = ReleaseCalendar(((1, 8), (2, 15)), [(3, 1), (6, 1), (9, 1), (12, 1)], 12)
Day = datetime.date
# Four counties: one of four municipalities, two of three, one of two.
COUNTIES = {
    "46": ("4601", "4602", "4611", "4612"),
    "11": ("1101", "1103", "1106"),
    "18": ("1804", "1806", "1811"),
    "03": ("0301", "0302"),
}
COUNTY_OF = {code: county for county, codes in COUNTIES.items() for code in codes}


# --- The days --------------------------------------------------------------------------------------------------------


def test_mondays_then_quarters_and_no_more_than_twelve() -> None:
    days = CALENDAR.dates(2023)
    assert days[:6] == [Day(2024, 1, 8) + datetime.timedelta(weeks=week) for week in range(6)]
    assert days[6:] == [
        Day(2024, 3, 1), Day(2024, 6, 1), Day(2024, 9, 1), Day(2024, 12, 1), Day(2025, 3, 1), Day(2025, 6, 1),
    ]  # fmt: skip


def test_the_first_monday_is_not_before_the_first_day() -> None:
    assert CALENDAR.dates(2024)[0] == Day(2025, 1, 13)
    assert {day.weekday() for day in CALENDAR.dates(2024)[:5]} == {0}


@pytest.mark.parametrize(
    ("today", "newest", "is_due"),
    [
        (Day(2024, 1, 7), None, False),
        (Day(2024, 1, 8), None, True),
        (Day(2024, 1, 8), Day(2024, 1, 8), False),
        (Day(2024, 1, 14), Day(2024, 1, 8), False),
        (Day(2024, 1, 15), Day(2024, 1, 8), True),
        (Day(2024, 1, 17), Day(2024, 1, 8), True),  # nobody was there on Monday
        (Day(2024, 2, 29), Day(2024, 2, 12), False),
        (Day(2024, 3, 1), Day(2024, 2, 12), True),
        (Day(2025, 5, 31), Day(2025, 3, 1), False),
        (Day(2030, 1, 1), Day(2025, 6, 1), False),  # all twelve days have been
    ],
)
def test_what_is_due(today: Day, newest: Day | None, is_due: bool) -> None:
    assert CALENDAR.due(2023, today, newest) is is_due


def test_what_comes_next() -> None:
    assert CALENDAR.next(2023, Day(2024, 1, 8)) == Day(2024, 1, 15)
    assert CALENDAR.next(2023, Day(2024, 2, 12)) == Day(2024, 3, 1)
    assert CALENDAR.next(2023, Day(2025, 6, 1)) is None


def test_a_year_is_provisional_until_the_first_of_march() -> None:
    assert not CALENDAR.is_final(2023, Day(2024, 2, 29))
    assert CALENDAR.is_final(2023, Day(2024, 3, 1))


# --- Who is renewed --------------------------------------------------------------------------------------------------


def renewed(before: dict[str, int] | None, *sent: str, since_nation: Sequence[str] = ()) -> Renewal:
    current = {**(before or {}), **dict.fromkeys(sent, 99)}
    return renewal(COUNTY_OF, before, current, Least(3, 3), since_nation=since_nation)


EVERYBODY = dict.fromkeys(COUNTY_OF, 1)


@pytest.mark.parametrize(
    ("sent", "counties"),
    [
        (("4601", "4602"), set()),
        (("4601", "4602", "4611"), {"46"}),
        (("4601", "4602", "1101"), set()),
        (("0301",), set()),
        (("0301", "0302"), {"03"}),  # all of a county of two
        (("4601", "4602", "4611", "1101", "1103", "1106"), {"46", "11"}),
    ],
)
def test_a_county_waits_for_three_of_its_municipalities(sent: tuple[str, ...], counties: set[str]) -> None:
    assert renewed(EVERYBODY, *sent).counties == counties


def test_the_nation_waits_for_three_counties() -> None:
    two, three = (*COUNTIES["46"], *COUNTIES["11"]), (*COUNTIES["46"], *COUNTIES["11"], *COUNTIES["03"])
    assert renewed(EVERYBODY, *two).since_nation == {"46", "11"}
    assert not renewed(EVERYBODY, *three).since_nation
    assert not renewed(EVERYBODY, *COUNTIES["18"], since_nation=("46", "11")).since_nation, "three since it was renewed"
    assert renewed(EVERYBODY, *COUNTIES["46"], since_nation=("46", "11")).since_nation == {"46", "11"}


def test_the_first_release_lacks_counties_with_too_few_reporters() -> None:
    first = renewed(None, "4601", "4602", "4611", "1101", "1103")
    assert (first.counties, first.since_nation) == ({"46"}, frozenset())


def test_who_has_withdrawn_has_something_new() -> None:
    current = {code: 1 for code in COUNTY_OF if code not in {"4601", "4602", "4611"}}
    assert renewal(COUNTY_OF, EVERYBODY, current, Least(3, 3)).counties == {"46"}


# --- Releases --------------------------------------------------------------------------------------------------------


@pytest.fixture
def nation(db: None, settings: Any) -> None:
    settings.KPR_TODAY = "2024-01-08"
    for number, code in enumerate(COUNTY_OF):
        told(code, {WAITING: (40 + number, 100 + 3 * number)})


def resent(*codes: str, numerator: int = 70) -> None:
    for number, code in enumerate(codes):
        told(code, {WAITING: (numerator + number, 110)})


def numerators(publication: Publication, *areas: str) -> list[int | None]:
    return [row(publication, WAITING, area)["numerator"] for area in areas]


def test_two_resubmissions_wait_and_the_third_takes_them_along(nation: None) -> None:
    first = release.release(2023)
    resent("4601", "4602")
    with pytest.raises(NoRelease, match="2 municipalities have something new, but in no county 3 of them"):
        release.release(2023)
    resent("4611")
    second = release.release(2023)
    assert numerators(second, "4601", "4602", "4611", "4612") == [70, 71, 70, 43]
    assert numerators(second, "46") == [70 + 71 + 70 + 43]
    assert second.changes == [{"year": 2023, "reason": "data", "municipalities": ["4601", "4602", "4611"]}]
    assert row(second, WAITING, "1101") == row(first, WAITING, "1101")


def test_what_another_county_sent_stays_out_of_the_release_and_its_change_list(nation: None) -> None:
    first = release.release(2023)
    resent("4601", "4602", "4611", "1101", "1103")
    second = release.release(2023)
    assert numerators(second, "1101", "1103", "11") == numerators(first, "1101", "1103", "11")
    assert second.changes[0]["municipalities"] == ["4601", "4602", "4611"]


def test_the_nation_stays_until_three_counties_are_renewed_and_is_their_sum_then(nation: None) -> None:
    first = release.release(2023)
    resent(*COUNTIES["46"])
    second = release.release(2023)
    assert row(second, WAITING, "0") == row(first, WAITING, "0")
    assert numerators(second, "46") != numerators(first, "46")
    resent(*COUNTIES["11"])
    third = release.release(2023)
    assert row(third, WAITING, "0") == row(first, WAITING, "0")
    resent(*COUNTIES["03"])
    fourth = release.release(2023)
    counties = numerators(fourth, *COUNTIES)
    assert None not in counties
    assert numerators(fourth, "0") == [sum(count or 0 for count in counties)]
    assert all(each.audit["passed"] and not each.audit["held"] for each in (second, third, fourth))


def test_the_auditor_knows_that_the_nation_stayed(nation: None) -> None:
    """It would call it a contradiction: the counties' sum is another."""
    release.release(2023)
    resent(*COUNTIES["46"])
    release.release(2023)
    call_command("audit_publication")
    table = selectors.released()[0].tables.get(indicator=WAITING, year=2023)
    table.counts["keeps_nation"] = False
    table.save()
    with pytest.raises(SystemExit):
        call_command("audit_publication")


def test_a_county_that_waits_says_so(db: None, settings: Any) -> None:
    settings.KPR_TODAY = "2024-01-08"
    for code in (*COUNTIES["46"], "1101", "1103", "1106", "1804", "1806"):
        told(code, {WAITING: (40, 100)})
    told("1811", {WAITING: (1, 1)}, year=2022)
    publication = release.release(2023)
    waiting, absent = row(publication, WAITING, "1804"), row(publication, WAITING, "1811")
    assert (waiting["status"], waiting["numerator"], waiting["suppressed"]) == ("not_released", None, False)
    assert row(publication, WAITING, "18")["status"] == "not_released"
    assert absent["status"] == "not_reported"
    assert numerators(publication, "0") == [40 * 7], "the nation is the sum of the counties that are there"
    call_command("audit_publication")


def test_where_nobody_can_be_renewed_there_is_no_first_release(db: None) -> None:
    for code in ("4601", "4602", "1101"):
        told(code, {WAITING: (40, 100)})
    told("4611", {WAITING: (1, 1)}, year=2022)
    told("1103", {WAITING: (1, 1)}, year=2022)
    with pytest.raises(NoRelease, match="3 municipalities have something new"):
        release.release(2023)


def test_the_calendar_makes_one_release_of_each_year_that_is_due(nation: None, settings: Any) -> None:
    for code in COUNTIES["46"]:
        told(code, {WAITING: (55, 100)}, year=2022)
    assert [(each.year, each.state) for each in release_due()] == [
        (2022, PublicationState.FINAL),
        (2023, PublicationState.PROVISIONAL),
    ]
    assert release_due() == []
    resent(*COUNTIES["46"])
    assert release_due() == [], "before the next Monday"
    settings.KPR_TODAY = "2024-01-15"
    assert [each.year for each in release_due()] == [2023]
    settings.KPR_TODAY = "2024-03-01"
    assert release_due() == [], "nothing is new"
    resent(*COUNTIES["11"])
    assert [each.state for each in release_due()] == [PublicationState.FINAL]


def test_a_release_keeps_the_tables_of_other_years(nation: None) -> None:
    for code in COUNTIES["46"]:
        told(code, {WAITING: (55, 100)}, year=2022)
    release_due()
    newest = selectors.newest()
    assert newest is not None and selectors.years(newest) == [2022, 2023]


def test_after_the_most_releases_only_corrections_are_made(nation: None, settings: Any) -> None:
    settings.KPR_MOST_RELEASES = 2
    release.release(2023)
    resent(*COUNTIES["46"])
    release.release(2023)
    resent(*COUNTIES["46"], numerator=80)
    with pytest.raises(NoRelease, match="2023 has had the 2 releases that a data year may have"):
        release.release(2023)
    correction = release.release(2023, correction=True, public_reason="Vestland sendte feil fil.")
    assert (correction.state, correction.public_reason) == (PublicationState.CORRECTION, "Vestland sendte feil fil.")
    assert selectors.by_calendar(2023).count() == 2


def test_a_correction_does_not_move_the_calendar(nation: None, settings: Any) -> None:
    release_due()
    settings.KPR_TODAY = "2024-01-16"
    resent(*COUNTIES["46"])
    release.release(2023, correction=True)
    resent(*COUNTIES["11"])
    assert [each.year for each in release_due()] == [2023], "Monday's is still to come"


# --- The command -----------------------------------------------------------------------------------------------------


def test_the_command_tells_the_number_or_why_there_is_none(nation: None, capsys: pytest.CaptureFixture[str]) -> None:
    call_command("release")
    assert capsys.readouterr().out == "2023: released as number 1.\n"
    call_command("release", year=2023)
    assert capsys.readouterr().out == "2023: nothing is released. Nothing that leaves has changed.\n"
    resent(*COUNTIES["46"])
    call_command("release", "--correction", "--reason", "Feil fil.")
    assert capsys.readouterr().out == "2023: released as number 2.\n"
    with pytest.raises(CommandError, match="Add --correction"):
        call_command("release", "--reason", "Feil fil.")


def test_the_command_tells_what_is_held(nation: None, capsys: pytest.CaptureFixture[str]) -> None:
    IndicatorValue.objects.filter(area="4601", indicator=SEEN).delete()
    call_command("release")
    told_ = capsys.readouterr().out
    assert told_ == f"2023: released as number 1. Held: Not computed for 1 municipalities, among them {SEEN} of 4601.\n"


@pytest.mark.django_db
def test_the_command_where_nobody_has_reported(capsys: pytest.CaptureFixture[str]) -> None:
    call_command("release")
    assert "no municipality has reported" in capsys.readouterr().out


# --- The settings ----------------------------------------------------------------------------------------------------


def test_days_of_the_year_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KPR_RELEASE_DAYS", "02-20, 12-01")
    assert environment.days("KPR_RELEASE_DAYS", "03-01", ",") == [(2, 20), (12, 1)]
    assert environment.days("KPR_RELEASE_WEEKLY", "01-08..02-15", "..") == [(1, 8), (2, 15)]


@pytest.mark.parametrize("text", ["", "1 March", "02-29", "12-01,03-01", "13-01", "03-01;06-01"])
def test_days_that_are_none_are_refused_with_an_example(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setenv("KPR_RELEASE_DAYS", text)
    with pytest.raises(
        ImproperlyConfigured, match="Set it to days of the year in their order, for example 03-01,06-01"
    ):
        environment.days("KPR_RELEASE_DAYS", "03-01,06-01", ",")
