"""What a client of the aggregates asks for: what may be asked is declared here, read strictly by `municipalities.parameters`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from municipalities import negotiation, parameters
from municipalities.api import LongPages
from municipalities.problems import Problem, not_acceptable
from publications.codelists import PUBLIC_LEVELS

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
LEVELS = tuple(level.value for level in PUBLIC_LEVELS)
# Without defaults: only one format has pages, and a client must not send what it does not mean.
PAGING = (
    parameters.number("page", largest=10**9, description="json only; the first if absent."),
    parameters.number(
        "page_size", largest=LongPages.max_page_size, description=f"json only; {LongPages.page_size} if absent."
    ),
)
PAGE_SIZE = LongPages.page_size
PARAMETERS = (
    parameters.year(description="All years if absent.", several=True),
    parameters.choice("level", LEVELS, description="All levels if absent.", several=True),
    parameters.text(
        "area",
        "0|[0-9]{2}|[0-9]{4}",
        expected=gettext_lazy("0 (hele landet), et fylkesnummer på to sifre eller et kommunenummer på fire"),
        description="0 (the nation), a county's or a municipality's number; all areas if absent. An area that never was is refused.",
        several=True,
    ),
    parameters.number("publication", largest=10**9, description="An older publication; the newest if absent."),
    parameters.choice("format", FORMATS, description="Goes before Accept."),
    *PAGING,
)


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


def read(asked: Mapping[str, Any], accept: str) -> Query:
    """The question that the values of the parameters and Accept ask.

    Raises:
        Problem: none of the formats is one that the client accepts, or pages are wanted of a format that has none.
    """
    chosen = asked["format"] or _accepted(accept)
    pages = [each.name for each in PAGING if asked[each.name] is not None]
    if chosen != JSON and pages:
        detail = _("Bare json er delt i sider; %(format)s har alle rader. Utelat page og page_size.") % {
            "format": chosen
        }
        raise Problem(400, "parameter-invalid", detail, parameter=pages[0])
    return Query(
        format=chosen,
        years=asked["year"],
        levels=asked["level"],
        areas=asked["area"],
        publication=asked["publication"],
        page=asked["page"] or 1,
        page_size=asked["page_size"] or PAGE_SIZE,
    )


def _accepted(accept: str) -> str:
    offered = tuple(MEDIA_TYPES)
    preferred = negotiation.preferred(accept, offered)
    if preferred is None:
        raise not_acceptable(offered)
    return MEDIA_TYPES[preferred]
