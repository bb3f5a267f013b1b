"""What a client wishes is done as it was meant, or refused: a wish that is not understood is never left out."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import call_command
from django.test import Client
from django.test.client import encode_multipart

from submissions.models import Submission
from tests.messages import message, people
from tests.submissions.test_api import Api, problem, token

pytestmark = pytest.mark.django_db
# Each route with an address that answers 200, or 404 where nothing is there; none of its parameters is needed.
ROUTES = [
    "/status/",
    "/checks/",
    "/indicators/",
    "/aggregates/nutrition-assessed-institution/",
    "/codelists/",
    "/codelists/areas/",
    "/publications/",
    "/publications/1/",
    "/submissions/1/",
    "/submissions/1/findings/",
    "/submissions/1/findings/person-id-invalid/rows/",
    "/schema/",
    "/docs/",
]
PAGED = ["/status/", "/checks/", "/indicators/", "/codelists/", "/codelists/areas/", "/publications/"]


@pytest.fixture(autouse=True)
def reference(db: None) -> None:
    call_command("load_reference", verbosity=0)


@pytest.fixture
def oslo() -> Api:
    return Api(token("submit", "findings", municipality="0301"))


def file(name: str = "melding.xml", content: bytes | None = None) -> SimpleUploadedFile:
    return SimpleUploadedFile(name, content or message(persons=people(1)))


# --- Trials --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("query", ["dry_run=true", "dry_run=TRUE", "dry_run=True", "dry_run=1"])
def test_a_trial_is_a_trial(oslo: Api, query: str) -> None:
    assert oslo.post(message(persons=people(1)), f"?{query}").json()["dry_run"] is True


@pytest.mark.parametrize("query", ["", "?dry_run=false", "?dry_run=FALSE", "?dry_run=0"])
def test_what_is_no_trial_is_none(oslo: Api, query: str) -> None:
    assert oslo.post(message(persons=people(1)), query).json()["dry_run"] is False


@pytest.mark.parametrize(
    ("query", "code", "parameter"),
    [
        ("dry_run=on", "parameter-invalid", "dry_run"),
        ("dry_run=t", "parameter-invalid", "dry_run"),
        ("dry_run=yes", "parameter-invalid", "dry_run"),
        ("dry_run=ja", "parameter-invalid", "dry_run"),
        ("dry_run=%20true", "parameter-invalid", "dry_run"),
        ("dry_run=true%0A", "parameter-invalid", "dry_run"),
        ("dry_run=true%00", "parameter-invalid", "dry_run"),
        ("dry_run=%EF%BC%91", "parameter-invalid", "dry_run"),
        ("dry_run=01", "parameter-invalid", "dry_run"),
        ("dry_run=", "parameter-invalid", "dry_run"),
        ("dry_run", "parameter-invalid", "dry_run"),
        ("dry_run=true&dry_run=true", "parameter-repeated", "dry_run"),
        ("dry_run=false&dry_run=true", "parameter-repeated", "dry_run"),
        ("dryRun=", "parameter-unknown", "dryRun"),
        ("dryRun=true", "parameter-unknown", "dryRun"),
        ("DRY_RUN=true", "parameter-unknown", "DRY_RUN"),
        ("dry-run=true", "parameter-unknown", "dry-run"),
        ("dry_run%20=true", "parameter-unknown", "dry_run "),
        ("dry_run[]=true", "parameter-unknown", "dry_run[]"),
    ],
)
def test_a_wish_that_is_not_understood_never_becomes_a_submission(
    oslo: Api, query: str, code: str, parameter: str
) -> None:
    told = problem(oslo.post(message(persons=people(1)), f"?{query}"), 400)
    assert (told["code"], told["parameter"]) == (code, parameter)
    assert not Submission.objects.exists()


# --- Forms ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fields", "code", "named"),
    [
        ({"file": file, "dry_run": lambda: "true"}, "form-field-unknown", "dry_run"),
        ({"file": file, "municipality": lambda: "0301"}, "form-field-unknown", "municipality"),
        ({"message": file}, "form-field-unknown", "message"),
        ({"file": file, "other": file}, "form-field-unknown", "other"),
        ({"file": lambda: [file(), file("annen.xml")]}, "form-field-repeated", "file"),
        ({"file": lambda: "<Melding/>"}, "form-field-missing", "file"),
        ({"file": lambda: ["<Melding/>", file()]}, "form-field-repeated", "file"),
        ({}, "form-field-missing", "file"),
    ],
    ids=["dry-run", "unknown", "other-name", "file-too-many", "two-files", "text", "text-and-file", "nothing"],
)
def test_a_form_holds_one_file_and_nothing_else(
    oslo: Api, fields: dict[str, Callable[[], Any]], code: str, named: str
) -> None:
    told = problem(oslo.form(**{name: made() for name, made in fields.items()}), 400)
    assert (told["code"], told["form_field"]) == (code, named)
    assert not Submission.objects.exists()


def test_a_packed_file_in_a_form_is_taken(oslo: Api) -> None:
    assert oslo.form(file=file(content=gzip.compress(message(persons=people(1))))).status_code == 202


@pytest.mark.parametrize("body", [b"", b"no parts", b"--x\r\nContent-Disposition: form-data\r\n\r\nx\r\n--x--\r\n"])
def test_a_form_that_cannot_be_read(oslo: Api, body: bytes) -> None:
    for content_type in (
        "multipart/form-data",
        "multipart/form-data; boundary=x",
        "multipart/form-data; boundary=\x00",
    ):
        assert oslo.post(body, content_type=content_type).status_code == 400
        problem(oslo.post(body, content_type=content_type), 400)


def test_a_form_of_very_many_parts(oslo: Api) -> None:
    problem(oslo.form(**{f"f{number}": str(number) for number in range(1001)}), 400)
    problem(oslo.form(**{f"f{number}": file() for number in range(101)}), 400)
    problem(oslo.form(file=file(), note="x" * (3 * 1024 * 1024)), 413)


# --- Headers and media types ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "content_type",
    [
        "application/xml; charset=utf-8",
        'APPLICATION/XML; charset="UTF-8"',
        "text/xml; charset=utf-8",
        "application/xml;charset=iso-8859-1",
    ],
)
def test_media_types_with_parameters_are_understood(oslo: Api, content_type: str) -> None:
    assert oslo.post(message(persons=people(1)), content_type=content_type).status_code == 202


@pytest.mark.parametrize(
    "content_type", ["", "application/json", "text/plain", "application/xmlx", "xml", "*/*", "\x00"]
)
def test_other_media_types_are_refused(oslo: Api, content_type: str) -> None:
    assert problem(oslo.post(message(persons=people(1)), content_type=content_type), 415)["code"] == "media-type"


def as_sent(api: Api, body: bytes, content_type: str, **headers: str) -> Any:
    """Django's own `post` would encode the body anew, by the charset."""
    return api.client.generic("POST", "/api/v1/submissions/", body, content_type=content_type, headers=headers)


NORWEGIAN = people(1)
NORWEGIAN[0].services[0]["tjenesteID"] = "Tæ1"


@pytest.mark.parametrize(
    ("declared", "charset", "refused"),
    [
        ("UTF-8", "iso-8859-1", True),
        ("UTF-8", "us-ascii", True),
        ("ISO-8859-1", "utf-8", True),
        ("", "iso-8859-1", True),
        ("UTF-8", "UTF8", False),
        ("ISO-8859-1", "latin-1", False),
        ("", "utf-8", False),
    ],
)
@pytest.mark.parametrize("packed", [False, True])
def test_a_charset_that_contradicts_the_message(
    oslo: Api, declared: str, charset: str, refused: bool, packed: bool
) -> None:
    content = message(persons=NORWEGIAN, encoding=declared or "UTF-8")
    content = content if declared else content.replace(b' encoding="UTF-8"', b"")
    headers = {"Content-Encoding": "gzip"} if packed else {}
    answer = as_sent(
        oslo, gzip.compress(content) if packed else content, f"application/xml; charset={charset}", **headers
    )
    file = SimpleUploadedFile("m.xml", content, content_type="application/xml")
    if not refused:
        assert answer.status_code == 202, answer.content
        return
    told = problem(answer, 400)
    assert told["code"] == "charset-contradicted" and told["detail"].startswith("Content-Type sier at tegnsettet er ")
    body = encode_multipart("x", {"file": file}).replace(b"xml\r\n", f"xml; charset={charset}\r\n".encode(), 1)
    assert (
        problem(oslo.post(body, content_type="multipart/form-data; boundary=x"), 400)["code"] == "charset-contradicted"
    )
    assert oslo.form(file=SimpleUploadedFile("m.xml", content)).status_code == 202


def test_a_byte_order_mark_outranks_the_charset(oslo: Api) -> None:
    content = b"\xef\xbb\xbf" + message(persons=NORWEGIAN)
    assert as_sent(oslo, content, "application/xml; charset=iso-8859-1").status_code == 202


@pytest.mark.parametrize("charset", ["utf-16", "windows-1252", "x-none", ""])
def test_a_charset_that_is_not_received(oslo: Api, charset: str) -> None:
    content_type = f'application/xml; charset="{charset}"'
    assert problem(oslo.post(message(persons=people(1)), content_type=content_type), 415)["code"] == "charset"


def test_packed_bodies(oslo: Api) -> None:
    packed = gzip.compress(message(persons=people(1)))
    assert oslo.post(packed, **{"Content-Encoding": "X-GZIP"}).status_code == 202
    assert oslo.post(gzip.compress(message(persons=people(2))), content_type="application/gzip").status_code == 202
    for encoding in ("br", "gzip, gzip", "gzip;q=1"):
        assert problem(oslo.post(packed, **{"Content-Encoding": encoding}), 415)["header"] == "Content-Encoding"
    form = oslo.client.post("/api/v1/submissions/", {"file": file()}, headers={"Content-Encoding": "gzip"})
    assert problem(form, 415)["header"] == "Content-Encoding"


@pytest.mark.parametrize("key", ["", "a\x00b", "a b", "ø", "x" * 256])
def test_a_key_is_kept_as_it_was_sent_or_refused(oslo: Api, key: str) -> None:
    told = problem(oslo.post(message(persons=people(1)), **{"Idempotency-Key": key}), 400)
    assert (told["code"], told["header"]) == ("header-invalid", "Idempotency-Key")
    assert not Submission.objects.exists()


def test_the_longest_key_is_taken(oslo: Api) -> None:
    assert oslo.post(message(persons=people(1)), **{"Idempotency-Key": "x" * 255}).status_code == 202


# --- Every route ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("route", ROUTES)
def test_no_route_leaves_a_parameter_out(oslo: Api, route: str) -> None:
    for query in (
        ("year_=2023", "x", "format=json&format=json", "%00=1", "_=1") if route != "/docs/" else ("lang=en", "x")
    ):
        told = problem(oslo.get(f"{route}?{query}"), 400)
        assert told["code"] in {"parameter-unknown", "parameter-repeated"}, query


@pytest.mark.parametrize("route", PAGED)
@pytest.mark.parametrize("name", ["page", "page_size"])
def test_a_page_is_a_number_in_range(route: str, name: str) -> None:
    for value in ("0", "-1", "1.0", "last", "", "%00", "99999999999999999999", "1e3", "٣"):
        told = problem(Api("").get(f"{route}?{name}={value}"), 400)
        assert (told["code"], told["parameter"]) == ("parameter-invalid", name), value
    problem(Api("").get(f"{route}?{name}=1&{name}=1"), 400)
    assert Api("").get(f"{route}?{name}=1").status_code == 200


def test_a_page_size_over_the_limit_is_told_and_not_made_smaller() -> None:
    assert "1000" in problem(Api("").get("/status/?page_size=1001"), 400)["detail"]
    assert "10000" in problem(Api("").get("/codelists/areas/?page_size=10001"), 400)["detail"]


def test_a_page_that_is_not_there() -> None:
    assert {problem(Api("").get(f"{route}?page=999"), 404)["code"] for route in PAGED} == {"page-unknown"}


@pytest.mark.parametrize(
    ("query", "code", "parameter"),
    [
        ("municipality=301", "parameter-invalid", "municipality"),
        ("municipality=9999", "municipality-unknown", "municipality"),
        ("municipality=", "parameter-invalid", "municipality"),
        ("municipality=0301&municipality=1103", "parameter-repeated", "municipality"),
        ("municipality=0301%00", "parameter-invalid", "municipality"),
        ("kommune=0301", "parameter-unknown", "kommune"),
        ("year=", "parameter-invalid", "year"),
        ("year=abc", "parameter-invalid", "year"),
        ("year=23", "parameter-invalid", "year"),
        ("year=٢٠٢٣", "parameter-invalid", "year"),
        ("year=2023&year=2022", "parameter-repeated", "year"),
        ("year=20231", "parameter-invalid", "year"),
    ],
)
def test_status_is_asked_strictly(query: str, code: str, parameter: str) -> None:
    told = problem(Api("").get(f"/status/?{query}"), 400)
    assert (told["code"], told["parameter"]) == (code, parameter)


def test_a_municipality_of_other_years_is_known() -> None:
    assert Api("").get("/status/?year=2024&municipality=3001").json()["count"] == 0
    assert Api("").get("/status/?year=2023&municipality=3001").json()["count"] == 1


def test_an_identity_number_for_a_name_is_not_repeated() -> None:
    answer = Client().get("/api/v1/status/?01818012345=1")
    assert "01818012345" not in answer.content.decode()
