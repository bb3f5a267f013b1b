"""The computing, nudged by accepted submissions and by beat."""

from __future__ import annotations

import logging

from celery import shared_task
from django.conf import settings
from kombu.exceptions import OperationalError

from indicators import actions, publishing, refreshing, steering
from municipalities.statements import statements_of

logger = logging.getLogger(__name__)
MOST_AT_ONCE = 100


def nudge(submission: int) -> None:
    """Tell a worker that a submission wants its results. A broker that is down loses nothing: the sweep finds it."""
    try:
        recompute.delay(submission)
    except (OperationalError, OSError):
        logger.warning("The broker did not take a nudge; the sweep will compute the results.")


@shared_task(name="indicators.recompute")
def recompute(submission: int) -> None:
    actions.recompute([submission])
    steering.recompute([submission])


@shared_task(name="indicators.recompute_stale")
def recompute_stale() -> None:
    """The sweep: submissions without results as they are defined today, indicators and steering figures each for itself."""
    for family, submissions in actions.stale():
        actions.recompute(submissions[:MOST_AT_ONCE], [family])
    steering.recompute(steering.stale()[:MOST_AT_ONCE])


def nudge_publication() -> None:
    """Tell a worker to publish what is current. A broker that is down loses nothing: the daily refresh publishes."""
    try:
        publish.delay()
    except (OperationalError, OSError):
        logger.warning("The broker did not take a nudge; the daily refresh will publish.")


@shared_task(name="indicators.publish")
def publish() -> None:
    with statements_of(settings.KPR_NATION_STATEMENT_SECONDS):
        publishing.publish()


@shared_task(name="indicators.refresh")
def refresh(year: int | None = None) -> None:
    with statements_of(settings.KPR_NATION_STATEMENT_SECONDS):
        refreshing.refresh(year)
