"""`manage.py document_indicators`: write docs/indicators.md from the declarations."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from indicators.documentation import indicators_page


class Command(BaseCommand):
    help = "Write docs/indicators.md from the declarations of the indicators."

    def handle(self, **_options: Any) -> None:
        (settings.BASE_DIR / "docs" / "indicators.md").write_text(indicators_page(), encoding="utf-8")
