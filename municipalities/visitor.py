"""The address that a request comes from, also where it came through proxies."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse


class VisitorAddress:
    """Puts the visitor's address in REMOTE_ADDR, where everything after looks for it."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        request.META["REMOTE_ADDR"] = visitor_address(request, settings.BEHIND_PROXY)
        return self.get_response(request)


def visitor_address(request: HttpRequest, hops: int) -> str:
    """The address that the outermost of `hops` trusted proxies saw.

    Each proxy adds, at the end of X-Forwarded-For, the address that it was called from. So what stands further to the left
    than the trusted ones wrote is the visitor's own invention. Where fewer stand there than proxies are trusted, the
    request came past a proxy: then it is the caller's own address that counts.
    """
    caller = str(request.META.get("REMOTE_ADDR", ""))
    if not hops:
        return caller
    told = [part.strip() for part in request.META.get("HTTP_X_FORWARDED_FOR", "").split(",")]
    return (_address(told[-hops]) if len(told) >= hops else None) or caller


def _address(text: str) -> str | None:
    """Without the port that some proxies write."""
    bare = text[1:].partition("]")[0] if text.startswith("[") else text
    if bare.count(":") == 1:
        bare = bare.partition(":")[0]
    try:
        return str(ipaddress.ip_address(bare))
    except ValueError:
        return None


def network_of(address: str) -> str:
    """What one visitor can choose among: an IPv6 client has a /64 to itself."""
    try:
        known = ipaddress.ip_address(address)
    except ValueError:
        return address or "unknown"
    if isinstance(known, ipaddress.IPv6Address):
        if known.ipv4_mapped:
            return str(known.ipv4_mapped)
        return str(ipaddress.ip_network((known, 64), strict=False))
    return str(known)
