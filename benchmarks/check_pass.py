"""The composed check pass over a whole nation, against hand-written SQL and Pandera, measured side by side in one run.

All three count the same conditions: the plain checks of services, over about 1.3 million rows. Their counts must agree.
Pandera gets its table ready-made, with the period and the birth year joined on. It is timed twice: as it comes, collecting the
failing rows, and told to collect only one of each check, which is nearer to counting.

    .venv/bin/python -m pip install --require-hashes -r requirements-bench.lock
    .venv/bin/python -m benchmarks.check_pass
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import pandas as pd
from django.db import connection
from stdnum.no import orgnr

from benchmarks import arguments
from benchmarks.nation import YEAR, fill, seconds  # first: it sets Django up
from quality.checks import CHECKS
from quality.engine import count
from submissions.models import Service, Submission

if TYPE_CHECKING:
    import pandera.pandas as pa

PLAIN = tuple(check for check in CHECKS if check.is_plain and check.model is Service)

# Each condition by hand: what it applies to, and what violates it.
HOURS = "s.type IN (1,2,3,4,7,9,11,15,17,22) AND s.start <= m.period_end AND (s.end IS NULL OR s.end >= m.period_start)"
ORGANISATION = "s.type IN (1,2,3,4,8,15,17,18,19,20,21,22,25) AND s.start <= m.period_end AND (s.end IS NULL OR s.end >= m.period_start)"
GIVEN = "s.organisation_number IS NOT NULL"
BY_HAND = {
    "service-start-missing": ("s.type NOT IN (6,26,27,28) OR s.type IS NULL", "s.start IS NULL"),
    "welfare-technology-start-missing": ("s.type IN (6,26,27,28)", "s.start IS NULL"),
    "service-end-before-start": ("s.start IS NOT NULL AND s.end IS NOT NULL", "s.end < s.start"),
    "service-start-after-period": ("s.start IS NOT NULL", "s.start > m.period_end"),
    "service-start-before-birth": (
        "s.start IS NOT NULL AND p.birth_year <> 0",
        "extract(year FROM s.start) < p.birth_year",
    ),
    "service-hours-missing": (HOURS, "s.hours IS NULL"),
    "service-organisation-missing": (ORGANISATION, "s.organisation_number IS NULL"),
    "service-organisation-invalid": (
        GIVEN,
        "s.organisation_number !~ '^[0-9]{9}$' OR s.organisation_number = '999999999' "
        "OR s.organisation_number < '810000000' OR NOT s.organisation_check",
    ),
    "service-type-retired": ("s.type BETWEEN 1 AND 9 OR s.type BETWEEN 11 AND 29", "s.type IN (12,13,16)"),
    "service-type-unknown": ("true", "s.type IS NULL OR NOT (s.type BETWEEN 1 AND 9 OR s.type BETWEEN 11 AND 29)"),
    "service-decision-after-start": ("s.decided_on IS NOT NULL AND s.start IS NOT NULL", "s.decided_on > s.start"),
}


def by_declaration() -> dict[str, tuple[int, int]]:
    totals = {check.code: (0, 0) for check in PLAIN}
    for (_submission, code), tally in count(PLAIN, Submission.objects.filter(year=YEAR)).items():
        applicable, violating = totals[code]
        totals[code] = (applicable + tally.applicable, violating + tally.violating)
    return totals


def by_hand() -> dict[str, tuple[int, int]]:
    counts = ", ".join(
        f"count(*) FILTER (WHERE {applies}), count(*) FILTER (WHERE ({applies}) AND ({violates}))"
        for applies, violates in BY_HAND.values()
    )
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT s.submission_id, {counts} FROM submissions_service s JOIN submissions_submission m ON m.id = s.submission_id "
            "JOIN submissions_person p ON p.id = s.person_id WHERE m.year = %s GROUP BY s.submission_id",
            [YEAR],
        )
        sums = [sum(column) for column in list(zip(*cursor.fetchall(), strict=True))[1:]]
    return dict(zip(BY_HAND, zip(sums[::2], sums[1::2], strict=True), strict=True))


def table() -> pd.DataFrame:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT s.type, s.start, s.end, s.decided_on, s.hours::float, s.organisation_number, p.birth_year, "
            "m.period_start, m.period_end FROM submissions_service s JOIN submissions_submission m ON m.id = s.submission_id "
            "JOIN submissions_person p ON p.id = s.person_id WHERE m.year = %s",
            [YEAR],
        )
        names = ["type", "start", "end", "decided_on", "hours", "number", "birth_year", "period_start", "period_end"]
        frame = pd.DataFrame(cursor.fetchall(), columns=names)
    for name in ("start", "end", "decided_on", "period_start", "period_end"):
        frame[name] = pd.to_datetime(frame[name].astype("datetime64[s]"))
    return frame


def pandera_schema(most_cases: int | None) -> pa.DataFrameSchema:
    """The same conditions as row-wise checks on the table: a row passes where the check does not apply.

    `most_cases` is how many failing rows of a check Pandera is to collect: None is all, which takes most of its time.
    """
    import pandera.pandas as pa  # here, so that --help needs no requirements-bench.lock

    hours, organisation = (1, 2, 3, 4, 7, 9, 11, 15, 17, 22), (1, 2, 3, 4, 8, 15, 17, 18, 19, 20, 21, 22, 25)
    known, technology = (*range(1, 10), *range(11, 30)), (6, 26, 27, 28)

    def active(t: pd.DataFrame) -> pd.Series:
        return (t.start <= t.period_end) & (t.end.isna() | (t.end >= t.period_start))

    def valid(t: pd.DataFrame) -> pd.Series:
        given = t.number.dropna()
        right = {
            n: n.isdecimal() and len(n) == 9 and "810000000" <= n != "999999999" and orgnr.is_valid(n)
            for n in set(given)
        }
        return t.number.map(lambda n: right.get(n, True)).astype(bool)

    rules: dict[str, Callable[[pd.DataFrame], pd.Series]] = {
        "service-start-missing": lambda t: t.type.isin(technology) | t.start.notna(),
        "welfare-technology-start-missing": lambda t: ~t.type.isin(technology) | t.start.notna(),
        "service-end-before-start": lambda t: ~(t.end < t.start),
        "service-start-after-period": lambda t: ~(t.start > t.period_end),
        "service-start-before-birth": lambda t: (t.birth_year == 0) | ~(t.start.dt.year < t.birth_year),
        "service-hours-missing": lambda t: ~(t.type.isin(hours) & active(t)) | t.hours.notna(),
        "service-organisation-missing": lambda t: ~(t.type.isin(organisation) & active(t)) | t.number.notna(),
        "service-organisation-invalid": valid,
        "service-type-retired": lambda t: ~t.type.isin((12, 13, 16)),
        "service-type-unknown": lambda t: t.type.isin(known),
        "service-decision-after-start": lambda t: ~(t.decided_on > t.start),
    }
    return pa.DataFrameSchema(
        {}, checks=[pa.Check(rule, name=code, n_failure_cases=most_cases) for code, rule in rules.items()]
    )


def by_pandera(frame: pd.DataFrame, schema: pa.DataFrameSchema) -> dict[str, int]:
    import pandera.pandas as pa

    try:
        schema.validate(frame, lazy=True)
    except pa.errors.SchemaErrors as errors:
        cases = errors.failure_cases.drop_duplicates(["check", "index"])
        return {str(code): int(number) for code, number in cases.groupby("check").size().items()}
    return {}


def main() -> None:
    counting, collecting = pandera_schema(1), pandera_schema(None)
    fill()
    declared, hand = by_declaration(), by_hand()
    assert declared == hand, {code: (declared[code], hand[code]) for code in hand if declared[code] != hand[code]}
    frame = table()
    found = by_pandera(frame, collecting)
    wanted = {code: violating for code, (_applicable, violating) in hand.items() if violating}
    assert found == wanted, {code: (found.get(code), wanted.get(code)) for code in found.keys() | wanted.keys()}
    ours, theirs = seconds(by_declaration), seconds(by_hand)
    least = seconds(lambda: by_pandera(frame, counting), 3)
    usual = seconds(lambda: by_pandera(frame, collecting), 1)
    print(f"{len(PLAIN)} plain checks, {len(frame)} services, median seconds")
    print(f"declared, composed   {ours:6.2f}")
    print(f"hand-written SQL     {theirs:6.2f}   declared / hand-written {ours / theirs:5.2f}")
    print(f"Pandera, collecting  {usual:6.2f}   Pandera / declared      {usual / ours:5.2f}")
    print(f"Pandera, one of each {least:6.2f}   Pandera / declared      {least / ours:5.2f}")


if __name__ == "__main__":
    arguments(__doc__).parse_args()
    main()
