"""Findings as pages and downloads need them: of a submission, or of one unit in it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet, Subquery

from quality.check import Check
from quality.checks import BY_CODE, CHECKS
from quality.engine import given
from quality.models import CheckResult, FindingRow, Outcome, Severity, UnitResult
from submissions.models import PersonLevel, Status, Submission

ORDER = {Severity.ERROR: 0, Severity.WARNING: 1, Severity.INFO: 2}


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One check's outcome as somebody sees it. Counts that the viewer may not see, or that do not exist, are None.

    `result` is None for a unit without offending rows: the municipality's result is not the unit leader's to see.
    """

    check: Check
    result: CheckResult | None
    status: Outcome
    violating: int
    applicable: int | None = None
    new: int | None = None
    existing: int | None = None
    corrected: int | None = None
    gone: int | None = None

    @property
    def share(self) -> float | None:
        """Per cent of the rows that the check applies to."""
        return 100 * self.violating / self.applicable if self.applicable else None


@dataclass(frozen=True)
class Findings:
    """All findings of one submission, in the order in which they should be corrected."""

    all: tuple[Finding, ...] = ()

    def _with(self, status: Outcome) -> list[Finding]:
        return [finding for finding in self.all if finding.status == status]

    @property
    def to_correct(self) -> list[Finding]:
        return self._with(Outcome.FAILED)

    @property
    def errors(self) -> list[Finding]:
        return [finding for finding in self.to_correct if finding.check.severity == Severity.ERROR]

    @property
    def warnings(self) -> list[Finding]:
        return [finding for finding in self.to_correct if finding.check.severity != Severity.ERROR]

    @property
    def in_order(self) -> list[Finding]:
        return self._with(Outcome.PASSED)

    @property
    def not_applicable(self) -> list[Finding]:
        return self._with(Outcome.NOT_APPLICABLE)

    @property
    def broken(self) -> list[Finding]:
        return self._with(Outcome.ERROR)

    @property
    def error_rows(self) -> int:
        return sum(finding.violating for finding in self.errors)

    @property
    def warning_rows(self) -> int:
        return sum(finding.violating for finding in self.warnings)

    @property
    def new(self) -> int | None:
        return _sum(finding.new for finding in self.all)

    @property
    def corrected(self) -> int | None:
        return _sum(finding.corrected for finding in self.all)

    @property
    def gone(self) -> int | None:
        return _sum(finding.gone for finding in self.all)


def _sum(numbers: Iterable[int | None]) -> int | None:
    """The sum of those that are known; None when none is."""
    known = [number for number in numbers if number is not None]
    return sum(known) if known else None


def findings_of(submission: Submission | None, unit: str = "") -> Findings:
    """The findings of a submission, or with `unit` only what concerns that unit. One query."""
    if submission is None:
        return Findings()
    found = _of_unit(submission, unit) if unit else _whole(submission)
    return Findings(tuple(sorted(found, key=_urgency)))


def _urgency(finding: Finding) -> tuple[int, int, str]:
    return ORDER[Severity(finding.check.severity)], -finding.violating, finding.check.code


def _whole(submission: Submission) -> list[Finding]:
    return [
        Finding(
            check=BY_CODE[result.code],
            result=result,
            status=Outcome(result.status),
            violating=result.violating,
            applicable=result.applicable,
            new=result.new,
            existing=result.existing,
            corrected=result.corrected,
            gone=result.gone,
        )
        for result in submission.results.all()
        if result.code in BY_CODE
    ]


def _of_unit(submission: Submission, unit: str) -> list[Finding]:
    """Only checks of persons and what hangs on them: the message itself is not a unit's to correct."""
    own = UnitResult.objects.filter(result=OuterRef("pk"), organisation_number=unit).values("violating")
    results = {result.code: result for result in submission.results.annotate(in_unit=Subquery(own[:1]))}
    if not results and submission.status != Status.DONE:
        return []
    return [_in_unit(check, results.get(check.code)) for check in CHECKS if issubclass(check.model, PersonLevel)]


def _in_unit(check: Check, result: Any) -> Finding:
    """Without a row of its own the unit has nothing to correct; whether the rest of the municipality has, is not told."""
    if result and result.status == Outcome.ERROR:
        return Finding(check=check, result=result, status=Outcome.ERROR, violating=0)
    if result and result.in_unit:
        return Finding(check=check, result=result, status=Outcome.FAILED, violating=result.in_unit)
    return Finding(check=check, result=None, status=Outcome.PASSED, violating=0)


def rows_of(result: CheckResult | None, *, unit: str = "", only_new: bool = False) -> QuerySet[FindingRow]:
    """The offending rows of a result, of one unit, and only those that the previous submission did not have."""
    if result is None:
        return FindingRow.objects.none()
    rows = FindingRow.objects.filter(result=result)
    if unit:
        rows = rows.filter(of_unit(BY_CODE[result.code], result.submission_id, unit))
    if only_new:
        rows = rows.filter(is_new=True)
    return rows.order_by("user_ref", "service_ref", "id")


def of_unit(check: Check, submission: int, unit: str) -> Q:
    """A service is the unit's when it gives it; a person, or what is known of one, when it gives them a service that the
    check concerns."""
    services = given(check.given_by, submission).filter(organisation_number=unit)
    own = Exists(services.filter(pk=OuterRef("service")))
    served = Exists(services.filter(person=OuterRef("person")))
    return Q(own) | (Q(service__isnull=True) & Q(served))


def by_subject() -> list[tuple[Any, list[Check]]]:
    """The catalogue of checks, by the kind of row they judge, in the order in which they are declared."""
    groups: dict[Any, list[Check]] = {}
    for check in CHECKS:
        groups.setdefault(check.model, []).append(check)
    return list(groups.items())
