"""Loads the demonstration nation through the real intake, and makes its users."""

from __future__ import annotations

import datetime
import io
import re
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings
from django.db import transaction
from django.db.models import Count
from django.utils.translation import gettext as _
from tqdm import tqdm

from demonstration.generate import Nation
from demonstration.places import Place
from indicators.refreshing import compute, judge_again
from municipalities import accounts, audit, calendar
from municipalities.access import Access
from municipalities.models import AuditEvent, Municipality, Role, Scope, Unit
from municipalities.progress import progress
from publications import tasks
from quality.models import UnitResult
from submissions.models import REFUSED, UNFINISHED, Channel, Submission
from submissions.receive import receive
from submissions.refusals import Refusal, Repeat

YEARS = (2022, 2023)
LAST = YEARS[-1]
SEED = 1
MARKER = "demo_loaded"
SENDER = Access(name="demo", municipalities=None, scopes=frozenset({Scope.SUBMIT}))
HOME = "4601"  # Bergen: enough persons for every page to have something on it
SMALL = "1827"  # Dønna, which besides lost many of its persons in the last year
# These sent a careless message first in the last year, and then a corrected one.
SENT_TWICE = frozenset({HOME, "5001", "1103", "4204", "3005", "3024", "5401"})
# These have not reported the last year yet; the message of one of them was refused, and it has sent no other since.
SILENT, REJECTED = "4616", "3430"
NOT_REPORTED = frozenset({"1144", "5033", SILENT, REJECTED})
LONGEST_SILENCE_SECONDS = 600
UNIT_KINDS = (
    ("sykehjem", "bo- og behandlingssenter"),
    ("hjemmesykepleie", "hjemmetjeneste"),
    ("dagsenter", "aktivitetssenter"),
)
NURSING_HOME, HOME_CARE = 0, 1  # among UNIT_KINDS
UNIT_PLACES = (
    "Solbakken", "Fjellsiden", "Lyngheim", "Elvebredden", "Bjørkelia", "Nordnes", "Kirkebakken", "Havblikk", "Furumo", "Granli",
    "Solsletta", "Myrvang", "Steinhaugen", "Nylund", "Sjøsiden", "Lindealleen", "Åsly", "Fagertun", "Vestheim", "Breidablikk",
    "Bekkestua", "Rognebakken", "Tunheim", "Øvrelia", "Skogheim", "Utsikten", "Sandvika", "Høgda", "Engene", "Storhaugen",
)  # fmt: skip


class Stalled(Exception):
    """No submission was finished for a long time: no worker is running, or it cannot reach the database."""


@dataclass(frozen=True)
class Parcel:
    """One message to send: of a municipality, in a year; the first of two is a draft."""

    nation: Nation
    place: Place
    draft: bool = False
    turn: int = 0

    @property
    def key(self) -> tuple[str, int]:
        return self.place.code, self.nation.year


def is_loaded() -> bool:
    return AuditEvent.objects.filter(action=MARKER).exists()


def load(folder: Path) -> None:
    """Send every message that is not in yet, wait for the workers, and put names to the units. May be broken off.

    Raises:
        Stalled: nothing was processed for LONGEST_SILENCE_SECONDS.
    """
    nations = {year: Nation(year, SEED, settings.KPR_DEMO_SCALE) for year in YEARS}
    parcels = list(_parcels(nations))
    arrived = _arrived()
    with progress(_("Meldinger sendt"), len(parcels), _("meldinger")) as bar:
        for parcel in parcels:
            if arrived[parcel.key] <= parcel.turn:
                _send(parcel, folder)
            bar.update()
    with progress(_("Meldinger lest og kontrollert"), len(parcels), _("meldinger")) as bar:
        _wait(bar)
        places = {place.code: place for place in nations[LAST].places}
        _send_trial(nations[LAST], places[HOME], folder)
        _send_refused(nations[LAST], places[REJECTED], folder)
        _wait(bar)
    with progress(_("Kontroller på tvers av kommuner")):
        waiting = judge_again()
    with progress(_("Indikatorer og styringstall"), len(waiting), _("meldinger")) as bar:
        compute(waiting, bar.update)
    _spread_arrivals()
    name_units(nations[LAST])
    tasks.nudge()  # a minute's work, which nobody needs to wait for


def finish() -> None:
    """Remember that the nation is loaded."""
    audit.record(SENDER, MARKER, None, submissions=Submission.objects.count())


def _parcels(nations: dict[int, Nation]) -> Iterator[Parcel]:
    for year, nation in nations.items():
        for place in nation.places:
            if year == LAST and place.code in NOT_REPORTED:
                continue
            twice = year == LAST and place.code in SENT_TWICE
            if twice:
                yield Parcel(nation, place, draft=True)
            yield Parcel(nation, place, turn=int(twice))


def _arrived() -> Counter[tuple[str, int]]:
    """How many messages of each municipality and year came in before the loading was broken off."""
    taken = Submission.objects.filter(dry_run=False).exclude(status__in=REFUSED)
    return Counter((str(code), int(year or 0)) for code, year in taken.values_list("municipality", "year"))


def _send(parcel: Parcel, folder: Path) -> None:
    path = parcel.nation.path(parcel.place, folder)
    parcel.nation.write(parcel.place, path, draft=parcel.draft)
    try:
        with path.open("rb") as content:
            receive(channel=Channel.API, access=SENDER, content=content)
    finally:
        path.unlink()


def _send_trial(nation: Nation, place: Place, folder: Path) -> None:
    """An extract that was cut short, tried before it counted: a third of the persons are gone."""
    path = nation.path(place, folder)
    nation.write(place, path, cut_short=True)
    with suppress(Repeat), path.open("rb") as content:  # a repeat came in before the loading was broken off
        receive(channel=Channel.WEB, access=SENDER, content=content, dry_run=True)
    path.unlink()


def _send_refused(nation: Nation, place: Place, folder: Path) -> None:
    """Three dates as people write them, which the schema does not take."""
    if Submission.objects.filter(municipality=place.code, status__in=REFUSED).exists():
        return
    path = nation.path(place, folder)
    nation.write(place, path)
    text = re.sub(r'startDato="(\d+)-(\d+)-(\d+)"', r'startDato="\3.\2.\1"', path.read_text("utf-8"), count=3)
    path.unlink()
    with suppress(Refusal):
        receive(channel=Channel.WEB, access=SENDER, content=io.BytesIO(text.encode()))


def _wait(bar: tqdm) -> None:
    """Until no submission is unfinished; moves the bar along with the workers."""
    changed = time.monotonic()
    before = -1
    while waiting := Submission.objects.filter(status__in=UNFINISHED).count():
        bar.update(max(0, int(bar.total or 0) - waiting - bar.n))
        if waiting != before:
            before, changed = waiting, time.monotonic()
        if time.monotonic() - changed > LONGEST_SILENCE_SECONDS:
            raise Stalled(_("Ingen melding er behandlet på ti minutter. Kjører arbeideren (worker)?"))
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
    """A working hour from 2 January to yesterday at the latest: a draft before what replaced it, a trial after what counts."""
    latest = max(2, min(7, calendar.today().day - 1))
    if submission.is_current:
        day = min(latest, 3 + submission.pk % 5)
    else:
        day = latest if submission.dry_run or submission.status in REFUSED else 2
    hour = 7 + submission.pk * 5 % 4 + 4 * (submission.is_current or submission.dry_run)
    return submission.received_at.replace(year=(submission.year or 0) + 1, month=1, day=day, hour=hour)


@transaction.atomic
def name_units(nation: Nation) -> None:
    """Give the units names that tell what they are."""
    names = {
        (place.code, number): _unit_name(turn) for place in nation.places for turn, number in enumerate(place.units)
    }
    units = list(Unit.objects.filter(name=""))
    for unit in units:
        unit.name = names.get((str(unit.municipality_id), unit.organisation_number), "")
    Unit.objects.bulk_update(units, ["name"], batch_size=1000)


def _unit_name(turn: int) -> str:
    kind, number = turn % len(UNIT_KINDS), turn // len(UNIT_KINDS)
    kinds = UNIT_KINDS[kind]
    return f"{UNIT_PLACES[(number + 10 * kind) % len(UNIT_PLACES)]} {kinds[number % len(kinds)]}"


def units_with_findings(kind: int) -> list[Unit]:
    """The units of a kind in the demo municipality, the one with most kinds of finding in its current message first."""
    nation = Nation(LAST, SEED, settings.KPR_DEMO_SCALE)
    place = next(place for place in nation.places if place.code == HOME)
    numbers = place.units[kind :: len(UNIT_KINDS)]
    found = (
        UnitResult.objects.filter(
            result__submission__municipality=HOME,
            result__submission__year=LAST,
            result__submission__is_current=True,
            organisation_number__in=numbers,
            violating__gt=0,
        )
        .values_list("organisation_number")
        .annotate(kinds=Count("pk"))
    )
    kinds = dict(found)
    units = Unit.objects.filter(municipality=HOME, organisation_number__in=numbers)
    return sorted(units, key=lambda unit: (-kinds.get(unit.organisation_number, 0), unit.organisation_number))


@dataclass(frozen=True)
class DemoUser:
    """A user to make; one who leads several units has a role for each."""

    name: str
    role: str
    municipality: str = ""
    units: tuple[Unit, ...] = ()
    note: str = ""

    @property
    def sees(self) -> str:
        if self.role == Role.REGISTRY:
            return _("hele landet")
        place = Municipality.objects.get(pk=self.municipality)
        return ", ".join([*(str(unit) for unit in self.units), str(place), *([self.note] if self.note else [])])


def demo_users() -> list[DemoUser]:
    homes, care = units_with_findings(NURSING_HOME), units_with_findings(HOME_CARE)
    return [
        DemoUser("registeret", Role.REGISTRY),
        DemoUser("kommune", Role.MUNICIPALITY, HOME),
        DemoUser("enhetsleder", Role.UNIT_LEADER, HOME, tuple(care[:1])),
        DemoUser("sykehjem", Role.UNIT_LEADER, HOME, tuple(homes[:1])),
        DemoUser("to-enheter", Role.UNIT_LEADER, HOME, (*(homes[1:2] or homes[:1]), *(care[1:2] or care[:1]))),
        DemoUser("liten-kommune", Role.MUNICIPALITY, SMALL, note=_("som mangler mange av personene sine")),
        DemoUser("ikke-meldt", Role.MUNICIPALITY, SILENT, note=_("som ikke har meldt 2023")),
        DemoUser("avvist", Role.MUNICIPALITY, REJECTED, note=_("som fikk meldingen avvist")),
    ]


def create_users(password: str) -> list[DemoUser]:
    """Make the demo users, one for each view of the portal; returns them."""
    users = demo_users()
    for user in users:
        for number in [unit.organisation_number for unit in user.units] or [""]:
            accounts.create_user(
                user.name, role=user.role, municipality=user.municipality, unit=number, password=password, by=SENDER
            )
    return users
