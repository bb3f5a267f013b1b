"""What one message may cost while it is looked over: counted as it passes, at the speed of a search for bytes."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from django.conf import settings

from submissions.refusals import Invalid, TooLarge

LONGEST_STRETCH = 64 * 1024


class Meter:
    """Counts elements, persons and services, and how far it is from one `<` to the next.

    In XML a value or a text never holds a `<`: a stretch without one is a single tag with the text after it. The counts are of
    bytes, so that a comment with tags in it is counted too, and persons whose tags carry a prefix of their own are not: those
    the reader counts (submissions.load).
    """

    def __init__(self) -> None:
        self.elements = 0
        self._stretch = 0
        self._tail = b""
        self._counts = {b"<Bruker": 0, b"<Tjeneste": 0}

    def count(self, piece: bytes) -> None:
        """Raises:
        Invalid: a stretch of over 64 KiB, or a DOCTYPE.
        TooLarge: more elements, persons or services than are received.
        """
        seam = self._tail + piece
        # A single character is found many times as fast, and few messages have this one.
        if b"!" in seam and b"<!DOCTYPE" in seam:
            raise Invalid("doctype")
        self._measure(piece)
        self.elements += piece.count(b"<") - seam.count(b"</") + self._tail.count(b"</")
        if self.elements > settings.KPR_MAX_ELEMENTS:
            raise TooLarge("too-many-elements", limit=settings.KPR_MAX_ELEMENTS)
        for start in self._counts:
            self._counts[start] += seam.count(start) - self._tail.count(start)
        refuse_too_many(self._counts[b"<Bruker"], self._counts[b"<Tjeneste"])
        self._tail = piece[-9:]

    def _measure(self, piece: bytes) -> None:
        last = piece.rfind(b"<")
        self._stretch = self._stretch + len(piece) if last < 0 else len(piece) - last
        if self._stretch > LONGEST_STRETCH:
            raise Invalid("too-long", limit=LONGEST_STRETCH // 1024)


def refuse_too_many(persons: int, services: int) -> None:
    """Raises:
    TooLarge: more persons or services than are received.
    """
    if persons > settings.KPR_MAX_PERSONS:
        raise TooLarge("too-many-persons", limit=settings.KPR_MAX_PERSONS)
    if services > settings.KPR_MAX_SERVICES:
        raise TooLarge("too-many-services", limit=settings.KPR_MAX_SERVICES)


class Clock:
    """The processor time that looking a message over has taken, in all threads that tell it (seconds)."""

    def __init__(self) -> None:
        self.spent = 0.0

    @contextmanager
    def running(self) -> Iterator[None]:
        started = time.thread_time()
        try:
            yield
        finally:
            self.spent += time.thread_time() - started

    @property
    def is_up(self) -> bool:
        return self.spent >= settings.KPR_MAX_CPU_SECONDS
