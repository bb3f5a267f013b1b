"""Reads what came in, unpacked and counted, piece by piece."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from typing import BinaryIO

from django.conf import settings
from django.utils.translation import gettext as _

from submissions.refusals import Invalid, TooLarge

PIECE_BYTES = 64 * 1024
GZIP_MAGIC = b"\x1f\x8b"
ZIP_MAGIC = b"PK\x03\x04"
GZIP_FORMAT = 31  # zlib's name for «with a gzip header»


def pieces(content: BinaryIO, *, gzipped: bool | None) -> Iterator[bytes]:
    """The unpacked message in pieces of 64 KiB (the last one shorter); `gzipped` None looks at the first bytes.

    Raises:
        TooLarge: over KPR_MAX_MESSAGE_BYTES, as received or unpacked.
        Invalid: empty, an archive, or not the gzip that it claims to be.
    """
    raw = _counted(content)
    first = next(raw, b"")
    if not first:
        raise Invalid(_("Meldingen er tom. Velg filen som fagsystemet laget, og send den på nytt."), code="empty")
    if first.startswith(ZIP_MAGIC):
        raise Invalid(
            _("Filen er et zip-arkiv. Pakk den ut og send XML-filen, eventuelt pakket med gzip."), code="archive"
        )
    if gzipped is None:
        gzipped = first.startswith(GZIP_MAGIC)
    yield from recut(_unpacked(first, raw) if gzipped else _followed_by(first, raw))


def recut(chunks: Iterator[bytes]) -> Iterator[bytes]:
    """The same bytes in pieces of exactly 64 KiB (the last one shorter), however they were cut before."""
    waiting = b""
    for chunk in chunks:
        waiting += chunk
        whole = len(waiting) - len(waiting) % PIECE_BYTES
        for start in range(0, whole, PIECE_BYTES):
            yield waiting[start : start + PIECE_BYTES]
        waiting = waiting[whole:]
    if waiting:
        yield waiting


def _followed_by(first: bytes, rest: Iterator[bytes]) -> Iterator[bytes]:
    yield first
    yield from rest


def _counted(content: BinaryIO) -> Iterator[bytes]:
    left = settings.KPR_MAX_MESSAGE_BYTES
    while piece := content.read(PIECE_BYTES):
        left = _spend(left, piece)
        yield piece


def _spend(left: int, piece: bytes) -> int:
    if len(piece) > left:
        megabytes = settings.KPR_MAX_MESSAGE_BYTES // 1024**2
        raise TooLarge(
            _("Meldingen er større enn %(limit)s MB utpakket. Kontroller uttrekket, eller kontakt registeret.")
            % {"limit": megabytes},
            code="too-large",
        )
    return left - len(piece)


def _unpacked(first: bytes, rest: Iterator[bytes]) -> Iterator[bytes]:
    left = settings.KPR_MAX_MESSAGE_BYTES
    member = zlib.decompressobj(GZIP_FORMAT)
    for packed in _followed_by(first, rest):
        waiting = packed
        while waiting:
            if member.eof:
                member = zlib.decompressobj(GZIP_FORMAT)
            try:
                piece = member.decompress(waiting, PIECE_BYTES)
            except zlib.error as error:
                raise _bad_gzip() from error
            waiting = member.unconsumed_tail or member.unused_data
            left = _spend(left, piece)
            if piece:
                yield piece
    if not member.eof:
        raise _bad_gzip()


def _bad_gzip() -> Invalid:
    return Invalid(_("Filen er ikke en hel gzip-fil. Pakk meldingen på nytt, og send den en gang til."), code="gzip")
