"""Compute the results of submissions and keep them."""

from __future__ import annotations

import itertools
import logging
from collections.abc import Iterable, Sequence

from django.db import transaction
from django.db.models import Count as CountOf
from django.db.models import Q
from django.db.utils import InterfaceError, OperationalError

from indicators import engine
from indicators.definitions import INDICATORS, families
from indicators.indicator import Indicator
from indicators.models import IndicatorValue, Level
from municipalities import calendar
from municipalities.models import District
from submissions.models import Submission

logger = logging.getLogger(__name__)
BATCH = 2000


def recompute(submissions: Sequence[int]) -> None:
    """Compute the indicators of the submissions anew, in all their areas, and replace what was stored.

    Trial submissions have results too: they tell the sender what the indicators would be. Safe to run twice.

    Raises:
        OperationalError: the database was lost. A broken definition does not raise: it is logged, and keeps no results.
    """
    if not submissions:
        return
    with transaction.atomic():
        # One computation at a time of the same submission: two would store it twice.
        kept = list(Submission.objects.select_for_update().filter(pk__in=submissions).order_by("pk"))
        IndicatorValue.objects.filter(submission__in=submissions).delete()
        for family in families():
            counts = _counted(family, [submission.pk for submission in kept])
            if counts is not None:
                _store(kept, family, counts)
        Submission.objects.filter(pk__in=submissions).update(indicators_at=calendar.now())


def _counted(family: Sequence[Indicator], submissions: Sequence[int]) -> list[engine.Count] | None:
    try:
        with transaction.atomic():
            return list(engine.count(family, submissions))
    except (OperationalError, InterfaceError):
        raise
    except Exception as error:
        logger.error("Broken indicator %s: %s", family[0].code, type(error).__name__)
        return None


def _store(submissions: Sequence[Submission], family: Sequence[Indicator], counts: Iterable[engine.Count]) -> None:
    now = calendar.now()
    code_of = {submission.pk: str(submission.municipality_id) for submission in submissions}
    districts = set(District.objects.values_list("pk", flat=True))
    values = {
        (count.submission, count.indicator, count.level, count.area or code_of[count.submission]): IndicatorValue(
            submission_id=count.submission,
            indicator=count.indicator.code,
            version=count.indicator.version,
            level=count.level,
            area=count.area or code_of[count.submission],
            numerator=count.numerator,
            denominator=count.denominator,
            missing=count.missing,
            computed_at=now,
        )
        for count in counts
        if count.level != Level.DISTRICT or count.area in districts
    }
    for submission, indicator in itertools.product(submissions, family):
        empty = _nobody(submission, indicator)
        values.setdefault((submission.pk, indicator, Level.MUNICIPALITY, empty.area), empty)
    IndicatorValue.objects.bulk_create(values.values(), batch_size=BATCH)


def _nobody(submission: Submission, indicator: Indicator) -> IndicatorValue:
    """A municipality with nobody below the line has a result too: it says that this was looked at."""
    return IndicatorValue(
        submission=submission,
        indicator=indicator.code,
        version=indicator.version,
        level=Level.MUNICIPALITY,
        area=str(submission.municipality_id),
        numerator=0,
        denominator=0,
        missing=0,
        computed_at=calendar.now(),
    )


def stale(year: int | None = None) -> list[int]:
    """Current submissions that lack a result of an indicator as it is defined today."""
    current = Submission.objects.filter(is_current=True)
    if year is not None:
        current = current.filter(year=year)
    today = Q()
    for indicator in INDICATORS:
        today |= Q(indicator=indicator.code, version=indicator.version)
    results = IndicatorValue.objects.filter(today, level=Level.MUNICIPALITY, submission__in=current)
    found = dict(results.order_by().values_list("submission").annotate(number=CountOf("pk")))
    return [key for key in current.values_list("pk", flat=True) if found.get(key, 0) < len(INDICATORS)]
