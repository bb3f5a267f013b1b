"""The REST door as its clients use it: tokens, bodies and answers, through the whole of Django."""

from __future__ import annotations

import gzip
import io
import json
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import call_command
from django.test import Client
from openapi_spec_validator import validate

from municipalities.api import ErrorSerializer
from submissions import actions
from submissions.api import SubmissionProblemSerializer
from submissions.models import MessageChunk, Submission
from submissions.problems import told
from tests.messages import Bruker, message, people, service

pytestmark = pytest.mark.django_db


def token(*scopes: str, municipality: str = "") -> str:
    out = io.StringIO()
    arguments = ["--municipality", municipality] if municipality else []
    call_command("create_token", "client", *arguments, "--scope", *scopes, stdout=out)
    return out.getvalue().strip().splitlines()[-1]


@pytest.fixture(autouse=True)
def reference(db: None) -> None:
    call_command("load_reference", verbosity=0)


class Api:
    """A client with a token."""

    def __init__(self, secret: str) -> None:
        self.client = Client(headers={"Authorization": f"Bearer {secret}"} if secret else {})

    def get(self, path: str, **headers: str) -> Any:
        return self.client.get(f"/api/v1{path}", headers=headers)

    def form(self, **fields: Any) -> Any:
        return self.client.post("/api/v1/submissions/", fields)

    def post(self, body: bytes, query: str = "", content_type: str = "application/xml", **headers: str) -> Any:
        return self.client.post(f"/api/v1/submissions/{query}", body, content_type=content_type, headers=headers)


@pytest.fixture
def oslo() -> Api:
    return Api(token("submit", "findings", municipality="0301"))


def finish(submission: int) -> Submission:
    row = Submission.objects.get(pk=submission)
    actions.process_waiting(str(row.municipality_id), int(row.year or 0))
    row.refresh_from_db()
    return row


def test_a_message_is_sent_and_followed(oslo: Api) -> None:
    answer = oslo.post(message(persons=people(3)))
    assert answer.status_code == 202
    sent = answer.json()
    assert (sent["municipality"], sent["year"], sent["kind"], sent["channel"]) == ("0301", 2023, "annual", "api")
    assert (sent["status"], sent["dry_run"], sent["current"], sent["supersedes"]) == ("received", False, False, None)
    finish(sent["id"])
    done = oslo.get(f"/submissions/{sent['id']}/").json()
    assert (done["status"], done["current"], done["problem"]) == ("done", True, None)
    assert done["counts"] == {"persons": 3, "services": 3, "events": 0}
    assert done["progress"] == {"stage": "finished", "persons_read": 3, "attempts": 1}
    assert done["sender"] == {
        "vendor": "Journal AS",
        "system": "Omsorg",
        "system_version": "7.1",
        "extract_version": "3.2",
    }


def test_a_renumbered_municipality_sends_and_reads_an_older_year_under_the_old_number() -> None:
    halden, another = (Api(token("submit", "findings", municipality=code)) for code in ("3101", "3103"))
    persons = [*people(2), Bruker("B9")]  # who has no service
    old, new = (halden.post(message(code, year, persons)) for code, year in (("3001", 2023), ("3101", 2024)))
    assert (old.status_code, new.status_code) == (202, 202), (old.content, new.content)
    for sent, code, year in ((old.json(), "3001", 2023), (new.json(), "3101", 2024)):
        finish(sent["id"])
        receipt = halden.get(f"/submissions/{sent['id']}/").json()
        assert (receipt["status"], receipt["current"], receipt["municipality"]) == ("done", True, code)
        findings = halden.get(f"/submissions/{sent['id']}/findings/").json()["results"]
        failed = next(each["code"] for each in findings if each["status"] == "failed")
        assert halden.get(f"/submissions/{sent['id']}/findings/{failed}/rows/").json()["count"] > 0
        (status,) = Api("").get(f"/status/?year={year}&municipality={code}").json()["results"]
        assert status["received"]
        assert problem(another.get(f"/submissions/{sent['id']}/"), 404)
    assert problem(another.post(message("3001", 2023, people(2))), 403)["code"] == "not-yours"
    for code, year in (("3101", 2023), ("3001", 2024)):
        assert problem(halden.post(message(code, year, people(2))), 400)["code"].startswith("municipality-renumbered")


def test_the_three_ways_to_send_give_the_same(oslo: Api) -> None:
    packed = oslo.post(gzip.compress(message(persons=people(1))), **{"Content-Encoding": "gzip"})
    file = SimpleUploadedFile("../../x.xml", message(persons=people(2)))
    form = oslo.client.post("/api/v1/submissions/", {"file": file})
    assert (packed.status_code, form.status_code) == (202, 202)
    assert finish(packed.json()["id"]).persons == 1
    assert finish(form.json()["id"]).persons == 2


def test_a_trial_does_not_count(oslo: Api) -> None:
    sent = oslo.post(message(persons=people(1)), "?dry_run=true").json()
    assert sent["dry_run"] is True
    assert finish(sent["id"]).is_current is False


def test_findings_and_rows_name_the_record_and_nothing_else(oslo: Api) -> None:
    bad = Bruker("B7", [service("T8", startDato="2023-05-01", sluttDato="2023-04-01", timerPerUke="1")])
    sent = oslo.post(message(persons=[*people(1), bad])).json()
    finish(sent["id"])
    findings = {f["code"]: f for f in oslo.get(f"/submissions/{sent['id']}/findings/").json()["results"]}
    found = findings["service-end-before-start"]
    assert (found["status"], found["severity"], found["violating"]) == ("failed", "error", 1)
    assert set(found) == {"code", "version", "severity", "status", "applicable", "violating", "delta"}
    rows = oslo.get(f"/submissions/{sent['id']}/findings/service-end-before-start/rows/").json()
    assert rows["count"] == 1
    (row,) = rows["results"]
    assert (row["user_ref"], row["service_ref"]) == ("B7", "T8")
    assert (row["fields"]["startDato"], row["fields"]["sluttDato"]) == ("2023-05-01", "2023-04-01")


def test_findings_tell_what_was_corrected_and_what_is_gone(oslo: Api) -> None:
    ended = {"startDato": "2023-05-01", "sluttDato": "2023-04-01", "timerPerUke": "1"}
    bad = {ref: Bruker(ref, [service(f"T{ref}", **ended)]) for ref in ("B1", "B2", "B3", "B4", "B5", "B6")}
    right = Bruker("B1", [service("TB1", startDato="2023-05-01", timerPerUke="1")])
    deltas = []
    for persons in (list(bad.values())[:5], [right, bad["B2"], bad["B6"], Bruker("B3", [])]):
        sent = oslo.post(message(persons=persons)).json()
        finish(sent["id"])
        found = {f["code"]: f for f in oslo.get(f"/submissions/{sent['id']}/findings/").json()["results"]}
        deltas.append(found["service-end-before-start"]["delta"])
    assert deltas == [
        {"new": None, "existing": None, "corrected": None, "gone": None, "resolved": None},
        # B1's service is right; B3's, B4's and B5's are not there.
        {"new": 1, "existing": 1, "corrected": 1, "gone": 3, "resolved": 4},
    ]


def test_why_work_stopped_is_told_as_the_intake_tells_it(oslo: Api) -> None:
    sent = oslo.post(message(persons=people(1))).json()
    MessageChunk.objects.update(content=b"x" * 100)
    stopped = finish(sent["id"])
    told = oslo.get(f"/submissions/{sent['id']}/").json()["problem"]
    assert (
        told
        == stopped.told_problem
        == {"code": "failed", "detail": told["detail"], "errors": [], "reason": "InvalidTag"}
    )


def test_the_api_has_no_shape_of_its_own_for_a_problem() -> None:
    """Whatever the intake tells has its place, and nothing else."""
    error = {"line": 1, "column": 2, "path": "/Melding", "code": "cut-off", "facts": {}, "user_ref": "B1"}
    kept = told({"code": "failed", "facts": {"reason": "x"}, "errors": [error]})
    assert kept and set(SubmissionProblemSerializer().fields) == set(kept)
    assert set(ErrorSerializer().fields) == set(kept["errors"][0])


def problem(answer: Any, status: int) -> dict[str, Any]:
    assert answer.status_code == status, answer.content
    assert answer.headers["Content-Type"] == "application/problem+json"
    body: dict[str, Any] = json.loads(answer.content)
    assert {"type", "title", "status", "detail", "code"} <= set(body)
    assert body["status"] == status
    return body


def test_an_invalid_message_is_explained(oslo: Api) -> None:
    body = problem(oslo.post(message(persons=[Bruker("B1", [service("T1", startDato="feil")])])), 400)
    (error,) = body["errors"]
    assert set(error) == {"line", "column", "path", "code", "message"}
    assert error["path"].endswith("Tjeneste[1]/@startDato")
    kept = oslo.get(f"/submissions/{body['submission']}/").json()
    assert (kept["status"], kept["problem"]["errors"]) == ("rejected", body["errors"])


def test_errors_follow_the_language(oslo: Api) -> None:
    content = message(persons=[Bruker("B1", [service("T1", startDato="feil")])])
    told = {code: oslo.post(content, **{"Accept-Language": code}).json()["errors"][0] for code in ("nb", "nn", "en")}
    assert {error["code"] for error in told.values()} == {"value-not-valid"}
    assert "som ikke er gyldig" in told["nb"]["message"]
    assert "som ikkje er gyldig" in told["nn"]["message"]
    assert "which is not valid" in told["en"]["message"]


def test_a_repeat_names_the_first(oslo: Api) -> None:
    first = oslo.post(message(persons=people(1))).json()
    assert problem(oslo.post(message(persons=people(1))), 409)["first"] == first["id"]


def test_an_idempotency_key_makes_a_retry_harmless(oslo: Api) -> None:
    key = {"Idempotency-Key": "a-1"}
    first, again = (oslo.post(message(persons=people(1)), **key) for _ in range(2))
    assert (again.status_code, again.json()["id"]) == (202, first.json()["id"])
    problem(oslo.post(message(persons=people(2)), **key), 422)


def test_the_token_decides(oslo: Api) -> None:
    problem(oslo.post(message("1103", persons=people(1))), 403)
    problem(Api("").post(message()), 401)
    problem(Api("wrong").post(message()), 401)
    problem(Api(token("aggregates", municipality="0301")).post(message()), 403)
    assert not Submission.objects.exists()


def test_anothers_submission_is_as_absent_as_none(oslo: Api) -> None:
    sent = oslo.post(message(persons=people(1))).json()["id"]
    finish(sent)
    other = Api(token("submit", "findings", municipality="1103"))
    for tail in ("", "findings/", "findings/service-end-before-start/rows/"):
        anothers = problem(other.get(f"/submissions/{sent}/{tail}"), 404)
        assert anothers == problem(other.get(f"/submissions/999999/{tail}"), 404)


def test_bodies_that_cannot_be_taken(oslo: Api, settings: Any) -> None:
    problem(oslo.post(b""), 400)
    problem(oslo.post(b"{}", content_type="application/json"), 415)
    problem(oslo.post(message(), **{"Content-Encoding": "br"}), 415)
    problem(oslo.post(message(), **{"Content-Encoding": "gzip"}), 400)
    settings.KPR_MAX_MESSAGE_BYTES = 500
    problem(oslo.post(message(persons=people(50))), 413)


def test_status_tells_whether_and_when_and_no_more(oslo: Api) -> None:
    finish(oslo.post(message(persons=people(1))).json()["id"])
    finish(oslo.post(message("0301", 2022, people(1)), "?dry_run=1").json()["id"])
    public = Api("")
    answer = public.get("/status/?year=2023&page_size=1000").json()
    assert answer["count"] == 356
    by_code = {row["municipality"]: row for row in answer["results"]}
    assert by_code["0301"]["received"] is True
    assert set(by_code["0301"]) == {"municipality", "name", "county", "year", "received", "received_at", "kind"}
    assert by_code["1515"]["county"] != by_code["1818"]["county"]
    assert sum(row["received"] for row in answer["results"]) == 1
    assert not any(row["received"] for row in public.get("/status/?year=2022&page_size=1000").json()["results"])
    assert public.get("/status/?year=2024").json()["count"] == 357
    problem(public.get("/status/?year=abc"), 400)


def test_the_catalogue_of_checks_follows_the_language() -> None:
    titles = {}
    for language in ("nb", "nn", "en"):
        answer = Api("").get("/checks/", **{"Accept-Language": language}).json()
        titles[language] = {check["code"]: check["title"] for check in answer["results"]}
    assert len(titles["nb"]) == answer["count"] > 30
    assert titles["nb"]["service-end-before-start"] != titles["en"]["service-end-before-start"]


def test_the_description_is_valid_openapi() -> None:
    answer = Client(headers={"Accept": "application/vnd.oai.openapi+json"}).get("/api/v1/schema/?format=json")
    description = json.loads(answer.content)
    validate(description)
    assert "/api/v1/submissions/{id}/findings/{code}/rows/" in description["paths"]
    problems = {"409", "413", "422"} & set(description["paths"]["/api/v1/submissions/"]["post"]["responses"])
    assert problems == {"409", "413", "422"}
    assert Client().get("/api/v1/docs/").status_code == 200
