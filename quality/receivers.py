"""What quality does when the floor below has news."""

from __future__ import annotations

from typing import Any

from django.db import connection, transaction
from django.dispatch import receiver

from quality.actions import check_submission
from submissions.models import Answer, Person, Service, Submission, TemporaryStop
from submissions.signals import loaded

JOINED = {
    Person: "pseudonym",
    Service: "person_id, type, start",
    TemporaryStop: "service_id",
    Answer: "person_id, topic, yes, date",
}
# From here on a plan made without statistics may take minutes; below it, no plan takes long.
MANY_BYTES = 20_000
# A table that is this many times as large as when PostgreSQL last took statistics of it.
GROWN = """
SELECT relname FROM pg_class WHERE oid = ANY(%s::regclass[])
AND pg_relation_size(oid) > 1.2 * relpages * current_setting('block_size')::integer
"""


@receiver(loaded, dispatch_uid="quality.check_loaded")
def check_loaded(submission: Submission, **_signal: Any) -> None:
    if submission.size >= MANY_BYTES:
        _show_planner()
    check_submission(submission)


def _show_planner() -> None:
    """Tell PostgreSQL's planner of tables that have grown much; unaware of it, it compares all with all.

    A small sample is enough for that, and autovacuum takes a larger one in its time. How many rows one submission has it does
    not learn: it takes every submission for the same small part of the table (migration 0002 of submissions), new ones too.
    """
    tables = {model._meta.db_table: columns for model, columns in JOINED.items()}
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(GROWN, [list(tables)])
        grown = [name for (name,) in cursor.fetchall()]
    # One transaction for each: the table's lock keeps other submissions from doing the same.
    for name in grown:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SET LOCAL default_statistics_target = 20")
            cursor.execute(f"ANALYZE {name} ({tables[name]})")
