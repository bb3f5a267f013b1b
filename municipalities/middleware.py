"""Gives every request its Access, and runs it in one transaction of the database login that goes with it."""

from collections.abc import Callable

from django.contrib.auth import SESSION_KEY
from django.db import transaction
from django.http import HttpRequest, HttpResponse

from municipalities import database
from municipalities.access import ANONYMOUS, Access

NEEDS_NO_DATABASE = ("/healthz", "/readyz")
GetResponse = Callable[[HttpRequest], HttpResponse]


def bearer_token(request: HttpRequest) -> str | None:
    scheme, _, secret = request.headers.get("Authorization", "").partition(" ")
    return secret.strip() if scheme.lower() == "bearer" else None


class TransactionMiddleware:
    """Before all that asks the database: one transaction, which sees nothing of anybody until the request has shown whose it is.
    An answer of ours that is a fault (5xx) leaves nothing behind."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.path in NEEDS_NO_DATABASE:
            return self.get_response(request)
        return _in_transaction(database.WEB, self.get_response, request)


class AccessMiddleware:
    """Sets `request.access`. An unknown token leaves it None: the API answers 401, never as somebody else."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.path in NEEDS_NO_DATABASE:
            return self.get_response(request)
        access = _access(request)
        request.access = access  # type: ignore[attr-defined]
        if access and access.user:
            database.know(login=access.user.username)  # whose log of logins this is
        if access and access.municipalities is None:
            return _in_transaction(database.REGISTRY, self.get_response, request)
        whole, units = (access or ANONYMOUS).in_full, (access or ANONYMOUS).units
        if whole or units:
            database.see(whole, units)
        return self.get_response(request)


def _access(request: HttpRequest) -> Access | None:
    secret = bearer_token(request)
    if secret is not None:
        return Access.for_token(secret)
    if user := request.session.get(SESSION_KEY):
        database.know(user=user)
    return Access.for_user(request.user)


def _in_transaction(role: str, get_response: GetResponse, request: HttpRequest) -> HttpResponse:
    with database.transaction_as(role):
        response = get_response(request)
        if response.status_code >= 500:
            transaction.set_rollback(True)
        return response
