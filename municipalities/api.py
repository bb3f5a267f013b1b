"""What every REST view shares: who calls, how lists are paged, how errors are told (RFC 9457)."""

from __future__ import annotations

import http
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import Http404
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework import exceptions, serializers
from rest_framework.authentication import BaseAuthentication
from rest_framework.pagination import PageNumberPagination
from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.response import Response

from municipalities.access import Access
from municipalities.models import Scope

PROBLEM = "application/problem+json"


class TokenAuthentication(BaseAuthentication):
    """Reads what the middleware found. A browser session does not count here: the API is for tokens."""

    def authenticate(self, request: Request) -> tuple[Access, None] | None:
        access: Access | None = request._request.access  # type: ignore[attr-defined]
        if access is None:
            raise exceptions.AuthenticationFailed(
                "The bearer token is unknown or revoked. Ask the registry for a new one."
            )
        return (access, None) if access.token else None

    def authenticate_header(self, request: Request) -> str:
        return 'Bearer realm="KPR"'


class TokenScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    target_class = TokenAuthentication
    name = "token"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        return {"type": "http", "scheme": "bearer"}


def access_of(request: Request) -> Access:
    """The access of the calling token."""
    if not isinstance(request.user, Access):
        raise exceptions.NotAuthenticated("Send «Authorization: Bearer <token>».")
    return request.user


class NeedsScope(BasePermission):
    """Lets in tokens that hold one of the scopes that the view names in `scopes`."""

    def has_permission(self, request: Request, view: Any) -> bool:
        wanted: tuple[Scope, ...] = view.scopes
        held = access_of(request).scopes
        if held.isdisjoint(wanted):
            raise exceptions.PermissionDenied(f"The token lacks the scope {' or '.join(wanted)}.")
        return True


class Pages(PageNumberPagination):
    page_size_query_param = "page_size"
    max_page_size = 1000


class ErrorSerializer(serializers.Serializer[Any]):
    line = serializers.IntegerField()
    column = serializers.IntegerField()
    path = serializers.CharField()
    code = serializers.CharField()
    message = serializers.CharField()


class ProblemSerializer(serializers.Serializer[Any]):
    """RFC 9457 problem details."""

    type = serializers.CharField()
    title = serializers.CharField()
    status = serializers.IntegerField()
    detail = serializers.CharField()
    code = serializers.CharField(required=False)
    errors = ErrorSerializer(many=True, required=False)  # type: ignore[assignment]  # RFC 9457's name
    first = serializers.IntegerField(required=False)
    submission = serializers.IntegerField(required=False)


def problem(status: int, detail: str, **members: Any) -> Response:
    """An RFC 9457 answer. `detail` says what was wrong and what to do."""
    body = {
        "type": "about:blank",
        "title": http.HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
        **members,
    }
    return Response(body, status=status, content_type=PROBLEM)


def problem_handler(error: Exception, context: dict[str, Any]) -> Response | None:
    if isinstance(error, Http404):
        return problem(404, "There is no such resource, or the token may not see it.")
    if isinstance(error, PermissionDenied):
        return problem(403, "The token may not do this.")
    if not isinstance(error, exceptions.APIException):
        return None
    detail = error.detail if isinstance(error.detail, str) else "The request is not valid."
    members = {} if isinstance(error.detail, str) else {"errors": error.detail}
    response = problem(error.status_code, detail, **members)
    if isinstance(error, exceptions.NotAuthenticated | exceptions.AuthenticationFailed):
        response["WWW-Authenticate"] = 'Bearer realm="KPR"'
        response.status_code = 401
    return response
