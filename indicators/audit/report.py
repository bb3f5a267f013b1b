"""What the auditor found."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

Cell = tuple[str, int, str, str, int]  # indicator, year, area, measure, publication


@dataclass(frozen=True)
class Leak:
    """A suppressed count that can be narrowed too far; `insider` is the municipality that must lend its own figures to it."""

    indicator: str
    year: int
    area: str
    measure: str
    publication: int
    low: int
    high: int | None
    insider: str | None = None

    def __str__(self) -> str:
        who = f"municipality {self.insider}, knowing its own figures," if self.insider else "an outsider"
        return (
            f"{self.measure} of {self.indicator} {self.year} in {self.area} (publication {self.publication}): {who} can tell "
            f"that it is between {self.low} and {self.high}"
        )


@dataclass
class Report:
    """`intervals`: for each suppressed count what an outsider can derive; the high end None where nothing bounds it. Unless
    `exact`, an interval may be wider than told, once it is wide enough."""

    suppressed: int = 0
    exact: bool = False
    leaks: list[Leak] = field(default_factory=list)
    primary: list[str] = field(default_factory=list)
    inconsistencies: list[str] = field(default_factory=list)
    intervals: dict[Cell, tuple[int, int | None]] = field(default_factory=dict)

    @property
    def passed(self) -> bool:
        return not (self.leaks or self.primary or self.inconsistencies)

    @property
    def narrowest(self) -> int | None:
        """The smallest width of the intervals that have an end."""
        return min((high - low for low, high in self.intervals.values() if high is not None), default=None)

    def as_dict(self) -> dict[str, Any]:
        """As it is stored with the publication. Intervals of cells are left out: they are made anew when asked for."""
        return {
            "passed": self.passed,
            "suppressed": self.suppressed,
            "narrowest": self.narrowest,
            "leaks": [asdict(leak) | {"text": str(leak)} for leak in self.leaks],
            "primary": list(self.primary),
            "inconsistencies": list(self.inconsistencies),
        }
