"""The OpenAPI description, from what the views declare: parameters, headers, scopes and refusals, each told in one place."""

from __future__ import annotations

from typing import Any

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.utils import OpenApiParameter

from municipalities.api import ProblemSerializer, RestView
from municipalities.parameters import ACCEPT_LANGUAGE
from municipalities.problems import PROBLEM

EVERYWHERE = {
    400: "A parameter is unknown, sent twice, or not readable: `parameter` names it.",
    406: "Accept allows none of the formats that there are here.",
    429: "Too many wrong tokens came from this address: try again after `Retry-After` seconds.",
    500: "A fault of ours.",
    503: "The portal cannot work just now. Try again later.",
    507: "The portal's disk is full, and nothing was stored. Try again later.",
}
TOKEN_NEEDED = "No bearer token was sent, or it is unknown or revoked."  # noqa: S105
TOKEN_WRONG = "A bearer token was sent, and it is unknown or revoked."  # noqa: S105
ABSENT = "There is no such thing, or the token may not see it."
NO_PAGE = "There is no such page."


class TokenScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    target_class = "municipalities.tokens.TokenAuthentication"
    name = "token"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        return {"type": "http", "scheme": "bearer"}


class Description(AutoSchema):
    """Describes one operation of a `RestView`."""

    view: RestView  # type: ignore[override]  # nothing else is routed

    def get_override_parameters(self) -> list[Any]:
        headers = (*self.view.headers_understood, ACCEPT_LANGUAGE)
        return [
            *(self._query(parameter) for parameter in self.view.may_be_asked()),
            *(
                OpenApiParameter(each.name, dict(each.schema), OpenApiParameter.HEADER, description=each.description)
                for each in headers
            ),
        ]

    def _query(self, parameter: Any) -> OpenApiParameter:
        schema = dict(parameter.schema)
        if not parameter.several:
            return OpenApiParameter(parameter.name, schema, description=parameter.description)
        # Commas are the form that is described; a parameter that is repeated is understood too.
        listed = {"type": "array", "items": schema, "minItems": 1}
        return OpenApiParameter(parameter.name, listed, description=parameter.description, style="form", explode=False)

    def get_auth(self) -> list[Any]:
        return [{"token": []}] if self.view.scopes else [{}, {"token": []}]

    def get_operation(self, *arguments: Any, **named: Any) -> Any:
        operation = super().get_operation(*arguments, **named)
        if operation:
            refusals = sorted(self._refusals().items())
            operation["responses"] |= {str(status): self._refusal(text) for status, text in refusals}
        return operation

    def _refusals(self) -> dict[int, str]:
        scopes = " or ".join(self.view.scopes)
        own = {401: TOKEN_NEEDED, 403: f"The token lacks the scope {scopes}."} if scopes else {401: TOKEN_WRONG}
        if "{" in self.path:
            own[404] = ABSENT
        elif self.view.is_paged:
            own[404] = NO_PAGE
        return {**EVERYWHERE, **own, **self.view.refusals}

    def _refusal(self, text: str) -> dict[str, Any]:
        schema = self.resolve_serializer(ProblemSerializer(), "response").ref
        return {"content": {PROBLEM: {"schema": schema}}, "description": text}
