"""What the data tell: results of each submission.

Pages read these tables, never the person-level rows behind them. The true counts of others leave only through a publication.
"""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from submissions.models import Submission


class Level(models.TextChoices):
    UNIT = "unit", _("enhet")
    DISTRICT = "district", _("bydel")
    MUNICIPALITY = "municipality", _("kommune")
    COUNTY = "county", _("fylke")
    NATION = "nation", _("landet")


class Result(models.Model):
    """An area within one submission's municipality: the municipality itself, a district of it, or one of its units."""

    ACCESS_PATH = "submission__municipality"
    UNIT_PATH = "area"

    submission = models.ForeignKey(Submission, models.CASCADE, db_index=False, related_name="+")
    level = models.CharField(max_length=12, choices=Level.choices)
    # Municipality number, district number or organisation number, by level.
    area = models.CharField(max_length=9)

    class Meta:
        abstract = True


class IndicatorValue(Result):
    """Counts of one indicator: whole persons (or stays), never rounded. `missing` of them have no usable answer."""

    indicator = models.CharField(max_length=60)
    version = models.SmallIntegerField()
    numerator = models.IntegerField()
    denominator = models.IntegerField()
    missing = models.IntegerField()
    computed_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["submission", "indicator", "level", "area"], name="one_indicator_value")
        ]


class SteeringValue(Result):
    """One steering figure, by what it is divided by: a service type, an age group, a month, a field; empty where undivided.

    `value` is in the figure's own unit (persons, hours a week, days, a share of 1); `persons` is how many it rests on.
    """

    figure = models.CharField(max_length=40)
    service_type = models.SmallIntegerField(null=True)
    age_group = models.CharField(max_length=5, blank=True)
    month = models.SmallIntegerField(null=True)
    field = models.CharField(max_length=40, blank=True)
    value = models.DecimalField(max_digits=12, decimal_places=4, null=True)
    persons = models.IntegerField()
    computed_at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["submission", "level", "area", "figure"], name="steering_page")]


class BrokenComputation(models.Model):
    """A definition (an indicator, or a statement of steering figures) that could not be computed for a submission.

    `failures` in a row; `error` is the kind of the last one; `not_before` is when it is tried again.
    """

    submission = models.ForeignKey(Submission, models.CASCADE, db_index=False, related_name="+")
    definition = models.CharField(max_length=60)
    version = models.SmallIntegerField()
    failures = models.SmallIntegerField()
    error = models.CharField(max_length=60)
    not_before = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["submission", "definition", "version"], name="one_broken_computation")
        ]
