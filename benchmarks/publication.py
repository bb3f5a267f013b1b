"""Releases of 356 municipalities x 12 indicators x 5 years: protected, audited and frozen; and later ones of the last year.

The counts are drawn from the populations of the reference data at the indicators' national shares. Nothing is timed against
anything else here: the aim is a number of seconds.

    .venv/bin/python -m benchmarks.publication
    .venv/bin/python -m benchmarks.publication --releases 12 --resubmitting 0.1 --years 1
"""

from __future__ import annotations

import datetime
import resource
import time
import uuid

import numpy as np
from django.conf import settings
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
LAST = 2023


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


def released(year: int) -> Publication | None:
    try:
        return release.release(year)
    except release.NoRelease as reason:
        print(f"  {year}: {reason}")
        return None


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


def counties_shown(publication: Publication) -> int:
    return sum(
        row["level"] == Level.COUNTY and row["status"] == "published"
        for table in publication.tables.filter(year=publication.year)
        for row in table.rows
    )


def tell(number: int, seconds: float, publication: Publication) -> None:
    held = len(publication.audit["held"])
    megabytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(
        f"release {number:2} {seconds:6.1f} s  {publication.state}, {hidden(publication)}, {counties_shown(publication)} "
        f"county shares shown, {held} tables held, {megabytes:.0f} MB at most",
        flush=True,
    )


def main(scale: float, years: int, releases: int, resubmitting: float) -> None:
    prepare()
    settings.KPR_MOST_RELEASES = releases
    chosen = range(LAST + 1 - years, LAST + 1)
    luck = np.random.default_rng(1)
    sizes = dict(
        Population.objects.filter(district=None, year=2022).values_list("municipality").annotate(Sum("persons"))
    )
    municipalities = list(Municipality.objects.in_year(LAST))
    with change_login(OWNER):
        Municipality.objects.filter(pk__in=[m.pk for m in municipalities]).update(valid_from=min(chosen))
    for year in chosen:
        for municipality in municipalities:
            report(municipality, year, int(scale * sizes.get(municipality.pk, 0)), luck)
    print(f"{len(municipalities)} municipalities x {len(INDICATORS)} indicators x {years} years")
    started = time.perf_counter()
    made = [released(year) for year in chosen]
    tell(1, time.perf_counter() - started, next(each for each in reversed(made) if each))
    for number in range(2, releases + 1):
        anew = luck.choice(np.array(municipalities), int(resubmitting * len(municipalities)), replace=False)
        for municipality in anew:
            report(municipality, LAST, int(scale * sizes.get(municipality.pk, 0)), luck)
        started = time.perf_counter()
        if publication := released(LAST):
            tell(number, time.perf_counter() - started, publication)


if __name__ == "__main__":
    parser = arguments(__doc__)
    parser.add_argument(
        "--scale", type=float, default=1, help="of the population: 0.08 as the demonstration of the tests"
    )
    parser.add_argument("--years", type=int, default=5, help="data years, of which the last is released again")
    parser.add_argument("--releases", type=int, default=2)
    parser.add_argument(
        "--resubmitting", type=float, default=0.1, help="share of the municipalities that send anew before each"
    )
    asked = parser.parse_args()
    main(asked.scale, asked.years, asked.releases, asked.resubmitting)
