"""Who comes and goes, month by month: services new and ended in each month, and given when it ends; and persons the same way.

Months are numbered 1 to 12, 0 is before the period and 13 after it. At the end of month m a service is given when it began in m
or before and does not end in m: one that ends on the last day is not.
"""

from __future__ import annotations

from collections.abc import Sequence

from django.db.models import Case, F, IntegerField, Q, Value, When
from django.db.models.functions import Cast, ExtractMonth

from indicators.steering.rows import COUNTED_TYPES, PLACED, Tables, services, store
from quality.checks.conditions import PERIOD_END, PERIOD_START, active

BEFORE, AFTER = 0, 13

# Services with the same months, and persons with the same, are counted together before they are laid out over the year.
SERVICES = """
SELECT submission_key, level, area, first_month, last_month, count(*) AS services
FROM placed GROUP BY submission_key, level, area, first_month, last_month
"""
# A bit for each month: it ended with a service, it began one, it ended one.
PERSONS = """
SELECT submission_key, level, area, bit_or(greatest((1 << last_month) - (1 << first_month), 0)) AS had,
  bit_or(1 << first_month) AS began, bit_or(1 << last_month) AS ended
FROM placed GROUP BY submission_key, level, area, person_key
"""
ALIKE = """
SELECT submission_key, level, area, had, began, ended, count(*) AS persons
FROM persons GROUP BY submission_key, level, area, had, began, ended
"""
MONTHS = "SELECT month, 1 << month AS own, 1 << (month - 1) AS former FROM generate_series(1, 12) month"
SERVICES_BY_MONTH = """
SELECT submission_key, level, area, month,
  sum(services) FILTER (WHERE first_month = month) AS new,
  sum(services) FILTER (WHERE last_month = month) AS ended,
  sum(services) FILTER (WHERE first_month <= month AND last_month > month) AS at_end
FROM services CROSS JOIN months GROUP BY submission_key, level, area, month
"""
PERSONS_BY_MONTH = """
SELECT submission_key, level, area, month,
  sum(persons) FILTER (WHERE began & own <> 0) AS with_new,
  sum(persons) FILTER (WHERE ended & own <> 0) AS with_ended,
  sum(persons) FILTER (WHERE had & own <> 0) AS at_end,
  sum(persons) FILTER (WHERE had & own <> 0 AND had & former = 0) AS came,
  sum(persons) FILTER (WHERE had & own = 0 AND had & former <> 0) AS went
FROM alike CROSS JOIN months GROUP BY submission_key, level, area, month
"""
RESULTS = """
SELECT submission_key, level, area, figure, NULL::smallint, '', month, '', value, persons
FROM services_by_month s JOIN persons_by_month p USING (submission_key, level, area, month), LATERAL (VALUES
  ('flow-services-new', s.new, p.with_new), ('flow-services-ended', s.ended, p.with_ended),
  ('flow-services-at-end', s.at_end, p.at_end), ('flow-persons-new', p.came, p.came),
  ('flow-persons-ended', p.went, p.went), ('flow-persons-at-end', p.at_end, p.at_end)) v (figure, value, persons)
WHERE value > 0
"""


def compute(submissions: Sequence[int]) -> None:
    first = Case(When(start__lt=PERIOD_START, then=Value(BEFORE)), default=_month("start"))
    later = Q(end__isnull=True) | Q(end__gt=PERIOD_END)
    last = Case(When(later, then=Value(AFTER)), default=_month("end"))
    counted = active() & Q(type__in=COUNTED_TYPES) & (Q(end__isnull=True) | Q(end__gte=F("start")))
    tables: Tables = {
        "marked": services(submissions, counted, first_month=first, last_month=last),
        "placed": PLACED,
        "services": SERVICES,
        "persons": PERSONS,
        "alike": ALIKE,
        "months": MONTHS,
        "services_by_month": SERVICES_BY_MONTH,
        "persons_by_month": PERSONS_BY_MONTH,
    }
    store(tables, RESULTS)


def _month(day: str) -> Cast:
    return Cast(ExtractMonth(day), IntegerField())
