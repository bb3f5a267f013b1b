"""What is answered when no view answers: a page for people, a problem under /api/."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views import defaults

from municipalities import problems
from municipalities.access import ANONYMOUS
from municipalities.outages import Outage, outage
from municipalities.problems import Problem
from municipalities.refusing import API, refuse

MEGABYTE = 1024 * 1024


def handler(made: Callable[[], Problem], page: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    def handle(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
        if request.path_info.startswith(API):
            return problems.answer(problems.of_error(exception or sys.exc_info()[1]) or made())
        return page(request, exception) if exception else page(request)

    return handle


def _bad_request_page(_request: HttpRequest, _exception: Exception | None = None) -> HttpResponse:
    return _page_for_nobody(400)


def _fault_page(_request: HttpRequest) -> HttpResponse:
    """500; 503 where the database did not answer or took too long, 507 where a disk is full."""
    known = outage(sys.exc_info()[1])
    if known is None:
        return _page_for_nobody(500)
    return _page_for_nobody(known.status, known, **problems.of_outage(known).headers)


def _page_for_nobody(status: int, known: Outage | None = None, **headers: str) -> HttpResponse:
    """A page that asks the database for nothing, not even who is logged in: the database may be what failed."""
    context: dict[str, Any] = {
        "LANGUAGE_CODE": get_language(),
        "access": ANONYMOUS,
        "environment": settings.KPR_ENVIRONMENT,
        "outage": known,
    }
    content = render_to_string("503.html" if known else f"{status}.html", context)
    return HttpResponse(content, status=status, headers={"Cache-Control": "no-store", **headers})


bad_request = handler(problems.bad_request, _bad_request_page)
forbidden = handler(problems.forbidden, defaults.permission_denied)
not_found = handler(problems.unknown_address, defaults.page_not_found)
server_error = handler(problems.fault, _fault_page)


def too_large(request: HttpRequest, limit: int) -> HttpResponse:
    """More than may be sent to this address, or a file where none is taken."""
    if limit >= MEGABYTE:
        detail = _(
            "Det du sendte, er større enn %(mb)s MB, som er det meste portalen tar imot. Ingenting ble lagret. En årsmelding kan pakkes med gzip før den sendes."
        )
    else:
        detail = _("Denne siden tar ikke imot filer eller så mye tekst. Ingenting ble lagret.")
    return refuse(request, 413, "too-large", detail % {"mb": limit // MEGABYTE})


def stale_form(request: HttpRequest, reason: str = "") -> HttpResponse:
    """The token of a form did not fit: mostly a page that was open since before the last login."""
    route = request.resolver_match.view_name if request.resolver_match else ""
    context = {"again": "" if route == "logout" else request.get_full_path()}
    content = render_to_string("403_csrf.html", context, request)
    return HttpResponse(content, status=403, headers={"Cache-Control": "no-store"})
