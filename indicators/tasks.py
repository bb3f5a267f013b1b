"""The computing, nudged by accepted submissions and by beat."""

from __future__ import annotations

import logging

from celery import shared_task
from kombu.exceptions import OperationalError

from indicators import actions, steering

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
