"""For load balancers and the supervisor: does the process answer, and can it do its work? And where to report a weakness."""

import datetime

from django.conf import settings
from django.db import Error, connection, transaction
from django.db.models import Count
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from kombu.exceptions import OperationalError

from indicators import broken
from kpr_portal.celery import app
from municipalities import database, room
from quality.models import CheckResult, Outcome
from submissions.models import UNFINISHED, Submission

# From so many attempts on the operator is told of a submission that something keeps breaking off.
RESTLESS_ATTEMPTS = 5

# RFC 9116: a file should be looked over at least once a year. This one is computed, so half a year from today always holds.
VALID_DAYS = 180


def healthz(_request: HttpRequest) -> JsonResponse:
    """The process answers."""
    return JsonResponse({"status": "ok"})


def readyz(_request: HttpRequest) -> JsonResponse:
    """The database can be written to. Without the broker work only waits, and a broken definition stops nothing else, so these
    are «degraded», not errors."""
    if problem := database_problem():
        return JsonResponse({"status": "unavailable", "problem": problem}, status=503)
    if problem := broker_problem() or work_problem():
        return JsonResponse({"status": "degraded", "problem": problem})
    return JsonResponse({"status": "ok"})


@database.transaction_as(database.REGISTRY)
def work_problem() -> str | None:
    """A sentence that names definitions and checks that are broken, and submissions that are broken off again and again, of
    the whole nation."""
    found = [f"{code}, version {version}, in {n} submissions" for code, version, n in broken.summary()]
    checks = CheckResult.objects.filter(status=Outcome.ERROR, submission__is_current=True).order_by("code")
    counted = checks.values_list("code").annotate(submissions=Count("pk"))
    found += [f"check {code} in {n} submissions" for code, n in counted]
    restless = Submission.objects.filter(status__in=UNFINISHED, attempts__gte=RESTLESS_ATTEMPTS).order_by("pk")
    found += [f"submission {s.pk}, begun {s.attempts} times" for s in restless[:10]]
    return f"Something cannot be computed; it is tried again, later each time: {'; '.join(found)}." if found else None


def database_problem() -> str | None:
    """A sentence, when nothing can be written. Writes an empty note to the database's log, which no table shows."""
    try:
        if not room.ask():
            return (
                f"The database's disk is full: less than {settings.KPR_LEAST_FREE_MB} MB can be written. Nothing is received "
                "or processed; what was received waits. Make room on the disk."
            )
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(
                "SELECT pg_logical_emit_message(true, 'readyz', ''), current_setting('transaction_read_only')"
            )
            return None if cursor.fetchone()[1] == "off" else "The database takes no writes."
    except Error:
        return "The database does not answer, or takes no writes."


def broker_problem() -> str | None:
    try:
        with app.connection_for_write(connect_timeout=2) as broker:
            broker.ensure_connection(max_retries=1, interval_start=0, timeout=2)
    except (OperationalError, OSError):
        return "The broker does not answer. Messages are received; they are processed when it is back."
    return None


def security_txt(request: HttpRequest) -> HttpResponse:
    """RFC 9116. Where no contact is set there is none to tell."""
    if not settings.KPR_SECURITY_CONTACT:
        raise Http404
    expires = datetime.datetime.now(datetime.UTC).date() + datetime.timedelta(days=VALID_DAYS)
    lines = [
        f"Contact: {settings.KPR_SECURITY_CONTACT}",
        f"Expires: {expires}T00:00:00Z",
        "Preferred-Languages: nb, nn, en",
        f"Canonical: {request.build_absolute_uri(request.path)}",
    ]
    return HttpResponse("\n".join(lines) + "\n", content_type="text/plain; charset=utf-8")
