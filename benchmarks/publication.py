"""A publication of 356 municipalities x 12 indicators x 5 years: protected, audited and frozen; and one a day later.

The counts are drawn from the populations of the reference data at the indicators' national shares. Nothing is timed against
anything else here: the aim is a number of seconds.

    .venv/bin/python -m benchmarks.publication
"""

from __future__ import annotations

import datetime
import time
import uuid

import numpy as np
from django.db.models import Sum
from django.utils import timezone

from benchmarks import arguments
from benchmarks.nation import prepare  # first: it sets Django up
from indicators.definitions import INDICATORS, families
from indicators.models import IndicatorValue, Level
from municipalities.database import OWNER, change_login
from municipalities.models import Municipality, Population
from publications import release
from publications.models import Publication
from submissions.models import Channel, Stage, Status, Submission

YEARS = range(2019, 2024)
# Persons below the line of the first of a chain, per inhabitant, and the national share above each line.
RESIDENTS, OLD = 0.0061, 0.9  # in nursing homes, per inhabitant; of them 67 or older
SIZE = {
    "nutrition-assessed-home": 0.021,
    "individual-plan-rehab-home": 0.004,
    "individual-plan-rehab-institution": 0.002,
    "waiting-time-nursing-home": 0.0025,
}
SHARE = {
    "nutrition-assessed-institution": 0.57, "nutrition-at-risk-institution": 0.34, "nutrition-plan-institution": 0.64,
    "nutrition-assessed-home": 0.18, "nutrition-at-risk-home": 0.36, "nutrition-plan-home": 0.44,
    "medication-review-institution": 0.62, "seen-by-doctor-institution": 0.69, "seen-by-dentist-institution": 0.29,
    "individual-plan-rehab-home": 0.11, "individual-plan-rehab-institution": 0.1, "waiting-time-nursing-home": 0.9,
}  # fmt: skip
RESUBMIT = 0.1


def report(municipality: Municipality, year: int, inhabitants: int, luck: np.random.Generator) -> None:
    """A current submission with drawn results in place of the one before."""
    now = timezone.now()
    Submission.objects.filter(municipality=municipality, year=year).update(is_current=False)
    submission = Submission.objects.create(
        municipality=municipality, year=year, channel=Channel.API, status=Status.DONE, stage=Stage.FINISHED,
        is_current=True, received_at=now, sha256=uuid.uuid4().hex, size=1,
        period_start=datetime.date(year, 1, 1), period_end=datetime.date(year, 12, 31),
    )  # fmt: skip
    values = []
    residents = int(luck.binomial(inhabitants, RESIDENTS))
    persons = {"residents": residents, "old-residents": int(luck.binomial(residents, OLD))}
    for family in families():
        first = family[0]
        below = (
            persons[first.population.code] if first.population else int(luck.binomial(inhabitants, SIZE[first.code]))
        )
        for indicator in family:
            above = int(luck.binomial(below, min(0.98, max(0.02, luck.normal(SHARE[indicator.code], 0.12)))))
            values.append(
                IndicatorValue(
                    submission=submission, indicator=indicator.code, version=indicator.version, level=Level.MUNICIPALITY,
                    area=municipality.pk, numerator=above, denominator=below, missing=0, computed_at=now,
                )
            )  # fmt: skip
            below = above
    IndicatorValue.objects.bulk_create(values)


def publish() -> tuple[float, Publication | None]:
    started = time.perf_counter()
    publication = release.publish()
    return time.perf_counter() - started, publication


def hidden(publication: Publication) -> str:
    rows = [
        row
        for table in publication.tables.all()
        for row in table.rows
        if row["level"] == Level.MUNICIPALITY
        and row["status"] in {"published", "suppressed"}
        and row["note"] != "level"
    ]
    return f"{100 * sum(row['suppressed'] for row in rows) / len(rows):.1f} % of municipal shares hidden"


def main(scale: float) -> None:
    prepare()
    luck = np.random.default_rng(1)
    sizes = dict(
        Population.objects.filter(district=None, year=2022).values_list("municipality").annotate(Sum("persons"))
    )
    municipalities = list(Municipality.objects.in_year(2023))
    with change_login(OWNER):
        Municipality.objects.filter(pk__in=[m.pk for m in municipalities]).update(valid_from=min(YEARS))
    for year in YEARS:
        for municipality in municipalities:
            report(municipality, year, int(scale * sizes.get(municipality.pk, 0)), luck)
    seconds, first = publish()
    assert first is not None
    print(f"{len(municipalities)} municipalities x {len(INDICATORS)} indicators x {len(YEARS)} years")
    print(
        f"first publication            {seconds:6.1f} s  {first.state}, {hidden(first)}, held {len(first.audit['held'])}"
    )
    for municipality in luck.choice(np.array(municipalities), int(RESUBMIT * len(municipalities)), replace=False):
        report(municipality, max(YEARS), int(scale * sizes.get(municipality.pk, 0)), luck)
    seconds, second = publish()
    assert second is not None
    print(
        f"a day later, one in ten anew {seconds:6.1f} s  {second.state}, {hidden(second)}, held {len(second.audit['held'])}"
    )


if __name__ == "__main__":
    parser = arguments(__doc__)
    parser.add_argument(
        "--scale", type=float, default=1, help="of the population: 0.08 as the demonstration of the tests"
    )
    main(parser.parse_args().scale)
