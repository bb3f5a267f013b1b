"""Small messages for tests: valid unless a test asks for something else."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from xml.sax.saxutils import quoteattr

from stdnum.no import fodselsnummer

from tests.leaks import note, note_message

CONTACTS = (
    {"kontPerson": "Kari Nordmann", "meldEpost1": "kari@kommune.example", "typeKontaktperson": "16"},
    {"kontPerson": "Ola Nordmann", "meldEpost1": "ola@kommune.example", "typeKontaktperson": "17"},
)


REFERENCE = Path(__file__).parent.parent / "municipalities" / "reference"


def municipalities_of_2020() -> list[str]:
    """Their numbers, all but that of Oslo, which the large messages are of."""
    with (REFERENCE / "kommuner_2020_2023.csv").open(encoding="utf-8") as file:
        return [row["kommunenummer"] for row in csv.DictReader(file) if row["kommunenummer"] != "0301"]


def identity_number(serial: int, born: str = "010140") -> str:
    """A valid number of the +80 series: `born` is ddmmyy, `serial` picks one of those born that day in the 1900s."""
    shifted = f"{born[:2]}{int(born[2:4]) + 80}{born[4:]}"
    valid = []
    for individual in range(500):
        nine = f"{shifted}{individual:03}"
        first = fodselsnummer.calc_check_digit1(nine)
        second = fodselsnummer.calc_check_digit2(nine + first)
        if len(first + second) == 2:
            valid.append(nine + first + second)
    return note(valid[serial % len(valid)])


@dataclass
class Bruker:
    user_ref: str
    services: list[dict[str, str]] = field(default_factory=list)
    answers: list[dict[str, str]] = field(default_factory=list)
    attributes: dict[str, str] = field(default_factory=dict)


def service(ref: str, type_: str = "15", **attributes: str) -> dict[str, str]:
    return {"tjenesteID": ref, "tjenesteType": type_, "startDato": "2023-02-01", **attributes}


def _element(name: str, attributes: dict[str, str]) -> str:
    return f"<{name} {' '.join(f'{key}={quoteattr(value)}' for key, value in attributes.items())}/>"


def _person(number: int, person: Bruker) -> str:
    attributes = {
        "brukerNr": person.user_ref,
        "fid": identity_number(number),
        "typeID": "1",
        "kjonn": "2",
        "fodselsar": "1940",
        **person.attributes,
    }
    inner = "\n".join(
        [_element("Tjeneste", s) for s in person.services] + [_element("Opplysning", a) for a in person.answers]
    )
    return f"{_element('Bruker', attributes)[:-2]}>\n{inner}\n</Bruker>"


def message(
    municipality: str = "0301",
    year: int = 2023,
    persons: Iterable[Bruker] = (),
    *,
    contacts: Iterable[dict[str, str]] = CONTACTS,
    encoding: str = "UTF-8",
    **attributes: str,
) -> bytes:
    """The bytes of one annual message."""
    header = {
        "xmlns": "urn:kpr:arsmelding:1.0",
        "versjon": "1.0",
        "meldingstype": "B",
        "fraDatoPeriode": f"{year}-01-01",
        "tilDatoPeriode": f"{year}-12-31",
        "uttakDato": f"{year + 1}-01-03",
        "leverandor": "Journal AS",
        "navnEPJ": "Omsorg",
        "versjonEPJ": "7.1",
        "versjonUt": "3.2",
        **attributes,
    }
    parts = [
        f'<?xml version="1.0" encoding="{encoding}"?>',
        f"{_element('Melding', header)[:-2]}>",
        *(_element("Kontaktperson", contact) for contact in contacts),
        f'<Kommune kommuneNr="{municipality}">',
        *(_person(number, person) for number, person in enumerate(persons)),
        "</Kommune>",
        "</Melding>",
    ]
    return note_message("\n".join(parts).encode(encoding))


def people(count: int = 3) -> list[Bruker]:
    return [
        Bruker(f"B{n}", [service(f"T{n}", timerPerUke="2.5", tjenesteOrgNr="974760673")], [])
        for n in range(1, count + 1)
    ]
