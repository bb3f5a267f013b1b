"""receive() and what the workers do with a submission, on a real database."""

from __future__ import annotations

import gzip
import io
import re

import pytest
from django.core.management import call_command
from django.db import connection

from municipalities.access import Access
from municipalities.models import Unit
from submissions import actions, tasks, vault
from submissions.models import Answer, Channel, Message, MessageChunk, Person, Service, Status, Submission
from submissions.receive import receive
from submissions.refusals import Invalid, KeyReused, NotYours, Refusal, Repeat, TooLarge
from tests.messages import Bruker, identity_number, message, people, service

pytestmark = pytest.mark.django_db
NATION = Access(name="nation", municipalities=None, scopes=frozenset({"submit"}))
OSLO = Access(name="oslo", municipalities=frozenset({"0301"}), scopes=frozenset({"submit"}))


@pytest.fixture(autouse=True)
def reference(db: None) -> None:
    call_command("load_reference", verbosity=0)


def take(content: bytes, access: Access = OSLO, **options: object) -> Submission:
    return receive(channel=Channel.API, access=access, content=io.BytesIO(content), **options)  # type: ignore[arg-type]


def process(submission: Submission) -> Submission:
    actions.process_waiting(str(submission.municipality_id), int(submission.year or 0))
    submission.refresh_from_db()
    return submission


def test_a_message_is_received_and_then_counts() -> None:
    submission = take(message(persons=people(3)))
    assert (submission.status, submission.is_current) == (Status.RECEIVED, False)
    process(submission)
    assert (submission.status, submission.is_current, submission.persons, submission.services) == ("done", True, 3, 3)
    assert (submission.vendor, submission.system, submission.extract_version) == ("Journal AS", "Omsorg", "3.2")
    assert list(Person.objects.values_list("user_ref", flat=True).order_by("pk")) == ["B1", "B2", "B3"]
    assert Unit.objects.get().organisation_number == "974760673"


def test_values_are_read_as_the_message_has_them() -> None:
    person = Bruker(
        "B 1",
        [service("T1", "08.01", sluttDato="3015-01-01", vedtakDato="2023-01-31+01:00", timerPerUke="168.25")],
        [{"navn": "venteliste", "svar": "nei"}, {"navn": "venteliste", "svar": "ja", "dato": "2109-02-03"}],
        {"bydel": "030101", "fodselsar": "99999999999999999999"},
    )
    process(take(message(persons=[person])))
    row = Service.objects.get()
    assert (row.type, row.type_code, str(row.hours), str(row.end)) == (8, "08.01", "168.25", "3015-01-01")
    assert str(row.decided_on) == "2023-01-31"
    assert row.organisation_number is None
    assert Person.objects.get().birth_year == 999_999_999
    assert [(a.yes, str(a.date)) for a in Answer.objects.order_by("pk")] == [(False, "None"), (True, "2109-02-03")]


def test_the_later_message_replaces_the_earlier_one() -> None:
    first = process(take(message(persons=people(3))))
    second = process(take(message(persons=people(2))))
    first.refresh_from_db()
    assert (first.is_current, second.is_current, second.supersedes) == (False, True, first)
    assert Person.objects.filter(submission=first).count() == 3


def test_two_waiting_messages_are_processed_in_the_order_received() -> None:
    first, second = take(message(persons=people(3))), take(message(persons=people(2)))
    process(second)
    first.refresh_from_db()
    assert (first.status, second.status, second.supersedes_id, second.is_current) == ("done", "done", first.pk, True)


def test_a_trial_submission_never_counts() -> None:
    real = process(take(message(persons=people(3))))
    trial = process(take(message(persons=people(1)), dry_run=True))
    real.refresh_from_db()
    assert (trial.status, trial.is_current, trial.supersedes, real.is_current) == ("done", False, real, True)


def test_the_same_message_may_be_tried_and_then_sent() -> None:
    trial = take(message(persons=people(1)), dry_run=True)
    assert take(message(persons=people(1))).pk != trial.pk


def test_a_repeat_names_the_first() -> None:
    first = take(message(persons=people(3)))
    with pytest.raises(Repeat) as refused:
        take(gzip.compress(message(persons=people(3))))
    assert refused.value.first == first
    assert Submission.objects.count() == 1
    assert Message.objects.count() == 1


def test_a_rejected_message_is_no_hindrance_to_the_next() -> None:
    for _ in range(2):
        with pytest.raises(Invalid):
            take(message(persons=[Bruker("B1", [], [{"navn": "venteliste", "svar": "kanskje"}])]))
    assert Submission.objects.filter(status=Status.REJECTED).count() == 2


def test_the_same_key_and_message_answer_with_the_same_submission() -> None:
    first = take(message(persons=people(1)), idempotency_key="k")
    assert take(message(persons=people(1)), idempotency_key="k") == first
    with pytest.raises(KeyReused):
        take(message(persons=people(2)), idempotency_key="k")


def test_nobody_submits_for_another_municipality() -> None:
    with pytest.raises(NotYours):
        take(message("1103", persons=people(1)))
    assert not Submission.objects.exists()
    assert not MessageChunk.objects.exists()


@pytest.mark.parametrize(
    "unpacked", [lambda m: m, gzip.compress, lambda m: gzip.compress(m[:99]) + gzip.compress(m[99:])]
)
def test_gzip_is_the_same_message(unpacked: object) -> None:
    plain = message(persons=people(2))
    submission = take(unpacked(plain))  # type: ignore[operator]
    assert submission.size == len(plain)
    assert b"".join(vault.read(submission.message)) == plain  # type: ignore[arg-type]


def test_latin1_is_read_as_latin1() -> None:
    process(take(message(persons=[Bruker("Blåbær")], encoding="ISO-8859-1")))
    assert Person.objects.get().user_ref == "Blåbær"


@pytest.mark.parametrize(
    ("content", "path"),
    [
        (message("9999", persons=people(1)), "/Melding/Kommune/@kommuneNr"),
        (message("3101", 2023), "/Melding/Kommune/@kommuneNr"),
        (message("3001", 2024), "/Melding/Kommune/@kommuneNr"),
        (message(year=2109), "/Melding/@fraDatoPeriode"),
        (message(tilDatoPeriode="2023-11-30"), "/Melding/@tilDatoPeriode"),
        (message(fraDatoPeriode="2022-01-01"), "/Melding/@tilDatoPeriode"),
    ],
)
def test_a_header_that_cannot_be_received(content: bytes, path: str) -> None:
    with pytest.raises(Invalid) as refused:
        take(content, NATION)
    assert refused.value.errors[0].path == path


def test_every_fault_of_form_has_its_place() -> None:
    faulty = [
        Bruker("B1", [service("T1", startDato="01.02.2023")]),
        Bruker("B2", [service("T2", timerPerUke="mange"), service("T3", ukjent="x")]),
        Bruker("B3", [], [{"navn": "venteliste", "svar": "kanskje"}], {"fid": ""}),
    ]
    content = message(persons=faulty)
    with pytest.raises(Invalid) as refused:
        take(content)
    lines = content.decode().splitlines()
    found = {error.path: error for error in refused.value.errors}
    assert set(found) == {
        "/Melding/Kommune/Bruker[1]/Tjeneste[1]/@startDato",
        "/Melding/Kommune/Bruker[2]/Tjeneste[1]/@timerPerUke",
        "/Melding/Kommune/Bruker[2]/Tjeneste[2]/@ukjent",
        "/Melding/Kommune/Bruker[3]/@fid",
        "/Melding/Kommune/Bruker[3]/Opplysning[1]/@svar",
    }
    for path, error in found.items():
        element = re.split(r"\W", path.split("/@")[0].rsplit("/", 1)[1])[0]
        assert lines[error.line - 1][error.column - 1 :].startswith(f"<{element}"), error
    assert "01.02.2023" in found["/Melding/Kommune/Bruker[1]/Tjeneste[1]/@startDato"].message
    kept = Submission.objects.get()
    assert (kept.status, len(kept.problem["errors"])) == ("rejected", 5)  # type: ignore[index]


def test_the_place_is_right_on_one_long_line_too() -> None:
    content = message(persons=[*people(2000), Bruker("Åse", [service("TX", startDato="i går")])]).replace(b"\n", b"")
    with pytest.raises(Invalid) as refused:
        take(content)
    (error,) = refused.value.errors
    assert error.path == "/Melding/Kommune/Bruker[2001]/Tjeneste[1]/@startDato"
    assert content.decode()[error.column - 1 :].startswith('<Tjeneste tjenesteID="TX"')


def test_no_error_quotes_an_identity_number() -> None:
    number = identity_number(7)
    faulty = [
        Bruker("B1", attributes={"fid": number * 20}),
        Bruker(number * 20),
        Bruker("B3", [service("T1", startDato=number, timerPerUke=number)], attributes={"fodselsar": f"{number}x"}),
    ]
    with pytest.raises(Invalid) as refused:
        take(message(persons=faulty))
    assert len(refused.value.errors) == 5
    assert number not in repr(refused.value.errors)
    assert number not in repr(Submission.objects.get().problem)


def test_the_identity_number_is_stored_nowhere() -> None:
    number = identity_number(0)
    person = Bruker(number, [service(f"{number[:6]} {number[6:]}", tjenesteOrgNr=number)], [], {"fid": number})
    process(take(message(persons=[person])))
    with connection.cursor() as cursor:
        cursor.execute("SELECT table_name FROM information_schema.tables WHERE table_schema = 'public'")
        for (table,) in cursor.fetchall():
            cursor.execute(f'SELECT count(*) FROM "{table}" t WHERE t::text LIKE %s', [f"%{number}%"])
            assert cursor.fetchone() == (0,), table
            cursor.execute(f'SELECT count(*) FROM "{table}" t WHERE t::text LIKE %s', [f"%{number[6:]}%"])
            assert cursor.fetchone() == (0,), table


def test_the_same_person_has_the_same_pseudonym_everywhere() -> None:
    one = Bruker("A", attributes={"fid": identity_number(3)})
    other = Bruker("Z", attributes={"fid": identity_number(3)})
    process(take(message("0301", persons=[one]), NATION))
    process(take(message("1103", persons=[other]), NATION))
    assert len(set(Person.objects.values_list("pseudonym", flat=True))) == 1


def test_an_attempt_that_was_broken_off_is_done_whole_and_once() -> None:
    submission = take(message(persons=people(3)))
    process(submission)
    Submission.objects.filter(pk=submission.pk).update(status=Status.PROCESSING, is_current=False)
    Service.objects.filter(submission=submission).first().delete()  # type: ignore[union-attr]
    process(submission)
    assert (submission.status, submission.attempts, Person.objects.count(), Service.objects.count()) == (
        "done",
        2,
        3,
        3,
    )


def test_five_failed_attempts_stop_with_a_reason_and_let_the_next_one_by() -> None:
    broken = take(message(persons=people(3)))
    MessageChunk.objects.update(content=b"x" * 100)
    follower = take(message(persons=people(2)))
    process(broken)
    follower.refresh_from_db()
    assert (broken.status, broken.attempts, broken.is_current) == ("failed", 5, False)
    assert broken.told_problem["reason"] == "InvalidTag"  # type: ignore[index]
    assert (follower.status, follower.is_current) == ("done", True)


def test_old_messages_are_shredded_and_the_receipt_stays(settings: object) -> None:
    settings.KPR_MESSAGE_RETENTION_DAYS = -1  # type: ignore[attr-defined]
    submission = process(take(message(persons=people(1))))
    waiting = take(message("0301", 2022))
    tasks.shred_messages()
    submission.refresh_from_db()
    assert submission.message is None
    assert MessageChunk.objects.filter(message=waiting.message).exists()
    assert MessageChunk.objects.count() == 1


def test_the_stored_message_is_unreadable_without_the_key(settings: object) -> None:
    submission = take(message(persons=people(1)))
    stored = b"".join(bytes(c) for c in MessageChunk.objects.values_list("content", flat=True))
    assert b"Bruker" not in stored
    settings.KPR_MESSAGE_KEY = "another" * 9  # type: ignore[attr-defined]
    with pytest.raises(Exception, match=r"^$"):
        list(vault.read(submission.message))  # type: ignore[arg-type]


def test_over_the_limit(settings: object) -> None:
    settings.KPR_MAX_MESSAGE_BYTES = 5000  # type: ignore[attr-defined]
    with pytest.raises(TooLarge):
        take(message(persons=people(100)))
    with pytest.raises(TooLarge):
        take(gzip.compress(message(persons=people(100))))


def test_a_refusal_says_what_to_do() -> None:
    with pytest.raises(Refusal, match="Velg filen"):
        take(b"")
