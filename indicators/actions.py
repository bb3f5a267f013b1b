"""Compute the results of submissions and keep them."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence

from celery.exceptions import SoftTimeLimitExceeded
from django.contrib.postgres.aggregates import ArrayAgg
from django.db import connection, transaction
from django.db.models import Q

from indicators import broken, engine, staleness
from indicators.definitions import INDICATORS, families
from indicators.indicator import Indicator
from indicators.models import IndicatorValue, Level
from indicators.staleness import computable
from municipalities import calendar
from municipalities.models import District
from municipalities.outages import is_away, is_too_slow
from submissions.models import Submission

BATCH = 2000
COMPUTING = 0x4E4B49  # key of the advisory locks, with the submission's number
Family = tuple[Indicator, ...]


def recompute(submissions: Sequence[int], wanted: Sequence[Family] | None = None) -> None:
    """Compute the indicators of the submissions anew, in all their areas, and replace what was stored.

    Trial submissions have results too: they tell the sender what the indicators would be. Safe to run twice.

    Raises:
        OperationalError: the database was lost. A broken definition does not raise: it keeps no results, and is noted.
    """
    if not submissions:
        return
    if wanted is None:
        known = [indicator.code for indicator in INDICATORS]
        IndicatorValue.objects.filter(submission__in=submissions).exclude(indicator__in=known).delete()
    for family in wanted if wanted is not None else families():
        _note(family, _compute(family, submissions))
    Submission.objects.filter(pk__in=submissions).update(indicators_at=calendar.now())


def _compute(family: Family, submissions: Sequence[int]) -> dict[int, str]:
    """The kinds of error by submission. Where many fail together, each half is tried on its own: one submission's data may be
    what the definition cannot stand."""
    try:
        _replace(family, submissions)
    except SoftTimeLimitExceeded as error:
        _note(family, dict.fromkeys(submissions, type(error).__name__))
        raise
    except Exception as error:
        if is_away(error):
            raise
        if len(submissions) == 1 or is_too_slow(error):
            return dict.fromkeys(submissions, type(error).__name__)
        half = len(submissions) // 2
        return _compute(family, submissions[:half]) | _compute(family, submissions[half:])
    return {}


@transaction.atomic
def _replace(family: Family, submissions: Sequence[int]) -> None:
    compute_alone(COMPUTING, submissions)
    codes = [indicator.code for indicator in family]
    kept = list(Submission.objects.filter(pk__in=submissions).order_by("pk"))
    IndicatorValue.objects.filter(submission__in=submissions, indicator__in=codes).delete()
    _store(kept, family, engine.count(family, [submission.pk for submission in kept]))
    broken.forget(codes, submissions)


def compute_alone(kind: int, submissions: Sequence[int]) -> list[int]:
    """One computation at a time of the same submission, until the transaction ends: two would store it twice. The submission's
    row is not locked: a new message may replace it meanwhile. Returns those that there are."""
    found = Submission.objects.filter(pk__in=submissions).order_by("pk").values("pk")
    sql, parameters = found.query.sql_with_params()
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT id, pg_advisory_xact_lock(%s, id::integer) FROM ({sql}) s (id)", [kind, *parameters])  # noqa: S608
        return [key for key, _lock in cursor.fetchall()]


@transaction.atomic
def _note(family: Family, errors: dict[int, str]) -> None:
    codes = [indicator.code for indicator in family]
    IndicatorValue.objects.filter(submission__in=list(errors), indicator__in=codes).delete()
    broken.note([(indicator.code, indicator.version) for indicator in family], errors)


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


def stale(year: int | None = None) -> list[tuple[Family, list[int]]]:
    """For each family the submissions that lack a result of it as it is defined today, and are not to be tried later."""
    definitions = {(indicator.code, indicator.version) for indicator in INDICATORS}
    today = Q()
    for code, version in definitions:
        today |= Q(indicator=code, version=version)
    results = IndicatorValue.objects.filter(today, level=Level.MUNICIPALITY, submission__in=computable(year)).order_by()
    computed = results.values_list("submission").annotate(codes=ArrayAgg("indicator"))
    lacking = staleness.stale(definitions, computed, year)
    due = [(family, [key for key in lacking if lacking[key] & {each.code for each in family}]) for family in families()]
    return [(family, submissions) for family, submissions in due if submissions]
