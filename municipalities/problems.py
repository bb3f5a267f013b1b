"""How the API tells that something was refused or went wrong: RFC 9457 problems, in the reader's language.

`code` is stable and for programs; `detail` is for people and says what was wrong and what to do. Nothing that was sent is
quoted, except the name of a parameter, header or form field.
"""

from __future__ import annotations

import http
import json
import re
from collections.abc import Mapping
from typing import Any

from django.core.exceptions import PermissionDenied, RequestDataTooBig, SuspiciousOperation
from django.http import Http404, HttpResponse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from rest_framework import exceptions

from municipalities.outages import Outage, outage

PROBLEM = "application/problem+json"
CHALLENGE = 'Bearer realm="KPR"'
LONGEST_NAME = 40
MANY_DIGITS = re.compile(r"\d{5,}")


class Problem(Exception):
    """A refusal. `members` go into the answer beside the standard ones; `headers` are those of HTTP."""

    def __init__(
        self, status: int, code: str, detail: str, headers: Mapping[str, str] | None = None, **members: Any
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.code = code
        self.detail = detail
        self.headers = headers or {}
        self.members = members


def answer(problem: Problem) -> HttpResponse:
    """The problem as JSON, whatever formats the address has otherwise."""
    body = {
        "type": "about:blank",
        "title": http.HTTPStatus(problem.status).phrase,
        "status": problem.status,
        "detail": problem.detail,
        "code": problem.code,
        **problem.members,
    }
    content = json.dumps(body, ensure_ascii=False, default=_text)
    return HttpResponse(content, status=problem.status, content_type=PROBLEM, headers=dict(problem.headers))


def _text(value: Any) -> str:
    if isinstance(value, Promise):
        return str(value)
    raise TypeError(f"{type(value).__name__} does not go into a problem")


def quoted(name: str) -> str:
    """The name of a parameter, header or field as it may be repeated in an answer: short, and never an identity number."""
    return MANY_DIGITS.sub("…", name[:LONGEST_NAME])


def not_found() -> Problem:
    return Problem(
        404, "not-found", _("Det finnes ikke noe på denne adressen, eller så har tokenet ikke tilgang til det.")
    )


def unknown_address() -> Problem:
    detail = _("Adressen finnes ikke i API-et. Alle adresser slutter med skråstrek; se /api/v1/docs/.")
    return Problem(404, "address-unknown", detail)


def bad_request() -> Problem:
    return Problem(400, "request-invalid", _("Forespørselen kan ikke leses. Kontroller adresse, hoder og innhold."))


def forbidden() -> Problem:
    return Problem(403, "forbidden", _("Tokenet har ikke lov til dette. Be registeret om et token som har det."))


def fault() -> Problem:
    detail = _("Noe gikk galt hos oss, og ingenting ble lagret. Prøv igjen senere, eller kontakt registeret.")
    return Problem(500, "fault", detail)


def of_outage(known: Outage) -> Problem:
    return Problem(known.status, known.code, str(known.sentence), {"Retry-After": str(known.retry_after)})


def of_error(error: BaseException | None) -> Problem | None:
    """What an exception tells a client; None where it is a fault of ours."""
    if isinstance(error, Problem):
        return error
    if isinstance(error, exceptions.APIException):
        return _of_framework(error)
    if isinstance(error, RequestDataTooBig):
        return _too_large()
    if known := outage(error):
        return of_outage(known)
    for kind, made in KINDS.items():
        if isinstance(error, kind):
            return made()
    return None


KINDS = {
    Http404: not_found,
    PermissionDenied: forbidden,
    SuspiciousOperation: bad_request,
}


def _too_large() -> Problem:
    return Problem(413, "too-large", _("Feltene i skjemaet er for store. Send meldingen som en fil."))


def _of_framework(error: exceptions.APIException) -> Problem:
    """What Django REST framework refuses by itself, in our words."""
    if isinstance(error, exceptions.NotAuthenticated):
        return token_missing()
    if isinstance(error, exceptions.MethodNotAllowed):
        detail = _("Metoden kan ikke brukes på denne adressen. Hodet Allow i svaret sier hvilke som kan.")
        return Problem(405, "method-not-allowed", detail)
    if isinstance(error, exceptions.UnsupportedMediaType):
        detail = _(
            "Innholdstypen tas ikke imot. Send meldingen som application/xml, eller i et skjema med feltet file."
        )
        return Problem(415, "media-type", detail)
    if isinstance(error, exceptions.NotAcceptable):
        return not_acceptable(())
    if isinstance(error, exceptions.NotFound):
        return not_found()
    return bad_request()


def token_missing() -> Problem:
    detail = _("Her trengs et token. Send hodet «Authorization: Bearer <token>».")
    return Problem(401, "token-missing", detail, {"WWW-Authenticate": CHALLENGE})


def token_unknown() -> Problem:
    detail = _("Tokenet er ukjent eller trukket tilbake. Be registeret om et nytt.")
    return Problem(401, "token-unknown", detail, {"WWW-Authenticate": f'{CHALLENGE}, error="invalid_token"'})


def not_acceptable(offered: tuple[str, ...]) -> Problem:
    detail = _("Accept utelukker alle formatene som finnes her. Send Accept med et av dem: %(formats)s.")
    return Problem(406, "not-acceptable", detail % {"formats": ", ".join(offered) or "application/json"})
