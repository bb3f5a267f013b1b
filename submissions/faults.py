"""Turns what the XML parser says about form into sentences with line, column and path.

Values are quoted only for dates, codes and numbers, never for what could identify somebody.
"""

from __future__ import annotations

import re

from django.utils.translation import gettext as _
from lxml import etree

from municipalities.masking import mask
from submissions.refusals import MessageError

DATES = {
    "fraDatoPeriode", "tilDatoPeriode", "uttakDato", "soknadDato", "vedtakDato", "startDato", "sluttDato",
    "fraDato", "tilDato", "dato",
}  # fmt: skip
CODES = {"typeID", "kjonn", "tjenesteType", "navn", "svar", "kommuneNr", "bydel", "komNrHjem", "typeKontaktperson"}
QUOTABLE = DATES | CODES | {"timerPerUke", "fodselsar", "versjon", "meldingstype", "variabel", "verdi", "lopenr"}
LONGEST_QUOTE = 40
ATTRIBUTE = re.compile(r"attribute '(?:\{[^}]*\})?([^']+)'", re.IGNORECASE)
ELEMENT = re.compile(r"^Element '(?:\{[^}]*\})?([^']+)'")
VALUE = re.compile(r"'([^']*)' (?:is not|has a length)")


def schema_fault(entry: etree._LogEntry, line: int, column: int, path: str) -> MessageError:
    """One fault against the schema, as a sentence in the active language."""
    kind = entry.type_name.removeprefix("SCHEMAV_")
    element = _name(ELEMENT, entry.message)
    attribute = _name(ATTRIBUTE, entry.message)
    code, sentence = _sentence(kind, entry.message, element, attribute)
    return MessageError(line, column, f"{path}/@{attribute}" if attribute else path, code, sentence)


def not_well_formed(error: etree.XMLSyntaxError, path: str) -> MessageError:
    line, column = error.position
    sentence = _("XML-en er ikke velformet her: den er avbrutt eller skadet. Lag uttrekket på nytt i fagsystemet.")
    return MessageError(line or 0, column or 0, path, "not-well-formed", sentence)


def _name(pattern: re.Pattern[str], message: str) -> str:
    found = pattern.search(message)
    return mask(found.group(1))[:100] if found else ""


def _sentence(kind: str, message: str, element: str, attribute: str) -> tuple[str, str]:
    names = {"element": element, "attribute": attribute}
    if kind == "CVC_COMPLEX_TYPE_4":
        return "attribute-missing", _("%(element)s mangler det påkrevde attributtet %(attribute)s.") % names
    if kind.startswith("CVC_COMPLEX_TYPE_3"):
        return "attribute-unknown", _("Attributtet %(attribute)s finnes ikke i skjemaet for %(element)s.") % names
    if kind == "CVC_ELT_1":
        return "element-unknown", _(
            "Rotelementet %(element)s er ikke «Melding» i navnerommet urn:kpr:arsmelding:1.0. Er dette årsmeldingen?"
        ) % names
    if kind == "ELEMENT_CONTENT":
        return _content_sentence(message, names)
    if kind == "CVC_COMPLEX_TYPE_2_3":
        return "text-not-allowed", _("%(element)s kan ikke inneholde tekst.") % names
    if attribute:
        return _value_sentence(message, names)
    return "not-valid", _("%(element)s følger ikke skjemaet.") % names


def _content_sentence(message: str, names: dict[str, str]) -> tuple[str, str]:
    if "Missing child" in message:
        return "element-missing", _("%(element)s mangler et påkrevd element.") % names
    return "element-unexpected", _("%(element)s er ikke ventet her.") % names


def _value_sentence(message: str, names: dict[str, str]) -> tuple[str, str]:
    attribute = names["attribute"]
    found = VALUE.search(message)
    value = mask(found.group(1))[:LONGEST_QUOTE] if found and attribute in QUOTABLE else ""
    told = {"attribute": attribute, "value": value, "expected": _expected(attribute)}
    if not value:
        return "value-not-valid", _("%(attribute)s har en verdi som ikke er gyldig. Ventet %(expected)s.") % told
    return "value-not-valid", _("%(attribute)s er «%(value)s», som ikke er gyldig. Ventet %(expected)s.") % told


def _expected(attribute: str) -> str:
    if attribute in DATES:
        return _("en dato på formen ÅÅÅÅ-MM-DD, for eksempel 2023-12-31")
    special = {
        "timerPerUke": _("et tall fra 0 til 9999.99 med høyst to desimaler"),
        "fodselsar": _("et årstall"),
        "kommuneNr": _("et kommunenummer på fire sifre"),
        "svar": _("ja eller nei"),
        "navn": _("et av temaene i skjemaet"),
        "versjon": _("1.0"),
        "meldingstype": _("B"),
    }
    return special.get(attribute, _("1 til 10 tegn for koder og 1 til 100 tegn for navn og numre"))
