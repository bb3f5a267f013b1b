"""Which submissions lack results: one rule for indicators and steering figures."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from django.db.models import Q, QuerySet

from indicators import broken
from indicators.broken import Definition
from submissions.models import Status, Submission


def computable(year: int | None = None) -> QuerySet[Submission, Submission]:
    """Submissions that should have results: the current ones, and trials while their rows are there."""
    shown = Q(is_current=True) | Q(dry_run=True, status=Status.DONE, rows_removed_at=None)
    return Submission.objects.filter(shown, **({"year": year} if year is not None else {}))


def stale(
    definitions: Collection[Definition], computed: Iterable[tuple[int, Iterable[str]]], year: int | None = None
) -> dict[int, set[str]]:
    """By computable submission, in the order received, the codes of the definitions that are to be computed: those of which it
    has no result, except the broken ones that are not to be tried yet. `computed` are submissions with the codes they have."""
    codes = {code for code, _version in definitions}
    lacking = {key: set(codes) for key in computable(year).order_by("pk").values_list("pk", flat=True)}
    for key, there in computed:
        if key in lacking:
            lacking[key].difference_update(there)
    lacking = {key: some for key, some in lacking.items() if some}
    for key, code, version in broken.waiting(list(lacking)) if lacking else ():
        if (code, version) in definitions:
            lacking[key].discard(code)
    return {key: some for key, some in lacking.items() if some}
