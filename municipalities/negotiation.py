"""Which media type a client prefers (RFC 9110, 12.5.1), with q-values and parameters."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from django.http.request import MediaType
from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.request import Request

from municipalities.problems import not_acceptable

# The answers are UTF-8, and a table has a header: a client that insists on anything else is told so.
UNDERSTOOD = {"charset": {"utf-8", "utf8", "*"}, "header": {"present"}}


def preferred(accept: str, offered: Sequence[str]) -> str | None:
    """The offered type that the client likes best, the first of equals; None when it takes none of them."""
    if not accept.strip():
        return offered[0]
    ranges = [MediaType(part.strip()) for part in accept.split(",") if part.strip()]
    liked = {offer: _quality(offer, ranges) for offer in offered}
    best = max(offered, key=lambda offer: liked[offer])
    return best if liked[best] > 0 else None


def _quality(offer: str, ranges: Sequence[MediaType]) -> float:
    """The q-value of the most specific range that takes the offer (0 where none does)."""
    main, _slash, sub = offer.partition("/")
    names = {("*", "*"): 0, (main, "*"): 1, (main, sub): 2}
    taking = [
        (names[key], media_range.quality)
        for media_range in ranges
        if (key := (media_range.main_type.lower(), media_range.sub_type.lower())) in names and _is_served(media_range)
    ]
    return max(taking, default=(0, 0.0))[1]


def _is_served(media_range: MediaType) -> bool:
    return all(
        str(value).lower() in UNDERSTOOD.get(name, {str(value).lower()})
        for name, value in media_range.range_params.items()
    )


class Negotiation(BaseContentNegotiation):
    """For views that answer in what their renderers make. The parser is the one of the body's media type."""

    def select_parser(self, request: Request, parsers: Iterable[Any]) -> Any:
        sent = MediaType(request.content_type)
        kind = f"{sent.main_type}/{sent.sub_type}".lower()
        return next((parser for parser in parsers if parser.media_type == kind), None)

    def select_renderer(
        self, request: Request, renderers: Iterable[Any], format_suffix: str | None = None
    ) -> tuple[Any, str]:
        by_type = {renderer.media_type: renderer for renderer in renderers}
        offered = tuple(by_type)
        chosen = preferred(request.META.get("HTTP_ACCEPT", ""), offered)
        if chosen is None:
            raise not_acceptable(offered)
        return by_type[chosen], chosen


class AlwaysTheFirst(Negotiation):
    """For views that choose the format themselves."""

    def select_renderer(
        self, request: Request, renderers: Iterable[Any], format_suffix: str | None = None
    ) -> tuple[Any, str]:
        first = next(iter(renderers))
        return first, first.media_type
