"""What a unit leader may see: the own unit in full, everything else as it was published. Every page and download that can be
reached is read, and no true count of the municipality or of another unit is on any of them."""

from __future__ import annotations

import io
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, urlsplit

import openpyxl
import pytest
from django.core.management import call_command
from django.test import Client
from django.urls import resolve, reverse

from indicators import steering
from indicators.models import IndicatorValue, Level, SteeringValue
from municipalities.models import Membership, Municipality, Role, Unit, User
from quality.models import CheckResult, Outcome, UnitResult
from submissions.models import Submission
from tests.cast import FJELLHEIM, OWN, PASSWORD, SOLBAKKEN, client_of, person
from tests.indicator_stage import ASSESSED, YEAR, own, publish, residents, sent
from tests.rows import Given, Said, Who

THIRD = "971045698"
NEW, OLD = "3101", "3001"  # Halden since 2024, and before
# True counts that are nobody's but the municipality's or Fjellheim's: no other number on a page is one of these.
SECRETS = {
    "municipality": (73511, 99733, 25137, 26222, 54321),
    "submission": (91357, 86423, 44071, 99931),
    "result": (31973, 29327, 17773, 18899, 21111, 23333),
    "unit": (61133, 87077, 25091, 25944, 43219, 27817),
}
SHARES = ("73,7", "70,2")
FOLLOWED = 3  # addresses of each kind that are read: a kind is a route with the names of its parameters
OTHERS_PERSON = re.compile(r"98-[JNU]\d{3}")
INSIDE = ("/kommune/", "/innsendinger/", "/hjem/")  # the others are the same for everybody
EVERY_PAGE = {
    *("municipality-home", "findings", "finding", "finding-excel", "finding-csv", "steering"),
    *("indicators", "indicator", "indicator-records", "indicator-csv", "indicator-xlsx"),
    *("submissions", "submission"),
}


@dataclass
class Led:
    """Where the data are, and who leads there."""

    code: str
    leader: Client
    whole: Client
    current: Submission


def leads(name: str, *units: Unit) -> Client:
    user = User.objects.create_user(name, password=PASSWORD)
    for unit in units:
        Membership.objects.create(user=user, role=Role.UNIT_LEADER, municipality=unit.municipality, unit=unit)
    return client_of(user)


def poison(submissions: list[Submission]) -> None:
    """Put the secrets where a true count of the municipality or of Fjellheim is."""
    above, below, missing, _lacking, steered = SECRETS["municipality"]
    values = IndicatorValue.objects.filter(submission__in=submissions)
    values.filter(level=Level.MUNICIPALITY).update(numerator=above, denominator=below, missing=missing)
    figures = SteeringValue.objects.filter(submission__in=submissions)
    figures.filter(level=Level.MUNICIPALITY).update(value=steered, persons=steered)
    above, below, missing, _lacking, steered, found = SECRETS["unit"]
    values.filter(area=FJELLHEIM).update(numerator=above, denominator=below, missing=missing)
    figures.filter(area=FJELLHEIM).update(value=steered, persons=steered)
    UnitResult.objects.filter(organisation_number=FJELLHEIM).update(violating=found)
    applicable, violating, *delta = SECRETS["result"]
    results = CheckResult.objects.filter(submission__in=submissions, status=Outcome.FAILED)
    named = zip(("new", "existing", "corrected", "gone"), delta, strict=True)
    results.update(applicable=applicable, violating=violating, **dict(named))
    persons, services, gone, before = SECRETS["submission"]
    Submission.objects.filter(pk__in=[each.pk for each in submissions]).update(persons=persons, services=services)
    earlier, current = submissions
    Submission.objects.filter(pk=earlier.pk).update(persons=before)
    Submission.objects.filter(pk=current.pk).update(supersedes=earlier, persons_gone=gone)


def populate(code: str) -> list[Submission]:
    home = [
        Who([Given("15", hours=170, start="2021-01-01", organisation=unit, check=True)], [Said("venteliste", True)])
        for unit in (SOLBAKKEN, FJELLHEIM)
        for _number in range(12)
    ]
    year_before = sent([*own(YEAR - 1), *residents(FJELLHEIM, 6, 6, 6, YEAR - 1)], YEAR - 1, code)
    submissions = [year_before, sent([*own(), *home], YEAR, code)]
    sent(own(), YEAR, code, "trial")
    steering.recompute([each.pk for each in submissions])
    return submissions


@pytest.fixture(params=["two units", "old number"])
def place(request: pytest.FixtureRequest, db: None, settings: Any) -> Led:
    settings.KPR_TODAY = "2024-01-08"
    call_command("load_reference", verbosity=0)
    code, now = (OLD, NEW) if request.param == "old number" else (OWN, OWN)
    for number, name in ((SOLBAKKEN, "Solbakken sykehjem"), (FJELLHEIM, "Fjellheim")):
        Unit.objects.create(municipality_id=code, organisation_number=number, name=name)
    led = [Unit.objects.get_or_create(municipality_id=now, organisation_number=SOLBAKKEN)[0]]
    if request.param == "two units":
        led.append(Unit.objects.create(municipality_id=now, organisation_number=THIRD, name="Tredje"))
    publish()
    submissions = populate(code)
    poison(submissions)
    whole = client_of(person("kari", Role.MUNICIPALITY, now))
    return Led(code, leads("unn", *led), whole, submissions[1])


# --- Reading -------------------------------------------------------------------------------------------------------


def text_of(answer: Any) -> str:
    """All that leaves, scripts included, with numbers written together; of a workbook all its cells."""
    content = answer.getvalue()
    if "spreadsheetml" in answer["Content-Type"]:
        book = openpyxl.load_workbook(io.BytesIO(content))
        cells = (cell for sheet in book for row in sheet.iter_rows(values_only=True) for cell in row)
        return "\n".join(str(cell) for cell in cells)
    return re.sub(r"(?<=\d)(?:[\s\u00a0\u202f]|&nbsp;|\\u202f|\\u00a0)(?=\d{3})", "", content.decode())


def secrets_in(text: str) -> list[str]:
    numbers = {str(number) for group in SECRETS.values() for number in group}
    found = [number for number in re.findall(r"(?<![\d.,])\d+", text) if number in numbers]
    return found + [share for share in SHARES if share in text] + OTHERS_PERSON.findall(text)


def kind(address: str) -> tuple[str, ...]:
    parts = urlsplit(address)
    return (resolve(parts.path).url_name, *sorted(parse_qs(parts.query)))


def links(page: str) -> Iterator[str]:
    for found in re.findall(r'(?:href|data-progress)="(/[^"#]*)', page):
        address = found.replace("&amp;", "&")
        if address.startswith(INSIDE):
            yield address


def walk(client: Client, *begin: str) -> dict[str, str]:
    """The text behind every address that is reached, a few of each kind."""
    waiting, seen, times = list(begin), {}, Counter[tuple[str, ...]]()
    while waiting:
        address = waiting.pop(0)
        if address in seen or times[kind(address)] >= FOLLOWED:
            continue
        answer = client.get(address, follow=True)
        assert answer.status_code == 200, address
        times[kind(address)] += 1
        seen[address] = text_of(answer)
        if "html" in answer["Content-Type"]:
            waiting += [link for link in links(seen[address]) if link not in seen]
    return seen


def own_pages(place: Led) -> list[str]:
    """Where a walk begins: what links alone would reach late, or not."""
    query = f"?aar={YEAR}"
    return [
        reverse("home"),
        *(reverse(name, args=[place.code]) + query for name in ("municipality-home", "findings", "steering")),
        *(reverse(name, args=[place.code, ASSESSED]) + query for name in ("indicator", "indicator-records")),
        *(reverse(name, args=[place.code, ASSESSED]) + query for name in ("indicator-csv", "indicator-xlsx")),
        reverse("indicator-csv", args=[place.code, ASSESSED]) + f"{query}&figur=enheter",
        reverse("submission", args=[place.current.pk]),
        reverse("submission-progress", args=[place.current.pk]),
        reverse("findings", args=[place.code]) + f"{query}&enhet={FJELLHEIM}",
        reverse("steering", args=[place.code]) + f"{query}&enhet={FJELLHEIM}",
        reverse("indicators", args=[place.code]) + f"{query}&enhet={FJELLHEIM}",
    ]


def test_no_true_count_of_anybody_else_is_on_any_page(place: Led) -> None:
    read = walk(place.leader, *own_pages(place))
    routes = {kind(address)[0] for address in read}
    assert routes >= EVERY_PAGE, EVERY_PAGE - routes
    assert {address: found for address, text in read.items() if (found := secrets_in(text))} == {}


def test_who_sees_the_whole_finds_what_the_leader_must_not(place: Led) -> None:
    """The walk can find them: the same pages, read by the municipality, tell them all."""
    query = {"aar": YEAR}
    names = ("municipality-home", "findings", "steering", "indicators")
    pages = [place.whole.get(reverse(name, args=[place.code]), query) for name in names]
    units = place.whole.get(reverse("indicator", args=[place.code, ASSESSED]), query)
    found = {secret for page in (*pages, units) for secret in secrets_in(text_of(page))}
    assert found >= {"73511", "99733", "54321", "91357", "86423", "44071", "29327", "21111", "23333", "61133", "87077"}


def test_the_leader_sees_the_own_unit_in_full(place: Led) -> None:
    page = text_of(place.leader.get(reverse("indicator", args=[place.code, ASSESSED]), {"aar": YEAR}))
    assert "12 av 20 beboere" in page and "Solbakken sykehjem" in page
    found = text_of(place.leader.get(reverse("findings", args=[place.code]), {"aar": YEAR}))
    assert "Solbakken sykehjem</h1>" in found


def test_the_own_municipality_is_shown_as_it_was_published(place: Led) -> None:
    page = text_of(place.leader.get(reverse("indicator", args=[place.code, ASSESSED]), {"aar": YEAR}))
    published = "kommunen (50&nbsp;%)" in page or "kommunen (50\u00a0%)" in page
    assert published if place.code == OWN else f"{Municipality.objects.get(pk=OLD)}: ikke utgitt" in page


def test_every_page_under_an_older_number_is_about_the_unit(place: Led) -> None:
    home = text_of(place.leader.get(reverse("municipality-home", args=[place.code]), {"aar": YEAR}))
    assert "Solbakken sykehjem" in home and not secrets_in(home)
