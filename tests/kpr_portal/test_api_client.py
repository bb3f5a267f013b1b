"""A client that is generated from the description gets typed answers and refusals from a running portal, whatever it calls."""

from __future__ import annotations

import gzip
import importlib
import io
import json
import pkgutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import httpx
import pytest

from tests.messages import Bruker, message, people, service
from tests.portal_process import RunningPortal
from tests.waiting import wait_for

pytestmark = pytest.mark.portal
GENERATOR = Path(sys.executable).parent / "openapi-python-client"
NAME = "generated_kpr_client"
# The code is only run, so it needs no formatting; a message is sent as the bytes that it is.
CONFIGURATION = """
post_hooks: []
content_type_overrides:
  application/xml: application/octet-stream
"""
INDICATOR = "nutrition-assessed-institution"
FAULTY = Bruker("B7", [service("T8", startDato="2023-05-01", sluttDato="2023-04-01", timerPerUke="1")])


class Clients:
    """The generated package beside the portal that it was generated from."""

    def __init__(self, portal: RunningPortal, directory: Path) -> None:
        self.url = portal.url.rstrip("/")
        self.description = httpx.get(f"{self.url}/api/v1/schema/?format=json", timeout=120).json()
        generate(self.description, directory)
        self.package = importlib.import_module(NAME)
        self.types = importlib.import_module(f"{NAME}.types")
        self.models = importlib.import_module(f"{NAME}.models")
        self.operations = dict(operations(importlib.import_module(f"{NAME}.api")))
        self.secrets = {
            name: secret(portal, *arguments)
            for name, arguments in {
                "oslo": ("--municipality", "0301", "--scope", "submit", "findings"),
                "stavanger": ("--municipality", "1103", "--scope", "submit", "findings"),
                "figures": ("--municipality", "0301", "--scope", "aggregates"),
            }.items()
        } | {"wrong": "wrong"}

    def call(self, operation: str, *arguments: Any, who: str = "", **named: Any) -> Any:
        """The typed answer, with its status; `who` names a token."""
        settings = {"base_url": self.url, "raise_on_unexpected_status": True, "timeout": httpx.Timeout(120)}
        client = (
            self.package.AuthenticatedClient(token=self.secrets[who], **settings)
            if who
            else self.package.Client(**settings)
        )
        with client:
            return self.operations[operation].sync_detailed(*arguments, client=client, **named)

    def refused(self, status: int, operation: str, *arguments: Any, **named: Any) -> Any:
        answer = self.call(operation, *arguments, **named)
        assert answer.status_code == status, answer.content
        assert answer.headers["Content-Type"] == "application/problem+json"
        assert isinstance(answer.parsed, self.models.Problem)
        assert answer.parsed.status == status and answer.parsed.code and answer.parsed.detail
        return answer.parsed

    def file(self, content: bytes) -> Any:
        return self.types.File(payload=io.BytesIO(content), file_name="melding.xml", mime_type="application/xml")


def generate(description: dict[str, Any], directory: Path) -> None:
    schema, configuration = directory / "schema.json", directory / "client.yaml"
    schema.write_text(json.dumps(description))
    configuration.write_text(CONFIGURATION)
    options = ["--path", schema, "--output-path", directory / NAME, "--meta", "none", "--config", configuration]
    done = subprocess.run([GENERATOR, "generate", *options], capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
    # It tells what it cannot make code of, and leaves it out.
    assert "WARNING" not in done.stdout + done.stderr, done.stdout + done.stderr


def operations(package: ModuleType) -> Iterator[tuple[str, ModuleType]]:
    for found in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
        if not found.ispkg:
            yield found.name.rpartition(".")[2], importlib.import_module(found.name)


def secret(portal: RunningPortal, *arguments: str) -> str:
    return portal.run_command("create_token", "client", *arguments).stdout.strip().splitlines()[-1]


@pytest.fixture(scope="module")
def clients(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Clients]:
    directory = tmp_path_factory.mktemp("client")
    with RunningPortal(directory / "var", KPR_SWEEP_SECONDS="1") as portal, pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(directory))
        yield Clients(portal, directory)


@pytest.fixture(scope="module")
def sent(clients: Clients) -> Any:
    """A message of Oslo with a finding, sent by the generated client and followed until it is done."""
    answer = clients.call("submit", who="oslo", body=clients.file(message(persons=[*people(3), FAULTY])))
    assert answer.status_code == 202, answer.content
    assert isinstance(answer.parsed, clients.models.Submission)

    def receipt() -> Any:
        return clients.call("submission", answer.parsed.id, who="oslo").parsed

    return wait_for(receipt, lambda seen: seen.status.value == "done", what="the submission is done")


def test_the_receipt_is_typed(clients: Clients, sent: Any) -> None:
    assert isinstance(sent, clients.models.Submission)
    assert (sent.municipality, sent.year, sent.kind.value, sent.current, sent.problem) == (
        "0301",
        2023,
        "annual",
        True,
        None,
    )
    assert (sent.counts.persons, sent.sender.vendor, sent.progress.stage.value) == (4, "Journal AS", "finished")
    assert sent.received_at.tzinfo and sent.processed_at >= sent.received_at


def test_sending_packed_and_in_a_form(clients: Clients) -> None:
    packed = gzip.compress(message(persons=people(1)))
    encoding = clients.models.SubmitContentEncoding.GZIP
    body = clients.file(packed)
    answer = clients.call(
        "submit", who="oslo", body=body, content_encoding=encoding, dry_run=True, idempotency_key="a-1"
    )
    assert (answer.status_code, answer.parsed.dry_run) == (202, True)
    form = clients.models.SubmitFilesBody(file=clients.file(message(persons=people(2))))
    answer = clients.call("submit", who="oslo", body=form, dry_run=True)
    assert (answer.status_code, answer.parsed.dry_run) == (202, True)


def test_refused_messages_are_typed(clients: Clients, sent: Any) -> None:
    def refused(status: int, content: bytes, who: str = "oslo", **named: Any) -> Any:
        return clients.refused(status, "submit", who=who, body=clients.file(content), **named)

    invalid = refused(400, message(persons=[Bruker("B1", [service("T1", startDato="feil")])]))
    (error,) = invalid.errors
    assert isinstance(error, clients.models.Error)
    assert error.path.endswith("@startDato") and error.line > 1
    kept = clients.call("submission", invalid.submission, who="oslo").parsed
    assert (kept.status.value, kept.problem.errors[0].path) == ("rejected", error.path)
    assert refused(409, message(persons=[*people(3), FAULTY])).first == sent.id
    for body in (b"<a/>", b"<a></a>", b'<?xml version="1.0"?><a/>', b"<", b"\x00"):
        no_message = refused(400, body)
        assert no_message.errors or no_message.code in {"encoding", "empty"}, body
    refused(403, message("1103", persons=people(1)))
    refused(403, message(persons=people(1)), who="figures")
    refused(401, message(persons=people(1)), who="wrong")
    first = {"dry_run": True, "idempotency_key": "b-1"}
    assert clients.call("submit", who="oslo", body=clients.file(message(persons=people(4))), **first).status_code == 202
    refused(422, message(persons=people(5)), idempotency_key="b-1")


def test_every_operation_answers_and_refuses(clients: Clients, sent: Any) -> None:
    """The lists are pages; a token that is wrong is refused by all."""
    paged = {
        "findings": (sent.id,),
        "finding_rows": (sent.id, "service-end-before-start"),
        "checks": (),
        "indicators": (),
        "codelists": (),
        "codelist": (clients.models.CodelistName.AREAS,),
        "publications": (),
        "status": (),
        "aggregates": (INDICATOR,),
    }
    others: dict[str, tuple[Any, ...]] = {"submission": (sent.id,), "publication": (1,), "submit": ()}
    described = [
        operation["operationId"] for path in clients.description["paths"].values() for operation in path.values()
    ]
    assert set(clients.operations) == set(described) == paged.keys() | others.keys()
    for operation, arguments in paged.items():
        lists_pages(clients, operation, *arguments)
    for operation, arguments in (paged | others).items():
        body = {"body": clients.file(message(persons=people(1)))} if operation == "submit" else {}
        assert clients.refused(401, operation, *arguments, who="wrong", **body).code == "token-unknown"


def lists_pages(clients: Clients, operation: str, *arguments: Any) -> None:
    who = "oslo" if operation.startswith("finding") else ""
    answer = clients.call(operation, *arguments, who=who, page_size=1)
    assert answer.status_code == 200, answer.content
    page = answer.parsed
    assert len(page.results) == min(1, page.count) and page.previous is None
    assert (page.next_ is not None) == (page.count > 1)
    assert not any(each.additional_properties for each in [page, *page.results]), operation
    assert clients.refused(400, operation, *arguments, who=who, page_size=100_000).parameter == "page_size"
    assert clients.refused(404, operation, *arguments, who=who, page=1000).code == "page-unknown"


def test_findings_and_their_rows(clients: Clients, sent: Any) -> None:
    findings = clients.call("findings", sent.id, who="oslo", page_size=1000).parsed.results
    found = next(finding for finding in findings if finding.code == "service-end-before-start")
    assert (found.status.value, found.severity.value, found.violating) == ("failed", "error", 1)
    (row,) = clients.call("finding_rows", sent.id, found.code, who="oslo").parsed.results
    assert (row.user_ref, row.service_ref, row.fields["sluttDato"]) == ("B7", "T8", "2023-04-01")


def test_others_find_nothing(clients: Clients, sent: Any) -> None:
    for operation, arguments in (("submission", ()), ("findings", ()), ("finding_rows", ("person-id-invalid",))):
        clients.refused(404, operation, sent.id, *arguments, who="stavanger")
        clients.refused(403, operation, sent.id, *arguments, who="figures")


def test_status(clients: Clients, sent: Any) -> None:
    (oslo,) = clients.call("status", year=2023, municipality="0301").parsed.results
    assert (oslo.received, oslo.kind.value, oslo.name) == (True, "annual", "Oslo")
    assert clients.refused(400, "status", municipality="9999").parameter == "municipality"
    assert clients.refused(400, "status", municipality="301", accept_language="en").detail.startswith("The parameter")


def test_open_figures(clients: Clients) -> None:
    answer = clients.call("aggregates", INDICATOR, year=[2022, 2023], level=list(clients.models.AggregatesLevelItem))
    assert isinstance(answer.parsed, clients.models.Aggregates)
    assert (answer.parsed.indicator, answer.parsed.count) == (INDICATOR, len(answer.parsed.results))
    again = clients.call("aggregates", INDICATOR, if_none_match=clients.call("aggregates", INDICATOR).headers["ETag"])
    assert again.status_code == 304
    clients.refused(404, "aggregates", "nothing")
    clients.refused(400, "aggregates", INDICATOR, area=["9999"])
    clients.refused(404, "publication", 999)


def test_what_no_client_is_generated_for(clients: Clients) -> None:
    """One connection carries all of it: an answer to HEAD has no body that the next would begin with."""
    with httpx.Client(base_url=clients.url, timeout=120) as client:
        for path in ("/", "/om/", "/static/nothing.css"):
            assert client.head(path).content == b"" != client.get(path).content
        for path in ("/api/v1/status/", "/api/v1/schema/", f"/api/v1/aggregates/{INDICATOR}/"):
            head = client.head(path)
            assert (head.status_code, head.content) == (200, b"")
            assert client.options(path).headers["Allow"] == "GET, HEAD, OPTIONS"
        for method, path, status in (
            ("GET", "/api/v1/nothing/", 404),
            ("GET", "/api/v1/aggregates/%00/", 404),
            ("GET", "/api/v1/status/?year=%00", 400),
            ("POST", "/api/v1/status/", 405),
            ("GET", "/api/v1/submissions/1/", 401),
        ):
            answer = client.request(method, path)
            assert (answer.status_code, answer.headers["Content-Type"]) == (status, "application/problem+json")
            assert answer.json()["status"] == status
