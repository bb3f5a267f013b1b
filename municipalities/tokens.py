"""Who calls the API: bearer tokens and their scopes."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _
from rest_framework.authentication import BaseAuthentication
from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from municipalities import problems
from municipalities.access import Access
from municipalities.models import Scope
from municipalities.problems import CHALLENGE, Problem


class TokenAuthentication(BaseAuthentication):
    """Reads what the middleware found. A browser session does not count here: the API is for tokens. One that is sent must be
    right, where none is needed too, so that nobody believes to call as somebody."""

    def authenticate(self, request: Request) -> tuple[Access, None] | None:
        access: Access | None = request._request.access  # type: ignore[attr-defined]
        if access is None:
            raise problems.token_unknown()
        return (access, None) if access.token else None

    def authenticate_header(self, request: Request) -> str:
        return CHALLENGE


def access_of(request: Request) -> Access:
    """The access of the calling token."""
    if not isinstance(request.user, Access):
        raise problems.token_missing()
    return request.user


class NeedsScope(BasePermission):
    """Lets in tokens that hold one of the scopes that the view names in `scopes`; everybody where it names none."""

    def has_permission(self, request: Request, view: Any) -> bool:
        wanted: tuple[Scope, ...] = view.scopes
        if wanted and access_of(request).scopes.isdisjoint(wanted):
            told = {"scopes": ", ".join(wanted)}
            detail = _("Tokenet mangler tilgangen som trengs her (scope): %(scopes)s. Be registeret om den.") % told
            raise Problem(403, "scope-missing", detail)
        return True
