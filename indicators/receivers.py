"""What indicators does when the floors below have news."""

from __future__ import annotations

from typing import Any

from django.dispatch import receiver

from indicators import tasks
from submissions.models import UNFINISHED, Submission
from submissions.signals import accepted


@receiver(accepted, dispatch_uid="indicators.recompute_accepted")
def recompute_accepted(submission: Submission, **_signal: Any) -> None:
    """At once, unless others wait to be read: then the sweep computes many together, which is far cheaper."""
    others_wait = Submission.objects.filter(status__in=UNFINISHED).exists()
    if submission.dry_run or not others_wait:
        tasks.nudge(submission.pk)
