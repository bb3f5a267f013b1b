"""What is told of a file or a message that is not taken in: each mistake by a sentence of its own, in the reader's language."""

from __future__ import annotations

import gzip
import io
import tarfile
import zipfile
from collections.abc import Iterator
from typing import Any

import openpyxl
import pytest
from django.core.management import call_command
from django.test import Client
from django.utils import translation
from lxml import etree

from municipalities.access import Access
from municipalities.models import Membership, Municipality, User
from submissions import actions, faults, sentences
from submissions.models import Channel, MessageChunk, Submission
from submissions.receive import receive
from submissions.refusals import Refusal
from tests.messages import Bruker, identity_number, message, people, service

pytestmark = pytest.mark.django_db
OSLO = Access(name="oslo", municipalities=frozenset({"0301"}), scopes=frozenset({"submit"}))
NATION = Access(name="nation", municipalities=None, scopes=frozenset({"submit"}))
PLAIN = message(persons=people(3))
XS = "{http://www.w3.org/2001/XMLSchema}"


@pytest.fixture(autouse=True)
def reference(db: None) -> None:
    call_command("load_reference", verbosity=0)


def refusal_of(content: bytes) -> Refusal:
    with pytest.raises(Refusal) as refused:
        receive(channel=Channel.WEB, access=OSLO, content=io.BytesIO(content), municipality="0301")
    return refused.value


def zipped(*names: str) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name in names:
            archive.writestr(name, PLAIN)
    return packed.getvalue()


def workbook() -> bytes:
    file = io.BytesIO()
    openpyxl.Workbook().save(file)
    return file.getvalue()


def tar() -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        entry = tarfile.TarInfo("melding.xml")
        entry.size = len(PLAIN)
        archive.addfile(entry, io.BytesIO(PLAIN))
    return packed.getvalue()


OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(504)
EVENTS = b'<Melding xmlns="http://www.npr.no/xmlstds/56_0_0_ipl" meldingstype="K"/>'
FILES = {
    "pdf": (b"%PDF-1.7\n%\xe2\xe3", "pdf"),
    "xls": (OLE + "Workbook".encode("utf-16-le"), "excel"),
    "doc": (OLE + "WordDocument".encode("utf-16-le"), "word"),
    "ole": (OLE, "old-office"),
    "xlsx": (workbook(), "excel"),
    "docx": (zipped("[Content_Types].xml", "word/document.xml"), "word"),
    "zip": (zipped("melding.xml"), "zip"),
    "tar": (tar(), "tar"),
    "tar.gz": (gzip.compress(tar()), "tar"),
    "gz.gz": (gzip.compress(gzip.compress(PLAIN)), "gzip-twice"),
    "zip.gz": (gzip.compress(zipped("melding.xml")), "zip"),
    "7z": (b"7z\xbc\xaf\x27\x1c\x00\x04", "packed"),
    "rar": (b"Rar!\x1a\x07\x01\x00", "packed"),
    "xz": (b"\xfd7zXZ\x00\x00", "packed"),
    "png": (b"\x89PNG\r\n\x1a\n", "picture"),
    "json": (b'\xef\xbb\xbf {"melding": []}', "json"),
    "csv": (b"brukerNr;fid;kjonn\nB1;1;2\n", "csv"),
    "html": (b"<!-- x --><!DOCTYPE html><html><body>Logg inn</body></html>", "html"),
    "text": ("Årsmeldingen følger vedlagt.".encode(), "not-xml"),
    "empty": (b"", "empty"),
    "blank": (b" \r\n\t", "blank"),
    "zeros": (bytes(5000), "blank"),
    "utf-16": (PLAIN.decode().encode("utf-16"), "encoding"),
    "windows-1252": (PLAIN.replace(b"UTF-8", b"windows-1252"), "encoding"),
    "latin-1": (message(persons=[Bruker("Blåbær")]).decode().encode("latin-1"), "bytes"),
    "ampersand": (PLAIN.replace(b"B1", b"B & C"), "ampersand"),
    "entity": (PLAIN.replace(b"B1", b"B&nbsp;C"), "entity"),
    "cut": (PLAIN[:-200], "cut-off"),
    "cut-at-the-end": (PLAIN[:-11], "cut-off"),
    "twice": (PLAIN + PLAIN.partition(b"\n")[2], "after-end"),
    "line-before": (b"Innhold:\n" + PLAIN, "before-start"),
    "space-before": (b"\n" + PLAIN, "before-start"),
    "events": (EVENTS, "events-message"),
    "npr": (b'<Melding xmlns="http://www.npr.no/xmlstds/57_0_0"/>', "npr-message"),
    "no-namespace": (PLAIN.replace(b' xmlns="urn:kpr:arsmelding:1.0"', b""), "no-namespace"),
    "other": (b"<a/>", "another-xml"),
}


@pytest.mark.parametrize("name", FILES)
def test_each_mistake_is_told_by_its_own_name(name: str) -> None:
    content, code = FILES[name]
    refusal = refusal_of(content)
    assert (refusal.code, refusal.status) == (code, 400)
    assert refusal.errors[0].code == code
    assert Submission.objects.get().told_problem["detail"] == refusal.detail  # type: ignore[index]


def languages() -> Iterator[str]:
    for language in ("nb", "nn", "en"):
        with translation.override(language):
            yield language


def test_what_is_stored_is_told_in_the_readers_language() -> None:
    bad = Bruker("B1", [service("T1", startDato="1. mai")])
    refusal_of(message(persons=[bad, Bruker("B2", attributes={"kjonn": ""})]))
    kept = Submission.objects.get()
    assert "1. mai" not in (kept.problem["facts"] or {})  # type: ignore[index]
    told = {language: kept.told_problem or {} for language in languages()}
    assert len({each["detail"] for each in told.values()}) == 3
    assert told["nn"]["errors"][0]["message"].startswith("Brukar B1, teneste T1: startDato er «1. mai», som ikkje er")
    assert told["en"]["errors"][1]["message"].startswith("Person B2: kjonn is empty. Fill it in")


def test_why_work_stopped_is_told_in_the_readers_language() -> None:
    submission = receive(channel=Channel.API, access=OSLO, content=io.BytesIO(PLAIN))
    MessageChunk.objects.update(content=b"x" * 100)
    with translation.override("en"):
        actions.process_waiting("0301", 2023)
    submission.refresh_from_db()
    told = {language: (submission.told_problem or {})["detail"] for language in languages()}
    assert told["nb"].startswith("Behandlingen stoppet") and len(set(told.values())) == 3


def test_a_problem_of_another_version_is_told_all_the_same() -> None:
    kept = Submission(problem={"code": "of-tomorrow", "facts": {"x": 1}, "errors": []}).told_problem
    assert kept and "ikke tatt imot" in kept["detail"]


def schema_attributes() -> Iterator[tuple[str, str]]:
    for element in etree.parse(str(faults.SCHEMA)).iter(f"{XS}element"):
        for attribute in element.iterfind(f"{XS}complexType/{XS}attribute"):
            yield element.get("name", ""), attribute.get("name", "")


WHOLE = (
    b'<?xml version="1.0" encoding="UTF-8"?>\n'
    b'<Melding xmlns="urn:kpr:arsmelding:1.0" versjon="1.0" meldingstype="B" fraDatoPeriode="2023-01-01" tilDatoPeriode="2023-12-31"'
    b' uttakDato="2024-01-03" leverandor="J" navnEPJ="O" versjonEPJ="7" versjonUt="3" lopenr="1" lokalident="x">\n'
    b'<Kontaktperson kontPerson="K" meldTelefon="1" meldEpost1="k@x.example" meldEpost2="" typeKontaktperson="16"/>\n'
    b'<Kommune kommuneNr="0301" kommuneOrgNr="1">\n'
    b'<Bruker brukerNr="B1" fid="1" typeID="1" kjonn="1" fodselsar="1940" bydel="030101" komNrHjem="0301">\n'
    b'<Tjeneste tjenesteID="T1" tjenesteType="15" soknadDato="2023-01-01" vedtakDato="2023-01-01" startDato="2023-01-01"'
    b' sluttDato="2023-01-01" timerPerUke="1.5" tjenesteOrgNr="1"><MidlertidigStopp fraDato="2023-01-01" tilDato="2023-01-01"/></Tjeneste>\n'
    b'<Opplysning navn="venteliste" svar="ja" dato="2023-01-01"/>\n'
    b'<Bistandsbehov dato="2023-01-01" variabel="1" verdi="1"/></Bruker></Kommune></Melding>'
)
WRONG = ["", "x" * 101, "æ&#10;ø", "-1", "1.234", "1234567", "32.13.2023", "2023-02-30", "1,5"]


def changed(element: str, attribute: str, value: str | None) -> bytes:
    """The whole message with one value replaced, or the attribute left out."""
    tree = etree.fromstring(WHOLE)
    (found,) = tree.iter(f"{{urn:kpr:arsmelding:1.0}}{element}")
    if value is None:
        del found.attrib[attribute]
    else:
        found.set(attribute, value)
    return etree.tostring(tree, encoding="UTF-8", xml_declaration=True)


def test_every_facet_of_the_schema_has_a_sentence() -> None:
    """No attribute and no kind of wrong value falls back to a sentence that does not say what to write."""
    wanted, found = set(), set()
    for element, attribute in schema_attributes():
        for value in [*WRONG, None]:
            try:
                receive(channel=Channel.WEB, access=NATION, content=io.BytesIO(changed(element, attribute, value)))
            except Refusal as refusal:
                for error in refusal.errors:
                    assert error.code != "not-valid" and str(sentences.UNKNOWN) not in error.message, error
                    found.add(error.code)
                    wanted.add(error.facts.get("wanted"))
    assert "by-schema" not in wanted
    assert wanted >= set(sentences.WANTED) - {"by-schema"}
    assert found >= {"attribute-missing", "value-not-valid"}


@pytest.mark.parametrize(
    ("find", "put", "code", "path"),
    [
        (b"<Opplysning", b'<Opplysning ny="1"', "attribute-unknown", "/Bruker[1]/Opplysning[1]/@ny"),
        (b"<Opplysning", b"<Diagnose/><Opplysning", "element-unexpected", "/Bruker[1]/Diagnose"),
        (b"<Opplysning", b'<Opplysning xmlns="urn:x"', "element-namespace", "/Bruker[1]/Opplysning[1]"),
        (b"<Opplysning", b"hei<Opplysning", "text-not-allowed", "/Bruker[1]"),
        (b"<MidlertidigStopp", b"<Opplysning/><MidlertidigStopp", "element-unexpected-here", "/Tjeneste[1]/Opplysning[1]"),
        (b'verdi="1"/>', b'verdi="1">hei</Bistandsbehov>', "content-not-allowed", "/Bistandsbehov[1]"),
        (b'verdi="1"', b"verdi=1", "not-well-formed", "/Bruker[1]"),
        (b'verdi="1"', b'verdi="1" verdi="2"', "attribute-twice", "/Bruker[1]"),
        (b"</Bruker>", b"</Brukar>", "tags", "/Bruker[1]"),
        (b'verdi="1"', b'verdi="<1"', "less-than", ""),
        (b'verdi="1"', b'verdi="\x01"', "character", ""),
    ],
)  # fmt: skip
def test_every_fault_of_structure_has_a_sentence(find: bytes, put: bytes, code: str, path: str) -> None:
    refusal = refusal_of(WHOLE.replace(find, put))
    error = refusal.errors[0]
    assert (error.code, error.line) == (code, error.line or None)
    assert path in error.path and str(sentences.UNKNOWN) not in error.message


def test_a_fault_names_its_record_and_never_an_identity_number() -> None:
    number = identity_number(5)
    hidden = Bruker(number, [service(number, startDato="x")], attributes={"fid": number})
    refusal = refusal_of(message(persons=[hidden, Bruker("B2", [service("T2", timerPerUke="x")])]))
    assert [error.service_ref for error in refusal.errors][1:] == ["T2"]
    assert number not in repr([error.message for error in refusal.errors]) + repr(Submission.objects.get().problem)
    page = client_of_oslo().get(f"/innsendinger/{Submission.objects.get().pk}/").content.decode()
    assert "T2" in page and "B2" in page and number not in page


def client_of_oslo() -> Client:
    user = User.objects.create_user("kari", password="fjord-og-fjell-2023")
    Membership.objects.create(user=user, role="municipality", municipality=Municipality.objects.get(pk="0301"))
    client = Client()
    client.force_login(user, "django.contrib.auth.backends.ModelBackend")
    return client


def test_a_refusal_is_read_in_another_language_than_it_was_made_in() -> None:
    client = client_of_oslo()
    file: Any = io.BytesIO(b"%PDF-1.7")
    answer = client.post("/kommune/0301/innsendinger/ny/", {"file": file})
    assert answer.status_code == 400 and "Filen er en PDF" in answer.content.decode()
    client.post("/spraak/", {"language": "en"})
    page = client.get(f"/innsendinger/{Submission.objects.get().pk}/").content.decode()
    assert "The file is a PDF" in page


def test_what_is_sent_after_the_session_is_told_to_be_lost() -> None:
    answer = Client().post("/kommune/0301/innsendinger/ny/", {"file": io.BytesIO(PLAIN)}, follow=True)
    assert "Filen ble ikke mottatt" in answer.content.decode()
    assert "mottatt" not in Client().get("/kommune/0301/innsendinger/ny/", follow=True).content.decode()
    form = Client().post("/kommune/0301/enheter/", "x=1", "application/x-www-form-urlencoded", follow=True)
    assert "ble ikke lagret" in form.content.decode()
