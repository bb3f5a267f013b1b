"""What every REST view shares: what may be asked, how lists are paged, how errors are told (RFC 9457)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.http import HttpResponse
from django.utils.translation import gettext as _
from rest_framework import exceptions, serializers
from rest_framework.pagination import PageNumberPagination
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from municipalities import problems
from municipalities.models import Scope
from municipalities.parameters import Header, Parameter, ask, number
from municipalities.problems import Problem
from municipalities.tokens import NeedsScope


class RestView(APIView):
    """A view of the API. It declares what it may be asked and who may ask; both are enforced here and described in OpenAPI.

    `scopes`: the token must hold one of them; none: open to everybody. `parameters`: what may stand in the query; `asked` holds
    their values. `refusals`: what the view itself refuses, by status, for the description.
    """

    scopes: tuple[Scope, ...] = ()
    parameters: tuple[Parameter, ...] = ()
    headers_understood: tuple[Header, ...] = ()
    refusals: Mapping[int, str] = {}
    is_paged = False
    permission_classes = [NeedsScope]
    asked: dict[str, Any]

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        if request.method == "OPTIONS":
            return
        super().initial(request, *args, **kwargs)
        if request.method not in self.allowed_methods:
            raise exceptions.MethodNotAllowed(str(request.method))
        self.asked = ask(request.query_params, self.may_be_asked())

    def may_be_asked(self) -> tuple[Parameter, ...]:
        return self.parameters

    def options(self, request: Any, *args: Any, **kwargs: Any) -> Response:
        """Which methods there are; the header Allow says so."""
        return Response(status=204)


class UnknownAddress(RestView):
    """Whatever else lies under /api/."""

    schema = None
    authentication_classes: list[Any] = []

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        raise problems.unknown_address()


# --- Lists ---------------------------------------------------------------------------------------------------


class Pages(PageNumberPagination):
    page_size = 100
    max_page_size = 1000
    page_size_query_param = "page_size"

    @classmethod
    def parameters(cls) -> tuple[Parameter, Parameter]:
        size = number(
            "page_size", largest=cls.max_page_size, default=cls.page_size, description="How many results on each page."
        )
        return number("page", largest=10**9, default=1, description="Which page."), size

    def get_schema_operation_parameters(self, view: Any) -> list[Any]:
        """None beside those that the view declares."""
        return []

    def get_paginated_response_schema(self, schema: Any) -> dict[str, Any]:
        link = {"type": "string", "format": "uri", "nullable": True}
        members = {"count": {"type": "integer"}, "next": link, "previous": link, "results": schema}
        return {"type": "object", "required": list(members), "properties": members}


class LongPages(Pages):
    """For lists that are wanted whole: a code list, an indicator-year."""

    page_size = 1000
    max_page_size = 10_000


class ListView(RestView):
    """A view that answers with a list, in pages."""

    pagination_class: type[Pages] = Pages
    is_paged = True

    def may_be_asked(self) -> tuple[Parameter, ...]:
        return (*self.parameters, *self.pagination_class.parameters())

    def page(self, items: Any) -> Any:
        """The wanted page of the items.

        Raises:
            Problem: it lies beyond the last one.
        """
        self.pages = self.pagination_class()
        try:
            return self.pages.paginate_queryset(items, self.request, view=self) or []
        except exceptions.NotFound:
            raise no_page() from None

    def paged(self, results: Any) -> Response:
        return self.pages.get_paginated_response(results)


def no_page() -> Problem:
    return Problem(404, "page-unknown", _("Siden finnes ikke. Følg lenken next fra den første siden."))


# --- Problems ------------------------------------------------------------------------------------------------


class ErrorSerializer(serializers.Serializer[Any]):
    """One fault of form in a message. Lines and columns count from 1; 0 where they are not known."""

    line = serializers.IntegerField()
    column = serializers.IntegerField()
    path = serializers.CharField()
    code = serializers.CharField()
    message = serializers.CharField()


class ProblemSerializer(serializers.Serializer[Any]):
    """RFC 9457 problem details. `code` is stable; `detail` is a sentence in the language of Accept-Language."""

    type = serializers.CharField()
    title = serializers.CharField()
    status = serializers.IntegerField()
    detail = serializers.CharField()
    code = serializers.CharField()
    parameter = serializers.CharField(required=False, help_text="The query parameter that is meant")
    header = serializers.CharField(required=False, help_text="The header that is meant")
    form_field = serializers.CharField(required=False, help_text="The form field that is meant")
    errors = ErrorSerializer(many=True, required=False, help_text="At most 100")  # type: ignore[assignment]  # RFC 9457's name
    first = serializers.IntegerField(required=False, help_text="The submission that this message already is")
    first_url = serializers.URLField(required=False)
    submission = serializers.IntegerField(required=False, help_text="The receipt of the refused message")
    applicable = serializers.IntegerField(required=False, help_text="Rows that the check applied to")
    violating = serializers.IntegerField(required=False, help_text="Rows that violated it")


def problem_handler(error: Exception, context: dict[str, Any]) -> HttpResponse | None:
    problem = problems.of_error(error)
    return problems.answer(problem) if problem else None
