"""The demonstration nation: valid, repeatable, of the right size, and with the faults that it says it has.

The counts are read from the XML by plain code of this file's own, not by the portal's checks.
"""

import datetime
import io
import json
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from lxml import etree

from submissions import identity

ROOT = Path(__file__).parent.parent
SCHEMA = etree.XMLSchema(etree.parse(ROOT / "submissions" / "schema" / "kpr-arsmelding-1.0.xsd"))
NAME = "{urn:kpr:arsmelding:1.0}"
HOURS_TYPES = {"1", "2", "3", "4", "7", "9", "11", "15", "17", "22"}
ORGANISATION_TYPES = {"1", "2", "3", "4", "8", "15", "17", "18", "19", "20", "21", "22", "25"}
EVERY_CODE = {
    *["contact-person-missing", "contact-email-invalid", "person-id-invalid", "person-id-not-linkable", "test-person"],
    *["person-in-many-municipalities", "birth-year-implausible", "person-without-service", "hours-over-168"],
    *["service-start-missing", "welfare-technology-start-missing", "service-end-before-start"],
    *["service-start-after-period", "service-start-before-birth", "service-hours-missing"],
    *["service-organisation-missing", "service-organisation-invalid", "service-type-retired", "service-type-unknown"],
    *["service-duplicate", "service-long-stays-overlap", "service-stop-outside", "service-decision-after-start"],
    *["waiting-list-date-implausible", "rehabilitation-date-implausible", "round-the-clock-date-implausible"],
    *["nutrition-date-implausible", "waiting-list-no-without-yes", "waiting-list-answer-repeated"],
    *["waiting-list-yes-and-no-same-day", "waiting-list-date-missing", "rehabilitation-only-no"],
    *["rehabilitation-starts-without-end", "round-the-clock-first-in-nursing-home", "round-the-clock-few-services"],
    *["nutrition-not-answered", "nutrition-risk-missing", "nutrition-risk-without-assessment"],
    *["nutrition-date-mismatch", "nutrition-plan-missing", "nutrition-plan-without-risk", "nutrition-date-missing"],
}


class Written:
    """The files of one generated year, and what the command printed."""

    def __init__(self, folder: Path, year: int, *options: str) -> None:
        out = io.StringIO()
        call_command(
            "generate_nation", "--year", str(year), "--out", str(folder), *options, stdout=out, stderr=io.StringIO()
        )
        self.year, self.folder = year, folder
        self.printed: dict[str, Any] = json.loads(out.getvalue())
        self.files = sorted(folder.glob(f"????-{year}.xml"))
        self.messages = [etree.parse(file) for file in self.files]

    def persons(self) -> Iterator[Any]:
        for message in self.messages:
            yield from message.iter(f"{NAME}Bruker")

    def services(self) -> Iterator[Any]:
        for message in self.messages:
            yield from message.iter(f"{NAME}Tjeneste")

    def active(self, service: Any) -> bool:
        start, end = service.get("startDato"), service.get("sluttDato")
        return bool(start and start <= f"{self.year}-12-31" and (end is None or end >= f"{self.year}-01-01"))

    def active_at_end(self, service: Any) -> bool:
        return self.active(service) and (service.get("sluttDato") or "9") > f"{self.year}-12-31"


@pytest.fixture(scope="module")
def nation(tmp_path_factory: pytest.TempPathFactory) -> dict[int, Written]:
    folder = tmp_path_factory.mktemp("nation")
    return {year: Written(folder, year, "--scale", "0.02") for year in (2022, 2023)}


@pytest.fixture(scope="module")
def later(nation: dict[int, Written]) -> Written:
    return nation[2023]


@pytest.mark.parametrize("year", [2022, 2023])
def test_every_message_is_valid(nation: dict[int, Written], year: int) -> None:
    for file, message in zip(nation[year].files, nation[year].messages, strict=True):
        assert SCHEMA.validate(message), f"{file.name}: {SCHEMA.error_log}"


def test_one_message_for_each_municipality_of_the_year(nation: dict[int, Written], tmp_path: Path) -> None:
    assert len(nation[2023].files) == nation[2023].printed["municipalities"] == 356
    new = Written(tmp_path, 2024, "--scale", "0.001")
    codes = {file.name[:4] for file in new.files}
    assert len(codes) == 357 and {"1508", "1580", "3301"} <= codes and not {"1507", "3005"} & codes


def test_same_seed_same_bytes_and_another_seed_others(tmp_path: Path) -> None:
    options = ("--scale", "0.005", "--municipalities", "8")
    first, again, other = (
        Written(tmp_path / name, 2023, *options, "--seed", seed) for name, seed in (("a", "4"), ("b", "4"), ("c", "5"))
    )
    assert [f.read_bytes() for f in first.files] == [f.read_bytes() for f in again.files]
    assert [f.read_bytes() for f in first.files] != [f.read_bytes() for f in other.files]


def test_a_municipality_is_the_same_alone_as_in_the_nation(nation: dict[int, Written], tmp_path: Path) -> None:
    few = Written(tmp_path, 2023, "--scale", "0.02", "--municipalities", "5")
    places = [persons(file) for file in few.files]
    assert places == [persons(nation[2023].folder / file.name) for file in few.files]


def persons(file: Path) -> set[str]:
    """The persons' numbers, but for test users, who need several municipalities."""
    found = {person.get("brukerNr") for person in etree.parse(file).iter(f"{NAME}Bruker")}
    return {number for number in found if not number.startswith(("donald", "test-"))}


def test_size_follows_the_scale(nation: dict[int, Written]) -> None:
    printed = nation[2022].printed
    assert 0.02 * 360_000 * 0.95 < printed["persons"] < 0.02 * 360_000 * 1.2
    assert 3.2 < printed["services"] / printed["persons"] < 4.0
    assert min(found["persons"] for found in printed["by_municipality"].values()) >= 6


def test_totals_are_those_of_the_files(later: Written) -> None:
    assert later.printed["persons"] == sum(1 for _ in later.persons())
    assert later.printed["services"] == sum(1 for _ in later.services())
    assert later.printed["answers"] == sum(1 for m in later.messages for _ in m.iter(f"{NAME}Opplysning"))


def test_most_persons_come_back_with_the_same_numbers(nation: dict[int, Written]) -> None:
    before, after = (
        {
            (m.find(f"{NAME}Kommune").get("kommuneNr"), p.get("brukerNr")): p.get("fid")
            for m in w.messages
            for p in m.iter(f"{NAME}Bruker")
        }
        for w in (nation[2022], nation[2023])
    )
    stayed = before.keys() & after.keys()
    assert 0.65 < len(stayed) / len(before) < 0.85
    assert sum(before[key] == after[key] for key in stayed) / len(stayed) > 0.97
    assert len({key for key in after if key not in before}) / len(after) > 0.15


def test_services_go_on_under_the_same_number(nation: dict[int, Written]) -> None:
    before = {s.get("tjenesteID"): s for s in nation[2022].services() if nation[2022].active_at_end(s)}
    after = {s.get("tjenesteID"): s for s in nation[2023].services()}
    shared = before.keys() & after.keys()
    assert len(shared) / len(before) > 0.9
    same = sum(before[key].get("startDato") == after[key].get("startDato") for key in shared)
    assert same / len(shared) > 0.97


def test_three_municipalities_lose_persons_in_the_later_year(nation: dict[int, Written]) -> None:
    counts = {
        year: sum(nation[year].printed["by_municipality"][code]["persons"] for code in ("1818", "1822", "1827"))
        for year in (2022, 2023)
    }
    assert counts[2023] < 0.75 * counts[2022]


def test_ordinary_persons_are_of_the_synthetic_series(later: Written) -> None:
    kinds = Counter(p.get("typeID") for p in later.persons())
    assert kinds["1"] / kinds.total() > 0.98
    shifts = Counter(identity.month_shift(p.get("fid")) for p in later.persons() if p.get("typeID") == "1")
    assert shifts[80] == shifts.total() - later.printed["planted"]["test-person"]


def test_several_record_systems(later: Written) -> None:
    systems = {
        tuple(m.getroot().get(n) for n in ("leverandor", "navnEPJ", "versjonEPJ", "versjonUt")) for m in later.messages
    }
    assert len(systems) >= 5


def test_every_check_of_the_catalogue_has_something_planted(later: Written) -> None:
    planted = later.printed["planted"]
    assert set(planted) == EVERY_CODE
    assert [code for code in EVERY_CODE if planted[code] == 0] == []
    by_municipality: Counter[str] = Counter()
    for found in later.printed["by_municipality"].values():
        by_municipality.update(found["planted"])
    assert {code: by_municipality[code] for code in planted} == planted


# --- Planted = found ---------------------------------------------------------------------------------------------


def lacking_hours(w: Written) -> int:
    return sum(
        s.get("timerPerUke") is None and s.get("tjenesteType") in HOURS_TYPES and w.active(s) for s in w.services()
    )


def lacking_organisation(w: Written) -> int:
    return sum(
        s.get("tjenesteOrgNr") is None and s.get("tjenesteType") in ORGANISATION_TYPES and w.active(s)
        for s in w.services()
    )


def wrong_organisation(w: Written) -> int:
    return sum(not right_organisation(s.get("tjenesteOrgNr")) for s in w.services() if s.get("tjenesteOrgNr"))


def right_organisation(number: str) -> bool:
    if len(number) != 9 or not number.isdecimal() or not 810000000 <= int(number) < 999999999:
        return False
    return sum(int(d) * w for d, w in zip(number, (3, 2, 7, 6, 5, 4, 3, 2, 1), strict=True)) % 11 == 0


def wrong_identity(w: Written) -> int:
    ordinary = (p.get("fid") for p in w.persons() if p.get("typeID") in ("1", "2"))
    return sum(not identity.is_valid(fid, identity.month_shift(fid)) for fid in ordinary)


def without_service(w: Written) -> int:
    return sum(person.find(f"{NAME}Tjeneste") is None for person in w.persons())


def not_linkable(w: Written) -> int:
    return sum(person.get("typeID") not in ("1", "2", "10") for person in w.persons())


def in_many_municipalities(w: Written) -> int:
    counts = Counter(p.get("fid") for p in w.persons() if p.get("typeID") == "1")
    return sum(count for count in counts.values() if count >= 6)


def over_168(w: Written) -> int:
    return sum(is_over_168(w, person) for person in w.persons())


def is_over_168(w: Written, person: Any) -> bool:
    services = [s for s in person.iter(f"{NAME}Tjeneste") if s.get("timerPerUke")]
    single = max((float(s.get("timerPerUke")) for s in services if w.active(s)), default=0)
    return max(single, sum(float(s.get("timerPerUke")) for s in services if w.active_at_end(s))) > 168


def end_before_start(w: Written) -> int:
    return sum(s.get("sluttDato", "9") < s.get("startDato", "") for s in w.services())


def decided_late(w: Written) -> int:
    return sum(s.get("vedtakDato", "") > s.get("startDato", "9") for s in w.services())


def start_missing(w: Written) -> int:
    return sum(
        s.get("startDato") is None and s.get("tjenesteType") not in ("6", "26", "27", "28") for s in w.services()
    )


def start_after_period(w: Written) -> int:
    return sum(s.get("startDato", "") > f"{w.year}-12-31" for s in w.services())


def retired(w: Written) -> int:
    return sum(s.get("tjenesteType") in ("12", "13", "16") for s in w.services())


def duplicates(w: Written) -> int:
    found = 0
    for person in w.persons():
        keys = [
            (s.get("tjenesteType"), s.get("startDato"), s.get("tjenesteOrgNr"))
            for s in person.iter(f"{NAME}Tjeneste")
            if s.get("startDato")
        ]
        found += sum(count for count in Counter(keys).values() if count > 1)
    return found


def stops_outside(w: Written) -> int:
    return sum(any(is_outside(service, stop) for stop in service) for service in w.services())


def is_outside(service: Any, stop: Any) -> bool:
    begins, ends = stop.get("fraDato"), stop.get("tilDato", "9")
    return begins < service.get("startDato", "") or begins > service.get("sluttDato", "9") or ends < begins


def undated_waiting(w: Written) -> int:
    return sum(a.get("dato") is None for a in answers(w, "venteliste", "ja"))


def only_no_to_rehabilitation(w: Written) -> int:
    found = 0
    for person in w.persons():
        given = [
            (a.get("svar"), a.get("dato"))
            for a in person.iter(f"{NAME}Opplysning")
            if a.get("navn") == "rehabilitering"
        ]
        found += any(s == "nei" and d for s, d in given) and not any(s == "ja" for s, _ in given)
    return found


def risk_missing(w: Written) -> int:
    found = 0
    for person in w.persons():
        given = {(a.get("navn"), a.get("svar")) for a in person.iter(f"{NAME}Opplysning")}
        found += ("ernaering_vurdert", "ja") in given and not {s for n, s in given if n == "ernaering_risiko"}
    return found


def answers(w: Written, topic: str, answer: str) -> Iterator[Any]:
    for message in w.messages:
        for found in message.iter(f"{NAME}Opplysning"):
            if found.get("navn") == topic and found.get("svar") == answer:
                yield found


READINGS: dict[str, Callable[[Written], int]] = {
    "service-hours-missing": lacking_hours,
    "service-organisation-missing": lacking_organisation,
    "service-organisation-invalid": wrong_organisation,
    "person-id-invalid": wrong_identity,
    "person-without-service": without_service,
    "person-id-not-linkable": not_linkable,
    "person-in-many-municipalities": in_many_municipalities,
    "hours-over-168": over_168,
    "service-end-before-start": end_before_start,
    "service-decision-after-start": decided_late,
    "service-start-missing": start_missing,
    "service-start-after-period": start_after_period,
    "service-type-retired": retired,
    "service-duplicate": duplicates,
    "service-stop-outside": stops_outside,
    "waiting-list-date-missing": undated_waiting,
    "rehabilitation-only-no": only_no_to_rehabilitation,
    "nutrition-risk-missing": risk_missing,
}


@pytest.mark.parametrize("year", [2022, 2023])
@pytest.mark.parametrize("code", READINGS)
def test_printed_counts_are_those_of_the_files(nation: dict[int, Written], code: str, year: int) -> None:
    assert READINGS[code](nation[year]) == nation[year].printed["planted"][code]


def test_great_faults_come_at_the_published_rates(later: Written) -> None:
    """2021: 56 335 persons lacked hours and 106 662 services an organisation number, of about 360 000 persons."""
    printed = later.printed
    share = printed["persons"] / 360_000
    assert 0.7 < printed["persons_lacking_hours"] / (56_335 * share) < 1.3
    assert 0.7 < printed["planted"]["service-organisation-missing"] / (106_662 * share) < 1.3


def test_nutrition_in_nursing_homes_is_near_the_published_shares(nation: dict[int, Written]) -> None:
    """2023: 57.0 % assessed within 12 months; both years are taken together, for their numbers are small here."""
    assessed = Counter(
        is_assessed(person, w.year)
        for w in nation.values()
        for person in w.persons()
        if lives_in_nursing_home(w, person)
    )
    assert 0.5 < assessed[True] / assessed.total() < 0.64


def lives_in_nursing_home(w: Written, person: Any) -> bool:
    stays = (s for s in person.iter(f"{NAME}Tjeneste") if s.get("tjenesteType") == "21")
    return w.year - int(person.get("fodselsar")) >= 67 and any(map(w.active_at_end, stays))


def is_assessed(person: Any, year: int) -> bool:
    given = person.iter(f"{NAME}Opplysning")
    return any(
        a.get("navn") == "ernaering_vurdert" and a.get("svar") == "ja" and (a.get("dato") or "").startswith(str(year))
        for a in given
    )


# --- The command -------------------------------------------------------------------------------------------------


def test_needs_no_database_and_keeps_stdout_for_the_json(tmp_path: Path) -> None:
    command = [
        sys.executable,
        "manage.py",
        "generate_nation",
        "--year",
        "2023",
        "--municipalities",
        "2",
        "--scale",
        "0.01",
    ]
    done = subprocess.run(
        [*command, "--out", str(tmp_path / "out")],
        cwd=ROOT,
        env={"KPR_DATA_DIR": str(tmp_path / "var"), "KPR_ENVIRONMENT": "demo", "PATH": "/usr/bin:/bin"},
        capture_output=True,
        check=True,
    )
    assert json.loads(done.stdout)["municipalities"] == 2
    assert not (tmp_path / "var" / "postgres").exists()


@pytest.mark.parametrize(
    "options",
    [("--year", "1999"), ("--scale", "0"), ("--scale", "mye"), ("--municipalities", "0"), ("--year", "i fjor")],
)
def test_an_unusable_option_is_refused(tmp_path: Path, options: tuple[str, str]) -> None:
    with pytest.raises(CommandError):
        call_command("generate_nation", "--year", "2023", "--out", str(tmp_path), *options)


def test_births_are_real_days(later: Written) -> None:
    ordinary = [p for p in later.persons() if p.get("typeID") == "1" and identity.month_shift(p.get("fid")) == 80]
    for person in ordinary[:500]:
        fid = person.get("fid")
        datetime.date(2000, int(fid[2:4]) - 80, int(fid[:2]))
        assert fid[4:6] == f"{int(person.get('fodselsar')) % 100:02}"
