"""The doors differ in how they are knocked on, and in nothing else."""

from __future__ import annotations

import io
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import call_command
from django.forms.models import model_to_dict
from django.test import Client

from municipalities.models import User
from quality.models import CheckResult, FindingRow
from submissions import actions
from submissions.models import PERSON_LEVEL, Submission
from tests.messages import Bruker, message, people, service

pytestmark = pytest.mark.django_db
FAULTY = Bruker("B9", [service("T9", sluttDato="2022-01-01"), service("T10", "12", tjenesteOrgNr="x")])
CONTENT = message("0301", persons=[*people(5), FAULTY])
OWN = {
    "id",
    "channel",
    "sent_by_user",
    "sent_by_token",
    "received_at",
    "started_at",
    "processed_at",
    "not_before",
    "message",
}
KEYS = {"id", "submission", "person", "service"}


def by_web() -> None:
    call_command("create_user", "oslo", "--role", "municipality", "--municipality", "0301", "--password-stdin")
    client = Client()
    client.force_login(User.objects.get(username="oslo"), "django.contrib.auth.backends.ModelBackend")
    file = SimpleUploadedFile("melding.xml", CONTENT, "application/xml")
    answer = client.post("/kommune/0301/innsendinger/ny/", {"file": file})
    assert answer.status_code == 302, answer.content


def by_api() -> None:
    out = io.StringIO()
    call_command("create_token", "oslo", "--municipality", "0301", "--scope", "submit", stdout=out)
    client = Client(headers={"Authorization": f"Bearer {out.getvalue().strip()}"})
    answer = client.post("/api/v1/submissions/", CONTENT, content_type="application/xml")
    assert answer.status_code == 202, answer.content


def outcome() -> dict[str, Any]:
    """All that came of the one submission, without the keys and times that differ from run to run."""
    actions.process_waiting("0301", 2023)
    submission = Submission.objects.get()
    rows = {
        model.__name__: [
            {k: v for k, v in model_to_dict(row).items() if k not in KEYS}
            for row in model._default_manager.order_by("pk")
        ]
        for model in PERSON_LEVEL
    }
    results = CheckResult.objects.order_by("code").values_list("code", "status", "applicable", "violating", "new")
    found = FindingRow.objects.order_by("result__code", "user_ref", "service_ref")
    return {
        "receipt": {k: v for k, v in model_to_dict(submission).items() if k not in OWN},
        "rows": rows,
        "results": list(results),
        "found": list(found.values_list("result__code", "user_ref", "service_ref")),
    }


def test_web_and_api_give_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("fjellet-er-hvitt-i-dag"))
    call_command("load_reference", verbosity=0)
    outcomes = []
    for door in (by_web, by_api):
        door()
        outcomes.append(outcome())
        channel = Submission.objects.get().channel
        assert channel == {by_web: "web", by_api: "api"}[door]
        for model in (*PERSON_LEVEL, Submission):
            model._default_manager.all().delete()
    assert outcomes[0] == outcomes[1]
    assert ("service-end-before-start", "B9", "T9") in outcomes[0]["found"]
