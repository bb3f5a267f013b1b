"""A small nation for the indicator pages: Stavanger's residents, what was published, and the people who look.

Import `stage_fixture` where the fixture `stage` is wanted.
"""

from __future__ import annotations

import html
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest
from django.core.management import call_command
from django.test import Client
from django.urls import reverse

from charts.comparison import wilson
from indicators import actions
from municipalities import calendar
from municipalities.models import Role, Unit
from publications.models import Publication, PublicationState, PublishedTable
from quality.actions import check_submission
from submissions.models import Submission
from tests.cast import FJELLHEIM, OTHER, OWN, SOLBAKKEN, client_of, person
from tests.rows import Given, Said, Sent, Who, store

ASSESSED, WAITING = "nutrition-assessed-institution", "waiting-time-nursing-home"
YEAR = 2023


def stay(unit: str, **named: Any) -> Given:
    return Given("21", start="2021-05-01", organisation=unit, check=True, **named)


def residents(unit: str, assessed: int, no: int, unanswered: int, year: int = YEAR) -> list[Who]:
    """So many of each, whose numbers tell the unit and what was answered."""
    answers = {
        "J": [Said("ernaering_vurdert", True, f"{year}-06-01")],
        "N": [Said("ernaering_vurdert", False, f"{year}-06-01")],
        "U": [],
    }
    groups = zip(answers.items(), (assessed, no, unanswered), strict=True)
    return [
        Who([stay(unit)], said, ref=f"{unit[:2]}-{letter}{number:03}")
        for (letter, said), size in groups
        for number in range(size)
    ]


def own(year: int = YEAR) -> list[Who]:
    """30 residents, of whom 15 are assessed and 10 have no answer; 20 at Solbakken (12 and 3), 10 at Fjellheim (3 and 7)."""
    if year != YEAR:
        return residents(SOLBAKKEN, 8, 12, 0, year)
    return [*residents(SOLBAKKEN, 12, 5, 3), *residents(FJELLHEIM, 3, 0, 7)]


def row(
    area: str, level: str, counts: tuple[int, int] | None, year: int = YEAR, status: str = "published"
) -> dict[str, Any]:
    """As a publication holds it; without counts it is hidden or was not reported."""
    nothing = {"numerator": None, "denominator": None, "value": None, "low": None, "high": None}
    common = {
        "area": area,
        "level": level,
        "year": year,
        "note": "",
        "suppressed": status == "suppressed",
        "status": status,
    }
    if counts is None:
        return {**common, **nothing}
    interval = wilson(*counts)
    assert interval
    return {
        **common,
        "numerator": counts[0],
        "denominator": counts[1],
        "value": counts[0] / counts[1],
        "low": interval.low,
        "high": interval.high,
    }


LEVELS = {1: "nation", 2: "county", 4: "municipality"}
CELLS: dict[str, tuple[int, int] | None] = {
    "0": (8000, 10000),
    "11": (300, 500),
    OWN: (15, 30),
    OTHER: (600, 800),
    "0301": (700, 1000),
    "5001": None,
    "3005": (90, 100),
    "3024": (60, 100),
}


def publish(
    cells: Mapping[str, tuple[int, int] | None] = CELLS, code: str = ASSESSED, years: Sequence[int] = (2022, YEAR)
) -> None:
    publication, _new = Publication.objects.get_or_create(
        number=7, defaults={"state": PublicationState.PROVISIONAL, "year": YEAR, "created_at": calendar.now()}
    )
    for year in years:
        rows = [
            row(area, LEVELS[len(area)], counts, year, "published" if counts else "suppressed")
            for area, counts in cells.items()
        ]
        table = PublishedTable.objects.create(indicator=code, version=1, year=year, digest="", rows=rows, counts={})
        publication.tables.add(table)


@dataclass
class Stage:
    """Stavanger's submissions and the people who look: Kari of the municipality, Unn of Solbakken, Otto of Bergen, Rita."""

    current: Submission
    clients: dict[str, Client] = field(default_factory=dict)

    def page(self, name: str, who: str, *arguments: str, status: int = 200, **query: Any) -> str:
        answer = self.clients[who].get(reverse(name, args=[OWN, *arguments]), query)
        assert answer.status_code == status
        return words(answer.content.decode())


def words(page: str) -> str:
    main = page[page.index("<main") : page.index("</main>")]
    seen = re.sub(r"<script.*?</script>|<svg.*?</svg>|<datalist.*?</datalist>", " ", main, flags=re.S)
    return re.sub(r"[\s\u202f]+", " ", html.unescape(re.sub(r"<[^>]+>", " ", seen))).replace(" .", ".")


def sent(persons: Sequence[Who], year: int = YEAR, municipality: str = OWN, state: str = "current") -> Submission:
    submission = store(Sent(persons, municipality, year, state=state))
    check_submission(submission)
    actions.recompute([submission.pk])
    return submission


def seed() -> Submission:
    """The municipality's units and submissions, and a publication. Returns the submission that counts for YEAR."""
    for number, name in ((SOLBAKKEN, "Solbakken sykehjem"), (FJELLHEIM, "Fjellheim")):
        Unit.objects.create(municipality_id=OWN, organisation_number=number, name=name)
    publish()
    sent(own(2022), 2022)
    return sent(own())


@pytest.fixture(name="stage")
def stage_fixture(db: None, settings: Any) -> Stage:
    settings.KPR_TODAY = "2024-01-08"
    call_command("load_reference", verbosity=0)
    made = Stage(seed())
    people = {
        "kari": person("kari", Role.MUNICIPALITY, OWN),
        "unn": person("unn", Role.UNIT_LEADER, OWN, SOLBAKKEN),
        "otto": person("otto", Role.MUNICIPALITY, OTHER),
        "rita": person("rita", Role.REGISTRY),
    }
    made.clients = {name: client_of(user) for name, user in people.items()}
    return made
