"""Open figures for machine clients: the aggregates in four formats, the catalogue, the code lists and the publications.

Everybody may read all of it, without a token.
"""

from __future__ import annotations

import hashlib
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils.cache import patch_cache_control, patch_vary_headers
from django.utils.http import http_date
from django.utils.translation import gettext as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.reverse import reverse

from indicators.definitions import BY_CODE, INDICATORS
from indicators.indicator import Indicator
from municipalities.api import ListView, LongPages, RestView
from municipalities.negotiation import AlwaysTheFirst
from municipalities.parameters import Header
from municipalities.problems import Problem
from publications import selectors
from publications.api_schemas import (
    AggregatesSerializer,
    CodeListSerializer,
    CodeSerializer,
    IndicatorSerializer,
    PublicationSerializer,
)
from publications.codelists import MEANINGS, NOTES, PUBLIC_LEVELS, SIGNS, areas
from publications.formats import jsonstat, listing, table, workbook
from publications.formats.extract import Extract
from publications.query import CSV, JSON, JSON_STAT, MEDIA_TYPES, PARAMETERS, XLSX, Query, read
from publications.selectors import Release

# Seconds: what is new is seen so soon; a named publication never changes.
FRESH, FRESH_FOR_EVER = 300, 24 * 60 * 60
MEDIA_TYPE_OF = {name: media_type for media_type, name in reversed(MEDIA_TYPES.items())}
FILES = (CSV, XLSX)
RENDERERS = {JSON_STAT: jsonstat.render, CSV: table.render, XLSX: workbook.render}


def absent(code: str, detail: str) -> Problem:
    return Problem(404, code, detail)


class AggregatesView(RestView):
    content_negotiation_class = AlwaysTheFirst
    parameters = PARAMETERS
    headers_understood = (Header("If-None-Match", "An ETag of ours."), Header("If-Modified-Since", "A date of HTTP."))
    refusals = {
        404: "No such indicator, publication or page; a withheld publication is not there. Or no figures for a JSON-stat cube.",
    }

    @extend_schema(
        operation_id="aggregates",
        summary="Published figures of one indicator, with 95 % Wilson intervals",
        description="Empty while nothing is published (404 as JSON-stat, whose cubes cannot be empty). Several values of year, level "
        "and area are separated by commas, or the parameter is repeated. page and page_size are of json only. Answers carry ETag "
        "and Last-Modified; If-None-Match and If-Modified-Since are honoured.",
        responses={
            (200, MEDIA_TYPE_OF["json"]): AggregatesSerializer,
            (200, MEDIA_TYPE_OF["json-stat"]): OpenApiResponse(
                OpenApiTypes.OBJECT, description="JSON-stat 2.0 dataset"
            ),
            (200, MEDIA_TYPE_OF["csv"]): OpenApiTypes.STR,
            (200, MEDIA_TYPE_OF["xlsx"]): OpenApiTypes.BINARY,
            304: OpenApiResponse(description="Not changed since the answer that the client has."),
        },
    )
    def get(self, request: Request, indicator: str) -> HttpResponse:
        if indicator not in BY_CODE:
            raise absent("indicator-unknown", _("Indikatoren finnes ikke. Se /api/v1/indicators/ for kodene."))
        plain: HttpRequest = request._request
        query = read(self.asked, plain.META.get("HTTP_ACCEPT", ""))
        release = _release(query)
        extract = _extract(BY_CODE[indicator], query, release)
        return _response(extract, query, _render(extract, query, plain.build_absolute_uri(plain.path)))


def _release(query: Query) -> Release | None:
    if query.publication is None:
        return selectors.newest()
    release = selectors.numbered(query.publication)
    if release is None:
        raise _no_publication()
    return release


def _no_publication() -> Problem:
    return absent("publication-unknown", _("Utgaven finnes ikke. Se /api/v1/publications/ for dem som finnes."))


def _extract(indicator: Indicator, query: Query, release: Release | None) -> Extract:
    # Plain JSON tells no names.
    named = areas(query.areas) if query.areas or query.format != JSON else {}
    if unknown := [area for area in query.areas if area not in named]:
        detail = _("Området %(code)s finnes ikke. Numrene står i /api/v1/codelists/areas/.") % {"code": unknown[0]}
        raise Problem(400, "area-unknown", detail, parameter="area")
    return Extract(
        indicator=indicator,
        release=release,
        tables=selectors.tables(release, indicator.code, query.years),
        areas=named,
        wanted_areas=frozenset(query.areas),
        wanted_levels=frozenset(query.levels),
    )


def _render(extract: Extract, query: Query, address: str) -> bytes:
    renderer = RENDERERS.get(query.format)
    return renderer(extract) if renderer else listing.render(extract, query, address)


def _response(extract: Extract, query: Query, content: bytes) -> HttpResponse:
    """304 and the keeping of answers are `publications.response_cache`'s."""
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


class LongListView(ListView):
    pagination_class = LongPages


class IndicatorsView(LongListView):
    """The catalogue, in the language of Accept-Language (nb, nn or en)."""

    @extend_schema(
        operation_id="indicators",
        summary="All indicators: what they count, why, and what they cannot tell",
        responses={200: IndicatorSerializer(many=True)},
    )
    def get(self, request: Request) -> Response:
        return self.paged(IndicatorSerializer(self.page(INDICATORS), many=True).data)


# --- Code lists ----------------------------------------------------------------------------------------------


def _areas() -> list[dict[str, Any]]:
    return [vars(area) for area in areas().values()]


def _levels() -> list[dict[str, Any]]:
    return [{"code": level.value, "name": level.label} for level in PUBLIC_LEVELS]


def _signs() -> list[dict[str, Any]]:
    return [{"code": sign, "name": MEANINGS[sign], "status": status} for status, sign in SIGNS.items()]


def _notes() -> list[dict[str, Any]]:
    return [{"code": note, "name": meaning} for note, meaning in NOTES.items()]


def _years() -> list[dict[str, Any]]:
    return [{"code": str(year), "name": str(year)} for year in selectors.years(selectors.newest())]


CODE_LISTS = {
    "areas": (_areas, "The nation, counties and municipality numbers through time, with the data years of each"),
    "levels": (_levels, "What kind of area a figure is of"),
    "signs": (_signs, "Statistics Norway's signs for what is missing, by the status that they stand for"),
    "notes": (_notes, "Why a figure is suppressed"),
    "years": (_years, "The years that the newest publication holds"),
}


class CodeListsView(LongListView):
    @extend_schema(
        operation_id="codelists",
        summary="Which code lists there are",
        responses={200: CodeListSerializer(many=True)},
    )
    def get(self, request: Request) -> Response:
        lists = [
            {"code": name, "description": text, "url": reverse("api-codelist", [name], request=request)}
            for name, (_codes, text) in CODE_LISTS.items()
        ]
        return self.paged(self.page(lists))


class CodeListView(LongListView):
    @extend_schema(
        operation_id="codelist",
        summary="One code list, with names in the language of Accept-Language",
        parameters=[OpenApiParameter("name", str, OpenApiParameter.PATH, enum=list(CODE_LISTS))],
        responses={200: CodeSerializer(many=True)},
    )
    def get(self, request: Request, name: str) -> Response:
        if name not in CODE_LISTS:
            told = {"lists": ", ".join(CODE_LISTS)}
            raise absent("codelist-unknown", _("Kodelisten finnes ikke. De som finnes, er %(lists)s.") % told)
        codes, _description = CODE_LISTS[name]
        return self.paged(self.page(codes()))


# --- Publications --------------------------------------------------------------------------------------------


class PublicationsView(LongListView):
    @extend_schema(
        operation_id="publications",
        summary="The released publications, newest first: what changed in each and why",
        responses={200: PublicationSerializer(many=True)},
    )
    def get(self, request: Request) -> Response:
        return self.paged(PublicationSerializer(self.page(selectors.released()), many=True).data)


class PublicationView(RestView):
    @extend_schema(
        operation_id="publication",
        summary="One released publication",
        responses={200: PublicationSerializer},
    )
    def get(self, request: Request, number: int) -> Response:
        publication = selectors.released().filter(number=number).first()
        if publication is None:
            raise _no_publication()
        return Response(PublicationSerializer(publication).data)
