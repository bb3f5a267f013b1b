"""The rules of receive(): what is new, what is a repeat, under which number, with which key, packed how."""

from __future__ import annotations

import gzip
import io
import threading
from collections.abc import Callable
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection

from municipalities.access import Access
from municipalities.models import Token
from submissions import actions, unpack
from submissions.models import Channel, Status, Submission
from submissions.receive import receive
from submissions.refusals import Invalid, NotYours, Refusal, Repeat, TooLarge
from tests.messages import message, people

pytestmark = pytest.mark.django_db
OSLO = Access(name="oslo", municipalities=frozenset({"0301"}), scopes=frozenset({"submit"}))
NATION = Access(name="nation", municipalities=None, scopes=frozenset({"submit"}))
A, B = message(persons=people(3)), message(persons=people(2))


@pytest.fixture(autouse=True)
def reference(db: None) -> None:
    call_command("load_reference", verbosity=0)


def take(content: bytes, access: Access = OSLO, **options: Any) -> Submission:
    return receive(channel=Channel.API, access=access, content=io.BytesIO(content), **options)


def process(submission: Submission) -> Submission:
    actions.process_waiting(str(submission.municipality_id), int(submission.year or 0))
    submission.refresh_from_db()
    return submission


def test_an_older_message_sent_again_is_current() -> None:
    first, second = process(take(A)), process(take(B))
    third = process(take(A))
    assert third.pk not in {first.pk, second.pk}
    assert (third.is_current, third.supersedes) == (True, second)
    assert [process(take(content)).is_current for content in (B, A)] == [True, True]
    assert Submission.objects.get(is_current=True).sha256 == first.sha256


def test_an_older_message_is_sent_again_before_any_is_processed() -> None:
    sent = [take(content) for content in (A, B, A, B, A)]
    process(sent[0])
    assert list(Submission.objects.order_by("pk").values_list("is_current", flat=True)) == [False] * 4 + [True]


def test_a_trial_in_between_is_nothing_in_between() -> None:
    first = take(A)
    take(B, dry_run=True)
    with pytest.raises(Repeat) as refused:
        take(A)
    assert refused.value.first == first
    trial = take(A, dry_run=True)
    with pytest.raises(Repeat) as refused:
        take(A, dry_run=True)
    assert refused.value.first == trial


def test_a_refused_one_in_between_is_nothing_in_between() -> None:
    first = process(take(A))
    with pytest.raises(Invalid):
        take(B.replace(b"startDato", b"startdato"))
    Submission.objects.filter(pk=take(B).pk).update(status=Status.FAILED)
    with pytest.raises(Repeat) as refused:
        take(A)
    assert refused.value.first == first


def test_a_failed_message_may_be_sent_again() -> None:
    Submission.objects.filter(pk=take(A).pk).update(status=Status.FAILED)
    assert process(take(A)).is_current


def test_another_year_and_another_municipality_are_no_repeats() -> None:
    take(message(year=2022))
    take(message(year=2023))
    take(message("1103", 2023), NATION)
    assert Submission.objects.count() == 3


@pytest.mark.parametrize("standing", ["3101", "3001", ""])
def test_an_older_year_is_sent_under_the_old_number(standing: str) -> None:
    halden = Access(name="halden", municipalities=frozenset({"3101", "3001"}), scopes=frozenset({"submit"}))
    assert take(message("3001", 2023), halden, municipality=standing).municipality_id == "3001"
    assert take(message("3101", 2024), halden, municipality=standing).municipality_id == "3101"


def test_a_message_is_about_the_place_where_its_sender_stands() -> None:
    both = Access(name="both", municipalities=frozenset({"1508", "1580", "0301"}), scopes=frozenset({"submit"}))
    for code in ("0301", "1580"):  # 1508 and 1580 were one municipality, and are two
        with pytest.raises(Invalid) as refused:
            take(message(code, 2024), both, municipality="1508")
        assert refused.value.code == "other-municipality"
    with pytest.raises(NotYours):
        take(message("1507", 2023), both, municipality="1508")


@pytest.mark.parametrize(
    ("content", "code", "said"),
    [
        (message("3101", 2023), "municipality-renumbered-before", "3001"),
        (message("3001", 2024), "municipality-renumbered-after", "3101"),
        (message("1507", 2024), "municipality-after", "2023"),
        (message("1508", 2023), "municipality-before", "2024"),
        (message("9999", 2023), "municipality-unknown", "9999"),
        (message(year=2109), "period-ahead", "2109"),
        (message(uttakDato="2109-02-03"), "extract-ahead", "3. februar 2109"),
        (message(uttakDato="12109-02-03"), "extract-ahead", "9999"),
        (message(tilDatoPeriode="2023-11-30"), "period", "30. november 2023"),
        (message(fraDatoPeriode="-2023-01-01"), "period-unreadable", "kalenderår"),
    ],
)
def test_the_header_says_whose_and_which_year(content: bytes, code: str, said: str) -> None:
    with pytest.raises(Invalid) as refused:
        take(content, NATION)
    assert refused.value.code == code
    assert said in refused.value.detail
    assert refused.value.errors[0].path.startswith("/Melding")


@pytest.mark.parametrize(
    "pack",
    [
        lambda m: gzip.compress(m) + bytes(100_000),
        lambda m: gzip.compress(m[:99]) + bytes(512) + gzip.compress(m[99:]),
        lambda m: gzip.compress(b"") * 50 + gzip.compress(m) + gzip.compress(b"") * 50,
        lambda m: b"".join(gzip.compress(m[n : n + 100]) for n in range(0, len(m), 100)),
    ],
    ids=["zero-padded", "zeros-between", "empty-members", "many-members"],
)
@pytest.mark.parametrize("gzipped", [None, True])
def test_gzip_however_it_was_made(pack: Callable[[bytes], bytes], gzipped: bool | None) -> None:
    assert take(pack(A), gzipped=gzipped).size == len(A)


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (gzip.compress(A) + b"xx", "gzip-garbage"),
        (gzip.compress(A) + b"\x1f", "gzip"),
        (gzip.compress(A) + bytes(100) + A, "gzip-garbage"),
        (gzip.compress(A)[:-4], "gzip"),
        (gzip.compress(A)[:30] + b"\xff" * 30, "gzip"),
        (gzip.compress(gzip.compress(A)), "gzip-twice"),
        (gzip.compress(b""), "empty"),
        (gzip.compress(b"") * 20_000, "gzip-members"),
    ],
    ids=["garbage", "half-a-header", "message-after-it", "cut", "broken", "twice", "empty", "members"],
)
def test_gzip_that_is_none(content: bytes, code: str) -> None:
    with pytest.raises(Invalid) as refused:
        take(content)
    assert refused.value.code == code


def test_a_body_that_is_not_packed_as_it_says() -> None:
    with pytest.raises(Invalid) as refused:
        take(A, gzipped=True)
    assert refused.value.code == "gzip"


class Sender(io.BytesIO):
    """Counts what was read of it."""

    read_bytes = 0

    def read(self, size: int | None = -1, /) -> bytes:
        piece = super().read(size)
        self.read_bytes += len(piece)
        return piece


def test_the_rest_is_read_away_when_a_message_is_refused() -> None:
    head = A.split(b"<Bruker")[0]
    sender = Sender(head + b'<Bruker brukerNr="' + b"a" * 20_000_000 + b'"/>')
    with pytest.raises(Invalid) as refused:
        receive(channel=Channel.API, access=OSLO, content=sender)
    assert refused.value.code == "too-long"
    assert sender.read_bytes == len(sender.getvalue())


def test_no_more_is_read_away_than_a_message_may_have(settings: Any) -> None:
    settings.KPR_MAX_MESSAGE_BYTES = 1_000_000
    sender = Sender(A + b"<x/>" * 5_000_000)
    with pytest.raises(TooLarge):
        receive(channel=Channel.API, access=OSLO, content=sender)
    assert sender.read_bytes < 2_000_000 + 3 * unpack.PIECE_BYTES


@pytest.mark.parametrize(
    ("name", "limit", "code"),
    [
        ("KPR_MAX_PERSONS", 2, "too-many-persons"),
        ("KPR_MAX_SERVICES", 2, "too-many-services"),
        ("KPR_MAX_ELEMENTS", 5, "too-many-elements"),
        ("KPR_MAX_CPU_SECONDS", 0, "too-costly"),
        ("KPR_MAX_MESSAGE_BYTES", 500, "too-large"),
    ],
)
def test_over_a_limit_is_413_and_says_which(settings: Any, name: str, limit: int, code: str) -> None:
    setattr(settings, name, limit)
    with pytest.raises(TooLarge) as refused:
        take(A, municipality="0301")
    assert (refused.value.code, refused.value.status) == (code, 413)
    assert Submission.objects.get().status == Status.REJECTED


def test_prefixes_do_not_hide_persons_from_the_reader(settings: Any) -> None:
    prefixed = A.replace(b"<Bruker", b"<k:Bruker").replace(b"</Bruker", b"</k:Bruker")
    submission = take(prefixed.replace(b"<Melding", b'<Melding xmlns:k="urn:kpr:arsmelding:1.0"'))
    settings.KPR_MAX_PERSONS = 2
    process(submission)
    assert (submission.status, submission.problem["code"]) == ("rejected", "too-many-persons")  # type: ignore[index]
    assert submission.told_problem["detail"].startswith("Meldingen har over 2 personer")  # type: ignore[index]


def both_at_once(messages: tuple[bytes, bytes], token: Token) -> list[str]:
    """What comes of two messages under one key that are let loose at the same moment."""
    access = Access(name="token", municipalities=None, scopes=frozenset({"submit"}), token=token)
    start, outcomes = threading.Barrier(2), []

    def send(content: bytes) -> None:
        try:
            start.wait(60)
            outcomes.append(str(take(content, access, idempotency_key="k").pk))
        except Refusal as refusal:
            outcomes.append(f"{refusal.status} {refusal.code}")
        finally:
            connection.close()

    threads = [threading.Thread(target=send, args=[content]) for content in messages]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(240)
    return outcomes


@pytest.mark.django_db(transaction=True)
def test_one_key_at_the_same_moment() -> None:
    token = Token.objects.create(name="client", digest="x", scopes=["submit"])
    different = both_at_once((A, message("1103", persons=people(1))), token)
    assert "422 key-reused" in different and Submission.objects.count() == 1
    other = Token.objects.create(name="another", digest="y", scopes=["submit"])
    alike = both_at_once((message("4601"), message("4601")), other)
    assert len(set(alike)) == 1 and Submission.objects.filter(municipality="4601").count() == 1
