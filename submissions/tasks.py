"""Nudges for the workers. The work itself, and its state, are in PostgreSQL: a lost nudge is sent again by the sweep.

Small messages, large ones and results each have a queue and a worker process of their own (settings.CELERY_TASK_ROUTES).
"""

from __future__ import annotations

import datetime
import logging
from typing import Any

from celery import Task, shared_task
from celery.exceptions import TimeLimitExceeded
from django.conf import settings
from django.db import connection
from kombu.exceptions import OperationalError

from municipalities import calendar
from submissions import actions
from submissions.models import UNFINISHED, Message, Submission

logger = logging.getLogger(__name__)
MOST_NUDGES = 50
# Of one municipality and year in one task: others wait too, and the time limit is the task's.
MOST_SMALL = 20


class Processing(Task):
    """Work on submissions: where it is killed at its hard time limit, the submission says so."""

    def on_failure(self, exc: Exception, task_id: str, args: Any, kwargs: Any, einfo: Any) -> None:
        """Called in the worker's main process, just before it kills the one that works."""
        if isinstance(exc, TimeLimitExceeded):
            actions.give_up_killed(*args)
            connection.close()


def nudge(municipality: str, year: int, *, large: bool = False) -> None:
    """Tell a worker that there is work. A broker that is down loses nothing: the sweep finds the work."""
    try:
        (process_large if large else process).delay(municipality, year)
    except (OperationalError, OSError):
        logger.warning("The broker did not take a nudge; the sweep will send it.")


@shared_task(name="submissions.process", base=Processing)
def process(municipality: str, year: int) -> None:
    _process(municipality, year, large=False, most=MOST_SMALL)


@shared_task(name="submissions.process_large", base=Processing)
def process_large(municipality: str, year: int) -> None:
    _process(municipality, year, large=True, most=1)


def _process(municipality: str, year: int, *, large: bool, most: int) -> None:
    left = actions.process_waiting(municipality, year, large=large, most=most)
    if left:
        nudge(municipality, year, large=left.is_large)


@shared_task(name="submissions.nudge_waiting")
def nudge_waiting() -> None:
    """Nudge for what waits and may begin, oldest first."""
    before = calendar.now() - datetime.timedelta(seconds=settings.KPR_SWEEP_SECONDS)
    waiting = Submission.objects.filter(actions.due(), status__in=UNFINISHED, received_at__lte=before).order_by("pk")
    for municipality, year in dict.fromkeys(waiting.values_list("municipality_id", "year")[:MOST_NUDGES]):
        nudge(str(municipality), int(year or 0))


@shared_task(name="submissions.shred_messages")
def shred_messages() -> None:
    """Delete messages processed longer ago than KPR_MESSAGE_RETENTION_DAYS, with their keys. Receipts stay."""
    before = calendar.now() - datetime.timedelta(days=settings.KPR_MESSAGE_RETENTION_DAYS)
    Message.objects.filter(submission__processed_at__lt=before).delete()
