"""Whatever goes wrong under /api/ is a problem (RFC 9457) with a stable code, in the reader's language: never a page."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.management import call_command
from django.db import OperationalError
from django.test import Client

from submissions import api
from submissions.models import Submission
from tests.messages import message, people
from tests.submissions.test_api import Api, problem, token

pytestmark = pytest.mark.django_db
LANGUAGES = ("nb", "nn", "en")


@pytest.fixture(autouse=True)
def reference(db: None) -> None:
    call_command("load_reference", verbosity=0)


@pytest.fixture
def oslo() -> Api:
    return Api(token("submit", "findings", municipality="0301"))


def fault(client: Client, path: str, **headers: str) -> Any:
    """The answer to a request that fails inside, as the server gives it."""
    client.raise_request_exception = False
    return client.get(path, headers=headers)


# --- Addresses and methods -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "path",
    [
        "/api/",
        "/api/v1/",
        "/api/v2/status/",
        "/api/v1/status",
        "/api/v1/statuss/",
        "/api/v1/status/0301/",
        "/api/v1/submissions/x/",
        "/api/v1/submissions/-1/",
        "/api/v1/submissions/1/findings/a%00b/rows/",
        "/api/v1/aggregates/a%00b/",
        "/api/v1/aggregates/a%2Fb/",
        "/api/v1/codelists/%C3%B8/",
        "/api/%00",
        "/api/v1//status/",
    ],
)
@pytest.mark.parametrize("method", ["get", "post", "put", "delete", "patch", "head"])
def test_an_address_that_is_none(path: str, method: str) -> None:
    answer = getattr(Client(enforce_csrf_checks=True), method)(path)
    if method == "head":
        assert (answer.status_code, answer.content) == (404, b"")
    else:
        assert problem(answer, 404)["code"] == "address-unknown"


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "TRACE", "FOO", "POST"])
@pytest.mark.parametrize(
    "route", ["/status/", "/checks/", "/aggregates/nutrition-assessed-institution/", "/schema/", "/docs/"]
)
def test_a_method_that_is_not_there(route: str, method: str) -> None:
    answer = Client(enforce_csrf_checks=True).generic(method, f"/api/v1{route}")
    assert problem(answer, 405)["code"] == "method-not-allowed"
    assert answer["Allow"] == "GET, HEAD, OPTIONS"


def test_the_method_of_sending(oslo: Api) -> None:
    answer = oslo.get("/submissions/")
    assert problem(answer, 405)["code"] == "method-not-allowed"
    assert answer["Allow"] == "POST, OPTIONS"


@pytest.mark.parametrize(
    ("path", "allowed"),
    [
        ("/api/v1/status/", "GET, HEAD, OPTIONS"),
        ("/api/v1/submissions/", "POST, OPTIONS"),
        ("/api/v1/submissions/1/", "GET, HEAD, OPTIONS"),
    ],
)
def test_options_tells_the_methods(path: str, allowed: str) -> None:
    answer = Client().options(path)
    assert (answer.status_code, answer.content, answer["Allow"]) == (204, b"", allowed)


def test_head_is_get_without_its_body() -> None:
    for path in ("/api/v1/status/", "/api/v1/checks/", "/api/v1/schema/", "/api/v1/docs/"):
        got, head = Client().get(path), Client().head(path)
        assert (head.status_code, head.content) == (200, b"")
        assert head["Content-Type"] == got["Content-Type"]
    assert Client().head("/api/v1/status/?x=1").status_code == 400


# --- Bodies and headers --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "body",
    [
        b"\x00",
        b"<a>\x00</a>",
        b"\x00" * 100_000,
        b"<?xml version='1.0'?>",
        b"%00",
        b" ",
        b"<a/>",
        b"<a></a>",
        b'<?xml version="1.0"?><a/>',
        b'<a xmlns="urn:kpr:arsmelding:1.0"/>',
        b"<a/>" * 30_000,
        b"<a>" * 60,
        b"<",
        b"</a>",
    ],
)
def test_a_body_that_is_no_message(oslo: Api, body: bytes) -> None:
    told = problem(oslo.post(body), 400)
    assert told["errors"] or told["code"] in {"encoding", "empty"}


def test_headers_with_anything_in_them(oslo: Api) -> None:
    for header in (
        "Accept",
        "Accept-Language",
        "Authorization",
        "Content-Encoding",
        "Idempotency-Key",
        "If-None-Match",
        "Host",
        "Cookie",
    ):
        for value in ("\x00", "a\x00b", "ÿ", "x" * 5000, ",;=", "Bearer \x00"):
            client = Client(headers={header: value})
            for answer in (
                client.get("/api/v1/status/"),
                client.get("/api/v1/aggregates/nutrition-assessed-institution/"),
                client.post("/api/v1/submissions/", b"<a/>", content_type="application/xml"),
            ):
                assert answer.status_code < 500, (header, value)
                if answer.status_code >= 400:
                    problem(answer, answer.status_code)


def test_a_host_that_is_not_ours() -> None:
    assert (
        problem(Client(headers={"Host": "elsewhere.example"}).get("/api/v1/status/"), 400)["code"] == "request-invalid"
    )


@pytest.mark.parametrize("route", ["/status/", "/submissions/1/", "/docs/", "/schema/"])
def test_what_cannot_be_accepted(oslo: Api, route: str) -> None:
    assert problem(oslo.get(route, Accept="image/png"), 406)["code"] == "not-acceptable"


@pytest.mark.parametrize("accept", ["application/json; charset=utf-8", "application/*;q=0.1", "text/html, */*;q=0.8"])
def test_what_can_be_accepted(oslo: Api, accept: str) -> None:
    answer = oslo.get("/status/", Accept=accept)
    assert (answer.status_code, answer["Content-Type"]) == (200, "application/json")


def test_no_token_an_unknown_one_and_one_without_the_scope() -> None:
    for answer, status, code in (
        (Api("").get("/submissions/1/"), 401, "token-missing"),
        (Api("wrong").get("/submissions/1/"), 401, "token-unknown"),
        (Api("wrong").get("/status/"), 401, "token-unknown"),
        (Api("wrong").get("/checks/"), 401, "token-unknown"),
        (Api(token("aggregates", municipality="0301")).get("/submissions/1/"), 403, "scope-missing"),
    ):
        assert problem(answer, status)["code"] == code
        assert answer.has_header("WWW-Authenticate") == (status == 401)


# --- Faults of ours ------------------------------------------------------------------------------------------


def test_our_own_fault_is_a_problem_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(api, "_status", lambda *_: 1 / 0)
    told = problem(fault(Client(), "/api/v1/status/"), 500)
    assert told["code"] == "fault"
    assert "division" not in str(told)


def test_a_database_that_is_away_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def away(*_: object) -> None:
        raise OperationalError("server closed the connection unexpectedly")

    monkeypatch.setattr(api, "_status", away)
    answer = fault(Client(), "/api/v1/status/")
    assert problem(answer, 503)["code"] == "unavailable"
    assert answer["Retry-After"]


@pytest.mark.parametrize(("error", "status"), [(ZeroDivisionError, 500), (OperationalError, 503)])
def test_a_fault_on_the_way_to_the_view(monkeypatch: pytest.MonkeyPatch, error: type[Exception], status: int) -> None:
    def broken(*_: object) -> None:
        raise error("x")

    monkeypatch.setattr("municipalities.middleware.Access.for_token", broken)
    problem(fault(Client(), "/api/v1/status/", Authorization="Bearer x"), status)


def test_pages_stay_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    assert Client().get("/finnes-ikke/")["Content-Type"].startswith("text/html")
    monkeypatch.setattr("kpr_portal.home.render", lambda *_, **__: 1 / 0)
    answer = fault(Client(), "/")
    assert (answer.status_code, answer["Content-Type"].partition(";")[0]) == (500, "text/html")


# --- Languages -----------------------------------------------------------------------------------------------


def refused(language: str, secret: str) -> dict[str, dict[str, Any]]:
    """One refusal of each kind, by its code."""
    client = Client(headers={"Accept-Language": language})
    own = Client(headers={"Accept-Language": language, "Authorization": f"Bearer {secret}"})
    path = "/api/v1/submissions/"
    xml = {"content_type": "application/xml"}
    own.post(path, message(persons=people(9)), **xml)
    answers = [
        client.get("/api/v1/nothing/"),
        client.put("/api/v1/status/"),
        client.get("/api/v1/status/?x=1"),
        client.get("/api/v1/publications/1/?x=1"),
        client.get("/api/v1/status/?year=1"),
        client.get("/api/v1/status/?year=2023&year=2023"),
        client.get("/api/v1/status/?municipality=9999"),
        client.get("/api/v1/status/?page=99"),
        client.get("/api/v1/status/", headers={"Accept": "image/png"}),
        client.get("/api/v1/status/", headers={"Authorization": "Bearer x"}),
        client.get("/api/v1/status/", headers={"Host": "x.example"}),
        client.get("/api/v1/submissions/1/"),
        own.get("/api/v1/submissions/999999/"),
        client.get("/api/v1/aggregates/nothing/"),
        client.get("/api/v1/codelists/nothing/"),
        client.get("/api/v1/publications/99/"),
        client.get("/api/v1/aggregates/nutrition-assessed-institution/?area=9999"),
        client.get("/api/v1/aggregates/nutrition-assessed-institution/?format=json-stat"),
        own.post(path, b"{}", content_type="application/json"),
        own.post(path, b"<a/>", headers={"Content-Encoding": "br"}, **xml),
        own.post(path, b"<a/>", headers={"Idempotency-Key": ""}, **xml),
        own.post(path, {"file": "x"}),
        own.post(path, {"x": "x"}),
        own.post(path, b"", **xml),
        own.post(path, message("1103"), **xml),
        own.post(path, message(persons=people(9)), **xml),
    ]
    return {answer.json()["code"]: answer.json() for answer in answers}


def test_every_refusal_is_told_in_the_language_of_its_reader() -> None:
    secret = token("submit", "findings", municipality="0301")
    problem_of = {language: refused(language, secret) for language in LANGUAGES}
    codes = set(problem_of["nb"])
    assert len(codes) >= 24 and all(set(told) == codes for told in problem_of.values())
    for code in codes:
        sentences = {problem_of[language][code]["detail"] for language in LANGUAGES}
        assert len(sentences) == 3, (code, sentences)


def test_nothing_was_taken_in_by_what_was_refused() -> None:
    secret = token("submit", "findings", municipality="0301")
    refused("en", secret)
    assert set(Submission.objects.values_list("status", flat=True)) <= {"rejected", "received"}


# --- The pages that describe it ------------------------------------------------------------------------------


def test_the_description_comes_in_both_formats() -> None:
    assert Client().get("/api/v1/schema/")["Content-Type"].startswith("application/vnd.oai.openapi")
    assert Client().get("/api/v1/schema/?format=json").json()["openapi"].startswith("3.")
    assert Client().get("/api/v1/schema/", headers={"Accept": "application/json"}).json()["openapi"]
    problem(Client().get("/api/v1/schema/?format=xml"), 400)


def test_the_documentation_page_asks_for_its_own_script() -> None:
    page = Client().get("/api/v1/docs/")
    assert (page.status_code, "style-src 'self' 'unsafe-inline'" in page["Content-Security-Policy"]) == (200, True)
    assert "/api/v1/docs/?script=" in page.content.decode()
    script = Client().get("/api/v1/docs/?script=")
    assert (script.status_code, script["Content-Type"].partition(";")[0]) == (200, "application/javascript")
    assert "/api/v1/schema/" in script.content.decode()
    problem(Client().get("/api/v1/docs/?script=x"), 400)
