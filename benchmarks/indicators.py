"""All indicators at all levels over a whole nation-year, against one hand-written SQL per population, in one run; and what one
municipality's upload sets going.

Both count the same: per municipality, district and unit, what is above and below each line. Their counts must agree.

    .venv/bin/python -m benchmarks.indicators
"""

from __future__ import annotations

import itertools

from django.db import connection

from benchmarks import arguments
from benchmarks.nation import YEAR, fill, seconds  # first: it sets Django up
from indicators import actions, engine
from indicators.definitions import families
from submissions.models import Submission

AT_END = "s.start <= m.period_end AND (s.end IS NULL OR s.end > m.period_end)"
IN_YEAR = "s.start <= m.period_end AND (s.end IS NULL OR s.end >= m.period_start)"
LATEST = (
    "(array_agg(a.yes ORDER BY a.date DESC, a.yes DESC) FILTER (WHERE a.topic = '{topic}' "
    "AND a.date {window}))[1]"
)  # fmt: skip
WITHIN, EVER = "BETWEEN m.period_start AND m.period_end", "<= m.period_end"
OLD = "p.birth_year <> 0 AND p.birth_year <= extract(year FROM m.period_end) - 67"
INSTITUTION = "18, 19, 20, 21, 22, 25"


def stays(kind: int, active: str, further: str = "") -> str:
    return f"EXISTS (SELECT FROM submissions_service s WHERE s.person_id = p.id AND s.submission_id = m.id AND s.type = {kind} AND {active}{further})"


RESIDENT = stays(21, AT_END)
AT_HOME = (
    f"{stays(15, AT_END)} AND NOT EXISTS (SELECT FROM submissions_service s WHERE s.person_id = p.id "
    f"AND s.submission_id = m.id AND s.type IN ({INSTITUTION}) AND {AT_END})"
)
REHABILITATION = (
    "EXISTS (SELECT FROM submissions_answer y WHERE y.person_id = p.id AND y.submission_id = m.id AND y.topic = 'rehabilitering' "
    "AND y.yes AND y.date <= m.period_end AND NOT EXISTS (SELECT FROM submissions_answer n WHERE n.person_id = y.person_id "
    "AND n.submission_id = m.id AND n.topic = 'rehabilitering' AND NOT n.yes AND n.date > y.date AND n.date < m.period_start))"
)
NUTRITION = [
    LATEST.format(topic=topic, window=WITHIN) for topic in ("ernaering_vurdert", "ernaering_risiko", "ernaering_plan")
]
PLAN = [LATEST.format(topic="individuell_plan", window=EVER)]
# Root of the population -> its persons, what is above each line, and the services that tie them to units.
POPULATIONS: dict[str, tuple[str, list[str], str]] = {
    "nutrition-assessed-institution": (f"{OLD} AND {RESIDENT}", NUTRITION, f"s.type = 21 AND {AT_END}"),
    "nutrition-assessed-home": (f"{OLD} AND {AT_HOME}", NUTRITION, f"s.type = 15 AND {AT_END}"),
    "medication-review-institution": (
        f"{OLD} AND {RESIDENT}",
        [LATEST.format(topic="legemiddelgjennomgang", window=WITHIN)],
        f"s.type = 21 AND {AT_END}",
    ),
    "seen-by-doctor-institution": (
        RESIDENT,
        [LATEST.format(topic="lege_vurdert", window=WITHIN)],
        f"s.type = 21 AND {AT_END}",
    ),
    "seen-by-dentist-institution": (
        RESIDENT,
        [LATEST.format(topic="tannhelse_vurdert", window=WITHIN)],
        f"s.type = 21 AND {AT_END}",
    ),
    "individual-plan-rehab-home": (REHABILITATION, PLAN, IN_YEAR),
    "individual-plan-rehab-institution": (stays(19, IN_YEAR), PLAN, f"s.type = 19 AND {IN_YEAR}"),
}
BY_HAND = """
WITH persons AS MATERIALIZED (
  SELECT p.id, p.submission_id, p.district FROM submissions_person p JOIN submissions_submission m ON m.id = p.submission_id
  WHERE m.year = {year} AND {population}
), told AS MATERIALIZED (
  SELECT p.id, p.submission_id, p.district, {marks}
  FROM persons p JOIN submissions_submission m ON m.id = p.submission_id
  LEFT JOIN submissions_answer a ON a.person_id = p.id AND a.submission_id = p.submission_id
  GROUP BY p.id, p.submission_id, p.district
), tied AS (
  SELECT DISTINCT s.person_id, s.organisation_number FROM submissions_service s
  JOIN submissions_submission m ON m.id = s.submission_id WHERE m.year = {year} AND s.organisation_check AND {ties}
)
SELECT 'municipality', submission_id, '', {counts} FROM told GROUP BY submission_id
UNION ALL SELECT 'district', submission_id, district, {counts} FROM told WHERE district <> '' GROUP BY submission_id, district
UNION ALL SELECT 'unit', submission_id, organisation_number, {counts} FROM told JOIN tied ON tied.person_id = told.id
GROUP BY submission_id, organisation_number
"""
WAITING = """
WITH told AS MATERIALIZED (
  SELECT s.submission_id, p.district, CASE WHEN s.organisation_check THEN s.organisation_number END AS unit,
    s.start <= s.decided_on + 15 AS above_0
  FROM submissions_service s JOIN submissions_submission m ON m.id = s.submission_id JOIN submissions_person p ON p.id = s.person_id
  WHERE m.year = {year} AND s.type = 21 AND s.decided_on <= s.start AND s.start BETWEEN m.period_start AND m.period_end
)
SELECT 'municipality', submission_id, '', {counts} FROM told GROUP BY submission_id
UNION ALL SELECT 'district', submission_id, district, {counts} FROM told WHERE district <> '' GROUP BY submission_id, district
UNION ALL SELECT 'unit', submission_id, unit, {counts} FROM told WHERE unit IS NOT NULL GROUP BY submission_id, unit
"""


def counts(number: int) -> str:
    lines = ["true", *(" AND ".join(f"above_{n}" for n in range(depth + 1)) for depth in range(number))]
    pairs = itertools.pairwise(lines)
    return ", ".join(f"count(*) FILTER (WHERE {below}), count(*) FILTER (WHERE {above})" for below, above in pairs)


def statements() -> dict[str, str]:
    found = {"waiting-time-nursing-home": WAITING.format(year=YEAR, counts=counts(1))}
    for root, (population, marks, ties) in POPULATIONS.items():
        named = ", ".join(f"coalesce({mark}, false) AS above_{n}" for n, mark in enumerate(marks))
        found[root] = BY_HAND.format(
            year=YEAR, population=population, marks=named, ties=ties, counts=counts(len(marks))
        )
    return found


def by_hand() -> dict[str, set[tuple[object, ...]]]:
    found = {}
    with connection.cursor() as cursor:
        for root, sql in statements().items():
            cursor.execute(sql)
            found[root] = set(cursor.fetchall())
    return found


def by_declaration(submissions: list[int]) -> dict[str, set[tuple[object, ...]]]:
    found = {}
    for family in families():
        rows: dict[tuple[object, ...], list[int]] = {}
        for count in engine.count(family, submissions):
            key = (count.level.value, count.submission, count.area)
            rows.setdefault(key, []).extend((count.denominator, count.numerator))
        found[family[0].code] = {(*key, *numbers) for key, numbers in rows.items()}
    return found


def main() -> None:
    fill()
    Submission.objects.update(is_current=True, status="done")
    submissions = list(Submission.objects.values_list("pk", flat=True))
    declared, hand = by_declaration(submissions), by_hand()
    for root, rows in hand.items():
        assert declared[root] == rows, (root, sorted(declared[root] ^ rows, key=str)[:6])
    ours, theirs = seconds(lambda: by_declaration(submissions), 3), seconds(by_hand, 3)
    areas = sum(len(rows) for rows in hand.values())
    print(f"{areas} areas of {len(submissions)} submissions, median seconds")
    print(f"declared, composed   {ours:6.2f}")
    print(f"hand-written SQL     {theirs:6.2f}   declared / hand-written {ours / theirs:5.2f}")
    stored = seconds(lambda: actions.recompute(submissions), 1)
    largest = Submission.objects.order_by("-services").first()
    assert largest is not None
    alone = seconds(lambda: actions.recompute([largest.pk]), 3)
    print(
        f"computed and stored, the nation {stored:6.2f}, the largest municipality ({largest.municipality}) {alone:6.2f}"
    )
    for family in families():
        took = seconds(lambda family=family: list(engine.count(family, submissions)), 1)  # type: ignore[misc]
        print(f"  {family[0].code:36} {took:6.2f}")


if __name__ == "__main__":
    arguments(__doc__).parse_args()
    main()
