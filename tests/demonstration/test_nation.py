"""The demonstration nation: valid, repeatable, of the right size, and with the faults that it says it has.

The counts are read from the XML by plain code of this file's own, not by the portal's checks.
"""

import datetime
import io
import itertools
import json
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from lxml import etree

from demonstration.generate import Message, Nation
from municipalities import identity_numbers, reference_data
from quality.checks import BY_CODE as CHECKS

ROOT = Path(__file__).parents[2]
SCHEMA = etree.XMLSchema(etree.parse(ROOT / "submissions" / "schema" / "kpr-arsmelding-1.0.xsd"))
NAME = "{urn:kpr:arsmelding:1.0}"
HOURS_TYPES = {"1", "2", "3", "4", "7", "9", "11", "15", "17", "22"}
ORGANISATION_TYPES = {"1", "2", "3", "4", "8", "15", "17", "18", "19", "20", "21", "22", "25"}
EVERY_CODE = {
    *["contact-person-missing", "contact-email-invalid", "person-id-invalid", "person-id-not-linkable", "test-person"],
    *["person-in-many-municipalities", "birth-year-implausible", "person-without-service", "hours-over-168"],
    *["person-repeated", "user-number-repeated", "user-number-holds-identity"],
    *["service-number-repeated", "service-number-holds-identity"],
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
    for file in few.files:
        alone, in_nation = persons(file), persons(nation[2023].folder / file.name)
        # The faults that must be somewhere, of which three change a brukerNr or add one, go to the largest that are written.
        assert len(alone ^ in_nation) <= 6 < len(alone & in_nation)


def persons(file: Path) -> set[str]:
    """The persons' numbers, but for test users, who need several municipalities."""
    found = {person.get("brukerNr") for person in etree.parse(file).iter(f"{NAME}Bruker")}
    return {number for number in found if not number.startswith(("donald", "test-"))}


def shared_between(w: Written) -> dict[str, int]:
    """Identity number -> in how many messages, of those in more than one."""
    by_number: Counter[str] = Counter()
    for message in w.messages:
        by_number.update({p.get("fid") for p in message.iter(f"{NAME}Bruker") if p.get("typeID") == "1"})
    return {fid: number for fid, number in by_number.items() if number > 1}


def test_persons_are_shared_as_printed_and_by_no_accident(nation: dict[int, Written]) -> None:
    for w in nation.values():
        sizes = Counter(shared_between(w).values())
        assert {str(size): number for size, number in sizes.items()} == w.printed["shared_persons"]
        assert {2, 3, 4, 5} <= sizes.keys() and max(sizes) >= 6


def test_a_test_user_of_the_whole_nation_is_in_114_municipalities() -> None:
    whole, part = (Nation(2023, 1, scale).shared.test_users for scale in (1.0, 0.02))
    assert sum(0 in numbers for numbers in whole.values()) == 114
    assert sum(0 in numbers for numbers in part.values()) == 8
    assert {number for numbers in whole.values() for number in numbers} == set(range(9))


def test_who_moved_left_before_coming(later: Written) -> None:
    """Most who are shared by two municipalities get nothing from both at once."""
    times: dict[str, list[tuple[str, str]]] = {}
    shared = {fid for fid, number in shared_between(later).items() if number < 6}
    for person in later.persons():
        dates = [(s.get("startDato"), s.get("sluttDato", "9")) for s in person if s.get("startDato")]
        if person.get("fid") in shared and dates:
            first, last = min(start for start, _ in dates), max(end for _, end in dates)
            times.setdefault(person.get("fid"), []).append((first, last))
    apart = [all(a[1] <= b[0] for a, b in itertools.pairwise(sorted(each))) for each in times.values()]
    assert 0.6 < sum(apart) / len(apart) < 1


def test_answers_are_taken_back_as_printed(nation: dict[int, Written]) -> None:
    for w in nation.values():
        found = Counter(topic for person in w.persons() for topic in topics_taken_back(w, person))
        assert dict(found) == w.printed["taken_back"]
        assert {"ernaering_vurdert", "lege_vurdert", "legemiddelgjennomgang", "tannhelse_vurdert"} <= found.keys()


def topics_taken_back(w: Written, person: Any) -> Iterator[str]:
    by_topic: dict[str, list[tuple[str, bool]]] = {}
    for answer in person.iter(f"{NAME}Opplysning"):
        if (answer.get("dato") or "").startswith(str(w.year)):
            by_topic.setdefault(answer.get("navn"), []).append((answer.get("dato"), answer.get("svar") == "ja"))
    for topic, given in by_topic.items():
        if any(yes for _date, yes in given) and not max(given)[1]:
            yield topic


def test_an_extract_that_was_cut_short_lacks_a_third(tmp_path: Path) -> None:
    nation = Nation(2023, 1, 0.02, 3)
    whole, short = (nation.write(nation.places[0], tmp_path / f"{cut}.xml", cut_short=cut) for cut in (False, True))
    assert 0.6 < short.persons / whole.persons < 0.73


# --- Believable ------------------------------------------------------------------------------------------------

# Persons per 1000 inhabitants of the age group at the end of the year, from and to: the order of magnitude of Statistics Norway's
# figures of 2021-2022 (KOSTRA: users of home services and residents by age).
BELIEVABLE: dict[int | None, dict[str, tuple[float, float]]] = {
    None: {
        "0-17": (5, 20),
        "18-49": (15, 40),
        "50-66": (25, 60),
        "67-79": (70, 140),
        "80-89": (250, 420),
        "90+": (550, 850),
    },
    15: {"67-79": (40, 90), "80-89": (130, 250), "90+": (250, 480)},
    21: {"50-66": (0.5, 3), "67-79": (6, 16), "80-89": (40, 90), "90+": (150, 300)},
}


@pytest.fixture(scope="module")
def at_full_scale() -> dict[str, Counter[tuple[int | None, str]]]:
    """Persons with a service, and with each type, by municipality and age group at the end of 2023: some that are small or middling."""
    nation = Nation(2023, 1, 1.0)
    found: dict[str, Counter[tuple[int | None, str]]] = {}
    for place in nation.places[3:43]:
        counts = found[place.lineage] = Counter()
        for case in nation._cases(place, Message(place), draft=False, cut_short=False):
            kinds = {int(s.kind) for s in case.at_end() if str(s.kind).isdecimal()}
            group = next(g for g in reversed(reference_data.AGE_GROUPS) if case.age >= int(g.rstrip("+").split("-")[0]))
            counts.update((kind, group) for kind in (*kinds, *([None] if kinds else [])))
    return found


def inhabitants() -> dict[str, dict[str, int]]:
    rows = reference_data.rows("folketall_kommune_aldersgruppe_2020_2022")
    groups = reference_data.AGE_GROUPS
    return {row["kommunenummer"]: {g: int(row[g]) for g in groups} for row in rows if row["aar_1jan"] == "2022"}


def test_rates_by_age_are_believable(at_full_scale: dict[str, Counter[tuple[int | None, str]]]) -> None:
    people = inhabitants()
    for kind, groups in BELIEVABLE.items():
        for group, (least, most) in groups.items():
            persons = sum(counts[kind, group] for counts in at_full_scale.values())
            rate = 1000 * persons / sum(people[code][group] for code in at_full_scale)
            assert least <= rate <= most, (kind, group, round(rate, 1))


def test_nowhere_more_persons_than_inhabitants(at_full_scale: dict[str, Counter[tuple[int | None, str]]]) -> None:
    people = inhabitants()
    for code, counts in at_full_scale.items():
        for group in reference_data.AGE_GROUPS:
            assert counts[None, group] <= people[code][group], (code, group)


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
    shifts = Counter(identity_numbers.month_shift(p.get("fid")) for p in later.persons() if p.get("typeID") == "1")
    assert shifts[80] == shifts.total() - later.printed["planted"]["test-person"]


def test_several_record_systems(later: Written) -> None:
    systems = {
        tuple(m.getroot().get(n) for n in ("leverandor", "navnEPJ", "versjonEPJ", "versjonUt")) for m in later.messages
    }
    assert len(systems) >= 5


def test_every_check_of_the_catalogue_has_something_planted(later: Written) -> None:
    planted = later.printed["planted"]
    assert set(planted) == EVERY_CODE >= set(CHECKS)
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
    return sum(not identity_numbers.is_valid(fid, identity_numbers.month_shift(fid)) for fid in ordinary)


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


def repeated(values: list[str]) -> int:
    return sum(number for number in Counter(values).values() if number > 1)


def within_messages(w: Written, element: str, key: Callable[[Any], str | None]) -> int:
    found = 0
    for message in w.messages:
        keys = [key(each) for each in message.iter(f"{NAME}{element}")]
        found += repeated([each for each in keys if each is not None])
    return found


def persons_repeated(w: Written) -> int:
    linkable = ("1", "2", "10")
    return within_messages(
        w, "Bruker", lambda p: f"{p.get('typeID')} {p.get('fid')}" if p.get("typeID") in linkable else None
    )


def holds_identity(reference: str, own: str) -> bool:
    """Some run of exactly eleven digits, before or after what separates digits is taken away, is an identity number; or it holds the own."""
    close = re.sub(r"(?<=\d)[ ./_-]+(?=\d)", "", reference)
    runs = re.findall(r"\d+", reference) + re.findall(r"\d+", close)
    valid = (run for run in runs if len(run) == 11)
    return any(identity_numbers.is_valid(run, identity_numbers.month_shift(run)) for run in valid) or any(
        own in run for run in runs
    )


def user_number_holds_identity(w: Written) -> int:
    return sum(holds_identity(p.get("brukerNr"), p.get("fid")) for p in w.persons())


def service_number_holds_identity(w: Written) -> int:
    return sum(holds_identity(s.get("tjenesteID"), s.getparent().get("fid")) for s in w.services())


READINGS: dict[str, Callable[[Written], int]] = {
    "person-repeated": persons_repeated,
    "user-number-repeated": lambda w: within_messages(w, "Bruker", lambda p: p.get("brukerNr")),
    "service-number-repeated": lambda w: within_messages(w, "Tjeneste", lambda s: s.get("tjenesteID")),
    "user-number-holds-identity": user_number_holds_identity,
    "service-number-holds-identity": service_number_holds_identity,
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
    ordinary = [
        p for p in later.persons() if p.get("typeID") == "1" and identity_numbers.month_shift(p.get("fid")) == 80
    ]
    for person in ordinary[:500]:
        fid = person.get("fid")
        datetime.date(2000, int(fid[2:4]) - 80, int(fid[:2]))
        assert fid[4:6] == f"{int(person.get('fodselsar')) % 100:02}"
