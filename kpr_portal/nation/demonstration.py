"""Loads the demonstration nation through the real intake, and makes its users."""

from __future__ import annotations

import datetime
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from django.db import transaction
from django.db.models import Count
from django.utils.translation import gettext as _
from tqdm import tqdm

from indicators import tasks
from indicators.refreshing import refresh
from kpr_portal.nation.generate import Nation
from kpr_portal.nation.places import Place
from municipalities import accounts, audit, calendar
from municipalities.access import Access
from municipalities.models import AuditEvent, Municipality, Role, Scope, Unit
from quality.models import UnitResult
from submissions.models import UNFINISHED, Channel, Submission
from submissions.receive import receive
from submissions.refusals import Repeat

YEARS = (2022, 2023)
SEED, SCALE = 1, 0.08
MARKER = "demo_loaded"
SENDER = Access(name="demo", municipalities=None, scopes=frozenset({Scope.SUBMIT}))
HOME = "4601"  # Bergen: enough persons at this scale for every page to have something on it
# These sent a careless message first in the last year, and then a corrected one.
SENT_TWICE = frozenset({HOME, "5001", "1103", "4204", "3005", "3024", "5401"})
# These have not reported the last year yet.
NOT_REPORTED = frozenset({"1144", "3430", "4616", "5033"})
LONGEST_SILENCE_SECONDS = 120
UNIT_KINDS = (
    ("sykehjem", "bo- og behandlingssenter"),
    ("hjemmesykepleie", "hjemmetjeneste"),
    ("dagsenter", "aktivitetssenter"),
)
UNIT_PLACES = (
    "Solbakken", "Fjellsiden", "Lyngheim", "Elvebredden", "Bjørkelia", "Nordnes", "Kirkebakken", "Havblikk", "Furumo", "Granli",
)  # fmt: skip


class Stalled(Exception):
    """No submission was finished for a long time: no worker is running, or it cannot reach the database."""


@dataclass(frozen=True)
class Parcel:
    """One message to send: of a municipality, in a year, a draft or the real one."""

    nation: Nation
    place: Place
    draft: bool = False


def is_loaded() -> bool:
    return AuditEvent.objects.filter(action=MARKER).exists()


def load(folder: Path) -> None:
    """Send every message that is not in yet, wait for the workers, and put names to the units. May be broken off.

    Raises:
        Stalled: nothing was processed for LONGEST_SILENCE_SECONDS.
    """
    parcels = list(_parcels())
    with tqdm(total=2 * len(parcels), desc=_("Demonstrasjonsnasjonen"), unit=_(" meldinger")) as bar:
        for parcel in parcels:
            _send(parcel, folder)
            bar.update()
        _wait(bar)
    _spread_arrivals()
    refresh(publishing=False)  # what looks across municipalities was judged before the last of them came in
    name_units()
    tasks.nudge_publication()  # a minute's work, which nobody needs to wait for


def finish() -> None:
    """Remember that the nation is loaded."""
    audit.record(SENDER, MARKER, None, submissions=Submission.objects.count())


def _parcels() -> Iterator[Parcel]:
    for year in YEARS:
        nation = Nation(year, SEED, SCALE)
        for place in nation.places:
            if year == YEARS[-1] and place.code in NOT_REPORTED:
                continue
            if year == YEARS[-1] and place.code in SENT_TWICE:
                yield Parcel(nation, place, draft=True)
            yield Parcel(nation, place)


def _send(parcel: Parcel, folder: Path) -> None:
    path = parcel.nation.path(parcel.place, folder)
    parcel.nation.write(parcel.place, path, draft=parcel.draft)
    try:
        with path.open("rb") as content:
            receive(channel=Channel.API, access=SENDER, content=content)
    except Repeat:
        pass  # it came in before the loading was broken off
    finally:
        path.unlink()


def _wait(bar: tqdm) -> None:
    """Until no submission is unfinished; moves the bar along with the workers."""
    changed = time.monotonic()
    before = -1
    while waiting := Submission.objects.filter(status__in=UNFINISHED).count():
        bar.update(max(0, int(bar.total or 0) - waiting - bar.n))
        if waiting != before:
            before, changed = waiting, time.monotonic()
        if time.monotonic() - changed > LONGEST_SILENCE_SECONDS:
            raise Stalled(_("Ingen melding er behandlet på to minutter. Kjører arbeideren (worker)?"))
        time.sleep(0.3)
    bar.update(max(0, int(bar.total or 0) - bar.n))


@transaction.atomic
def _spread_arrivals() -> None:
    """Let the messages have come in the first days of January after their year, not all in this minute."""
    submissions = list(Submission.objects.filter(year__in=YEARS, sent_by_token=None, sent_by_user=None))
    for submission in submissions:
        took = (submission.processed_at or submission.received_at) - submission.received_at
        submission.received_at = _arrival(submission)
        submission.processed_at = submission.received_at + took
    Submission.objects.bulk_update(submissions, ["received_at", "processed_at"], batch_size=500)


def _arrival(submission: Submission) -> datetime.datetime:
    """A working hour from 2 January to yesterday at the latest; a draft before what replaced it."""
    latest = max(2, min(7, calendar.today().day - 1))
    day = min(latest, 3 + submission.pk % 5) if submission.is_current else 2
    hour = 7 + submission.pk * 5 % 4 + 4 * submission.is_current
    return submission.received_at.replace(year=(submission.year or 0) + 1, month=1, day=day, hour=hour)


def name_units() -> None:
    """Give the units of the municipality that the demo users stand in names that tell what they are."""
    place = _home()
    numbers = {number: turn for turn, number in enumerate(place.units)}
    for unit in Unit.objects.filter(municipality=HOME, organisation_number__in=numbers, name=""):
        turn = numbers[unit.organisation_number]
        kinds = UNIT_KINDS[turn % 3]
        unit.name = f"{UNIT_PLACES[turn // 3 % len(UNIT_PLACES)]} {kinds[turn // 3 % len(kinds)]}"
        unit.save(update_fields=["name"])


def _home() -> Place:
    return next(place for place in Nation(YEARS[-1], SEED, SCALE, 3).places if place.code == HOME)


def unit_with_most_findings() -> Unit | None:
    """The named unit of the demo municipality that has most kinds of finding in its current message."""
    found = (
        UnitResult.objects.filter(
            result__submission__municipality=HOME, result__submission__is_current=True, violating__gt=0
        )
        .values("organisation_number")
        .annotate(kinds=Count("pk"))
        .order_by("-kinds", "organisation_number")
    )
    number = next((row["organisation_number"] for row in found), None)
    units = Unit.objects.filter(municipality=HOME).exclude(name="")
    return units.filter(organisation_number=number).first() or units.first()


@dataclass(frozen=True)
class DemoUser:
    name: str
    role: str
    sees: str


def create_users(password: str) -> list[DemoUser]:
    """The demo users: the register, a municipality and a leader of one of its units."""
    home = Municipality.objects.get(pk=HOME)
    users = [DemoUser("registeret", Role.REGISTRY, _("hele landet")), DemoUser("kommune", Role.MUNICIPALITY, str(home))]
    accounts.create_user("registeret", role=Role.REGISTRY, password=password, by=SENDER)
    accounts.create_user("kommune", role=Role.MUNICIPALITY, municipality=HOME, password=password, by=SENDER)
    if unit := unit_with_most_findings():
        accounts.create_user(
            "enhetsleder",
            role=Role.UNIT_LEADER,
            municipality=HOME,
            unit=unit.organisation_number,
            password=password,
            by=SENDER,
        )
        users.append(DemoUser("enhetsleder", Role.UNIT_LEADER, f"{unit}, {home}"))
    return users
