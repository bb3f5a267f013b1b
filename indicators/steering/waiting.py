"""How long those waited who were taken off the waiting list in the period."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from typing import Any

from django.db.models import DateField, Exists, F, OuterRef, Q, QuerySet, Subquery, Value
from django.db.models.functions import Coalesce

from indicators.steering.rows import PLACED_BY_SERVICE, Tables, excluded, store, tied
from quality.checks.conditions import PERIOD_END, PERIOD_START, over_the_years
from submissions.models import Answer, Topic

EVER = Value(datetime.date.min, output_field=DateField())

RESULTS = """
SELECT submission_key, level, area, figure, NULL::smallint, '', NULL::smallint, '', at[place], persons
FROM (
  SELECT submission_key, level, area, percentile_cont(ARRAY[0.5, 0.9]) WITHIN GROUP (ORDER BY ended - began) AS at,
    count(DISTINCT person_key) AS persons
  FROM placed WHERE began IS NOT NULL GROUP BY submission_key, level, area
) waits, (VALUES ('waited-median', 1), ('waited-long', 2)) percentile (figure, place)
"""


def compute(submissions: Sequence[int]) -> None:
    tables: Tables = {"marked": _ended(submissions), "tied": tied(submissions), "placed": PLACED_BY_SERVICE}
    store(tables, RESULTS)


def _ended(submissions: Sequence[int]) -> QuerySet[Any, Any]:
    """Dated "no" of the period with the first "yes" since the "no" before it, told in this message or in earlier years'.

    On the day of a "no" a "yes" begins a new wait. A "no" without a "yes" since the last one ends none.
    """
    topic, person = Topic.WAITING_LIST, "person__"
    former = over_the_years(topic, person=person, yes=False, date__lt=OuterRef("date")).order_by("-date").values("date")
    since = {"date__gte": OuterRef("since"), "date__lt": OuterRef("date")}
    listed = over_the_years(topic, person=person, yes=True, **since).order_by("date").values("date")
    noes = Answer.objects.filter(topic=topic, yes=False, date__gte=PERIOD_START, date__lte=PERIOD_END)
    chosen = noes.filter(~Q(Exists(excluded("person"))), submission__in=submissions).order_by()
    dated = chosen.annotate(since=Coalesce(Subquery(former[:1]), EVER)).annotate(listed=Subquery(listed[:1]))
    return dated.values(
        submission_key=F("submission_id"),
        municipality_key=F("municipality_id"),
        person_key=F("person_id"),
        district_key=F("person__district"),
        began=F("listed"),
        ended=F("date"),
    )
