"""The Celery application. A message is only a nudge: the state of all work is in PostgreSQL."""

import os
from typing import Any

from celery import Celery
from celery.signals import worker_process_init

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "kpr_portal.settings")

app = Celery("kpr_portal")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


@worker_process_init.connect(dispatch_uid="kpr_portal.limit_statements")
def _limit_statements(**_signal: Any) -> None:
    from django.conf import settings

    from municipalities.statements import limit_statements

    limit_statements(settings.KPR_WORKER_STATEMENT_SECONDS)
