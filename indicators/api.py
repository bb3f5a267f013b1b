"""Open figures for machine clients: the aggregates in four formats, the catalogue, the code lists and the publications.

Everybody may read all of it. A bearer token is not needed; one that is sent must be right (401 otherwise), so that nobody
believes to call as somebody.
"""

from __future__ import annotations

import hashlib
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils.cache import patch_cache_control, patch_vary_headers
from django.utils.http import http_date
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework.exceptions import NotFound, ParseError
from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from indicators import published
from indicators.api_schemas import (
    AggregatesSerializer,
    CodeListSerializer,
    CodeSerializer,
    IndicatorSerializer,
    PublicationSerializer,
)
from indicators.codelists import MEANINGS, PUBLIC_LEVELS, SIGNS, areas
from indicators.definitions import BY_CODE, INDICATORS
from indicators.formats import jsonstat, listing, table, workbook
from indicators.formats.extract import Extract
from indicators.indicator import Indicator
from indicators.published import Release
from indicators.query import (
    AREAS,
    CSV,
    FORMATS,
    JSON,
    JSON_STAT,
    LARGEST_PAGE,
    LEVELS,
    MEDIA_TYPES,
    PAGE_SIZE,
    XLSX,
    Query,
    read,
)
from municipalities.api import PROBLEM, Pages, ProblemSerializer

# Seconds: what is new is seen so soon; a named publication never changes.
FRESH, FRESH_FOR_EVER = 300, 24 * 60 * 60
MEDIA_TYPE_OF = {name: media_type for media_type, name in reversed(MEDIA_TYPES.items())}
FILES = (CSV, XLSX)
RENDERERS = {JSON_STAT: jsonstat.render, CSV: table.render, XLSX: workbook.render}


class LongPages(Pages):
    """A whole code list, or a whole indicator-year, on one page."""

    page_size = PAGE_SIZE
    max_page_size = LARGEST_PAGE


class AsTheViewDecides(BaseContentNegotiation):
    """Formats are the query's business; what DRF itself renders are problems, which are JSON."""

    def select_parser(self, request: Request, parsers: Any) -> Any:
        return parsers[0]

    def select_renderer(self, request: Request, renderers: Any, format_suffix: str | None = None) -> Any:
        return renderers[0], renderers[0].media_type


def refusals(**told: str) -> dict[Any, Any]:
    """The problems that a route may answer with, by status, for the description."""
    return {
        (int(status.removeprefix("s")), PROBLEM): OpenApiResponse(ProblemSerializer, description=text)
        for status, text in told.items()
    }


UNKNOWN_TOKEN = "A bearer token was sent, and it is unknown or revoked."  # noqa: S105


class AggregatesView(APIView):
    content_negotiation_class = AsTheViewDecides

    @extend_schema(
        operation_id="aggregates",
        summary="Published figures of one indicator, with 95 % Wilson intervals",
        description="Empty while nothing is published. Several values of year, level and area are separated by commas, or the "
        "parameter is repeated. Answers carry ETag and Last-Modified; If-None-Match and If-Modified-Since are honoured.",
        parameters=[
            OpenApiParameter(
                "year", str, description="Four digits, for example 2023 or 2022,2023. All years if absent."
            ),
            OpenApiParameter("level", str, enum=LEVELS, many=True, explode=False, description="All levels if absent."),
            OpenApiParameter(
                "area", str, description="0 (the nation), county or municipality number, 0301,1103 for several."
            ),
            OpenApiParameter("publication", int, description="An older released publication; the newest if absent."),
            OpenApiParameter("format", str, enum=FORMATS, description="Goes before Accept."),
            OpenApiParameter("page", int, description="json only."),
            OpenApiParameter(
                "page_size", int, description=f"json only; {PAGE_SIZE} if absent, at most {LARGEST_PAGE}."
            ),
            OpenApiParameter("Accept-Language", str, OpenApiParameter.HEADER, enum=["nb", "nn", "en"]),
            OpenApiParameter("If-None-Match", str, OpenApiParameter.HEADER),
            OpenApiParameter("If-Modified-Since", str, OpenApiParameter.HEADER),
        ],
        responses={
            (200, MEDIA_TYPE_OF["json"]): AggregatesSerializer,
            (200, MEDIA_TYPE_OF["json-stat"]): OpenApiResponse(
                OpenApiTypes.OBJECT, description="JSON-stat 2.0 dataset"
            ),
            (200, MEDIA_TYPE_OF["csv"]): OpenApiTypes.STR,
            (200, MEDIA_TYPE_OF["xlsx"]): OpenApiTypes.BINARY,
            304: OpenApiResponse(description="Not changed since the answer that the client has."),
            **refusals(
                s400="A parameter is unknown or not valid: the detail says which, and what to send instead.",
                s401=UNKNOWN_TOKEN,
                s404="No such indicator, publication or page. A withheld publication is not there.",
                s406="None of the formats is one that Accept allows.",
            ),
        },
        auth=[{}, {"token": []}],  # type: ignore[list-item]  # drf-spectacular takes requirement objects too
    )
    def get(self, request: Request, indicator: str) -> HttpResponse:
        if indicator not in BY_CODE:
            raise NotFound(f"There is no indicator «{indicator}». See /api/v1/indicators/ for the codes.")
        plain: HttpRequest = request._request
        query = read(plain)
        release = _release(query)
        extract = _extract(BY_CODE[indicator], query, release)
        return _response(extract, query, _render(extract, query, plain.build_absolute_uri(plain.path)))


def _release(query: Query) -> Release | None:
    if query.publication is None:
        return published.newest()
    release = published.numbered(query.publication)
    if release is None:
        raise NotFound(
            f"There is no publication {query.publication}. See /api/v1/publications/ for those that there are."
        )
    return release


def _extract(indicator: Indicator, query: Query, release: Release | None) -> Extract:
    # Plain JSON tells no names.
    named = areas(query.areas) if query.areas or query.format != JSON else {}
    if unknown := [area for area in query.areas if area not in named]:
        raise ParseError(f"There is no area {unknown[0]}. See {AREAS} for the numbers.")
    return Extract(
        indicator=indicator,
        release=release,
        tables=published.tables(release, indicator.code, query.years),
        areas=named,
        wanted_areas=frozenset(query.areas),
        wanted_levels=frozenset(query.levels),
    )


def _render(extract: Extract, query: Query, address: str) -> bytes:
    renderer = RENDERERS.get(query.format)
    return renderer(extract) if renderer else listing.render(extract, query, address)


def _response(extract: Extract, query: Query, content: bytes) -> HttpResponse:
    """304 and the keeping of answers are `indicators.ready`'s."""
    response = HttpResponse(content, content_type=_content_type(query.format))
    # Of the bytes themselves: two processes agree, and a portal of another version cannot pass off its bytes as these.
    response["ETag"] = f'"{hashlib.sha256(content).hexdigest()[:32]}"'
    if extract.released_at:
        response["Last-Modified"] = http_date(extract.released_at.timestamp())
    if query.format in FILES:
        number = f"-{extract.number}" if extract.number else ""
        name = f"{extract.indicator.code}{number}.{query.format}"
        response["Content-Disposition"] = f'attachment; filename="{name}"'
    patch_cache_control(response, public=True, max_age=FRESH_FOR_EVER if query.publication else FRESH)
    patch_vary_headers(response, ("Accept", "Accept-Language"))
    return response


def _content_type(name: str) -> str:
    return f"{MEDIA_TYPE_OF[name]}; charset=utf-8; header=present" if name == "csv" else MEDIA_TYPE_OF[name]


def _paged(view: APIView, request: Request, items: Any, serializer: Any = None) -> Response:
    pages = LongPages()
    page = pages.paginate_queryset(items, request, view=view)
    return pages.get_paginated_response(serializer(page, many=True).data if serializer else page)


PUBLIC: dict[str, Any] = {"auth": [{}, {"token": []}]}
PAGE = [OpenApiParameter("page", int), OpenApiParameter("page_size", int, description=f"At most {LARGEST_PAGE}.")]


class IndicatorsView(APIView):
    """The catalogue, in the language of Accept-Language (nb, nn or en)."""

    @extend_schema(
        operation_id="indicators",
        summary="All indicators: what they count, why, and what they cannot tell",
        parameters=PAGE,
        responses={200: IndicatorSerializer(many=True), **refusals(s401=UNKNOWN_TOKEN)},
        **PUBLIC,
    )
    def get(self, request: Request) -> Response:
        return _paged(self, request, INDICATORS, IndicatorSerializer)


# --- Code lists ----------------------------------------------------------------------------------------------


def _areas() -> list[dict[str, Any]]:
    return [vars(area) for area in areas().values()]


def _levels() -> list[dict[str, Any]]:
    return [{"code": level.value, "name": level.label} for level in PUBLIC_LEVELS]


def _signs() -> list[dict[str, Any]]:
    return [{"code": sign, "name": MEANINGS[sign], "status": status} for status, sign in SIGNS.items()]


def _years() -> list[dict[str, Any]]:
    return [{"code": str(year), "name": str(year)} for year in published.years(published.newest())]


CODE_LISTS = {
    "areas": (_areas, "The nation, counties and municipality numbers through time, with the data years of each"),
    "levels": (_levels, "What kind of area a figure is of"),
    "signs": (_signs, "Statistics Norway's signs for what is missing, by the status that they stand for"),
    "years": (_years, "The years that the newest publication holds"),
}


class CodeListsView(APIView):
    @extend_schema(
        operation_id="codelists",
        summary="Which code lists there are",
        parameters=PAGE,
        responses={200: CodeListSerializer(many=True), **refusals(s401=UNKNOWN_TOKEN)},
        **PUBLIC,
    )
    def get(self, request: Request) -> Response:
        lists = [
            {"code": name, "description": text, "url": request.build_absolute_uri(f"{name}/")}
            for name, (_codes, text) in CODE_LISTS.items()
        ]
        return _paged(self, request, lists)


class CodeListView(APIView):
    @extend_schema(
        operation_id="codelist",
        summary="One code list, with names in the language of Accept-Language",
        parameters=[OpenApiParameter("name", str, OpenApiParameter.PATH, enum=list(CODE_LISTS)), *PAGE],
        responses={
            200: CodeSerializer(many=True),
            **refusals(s401=UNKNOWN_TOKEN, s404="No such code list."),
        },
        **PUBLIC,
    )
    def get(self, request: Request, name: str) -> Response:
        if name not in CODE_LISTS:
            raise NotFound(f"There is no code list «{name}». There are {', '.join(CODE_LISTS)}.")
        codes, _description = CODE_LISTS[name]
        return _paged(self, request, codes())


# --- Publications --------------------------------------------------------------------------------------------


class PublicationsView(APIView):
    @extend_schema(
        operation_id="publications",
        summary="The released publications, newest first: what changed in each and why",
        parameters=PAGE,
        responses={200: PublicationSerializer(many=True), **refusals(s401=UNKNOWN_TOKEN)},
        **PUBLIC,
    )
    def get(self, request: Request) -> Response:
        return _paged(self, request, published.released(), PublicationSerializer)


class PublicationView(APIView):
    @extend_schema(
        operation_id="publication",
        summary="One released publication",
        responses={
            200: PublicationSerializer,
            **refusals(s401=UNKNOWN_TOKEN, s404="No such publication, or it was withheld."),
        },
        **PUBLIC,
    )
    def get(self, request: Request, number: int) -> Response:
        publication = published.released().filter(number=number).first()
        if publication is None:
            raise NotFound(f"There is no publication {number}. See /api/v1/publications/ for those that there are.")
        return Response(PublicationSerializer(publication).data)
