"""What a client of the aggregates asks for, read strictly: what is not understood is refused, never left out."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import urlencode

from django.http import HttpRequest, QueryDict
from rest_framework.exceptions import NotAcceptable, ParseError

from indicators.codelists import PUBLIC_LEVELS

JSON, JSON_STAT, CSV, XLSX = "json", "json-stat", "csv", "xlsx"
# The first is the answer to clients that take anything. JSON-stat has no registered type of its own: SSB and FHI, who choose
# the format in the address, call it application/json; a client that chooses by Accept needs another name for it.
MEDIA_TYPES = {
    "application/json": JSON,
    "application/json-stat+json": JSON_STAT,
    "application/vnd.json-stat+json": JSON_STAT,
    "text/csv": CSV,
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": XLSX,
}
FORMATS = tuple(dict.fromkeys(MEDIA_TYPES.values()))
PAGE_SIZE, LARGEST_PAGE = 1000, 10_000
PAGING = ("page", "page_size")
PARAMETERS = ("year", "level", "area", "publication", "format", *PAGING)
LEVELS = tuple(level.value for level in PUBLIC_LEVELS)
AREAS = "/api/v1/codelists/areas/"


@dataclass(frozen=True)
class Query:
    """One question in its canonical form: two addresses that ask the same give equal queries. Empty means all."""

    format: str = JSON
    years: tuple[int, ...] = ()
    levels: tuple[str, ...] = ()
    areas: tuple[str, ...] = ()
    publication: int | None = None
    page: int = 1
    page_size: int = PAGE_SIZE

    def address(self, page: int) -> str:
        """The query string that asks for another page of the same."""
        asked: dict[str, object] = {
            "year": ",".join(map(str, self.years)),
            "level": ",".join(self.levels),
            "area": ",".join(self.areas),
            "publication": self.publication or "",
            "page_size": self.page_size if self.page_size != PAGE_SIZE else "",
            "format": self.format,
            "page": page,
        }
        return urlencode({name: value for name, value in asked.items() if value != ""}, safe=",")


def read(request: HttpRequest) -> Query:
    """The question that a request's address and Accept ask.

    Raises:
        ParseError: a parameter is unknown or not valid; says which, and what to send instead.
        NotAcceptable: none of the formats is one that the client accepts.
    """
    given = request.GET
    if unknown := sorted(set(given) - set(PARAMETERS)):
        raise ParseError(f"There is no parameter «{unknown[0]}». Use {', '.join(PARAMETERS)}.")
    chosen = _format(request)
    if chosen != JSON and any(name in given for name in PAGING):
        raise ParseError(f"Only json is paged: {chosen} holds all rows. Leave out page and page_size.")
    return Query(
        format=chosen,
        years=tuple(map(int, _listed(given, "year", "[0-9]{4}", "four digits, for example 2023"))),
        levels=_listed(given, "level", "|".join(LEVELS), f"one of {', '.join(LEVELS)}"),
        areas=_listed(given, "area", "0|[0-9]{2}|[0-9]{4}", f"0, two digits or four digits, see {AREAS}"),
        publication=_number(given, "publication", 10**9),
        page=_number(given, "page", 10**9) or 1,
        page_size=_number(given, "page_size", LARGEST_PAGE) or PAGE_SIZE,
    )


def _format(request: HttpRequest) -> str:
    if named := request.GET.get("format"):
        if named not in FORMATS:
            raise ParseError(f"There is no format «{named}». Use one of {', '.join(FORMATS)}.")
        return named
    preferred = request.get_preferred_type(list(MEDIA_TYPES))
    if preferred is None:
        raise NotAcceptable(f"Send Accept with one of {', '.join(MEDIA_TYPES)}, or use ?format=.")
    return MEDIA_TYPES[preferred]


def _listed(given: QueryDict, name: str, pattern: str, what: str) -> tuple[str, ...]:
    """The values of a parameter that may be repeated, comma separated, or both."""
    values = {value.strip() for text in given.getlist(name) for value in text.split(",")} - {""}
    for value in sorted(values):
        if not re.fullmatch(pattern, value):
            raise ParseError(f"The parameter {name} must be {what}; «{value}» is not. Several are separated by commas.")
    return tuple(sorted(values))


def _number(given: QueryDict, name: str, largest: int) -> int | None:
    text = given.get(name, "")
    if not text:
        return None
    if not re.fullmatch("[0-9]{1,10}", text) or not 1 <= int(text) <= largest:
        raise ParseError(f"The parameter {name} must be a whole number from 1 to {largest}; «{text}» is not.")
    return int(text)
