"""The computing, nudged by accepted submissions and by beat."""

from __future__ import annotations

import logging

from celery import shared_task
from kombu.exceptions import OperationalError

from indicators import actions, publishing, refreshing, steering

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
    _compute([submission])


@shared_task(name="indicators.recompute_stale")
def recompute_stale() -> None:
    """The sweep: current submissions without results as they are defined today."""
    _compute(actions.stale()[:MOST_AT_ONCE])


def _compute(submissions: list[int]) -> None:
    actions.recompute(submissions)
    steering.recompute(submissions)


def nudge_publication() -> None:
    """Tell a worker to publish what is current. A broker that is down loses nothing: the daily refresh publishes."""
    try:
        publish.delay()
    except (OperationalError, OSError):
        logger.warning("The broker did not take a nudge; the daily refresh will publish.")


@shared_task(name="indicators.publish")
def publish() -> None:
    publishing.publish()


@shared_task(name="indicators.refresh")
def refresh(year: int | None = None) -> None:
    refreshing.refresh(year)
