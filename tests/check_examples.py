"""For every check: rows that violate it, rows that pass, and rows that it does not apply to.

The own message is for 2023. `offending` names the offending rows: services by tjenesteID, persons by brukerNr, answers by
date, contacts by e-mail address, the message by "message".
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from submissions.models import Topic
from tests.rows import Given, Said, Sent, Stop, Who

KARI, OLA = ("16", "kari@kommune.example"), ("17", "ola@kommune.example")


@dataclass
class Example:
    applicable: int
    offending: Sequence[str]
    persons: Sequence[Who]
    others: Sequence[Sent] = ()
    contacts: Sequence[tuple[str, str]] = (KARI, OLA)


def person(*rows: Given | Said, **attributes: object) -> Who:
    services = [row for row in rows if isinstance(row, Given)]
    return Who(services, [row for row in rows if isinstance(row, Said)], **attributes)  # type: ignore[arg-type]


def violating(*persons: Who, offending: Sequence[str], of: int = 1, others: Sequence[Sent] = ()) -> Example:
    """`of` rows of the kind are judged, and those named offend."""
    return Example(of, offending, persons, others)


def passing(*persons: Who, of: int = 1, others: Sequence[Sent] = ()) -> Example:
    return Example(of, (), persons, others)


def not_applicable(*persons: Who, others: Sequence[Sent] = ()) -> Example:
    return Example(0, (), persons, others)


def message(*contacts: tuple[str, str], applicable: int = 1, offending: Sequence[str] = ()) -> Example:
    return Example(applicable, offending, (), contacts=contacts)


def waiting(yes: bool, date: str | None = None) -> Said:
    return Said(Topic.WAITING_LIST, yes, date)


def rehab(yes: bool, date: str | None = None) -> Said:
    return Said(Topic.REHABILITATION, yes, date)


def clock(yes: bool, date: str | None = None) -> Said:
    return Said(Topic.ROUND_THE_CLOCK, yes, date)


def assessed(yes: bool, date: str | None = None) -> Said:
    return Said(Topic.NUTRITION_ASSESSED, yes, date)


def risk(yes: bool, date: str | None = None) -> Said:
    return Said(Topic.NUTRITION_RISK, yes, date)


def plan(yes: bool, date: str | None = None) -> Said:
    return Said(Topic.NUTRITION_PLAN, yes, date)


def earlier(
    *rows: Said, year: int = 2022, state: str = "current", municipality: str = "4601", lineage: str = ""
) -> Sent:
    """An earlier year's message about the person "a"."""
    return Sent([person(*rows, who="a")], municipality, year, lineage, state)


def reported_by(number: int, year: int = 2023, state: str = "current") -> list[Sent]:
    """Messages about the person "a" from so many other municipalities."""
    return [Sent([person(who="a")], f"{3000 + n}", year, state=state) for n in range(number)]


def stay(start: str | None = "2022-01-01", end: str | None = None, ref: str = "", **more: object) -> Given:
    return Given("21", start, end, ref=ref, **more)  # type: ignore[arg-type]


def dates_of(topic: Topic) -> list[Example]:
    """Examples of a `<topic>-date-implausible` check."""
    return [
        violating(person(Said(topic, True, "2006-12-31")), offending=["2006-12-31"]),
        violating(person(Said(topic, False, "2024-01-01")), offending=["2024-01-01"]),
        passing(person(Said(topic, True, "2007-01-01"), Said(topic, False, "2023-12-31")), of=2),
        not_applicable(person(Said(topic, True), Said(Topic.COORDINATOR, True, "1999-01-01"))),
    ]


# A check of every row of its kind has no example that it does not apply to; why is said here.
NEVER_NOT_APPLICABLE = {
    "contact-person-missing": "applies to every message",
    "contact-email-invalid": "applies to every contact, and the schema requires one",
    "person-id-not-linkable": "applies to every person",
    "user-number-repeated": "applies to every person",
    "user-number-holds-identity": "applies to every person",
    "person-without-service": "applies to every person",
    "service-number-repeated": "applies to every service",
    "service-number-holds-identity": "applies to every service",
    "service-type-unknown": "applies to every service",
}

EXAMPLES: dict[str, list[Example]] = {
    "contact-person-missing": [
        message(KARI, offending=["message"]),
        message(OLA, offending=["message"]),
        message(("15", "a@b.no"), offending=["message"]),
        message(KARI, OLA, ("15", "a@b.no")),
    ],
    "contact-email-invalid": [
        message(("16", "kari.kommune.no"), applicable=1, offending=["kari.kommune.no"]),
        message(("16", "kari@kommune"), ("17", "kari@kommune.no; ola@kommune.no"), applicable=2,
                offending=["kari@kommune", "kari@kommune.no; ola@kommune.no"]),
        message(("16", ""), applicable=1, offending=[""]),
        message(("16", "kari.nordmann+kpr@post.våler.kommune.no"), ("17", " a@b.no "), applicable=2),
    ],
    "person-id-invalid": [
        violating(person(ref="A", identity_valid=False), offending=["A"]),
        violating(person(ref="A", identity_type=2, identity_valid=None), offending=["A"]),
        passing(person(identity_type=1), person(identity_type=2), of=2),
        not_applicable(person(identity_type=10, identity_valid=None), person(identity_type=None, identity_valid=None)),
    ],
    "person-id-not-linkable": [
        violating(person(ref="A", identity_type=9), person(ref="B", identity_type=None), offending=["A", "B"], of=2),
        passing(person(identity_type=1), person(identity_type=2), person(identity_type=10), of=3),
    ],
    "test-person": [
        violating(person(ref="A", month_shift=40), person(ref="B", identity_type=2, month_shift=65),
                  offending=["A", "B"], of=2),
        passing(person(month_shift=0), person(month_shift=80), of=2),
        not_applicable(person(identity_type=9, month_shift=40), person(identity_type=None, month_shift=65)),
    ],
    "person-in-many-municipalities": [
        violating(person(who="a", ref="A"), person(who="b"), offending=["A"], of=2, others=reported_by(5)),
        passing(person(who="a"), others=reported_by(4)),
        passing(person(who="a"), others=[*reported_by(4), *reported_by(9, year=2022)]),
        passing(person(who="a"), others=[*reported_by(4), *reported_by(9, state="trial")]),
        passing(person(who="a"), others=[*reported_by(4), *reported_by(9, state="superseded")]),
        not_applicable(person(who="a", identity_type=9), others=reported_by(5)),
    ],
    "birth-year-implausible": [
        violating(person(ref="A", birth_year=1907), person(ref="B", birth_year=2024), person(ref="C", birth_year=-1),
                  offending=["A", "B", "C"], of=3),
        passing(person(birth_year=1908), person(birth_year=2023), of=2),
        not_applicable(person(birth_year=0)),
    ],
    "person-repeated": [
        violating(person(who="a", ref="A"), person(who="a", ref="B"), person(who="b"), offending=["A", "B"], of=3),
        violating(person(who="a", ref="A", identity_type=10), person(who="a", ref="B", identity_type=10),
                  offending=["A", "B"], of=2),
        # The same number under another type is another identity, and another message does not count.
        passing(person(who="a", identity_type=1), person(who="a", identity_type=2), person(who="b"), of=3,
                others=[*reported_by(1), Sent([person(who="b")], state="superseded"), earlier()]),
        not_applicable(person(who="a", identity_type=9), person(who="a", identity_type=9),
                       person(who="b", identity_type=None), person(who="b", identity_type=None)),
    ],
    "user-number-repeated": [
        violating(person(ref="A"), person(ref="A"), person(ref="a"), offending=["A", "A"], of=3),
        # References are compared as sent: what is masked alike may have been different.
        violating(person(ref="skjult", ref_hash=1), person(ref="skjult", ref_hash=1), person(ref="skjult", ref_hash=2),
                  person(ref="skjult"), offending=["skjult", "skjult"], of=4),
        passing(person(ref="A"), person(ref="B"), of=2,
                others=[Sent([person(ref="A")], state="superseded"), Sent([person(ref="B")], "3001")]),
    ],
    "user-number-holds-identity": [
        violating(person(ref="skjult", ref_hash=-7), person(ref="P-skjult", ref_hash=7, identity_type=9), person(ref="C"),
                  offending=["P-skjult", "skjult"], of=3),
        passing(person(ref="skjult")),
    ],
    "person-without-service": [
        violating(person(ref="A"), person(Given(start=None)), offending=["A"], of=2),
        passing(person(Given(start="2019-01-01", end="2020-01-01"))),
    ],
    "hours-over-168": [
        violating(person(Given(hours=168.01), ref="A"), offending=["A"]),
        violating(person(Given(hours=100), Given("1", hours=68.01), Given(hours=None), ref="A"), offending=["A"]),
        violating(person(Given(hours=169, end="2023-12-31"), ref="A"), offending=["A"]),
        passing(person(Given(hours=168)), person(Given(hours=100), Given(hours=68)), of=2),
        # One that ends on the last day, or earlier in the year, is not added to those that go on.
        passing(person(Given(hours=100, end="2023-12-31"), Given(hours=100), Given(hours=99, end="2023-06-01"))),
        passing(person(Given(hours=10), Given(hours=200, start=None), Given(hours=200, start="2024-01-01"))),
        passing(person(Given(hours=10), Given(hours=200, end="2022-12-31"))),
        passing(person(Given(hours=0))),
        not_applicable(person(Given(hours=None)), person(), person(Given(hours=169, start=None)),
                       person(Given(hours=169, end="2022-12-31"))),
    ],
    "service-number-repeated": [
        violating(person(Given(ref="T"), Given("x", start=None, ref="U")), person(Given(ref="T")),
                  offending=["T", "T"], of=3),
        violating(person(Given(ref="skjult-1", ref_hash=1)), person(Given(ref="skjult-1", ref_hash=1)),
                  person(Given(ref="skjult-1", ref_hash=2)), offending=["skjult-1", "skjult-1"], of=3),
        passing(person(Given(ref="T"), Given(ref="U")), of=2, others=[Sent([person(Given(ref="T"))], state="superseded")]),
    ],
    "service-number-holds-identity": [
        violating(person(Given(ref="skjult-1", ref_hash=-7), Given(ref="T")), offending=["skjult-1"], of=2),
        passing(person(Given(ref="skjult"))),
    ],
    "service-start-missing": [
        violating(person(Given(start=None, ref="T"), Given("x", start=None, ref="U")), offending=["T", "U"], of=2),
        passing(person(Given(start="1900-01-01"))),
        not_applicable(person(*(Given(type_, start=None) for type_ in ("6", "06", "26", "27", "28")))),
    ],
    "welfare-technology-start-missing": [
        violating(person(*(Given(t, start=None, ref=f"T{t}") for t in ("6", "26", "27", "28"))),
                  offending=["T6", "T26", "T27", "T28"], of=4),
        passing(person(Given("06"))),
        not_applicable(person(Given("15", start=None), Given("x", start=None))),
    ],
    "service-end-before-start": [
        violating(person(Given(start="2023-02-02", end="2023-02-01", ref="T")), offending=["T"]),
        passing(person(Given(start="2023-02-01", end="2023-02-01"))),
        not_applicable(person(Given(start=None, end="2023-02-01"), Given(end=None))),
    ],
    "service-start-after-period": [
        violating(person(Given(start="2024-01-01", ref="T")), offending=["T"]),
        passing(person(Given(start="2023-12-31"))),
        not_applicable(person(Given(start=None))),
    ],
    "service-start-before-birth": [
        violating(person(Given(start="2022-12-31", ref="T"), birth_year=2023), offending=["T"]),
        passing(person(Given(start="2023-01-01"), birth_year=2023)),
        not_applicable(person(Given(start=None)), person(Given(start="1850-01-01"), birth_year=0)),
    ],
    "service-hours-missing": [
        violating(person(*(Given(t, ref=t) for t in ("1", "2", "3", "4", "7", "9", "11", "15", "17", "22"))),
                  offending=["1", "2", "3", "4", "7", "9", "11", "15", "17", "22"], of=10),
        violating(person(Given("015", ref="T", end="2023-01-01", start="2020-01-01")), offending=["T"]),
        passing(person(Given("15", hours=0))),
        not_applicable(person(Given("21"), Given("8"), Given("x"), Given("15", start=None), Given(start="2024-01-01"),
                              Given(start="2020-01-01", end="2022-12-31"))),
    ],
    "service-organisation-missing": [
        violating(person(Given("08.01", ref="T"), Given("25", ref="U", hours=1)), offending=["T", "U"], of=2),
        passing(person(Given("21", organisation="1"))),
        not_applicable(person(Given("5"), Given("29"), Given("x"), Given("21", start=None),
                              Given("21", "2020-01-01", "2022-12-31"))),
    ],
    "service-organisation-invalid": [
        violating(person(Given(organisation="999999999", check=True, ref="T"),
                         Given(organisation="809999999", check=True, ref="U"),
                         Given(organisation="974760674", check=False, ref="V"),
                         Given(organisation="97476067", check=None, ref="W"),
                         Given(organisation="9747606730", check=True, ref="X"),
                         Given(organisation="NO9747606", check=True, ref="Y"),
                         Given("5", organisation="974760673", check=None, ref="Z")),
                  offending=["T", "U", "V", "W", "X", "Y", "Z"], of=7),
        passing(person(Given(organisation="974760673", check=True), Given(organisation="810000000", check=True)), of=2),
        not_applicable(person(Given(organisation=None))),
    ],
    "service-type-retired": [
        violating(person(Given("12", ref="T"), Given("13", ref="U"), Given("016.2", ref="V"), Given("29")),
                  offending=["T", "U", "V"], of=4),
        passing(person(Given("15"), Given("1"), Given("29")), of=3),
        not_applicable(person(Given("10"), Given("30"), Given("x"), Given("0"))),
    ],
    "service-type-unknown": [
        violating(person(Given("10", ref="T"), Given("30", ref="U"), Given("x", ref="V"), Given("0", ref="W"), Given("9")),
                  offending=["T", "U", "V", "W"], of=5),
        passing(person(Given("01"), Given("08.02"), Given("29"), Given("11")), of=4),
    ],
    "service-duplicate": [
        violating(person(Given("8", ref="T", organisation="974760673"), Given("08.01", ref="U", organisation="974760673"),
                         Given("8", ref="V")), offending=["T", "U"], of=3),
        violating(person(Given(ref="T"), Given(ref="U", hours=3, end="2023-05-01")), offending=["T", "U"], of=2),
        violating(person(Given("x", ref="T"), Given("x", ref="U"), Given("y")), offending=["T", "U"], of=3),
        passing(person(Given(), Given("1"), Given(start="2023-02-02"), Given(organisation="1")), person(Given()), of=5),
        not_applicable(person(Given(start=None), Given(start=None))),
    ],
    "service-long-stays-overlap": [
        violating(person(stay(ref="T"), stay("2023-01-01", "2023-02-01", ref="U")), offending=["T", "U"], of=2),
        violating(person(stay("2022-01-01", "2023-01-02", ref="T"), stay("2023-01-01", ref="U")),
                  offending=["T", "U"], of=2),
        violating(person(stay(ref="T"), stay(ref="U")), offending=["T", "U"], of=2),
        # One that ends the day it began, or before, inside another; but not at its edge.
        violating(person(stay("2023-01-01", ref="T"), stay("2023-03-01", "2023-03-01", ref="U"),
                         stay("2023-05-02", "2023-05-01", ref="V"), stay("2023-01-01", "2023-01-01", ref="W")),
                  offending=["T", "U", "V"], of=4),
        passing(person(stay("2023-05-01", "2023-05-01"), stay("2023-05-01", "2023-05-01"), stay("2023-06-01", "2023-05-01"),
                       stay("2023-05-15", "2023-05-20")), of=4),
        violating(person(stay("2020-01-01", ref="T"), stay("2021-01-01", "2021-02-01", ref="U"), stay("2021-02-01", ref="V")),
                  offending=["T", "U", "V"], of=3),
        passing(person(stay("2022-01-01", "2023-01-01"), stay("2023-01-01")), of=2),
        passing(person(stay(), Given("20"), stay(None)), person(stay()), of=2),
        not_applicable(person(stay(None), Given("18"))),
    ],
    "service-stop-outside": [
        violating(person(Given(start="2023-02-01", ref="T", stops=[Stop("2023-01-31")]),
                         Given(end="2023-05-01", ref="U", stops=[Stop("2023-03-01"), Stop("2023-05-02")]),
                         Given(ref="V", stops=[Stop("2023-03-02", "2023-03-01")]),
                         Given(start=None, ref="W", stops=[Stop("2023-03-02", "2023-03-01")])),
                  offending=["T", "U", "V", "W"], of=4),
        passing(person(Given(start="2023-02-01", end="2023-05-01", stops=[Stop("2023-02-01", "2023-02-01"),
                                                                         Stop("2023-05-01", "2023-06-01")]))),
        passing(person(Given(start=None, stops=[Stop("1990-01-01")]))),
        not_applicable(person(Given())),
    ],
    "service-decision-after-start": [
        violating(person(Given(start="2023-02-01", decided="2023-02-02", ref="T")), offending=["T"]),
        passing(person(Given(start="2023-02-01", decided="2023-02-01"))),
        not_applicable(person(Given(decided=None), Given(start=None, decided="2023-02-01"))),
    ],
    "waiting-list-date-implausible": dates_of(Topic.WAITING_LIST),
    "rehabilitation-date-implausible": dates_of(Topic.REHABILITATION),
    "round-the-clock-date-implausible": dates_of(Topic.ROUND_THE_CLOCK),
    "nutrition-date-implausible": [
        *dates_of(Topic.NUTRITION_ASSESSED),
        *dates_of(Topic.NUTRITION_RISK),
        *dates_of(Topic.NUTRITION_PLAN),
    ],
    "waiting-list-no-without-yes": [
        violating(person(waiting(False, "2023-05-01")), offending=["2023-05-01"]),
        violating(person(waiting(False, "2023-05-01"), waiting(True, "2023-05-02"), waiting(True)),
                  offending=["2023-05-01"]),
        violating(person(waiting(False, "2023-05-01")), person(waiting(True, "2023-04-01")), offending=["2023-05-01"]),
        # What does not count as history: trial and superseded messages, later years, other municipalities.
        *(violating(person(waiting(False, "2023-05-01"), who="a"), offending=["2023-05-01"], others=[other])
          for other in (earlier(waiting(True, "2022-05-01"), state="trial"),
                        earlier(waiting(True, "2022-05-01"), state="superseded"),
                        earlier(waiting(True, "2022-05-01"), year=2024),
                        earlier(waiting(True, "2022-05-01"), municipality="0301"),
                        earlier(waiting(True)))),
        passing(person(waiting(False, "2023-05-01"), waiting(True, "2023-05-01"))),
        passing(person(waiting(False, "2023-05-01"), who="a"), others=[earlier(waiting(True, "2020-05-01"), year=2021)]),
        # The municipality had another number then.
        passing(person(waiting(False, "2023-05-01"), who="a"),
                others=[earlier(waiting(True, "2022-05-01"), municipality="1201", lineage="4601")]),
        not_applicable(person(waiting(False), waiting(True, "2023-01-01"), rehab(False, "2023-01-01"))),
    ],
    "waiting-list-answer-repeated": [
        violating(person(waiting(True, "2021-03-01"), waiting(True, "2023-03-01")), offending=["2023-03-01"]),
        violating(person(waiting(True, "2023-03-01"), who="a"), offending=["2023-03-01"],
                  others=[earlier(waiting(True, "2022-02-01"))]),
        violating(person(waiting(False, "2023-03-01"), waiting(False, "2023-02-01"), waiting(True, "2023-01-01")),
                  offending=["2023-03-01"], of=2),
        # On a tie the nearest earlier answer is "yes".
        violating(person(waiting(True, "2023-01-01"), waiting(False, "2023-01-01"), waiting(True, "2023-02-01")),
                  offending=["2023-02-01"]),
        passing(person(waiting(True, "2023-01-01"), waiting(False, "2023-01-01"), waiting(False, "2023-02-01"))),
        passing(person(waiting(True, "2021-01-01"), waiting(False, "2022-01-01"), waiting(True, "2023-01-01")), of=2),
        # The earlier year's "no" lies between.
        passing(person(waiting(True, "2023-03-01"), waiting(True, "2021-03-01"), who="a"),
                others=[earlier(waiting(False, "2022-03-01"))]),
        not_applicable(person(waiting(True, "2023-03-01"), who="a"), others=[earlier(waiting(True, "2023-03-01")),
                       earlier(waiting(True), year=2021), earlier(waiting(True, "2022-01-01"), municipality="0301")]),
        not_applicable(person(waiting(True, "2023-03-01"), waiting(True)), person(waiting(False, "2022-01-01"))),
    ],
    "waiting-list-yes-and-no-same-day": [
        violating(person(waiting(True, "2023-03-01"), waiting(False, "2023-03-01"), waiting(True, "2023-03-02")),
                  offending=["2023-03-01", "2023-03-01"], of=3),
        passing(person(waiting(True, "2023-03-01"), waiting(True, "2023-03-01"), rehab(False, "2023-03-01")),
                person(waiting(False, "2023-03-01")), of=3),
        not_applicable(person(waiting(True), waiting(False), rehab(True, "2023-03-01"))),
    ],
    "waiting-list-date-missing": [
        violating(person(waiting(True)), offending=[""]),
        passing(person(waiting(True, "2023-03-01"))),
        not_applicable(person(waiting(False), rehab(True))),
    ],
    "rehabilitation-only-no": [
        violating(person(rehab(False, "2023-03-01"), waiting(True), ref="A"), offending=["A"]),
        violating(person(rehab(False, "2023-03-01"), who="a", ref="A"), offending=["A"],
                  others=[earlier(rehab(True, "2022-01-01"), municipality="0301"), earlier(rehab(False, "2022-01-01"))]),
        passing(person(rehab(False)), person(rehab(False, "2023-03-01"), rehab(True)), person(rehab(True)), of=3),
        passing(person(rehab(False, "2023-03-01"), who="a"), others=[earlier(rehab(True), year=2021)]),
        not_applicable(person(), person(waiting(False, "2023-03-01"))),
    ],
    "rehabilitation-starts-without-end": [
        violating(person(rehab(True, "2021-01-01"), rehab(True, "2022-01-01"), rehab(True, "2023-01-01"), ref="A"),
                  offending=["A"]),
        passing(person(rehab(True, "2021-01-01"), rehab(True, "2022-01-01"), rehab(True))),
        passing(person(*(rehab(True, f"202{n}-01-01") for n in range(4)), rehab(False))),
        not_applicable(person(rehab(False, "2023-01-01")), person()),
    ],
    "round-the-clock-first-in-nursing-home": [
        violating(person(clock(True, "2023-03-01"), stay("2023-03-01"), ref="A"), offending=["A"]),
        violating(person(clock(True, "2023-04-01"), stay("2020-03-01", "2023-01-01"), ref="A"), offending=["A"]),
        passing(person(clock(True, "2023-04-01"), clock(True, "2023-02-28"), stay("2023-03-01"))),
        passing(person(clock(True, "2023-04-01"), stay("2020-03-01", "2022-12-31"), stay(None), Given("18", "2020-01-01"))),
        not_applicable(person(clock(True), clock(False, "2023-04-01"), stay("2020-01-01"))),
    ],
    "round-the-clock-few-services": [
        violating(person(clock(True, "2023-03-01"), ref="A"), offending=["A"]),
        violating(person(clock(True, "2023-03-01"), Given(hours=24), Given(hours=None), ref="A"), offending=["A"]),
        # A tie is a "yes"; services that are over count neither as hours nor as institution.
        violating(person(clock(True, "2023-03-01"), clock(False, "2023-03-01"), Given(hours=90, end="2023-12-31"),
                         stay("2020-01-01", "2023-12-31"), ref="A"), offending=["A"]),
        passing(person(clock(True, "2023-03-01"), Given(hours=24), Given("1", hours=0.01))),
        not_applicable(person(clock(True, "2023-03-01"), clock(False, "2023-03-02")), person(clock(True)),
                       person(clock(True, "2023-03-01"), Given("25", "2023-12-31")), person(clock(False, "2023-03-01"))),
    ],
    "nutrition-not-answered": [
        violating(person(stay(), risk(True, "2023-01-01"), birth_year=1956, ref="A"), offending=["A"]),
        passing(person(stay(), assessed(False), birth_year=1956)),
        not_applicable(person(stay(), birth_year=1957), person(stay(end="2023-12-31")), person(Given("18")),
                       person(stay(None)), person(stay("2024-01-01")), person(stay(), birth_year=0)),
    ],
    "nutrition-risk-missing": [
        violating(person(assessed(True), plan(True), ref="A"), offending=["A"]),
        passing(person(assessed(True, "2023-01-01"), risk(False))),
        not_applicable(person(assessed(False, "2023-01-01")), person()),
    ],
    "nutrition-risk-without-assessment": [
        violating(person(risk(False), assessed(False), ref="A"), person(risk(True), ref="B"),
                  offending=["A", "B"], of=2),
        passing(person(risk(True), assessed(True), assessed(False))),
        not_applicable(person(assessed(True), plan(True))),
    ],
    "nutrition-date-mismatch": [
        violating(person(assessed(True, "2023-01-01"), risk(True, "2023-01-02"), ref="A"), offending=["A"]),
        violating(person(assessed(True, "2023-01-01"), assessed(True, "2023-06-01"), risk(False, "2023-01-01"), ref="A"),
                  offending=["A"]),
        passing(person(assessed(True, "2023-01-01"), assessed(True, "2023-06-01"), risk(False, "2023-06-01"),
                       risk(True, "2023-06-01"), risk(True), assessed(False, "2023-09-01"))),
        not_applicable(person(assessed(True, "2023-01-01"), risk(True)), person(assessed(True), risk(True, "2023-01-01")),
                       person(assessed(False, "2023-01-01"), risk(True, "2023-01-02"))),
    ],
    "nutrition-plan-missing": [
        violating(person(risk(True, "2023-01-01"), plan(False, "2023-01-01"), ref="A"), person(risk(True), ref="B"),
                  offending=["A", "B"], of=2),
        # A tie is a "yes", also without a date.
        violating(person(risk(True, "2023-01-01"), risk(False, "2023-01-01"), ref="A"),
                  person(risk(True), risk(False), ref="B"), person(risk(True, "2023-01-01"), risk(False), ref="C"),
                  offending=["A", "B", "C"], of=3),
        passing(person(risk(True, "2023-01-01"), plan(True))),
        not_applicable(person(risk(True, "2023-01-01"), risk(False, "2023-01-02")), person(risk(False)),
                       person(risk(True), risk(False, "2023-01-01")), person()),
    ],
    "nutrition-plan-without-risk": [
        violating(person(plan(True), risk(False, "2023-01-01"), ref="A"), offending=["A"]),
        passing(person(plan(True, "2023-01-01"), risk(True), risk(False, "2023-02-01"))),
        not_applicable(person(plan(False)), person(risk(True))),
    ],
    "nutrition-date-missing": [
        violating(person(assessed(True), assessed(True, "2023-01-01")), offending=[""], of=2),
        passing(person(assessed(True, "2023-01-01"))),
        not_applicable(person(assessed(False), risk(True))),
    ],
}  # fmt: skip
