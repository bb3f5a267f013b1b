"""Steering figures: what a municipality and its units steer by, computed for every submission and stored as SteeringValue.

A statement for each kind of figure counts all submissions and all areas at once and stores what it counted; nothing of it passes
through here. A count of nobody has no row, except those of followup.py: every submission that is computed has them.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence

from django.db import transaction
from django.db.utils import InterfaceError, OperationalError

from indicators.models import SteeringValue
from indicators.steering import at_end, completeness, flow, followup, people, waiting
from municipalities import calendar
from submissions.models import Submission

logger = logging.getLogger(__name__)
STATEMENTS: tuple[Callable[[Sequence[int]], None], ...] = (
    at_end.compute,
    flow.compute,
    people.compute,
    waiting.compute,
    completeness.compute,
    followup.compute,
)


def recompute(submissions: Sequence[int]) -> None:
    """Compute the steering figures of the submissions anew, in all their areas, and replace what was stored.

    Findings come first: they tell whom no figure counts. Safe to run twice.

    Raises:
        OperationalError: the database was lost. A broken statement does not raise: it is logged, and keeps no figures.
    """
    if not submissions:
        return
    with transaction.atomic():
        # One computation at a time of the same submission: two would store it twice.
        kept = [each.pk for each in Submission.objects.select_for_update().filter(pk__in=submissions).order_by("pk")]
        SteeringValue.objects.filter(submission__in=submissions).delete()
        for compute in STATEMENTS if kept else ():
            _try(compute, kept)
        Submission.objects.filter(pk__in=kept).update(steering_at=calendar.now())


def _try(compute: Callable[[Sequence[int]], None], submissions: Sequence[int]) -> None:
    try:
        with transaction.atomic():
            compute(submissions)
    except (OperationalError, InterfaceError):
        raise
    except Exception as error:
        logger.error("Broken steering figures, %s: %s", compute.__module__, type(error).__name__)
