"""Stops a start that lacks a setting, with a sentence that says what to set."""

import os
import sys
from collections.abc import Iterable, Iterator
from typing import Any

from django.conf import settings
from django.core.checks import Error, register
from django.core.exceptions import ImproperlyConfigured

SHORTEST_KEY = 32


def problems(logins: Iterable[str] = ()) -> Iterator[str]:
    """One sentence for each setting that is missing or unusable in this environment. `logins` are those to the database, this
    process's own unless told."""
    yield from _missing_passwords(logins or (login["USER"] for login in settings.DATABASES.values()))
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


def _missing_passwords(logins: Iterable[str]) -> Iterator[str]:
    """The embedded database asks for none; another one, named by DATABASE_URL, does."""
    if not os.environ.get("DATABASE_URL"):
        return
    for login in logins:
        if not settings.KPR_DATABASE_PASSWORDS.get(login):
            name = f"{login.upper()}_PASSWORD"
            yield (
                f"{name} is not set. It is the password with which this process logs in to PostgreSQL as {login}. Set {name} (or "
                f"{name}_FILE) to the one that `manage.py set_up_roles` was given."
            )


def _value(name: str) -> str:
    try:
        return getattr(settings, name)
    except ImproperlyConfigured:  # Django hands out no empty SECRET_KEY
        return ""


def stop_if_unusable(logins: Iterable[str] = ()) -> None:
    """Raises:
    SystemExit: with status 1, after writing each problem to standard error.
    """
    if found := list(problems(logins)):
        sys.exit("\n".join(found))


@register
def check_configuration(**_kwargs: Any) -> list[Error]:
    return [Error(sentence, id=f"kpr.E{n:03}") for n, sentence in enumerate(problems(), start=1)]
