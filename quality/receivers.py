"""What quality does when the floor below has news."""

from __future__ import annotations

from typing import Any

from django.db import connection, transaction
from django.dispatch import receiver

from quality.actions import check_submission
from submissions.models import Answer, Person, Service, Submission, TemporaryStop
from submissions.signals import loaded

JOINED = {
    Person: "submission_id, pseudonym",
    Service: "submission_id, person_id, type, start",
    TemporaryStop: "submission_id, service_id",
    Answer: "submission_id, person_id, topic, yes, date",
}
# From here on a plan made without statistics may take minutes; below it, no plan takes long.
MANY_PERSONS = 50


@receiver(loaded, dispatch_uid="quality.check_loaded")
def check_loaded(submission: Submission, **_signal: Any) -> None:
    if submission.persons >= MANY_PERSONS:
        _show_planner()
    check_submission(submission)


def _show_planner() -> None:
    """Tell PostgreSQL's planner of rows that were loaded a moment ago; unaware of them, it compares all with all.

    A small sample is enough for that, and autovacuum takes a larger one in its time.
    """
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL default_statistics_target = 20")
        for model, columns in JOINED.items():
            cursor.execute(f"ANALYZE {model._meta.db_table} ({columns})")
