"""`manage.py document_checks`: write docs/checks.md from the declarations."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from quality.documentation import checks_page


class Command(BaseCommand):
    help = "Write docs/checks.md from the declarations of the checks."

    def handle(self, **_options: Any) -> None:
        (settings.BASE_DIR / "docs" / "checks.md").write_text(checks_page(), encoding="utf-8")
