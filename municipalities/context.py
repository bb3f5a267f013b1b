"""What every page's template knows."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest


def portal(request: HttpRequest) -> dict[str, Any]:
    return {
        "access": getattr(request, "access", None),
        "environment": settings.KPR_ENVIRONMENT,
        "calendar_is_set": bool(settings.KPR_TODAY),
    }
