"""Nudges for the workers. The work itself, and its state, are in PostgreSQL: a lost nudge is sent again by the sweep."""

from __future__ import annotations

import datetime
import logging

from celery import shared_task
from django.conf import settings
from kombu.exceptions import OperationalError

from municipalities import calendar
from submissions import actions
from submissions.models import UNFINISHED, Message, Submission

logger = logging.getLogger(__name__)
MOST_NUDGES = 50


def nudge(municipality: str, year: int) -> None:
    """Tell a worker that there is work. A broker that is down loses nothing: the sweep finds the work."""
    try:
        process.delay(municipality, year)
    except (OperationalError, OSError):
        logger.warning("The broker did not take a nudge; the sweep will send it.")


@shared_task(name="submissions.process")
def process(municipality: str, year: int) -> None:
    actions.process_waiting(municipality, year)


@shared_task(name="submissions.nudge_waiting")
def nudge_waiting() -> None:
    """Nudge for what has waited longer than the sweep's own interval, oldest first."""
    before = calendar.now() - datetime.timedelta(seconds=settings.KPR_SWEEP_SECONDS)
    waiting = Submission.objects.filter(status__in=UNFINISHED, received_at__lte=before).order_by("pk")
    for municipality, year in dict.fromkeys(waiting.values_list("municipality_id", "year")[:MOST_NUDGES]):
        nudge(str(municipality), int(year or 0))


@shared_task(name="submissions.shred_messages")
def shred_messages() -> None:
    """Delete messages processed longer ago than KPR_MESSAGE_RETENTION_DAYS, with their keys. Receipts stay."""
    before = calendar.now() - datetime.timedelta(days=settings.KPR_MESSAGE_RETENTION_DAYS)
    Message.objects.filter(submission__processed_at__lt=before).delete()
