"""What a release does not tell, and what it tells of everybody in a group (indicators.md, what may leave, rule 7)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection

from publications.models import PublishedTable


def suppressed(tables: Collection[PublishedTable]) -> dict[str, int]:
    """How many shares are hidden, by the rule that hides them: `few`, `protects` and `level`."""
    found = Counter(row["note"] for table in tables for row in table.rows if row["suppressed"])
    return {reason: found[reason] for reason in ("few", "protects", "level")}


def unanimous(tables: Collection[PublishedTable]) -> int:
    """How many shares are shown that are 0 or 100 %: what is known of the group is known of each in it."""
    shown = (row for table in tables for row in table.rows if row["status"] == "published")
    return sum(row["numerator"] in (0, row["denominator"]) for row in shown)
