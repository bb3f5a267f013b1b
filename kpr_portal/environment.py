"""Reads the process environment for settings.py, with sentences for the operator when something is unusable."""

import datetime
import os
import secrets
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import dj_database_url
from django.core.exceptions import ImproperlyConfigured

ENVIRONMENTS = ("demo", "test", "production")
# The database logins of each kind of process, its own first. An operator's commands work as a worker does, and change accounts
# and reference data as the owner. "superuser" is for tests, which try every login from one connection.
LOGINS = {
    "owner": ("kpr_owner",),
    "web": ("kpr_web", "kpr_registry"),
    "worker": ("kpr_worker",),
    "operator": ("kpr_worker", "kpr_owner"),
    "superuser": ("postgres",),
}


def data_directory() -> Path:
    return Path(os.environ.get("KPR_DATA_DIR", "var")).resolve()


def environment_name(data_dir: Path) -> str:
    """The environment named by KPR_ENVIRONMENT, else the one this data directory was made for, else production."""
    remembered = data_dir / "environment"
    made_for = remembered.read_text().strip() if remembered.exists() else None
    name = os.environ.get("KPR_ENVIRONMENT") or made_for or "production"
    if name not in ENVIRONMENTS:
        raise ImproperlyConfigured(f"KPR_ENVIRONMENT is «{name}». Set it to one of: {', '.join(ENVIRONMENTS)}.")
    if made_for and made_for != name:
        raise ImproperlyConfigured(
            f"KPR_ENVIRONMENT is «{name}», but the data directory {data_dir} was made for «{made_for}». "
            "Set KPR_DATA_DIR to another directory."
        )
    return name


def number(name: str, default: int) -> int:
    text = os.environ.get(name, str(default))
    if not text.isdecimal():
        raise ImproperlyConfigured(f"{name} is «{text}». Set it to a whole number, for example {default}.")
    return int(text)


def fraction(name: str, default: float) -> float:
    """A number over 0 and at most 1."""
    text = os.environ.get(name, str(default))
    with suppress(ValueError):
        if 0 < float(text) <= 1:
            return float(text)
    raise ImproperlyConfigured(f"{name} is «{text}». Set it to a number over 0 and at most 1, for example {default}.")


def days(name: str, default: str, between: str) -> list[tuple[int, int]]:
    """Days of any year, as month and day; written MM-DD, in the order of the year."""
    text = os.environ.get(name, default)
    with suppress(ValueError):
        # 2001 has no 29 February: a day that comes every year.
        found = [datetime.datetime.strptime(f"2001-{day.strip()}", "%Y-%m-%d") for day in text.split(between)]
        if found == sorted(found):
            return [(day.month, day.day) for day in found]
    raise ImproperlyConfigured(f"{name} is «{text}». Set it to days of the year in their order, for example {default}.")


def separated(name: str, default: str) -> list[str]:
    """The parts between commas, without those that are empty."""
    return [word.strip() for word in os.environ.get(name, default).split(",") if word.strip()]


def secret(name: str, data_dir: Path, *, generate: bool) -> str:
    """A secret from the environment (NAME) or a file (NAME_FILE); generated into the data directory when allowed."""
    if value := os.environ.get(name):
        return value
    if file := os.environ.get(f"{name}_FILE"):
        return Path(file).read_text().strip()
    return _generated(data_dir / "keys" / name.lower()) if generate else ""


def _generated(path: Path) -> str:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return path.read_text()
    with os.fdopen(handle, "w") as file:
        file.write(secrets.token_hex(32))
    return path.read_text()


def databases(url: str, role: str, passwords: Mapping[str, str], **options: Any) -> dict[str, dict[str, Any]]:
    """Django's DATABASES: one for each login of this kind of process, all to the same database.

    Raises:
        ImproperlyConfigured: there is no such kind, or the address names a user.
    """
    if role not in LOGINS:
        raise ImproperlyConfigured(f"KPR_DATABASE_ROLE is «{role}». Set it to one of: owner, web, worker, operator.")
    place = dj_database_url.parse(url)
    if place["USER"]:
        raise ImproperlyConfigured(
            f"DATABASE_URL names the user «{place['USER']}». Leave user and password out, as in postgresql://host/database: the "
            "portal logs in as kpr_owner, kpr_web, kpr_registry and kpr_worker (docs/operations.md)."
        )
    logins = LOGINS[role]
    return {
        "default" if login == logins[0] else login: {
            **place,
            "USER": login,
            "PASSWORD": passwords.get(login, ""),
            **options,
        }
        for login in logins
    }
