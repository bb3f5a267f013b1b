"""Gives every request its Access, and runs it in one transaction under the database role that goes with it."""

from collections.abc import Callable

from django.db import transaction
from django.http import HttpRequest, HttpResponse

from municipalities.access import ANONYMOUS, Access, enter_database_role, leave_database_role

NEEDS_NO_DATABASE = ("/healthz", "/readyz")


def bearer_token(request: HttpRequest) -> str | None:
    scheme, _, secret = request.headers.get("Authorization", "").partition(" ")
    return secret.strip() if scheme.lower() == "bearer" else None


class AccessMiddleware:
    """Sets `request.access`. An unknown token leaves it None: the API answers 401, never as somebody else."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.path in NEEDS_NO_DATABASE:
            return self.get_response(request)
        with transaction.atomic():
            secret = bearer_token(request)
            access = Access.for_token(secret) if secret is not None else Access.for_user(request.user)
            request.access = access  # type: ignore[attr-defined]
            enter_database_role(access or ANONYMOUS)
            response = self.get_response(request)
            if response.status_code >= 500:
                transaction.set_rollback(True)
            else:
                leave_database_role()
            return response
