"""Looks a message over while it is received: is it safe, well-formed, valid, and whose is it?

The message is an untrusted stranger's. No tree is built, nothing outside the message is fetched, and what it may cost is bounded:
a DOCTYPE, an encoding we do not receive, or a stretch of 64 KiB without the end of a tag is refused at first sight, and
faults are counted only up to 100.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any

from django.utils.translation import gettext as _
from lxml import etree

from municipalities.masking import mask
from submissions import faults
from submissions.beside import Beside
from submissions.refusals import Invalid, MessageError

SCHEMA = Path(__file__).parent / "schema" / "kpr-arsmelding-1.0.xsd"
NAMESPACE = "{urn:kpr:arsmelding:1.0}"
MOST_ERRORS = 100
MOST_DEPTH = 50
LONGEST_TAG = 64 * 1024
DECLARATION = re.compile(rb"""^\s*<\?xml[^>]*?encoding\s*=\s*["']([A-Za-z0-9._-]+)["']""")
ENCODINGS = {b"utf-8", b"utf8", b"us-ascii", b"iso-8859-1", b"latin1", b"iso8859-1"}
UTF8_MARK = b"\xef\xbb\xbf"
WIDE_STARTS = (b"\xff\xfe", b"\xfe\xff", b"\x00", b"<\x00")
SAFE: dict[str, Any] = {
    "resolve_entities": False,
    "no_network": True,
    "load_dtd": False,
    "dtd_validation": False,
    "huge_tree": False,
}


@cache
def schema() -> etree.XMLSchema:
    return etree.XMLSchema(etree.parse(str(SCHEMA)))


def safe_parser(target: Any, against: etree.XMLSchema | None = None) -> Any:
    """A parser that fetches nothing, expands nothing and builds no tree: it calls the target's methods."""
    return etree.XMLParser(target=target, schema=against, **SAFE)


class _Nothing:
    """A parser target that keeps nothing: with no methods called, validation runs at full speed in C."""

    def close(self) -> None:
        return None


class Header:
    """The attributes of `Melding`, and the municipality number once its element is reached; identity numbers in them are masked."""

    def __init__(self) -> None:
        self.attributes: dict[str, str] = {}
        self.municipality = ""
        self.done = False
        self._parser: etree.XMLPullParser | None = etree.XMLPullParser(events=("start",), **SAFE)

    def feed(self, piece: bytes) -> None:
        """Read on until `Kommune`; a fault is left for the validation to tell."""
        if self._parser is None:
            return
        try:
            self._parser.feed(piece)
            for _event, element in self._parser.read_events():
                self._note(element)
        except etree.XMLSyntaxError:
            self._parser = None
        if self.done:
            self._parser = None

    def _note(self, element: Any) -> None:
        if element.tag == f"{NAMESPACE}Melding":
            self.attributes = {str(name): mask(str(value)) for name, value in element.attrib.items()}
        elif element.tag == f"{NAMESPACE}Kommune" and not self.done:
            self.municipality = mask(str(element.get("kommuneNr", "")).strip())
            self.done = True
        elif element.tag == f"{NAMESPACE}Bruker":
            self.done = True


class Inspection:
    """Feed it the message; when it is closed, `faulty` pieces are to be looked at again by `explain`.

    Validation runs beside the caller, who meanwhile takes the next piece from the sender. As a context it ends with the caller.
    """

    def __init__(self) -> None:
        self.header = Header()
        self.faulty: set[int] = set()
        self._parser = safe_parser(_Nothing(), schema())
        self._number = 0
        self._errors = 0
        self._stopped = False
        self._tail = b""
        self._since_tag = 0
        self._beside = Beside(ahead=8)

    def __enter__(self) -> Inspection:
        return self

    def __exit__(self, *_error: object) -> None:
        self._beside.__exit__()

    def feed(self, piece: bytes) -> None:
        """Take the next piece (at most 64 KiB).

        Raises:
            Invalid: the message is hostile or not of a kind that is received at all.
        """
        if self._number == 0:
            refuse_encoding(piece)
        self._refuse_hostile(piece)
        self.header.feed(piece)
        self._beside.hand(self._validate, piece, self._number)
        self._number += 1

    def close(self) -> None:
        self._beside.hand(self._end)
        self._beside.finish()

    def _end(self) -> None:
        if self._stopped:
            return
        try:
            self._parser.close()
        except etree.XMLSyntaxError:
            self.faulty.add(self._number)
        if len(self._parser.error_log):
            self.faulty.add(self._number)

    def _validate(self, piece: bytes, number: int) -> None:
        if self._stopped:
            return
        try:
            self._parser.feed(piece)
        except etree.XMLSyntaxError:
            self._stopped = True
            self.faulty.add(number)
            return
        errors = len(self._parser.feed_error_log)
        if errors > self._errors:
            self._errors = errors
            self.faulty.add(number)
            self._stopped = errors >= MOST_ERRORS

    def _refuse_hostile(self, piece: bytes) -> None:
        seam = self._tail + piece
        # A single character is found many times as fast, and few messages have this one.
        if b"!" in seam and b"<!DOCTYPE" in seam:
            raise Invalid(
                _("Meldingen har en DOCTYPE. Det tas ikke imot av sikkerhetsgrunner. Send meldingen uten DOCTYPE."),
                code="doctype",
            )
        self._tail = piece[-8:]
        end_of_tag = piece.rfind(b">")
        self._since_tag = self._since_tag + len(piece) if end_of_tag < 0 else len(piece) - end_of_tag - 1
        if self._since_tag > LONGEST_TAG:
            raise Invalid(
                _("Meldingen har et element eller attributt på over 64 kB. Kontroller uttrekket."), code="too-long"
            )


def refuse_encoding(start: bytes) -> None:
    """Only UTF-8 and ISO-8859-1 are received.

    Raises:
        Invalid: another encoding is declared, or the first bytes are those of UTF-16 or UTF-32.
    """
    declared = DECLARATION.match(start.removeprefix(UTF8_MARK))
    unknown = declared is not None and declared.group(1).lower() not in ENCODINGS
    if unknown or start.startswith(WIDE_STARTS):
        raise Invalid(
            _("Meldingen har et tegnsett som ikke tas imot. Send den som UTF-8 eller ISO-8859-1."), code="encoding"
        )


class _Path:
    """A parser target that knows where it is: the path of the element last begun or ended."""

    def __init__(self) -> None:
        self.touched = ""
        self._open: list[str] = []
        self._counts: list[dict[str, int]] = [{}]

    def start(self, tag: str, _attributes: dict[str, str]) -> None:
        name = tag.rpartition("}")[2][:100]
        seen = self._counts[-1]
        seen[name] = seen.get(name, 0) + 1
        if len(self._open) < MOST_DEPTH:
            many = name in {"Bruker", "Tjeneste", "Opplysning", "Bistandsbehov", "MidlertidigStopp", "Kontaktperson"}
            self._open.append(f"{name}[{seen[name]}]" if many else name)
            self._counts.append({})
        self.touched = "/" + "/".join(self._open)

    def end(self, _tag: str) -> None:
        self.touched = "/" + "/".join(self._open)
        if self._open:
            self._open.pop()
            self._counts.pop()

    def close(self) -> None:
        return None


def explain(pieces: Iterable[bytes], faulty: set[int]) -> tuple[MessageError, ...]:
    """The first 100 faults of form, each with line, column and path, in the active language.

    Pieces that were found in order are passed on whole; a faulty one is fed tag by tag, so that each fault is tied to its tag.
    """
    explanation = _Explanation()
    for number, piece in enumerate(pieces):
        for part in _tags(piece) if number in faulty else (piece,):
            if not explanation.take(part):
                return explanation.errors
    explanation.finish()
    return explanation.errors


def _tags(piece: bytes) -> Iterable[bytes]:
    parts = piece.split(b">")
    for part in parts[:-1]:
        yield part + b">"
    if parts[-1]:
        yield parts[-1]


class _Explanation:
    def __init__(self) -> None:
        self._path = _Path()
        self._parser = safe_parser(self._path, schema())
        self._found: dict[tuple[int, int, str], MessageError] = {}
        self._entries = 0
        self._line, self._column = 1, 1

    @property
    def errors(self) -> tuple[MessageError, ...]:
        return tuple(self._found.values())[:MOST_ERRORS]

    def take(self, part: bytes) -> bool:
        """Whether there is any use in going on."""
        before, bracket, after = part.rpartition(b"<")
        self._move(before)
        try:
            self._parser.feed(part)
        except etree.XMLSyntaxError as error:
            self._note_all(self._parser.feed_error_log)
            self._note(faults.not_well_formed(error, self._path.touched))
            return False
        self._note_all(self._parser.feed_error_log)
        self._move(bracket + after)
        return len(self._found) < MOST_ERRORS

    def finish(self) -> None:
        try:
            self._parser.close()
        except etree.XMLSyntaxError as error:
            if not self._found:
                self._note(faults.not_well_formed(error, self._path.touched))

    def _note_all(self, log: etree._ListErrorLog) -> None:
        for entry in list(log)[self._entries :]:
            if entry.domain_name == "SCHEMASV":
                self._note(faults.schema_fault(entry, self._line, self._column, self._path.touched))
        self._entries = len(log)

    def _note(self, fault: MessageError) -> None:
        self._found.setdefault((fault.line, fault.column, fault.path), fault)

    def _move(self, text: bytes) -> None:
        lines = text.count(b"\n")
        last = text[text.rfind(b"\n") + 1 :] if lines else text
        width = len(last) - sum(0x80 <= byte < 0xC0 for byte in last)
        self._line += lines
        self._column = 1 + width if lines else self._column + width
