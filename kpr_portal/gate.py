"""Who may send a body, and how large: decided from the headers, before anything reads it."""

from __future__ import annotations

import errno
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.core.files.uploadhandler import FileUploadHandler, SkipFile
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _

from kpr_portal.errors import too_large
from kpr_portal.permit import BODIES_OF_ONE_SENDER, PERMIT, SMALL_BODY, Permit
from municipalities.access import ANONYMOUS, Access
from municipalities.models import Scope
from municipalities.refusing import refuse

# Routes that take in messages, by name. All others take forms.
BY_WEB, BY_API = "submission-new", "api-submissions"
# Bytes. Around a message in a form: boundaries, the other fields.
ENVELOPE = 64 * 1024
BUSY_SECONDS = 30


class NoFiles(FileUploadHandler):
    """Passes the files of a form over, unread."""

    def new_file(self, *_args: Any, **_kwargs: Any) -> None:
        raise SkipFile

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        raise NotImplementedError

    def file_complete(self, file_size: int) -> None:
        raise NotImplementedError


class Gate:
    """Stands before the CSRF check, which is the first to read a form.

    A message's route is answered by its view at once when the sender may not use it: the view refuses before it reads. Forms
    are limited, and files are taken from those who are logged in only.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(
        self, request: HttpRequest, view: Callable[..., HttpResponse], args: Any, kwargs: Any
    ) -> HttpResponse | None:
        if not _has_body(request):
            return None
        access: Access | None = getattr(request, "access", ANONYMOUS)
        route = request.resolver_match.view_name if request.resolver_match else ""
        if route in (BY_WEB, BY_API) and not _may_send(route, access, kwargs):
            return view(request, *args, **kwargs)
        limit = _limit(route, access)
        if _size(request) > limit:
            return too_large(request, limit)
        if access is None or access.is_anonymous:
            request.upload_handlers = [NoFiles(request)]
        return _permitted(request, access, limit)


def _may_send(route: str, access: Access | None, kwargs: dict[str, Any]) -> bool:
    if access is None:
        return False
    if route == BY_API:
        return access.token is not None and Scope.SUBMIT in access.scopes
    return access.user is not None and access.may_submit_for(kwargs["code"])


def _limit(route: str, access: Access | None) -> int:
    """Bytes of body that may come."""
    if route in (BY_WEB, BY_API):
        return settings.KPR_MAX_MESSAGE_BYTES + ENVELOPE
    return SMALL_BODY if access is None or access.is_anonymous else settings.DATA_UPLOAD_MAX_MEMORY_SIZE


def _permitted(request: HttpRequest, access: Access | None, limit: int) -> HttpResponse | None:
    """Where the web server only asks, it is told; otherwise the request goes on.

    Raises:
        OSError: the server had no room for what came; told as any full disk is.
    """
    permit: Permit | None = request.META.get(PERMIT)
    if permit is None:
        return None
    if permit.no_room:
        raise OSError(errno.ENOSPC, "no room for the body of a request")
    sender = access.name if access else ""
    if sender and permit.is_busy(sender):
        return _busy(request)
    permit.bytes, permit.sender = limit, sender
    return HttpResponse(status=204)


def _busy(request: HttpRequest) -> HttpResponse:
    detail = _("Du sender allerede %(count)s filer samtidig. Vent til en av dem er ferdig, og send denne på nytt.")
    response = refuse(request, 429, "too-many-at-once", detail % {"count": BODIES_OF_ONE_SENDER})
    response["Retry-After"] = str(BUSY_SECONDS)
    return response


def _has_body(request: HttpRequest) -> bool:
    return _size(request) > 0 or bool(request.META.get("HTTP_TRANSFER_ENCODING"))


def _size(request: HttpRequest) -> int:
    text = request.META.get("CONTENT_LENGTH") or "0"
    return int(text) if text.isdecimal() else 0
