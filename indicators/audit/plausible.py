"""What can be seen in one row alone: small counts that are shown, figures that contradict each other, and slips of the pen."""

from __future__ import annotations

from collections.abc import Iterator
from math import sqrt

from indicators.audit.documents import Document, Limits, Row

Z = 1.959964  # 95 %
TOLERANCE = 6e-5  # published with four decimals
FIGURES = ("numerator", "value", "low", "high")


def small_counts(document: Document, limits: Limits) -> Iterator[str]:
    for row in document.rows:
        above, below = row["numerator"], row["denominator"]
        for what, count in (("denominator", below), ("numerator", above), ("complement", _less(below, above))):
            if count is not None and 0 < count < limits.least_count:
                yield f"{_where(document, row)}: a {what} of {count} is shown"
        if row["value"] is not None and below is not None and below < limits.least_denominator:
            yield f"{_where(document, row)}: a share of {below} is shown"


def contradictions(document: Document) -> Iterator[str]:
    for row in document.rows:
        if row["status"] == "published":
            yield from _wrong_share(document, row)
        elif row["status"] == "suppressed" and any(row[name] is not None for name in FIGURES):
            yield f"{_where(document, row)}: it is {row['status']}, but figures are told"


def _wrong_share(document: Document, row: Row) -> Iterator[str]:
    above, below = row["numerator"], row["denominator"]
    if above is None or below is None or not 0 <= above <= below or below == 0:
        yield f"{_where(document, row)}: published without counts that can be"
        return
    low, high = _interval(above, below)
    told = (row["value"], row["low"], row["high"])
    if any(
        each is None or abs(each - right) > TOLERANCE
        for each, right in zip(told, (above / below, low, high), strict=True)
    ):
        yield f"{_where(document, row)}: share or interval is not that of its counts"


def _interval(above: int, below: int) -> tuple[float, float]:
    """Wilson's, by the textbook."""
    share, square = above / below, Z * Z / below
    middle, half = share + square / 2, Z * sqrt(share * (1 - share) / below + square / (4 * below))
    return (middle - half) / (1 + square), (middle + half) / (1 + square)


def _less(below: int | None, above: int | None) -> int | None:
    return None if below is None or above is None else below - above


def _where(document: Document, row: Row) -> str:
    return f"{document.indicator} {document.year} {row['area']} (publication {document.publication})"
