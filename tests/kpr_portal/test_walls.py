"""The second wall: with every filter forgotten, a request still sees only its own municipality's rows."""

from __future__ import annotations

import io
from collections.abc import Iterator

import pytest
from django.core.management import call_command
from django.db import DatabaseError, connection, transaction

from indicators import actions as actions_of_indicators
from indicators.models import IndicatorValue, SteeringValue
from municipalities import audit
from municipalities.access import ANONYMOUS, Access, visible, with_predecessors
from municipalities.models import AuditEvent, County, Unit
from publications.models import Publication, PublishedTable
from quality.models import FindingRow
from submissions import actions
from submissions.models import PERSON_LEVEL, Channel, Person, Service, Submission
from submissions.receive import receive
from tests.logins import seeing
from tests.messages import Bruker, message, people, service

pytestmark = pytest.mark.django_db
SENDER = Access(name="nation", municipalities=None, scopes=frozenset({"submit"}))
OSLO = Access(name="oslo", municipalities=frozenset({"0301"}), scopes=frozenset({"findings"}))
NATION = Access(name="registry", municipalities=None)
FAULTY = Bruker("B9", [service("T9", sluttDato="2022-01-01")])


@pytest.fixture(autouse=True)
def two_municipalities(db: None) -> None:
    call_command("load_reference", verbosity=0)
    for code in ("0301", "1103"):
        content = message(code, persons=[*people(2), FAULTY])
        receive(channel=Channel.API, access=SENDER, content=io.BytesIO(content))
        actions.process_waiting(code, 2023)


@pytest.fixture
def as_(request: pytest.FixtureRequest) -> Iterator[None]:
    with seeing(request.param):
        yield


@pytest.mark.parametrize("as_", [OSLO], indirect=True)
def test_own_rows_only_without_any_filter(as_: None) -> None:
    assert set(Person.objects.values_list("municipality_id", flat=True)) == {"0301"}
    assert Service.objects.count() == 3
    assert set(FindingRow.objects.values_list("result__submission__municipality_id", flat=True)) == {"0301"}
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM submissions_person")
        assert cursor.fetchone() == (3,)


@pytest.mark.parametrize("as_", [ANONYMOUS, Access(municipalities=frozenset())], indirect=True)
def test_nobody_sees_no_row(as_: None) -> None:
    assert [model._default_manager.count() for model in (*PERSON_LEVEL, FindingRow)] == [0] * 6


@pytest.mark.parametrize("as_", [NATION], indirect=True)
def test_the_registry_sees_the_nation(as_: None) -> None:
    assert Person.objects.count() == 6


@pytest.mark.parametrize("as_", [OSLO, NATION], indirect=True)
@pytest.mark.parametrize("model", [*PERSON_LEVEL, FindingRow])
def test_no_request_writes_person_level_rows(as_: None, model: type) -> None:
    with pytest.raises(DatabaseError, match="permission denied"), transaction.atomic():
        model._default_manager.all().delete()  # type: ignore[attr-defined]


@pytest.mark.parametrize("as_", [OSLO], indirect=True)
def test_the_log_is_added_to_and_neither_read_nor_rewritten(as_: None) -> None:
    audit.record(OSLO, "looked", "0301", rows=[1])
    with pytest.raises(DatabaseError, match="permission denied"), transaction.atomic():
        AuditEvent.objects.count()
    with pytest.raises(DatabaseError, match="permission denied"), transaction.atomic():
        AuditEvent.objects.all().delete()


def test_every_person_level_table_has_the_wall() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT relname FROM pg_class WHERE relrowsecurity")
        walled = {name for (name,) in cursor.fetchall()}
        cursor.execute(
            "SELECT DISTINCT table_name FROM information_schema.columns "
            "WHERE table_schema = 'public' AND column_name IN ('user_ref', 'pseudonym', 'person_id', 'service_ref')"
        )
        assert {name for (name,) in cursor.fetchall()} <= walled
    assert {model._meta.db_table for model in PERSON_LEVEL} <= walled


RESULTS = (IndicatorValue, SteeringValue)


def test_own_results_only_without_any_filter() -> None:
    actions_of_indicators.recompute(list(Submission.objects.values_list("pk", flat=True)))
    with seeing(OSLO):
        assert set(IndicatorValue.objects.values_list("submission__municipality", flat=True)) == {"0301"}


@pytest.mark.parametrize("as_", [OSLO, NATION], indirect=True)
@pytest.mark.parametrize("model", [*RESULTS, Publication, PublishedTable])
def test_no_request_writes_results(as_: None, model: type) -> None:
    with pytest.raises(DatabaseError, match="permission denied"), connection.cursor() as cursor, transaction.atomic():
        cursor.execute(f"DELETE FROM {model._meta.db_table}")  # type: ignore[attr-defined]


@pytest.mark.parametrize("as_", [OSLO, NATION, ANONYMOUS], indirect=True)
def test_no_request_reads_the_true_counts_behind_a_published_table(as_: None) -> None:
    assert list(PublishedTable.objects.values_list("rows")) == []
    with pytest.raises(DatabaseError, match="permission denied"), transaction.atomic():
        list(PublishedTable.objects.values_list("counts"))


def test_visible_raises_for_a_model_that_nobody_classified() -> None:
    with pytest.raises(TypeError, match="ACCESS_PATH"):
        visible(County, OSLO)


def test_visible_filters_by_the_declared_path() -> None:
    assert set(visible(Submission, OSLO).values_list("municipality_id", flat=True)) == {"0301"}
    assert visible(Submission, NATION).count() == 2
    assert not visible(Unit, ANONYMOUS).exists()


def test_a_renumbered_municipality_keeps_its_past() -> None:
    assert with_predecessors(["3101"]) == {"3101", "3001"}
    assert with_predecessors(["1580"]) == {"1580"}
