"""Identity numbers inside other values: which texts hold one, and what is shown instead."""

from __future__ import annotations

import io
from typing import Any

import pytest
from django.core.management import call_command
from hypothesis import given
from hypothesis import strategies as st

from municipalities.access import Access
from municipalities.masking import mask, own_number
from quality.actions import check_submission
from quality.models import CheckResult
from submissions.load import load
from submissions.models import Channel, Contact, Need, Person, Service, Submission
from submissions.receive import receive
from submissions.refusals import Refusal
from tests import messages
from tests.rows import Sent, store

OWN = "15885512345"  # eleven digits, wrong check digits
STRANGER = messages.identity_number(3)
FULL_WIDTH = str.maketrans("0123456789", "０１２３４５６７８９")
ARABIC = str.maketrans("0123456789", "٠١٢٣٤٥٦٧٨٩")


def parted(number: str, separator: str) -> str:
    return f"{number[:6]}{separator}{number[6:]}"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (STRANGER, "skjult"),
        (f"P{STRANGER}", "Pskjult"),
        (f"{STRANGER}-1", "skjult-1"),
        (f"0301/{STRANGER}/7", "0301/skjult/7"),
        *(
            (f"B{parted(STRANGER, s)}x", "Bskjultx")
            for s in (" ", ".", "-", "_", "/", " - ", "\u00a0", "\u2011", "\u200b")
        ),
        (".".join(STRANGER), "skjult"),
        (STRANGER.translate(FULL_WIDTH), "skjult"),
        (f"№ {parted(STRANGER, '．')}".translate(FULL_WIDTH), "№ skjult"),
        (STRANGER.translate(ARABIC), "skjult"),
        (f"1-{parted(STRANGER, ' ')}", "1-skjult"),
        (f"{STRANGER} og {STRANGER}", "skjult og skjult"),
        (f"x{messages.identity_number(1, '010150')} {STRANGER}", "xskjult skjult"),
    ],
)
def test_what_holds_an_identity_number_is_shown_without_it(text: str, shown: str) -> None:
    assert mask(text) == shown


@pytest.mark.parametrize(
    "text",
    [
        "", "B17", "974760673", "+47 55 55 00 00", "2023-01-01 12:30", "7" * 11, OWN, f"{STRANGER}1", f"9{STRANGER}",
        STRANGER[:10], f"{STRANGER[:6]}x{STRANGER[6:]}", "٣٣٣", "Ærlig talt 2023", "\u0660" * 11,
    ],
)  # fmt: skip
def test_what_holds_none_stays_as_it_is(text: str) -> None:
    assert mask(text) == text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (OWN, "skjult"),
        (f"9{OWN}", "9skjult"),
        (f"{OWN}00-{OWN}", "skjult00-skjult"),
        (f"1{parted(OWN, '.')}".translate(FULL_WIDTH), "１skjult"),
    ],
)
def test_a_persons_own_number_is_found_inside_longer_runs_and_when_it_is_wrong(text: str, shown: str) -> None:
    assert mask(text, OWN) == shown


def test_an_own_number_is_eleven_digits_in_any_form() -> None:
    forms = (OWN, parted(OWN, " "), OWN.translate(FULL_WIDTH))
    assert [own_number(form) for form in forms] == [OWN] * 3
    assert [own_number(form) for form in ("1", OWN[:10], f"{OWN}1", f"x{OWN[:5]}y{OWN[5:]}")] == [""] * 4


SEPARATORS = st.text(alphabet=" ./-_\u00a0\u2013", max_size=2)


@given(st.lists(SEPARATORS, min_size=10, max_size=10), st.sampled_from(("", "P", "No. A", "x:")), st.booleans())
def test_no_form_of_separators_hides_a_number(between: list[str], before: str, wide: bool) -> None:
    number = "".join(digit + gap for digit, gap in zip(STRANGER, [*between, ""], strict=True))
    assert mask(before + (number.translate(FULL_WIDTH) if wide else number)) == f"{before}skjult"


@given(st.text(alphabet=st.sampled_from("0158 .-x\\\t٣５"), max_size=40))
def test_what_is_masked_holds_no_number_any_more(text: str) -> None:
    assert mask(mask(text, OWN), OWN) == mask(text, OWN)


def loaded(persons: list[messages.Bruker], contacts: Any = messages.CONTACTS) -> Submission:
    submission = store(Sent(municipality="0301", contacts=(), state="superseded"))
    load(submission, [messages.message(persons=persons, contacts=contacts)])
    return submission


FID = messages.identity_number(0)  # that of the first person of a message


@pytest.mark.django_db
def test_every_value_that_is_stored_is_masked() -> None:
    service = messages.service(f"T{FID}", tjenesteOrgNr=f"1{FID}", tjenesteType="15")
    person = messages.Bruker(f"{FID}-1", [service], attributes={"bydel": "030101", "komNrHjem": "0301"})
    contact = {
        "kontPerson": f"Kari {STRANGER}",
        "meldTelefon": parted(STRANGER, " "),
        "meldEpost1": f"{STRANGER}@kommune.example",
        "meldEpost2": f"x_{STRANGER}@b.no",
        "typeKontaktperson": "16",
    }
    submission = loaded([person, messages.Bruker(parted(STRANGER, "."), [messages.service(f"{FID}-1")])], [contact])
    assert list(Person.objects.filter(submission=submission).order_by("pk").values_list("user_ref", flat=True)) == [
        "skjult-1",
        "skjult",
    ]
    services = Service.objects.filter(submission=submission).order_by("pk")
    assert list(services.values_list("service_ref", "organisation_number")) == [
        ("Tskjult", "1skjult"),
        ("skjult-1", None),
    ]
    (stored,) = Contact.objects.filter(submission=submission).values_list("name", "phone", "email", "other_email")
    assert stored == ("Kari skjult", "skjult", "skjult@kommune.example", "x_skjult@b.no")
    assert not Need.objects.filter(submission=submission).exists()


@pytest.mark.django_db
def test_masked_references_are_told_apart_as_they_were_sent() -> None:
    """By checks of repetition, and from one submission to the next."""
    others = [messages.identity_number(number, "020250") for number in range(3)]
    persons = [messages.Bruker(ref) for ref in (others[0], others[1], others[0])]
    before, after = loaded(persons[:2]), loaded([persons[0], messages.Bruker(others[2]), persons[2]])
    Submission.objects.filter(pk=after.pk).update(supersedes=before)
    after.refresh_from_db()
    check_submission(before)
    check_submission(after)
    results = {r.code: r for r in CheckResult.objects.filter(submission=after)}
    assert results["user-number-holds-identity"].violating == 3
    assert results["user-number-repeated"].violating == 2
    without = results["person-without-service"]
    assert (without.new, without.existing, without.resolved) == (1, 2, 1)
    assert set(without.rows.values_list("user_ref", flat=True)) == {"skjult"}
    hashes = list(Person.objects.filter(submission=after).order_by("pk").values_list("user_ref_hash", flat=True))
    assert hashes[0] == hashes[2] != hashes[1] and 0 not in hashes


@pytest.mark.django_db
def test_the_finding_tells_the_sender_by_the_other_number() -> None:
    person = messages.Bruker("B1", [messages.service(f"{FID}-1")])
    other = messages.Bruker(STRANGER, [messages.service("T2")])
    submission = loaded([person, other])
    check_submission(submission)
    rows = {
        code: list(submission.results.get(code=code).rows.values_list("user_ref", "service_ref"))
        for code in ("service-number-holds-identity", "user-number-holds-identity")
    }
    assert rows == {
        "service-number-holds-identity": [("B1", "skjult-1")],
        "user-number-holds-identity": [("skjult", "")],
    }


OSLO = Access(name="oslo", municipalities=frozenset({"0301"}), scopes=frozenset({"submit"}))


@pytest.fixture
def reference(db: None) -> None:
    call_command("load_reference", verbosity=0)


def sent(content: bytes, key: str = "") -> Submission:
    return receive(
        channel=Channel.API,
        access=OSLO,
        content=io.BytesIO(content),
        idempotency_key=key,
    )


@pytest.mark.django_db
def test_the_receipt_holds_no_identity_number(reference: None) -> None:
    attributes: Any = {
        "leverandor": f"{FID} AS",
        "navnEPJ": parted(FID, "-"),
        "versjonEPJ": FID,
        "versjonUt": f"v{FID}",
    }
    submission = sent(messages.message(**attributes), f"key-{FID}")
    told = (submission.vendor, submission.system, submission.system_version, submission.extract_version)
    assert told == ("skjult AS", "skjult", "skjult", "vskjult")
    assert FID not in submission.idempotency_key
    assert sent(messages.message(**attributes), f"key-{FID}") == submission


@pytest.mark.django_db
@pytest.mark.parametrize(
    "change",
    [
        (b'typeID="1"', f'typeID="{FID}"'.encode()),
        (b'fodselsar="1940"', f'fodselsar="{parted(FID, ".")}"'.encode()),
        (b'typeID="1"', f'typeID="1" f{FID}="x"'.encode()),
        (b"<Tjeneste ", f'<T{FID} a="1"/><Tjeneste '.encode()),
        (b"<Kommune ", f"<Kommune-{FID}/><Kommune ".encode()),
        (b'kommuneNr="0301"', f'kommuneNr="{FID}"'.encode()),
        (b"</Kommune>", f"</Kommune{FID}>".encode()),
        (b'fraDatoPeriode="2023-01-01"', f'fraDatoPeriode="{parted(FID, "-")}"'.encode()),
    ],
)
def test_a_refusal_quotes_no_identity_number(reference: None, change: tuple[bytes, bytes]) -> None:
    content = messages.message(persons=messages.people(1)).replace(*change, 1)
    with pytest.raises(Refusal) as refused:
        sent(content)
    kept = refused.value.submission
    told = f"{refused.value.detail} {refused.value.errors} {kept.problem if kept else ''}"
    assert mask(told) == told
    assert not kept or mask(str(kept.__dict__)) == str(kept.__dict__)
