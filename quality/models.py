"""What the checks found. Pages read these tables, never the person-level rows behind them."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from submissions.models import Submission


class Severity(models.TextChoices):
    ERROR = "error", _("feil")
    WARNING = "warning", _("advarsel")
    INFO = "info", _("opplysning")


class Outcome(models.TextChoices):
    """A broken check is an error of ours: never passed, and never a fault in the data."""

    FAILED = "failed", _("avvik")
    PASSED = "passed", _("i orden")
    NOT_APPLICABLE = "not_applicable", _("ikke aktuell")
    ERROR = "error", _("kunne ikke kontrolleres")


class CheckResult(models.Model):
    """One check of one submission. The delta compares rows with the previous submission by brukerNr and tjenesteID:
    `corrected` are records that are still there and no longer violate, `gone` those that the message no longer has. It is
    null when there is no comparable earlier result (none, another version, or an error)."""

    ACCESS_PATH = "submission__municipality"

    submission = models.ForeignKey(Submission, models.CASCADE, db_index=False, related_name="results")
    code = models.CharField(max_length=60)
    version = models.SmallIntegerField()
    severity = models.CharField(max_length=7, choices=Severity.choices)
    status = models.CharField(max_length=14, choices=Outcome.choices)
    applicable = models.IntegerField(default=0)
    violating = models.IntegerField(default=0)
    new = models.IntegerField(null=True)
    existing = models.IntegerField(null=True)
    corrected = models.IntegerField(null=True)
    gone = models.IntegerField(null=True)
    checked_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["submission", "code"], name="one_result_per_check")]

    @property
    def resolved(self) -> int | None:
        return None if self.corrected is None or self.gone is None else self.corrected + self.gone


class UnitResult(models.Model):
    """How many of a result's rows are one unit's to correct: its own services, and persons to whom it gives a service that
    the check concerns (`Check.given_by`)."""

    ACCESS_PATH = "result__submission__municipality"
    UNIT_PATH = "organisation_number"

    result = models.ForeignKey(CheckResult, models.CASCADE, db_index=False, related_name="units")
    organisation_number = models.CharField(max_length=9)
    violating = models.IntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["result", "organisation_number"], name="one_unit_result_per_unit")
        ]


class FindingRow(models.Model):
    """One offending row of one check, by the numbers that a leader can look up in the record system.

    `row` is the primary key of the offending row in the check's model. `ref_hash` tells references apart in which an identity number is
    masked; nobody is shown it. `is_new` is null where there is no comparison.
    """

    ACCESS_PATH = "result__submission__municipality"

    # Rows are written by the ten thousand, by the engine only: no constraint is checked row by row, and the page's index
    # begins with the result.
    result = models.ForeignKey(CheckResult, models.CASCADE, db_constraint=False, db_index=False, related_name="rows")
    row = models.BigIntegerField()
    person = models.BigIntegerField(null=True)
    service = models.BigIntegerField(null=True)
    user_ref = models.CharField(max_length=100, blank=True)
    service_ref = models.CharField(max_length=100, blank=True)
    ref_hash = models.BigIntegerField(default=0)
    is_new = models.BooleanField(null=True)

    class Meta:
        indexes = [models.Index(fields=["result", "user_ref", "service_ref", "id"], name="finding_row_page")]
