"""Findings for machine clients, and the public catalogue of checks."""

from __future__ import annotations

from typing import Any

from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from municipalities import audit
from municipalities.access import visible
from municipalities.api import ListView
from municipalities.models import Scope
from municipalities.problems import Problem
from municipalities.tokens import access_of
from quality.check import Check
from quality.checks import BY_CODE, CHECKS
from quality.engine import fields_of
from quality.labels import rows_removed
from quality.models import CheckResult, FindingRow, Severity
from submissions.models import Submission


class DeltaSerializer(serializers.Serializer[CheckResult]):
    """Against the previous submission, by brukerNr and tjenesteID; null where nothing comparable came before.

    Corrected is a record that is still there and no longer violates, gone one that the message no longer has; resolved
    are both.
    """

    new = serializers.IntegerField(allow_null=True)
    existing = serializers.IntegerField(allow_null=True)
    corrected = serializers.IntegerField(allow_null=True)
    gone = serializers.IntegerField(allow_null=True)
    resolved = serializers.IntegerField(allow_null=True)


class FindingSerializer(serializers.ModelSerializer[CheckResult]):
    delta = DeltaSerializer(source="*")

    class Meta:
        model = CheckResult
        fields = ["code", "version", "severity", "status", "applicable", "violating", "delta"]


class RowSerializer(serializers.Serializer[dict[str, Any]]):
    user_ref = serializers.CharField(allow_null=True, help_text="brukerNr")
    service_ref = serializers.CharField(allow_null=True, help_text="tjenesteID")
    fields = serializers.DictField()  # type: ignore[assignment]  # the contract's name


class CheckSerializer(serializers.Serializer[Check]):
    code = serializers.CharField()
    version = serializers.IntegerField()
    severity = serializers.ChoiceField(Severity.choices)
    subject = serializers.SerializerMethodField(help_text="What is judged: a person, a service, ...")
    title = serializers.CharField()
    explanation = serializers.CharField()
    remedy = serializers.CharField()

    def get_subject(self, check: Check) -> str:
        return check.model._meta.model_name or ""


class ChecksView(ListView):
    """The catalogue, in the language of Accept-Language (nb, nn or en)."""

    @extend_schema(operation_id="checks", summary="All checks", responses={200: CheckSerializer(many=True)})
    def get(self, request: Request) -> Response:
        return self.paged(CheckSerializer(self.page(CHECKS), many=True).data)


def _judged(request: Request, pk: int) -> Submission:
    return get_object_or_404(visible(Submission, access_of(request)), pk=pk)


class FindingsView(ListView):
    scopes = (Scope.FINDINGS,)

    @extend_schema(
        operation_id="findings",
        summary="One item per check of a submission; none until it is checked",
        responses={200: FindingSerializer(many=True)},
    )
    def get(self, request: Request, pk: int) -> Response:
        results = _judged(request, pk).results.order_by("code")
        return self.paged(FindingSerializer(self.page(results), many=True).data)


class RowsView(ListView):
    scopes = (Scope.FINDINGS,)
    refusals = {
        410: "The rows were removed at the end of their retention: `applicable` and `violating` say how many there were."
    }

    @extend_schema(
        operation_id="finding_rows",
        summary="The offending rows of one check, by the municipality's own numbers",
        responses={200: RowSerializer(many=True)},
    )
    def get(self, request: Request, pk: int, code: str) -> Response:
        submission = _judged(request, pk)
        result = get_object_or_404(submission.results, code=code)
        if submission.rows_removed_at:
            told = rows_removed(submission)
            raise Problem(410, "rows-removed", told, applicable=result.applicable, violating=result.violating)
        rows = visible(FindingRow, access_of(request)).filter(result=result).order_by("user_ref", "service_ref", "pk")
        page = self.page(rows)
        audit.record(
            access_of(request),
            "rows_seen",
            submission.municipality_id,
            submission=pk,
            check=code,
            rows=[row.pk for row in page],
        )
        shown = zip(page, fields_of(BY_CODE[code], page), strict=True) if code in BY_CODE else ()
        return self.paged([_row(row, fields) for row, fields in shown])


def _row(row: FindingRow, fields: dict[str, Any]) -> dict[str, Any]:
    return {"user_ref": row.user_ref or None, "service_ref": row.service_ref or None, "fields": fields}
