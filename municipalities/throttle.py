"""Slows down whoever guesses names, passwords or tokens.

Failures are counted for each address, in Valkey, so that all web processes share the count; without it each process counts for
itself. From a number on, each failure doubles the time in which the address is not heard. The more failures there are in all,
the fewer one address may have. An address without failures of its own is always heard, so nobody is shut out by others.
What was right at this address before (a user, a token) is heard there also while the address is not.
"""

from __future__ import annotations

import hashlib
import logging
import math
import time
from collections.abc import Callable
from typing import Any, TypeVar

from django.core.cache import BaseCache, caches
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from redis.exceptions import RedisError

from municipalities.access import ANONYMOUS, digest
from municipalities.middleware import bearer_token
from municipalities.refusing import refuse
from municipalities.visitor import network_of

logger = logging.getLogger(__name__)
T = TypeVar("T")
# Failures in WINDOW seconds that one address may have in calm times, and never fewer than so many.
ALLOWED, LEAST_ALLOWED = 20, 2
# Each such number of failures from everywhere halves what one address may have.
HALVED_BY = 100
WINDOW = 3600
# Seconds: the first time that an address is not heard, doubled with each failure after, up to the longest.
FIRST_WAIT, LONGEST_WAIT = 15, 3600
REMEMBERED = 7 * 24 * 3600
LOCKED_SECONDS = 15 * 60


def wait(request: HttpRequest, credential: str) -> int:
    """Seconds until the request's address is heard again with this credential; 0 when it is heard."""
    address = _address(request)
    until: float = _counting(lambda counts: counts.get(f"until {address}")) or 0
    seconds = math.ceil(until - time.time())
    if seconds <= 0 or _counting(lambda counts: counts.get(_known(address, credential))):
        return 0
    return seconds


def failed(request: HttpRequest) -> None:
    """Count a wrong name, password or token."""
    address = _address(request)
    own = _counting(lambda counts: _count(counts, f"failures {address}"))
    everybody = _counting(lambda counts: _count(counts, "failures"))
    excess = own - allowed(everybody)
    if excess >= 0:
        seconds = wait_after(excess)
        _counting(lambda counts: counts.set(f"until {address}", time.time() + seconds, seconds))
        logger.warning("%s failed attempts from one address; it is not heard for %s s", own, seconds)


def succeeded(request: HttpRequest, credential: str) -> None:
    """Remember what was right at this address."""
    key = _known(_address(request), credential)
    local = _Keyed(caches["throttle-local"])
    if not local.get(key):  # one question to Valkey an hour, not one for each request
        local.set(key, True, WINDOW)
        _counting(lambda counts: counts.set(key, True, REMEMBERED))


def allowed(everybody: int) -> int:
    """Failures that one address may have when there were so many from everywhere."""
    return max(LEAST_ALLOWED, ALLOWED >> (everybody // HALVED_BY))


def wait_after(excess: int) -> int:
    return min(LONGEST_WAIT, FIRST_WAIT * 2 ** min(excess, 20))


def _address(request: HttpRequest) -> str:
    return network_of(str(request.META.get("REMOTE_ADDR", "")))


def _known(address: str, credential: str) -> str:
    return f"known {hashlib.sha256(f'{address} {credential}'.encode()).hexdigest()}"


def _count(counts: BaseCache, key: str) -> int:
    counts.add(key, 0, WINDOW)
    try:
        return counts.incr(key)
    except ValueError:  # its time was up just now
        return 1


def _counting(act: Callable[..., T]) -> T:
    """In Valkey; in this process's memory while Valkey is away."""
    try:
        return act(_Keyed(caches["throttle"]))
    except (RedisError, OSError):
        return act(_Keyed(caches["throttle-local"]))


class _Keyed:
    """A cache whose keys may hold blanks and anything a visitor can send."""

    def __init__(self, cache: BaseCache) -> None:
        self.cache = cache

    def __getattr__(self, name: str) -> Any:
        method = getattr(self.cache, name)
        return lambda key, *rest: method(hashlib.blake2b(key.encode(), digest_size=16).hexdigest(), *rest)


class TokenThrottle:
    """Counts unknown bearer tokens, before anything looks for them."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        secret = bearer_token(request)
        if secret is None:
            return self.get_response(request)
        credential = f"token {digest(secret)}"
        if seconds := wait(request, credential):
            return too_many(request, seconds)
        response = self.get_response(request)
        access = getattr(request, "access", ANONYMOUS)
        if access is None:
            failed(request)
        elif access.token:
            succeeded(request, credential)
        return response


def locked_out(request: HttpRequest, *_args: Any, **_kwargs: Any) -> HttpResponse:
    """What axes answers when a name is locked at this address."""
    return too_many(request, LOCKED_SECONDS)


def too_many(request: HttpRequest, seconds: int) -> HttpResponse:
    """429 with Retry-After: a page, or a problem under /api/."""
    minutes = math.ceil(seconds / 60)
    if minutes == 1:
        detail = _("Det er gjort for mange feil forsøk herfra. Vent et minutt, og prøv igjen.")
    else:
        detail = _("Det er gjort for mange feil forsøk herfra. Vent %(minutes)s minutter, og prøv igjen.") % {
            "minutes": minutes
        }
    response = refuse(request, 429, "too-many-attempts", detail)
    response["Retry-After"] = str(seconds)
    return response
