"""The fixed cast: two municipalities with their submissions and findings, and the people who look at them.

Kari (municipality) and Unn (unit leader of Solbakken) belong to Stavanger, Otto to Bergen, Rita is of the register, Nils has
no role. Import `cast_fixture` where the fixture `cast` is wanted.
"""

from __future__ import annotations

import datetime
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field

import pytest
from django.core.management import call_command
from django.test import Client
from django.utils import timezone

from municipalities import calendar
from municipalities.access import digest
from municipalities.models import Membership, Municipality, Role, Scope, Token, Unit, User
from quality.actions import check_submission
from submissions.models import Channel, Person, Service, Stage, Status, Submission

OWN, OTHER = "1103", "4601"  # Stavanger and Bergen
SOLBAKKEN, FJELLHEIM = "974760673", "983544622"
PASSWORD = "fjord-og-fjell-2023"


@dataclass(frozen=True)
class Someone:
    """A person of a message. `units` are the providers of the person's services, one service each."""

    user_ref: str
    units: Sequence[str] = ()
    birth_year: int = 1940
    identity_valid: bool = True


WELL = [Someone("B1", [SOLBAKKEN]), Someone("B2", [FJELLHEIM]), Someone("B3", [SOLBAKKEN, FJELLHEIM])]
EARLIER = [*WELL, Someone("B4", [SOLBAKKEN], identity_valid=False), Someone("B9")]
LATER = [
    *WELL,
    Someone("B4", [SOLBAKKEN], identity_valid=False),
    Someone("B5", [FJELLHEIM], identity_valid=False),
    Someone("B6", [SOLBAKKEN], birth_year=1700),
    Someone("B7"),
    Someone('=HYPERLINK("x")', [FJELLHEIM], identity_valid=False),
]


@dataclass
class Cast:
    year: int
    earlier: Submission
    current: Submission
    trial: Submission
    anothers: Submission
    clients: dict[str, Client] = field(default_factory=dict)
    tokens: dict[str, str] = field(default_factory=dict)

    def client(self, name: str) -> Client:
        return self.clients[name]


@pytest.fixture(name="cast")
def cast_fixture(db: None) -> Cast:
    return make_cast()


def make_cast() -> Cast:
    call_command("load_reference", verbosity=0)
    year = calendar.reporting_year()
    for number, name in ((SOLBAKKEN, "Solbakken sykehjem"), (FJELLHEIM, "")):
        Unit.objects.create(municipality_id=OWN, organisation_number=number, name=name)
    earlier = submit(OWN, year, EARLIER)
    current = submit(OWN, year, LATER, supersedes=earlier)
    trial = submit(OWN, year, LATER, dry_run=True)
    anothers = submit(OTHER, year, WELL)
    cast = Cast(year, earlier, current, trial, anothers)
    cast.clients = {"nobody": Client(), **{name: client_of(user) for name, user in people().items()}}
    cast.tokens = tokens()
    return cast


def people() -> dict[str, User]:
    return {
        "kari": person("kari", Role.MUNICIPALITY, OWN),
        "unn": person("unn", Role.UNIT_LEADER, OWN, SOLBAKKEN),
        "otto": person("otto", Role.MUNICIPALITY, OTHER),
        "rita": person("rita", Role.REGISTRY),
        "nils": person("nils"),
    }


def person(name: str, role: str = "", municipality: str = "", unit: str = "") -> User:
    user = User.objects.create_user(name, password=PASSWORD)
    if role:
        workplace = Unit.objects.get(municipality=municipality, organisation_number=unit) if unit else None
        place = Municipality.objects.get(pk=municipality) if municipality else None
        Membership.objects.create(user=user, role=role, municipality=place, unit=workplace)
    return user


def client_of(user: User) -> Client:
    client = Client()
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return client


def tokens() -> dict[str, str]:
    """Secrets by name: of the own and the other municipality, and one with the wrong scope."""
    both = [Scope.SUBMIT, Scope.FINDINGS]
    wanted = {"own": (OWN, both), "other": (OTHER, both), "aggregates": (OWN, [Scope.AGGREGATES])}
    for name, (code, scopes) in wanted.items():
        Token.objects.create(name=name, digest=digest(f"secret-{name}"), municipality_id=code, scopes=scopes)
    return {name: f"secret-{name}" for name in wanted}


def submit(
    municipality: str,
    year: int,
    persons: Sequence[Someone],
    *,
    dry_run: bool = False,
    supersedes: Submission | None = None,
    status: str = Status.DONE,
) -> Submission:
    """A submission that is processed, loaded and checked; the real one becomes current."""
    if supersedes:
        Submission.objects.filter(pk=supersedes.pk).update(is_current=False)
    submission = Submission.objects.create(
        municipality_id=municipality,
        year=year,
        period_start=datetime.date(year, 1, 1),
        period_end=datetime.date(year, 12, 31),
        extracted_on=datetime.date(year + 1, 1, 3),
        channel=Channel.API,
        dry_run=dry_run,
        status=status,
        stage=Stage.FINISHED if status == Status.DONE else Stage.WAITING,
        is_current=status == Status.DONE and not dry_run,
        supersedes=supersedes,
        received_at=timezone.now(),
        processed_at=timezone.now() if status == Status.DONE else None,
        sha256=hashlib.sha256(f"{municipality}{year}{dry_run}{Submission.objects.count()}".encode()).hexdigest(),
        size=48_213,
        vendor="Journal AS",
        system="Omsorg",
        system_version="7.1",
        extract_version="3.2",
        persons=len(persons),
        services=sum(len(someone.units) for someone in persons),
    )
    if status == Status.DONE:
        load(submission, persons)
        check_submission(submission)
    return submission


def load(submission: Submission, persons: Sequence[Someone]) -> None:
    first = submission.pk * 1_000_000
    own = {"submission": submission, "municipality_id": submission.municipality_id}
    people, services = [], []
    for number, someone in enumerate(persons):
        people.append(_person(first + number, someone, own))
        for unit in someone.units:
            services.append(_service(first + len(services), first + number, f"T{len(services)}", unit, submission, own))
    Person.objects.bulk_create(people)
    Service.objects.bulk_create(services)


def _person(pk: int, someone: Someone, own: dict) -> Person:
    return Person(
        pk=pk,
        user_ref=someone.user_ref,
        pseudonym=hashlib.md5(someone.user_ref.encode()).hexdigest(),
        key_version=1,
        identity_type=1,
        identity_valid=someone.identity_valid,
        month_shift=0,
        sex="2",
        birth_year=someone.birth_year,
        **own,
    )


def _service(pk: int, person: int, ref: str, unit: str, submission: Submission, own: dict) -> Service:
    return Service(
        pk=pk,
        person_id=person,
        service_ref=ref,
        type_code="15",
        type=15,
        start=datetime.date(submission.year or 0, 2, 1),
        hours=2.5,
        organisation_number=unit,
        organisation_check=True,
        **own,
    )
