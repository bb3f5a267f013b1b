"""What one answer holds, before it is JSON, JSON-stat, CSV or Excel. Only the columns named here ever leave."""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from indicators.indicator import Indicator
from publications.codelists import SIGNS, Area
from publications.selectors import Release, ReleasedRow, Rows

FIGURES = ("numerator", "denominator", "value", "low", "high")
COLUMNS = ("area", "year", *FIGURES, "suppressed", "level", "status")
DECIMALS = {"numerator": 0, "denominator": 0, "value": 4, "low": 4, "high": 4}
UNIT = "share of 1"
LICENCE = "https://data.norge.no/nlod/no/2.0"
FIGURE_NAMES = {
    "numerator": gettext_lazy("Teller"),
    "denominator": gettext_lazy("Nevner"),
    "value": gettext_lazy("Andel"),
    "low": gettext_lazy("Nedre grense (95 %)"),
    "high": gettext_lazy("Øvre grense (95 %)"),
}


def source() -> str:
    """Who the figures are from; those of a demonstration must not travel as real ones."""
    register = _("Kommunalt pasient- og brukerregister (KPR)")
    return _("%s – oppdiktede tall, demonstrasjon") % register if settings.KPR_ENVIRONMENT == "demo" else register


@dataclass(frozen=True)
class Extract:
    """One indicator's published rows as far as they were asked for. Without a publication there are none."""

    indicator: Indicator
    release: Release | None
    tables: Sequence[Rows]
    areas: Mapping[str, Area]
    wanted_areas: frozenset[str] = frozenset()
    wanted_levels: frozenset[str] = frozenset()

    @cached_property
    def rows(self) -> list[ReleasedRow]:
        return [_leaving(row) for table in self.tables for row in table.rows if self._is_wanted(row)]

    def _is_wanted(self, row: ReleasedRow) -> bool:
        in_area = not self.wanted_areas or row["area"] in self.wanted_areas
        return in_area and (not self.wanted_levels or row["level"] in self.wanted_levels)

    @property
    def version(self) -> int:
        """Of the definition. A table that could not be renewed keeps its own; then the newest of them is told."""
        return max((table.version for table in self.tables), default=self.indicator.version)

    @property
    def number(self) -> int | None:
        return self.release.number if self.release else None

    @property
    def released_at(self) -> datetime.datetime | None:
        return self.release.released_at if self.release else None


def _leaving(row: ReleasedRow) -> ReleasedRow:
    return {**{name: row[name] for name in COLUMNS}, "sign": SIGNS.get(row["status"]), "note": row.get("note") or None}
