"""The REST door and the receipts."""

from __future__ import annotations

import codecs
import io
from collections.abc import Mapping, Sequence
from typing import Any, BinaryIO

from django.http import HttpResponse
from django.http.request import MediaType
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.utils.encoding import force_str
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.parsers import BaseParser, MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.reverse import reverse

from municipalities import calendar, database, parameters, problems
from municipalities.access import visible
from municipalities.api import ErrorSerializer, ListView, RestView
from municipalities.models import Municipality, Scope
from municipalities.parameters import Header
from municipalities.problems import Problem, quoted
from municipalities.tokens import access_of
from submissions.models import Channel, Kind, Stage, Submission
from submissions.receive import receive
from submissions.refusals import Refusal, Repeat

LONGEST_KEY = 255
CHARSETS = {"utf-8", "ascii", "iso8859-1"}
DRY_RUN = parameters.yes_or_no("dry_run", description="A trial submission: shows everything, never counts.")
IDEMPOTENCY_KEY = Header(
    "Idempotency-Key",
    f"Makes a retry harmless: 1 to {LONGEST_KEY} printable ASCII characters, new for each message.",
    {"type": "string", "pattern": "^[!-~]+$", "minLength": 1, "maxLength": LONGEST_KEY},
)
CONTENT_ENCODING = Header(
    "Content-Encoding", "gzip when the body is packed.", {"type": "string", "enum": ["gzip", "x-gzip", "identity"]}
)


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


class SenderSerializer(serializers.Serializer[Submission]):
    vendor = serializers.CharField()
    system = serializers.CharField()
    system_version = serializers.CharField()
    extract_version = serializers.CharField()


class CountsSerializer(serializers.Serializer[Submission]):
    persons = serializers.IntegerField()
    services = serializers.IntegerField()
    events = serializers.IntegerField()


class SubmissionProblemSerializer(serializers.Serializer[Any]):
    """Why a submission was refused or stopped, in the language of Accept-Language: what `submissions.problems.told` tells."""

    code = serializers.CharField()
    detail = serializers.CharField()
    reason = serializers.CharField(required=False, help_text="Where the work on the message stopped: the kind of fault")
    errors = ErrorSerializer(many=True)  # type: ignore[assignment]  # RFC 9457's name


class SubmissionSerializer(serializers.ModelSerializer[Submission]):
    municipality = serializers.CharField(source="municipality_id")
    year = serializers.IntegerField(allow_null=True, help_text="null where a refused message names none")
    supersedes = serializers.IntegerField(source="supersedes_id", allow_null=True)
    current = serializers.BooleanField(source="is_current")
    sender = SenderSerializer(source="*")
    counts = CountsSerializer(source="*")
    problem = SubmissionProblemSerializer(source="told_problem", allow_null=True)
    progress = ProgressSerializer(source="*")

    class Meta:
        model = Submission
        fields = [
            "id", "municipality", "year", "kind", "channel", "status", "dry_run", "received_at", "processed_at", "sha256",
            "sender", "counts", "current", "supersedes", "problem", "progress",
        ]  # fmt: skip
        read_only_fields = fields


class SubmissionsView(RestView):
    parser_classes = [MessageParser, TextMessageParser, GzipMessageParser, MultiPartParser]
    scopes = (Scope.SUBMIT,)
    parameters = (DRY_RUN,)
    headers_understood = (IDEMPOTENCY_KEY, CONTENT_ENCODING)
    refusals = {
        400: "Not well-formed or not valid: `errors` with line, column, path, code and message. Or a parameter, header or form "
        "field is not understood.",
        403: "The token lacks the scope submit, or may not submit for the municipality that the message names.",
        409: "Byte for byte the newest message received: `first` names it.",
        413: "Over the limit, as received or unpacked.",
        415: "Not a media type or encoding that is received.",
        422: "The Idempotency-Key was used before, with another message.",
    }

    @extend_schema(
        operation_id="submit",
        summary="Send an annual message",
        description="The body is the XML message, packed with gzip or not; text/xml and application/gzip are understood too.",
        request={
            "application/xml": OpenApiTypes.BINARY,
            "multipart/form-data": {
                "type": "object",
                "properties": {"file": {"type": "string", "format": "binary"}},
                "required": ["file"],
                "additionalProperties": False,
            },
        },
        responses={202: SubmissionSerializer},
    )
    def post(self, request: Request) -> HttpResponse:
        access = access_of(request)
        content, charset = _content(request)
        try:
            submission = receive(
                channel=Channel.API,
                access=access,
                content=content,
                municipality=access.home,
                dry_run=self.asked["dry_run"],
                idempotency_key=_idempotency_key(request),
                gzipped=_gzipped(request),
                charset=charset,
            )
        except Refusal as refusal:
            return problems.answer(_refused(request, refusal))
        location = reverse("api-submission", [submission.pk], request=request)
        return Response(SubmissionSerializer(submission).data, status=202, headers={"Location": location})


def _content(request: Request) -> tuple[BinaryIO, str]:
    """The body as it comes, or the file of a form that holds one file and nothing else; and the charset that is told of it."""
    charset = _charset(MediaType(request.content_type).params.get("charset"))
    data = request.data
    if not isinstance(data, Mapping):
        return data, charset
    if not request.content_type.lower().startswith(MultiPartParser.media_type):
        return io.BytesIO(), charset
    file = _file(request)
    return file.file, _charset(force_str(file.charset, "ascii", errors="replace") if file.charset else None)


def _charset(name: Any) -> str:
    """The name as Python has it; empty where none is told. Refuses what a message never can be."""
    if name is None:
        return ""
    try:
        known = codecs.lookup(str(name)).name
    except (LookupError, ValueError):
        known = ""
    if known not in CHARSETS:
        detail = _("Tegnsettet i Content-Type tas ikke imot. Meldingen må være UTF-8 eller ISO-8859-1.")
        raise Problem(415, "charset", detail, header="Content-Type")
    return known


def _file(request: Request) -> Any:
    unknown = sorted(name for name in request.data if name != "file")
    if unknown:
        detail = _("Skjemafeltet «%(name)s» finnes ikke. Skjemaet har ett felt, file; andre ønsker står i adressen.")
        raise _form_problem("form-field-unknown", unknown[0], detail % {"name": quoted(unknown[0])})
    data: Any = request.data  # a QueryDict, of fields and files together
    files = request.FILES.getlist("file")
    if len(data.getlist("file")) > 1:
        raise _form_problem(
            "form-field-repeated", "file", _("Feltet file er sendt flere ganger. Send én fil om gangen.")
        )
    if not files:
        raise _form_problem(
            "form-field-missing", "file", _("Skjemaet har ingen fil. Send meldingen som en fil i feltet file.")
        )
    return files[0]


def _form_problem(code: str, name: str, detail: str) -> Problem:
    return Problem(400, code, detail, form_field=quoted(name))


def _idempotency_key(request: Request) -> str:
    """Empty where none is sent. A key that would be kept otherwise than it was sent is refused."""
    key = request.headers.get("Idempotency-Key")
    if key is None:
        return ""
    if not 1 <= len(key) <= LONGEST_KEY or not all("!" <= character <= "~" for character in key):
        detail = _("Idempotency-Key må være 1 til %(most)s tegn, uten mellomrom og bare med skrivbare ASCII-tegn.")
        raise Problem(400, "header-invalid", detail % {"most": LONGEST_KEY}, header="Idempotency-Key")
    return key


def _gzipped(request: Request) -> bool | None:
    """None where the first bytes are to tell."""
    encoding = request.headers.get("Content-Encoding", "").strip().lower()
    if encoding in {"", "identity"}:
        return None
    if encoding not in {"gzip", "x-gzip"} or request.content_type.lower().startswith(MultiPartParser.media_type):
        detail = _(
            "Content-Encoding kan bare være gzip, og ikke for et skjema. En pakket fil i et skjema trenger den ikke."
        )
        raise Problem(415, "content-encoding", detail, header="Content-Encoding")
    return True


def _refused(request: Request, refusal: Refusal) -> Problem:
    members: dict[str, Any] = {}
    if refusal.status == 400:
        members["errors"] = [error.as_dict() for error in refusal.errors]
    if isinstance(refusal, Repeat):
        members["first"] = refusal.first.pk
        members["first_url"] = reverse("api-submission", [refusal.first.pk], request=request)
    if refusal.submission:
        members["submission"] = refusal.submission.pk
    return Problem(refusal.status, refusal.code, refusal.detail, **members)


class SubmissionView(RestView):
    scopes = (Scope.SUBMIT, Scope.FINDINGS)

    @extend_schema(
        operation_id="submission",
        summary="One submission: its receipt and how far the work has come",
        responses={200: SubmissionSerializer},
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
    kind = serializers.ChoiceField(Kind.choices, allow_null=True)


class StatusView(ListView):
    """Public: only whether and when, never how many."""

    parameters = (
        parameters.year(description="The year that is reported on; the one that is being reported now if absent."),
        parameters.text(
            "municipality",
            "[0-9]{4}",
            expected=gettext_lazy("et kommunenummer på fire sifre, for eksempel 0301"),
            description="One municipality, by its number in that year. A number that no municipality has had is refused.",
        ),
    )

    @extend_schema(
        operation_id="status",
        summary="Which municipalities have reported",
        responses={200: StatusSerializer(many=True)},
    )
    def get(self, request: Request) -> Response:
        year = self.asked["year"] or calendar.reporting_year()
        wanted = Municipality.objects.in_year(year).select_related("county").order_by("code")
        if code := self.asked["municipality"]:
            _refuse_unknown(code)
            wanted = wanted.filter(pk=code)
        page = self.page(wanted)
        submissions = _current(year, page)
        return self.paged([_status(m, year, submissions.get(m.pk)) for m in page])


def _current(year: int, municipalities: Sequence[Municipality]) -> dict[str, Submission]:
    """What counts in the year. Asked as the registry, for that a municipality has reported is public; only when and what kind."""
    current = Submission.objects.filter(is_current=True, year=year, municipality__in=municipalities)
    with database.transaction_as(database.REGISTRY):
        return {str(s.municipality_id): s for s in current.only("municipality", "received_at", "kind")}


def _refuse_unknown(code: str) -> None:
    if not Municipality.objects.filter(pk=code).exists():
        detail = _("Ingen kommune har nummeret %(code)s. Numrene står i /api/v1/codelists/areas/.") % {"code": code}
        raise Problem(400, "municipality-unknown", detail, parameter="municipality")


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
