"""What quality does when the floor below has news."""

from __future__ import annotations

from typing import Any

from django.dispatch import receiver

from quality.actions import check_submission
from submissions.models import Submission
from submissions.signals import loaded


@receiver(loaded, dispatch_uid="quality.check_loaded")
def check_loaded(submission: Submission, **_signal: Any) -> None:
    check_submission(submission)
