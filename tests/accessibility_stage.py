"""What the accessibility tests look at: a municipality with figures, findings, a trial and a refusal."""

from __future__ import annotations

import datetime

from municipalities import calendar
from submissions.models import Channel, Stage, Status, Submission
from tests.cast import OWN
from tests.indicator_stage import YEAR, own, sent
from tests.indicator_stage import seed as seed_figures


def seed() -> int:
    """Returns the number of the submission that counts."""
    current = seed_figures()
    sent(own(), state="trial")
    Submission.objects.create(
        municipality_id=OWN,
        year=YEAR,
        period_start=datetime.date(YEAR, 1, 1),
        period_end=datetime.date(YEAR, 12, 31),
        channel=Channel.WEB,
        status=Status.REJECTED,
        stage=Stage.FINISHED,
        dry_run=True,
        received_at=calendar.now(),
        processed_at=calendar.now(),
        sha256="0" * 64,
        size=1,
        problem={"code": "schema", "detail": "", "errors": []},
    )
    return int(current.pk)
