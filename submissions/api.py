"""The REST door and the receipts."""

from __future__ import annotations

import io
from collections.abc import Mapping
from typing import Any, BinaryIO

from django.shortcuts import get_object_or_404
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework import serializers
from rest_framework.exceptions import UnsupportedMediaType
from rest_framework.parsers import BaseParser, MultiPartParser
from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.reverse import reverse
from rest_framework.views import APIView

from municipalities import calendar
from municipalities.access import visible
from municipalities.api import NeedsScope, Pages, ProblemSerializer, access_of, problem
from municipalities.models import Municipality, Scope
from submissions.models import Channel, Stage, Submission
from submissions.receive import receive
from submissions.refusals import Refusal, Repeat

TRUE = {"1", "true", "yes", "ja"}


class MessageParser(BaseParser):
    """Hands the body on as it comes, so that a large message is never held in memory."""

    media_type = "application/xml"

    def parse(self, stream: Any, media_type: str | None = None, parser_context: Any = None) -> Any:
        return stream


class TextMessageParser(MessageParser):
    media_type = "text/xml"


class GzipMessageParser(MessageParser):
    media_type = "application/gzip"


class ProgressSerializer(serializers.Serializer[Submission]):
    stage = serializers.ChoiceField(Stage.choices, help_text="waiting, reading, checking or finished")
    persons_read = serializers.IntegerField(source="persons")
    attempts = serializers.IntegerField()


class SubmissionSerializer(serializers.ModelSerializer[Submission]):
    municipality = serializers.CharField(source="municipality_id")
    supersedes = serializers.IntegerField(source="supersedes_id", allow_null=True)
    current = serializers.BooleanField(source="is_current")
    sender = serializers.SerializerMethodField()
    counts = serializers.SerializerMethodField()
    progress = ProgressSerializer(source="*")

    class Meta:
        model = Submission
        fields = [
            "id", "municipality", "year", "kind", "channel", "status", "dry_run", "received_at", "processed_at", "sha256",
            "sender", "counts", "current", "supersedes", "problem", "progress",
        ]  # fmt: skip

    def get_sender(self, s: Submission) -> dict[str, str]:
        return {
            "vendor": s.vendor,
            "system": s.system,
            "system_version": s.system_version,
            "extract_version": s.extract_version,
        }

    def get_counts(self, s: Submission) -> dict[str, int]:
        return {"persons": s.persons, "services": s.services, "events": s.events}


class SubmissionsView(APIView):
    permission_classes: list[type[BasePermission]] = [NeedsScope]
    parser_classes = [MessageParser, TextMessageParser, GzipMessageParser, MultiPartParser]
    scopes = (Scope.SUBMIT,)

    @extend_schema(
        operation_id="submit",
        summary="Send an annual message",
        request={
            "application/xml": OpenApiTypes.BINARY,
            "multipart/form-data": {"type": "object", "properties": {"file": {"type": "string", "format": "binary"}}},
        },
        parameters=[
            OpenApiParameter("dry_run", bool, description="A trial submission: shows everything, never counts."),
            OpenApiParameter("Idempotency-Key", str, OpenApiParameter.HEADER, description="Makes a retry harmless."),
        ],
        responses={
            202: SubmissionSerializer,
            **{
                code: OpenApiResponse(ProblemSerializer, description=text)
                for code, text in {
                    400: "Not well-formed or not valid: `errors` with line, column, path, code and message.",
                    401: "No token, or an unknown one.",
                    403: "The token may not submit for the municipality that the message names.",
                    409: "Byte for byte a message already received: `first` names it.",
                    411: "The length of the body is not told.",
                    413: "Over the limit, as received or unpacked.",
                    415: "Not a media type or encoding that is received.",
                    422: "The Idempotency-Key was used before, with another message.",
                }.items()
            },
        },
    )
    def post(self, request: Request) -> Response:
        if "chunked" in request.headers.get("Transfer-Encoding", "").lower():
            return problem(411, "Send the message with a Content-Length header.")
        access = access_of(request)
        try:
            submission = receive(
                channel=Channel.API,
                access=access,
                content=_content(request),
                municipality=access.home,
                dry_run=request.query_params.get("dry_run", "").lower() in TRUE,
                idempotency_key=request.headers.get("Idempotency-Key", "")[:255],
                gzipped=_gzipped(request),
            )
        except Refusal as refusal:
            return _refused(request, refusal)
        location = reverse("api-submission", [submission.pk], request=request)
        return Response(SubmissionSerializer(submission).data, status=202, headers={"Location": location})


def _content(request: Request) -> BinaryIO:
    data = request.data
    if not isinstance(data, Mapping):
        return data
    file: Any = data.get("file")
    return file.file if hasattr(file, "file") else io.BytesIO()


def _gzipped(request: Request) -> bool | None:
    encoding = request.headers.get("Content-Encoding", "identity").strip().lower()
    if encoding not in {"identity", "gzip", ""}:
        raise UnsupportedMediaType(encoding, "Content-Encoding must be gzip or absent.")
    return True if encoding == "gzip" else None


def _refused(request: Request, refusal: Refusal) -> Response:
    members: dict[str, Any] = {"code": refusal.code}
    if refusal.status == 400:
        members["errors"] = [error.as_dict() for error in refusal.errors]
    if isinstance(refusal, Repeat):
        members["first"] = refusal.first.pk
        members["first_url"] = reverse("api-submission", [refusal.first.pk], request=request)
    if refusal.submission:
        members["submission"] = refusal.submission.pk
    return problem(refusal.status, refusal.detail, **members)


class SubmissionView(APIView):
    permission_classes: list[type[BasePermission]] = [NeedsScope]
    scopes = (Scope.SUBMIT, Scope.FINDINGS)

    @extend_schema(
        operation_id="submission",
        summary="One submission: its receipt and how far the work has come",
        responses={200: SubmissionSerializer, 404: ProblemSerializer},
    )
    def get(self, request: Request, pk: int) -> Response:
        submission = get_object_or_404(visible(Submission, access_of(request)), pk=pk)
        return Response(SubmissionSerializer(submission).data)


class StatusSerializer(serializers.Serializer[dict[str, Any]]):
    municipality = serializers.CharField()
    name = serializers.CharField()
    county = serializers.CharField()
    year = serializers.IntegerField()
    received = serializers.BooleanField()
    received_at = serializers.DateTimeField(allow_null=True)
    kind = serializers.CharField(allow_null=True)


class StatusView(APIView):
    """Public: only whether and when, never how many."""

    authentication_classes: list[Any] = []

    @extend_schema(
        operation_id="status",
        summary="Which municipalities have reported",
        parameters=[OpenApiParameter("year", int), OpenApiParameter("municipality", str)],
        responses={200: StatusSerializer(many=True), 400: ProblemSerializer},
        auth=[],
    )
    def get(self, request: Request) -> Response:
        year_text = request.query_params.get("year", str(calendar.reporting_year()))
        if not year_text.isdecimal() or len(year_text) != 4:
            return problem(400, "The parameter year must be four digits, for example 2023.")
        pages = Pages()
        wanted = Municipality.objects.in_year(int(year_text)).select_related("county").order_by("code")
        if code := request.query_params.get("municipality"):
            wanted = wanted.filter(pk=code)
        page = pages.paginate_queryset(wanted, request, view=self) or []
        current = Submission.objects.filter(is_current=True, year=int(year_text), municipality__in=page)
        submissions = {s.municipality_id: s for s in current}
        return pages.get_paginated_response([_status(m, int(year_text), submissions.get(m.pk)) for m in page])


def _status(municipality: Municipality, year: int, submission: Submission | None) -> dict[str, Any]:
    return {
        "municipality": municipality.pk,
        "name": municipality.name,
        "county": municipality.county.name,
        "year": year,
        "received": submission is not None,
        "received_at": timezone.localtime(submission.received_at) if submission else None,
        "kind": submission.kind if submission else None,
    }
