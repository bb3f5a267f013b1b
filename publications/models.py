"""What has left: tables that are frozen, and the publications that they are in. Open pages and the API read these."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.utils.translation import gettext_lazy as _


class PublishedTable(models.Model):
    """One indicator in one year, frozen as it left: the same table serves every publication in which it did not change.

    `rows` are what the API answers. `counts` are the true counts behind them, with what each municipality's rest on; they
    never leave: the next publication is protected together with them.
    """

    indicator = models.CharField(max_length=60)
    version = models.SmallIntegerField()
    year = models.SmallIntegerField()
    digest = models.CharField(max_length=64)
    rows: models.JSONField[list[dict[str, Any]], list[dict[str, Any]]] = models.JSONField()
    counts: models.JSONField[dict[str, Any], dict[str, Any]] = models.JSONField()

    class Meta:
        indexes = [models.Index(fields=["indicator", "year"], name="published_table")]


class PublicationState(models.TextChoices):
    """Provisional as long as more is expected by the calendar, then final; a correction is ordered. A withheld one never left."""

    PROVISIONAL = "provisional", _("foreløpig")
    FINAL = "final", _("endelig")
    CORRECTION = "correction", _("rettelse")
    WITHHELD = "withheld", _("holdt tilbake")


class Publication(models.Model):
    """A numbered release of one data year: the tables of the year that were protected and audited for it, and those of other years as
    they stood. A withheld one says why, and the one before it stands.

    `public_reason` is why a correction was ordered. `changes` says by year and reason who sent something since the publication before it. `suppressed` counts the shares that are
    hidden, by reason, and `unanimous` those shown that are 0 or 100 %.
    """

    number = models.PositiveIntegerField(unique=True)
    year = models.SmallIntegerField()
    state = models.CharField(max_length=11, choices=PublicationState.choices)
    created_at = models.DateTimeField()
    public_reason = models.TextField(default="")
    tables = models.ManyToManyField(PublishedTable, related_name="publications")
    changes: models.JSONField[list[dict[str, Any]], list[dict[str, Any]]] = models.JSONField(default=list)
    suppressed: models.JSONField[dict[str, int], dict[str, int]] = models.JSONField(default=dict)
    unanimous = models.PositiveIntegerField(default=0)
    audit: models.JSONField[dict[str, Any], dict[str, Any]] = models.JSONField(default=dict)

    class Meta:
        ordering = ["-number"]

    def __str__(self) -> str:
        return str(self.number)
