"""Reads what came in, unpacked and counted, piece by piece."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from typing import BinaryIO

from django.conf import settings

from submissions import kinds
from submissions.refusals import Invalid, TooLarge

PIECE_BYTES = 64 * 1024
GZIP_FORMAT = 31  # zlib's name for «with a gzip header»
MOST_MEMBERS = 10_000  # bgzip makes one for each 64 KiB: 300 MB are 4 800


def pieces(content: BinaryIO, *, gzipped: bool | None) -> Iterator[bytes]:
    """The unpacked message in pieces of 64 KiB (the last one shorter); `gzipped` None looks at the first bytes.

    Raises:
        TooLarge: over KPR_MAX_MESSAGE_BYTES, as received or unpacked.
        Invalid: empty, an archive or another kind of file, or not the gzip that it claims to be.
    """
    raw = recut(_counted(content))
    first = next(raw, b"")
    if not first:
        raise Invalid("empty")
    kinds.refuse_archives(first)
    if gzipped is None:
        gzipped = first.startswith(kinds.GZIP)
    unpacked = recut(_unpacked(first, raw) if gzipped else _followed_by(first, raw))
    start = next(unpacked, b"")
    if not start:
        raise Invalid("empty")
    kinds.refuse_others(start)
    yield start
    yield from unpacked


def drain(content: BinaryIO) -> None:
    """Read away what the sender still sends, at most KPR_MAX_MESSAGE_BYTES of it.

    Ordinary clients look for the answer only when they have sent all: to them a connection that is closed before is a
    broken one, and the sentence is lost.
    """
    left = settings.KPR_MAX_MESSAGE_BYTES
    try:
        while left > 0 and (piece := content.read(PIECE_BYTES)):
            left -= len(piece)
    except (OSError, ValueError):  # the sender is gone, or the file is closed
        return


def recut(chunks: Iterator[bytes]) -> Iterator[bytes]:
    """The same bytes in pieces of exactly 64 KiB (the last one shorter), however they were cut before."""
    waiting = b""
    for chunk in chunks:
        if not waiting and len(chunk) == PIECE_BYTES:
            yield chunk
            continue
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
        raise TooLarge("too-large", limit=settings.KPR_MAX_MESSAGE_BYTES // 1024**2)
    return left - len(piece)


def _unpacked(first: bytes, rest: Iterator[bytes]) -> Iterator[bytes]:
    """All members of a gzip file, one after another; zeros after the last are what tapes and some servers add."""
    left = settings.KPR_MAX_MESSAGE_BYTES
    member, members = zlib.decompressobj(GZIP_FORMAT), 1
    for packed in _followed_by(first, rest):
        waiting = packed
        while waiting:
            if member.eof:
                waiting = waiting.lstrip(b"\x00")
                if not waiting:
                    break
                member, members = _next_member(waiting, members)
            try:
                piece = member.decompress(waiting, PIECE_BYTES)
            except zlib.error as error:
                raise Invalid("gzip") from error
            waiting = member.unconsumed_tail or member.unused_data
            left = _spend(left, piece)
            if piece:
                yield piece
    if not member.eof:
        raise Invalid("gzip")


def _next_member(waiting: bytes, members: int) -> tuple[zlib._Decompress, int]:
    """Raises:
    Invalid: what follows is no gzip, or there were too many members: each costs, also where it holds nothing.
    """
    if not waiting.startswith(kinds.GZIP[:1]) or waiting[1:2] not in (b"", kinds.GZIP[1:]):
        raise Invalid("gzip-garbage")
    if members >= MOST_MEMBERS:
        raise Invalid("gzip-members", limit=MOST_MEMBERS)
    return zlib.decompressobj(GZIP_FORMAT), members + 1
