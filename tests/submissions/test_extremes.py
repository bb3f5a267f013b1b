"""Whatever the schema allows is received, read and judged: values at and beyond what a column or a program can hold.

The values are drawn from the schema's own types, for every attribute that it declares.
"""

from __future__ import annotations

import io
import logging
import re
from decimal import Decimal
from xml.sax.saxutils import quoteattr

import pytest
from django.core.management import call_command
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lxml import etree

from indicators import actions as indicators
from indicators import steering
from municipalities.access import Access
from submissions import actions
from submissions.faults import SCHEMA
from submissions.inspection import schema
from submissions.models import Answer, Channel, Contact, Person, Service, Status, Submission
from submissions.receive import receive
from tests.leaks import note_message

pytestmark = pytest.mark.django_db
OSLO = Access(name="oslo", municipalities=frozenset({"0301"}), scopes=frozenset({"submit"}))
XS = "{http://www.w3.org/2001/XMLSchema}"
# What XML allows: no NUL, no surrogate, no other control than white space below U+0020, neither U+FFFE nor U+FFFF.
CHARACTERS = st.characters(
    codec="utf-8", exclude_characters="\ufffe\uffff", exclude_categories=["Cs", "Cc"]
) | st.sampled_from("\t\n\r \u0085\u009f\u00a0\u2028\\'\"&<>\ufffd\U0010fffd\U0001f474\u202e")


def token(longest: int) -> st.SearchStrategy[str]:
    """A text that is 1 to `longest` characters once its white space is tidied, and longer before."""
    inside = st.text(CHARACTERS, min_size=1, max_size=longest).filter(lambda text: text.strip(" \t\r\n"))
    special = st.sampled_from(
        ("0", "\\N", "\\.", "NULL", "x" * longest, "🧓" * longest, "é" * longest, "-1", "99999"[:longest])
    )
    return st.tuples(st.sampled_from(("", " ", "\n\t")), inside | special).map("".join)


DATES = st.sampled_from(
    [
        "0001-01-01",
        "-0001-02-28",
        "-9999-12-31",
        "9999-12-31",
        "10000-01-01",
        "999999-06-30",
        "2024-02-29",
        "2023-12-31Z",
        "2023-01-01+14:00",
        "2023-01-01-14:00",
        "12000-02-29Z",
        "-4000-01-01-05:30",
    ]
) | st.dates().map(str)
INTEGERS = st.integers(-(10**40), 10**40).map(str) | st.sampled_from(
    (
        "0",
        "-0",
        "+5",
        "9" * 400,
        "-" + "9" * 400,
        "0" * 400 + "1940",
        str(2**31),
        str(-(2**31) - 1),
        "2147483647",
        " 1940\n",
    )
)
HOURS = st.decimals(0, Decimal("9999.99"), places=2).map(str) | st.sampled_from(
    (
        "10000",
        "999999",
        "99999.9",
        "0",
        "-0",
        "+7.5",
        ".5",
        "5.",
        "0" * 300 + "1.5",
        "1.50" + "0" * 300,
        " 168.01 ",
        "000168",
    )
)
STRINGS = st.text(CHARACTERS, max_size=200) | st.sampled_from(("x" * 20_000, "9" * 5000, "1 " * 5000, "\u0660" * 3000))
OF_TYPE = {
    "kode": token(10),
    "ref": token(100),
    "navn": st.text(CHARACTERS, min_size=1, max_size=100) | st.sampled_from((" ", "\n" * 100, "🧓" * 100)),
    "timer": HOURS,
    "xs:date": DATES,
    "xs:integer": INTEGERS,
    "xs:string": STRINGS,
}
# What makes it this municipality's message for this year: another value is another message, or none.
FIXED = {
    "versjon": "1.0", "meldingstype": "B", "fraDatoPeriode": "2023-01-01", "tilDatoPeriode": "2023-12-31", "uttakDato": "2024-01-03",
    "kommuneNr": "0301",
}  # fmt: skip


def values(attribute: etree._Element) -> st.SearchStrategy[str]:
    name = attribute.get("name", "")
    if name in FIXED:
        return st.just(FIXED[name])
    choices = [choice.get("value", "") for choice in attribute.iter(f"{XS}enumeration")]
    if choices:
        return st.tuples(st.sampled_from(("", " ", "\n")), st.sampled_from(choices)).map("".join)
    return OF_TYPE[attribute.get("type", "")]


NAMED: list[tuple[str, str]] = []


def elements() -> dict[str, st.SearchStrategy[dict[str, str]]]:
    """For each element of the schema what its attributes may be."""
    found = {}
    for element in etree.parse(str(SCHEMA)).iter(f"{XS}element"):
        attributes = element.findall(f"{XS}complexType/{XS}attribute")
        if attributes:
            needed = {a.get("name", ""): values(a) for a in attributes if a.get("use") == "required"}
            others = {a.get("name", ""): values(a) for a in attributes if a.get("use") != "required"}
            NAMED.extend((element.get("name", ""), a.get("name", "")) for a in attributes)
            found[element.get("name", "")] = st.fixed_dictionaries(needed, optional=others)
    return found


ELEMENTS = elements()


@st.composite
def written(draw: st.DrawFn, name: str, inside: str = "") -> str:
    attributes = draw(ELEMENTS[name])
    xmlns = ' xmlns="urn:kpr:arsmelding:1.0"' if name == "Melding" else ""
    told = "".join(f" {key}={quoteattr(value)}" for key, value in attributes.items())
    return f"<{name}{xmlns}{told}>{inside}</{name}>"


@st.composite
def messages(draw: st.DrawFn) -> bytes:
    persons = []
    for _person in range(draw(st.integers(1, 6))):
        stops = "".join(draw(st.lists(written("MidlertidigStopp"), max_size=2)))
        services = draw(st.lists(written("Tjeneste", stops), max_size=4))
        told = [draw(st.lists(written(name), max_size=4)) for name in ("Opplysning", "Bistandsbehov")]
        persons.append(draw(written("Bruker", "".join([*services, *told[0], *told[1]]))))
    contacts = draw(st.lists(written("Kontaktperson"), min_size=1, max_size=2))
    whole = draw(written("Melding", "".join([*contacts, draw(written("Kommune", "".join(persons)))])))
    return note_message(whole.encode())


def test_every_attribute_of_the_schema_is_drawn() -> None:
    declared = re.findall(r'<xs:attribute name="(\w+)"', SCHEMA.read_text())
    assert len(declared) == len(NAMED) > 30
    assert sorted(name for _element, name in NAMED) == sorted(declared)


@pytest.fixture
def reference() -> None:
    call_command("load_reference", verbosity=0)


def processed(content: bytes) -> Submission:
    submission = receive(channel=Channel.API, access=OSLO, content=io.BytesIO(content))
    actions.process_waiting("0301", 2023)
    submission.refresh_from_db()
    return submission


@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    derandomize=True,
)
@given(content=messages())
def test_whatever_the_schema_allows_is_done(reference: None, caplog: pytest.LogCaptureFixture, content: bytes) -> None:
    schema().assertValid(etree.fromstring(content))
    Submission.objects.filter(is_current=True).update(is_current=False, sha256="")
    Submission.objects.all().delete()
    caplog.clear()
    submission = processed(content)
    assert submission.status == Status.DONE, submission.problem
    assert "error" not in set(submission.results.values_list("status", flat=True))
    indicators.recompute([submission.pk])
    steering.recompute([submission.pk])
    assert [record.getMessage() for record in caplog.records if record.levelno >= logging.ERROR] == []


def one(services: str = "", contact: str = "", **person: str) -> bytes:
    attributes = {"brukerNr": "B1", "fid": "x", "typeID": "9", "kjonn": "2", "fodselsar": "1940", **person}
    told = " ".join(f"{name}={quoteattr(value)}" for name, value in attributes.items())
    return (
        '<Melding xmlns="urn:kpr:arsmelding:1.0" versjon="1.0" meldingstype="B" fraDatoPeriode="2023-01-01" tilDatoPeriode="2023-12-31" '
        'uttakDato="2024-01-03" leverandor="L" navnEPJ="E" versjonEPJ="1" versjonUt="2">'
        f'<Kontaktperson kontPerson="Kari" meldEpost1={quoteattr(contact)} typeKontaktperson="16"/><Kommune kommuneNr="0301">'
        f"<Bruker {told}>{services}</Bruker></Kommune></Melding>"
    ).encode()


@pytest.mark.parametrize(
    ("given_hours", "kept"),
    [
        ("10000", "10000.00"),
        ("999999", "999999.00"),
        ("99999.9", "99999.90"),
        ("0" * 99 + "1.5", "1.50"),
        ("1.50" + "0" * 99, "1.50"),
    ],
)
def test_hours_are_kept_as_they_are_and_judged(reference: None, given_hours: str, kept: str) -> None:
    submission = processed(
        one(f'<Tjeneste tjenesteID="T" tjenesteType="15" startDato="2020-01-01" timerPerUke="{given_hours}"/>')
    )
    assert submission.status == Status.DONE
    assert str(Service.objects.get(submission=submission).hours) == kept
    assert submission.results.get(code="hours-over-168").violating == int(Decimal(kept) > 168)


@pytest.mark.parametrize("year", ["9" * 400, "-" + "9" * 400, "3000", "-1"])
def test_a_birth_year_that_is_cut_is_judged(reference: None, year: str) -> None:
    submission = processed(one(fodselsar=year))
    assert submission.results.get(code="birth-year-implausible").violating == 1
    assert (Person.objects.get(submission=submission).birth_year < 0) == year.startswith("-")


@pytest.mark.parametrize("date", ["-0044-03-15", "12109-02-28", "9999-12-31Z", "0001-01-01+14:00"])
def test_a_date_that_is_cut_is_judged(reference: None, date: str) -> None:
    submission = processed(
        one(
            f'<Opplysning navn="venteliste" svar="ja" dato="{date}"/>'
            f'<Tjeneste tjenesteID="T" tjenesteType="15" startDato="{date}"/>'
        )
    )
    failed = set(submission.results.filter(status="failed").values_list("code", flat=True))
    assert "waiting-list-date-implausible" in failed
    assert {"service-start-before-birth", "service-start-after-period"} & failed
    assert Answer.objects.filter(submission=submission).count() == 1


@pytest.mark.parametrize("text", ["a\\b\\N", "x\ty", "🧓\u202e\u0085", "\\.", "é" * 5000])
def test_texts_are_kept_as_they_were_sent(reference: None, text: str) -> None:
    submission = processed(one(contact=text, brukerNr=f" {text[:40]} "))
    assert Contact.objects.get(submission=submission).email == " ".join(text.split("\t"))
    assert Person.objects.get(submission=submission).user_ref == " ".join(text[:40].split("\t"))
