"""What went wrong is told on pages of ours, in the reader's language, with what to do; and how guessing is counted."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from contextlib import closing
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied, SuspiciousOperation
from django.db.utils import OperationalError
from django.http import HttpRequest
from django.test import Client, RequestFactory, override_settings
from django.urls import path

from kpr_portal import urls
from kpr_portal.serving import BODY_SECONDS, HEADER_SECONDS, Request
from municipalities import throttle
from municipalities.visitor import network_of, visitor_address
from tests.portal_process import MANAGE, ROOT

pytestmark = pytest.mark.django_db
RAISED: dict[int, Exception] = {
    400: SuspiciousOperation(),
    403: PermissionDenied(),
    500: ZeroDivisionError(),
    503: OperationalError(),
}
HEADINGS = {
    400: ("Forespørselen er ikke gyldig", "Førespurnaden er ikkje gyldig", "The request is not valid"),
    403: ("Dette har du ikke lov til", "Dette har du ikkje lov til", "You are not allowed to do this"),
    404: ("Siden finnes ikke", "Sida finst ikkje", "There is no such page"),
    413: ("Det du sendte, er for stort", "Det du sende, er for stort", "What you sent is too large"),
    429: ("For mange forsøk", "For mange forsøk", "Too many attempts"),
    500: ("Noe gikk galt hos oss", "Noko gjekk gale hos oss", "Something went wrong on our side"),
    503: (
        "Portalen er ikke tilgjengelig akkurat nå",
        "Portalen er ikkje tilgjengeleg akkurat no",
        "The portal is not available right now",
    ),
}


def failing(_request: HttpRequest, status: int) -> None:
    raise RAISED[status]


class Failing:
    """The portal's addresses, and some that fail."""

    urlpatterns = [path("feil/<int:status>/", failing), path("api/v1/feil/<int:status>/", failing), *urls.urlpatterns]
    handler400, handler500 = urls.handler400, urls.handler500


def answer(status: int, client: Client, prefix: str = "/") -> Any:
    if status == 413:
        return client.post(f"{prefix if prefix != '/' else '/logg-inn/'}", b"x" * 100_000, content_type="text/plain")
    if status == 429:
        for n in range(throttle.ALLOWED):
            client.get("/api/v1/checks/", headers={"Authorization": f"Bearer {n}"})
        return client.get(prefix, headers={"Authorization": "Bearer x"})
    return client.get(f"{prefix}finnes-ikke/" if status == 404 else f"{prefix}feil/{status}/")


def stale_form(client: Client) -> Any:
    return client.post("/logg-inn/?next=/hjem/", {"username": "x", "password": "y"})


@pytest.mark.parametrize("number, language", list(enumerate(("nb", "nn", "en"))))
@pytest.mark.parametrize("status", HEADINGS)
def test_pages_of_what_went_wrong(status: int, number: int, language: str) -> None:
    client = Client(raise_request_exception=False)
    client.cookies["django_language"] = language
    with override_settings(ROOT_URLCONF=Failing):
        told = answer(status, client)
    page = told.content.decode()
    assert told.status_code == status
    assert re.search(rf"<h1[^>]*>{re.escape(HEADINGS[status][number])}</h1>", page)
    assert f'<html lang="{language}"' in page
    for landmark in ("<header", "<nav", "<main", "<footer"):
        assert page.count(landmark) == 1
    assert ("Retry-After" in told) == (status in (429, 503))


@pytest.mark.parametrize("status", (400, 500, 503))
def test_problems_under_the_api(status: int) -> None:
    with override_settings(ROOT_URLCONF=Failing):
        told = Client(raise_request_exception=False).get(f"/api/v1/feil/{status}/")
    assert told.status_code == status
    assert told["Content-Type"] == "application/problem+json"
    assert told.json()["status"] == status
    assert ("Retry-After" in told) == (status == 503)


@pytest.mark.parametrize(
    "language, heading, advice",
    [
        ("nb", "Siden har stått åpen for lenge", "Åpne siden på nytt"),
        ("nn", "Sida har stått open for lenge", "Opne sida på nytt"),
        ("en", "The page has been open for too long", "Open the page again"),
    ],
)
def test_a_stale_form_is_told_with_what_to_do(language: str, heading: str, advice: str) -> None:
    client = Client(enforce_csrf_checks=True)
    client.cookies["django_language"] = language
    told = stale_form(client)
    page = told.content.decode()
    assert told.status_code == 403
    assert heading in page
    assert f'<a class="ds-button" href="/logg-inn/?next=/hjem/">{advice}</a>' in page
    assert told["Cache-Control"] == "no-store"
    out = client.post("/logg-ut/")
    assert 'href="/logg-ut/">' not in out.content.decode()


# --- Addresses and counts ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "hops, told, expected",
    [
        (0, "203.0.113.1", "10.0.0.1"),
        (1, None, "10.0.0.1"),
        (1, "203.0.113.1", "203.0.113.1"),
        (1, "1.1.1.1, 203.0.113.1", "203.0.113.1"),
        (2, "1.1.1.1, 203.0.113.1, 10.0.0.2", "203.0.113.1"),
        (2, "203.0.113.1", "10.0.0.1"),
        (1, "203.0.113.1:4711", "203.0.113.1"),
        (1, "[2001:db8::1]:4711", "2001:db8::1"),
        (1, "2001:db8::1", "2001:db8::1"),
        (1, "unknown", "10.0.0.1"),
        (1, "'; DROP TABLE", "10.0.0.1"),
    ],
)
def test_only_trusted_proxies_say_where_one_comes_from(hops: int, told: str | None, expected: str) -> None:
    headers = {} if told is None else {"HTTP_X_FORWARDED_FOR": told}
    assert visitor_address(RequestFactory().get("/", REMOTE_ADDR="10.0.0.1", **headers), hops) == expected


def test_one_visitor_of_ipv6_is_one() -> None:
    assert network_of("2001:db8:1:2:3::4") == network_of("2001:db8:1:2:5::6") != network_of("2001:db8:1:3::4")
    assert network_of("::ffff:192.0.2.1") == "192.0.2.1"
    assert network_of("") == network_of("") != ""


@pytest.mark.parametrize("value", ["yes", "1.5", "-1", "", "to"])
def test_a_number_of_proxies_that_is_none_stops_the_start(value: str) -> None:
    environment = {**os.environ, "BEHIND_PROXY": value}
    done = subprocess.run([*MANAGE, "check"], cwd=ROOT, env=environment, capture_output=True, text=True)
    assert done.returncode
    assert f"BEHIND_PROXY is «{value}». Set it to a whole number" in done.stderr


def from_address(address: str) -> HttpRequest:
    return RequestFactory().get("/", REMOTE_ADDR=address)


def test_waiting_doubles_and_ends_somewhere() -> None:
    waits = [throttle.wait_after(excess) for excess in range(30)]
    assert waits[:4] == [15, 30, 60, 120]
    assert waits[-1] == throttle.LONGEST_WAIT


def test_the_more_fail_the_fewer_each_may_have() -> None:
    assert [throttle.allowed(n) for n in (0, 99, 100, 200, 100_000)] == [20, 20, 10, 5, 2]


def test_an_address_without_failures_is_heard_however_many_fail() -> None:
    for n in range(400):
        throttle.failed(from_address(f"198.51.{n // 200}.{n % 200}"))
    attacker, other = from_address("198.51.100.200"), from_address("192.0.2.1")
    throttle.failed(attacker)
    assert not throttle.wait(attacker, "user kari")
    throttle.failed(attacker)
    assert throttle.wait(attacker, "user kari")
    assert not throttle.wait(other, "user kari")


def test_what_was_right_here_is_heard_here_alone() -> None:
    here, there = from_address("192.0.2.1"), from_address("192.0.2.2")
    throttle.succeeded(here, "user kari")
    for request in (here, there):
        for _ in range(throttle.ALLOWED):
            throttle.failed(request)
    assert not throttle.wait(here, "user kari")
    assert throttle.wait(here, "user otto")
    assert throttle.wait(there, "user kari")


def test_senders_who_take_too_long_are_let_go() -> None:
    class Adjustments:
        max_request_header_size = 10_000
        max_request_body_size = sys.maxsize
        url_scheme, inbuf_overflow = "http", 10_000

    with closing(Request(Adjustments())) as request:
        request.received(b"POST / HTTP/1.1\r\n")
        assert not request.is_too_slow(request.began + HEADER_SECONDS - 1)
        assert request.is_too_slow(request.began + HEADER_SECONDS + 1)
        request.received(b"Content-Length: 1000000\r\n\r\n")
        assert not request.is_too_slow(request.began + BODY_SECONDS - 1)
        assert request.is_too_slow(request.began + BODY_SECONDS + 1)
        request.received(b"x" * 500_000)
        assert not request.is_too_slow(request.began + BODY_SECONDS + 1)
