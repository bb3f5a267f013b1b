"""What the ground keeps of people who use the portal, and for how long."""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from dataclasses import dataclass

from axes.models import AccessAttempt, AccessFailureLog, AccessLog
from django.conf import settings
from django.contrib.auth.hashers import make_password
from django.contrib.sessions.models import Session
from django.db import transaction
from django.db.models.functions import Coalesce
from django.utils import timezone

from municipalities.models import AuditEvent, Membership, User
from municipalities.removal import Removed, remove


@dataclass(frozen=True)
class Swept:
    """What one rule removed."""

    rule: str
    removed: list[Removed]


def sweep() -> Iterator[Swept]:
    """Apply each rule. By the clock, not by the calendar of a demonstration: so were these rows written."""
    yield Swept("sessions", [remove(Session.objects.filter(expire_date__lt=timezone.now()))])
    yield Swept("login_attempts", _login_attempts(_before(settings.KPR_LOGIN_RETENTION_DAYS)))
    yield Swept("accounts", _accounts(_before(settings.KPR_ACCOUNT_RETENTION_DAYS)))
    yield Swept("audit_log", [remove(AuditEvent.objects.filter(at__lt=_before(settings.KPR_AUDIT_RETENTION_DAYS)))])


def _before(days: int) -> datetime.datetime:
    return timezone.now() - datetime.timedelta(days=days)


def _login_attempts(before: datetime.datetime) -> list[Removed]:
    return [
        remove(model._default_manager.filter(attempt_time__lt=before))
        for model in (AccessAttempt, AccessFailureLog, AccessLog)
    ]


def _accounts(before: datetime.datetime) -> list[Removed]:
    """Remove those that nobody has logged in to since. One that sent a message is closed instead, because receipts name who
    sent: only its user name is left. No password is read for it."""
    unused = User.objects.annotate(seen=Coalesce("last_login", "date_joined")).filter(seen__lt=before)
    senders = unused.filter(submission__isnull=False)
    _close(sorted(set(senders.filter(is_active=True).values_list("pk", flat=True))))
    others = unused.filter(submission__isnull=True)
    keys = list(others.values_list("pk", flat=True))
    with transaction.atomic():
        Membership.objects.filter(user__in=keys).delete()
        User.objects.filter(pk__in=keys)._raw_delete("default")
    return [Removed(User._meta.db_table, len(keys), others.count())]


@transaction.atomic
def _close(users: list[int]) -> None:
    Membership.objects.filter(user__in=users).delete()
    User.objects.filter(pk__in=users).update(
        is_active=False, first_name="", last_name="", email="", password=make_password(None)
    )
