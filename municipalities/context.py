"""What every page's template knows."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest

from municipalities import calendar
from municipalities.access import ANONYMOUS


def portal(request: HttpRequest) -> dict[str, Any]:
    access = getattr(request, "access", None)
    return {
        "access": access if access and access.user else ANONYMOUS,
        "environment": settings.KPR_ENVIRONMENT,
        "calendar_is_set": bool(settings.KPR_TODAY),
        "today": calendar.today(),
    }
