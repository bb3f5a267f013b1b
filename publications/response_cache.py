"""The response cache: a publication never changes, so what was once answered from it is kept whole, headers and all."""

from __future__ import annotations

import hashlib
from collections.abc import Callable

from django.core.cache import cache
from django.http import HttpRequest, HttpResponse
from django.utils.cache import get_conditional_response
from django.utils.http import parse_http_date_safe

from publications import selectors

ROUTE = "/api/v1/aggregates/"
# Seconds. A new publication is seen so late; each process asks the database no oftener.
RELEASE_SECONDS = 1
ANSWER_SECONDS = 24 * 60 * 60
# Who asks. Answers to those who say so are not kept and not taken from what was.
CREDENTIALS = ("HTTP_AUTHORIZATION", "HTTP_COOKIE")
# All else that an answer depends on; links to other pages begin with the host.
KEY_HEADERS = ("HTTP_HOST", "PATH_INFO", "QUERY_STRING", "HTTP_ACCEPT", "HTTP_ACCEPT_LANGUAGE", "HTTP_ACCEPT_ENCODING")


class ResponseCache:
    """The outermost middleware, for the route that is asked most: what was answered before is answered with the same bytes,
    without session, transaction, view or query. All else takes the ordinary way, and what comes back is kept.

    No right is passed by: kept are only answers to requests that carry neither token nor cookie, and those take no part in
    anything that is not public. A token that is sent is judged on the ordinary way. The one question that is asked here, outside
    of the role that binds a request's queries, is which publication stands.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if not request.path_info.startswith(ROUTE) or request.method not in ("GET", "HEAD"):
            return self.get_response(request)
        return _unless_known(request, self._answer(request))

    def _answer(self, request: HttpRequest) -> HttpResponse:
        if any(request.META.get(header) for header in CREDENTIALS):
            return self.get_response(request)
        key = _key(request)
        kept: HttpResponse | None = cache.get(key)
        if kept is not None:
            return kept
        response = self.get_response(request)
        if response.status_code == 200:
            # There was no cookie; that the session was looked at on the way had no part in it.
            response["Vary"] = "Accept, Accept-Language, Accept-Encoding"
            cache.set(key, response, ANSWER_SECONDS)
        return response


def _key(request: HttpRequest) -> str:
    release = cache.get_or_set("newest-release", _newest, RELEASE_SECONDS)
    facts = repr((release, request.scheme, *(request.META.get(name) for name in KEY_HEADERS)))
    return hashlib.blake2b(facts.encode(), digest_size=16).hexdigest()


def _newest() -> int:
    """Its key in the database: never used twice, as a number might be where a database is set up anew."""
    release = selectors.newest()
    return release.pk if release else 0


def _unless_known(request: HttpRequest, response: HttpResponse) -> HttpResponse:
    """304 in its place when the client has it already."""
    if response.status_code != 200 or not any(header.startswith("HTTP_IF_") for header in request.META):
        return response
    modified = parse_http_date_safe(response.get("Last-Modified", ""))
    answer = get_conditional_response(request, response.get("ETag"), modified, response)
    assert answer is not None
    return answer
