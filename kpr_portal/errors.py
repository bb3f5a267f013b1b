"""What is answered when no view answers: a page for people, a problem under /api/."""

from __future__ import annotations

import sys
from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.views import defaults

from municipalities import problems
from municipalities.problems import Problem

API = "/api/"


def handler(made: Callable[[], Problem], page: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    def handle(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
        if request.path_info.startswith(API):
            return problems.answer(problems.of_error(exception or sys.exc_info()[1]) or made())
        return page(request, exception) if exception else page(request)

    return handle


bad_request = handler(problems.bad_request, defaults.bad_request)
forbidden = handler(problems.forbidden, defaults.permission_denied)
not_found = handler(problems.unknown_address, defaults.page_not_found)
server_error = handler(problems.fault, defaults.server_error)
