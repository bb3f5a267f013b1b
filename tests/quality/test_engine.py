"""The engine: what is stored of a submission's checks, when it is compared, and what a broken check does."""

from __future__ import annotations

import datetime
import json
import random
from dataclasses import replace
from typing import Any

import pytest
from django.db import OperationalError, connection, transaction
from django.db.models import F, Func, IntegerField, Q
from django.test.utils import CaptureQueriesContext

from municipalities.access import Access
from quality import receivers
from quality.actions import check_submission
from quality.checks import BY_CODE, CHECKS
from quality.engine import count, fields_of, finding
from quality.models import CheckResult, FindingRow, UnitResult
from quality.refreshing import refresh, refresh_across
from quality.selectors import rows_of
from submissions.actions import persons_gone
from submissions.models import Person, Service, Submission
from tests.logins import seeing
from tests.rows import Given, Said, Sent, Who, empty_tables, pseudonym, store

pytestmark = pytest.mark.django_db


def result(submission: Submission, code: str) -> CheckResult:
    return CheckResult.objects.get(submission=submission, code=code)


def test_every_check_has_one_result() -> None:
    submission = store(Sent([Who([Given()]), Who()]))
    check_submission(submission)
    check_submission(submission)
    assert list(submission.results.order_by("code").values_list("code", flat=True)) == sorted(BY_CODE)
    without = result(submission, "person-without-service")
    assert (without.status, without.applicable, without.violating, without.new) == ("failed", 2, 1, None)
    assert result(submission, "hours-over-168").status == "not_applicable"
    assert result(submission, "test-person").status == "passed"


def test_a_finding_keeps_the_numbers_that_a_leader_can_look_up() -> None:
    submission = store(Sent([Who([Given(hours=169, organisation="974760673", check=True)], ref="B7")]))
    check_submission(submission)
    row = FindingRow.objects.get(result=result(submission, "hours-over-168"))
    assert (row.user_ref, row.service_ref, row.service, row.person == row.row, row.is_new) == (
        "B7",
        "",
        None,
        True,
        None,
    )
    (fields,) = fields_of(BY_CODE["hours-over-168"], [row])
    assert fields == {"timer_i_alt": 169, "storste_timerPerUke": 169}
    assert UnitResult.objects.get(result=row.result).organisation_number == "974760673"


def test_results_are_compared_with_the_submission_before() -> None:
    before = store(Sent([Who(ref="B1"), Who(ref="B2")]))
    check_submission(before)
    after = store(Sent([Who(ref="B2"), Who(ref="B3"), Who(ref="B4")], state="superseded", extra={"supersedes": before}))
    check_submission(after)
    found = result(after, "person-without-service")
    assert (found.new, found.existing, found.corrected, found.gone, found.resolved) == (2, 1, 0, 1, 1)
    assert dict(found.rows.values_list("user_ref", "is_new")) == {"B2": False, "B3": True, "B4": True}


def delta(before: Submission, persons: list[Who], code: str, **named: Any) -> tuple[int | None, ...]:
    """New, existing, corrected and gone, of a message that comes after."""
    after = store(Sent(persons, state="superseded", extra={"supersedes": before}, **named))
    check_submission(after)
    found = result(after, code)
    return found.new, found.existing, found.corrected, found.gone


def test_a_record_that_is_still_there_is_corrected_and_one_that_is_not_is_gone() -> None:
    lacking, whole = Given("15", ref="T1"), Given("15", hours=3, ref="T1")
    before = store(Sent([Who([lacking], ref="B1"), Who([lacking], ref="B2"), Who([lacking, Given("15")], ref="B3")]))
    check_submission(before)
    after = [Who([whole], ref="B1"), Who([whole], ref="B3")]
    assert delta(before, after, "service-hours-missing") == (0, 0, 2, 2)  # B3 has one of the two services no more
    assert delta(before, [Who([whole], ref="B4")], "service-hours-missing") == (0, 0, 0, 4)


def test_an_answer_that_was_deleted_is_corrected_while_the_person_is_there() -> None:
    no = [Said("venteliste", False, "2023-03-01")]
    before = store(Sent([Who(answers=no, ref="B1"), Who(answers=no, ref="B2")]))
    check_submission(before)
    assert delta(before, [Who(ref="B1")], "waiting-list-no-without-yes") == (0, 0, 1, 1)


def test_what_is_said_of_the_message_is_never_gone() -> None:
    before = store(Sent(contacts=()))
    check_submission(before)
    assert delta(before, [], "contact-person-missing") == (0, 0, 1, 0)


def test_a_trial_without_a_third_of_the_persons_corrects_nothing() -> None:
    persons = [Who([Given("15", ref=f"T{number}")], ref=f"B{number}") for number in range(30)]
    before = store(Sent(persons))
    check_submission(before)
    assert delta(before, persons[:20], "service-hours-missing") == (0, 20, 0, 10)


def test_persons_are_gone_who_are_there_under_neither_number() -> None:
    before = store(Sent([Who(ref="B1", who="a"), Who(ref="B2", who="b"), Who(ref="B3", who="c"), Who(ref="B4")]))
    again = [Who(ref="B1", who="x"), Who(ref="X2", who="b"), Who(ref="X4")]
    after = store(Sent(again, state="superseded", extra={"supersedes": before}))
    assert persons_gone(after) == 2 and persons_gone(before) is None


# --- Units -------------------------------------------------------------------------------------------------------

HOME, CARE, OTHER_CARE = "974760673", "983544622", "971045698"


def at(unit: str, type_: str, **named: Any) -> Given:
    return Given(type_, organisation=unit, check=True, start="2021-05-01", **named)


def units_of(submission: Submission, code: str) -> dict[str, int]:
    """What is stored of each unit, which is as many rows as each gets to see."""
    found = result(submission, code)
    stored = dict(UnitResult.objects.filter(result=found).values_list("organisation_number", "violating"))
    assert all(rows_of(found, unit=unit).count() == number for unit, number in stored.items())
    others = {HOME, CARE, OTHER_CARE} - stored.keys()
    assert not any(rows_of(found, unit=unit).exists() for unit in others)
    return stored


@pytest.mark.parametrize(
    ("code", "person", "expected"),
    [
        # A resident whose meals were brought by somebody else.
        ("nutrition-not-answered", Who([at(HOME, "21"), at(CARE, "5")]), {HOME: 1}),
        ("nutrition-risk-missing", Who([at(CARE, "15"), at(OTHER_CARE, "5")], [Said("ernaering_vurdert", True)]), {CARE: 1}),
        ("nutrition-date-missing", Who([at(HOME, "21"), at(CARE, "1")], [Said("ernaering_vurdert", True)]), {HOME: 1}),
        ("hours-over-168", Who([at(CARE, "15", hours=100), at(OTHER_CARE, "1", hours=90), at(HOME, "5")]), {CARE: 1, OTHER_CARE: 1}),
        (
            "round-the-clock-first-in-nursing-home",
            Who([at(HOME, "21"), at(CARE, "5")], [Said("heldognstilbud", True, "2022-05-01")]),
            {HOME: 1},
        ),
        (
            "rehabilitation-only-no",
            Who([at(HOME, "21"), at(CARE, "15", hours=2)], [Said("rehabilitering", False, "2023-05-01")]),
            {CARE: 1},
        ),
        # Who a person is, everybody has registered.
        ("person-id-invalid", Who([at(HOME, "21"), at(CARE, "5")], identity_valid=False), {HOME: 1, CARE: 1}),
        ("service-hours-missing", Who([at(HOME, "21"), at(CARE, "15")]), {CARE: 1}),
    ],
)  # fmt: skip
def test_a_finding_is_the_units_that_can_correct_it(code: str, person: Who, expected: dict[str, int]) -> None:
    submission = store(Sent([person]))
    check_submission(submission)
    assert units_of(submission, code) == expected


def test_count_agrees_with_what_was_stored() -> None:
    submission = store(Sent([Who([Given(hours=169)], who="a"), Who(identity_type=9)]))
    check_submission(submission)
    counted = count(CHECKS, [submission.pk])
    for stored in submission.results.all():
        tally = counted.get((submission.pk, stored.code))
        assert (
            (tally.applicable, tally.violating) == (stored.applicable, stored.violating)
            if tally
            else not stored.applicable
        )


def test_refresh_renews_what_others_changed() -> None:
    ours = store(Sent([Who([Given()], who="a")], municipality="4601"))
    check_submission(ours)
    for code in ("0301", "1103", "5001", "1505", "1804"):
        check_submission(store(Sent([Who([Given()], who="a")], municipality=code)))
    assert result(ours, "person-in-many-municipalities").violating == 0
    assert refresh(2023) == 5  # the last one to arrive saw the others
    found = result(ours, "person-in-many-municipalities")
    assert (found.violating, fields_of(BY_CODE[found.code], list(found.rows.all()))) == (1, [{"andre_kommuner": 5}])
    assert refresh() == 0


def test_only_what_looks_across_is_judged_again_after_many_arrivals() -> None:
    ours = store(Sent([Who([Given()], who="a")], municipality="4601"))
    check_submission(ours)
    CheckResult.objects.filter(submission=ours, code="test-person").update(violating=7)
    for code in ("0301", "1103", "5001", "1505", "1804"):
        check_submission(store(Sent([Who([Given()], who="a")], municipality=code)))
    assert ours.pk in refresh_across()
    assert result(ours, "person-in-many-municipalities").violating == 1
    assert result(ours, "test-person").violating == 7
    assert ours.results.count() == len(CHECKS)
    assert refresh_across() == []


def test_statistics_are_taken_when_a_table_has_grown() -> None:
    """For each message would be a fixed cost that grows with the tables; never, and joins of new rows may take minutes."""
    empty_tables()
    store(Sent([Who([Given()]) for _ in range(60)]))
    assert {"submissions_person", "submissions_service"} <= set(analyzed())
    assert analyzed() == []
    store(Sent([Who([Given()]) for _ in range(300)], municipality="0301"))
    assert {"submissions_person", "submissions_service"} <= set(analyzed())


def analyzed() -> list[str]:
    """The tables of which statistics were taken for a message that has just been loaded."""
    with CaptureQueriesContext(connection) as queries:
        receivers._show_planner()
    return [query["sql"].split()[1] for query in queries if query["sql"].startswith("ANALYZE")]


def test_refresh_sees_an_exchange_of_rows_that_leaves_the_count_the_same() -> None:
    answer = [Said("venteliste", False, "2023-03-01")]
    ours = store(Sent([Who(answers=answer, who="a", ref="A"), Who(answers=answer, who="b", ref="B")]))
    yes = [Said("venteliste", True, "2022-03-01")]
    before = store(Sent([Who(answers=yes, who="a")], year=2022))
    check_submission(before)
    check_submission(ours)
    refs = FindingRow.objects.filter(result__submission=ours, result__code="waiting-list-no-without-yes")
    assert list(refs.values_list("user_ref", flat=True)) == ["B"]
    Submission.objects.filter(pk=before.pk).update(is_current=False)
    check_submission(store(Sent([Who(answers=yes, who="b")], year=2022)))
    assert refresh() == 1
    assert list(refs.values_list("user_ref", flat=True)) == ["A"]


def test_refresh_replaces_findings_of_another_version() -> None:
    submission = store(Sent([Who()]))
    check_submission(submission)
    newer = tuple(replace(check, version=2) if check.code == "person-without-service" else check for check in CHECKS)
    assert refresh(checks=newer) == 1
    assert result(submission, "person-without-service").version == 2
    assert refresh(checks=newer) == 0


@pytest.mark.parametrize("applies_to", [Q(birth_year=1 / (F("birth_year") - 1940)), Q(no_such_field=1)])
def test_a_broken_check_is_an_error_and_stops_no_other(applies_to: Q) -> None:
    broken = replace(BY_CODE["test-person"], code="broken", applies_to=applies_to)
    broken_alone = replace(BY_CODE["person-without-service"], code="broken-alone", applies_to=applies_to)
    submission = store(Sent([Who()]))
    check_submission(submission, (*CHECKS, broken, broken_alone))
    statuses = dict(submission.results.values_list("code", "status"))
    assert (statuses.pop("broken"), statuses.pop("broken-alone")) == ("error", "error")
    assert "error" not in statuses.values()
    assert statuses["person-without-service"] == "failed"


def test_a_lost_database_is_no_broken_check() -> None:
    """A query that the server cancels stands for any operational error: the attempt fails as a whole."""
    asleep = Func(template="(SELECT 1 FROM pg_sleep(9))", output_field=IntegerField())
    sleeping = replace(BY_CODE["test-person"], code="sleeping", applies_to=Q(birth_year=asleep))
    submission = store(Sent([Who()]))
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL statement_timeout = 200")
    with pytest.raises(OperationalError), transaction.atomic():
        check_submission(submission, (*CHECKS, sleeping))
    assert not submission.results.exists()


def test_a_municipality_sees_how_many_others_reported_the_person_and_stays_within_its_wall() -> None:
    for code in ("0301", "1103", "5001", "1505", "1804"):
        store(Sent([Who(who="a")], municipality=code))
    ours = store(Sent([Who(who="a")]))
    check_submission(ours)
    with seeing(Access(municipalities=frozenset({"4601"}))):
        rows = list(FindingRow.objects.filter(result__code="person-in-many-municipalities"))
        assert fields_of(BY_CODE["person-in-many-municipalities"], rows) == [{"andre_kommuner": 5}]
        assert set(Person.objects.values_list("municipality", flat=True)) == {"4601"}


CODES_OF_FIELDS = ("hours-over-168", "service-duplicate", "service-long-stays-overlap", "waiting-list-answer-repeated")


def everything_wrong(persons: int) -> Submission:
    twice = [Given("21", hours=169), Given("21", hours=169)]
    said = [Said("venteliste", True, "2023-03-01"), Said("venteliste", True, "2023-04-01")]
    return store(Sent([Who(twice, said) for _number in range(persons)], municipality=f"46{persons:02}"))


@pytest.mark.parametrize("code", CODES_OF_FIELDS)
def test_the_fields_of_a_page_take_as_many_queries_however_long_it_is(code: str) -> None:
    asked = []
    for persons in (1, 30):
        submission = everything_wrong(persons)
        check_submission(submission)
        rows = list(result(submission, code).rows.all())
        assert len(rows) >= persons
        with CaptureQueriesContext(connection) as queries:
            assert all(fields_of(BY_CODE[code], rows))
        asked.append(len(queries))
    assert asked == [asked[0]] * 2 and asked[0] <= 3


def test_the_other_service_that_is_shown_is_one_that_overlaps() -> None:
    drawn = random.Random(7)
    days = [datetime.date(2023, 1, 1) + datetime.timedelta(days=day) for day in range(25)]
    persons = []
    for person in range(60):
        stays = []
        for number in range(drawn.randint(2, 7)):
            start, end = drawn.choice(days), drawn.choice([*days, None])
            stays.append(Given("21", start=str(start), end=end and str(end), ref=f"T{person}-{number}"))
        persons.append(Who(stays, ref=f"B{person}"))
    submission = store(Sent(persons))
    check_submission(submission)
    for code, other in (("service-long-stays-overlap", overlaps), ("service-duplicate", is_twin)):
        rows = list(result(submission, code).rows.all())
        assert len(rows) > 20
        for row, fields in zip(rows, fields_of(BY_CODE[code], rows), strict=True):
            own = Service.objects.get(pk=row.row)
            shown = Service.objects.get(submission=submission, service_ref=fields["annen_tjenesteID"])
            assert shown.pk != own.pk and shown.person_id == own.person_id and other(own, shown), (own, shown)


def overlaps(one: Service, other: Service) -> bool:
    until = [service.end or datetime.date.max for service in (one, other)]
    return bool(one.start < until[1] and other.start < until[0])


def is_twin(one: Service, other: Service) -> bool:
    return (one.type, one.start, one.organisation_number) == (other.type, other.start, other.organisation_number)


def test_the_earlier_date_that_is_shown_is_that_of_the_nearest_answer_over_the_years() -> None:
    store(Sent([Who(answers=[Said("venteliste", True, "2022-05-01")], who="a", ref="A")], year=2022))
    said = [Said("venteliste", True, date) for date in ("2023-03-01", "2023-04-01", "2023-04-01")]
    others = [Said("venteliste", True, date) for date in ("2023-01-01", "2023-12-01")]
    ours = store(Sent([Who(answers=said, who="a", ref="A"), Who(answers=others, who="b", ref="B")]))
    check_submission(ours)
    rows = list(result(ours, "waiting-list-answer-repeated").rows.order_by("user_ref", "row"))
    shown = [str(fields["forrige_dato"]) for fields in fields_of(BY_CODE["waiting-list-answer-repeated"], rows)]
    assert shown == ["2022-05-01", "2023-03-01", "2023-03-01", "2023-01-01"]


def blocks(submission: Submission, code: str) -> int:
    """How many pages of tables and indexes PostgreSQL touches to find the offending rows: the work, whatever the machine."""
    statement = finding((BY_CODE[code],))
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE submissions_person")
        cursor.execute(f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {statement.sql}", statement.of(submission.pk))
        (plan,) = cursor.fetchone()
    plan = json.loads(plan) if isinstance(plan, str) else plan
    return plan[0]["Plan"]["Shared Hit Blocks"] + plan[0]["Plan"]["Shared Read Blocks"]


@pytest.mark.parametrize("municipalities", [1, 7])
def test_persons_who_share_an_identity_number_cost_no_more_each_the_more_they_are(municipalities: int) -> None:
    """A quadratic check would touch sixteen times the pages for four times the persons.

    One more level of the index may double what each costs: all alike, few of them stand on a single page of it.
    """
    touched = []
    for year, number in ((2022, 400), (2023, 1600)):
        sent = [store(Sent(municipality=f"46{place:02}", year=year)) for place in range(municipalities)]
        alike = [
            Person(
                id=submission.pk * 10_000 + key, submission=submission, municipality_id=submission.municipality_id, user_ref=f"B{key}",
                pseudonym=pseudonym(f"all {year}"), key_version=1, identity_type=1, identity_valid=True, month_shift=0, sex="1",
                birth_year=1940,
            )
            for submission in sent
            for key in range(number)
        ]  # fmt: skip
        Person.objects.bulk_create(alike)
        with connection.cursor() as cursor:  # as for every large message: else the plan is as good as a guess
            cursor.execute("ANALYZE submissions_person")
        touched.append(blocks(sent[0], "person-in-many-municipalities"))
        check_submission(sent[0])
        assert result(sent[0], "person-in-many-municipalities").violating == (number if municipalities > 6 else 0)
    assert touched[1] < 4 * 2.5 * touched[0]
