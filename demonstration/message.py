"""Writes a case as XML, and counts what the great lacks amount to as it goes."""

from __future__ import annotations

import datetime
from collections import Counter
from xml.sax.saxutils import quoteattr

from demonstration.answers import ASSESSED, PLAN, RISK, Case
from demonstration.numbers import iso
from demonstration.people import OLD
from demonstration.places import Place
from demonstration.services import HOURS_TYPES, ORGANISATION_TYPES, Service

NAMES = (
    "Kari Nordli",
    "Ola Fjellheim",
    "Ingrid Solberg",
    "Per Vik",
    "Anne Bakken",
    "Lars Moen",
    "Mari Aasen",
    "Jon Dahl",
)


def head(place: Place, year: int, extracted: datetime.date, contacts: list[tuple[str, str, str]]) -> str:
    """Everything before the first person. `contacts` are name, e-mail and type."""
    vendor, system, version, extract = place.system
    own = f' kommuneOrgNr="{place.organisation_number}"' if place.organisation_number else ""
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n<Melding xmlns="urn:kpr:arsmelding:1.0" versjon="1.0" meldingstype="B"'
        f' fraDatoPeriode="{year}-01-01" tilDatoPeriode="{year}-12-31" uttakDato="{extracted.isoformat()}"'
        f' leverandor="{vendor}" navnEPJ="{system}" versjonEPJ="{version}" versjonUt="{extract}">\n'
        + "".join(map(_contact, contacts))
        + f'<Kommune kommuneNr="{place.code}"{own}>\n'
    )


def _contact(contact: tuple[str, str, str]) -> str:
    name, email, kind = contact
    return (
        f'<Kontaktperson kontPerson={quoteattr(name)} meldEpost1={quoteattr(email)} typeKontaktperson="{kind}"'
        ' meldTelefon="55550000"/>\n'
    )


def tail() -> str:
    return "</Kommune>\n</Melding>\n"


def contacts(place: Place, year: int, missing: bool, invalid: bool) -> list[tuple[str, str, str]]:
    """The contact persons; `missing` leaves out who is responsible for sending, `invalid` breaks one address."""
    key = place.key + year // 3
    address = f"@{place.lineage}.kommune.example"
    people = [(NAMES[(key + n) % len(NAMES)], kind) for n, kind in enumerate(("1", "16", "17"))]
    found = [(name, f"{name.split()[0].lower()}{address}", kind) for name, kind in people]
    if invalid:
        found[1] = (found[1][0], "sentralbordet", "16")
    return found[:2] if missing else found


def person(case: Case, planted: Counter[str]) -> str:
    """One `Bruker`. Adds to `planted` the rows that lack something, and counts of services and answers."""
    who = case.person
    prefix = case.service_prefix
    district = f' bydel="{who.district}"' if who.district else ""
    parts = [
        f'<Bruker brukerNr="{case.user_ref}" fid="{who.fid}" typeID="{who.id_type}" kjonn="{who.sex}"'
        f' fodselsar="{case.birth_year}"{district}>'
    ]
    for service in case.services:
        _count_lacks(service, case, planted)
        parts.append(_service(service, prefix))
    for topic, yes, day in case.answers:
        dated = "" if day is None else f' dato="{iso(day)}"'
        parts.append(f'<Opplysning navn="{topic}" svar="{"ja" if yes else "nei"}"{dated}/>')
    _count_unanswered(case, planted)
    parts.append("</Bruker>\n")
    return "".join(parts)


def _service(s: Service, prefix: str) -> str:
    parts = [f'<Tjeneste tjenesteID="{s.whole_ref or f"{prefix}T{s.ref}"}" tjenesteType="{s.kind}"']
    if s.applied is not None:
        parts.append(f' soknadDato="{iso(s.applied)}"')
    if s.decided is not None:
        parts.append(f' vedtakDato="{iso(s.decided)}"')
    if s.start is not None:
        parts.append(f' startDato="{iso(s.start)}"')
    if s.end is not None:
        parts.append(f' sluttDato="{iso(s.end)}"')
    if s.hours is not None:
        parts.append(f' timerPerUke="{s.hours:g}"')
    if s.organisation is not None:
        parts.append(f' tjenesteOrgNr="{s.organisation}"')
    if not s.stops:
        return "".join(parts) + "/>"
    parts.append(">")
    for begins, ends in s.stops:
        until = "" if ends is None else f' tilDato="{iso(ends)}"'
        parts.append(f'<MidlertidigStopp fraDato="{iso(begins)}"{until}/>')
    return "".join(parts) + "</Tjeneste>"


def _count_lacks(service: Service, case: Case, planted: Counter[str]) -> None:
    if service.hours is None and service.kind in HOURS_TYPES and service.active_in(case.first, case.last):
        planted["service-hours-missing"] += 1
    if service.organisation is None and service.kind in ORGANISATION_TYPES and service.active_in(case.first, case.last):
        planted["service-organisation-missing"] += 1


def _count_unanswered(case: Case, planted: Counter[str]) -> None:
    if not case.has(ASSESSED) and case.age >= OLD and case.in_long_stay:
        planted["nutrition-not-answered"] += 1
    risks = [(answer.day or 0, answer.yes) for answer in case.answers if answer.topic == RISK]
    if risks and max(risks)[1] and not any(answer.topic == PLAN and answer.yes for answer in case.answers):
        planted["nutrition-plan-missing"] += 1
