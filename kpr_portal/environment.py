"""Reads the process environment for settings.py, with sentences for the operator when something is unusable."""

import os
import secrets
from contextlib import suppress
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured

ENVIRONMENTS = ("demo", "test", "production")


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


def words(name: str, default: str) -> list[str]:
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
