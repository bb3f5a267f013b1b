"""Persons with services at the end of the period: by service type and age, hours a week, and welfare technology."""

from __future__ import annotations

from collections.abc import Sequence

from django.db.models import Case, F, Q, When

from indicators.steering.rows import COUNTED_TYPES, PLACED, Tables, age_group, service_type, services, store
from quality.checks.conditions import HOURS_TYPES, WELFARE_TECHNOLOGY_TYPES, active_at_end

# Hours of one person's services of the same type are added up before anything is said of them.
GIVEN = """
SELECT submission_key, level, area, person_key, age_key, type_key, sum(hours_key) AS hours
FROM placed GROUP BY submission_key, level, area, person_key, age_key, type_key
"""
EVERYBODY = "SELECT DISTINCT submission_key, level, area, person_key, age_key FROM given"
# A unit's residents may have it from somebody else.
TECHNOLOGY = "SELECT DISTINCT submission_key, person_key FROM marked WHERE type_key IN ({types})"
TECHNOLOGY_SHARE = """
SELECT submission_key, level, area, count(t.person_key) AS owners, count(*) AS persons
FROM everybody LEFT JOIN technology t USING (submission_key, person_key) GROUP BY submission_key, level, area
"""
HOURS = """
SELECT submission_key, level, area, type_key, percentile_cont(ARRAY[0.25, 0.5, 0.75]) WITHIN GROUP (ORDER BY hours::float) AS at,
  count(*) AS persons
FROM given WHERE hours IS NOT NULL GROUP BY submission_key, level, area, type_key
"""
RESULTS = """
SELECT submission_key, level, area, 'persons', type_key, coalesce(age_key, ''), NULL::smallint, '', count(*), count(*)
FROM given GROUP BY GROUPING SETS ((submission_key, level, area, type_key, age_key), (submission_key, level, area, type_key))
HAVING grouping(age_key) = 1 OR age_key <> ''
UNION ALL
SELECT submission_key, level, area, 'persons', NULL, coalesce(age_key, ''), NULL, '', count(*), count(*)
FROM everybody GROUP BY GROUPING SETS ((submission_key, level, area, age_key), (submission_key, level, area))
HAVING grouping(age_key) = 1 OR age_key <> ''
UNION ALL
SELECT submission_key, level, area, figure, type_key, '', NULL, '', at[place], persons
FROM hours, (VALUES ('hours-low', 1), ('hours-median', 2), ('hours-high', 3)) quartile (figure, place)
UNION ALL
SELECT submission_key, level, area, figure, NULL, '', NULL, '', value, persons
FROM technology_share, LATERAL (VALUES ('technology', owners), ('technology-share', owners::numeric / persons)) v (figure, value)
"""


def compute(submissions: Sequence[int]) -> None:
    hours = Case(When(type__in=HOURS_TYPES, then=F("hours")))
    counted = active_at_end() & Q(type__in=COUNTED_TYPES)
    columns = {"type_key": service_type(), "age_key": age_group("person__"), "hours_key": hours}
    tables: Tables = {
        "marked": services(submissions, counted, **columns),
        "placed": PLACED,
        "given": GIVEN,
        "everybody": EVERYBODY,
        "technology": TECHNOLOGY.format(types=", ".join(map(str, WELFARE_TECHNOLOGY_TYPES))),
        "technology_share": TECHNOLOGY_SHARE,
        "hours": HOURS,
    }
    store(tables, RESULTS)
