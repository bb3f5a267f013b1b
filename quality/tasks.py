"""The daily refresh, nudged by beat."""

from __future__ import annotations

from celery import shared_task

from quality import refreshing


@shared_task(name="quality.refresh")
def refresh(year: int | None = None) -> None:
    refreshing.refresh(year)
