"""The description and the answers agree: schemathesis asks every operation, as everybody, what fits the description and what does
not. No answer is a fault of ours, of an undocumented status or media type, or of another shape than described; what does not
fit is refused."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from django.core.cache import cache, caches
from django.core.signals import request_finished, request_started
from django.db import close_old_connections
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import Case, GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    negative_data_rejection,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from kpr_portal.wsgi import application
from municipalities.access import digest
from municipalities.models import Scope, Token
from tests.cast import OTHER, OWN, Cast, cast_fixture  # noqa: F401
from tests.messages import message, people
from tests.releases import nation, publication, table

CHECK, INDICATOR = "person-id-invalid", "nutrition-assessed-institution"
EACH = settings(
    max_examples=6,
    derandomize=True,
    database=None,
    deadline=None,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    negative_data_rejection,
]
ROLES: dict[str, tuple[str | None, tuple[Scope, ...]]] = {
    "own": (OWN, (Scope.SUBMIT, Scope.FINDINGS)),
    "other": (OTHER, (Scope.SUBMIT, Scope.FINDINGS)),
    "submits": (OWN, (Scope.SUBMIT,)),
    "reads": (OWN, (Scope.FINDINGS,)),
    "figures": (OWN, (Scope.AGGREGATES,)),
    "national": (None, (Scope.SUBMIT, Scope.FINDINGS, Scope.AGGREGATES)),
}


@pytest.fixture
def one_connection() -> Iterator[None]:
    """The application answers within the test's transaction: requests do not close its connection, as they would in a server."""
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    yield
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


@pytest.fixture
def description(cast: Cast, one_connection: None) -> Any:
    """With something behind every operation: submissions with findings, and a publication."""
    cache.clear()
    publication(1, [table(INDICATOR, nation(2023))])
    for name, (municipality, scopes) in ROLES.items():
        Token.objects.create(name=name, digest=digest(name), municipality_id=municipality, scopes=list(scopes))
    return schemathesis.openapi.from_wsgi("/api/v1/schema/?format=json", application)


def known(cast: Cast, operation: Any) -> dict[str, Any]:
    """What leads to an answer: numbers and codes that there are, and a message that is received."""
    there = {"id": cast.current.pk, "code": CHECK, "indicator": INDICATOR, "number": 1, "name": "areas"}
    named = {name: value for name, value in there.items() if f"{{{name}}}" in operation.path}
    if operation.method == "post":
        return {"body": message(OWN, persons=people(1)), "media_type": "application/xml"}
    return {"path_parameters": named} if named else {}


def kinds(cast: Cast, operation: Any) -> Iterator[Any]:
    """Strategies: what fits the description, what does not, and what fits with something there."""
    yield operation.as_strategy(GenerationMode.POSITIVE)
    yield operation.as_strategy(GenerationMode.NEGATIVE)
    if fixed := known(cast, operation):
        yield operation.as_strategy(GenerationMode.POSITIVE, **fixed)
        if any(parameter["in"] == "query" for parameter in operation.definition.raw["parameters"]):
            yield operation.as_strategy(GenerationMode.NEGATIVE, **fixed)


@pytest.mark.django_db
@pytest.mark.parametrize("role", ["", "unknown", *ROLES])
def test_answers_are_as_described(cast: Cast, description: Any, role: str) -> None:
    # Within the process nobody unpacks an answer.
    headers = {"Accept-Encoding": "identity", **({"Authorization": f"Bearer {role}"} if role else {})}
    statuses: set[int] = set()
    for result in description.get_all_operations():
        for strategy in kinds(cast, result.ok()):

            @EACH
            @given(case=strategy)
            def ask(case: Case) -> None:
                caches["throttle-local"].clear()  # an unknown token is asked with more often than is heard
                # Buffered: read to its end and closed, as a server does.
                answer = case.call(headers=headers, buffered=True)
                statuses.add(answer.status_code)
                case.validate_response(answer, checks=CHECKS)

            ask()
    assert {200, 400, 404} <= statuses if role != "unknown" else statuses <= {401, 404, 406, 429}, statuses
