"""Turns what the XML parser says about form into codes with facts, and the place of each.

Values are quoted only for dates, codes and numbers, never for what could identify somebody; all that is quoted is masked.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

from lxml import etree

from municipalities.masking import mask
from submissions.refusals import MessageError

SCHEMA = Path(__file__).parent / "schema" / "kpr-arsmelding-1.0.xsd"
NAMESPACE = "urn:kpr:arsmelding:1.0"
XS = "{http://www.w3.org/2001/XMLSchema}"
DATES = {
    "fraDatoPeriode", "tilDatoPeriode", "uttakDato", "soknadDato", "vedtakDato", "startDato", "sluttDato",
    "fraDato", "tilDato", "dato",
}  # fmt: skip
CODES = {"typeID", "kjonn", "tjenesteType", "navn", "svar", "kommuneNr", "bydel", "komNrHjem", "typeKontaktperson"}
QUOTABLE = DATES | CODES | {"timerPerUke", "fodselsar", "versjon", "meldingstype", "variabel", "verdi", "lopenr"}
LONGEST_QUOTE = 40
# What libxml2 says, in English: the names and values between its quotes are what we take from it.
ATTRIBUTE = re.compile(r"attribute '(?:\{[^}]*\})?([^']+)'", re.IGNORECASE)
ELEMENT = re.compile(r"^Element '(?:\{[^}]*\})?([^']+)'")
VALUE = re.compile(r"'([^']*)' (?:is not|is less|has a length|has more|does not match)")
LIMIT = re.compile(r"(?:length of|allowed|value allowed) \(?'(\d+)'\)?\.?$")
ALLOWED_VALUES = re.compile(r"(?:element of the set \{|fixed value constraint )([^}]*)\}?\.$")
ALLOWED_ELEMENTS = re.compile(r"Expected is (?:one of )?\( (.*) \)\.$")
MISMATCH = re.compile(r"mismatch: ([^\s',]+) line \d+ and ([^\s',]+)")
NAMED = re.compile(r"(?:Entity|Attribute) '?([^' ]+)'?")

PATTERN_CODES = {"kommuneNr": "four-digits"}
KIND_OF_FACET = {
    "CVC_MAXLENGTH_VALID": "too-long",
    "CVC_ENUMERATION_VALID": "one-of",
    "CVC_AU": "fixed",
    "CVC_MININCLUSIVE_VALID": "not-negative",
    "CVC_FRACTIONDIGITS_VALID": "decimals",
    "CVC_TOTALDIGITS_VALID": "digits",
}
NOT_EMPTY_ELEMENT = "CVC_COMPLEX_TYPE_2_1"
# libxml2's numbers of what makes a document not well-formed; the rest is «not-well-formed».
KIND_OF_SYNTAX = {
    etree.ErrorTypes.ERR_INVALID_ENCODING: "bytes",
    etree.ErrorTypes.ERR_NAME_REQUIRED: "ampersand",
    etree.ErrorTypes.ERR_ENTITYREF_SEMICOL_MISSING: "ampersand",
    etree.ErrorTypes.ERR_UNDECLARED_ENTITY: "entity",
    etree.ErrorTypes.ERR_LT_IN_ATTRIBUTE: "less-than",
    etree.ErrorTypes.ERR_INVALID_CHAR: "character",
    etree.ErrorTypes.ERR_INVALID_CHARREF: "character",
    etree.ErrorTypes.ERR_INVALID_HEX_CHARREF: "character",
    etree.ErrorTypes.ERR_INVALID_DEC_CHARREF: "character",
    etree.ErrorTypes.ERR_TAG_NAME_MISMATCH: "tags",
    etree.ErrorTypes.ERR_ATTRIBUTE_REDEFINED: "attribute-twice",
    etree.ErrorTypes.ERR_DOCUMENT_END: "after-end",
    etree.ErrorTypes.ERR_RESERVED_XML_NAME: "before-start",
    etree.ErrorTypes.ERR_GT_REQUIRED: "tag",
}


@dataclass(frozen=True)
class Position:
    """Where in the message: line and column, the path of the element, and the record."""

    line: int
    column: int
    path: str
    user_ref: str = ""
    service_ref: str = ""

    def within(self, element: str) -> Position:
        """The nearest element of that name around this one: text after an element is its parent's."""
        path = self.path
        while path and path.rpartition("/")[2].partition("[")[0] != element:
            path = path.rpartition("/")[0]
        return replace(self, path=path, user_ref=self.user_ref if "/Bruker[" in path else "") if path else self

    def error(self, code: str, facts: dict[str, Any], attribute: str = "") -> MessageError:
        path = f"{self.path}/@{attribute}" if attribute else self.path
        return MessageError(self.line, self.column, path, code, facts, self.user_ref, self.service_ref)


def masked(text: str, own: str = "") -> str:
    """A text of the message as it may be quoted: without identity numbers, and not long."""
    return mask(text, own)[:100]


@cache
def optional_attributes() -> frozenset[str]:
    """Attributes that the schema lets a message leave out, as `Element/@attribute`."""
    tree = etree.parse(str(SCHEMA))
    return frozenset(
        f"{element.get('name')}/@{attribute.get('name')}"
        for element in tree.iter(f"{XS}element")
        for attribute in element.iterfind(f"{XS}complexType/{XS}attribute")
        if attribute.get("use") != "required"
    )


def schema_fault(entry: etree._LogEntry, place: Position) -> MessageError:
    """One fault against the schema."""
    kind = entry.type_name.removeprefix("SCHEMAV_")
    text = entry.message
    element, attribute = _name(ELEMENT, text), _name(ATTRIBUTE, text)
    names = {"element": element, "attribute": attribute}
    if kind == "CVC_COMPLEX_TYPE_4":
        return place.error("attribute-missing", names, attribute)
    if kind.startswith("CVC_COMPLEX_TYPE_3"):
        return place.error("attribute-unknown", names, attribute)
    if kind == "ELEMENT_CONTENT" and not text.startswith(f"Element '{{{NAMESPACE}}}"):
        return place.error("element-namespace", {"element": element})
    if kind == "ELEMENT_CONTENT":
        return place.error(*_content_fault(element, text))
    if kind == "CVC_COMPLEX_TYPE_2_3":
        return place.within(element).error("text-not-allowed", {"element": element})
    if kind == NOT_EMPTY_ELEMENT:
        return place.error("content-not-allowed", {"element": element})
    if attribute and not kind.startswith("CVC_ELT"):
        return place.error("value-not-valid", _value_facts(kind, text, element, attribute), attribute)
    return place.error("not-valid", {"element": element})


def _name(pattern: re.Pattern[str], message: str) -> str:
    found = pattern.search(message)
    return masked(found.group(1)) if found else ""


def _content_fault(element: str, text: str) -> tuple[str, dict[str, Any]]:
    found = ALLOWED_ELEMENTS.search(text)
    names = [name.rpartition("}")[2] for name in found.group(1).split(", ")] if found else []
    facts = {"element": element, "allowed": ", ".join(names)}
    if "Missing child" in text:
        return "element-missing", facts
    return ("element-unexpected-here", facts) if names else ("element-unexpected", {"element": element})


def _value_facts(kind: str, text: str, element: str, attribute: str) -> dict[str, Any]:
    found = VALUE.search(text)
    value = found.group(1) if found else ""
    limit, allowed = LIMIT.search(text), ALLOWED_VALUES.search(text)
    return {
        "attribute": attribute,
        "value": mask(value)[:LONGEST_QUOTE] if attribute in QUOTABLE else "",
        "wanted": _wanted(kind, element, attribute, empty=found is not None and not value.strip()),
        "limit": limit.group(1) if limit else "",
        "allowed": allowed.group(1).replace("'", "") if allowed else "",
    }


def _wanted(kind: str, element: str, attribute: str, *, empty: bool) -> str:
    """What the value must be instead; a key of `sentences.WANTED`."""
    if empty and kind != "CVC_AU":
        return "filled-or-left-out" if f"{element}/@{attribute}" in optional_attributes() else "filled"
    if kind in KIND_OF_FACET:
        return KIND_OF_FACET[kind]
    if kind == "CVC_PATTERN_VALID":
        return PATTERN_CODES.get(attribute, "by-schema")
    if attribute in DATES:
        return "date"
    return {"timerPerUke": "number", "fodselsar": "year", "lopenr": "whole-number"}.get(attribute, "by-schema")


def syntax_fault(error: etree.XMLSyntaxError, place: Position, *, declared: str) -> MessageError:
    """What makes the document not well-formed. `declared` is the encoding that it claims to have."""
    number, text = int(error.code), str(error)  # type: ignore[attr-defined]  # lxml-stubs does not know it
    if number == etree.ErrorTypes.ERR_RESOURCE_LIMIT or "too big" in text or "too long" in text:
        return place.error("too-long", {"limit": 10_000})
    code = KIND_OF_SYNTAX.get(number, "not-well-formed")
    if code == "ampersand" and "Entity" not in text:  # a name is missing elsewhere: «< Bruker>»
        code = "tag"
    return place.error(code, _syntax_facts(code, text, declared))


def _syntax_facts(code: str, text: str, declared: str) -> dict[str, Any]:
    if code == "bytes":
        return {"name": masked(declared)}
    if code == "tags" and (found := MISMATCH.search(text)):
        return {"name": masked(found.group(1)), "other": masked(found.group(2))}
    name = _name(NAMED, text)
    return {"attribute": name} if code == "attribute-twice" else {"name": name} if name else {}
