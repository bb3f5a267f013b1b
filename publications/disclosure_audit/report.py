"""What the auditor found."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, NamedTuple

Cell = tuple[str, int, str, str, int]  # indicator, year, area, measure, publication
Interval = tuple[int, int | None]


@dataclass(frozen=True)
class Leak:
    """A suppressed count that can be narrowed too far; `insider` is the municipality that must lend its own figures to it."""

    indicator: str
    year: int
    area: str
    measure: str
    publication: int
    low: int
    high: int
    insider: str | None = None

    def __str__(self) -> str:
        who = f"municipality {self.insider}, knowing its own figures," if self.insider else "an outsider"
        what = f"is {self.low}" if self.low == self.high else f"is between {self.low} and {self.high}"
        where = f"{self.measure} of {self.indicator} {self.year} in {self.area} (publication {self.publication})"
        return f"{where}: {who} can tell that it {what}"


class Derived(NamedTuple):
    """A suppressed count and what an outsider can tell of it; `high` is None where nothing bounds it."""

    indicator: str
    year: int
    area: str
    measure: str
    publication: int
    low: int
    high: int | None

    @property
    def cell(self) -> Cell:
        return self[:5]

    def __str__(self) -> str:
        high = "" if self.high is None else self.high
        return f"{self.indicator} {self.year} {self.area} {self.measure} (publication {self.publication}): {self.low}–{high}"


@dataclass(frozen=True)
class Report:
    """`intervals`: for each suppressed count what an outsider can derive. Unless `exact`, those that are not leaks may be
    wider than told: they were followed until they were wide enough."""

    suppressed: int
    exact: bool
    leaks: tuple[Leak, ...]
    primary: tuple[str, ...]
    inconsistencies: tuple[str, ...]
    intervals: tuple[Derived, ...]

    @property
    def passed(self) -> bool:
        return not (self.leaks or self.primary or self.inconsistencies)

    @property
    def narrowest(self) -> int | None:
        """The smallest width of the intervals that have an end."""
        return min((each.high - each.low for each in self.intervals if each.high is not None), default=None)

    def interval(self, *cell: str | int) -> Interval | None:
        """Of a suppressed count, named by indicator, year, area, measure and publication."""
        return next(((each.low, each.high) for each in self.intervals if each.cell == cell), None)

    def as_dict(self, *, intervals: bool = False) -> dict[str, Any]:
        """As it is stored with the publication. Intervals are many, and can be made anew; they come when asked for."""
        told = {
            "passed": self.passed,
            "suppressed": self.suppressed,
            "narrowest": self.narrowest,
            "exact": self.exact,
            "leaks": [asdict(leak) | {"text": str(leak)} for leak in self.leaks],
            "primary": list(self.primary),
            "inconsistencies": list(self.inconsistencies),
        }
        return told | ({"intervals": [list(each) for each in self.intervals]} if intervals else {})
