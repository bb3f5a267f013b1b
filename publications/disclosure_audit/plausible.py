"""What can be seen in one row alone: small counts that are shown, and figures that contradict each other."""

from __future__ import annotations

from collections.abc import Iterator
from math import sqrt

from publications.disclosure_audit.documents import Document, Limits, Row, counts

Z = 1.959964  # 95 %
TOLERANCE = 6e-5  # published with four decimals
SHARE = ("value", "low", "high")
COUNTS = ("numerator", "denominator")
# What a row may carry besides its status. A suppressed one may tell its denominator, which the equations take account of.
MAY_TELL = {
    "suppressed": {"denominator"},
    "not_applicable": set(COUNTS),
    "not_reported": set[str](),
    "not_released": set[str](),
}


def small_counts(document: Document, limits: Limits) -> Iterator[str]:
    for row in document.rows:
        for what, count in counts(row).items():
            if count is not None and 0 < count < limits.least_count:
                yield f"{_where(document, row)}: a {what} of {count} is shown"
        below = row["denominator"]
        if row["value"] is not None and below is not None and below < limits.least_denominator:
            yield f"{_where(document, row)}: a share of {below} is shown"


def contradictions(document: Document) -> Iterator[str]:
    for row in document.rows:
        if row["suppressed"] != (row["status"] == "suppressed"):
            yield f"{_where(document, row)}: it is {row['status']}, yet suppressed is {row['suppressed']}"
        if row["status"] == "published":
            yield from _wrong_share(document, row)
        else:
            yield from _slips(document, row)


def _slips(document: Document, row: Row) -> Iterator[str]:
    told = {name for name in (*COUNTS, *SHARE) if row[name] is not None}
    for name in sorted(told - MAY_TELL[row["status"]]):
        yield f"{_where(document, row)}: it is {row['status']}, but its {name} is told: {row[name]}"
    if row["status"] == "not_applicable" and any(row[name] for name in COUNTS):
        yield f"{_where(document, row)}: somebody is counted where there is nobody to count"


def _wrong_share(document: Document, row: Row) -> Iterator[str]:
    above, below = row["numerator"], row["denominator"]
    if above is None or below is None or not 0 <= above <= below or below == 0:
        yield f"{_where(document, row)}: published without counts that can be"
        return
    right = (above / below, *_interval(above, below))
    told = [row[name] for name in SHARE]
    if any(each is None or abs(each - true) > TOLERANCE for each, true in zip(told, right, strict=True)):
        yield f"{_where(document, row)}: share or interval is not that of its counts"


def _interval(above: int, below: int) -> tuple[float, float]:
    """Wilson's, by the textbook."""
    share, square = above / below, Z * Z / below
    middle, half = share + square / 2, Z * sqrt(share * (1 - share) / below + square / (4 * below))
    return (middle - half) / (1 + square), (middle + half) / (1 + square)


def _where(document: Document, row: Row) -> str:
    return f"{document.indicator} {document.year} {row['area']} (publication {document.publication})"
