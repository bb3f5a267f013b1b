"""Releases that are due, and those that registry staff order."""

from __future__ import annotations

import logging

from celery import shared_task
from django.conf import settings
from kombu.exceptions import OperationalError

from municipalities.statements import statements_of
from publications import release

logger = logging.getLogger(__name__)


def nudge() -> None:
    """Tell a worker to make the releases that are due. A broker that is down loses nothing: they are made after the daily refresh."""
    try:
        release_due.delay()
    except (OperationalError, OSError):
        logger.warning("The broker did not take a nudge; what is due is released after the daily refresh.")


def order_correction(year: int, public_reason: str) -> bool:
    """Tell a worker to make a correction. False where the broker did not take it: nobody would make it later."""
    try:
        correct.delay(year, public_reason)
    except (OperationalError, OSError):
        return False
    return True


@shared_task(name="publications.release_due")
def release_due() -> None:
    with statements_of(settings.KPR_NATION_STATEMENT_SECONDS):
        release.release_due()


@shared_task(name="publications.correct")
def correct(year: int, public_reason: str) -> None:
    """A correction that registry staff ordered."""
    with statements_of(settings.KPR_NATION_STATEMENT_SECONDS):
        try:
            release.release(year, correction=True, public_reason=public_reason)
        except release.NoRelease as reason:
            logger.info("No correction of %s is made: %s", year, reason)
