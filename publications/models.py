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
    RELEASED = "released", _("utgitt")
    WITHHELD = "withheld", _("holdt tilbake")


class Publication(models.Model):
    """A numbered set of tables, audited before it was released. A withheld one says why, and the one before it stands.

    `changes` says by year and reason who sent something since the publication before it. `suppressed` counts the shares that are
    hidden, by reason, and `unanimous` those shown that are 0 or 100 %.
    """

    number = models.PositiveIntegerField(unique=True)
    state = models.CharField(max_length=8, choices=PublicationState.choices)
    created_at = models.DateTimeField()
    tables = models.ManyToManyField(PublishedTable, related_name="publications")
    changes: models.JSONField[list[dict[str, Any]], list[dict[str, Any]]] = models.JSONField(default=list)
    suppressed: models.JSONField[dict[str, int], dict[str, int]] = models.JSONField(default=dict)
    unanimous = models.PositiveIntegerField(default=0)
    audit: models.JSONField[dict[str, Any], dict[str, Any]] = models.JSONField(default=dict)

    class Meta:
        ordering = ["-number"]

    def __str__(self) -> str:
        return str(self.number)
