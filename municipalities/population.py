"""Inhabitants: one look-up for every room."""

from __future__ import annotations

from django.db.models import QuerySet, Subquery

from municipalities.models import Population


def populations(year: int) -> QuerySet[Population, Population]:
    """Inhabitants of whole municipalities by age group on 1 January of the year, or of the last year before it that is known.

    Source: Statistics Norway (reference/). Empty where nothing is known so early. Unordered, so that it can be summed.
    """
    whole = Population.objects.filter(district=None).order_by()
    known = whole.filter(year__lte=year).order_by("-year").values("year")
    return whole.filter(year=Subquery(known[:1]))
