"""Looks a message over while it is received: is it safe, well-formed, valid, and whose is it?

The message is an untrusted stranger's. No tree is built, nothing outside the message is fetched, and what it may cost is bounded
(submissions.limits): whatever passes a bound is refused at first sight, and faults are counted only up to 100. All parsing is
done in a thread of its own: libxml2 keeps every name it meets for as long as the thread lives, up to 100 MB of them, and
then takes no new ones.
"""

from __future__ import annotations

import gc
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from functools import cache
from typing import Any

from django.conf import settings
from lxml import etree

from municipalities.masking import mask, own_number
from submissions import faults
from submissions.beside import Beside
from submissions.faults import Position, masked
from submissions.kinds import declared_encoding
from submissions.limits import Clock, Meter
from submissions.refusals import Invalid, MessageError, TooLarge

NAMESPACE = "{urn:kpr:arsmelding:1.0}"
EVENTS_NAMESPACE = "http://www.npr.no/xmlstds/56_0_0_ipl"
NPR_NAMESPACES = "http://www.npr.no/xmlstds/"
CONTINUATION = bytes(range(0x80, 0xC0))  # the bytes of a UTF-8 character after its first
MOST_ERRORS = 100
MOST_DEPTH = 50
LONGEST_REFERENCE = 100
COUNTED = {"Bruker", "Tjeneste", "Opplysning", "Bistandsbehov", "MidlertidigStopp", "Kontaktperson"}
UNFINISHED = {"not-well-formed", "tag"}  # what the parser says of a document that only ends too early
SAFE: dict[str, Any] = {
    "resolve_entities": False,
    "no_network": True,
    "load_dtd": False,
    "dtd_validation": False,
    "huge_tree": False,
}


@cache
def schema() -> etree.XMLSchema:
    return etree.XMLSchema(etree.parse(str(faults.SCHEMA)))


def safe_parser(target: Any, against: etree.XMLSchema | None = None) -> Any:
    """A parser that fetches nothing, expands nothing and builds no tree: it calls the target's methods."""
    return etree.XMLParser(target=target, schema=against, **SAFE)


class _Nothing:
    """A parser target that keeps nothing: with no methods called, validation runs at full speed in C."""

    def close(self) -> None:
        return None


class Header:
    """The attributes of `Melding`, and the municipality number once its element is reached; identity numbers in them are masked.

    A parser's target.
    """

    def __init__(self) -> None:
        self.attributes: dict[str, str] = {}
        self.municipality = ""
        self.done = False
        self._begun = False
        self._bytes = 0
        self._parser: Any = safe_parser(self)

    def feed(self, piece: bytes) -> None:
        """Read on until `Kommune`; a fault is left for the validation to tell.

        Raises:
            Invalid: it is another kind of XML, has a DOCTYPE, or `Kommune` does not come in time.
        """
        if self._parser is None:
            return
        try:
            self._parser.feed(piece)
        except etree.XMLSyntaxError:
            self.done = True
        self._bytes += len(piece)
        if self.done:
            self._parser = None
        elif self._bytes > settings.KPR_MAX_HEAD_BYTES:
            raise Invalid("head-too-long", limit=settings.KPR_MAX_HEAD_BYTES // 1024)

    def end_of_message(self) -> None:
        """A message of a few bytes is parsed only now."""
        if self._parser is not None:
            with suppress(etree.XMLSyntaxError):
                self._parser.close()

    def doctype(self, *_declared: object) -> None:
        raise Invalid("doctype")

    def start(self, tag: str, attributes: Mapping[str, str]) -> None:
        if self.done:
            return
        if not self._begun:
            self._begun = True
            _refuse_other_root(tag)
            self.attributes = {str(name): mask(str(value)) for name, value in attributes.items()}
        elif tag == f"{NAMESPACE}Kommune":
            self.municipality = mask(str(attributes.get("kommuneNr", "")).strip())
            self.done = True
        elif tag == f"{NAMESPACE}Bruker":
            self.done = True

    def close(self) -> None:
        return None


def _refuse_other_root(tag: str) -> None:
    namespace, _, name = tag.rpartition("}")
    namespace = namespace.removeprefix("{")
    if tag == f"{NAMESPACE}Melding":
        return
    path, name = f"/{masked(name)}", masked(name)
    if namespace == EVENTS_NAMESPACE:
        raise Invalid("events-message", path=path)
    if namespace.startswith(NPR_NAMESPACES):
        raise Invalid("npr-message", path=path)
    if name == "Melding" and not namespace:
        raise Invalid("no-namespace", path=path)
    raise Invalid("another-xml", path=path, name=f"{name} ({masked(namespace)})" if namespace else name)


class Inspection:
    """Feed it the message; when it is closed, `faulty` pieces are to be looked at again by `explain`.

    Parsing goes on beside the caller, who meanwhile takes the next piece from the sender. As a context it ends with the caller.
    """

    def __init__(self) -> None:
        self.header = Header()
        self.clock = Clock()
        self.faulty: set[int] = set()
        self._meter = Meter()
        self._parser = safe_parser(_Nothing(), schema())
        self._number = 0
        self._errors = 0
        self._stopped = False
        self._beside = Beside(ahead=8)

    def __enter__(self) -> Inspection:
        return self

    def __exit__(self, kind: object, *_error: object) -> None:
        self._beside.__exit__()
        if kind or self.faulty:
            gc.collect()  # a parser is freed, with the names it met, only by the collector

    def feed(self, piece: bytes) -> None:
        """Take the next piece (at most 64 KiB).

        Raises:
            Invalid: the message is hostile or not of a kind that is received at all.
            TooLarge: it costs more than one message may.
        """
        with self.clock.running():
            self._meter.count(piece)
        self._beside.hand(self._parse, piece, self._number)
        self._number += 1
        if self.clock.is_up:
            raise TooLarge("too-costly")

    def close(self) -> None:
        self._beside.hand(self._end)
        self._beside.finish()

    def _end(self) -> None:
        self.header.end_of_message()
        if self._stopped:
            return
        try:
            self._parser.close()
        except etree.XMLSyntaxError:
            self.faulty.add(self._number)
        if len(self._parser.error_log) or len(self._parser.feed_error_log) > self._errors:
            self.faulty.add(self._number)

    def _parse(self, piece: bytes, number: int) -> None:
        with self.clock.running():
            self.header.feed(piece)
            if not self._stopped:
                self._validate(piece, number)

    def _validate(self, piece: bytes, number: int) -> None:
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


class _Path:
    """A parser target that knows where it is: the path of the element last begun or ended, and the record it belongs to."""

    def __init__(self) -> None:
        self._open: list[str] = []
        self._counts: list[dict[str, int]] = [{}]
        self._ended = False
        self._user_ref = self._service_ref = self._own = ""

    def start(self, tag: str, attributes: Mapping[str, str]) -> None:
        self._leave_ended()
        name = tag.rpartition("}")[2]
        if name in COUNTED:
            seen = self._counts[-1]
            seen[name] = number = seen.get(name, 0) + 1
            if name == "Bruker":
                self._own = own_number(attributes.get("fid", "").strip())
                self._user_ref = _reference(attributes.get("brukerNr", ""), self._own)
            elif name == "Tjeneste":
                self._service_ref = _reference(attributes.get("tjenesteID", ""), self._own)
            name = f"{name}[{number}]"
        if len(self._open) == MOST_DEPTH:
            raise Invalid("too-deep", limit=MOST_DEPTH)
        self._open.append(name)
        self._counts.append({})

    def end(self, _tag: str) -> None:
        self._leave_ended()
        self._ended = True

    def close(self) -> None:
        return None

    def at(self, line: int, column: int) -> Position:
        """The element last touched, which begins at this line and column."""
        path = "/" + "/".join(masked(name) for name in self._open)
        person = "/Bruker[" in path
        service = person and "/Tjeneste[" in path
        return Position(line, column, path, self._user_ref if person else "", self._service_ref if service else "")

    def _leave_ended(self) -> None:
        if self._ended:
            self._ended = False
            self._open.pop()
            self._counts.pop()


def _reference(text: str, own: str) -> str:
    """The sender's own number as it may be shown; empty where it is longer than the schema lets it be, and so none."""
    return masked(text, own) if len(text) <= LONGEST_REFERENCE else ""


def explain(pieces: Iterable[bytes], faulty: set[int], clock: Clock) -> tuple[MessageError, ...]:
    """The first 100 faults of form, each with line, column and path.

    Pieces that were found in order are passed on whole; a faulty one is fed tag by tag, so that each fault is tied to its tag.
    Nothing is read after the last faulty piece. When the time is up, what was found until then is told.

    Raises:
        Invalid: elements within elements, deeper than is received.
    """
    explanation = _Explanation()
    with Beside(ahead=0) as beside:
        for number, piece in enumerate(pieces):
            if explanation.finished or clock.is_up or (explanation.found and number > max(faulty)):
                break
            beside.hand(explanation.take, piece, number in faulty, clock)
        else:
            beside.hand(explanation.finish)
    return explanation.errors


def _tags(piece: bytes) -> Iterator[bytes]:
    parts = piece.split(b">")
    for part in parts[:-1]:
        yield part + b">"
    if parts[-1]:
        yield parts[-1]


class _Explanation:
    """Two parsers side by side: one tells what makes the document not well-formed and where we are, the other what is not valid.

    One alone would tell only the first fault's kind: libxml2 keeps no other beside those of the schema.
    """

    def __init__(self) -> None:
        self.finished = False
        self.found: dict[tuple[int, int, str], MessageError] = {}
        self._path = _Path()
        self._reader = safe_parser(self._path)
        self._judge = safe_parser(_Nothing(), schema())
        self._entries = 0
        self._line, self._column = 1, 1
        self._declared = ""

    @property
    def errors(self) -> tuple[MessageError, ...]:
        found = tuple(self.found.values())[:MOST_ERRORS]
        return found or (MessageError(self._line, 0, "", "unplaced"),)

    def take(self, piece: bytes, is_faulty: bool, clock: Clock) -> None:
        """Look at a piece; nothing is done once it is of no use to go on."""
        self._declared = self._declared or declared_encoding(piece)
        with clock.running():
            for part in _tags(piece) if is_faulty else (piece,):
                if self.finished:
                    return
                self._take_part(part)

    def _take_part(self, part: bytes) -> None:
        before, bracket, after = part.rpartition(b"<")
        self._move(before)
        try:
            self._reader.feed(part)
        except etree.XMLSyntaxError as error:
            self._note(faults.syntax_fault(error, self._here(), declared=self._declared))
            self.finished = True
            return
        with suppress(etree.XMLSyntaxError):  # the reader would have told
            self._judge.feed(part)
        self._note_all(self._judge.feed_error_log)
        self._move(bracket + after)
        self.finished = len(self.found) >= MOST_ERRORS

    def finish(self) -> None:
        """The end of the message."""
        if self.finished:
            return
        try:
            self._reader.close()
        except etree.XMLSyntaxError as error:
            fault = faults.syntax_fault(error, self._here(), declared=self._declared)
            self._note(self._here().error("cut-off", {}) if fault.code in UNFINISHED else fault)

    def _here(self) -> Position:
        return self._path.at(self._line, self._column)

    def _note_all(self, log: Any) -> None:
        if len(log) == self._entries:
            return
        for entry in list(log)[self._entries :]:
            if entry.domain_name == "SCHEMASV":
                self._note(faults.schema_fault(entry, self._here()))
        self._entries = len(log)

    def _note(self, fault: MessageError) -> None:
        self.found.setdefault((fault.line, fault.column, fault.path), fault)

    def _move(self, text: bytes) -> None:
        lines = text.count(b"\n")
        last = text[text.rfind(b"\n") + 1 :] if lines else text
        width = len(last.translate(None, CONTINUATION) if self._declared.startswith("UTF") else last)
        self._line += lines
        self._column = 1 + width if lines else self._column + width
