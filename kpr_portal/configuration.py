"""Stops a start that lacks a setting, with a sentence that says what to set."""

import sys
from collections.abc import Iterator
from typing import Any

from django.conf import settings
from django.core.checks import Error, register
from django.core.exceptions import ImproperlyConfigured

SHORTEST_KEY = 32


def problems() -> Iterator[str]:
    """One sentence for each setting that is missing or unusable in this environment."""
    if settings.KPR_ENVIRONMENT != "production":
        return
    for name, use in (
        ("SECRET_KEY", "signs sessions"),
        ("KPR_PSEUDONYM_KEY", "turns identity numbers into pseudonyms"),
        ("KPR_MESSAGE_KEY", "encrypts received messages"),
    ):
        value = _value(name)
        if len(value) < SHORTEST_KEY:
            state = "is not set" if not value else f"is shorter than {SHORTEST_KEY} characters"
            yield (
                f"{name} {state}. It {use}. Set {name} (or {name}_FILE) to a random text of at least {SHORTEST_KEY} "
                "characters, kept outside the database, for example from `openssl rand -hex 32`."
            )


def _value(name: str) -> str:
    try:
        return getattr(settings, name)
    except ImproperlyConfigured:  # Django hands out no empty SECRET_KEY
        return ""


def stop_if_unusable() -> None:
    """Raises:
    SystemExit: with status 1, after writing each problem to standard error.
    """
    if found := list(problems()):
        sys.exit("\n".join(found))


@register
def check_configuration(**_kwargs: Any) -> list[Error]:
    return [Error(sentence, id=f"kpr.E{n:03}") for n, sentence in enumerate(problems(), start=1)]
