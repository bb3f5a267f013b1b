"""The counts that the register follows from year to year, as far as they come from findings and services.

They are of everybody in the message: what is followed up is the reporting. Those that come from answers see people.py.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db.models import F, QuerySet, Value

from indicators.steering.rows import FORMER_REHABILITATION, Tables, store
from quality.models import FindingRow
from submissions.models import Service, Submission

# Figure -> check, counted by person or by row.
PERSONS = {
    "followup-hours-missing": "service-hours-missing",
    "followup-hours-over-168": "hours-over-168",
    "followup-technology-start-missing": "welfare-technology-start-missing",
}
ROWS = {
    "followup-organisation-missing": "service-organisation-missing",
    "followup-organisation-invalid": "service-organisation-invalid",
}
RETIRED = "followup-type-16"

COUNTED = """
SELECT submission_key, kind, count(*) AS rows, count(DISTINCT person_key) AS persons
FROM (SELECT * FROM found UNION ALL SELECT * FROM retired) each GROUP BY submission_key, kind
"""
# Every message has these counts, so that it can be told from one that is not computed.
RESULTS = """
SELECT submission_key, 'municipality', municipality_key, figure, NULL::smallint, '', NULL::smallint, '',
  coalesce(CASE WHEN by_person THEN persons ELSE rows END, 0), coalesce(persons, 0)
FROM messages CROSS JOIN (VALUES {figures}) f (figure, kind, by_person) LEFT JOIN counted USING (submission_key, kind)
"""


def compute(submissions: Sequence[int]) -> None:
    kinds = [(figure, check, "true") for figure, check in PERSONS.items()]
    kinds += [(figure, check, "false") for figure, check in (ROWS | {RETIRED: RETIRED}).items()]
    figures = ", ".join(f"('{figure}', '{kind}', {by_person})" for figure, kind, by_person in kinds)
    messages = Submission.objects.filter(pk__in=submissions).order_by()
    tables: Tables = {
        "messages": messages.values(submission_key=F("pk"), municipality_key=F("municipality_id")),
        "found": _found(submissions),
        "retired": _retired(submissions),
        "counted": COUNTED,
    }
    store(tables, RESULTS.format(figures=figures))


def _found(submissions: Sequence[int]) -> QuerySet[Any, Any]:
    checks = [*PERSONS.values(), *ROWS.values()]
    rows = FindingRow.objects.filter(result__submission__in=submissions, result__code__in=checks).order_by()
    return rows.values(submission_key=F("result__submission_id"), kind=F("result__code"), person_key=F("person"))


def _retired(submissions: Sequence[int]) -> QuerySet[Any, Any]:
    rows = Service.objects.filter(submission__in=submissions, type=FORMER_REHABILITATION).order_by()
    return rows.values(submission_key=F("submission_id"), kind=Value(RETIRED), person_key=F("person_id"))
