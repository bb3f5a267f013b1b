"""The publishing, nudged after many messages at once."""

from __future__ import annotations

import logging

from celery import shared_task
from django.conf import settings
from kombu.exceptions import OperationalError

from municipalities.statements import statements_of
from publications import release

logger = logging.getLogger(__name__)


def nudge() -> None:
    """Tell a worker to publish what is current. A broker that is down loses nothing: the daily refresh publishes."""
    try:
        publish.delay()
    except (OperationalError, OSError):
        logger.warning("The broker did not take a nudge; the daily refresh will publish.")


@shared_task(name="publications.publish")
def publish() -> None:
    with statements_of(settings.KPR_NATION_STATEMENT_SECONDS):
        release.publish()
