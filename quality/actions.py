"""Judge submissions and keep the results: rows, counts, units and what is new since last time."""

from __future__ import annotations

import logging
from collections import defaultdict, deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import dataclass, field
from typing import Any

from celery.exceptions import SoftTimeLimitExceeded
from django.db import connection, transaction
from django.db.models import Q
from django.db.utils import InterfaceError, OperationalError

from municipalities import calendar
from quality.check import Check
from quality.checks import CHECKS
from quality.engine import (
    Statement,
    Tally,
    counting_applicable,
    each_side_read_once,
    finding,
    giving,
    scans,
)
from quality.models import CheckResult, FindingRow, Outcome, UnitResult
from submissions.actions import current
from submissions.models import Submission

logger = logging.getLogger(__name__)
# A new connection knows no tables yet: below so many persons that takes longer than the checks it would take over.
FEWEST_FOR_TWO_CONNECTIONS = 3000
INSERT_ROWS = """
INSERT INTO quality_findingrow (result_id, "row", person, service, user_ref, service_ref, ref_hash, is_new)
SELECT (%s::bigint[])[n], r.row_key, r.person_key, r.service_key, r.user_number, r.service_number, r.reference_hash,
  CASE WHEN (%s::bigint[])[n] IS NOT NULL THEN o.result_id IS NULL END
FROM ({rows}) r CROSS JOIN LATERAL unnest(r.violated) n LEFT JOIN (
  SELECT DISTINCT result_id, user_ref, service_ref, ref_hash FROM quality_findingrow WHERE result_id = ANY(%s)
) o ON o.result_id = (%s::bigint[])[n] AND o.user_ref = r.user_number AND o.service_ref = r.service_number
  AND o.ref_hash = r.reference_hash
"""
# A row about a service is its giver's; one about a person belongs to whoever gives the person one of the services that concern it.
INSERT_UNITS = """
INSERT INTO quality_unitresult (result_id, organisation_number, violating)
WITH given AS MATERIALIZED ({given})
SELECT f.result_id, s.organisation_number, count(*)
FROM quality_findingrow f JOIN given s ON s.id = f.service
WHERE f.result_id = ANY(%s)
GROUP BY f.result_id, s.organisation_number
UNION ALL
SELECT f.result_id, u.organisation_number, sum(f.number)
FROM (
  SELECT result_id, person, count(*) AS number FROM quality_findingrow
  WHERE result_id = ANY(%s) AND service IS NULL GROUP BY result_id, person
) f JOIN (SELECT DISTINCT person_id, organisation_number FROM given) u ON u.person_id = f.person
GROUP BY f.result_id, u.organisation_number
"""
COUNT_ROWS = "SELECT result_id, count(*) FROM quality_findingrow WHERE result_id = ANY(%s) GROUP BY result_id"
COUNT_NEW = """
SELECT result_id, count(*) FILTER (WHERE is_new), count(*) FILTER (WHERE NOT is_new)
FROM quality_findingrow WHERE result_id = ANY(%s) GROUP BY result_id
"""
# What is said of the message as a whole has no person, and is always still there.
COUNT_RESOLVED = """
WITH resolved AS MATERIALIZED (
  SELECT p.result, o.person IS NOT NULL AS of_person, o.service IS NOT NULL AS of_service, o.user_ref, o.service_ref,
    o.ref_hash
  FROM unnest(%(results)s::bigint[], %(previous)s::bigint[]) AS p(result, previous)
  JOIN quality_findingrow o ON o.result_id = p.previous
  LEFT JOIN (
    SELECT DISTINCT result_id, user_ref, service_ref, ref_hash FROM quality_findingrow WHERE result_id = ANY(%(results)s)
  ) f ON f.result_id = p.result AND f.user_ref = o.user_ref AND f.service_ref = o.service_ref
    AND f.ref_hash = o.ref_hash
  WHERE o.result_id = ANY(%(previous)s) AND f.result_id IS NULL
), persons AS (
  SELECT DISTINCT user_ref, user_ref_hash AS ref_hash FROM submissions_person WHERE submission_id = %(submission)s
), services AS (
  SELECT DISTINCT p.user_ref, s.service_ref, p.user_ref_hash # s.service_ref_hash AS ref_hash
  FROM submissions_service s JOIN submissions_person p ON p.id = s.person_id AND p.submission_id = %(submission)s
  WHERE s.submission_id = %(submission)s AND EXISTS (SELECT FROM resolved WHERE of_service)
), marked AS (
  SELECT r.result, CASE WHEN of_service THEN s.user_ref IS NULL ELSE of_person AND p.user_ref IS NULL END AS gone
  FROM resolved r LEFT JOIN persons p ON p.user_ref = r.user_ref AND p.ref_hash = r.ref_hash
  LEFT JOIN services s ON s.user_ref = r.user_ref AND s.service_ref = r.service_ref AND s.ref_hash = r.ref_hash
)
SELECT result, count(*) FILTER (WHERE NOT gone), count(*) FILTER (WHERE gone) FROM marked GROUP BY result
"""
RESERVE = "SELECT nextval(pg_get_serial_sequence('quality_checkresult', 'id')) FROM generate_series(1, %s)"


@dataclass
class _Judgement:
    """What is known so far of one submission: the results' reserved keys, comparable earlier results, and of the checks that
    were run the tallies. One that was run and has none is broken.
    """

    submission: Submission
    keys: dict[Check, int]
    previous: dict[Check, int]
    run: list[Check] = field(default_factory=list)
    tallies: dict[Check, Tally] = field(default_factory=dict)


def check_submission(submission: Submission, checks: Sequence[Check] = CHECKS) -> None:
    """Run the checks on the submission's rows and replace their stored results.

    The submission need not be current. Others count only as current, real submissions. Safe to run twice.

    Raises:
        OperationalError: the database was lost; the attempt must be made again. A broken check does not raise.
    """
    alone = connection.in_atomic_block or submission.persons < FEWEST_FOR_TWO_CONNECTIONS
    with transaction.atomic():
        _discard(submission, checks)
        facts = (submission, dict(zip(checks, _reserve(len(checks)), strict=True)), _comparable(submission, checks))
    waiting = deque(scans(checks))
    if alone:
        _judge(_Judgement(*facts), waiting)
        return
    with ThreadPoolExecutor(max_workers=1) as beside:
        other = beside.submit(_judge_on_own_connection, _Judgement(*facts), waiting)
        try:
            _judge(_Judgement(*facts), waiting)
        except BaseException:
            waiting.clear()  # the other connection stops after what it is at
            raise
        other.result()


def _judge_on_own_connection(judgement: _Judgement, waiting: deque[tuple[Check, ...]]) -> None:
    try:
        _judge(judgement, waiting)
    finally:
        connection.close()


@transaction.atomic
def _judge(judgement: _Judgement, waiting: deque[tuple[Check, ...]]) -> None:
    """Run checks that wait until none is left. Another connection may take from the same, so that both are busy to the end."""
    with suppress(IndexError):
        while checks := waiting.popleft():
            judgement.run += checks
            _judge_together(judgement, checks)
    _store(judgement)


def _discard(submission: Submission, checks: Sequence[Check]) -> None:
    codes = [check.code for check in checks]
    old = list(submission.results.filter(code__in=codes).values_list("pk", flat=True))
    if old:
        FindingRow.objects.filter(result__in=old).delete()
        UnitResult.objects.filter(result__in=old).delete()
        CheckResult.objects.filter(pk__in=old).delete()


def _reserve(number: int) -> list[int]:
    return [key for (key,) in _fetch(RESERVE, [number])]


def _comparable(submission: Submission, checks: Sequence[Check]) -> dict[Check, int]:
    """Results of the submission before this one, for checks whose version is the same and that were not broken. None where its
    rows were removed: everything would be new."""
    earlier = submission.supersedes or current(submission)
    if earlier is None or earlier.rows_removed_at:
        return {}
    results = CheckResult.objects.filter(submission=earlier).exclude(status=Outcome.ERROR)
    keys = {(code, version): key for key, code, version in results.values_list("pk", "code", "version")}
    return {check: keys[check.code, check.version] for check in checks if (check.code, check.version) in keys}


# --- Judging -------------------------------------------------------------------------------------------------


def _judge_together(judgement: _Judgement, checks: tuple[Check, ...]) -> None:
    """Count and write what one scan tells; where one of its checks is broken, each on its own."""
    with _unbroken(checks) as attempt, nullcontext() if checks[0].is_plain else each_side_read_once():
        applicable = _numbers(counting_applicable(checks), judgement.submission, len(checks))
        if any(applicable):
            _write_rows(judgement, checks)
        keys = [judgement.keys[check] for check in checks]
        violating = dict(_fetch(COUNT_ROWS, [keys])) if any(applicable) else {}
        for check, key, number in zip(checks, keys, applicable, strict=True):
            judgement.tallies[check] = Tally(number, violating.get(key, 0))
        attempt.done = True
    if not attempt.done and len(checks) > 1:
        for check in checks:
            _judge_together(judgement, (check,))


@dataclass
class _Attempt:
    done: bool = False


@contextmanager
def _unbroken(checks: Iterable[Check]) -> Iterator[_Attempt]:
    """A savepoint: what a broken check raises is logged without its text, which may quote a row, and goes no further."""
    try:
        with transaction.atomic():
            yield _Attempt()
    except (OperationalError, InterfaceError, SoftTimeLimitExceeded):
        raise
    except Exception as error:
        state = getattr(error.__cause__, "sqlstate", "")
        logger.error("Broken check %s: %s %s", ", ".join(c.code for c in checks), type(error).__name__, state)


def _numbers(statement: Statement, submission: Submission, width: int) -> Sequence[int]:
    """The one row of counts, without the submission that leads it; zeros where the submission has no such rows."""
    found = _fetch(statement.sql, statement.of(submission.pk))
    return found[0][1:] if found else (0,) * width


def _write_rows(judgement: _Judgement, checks: tuple[Check, ...]) -> None:
    """Insert the offending rows of the checks without fetching them."""
    statement = finding(checks)
    results = [judgement.keys[check] for check in checks]
    previous = [judgement.previous.get(check) for check in checks]
    with each_side_read_once(), connection.cursor() as cursor:
        of_rows = statement.of(judgement.submission.pk)
        parameters = [results, previous, *of_rows, [key for key in previous if key], previous]
        cursor.execute(INSERT_ROWS.format(rows=statement.sql), parameters)


# --- Storing -------------------------------------------------------------------------------------------------


def _store(judgement: _Judgement) -> None:
    _store_units(judgement)
    deltas = _deltas(judgement)
    now = calendar.now()
    CheckResult.objects.bulk_create(
        CheckResult(
            pk=key,
            submission=judgement.submission,
            code=check.code,
            version=check.version,
            severity=check.severity,
            status=_status(judgement.tallies.get(check)),
            checked_at=now,
            **_counts(judgement.tallies.get(check)),
            **deltas.get(key, {}),
        )
        for check, key in ((check, judgement.keys[check]) for check in judgement.run)
    )


def _store_units(judgement: _Judgement) -> None:
    """How many rows of each failed check are each unit's to correct. One statement for checks with the same tie to units."""
    failed: dict[Q, list[int]] = defaultdict(list)
    for check, tally in judgement.tallies.items():
        if tally.violating:
            failed[check.given_by].append(judgement.keys[check])
    if not failed:
        return
    with each_side_read_once(), connection.cursor() as cursor:
        for given_by, results in failed.items():
            given = giving(given_by)
            parameters = [*given.of(judgement.submission.pk), results, results]
            cursor.execute(INSERT_UNITS.format(given=given.sql), parameters)


def _status(tally: Tally | None) -> Outcome:
    if tally is None:
        return Outcome.ERROR
    if tally.applicable == 0:
        return Outcome.NOT_APPLICABLE
    return Outcome.FAILED if tally.violating else Outcome.PASSED


def _counts(tally: Tally | None) -> dict[str, int]:
    return {"applicable": tally.applicable, "violating": tally.violating} if tally else {}


def _deltas(judgement: _Judgement) -> dict[int, dict[str, int]]:
    """New, existing, corrected and gone rows of each result that has a comparable earlier one."""
    compared = {judgement.keys[check]: old for check, old in judgement.previous.items() if check in judgement.tallies}
    if not compared:
        return {}
    found = {key: dict.fromkeys(("new", "existing", "corrected", "gone"), 0) for key in compared}
    for key, new, existing in _fetch(COUNT_NEW, [list(compared)]):
        found[key] |= {"new": new, "existing": existing}
    keys = {"results": list(compared), "previous": list(compared.values()), "submission": judgement.submission.pk}
    with each_side_read_once():
        for key, corrected, gone in _fetch(COUNT_RESOLVED, keys):
            found[key] |= {"corrected": corrected, "gone": gone}
    return found


def _fetch(sql: str, parameters: Sequence[Any] | dict[str, Any]) -> list[Any]:
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        return cursor.fetchall()
