"""Waiting for what other processes do: patiently, and with what was seen last where it did not come."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

# How long a wait may take, in seconds. It guards against hanging, and measures nothing: a loaded machine takes its time.
PATIENCE = float(os.environ.get("KPR_TEST_PATIENCE_SECONDS", "900"))


def wait_for(
    look: Callable[[], T],
    until: Callable[[T], object] = bool,
    *,
    what: str,
    patience: float = PATIENCE,
    pause: float = 0.2,
) -> T:
    """Look again and again until `until` is content with what is seen, and return that.

    Raises:
        AssertionError: it did not come within `patience` seconds; says what was seen last.
    """
    deadline = time.monotonic() + patience
    while True:
        seen = look()
        if until(seen):
            return seen
        if time.monotonic() > deadline:
            raise AssertionError(f"{what}: not within {patience:.0f} s. Seen last: {seen!r}")
        time.sleep(pause)
