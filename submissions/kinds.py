"""Tells by its first bytes what a file is that is no XML message, so that the sender is told which mistake it was."""

from __future__ import annotations

import codecs
import re

from submissions.refusals import Invalid

GZIP = b"\x1f\x8b"
ZIP = b"PK\x03\x04"
UTF8_MARK = b"\xef\xbb\xbf"
# First bytes, code, name of the format where the sentence wants one.
SIGNATURES = (
    (b"%PDF-", "pdf", ""),
    (b"\x89PNG", "picture", ""),
    (b"\xff\xd8\xff", "picture", ""),
    (b"GIF8", "picture", ""),
    (b"{\\rtf", "word", ""),
    (b"7z\xbc\xaf\x27\x1c", "packed", "7-Zip"),
    (b"Rar!\x1a\x07", "packed", "RAR"),
    (b"BZh", "packed", "bzip2"),
    (b"\xfd7zXZ\x00", "packed", "xz"),
    (b"\x28\xb5\x2f\xfd", "packed", "zstd"),
    (b"\x1f\x9d", "packed", "compress"),
    (b"PK\x05\x06", "zip", ""),
    (b"PK\x07\x08", "zip", ""),
)  # fmt: skip
OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"  # Office before 2007
OLE_PARTS = {"WordDocument".encode("utf-16-le"): "word", "Workbook".encode("utf-16-le"): "excel"}
TAR = slice(257, 262)
# Starts of XML in encodings that are not received, declared or not.
WIDE_STARTS = (
    (b"\xff\xfe\x00\x00", "UTF-32"), (b"\x00\x00\xfe\xff", "UTF-32"), (b"\x00\x00\x00<", "UTF-32"), (b"<\x00\x00\x00", "UTF-32"),
    (b"\xff\xfe", "UTF-16"), (b"\xfe\xff", "UTF-16"), (b"\x00<", "UTF-16"), (b"<\x00", "UTF-16"),
    (b"\x4c\x6f\xa7\x94", "EBCDIC"),
)  # fmt: skip
DECLARATION = re.compile(rb"""\s*<\?xml[^>]*?encoding\s*=\s*["']([A-Za-z0-9._:-]+)["']""")
ENCODINGS = {
    b"utf-8",
    b"utf8",
    b"us-ascii",
    b"ascii",
    b"iso-8859-1",
    b"iso_8859-1",
    b"latin1",
    b"latin-1",
    b"iso8859-1",
}
HTML = re.compile(rb"\s*(?:<!--.*?-->\s*)*<(?:!doctype\s+)?html\b", re.IGNORECASE | re.DOTALL)
SEPARATORS = (b";", b"\t", b",", b"|")


def refuse_others(start: bytes) -> None:
    """Refuse a file that is something else than XML in an encoding that is received.

    Raises:
        Invalid: what the file is, and what to send.
    """
    _refuse_packed(start)
    for mark, name in WIDE_STARTS:
        if start.startswith(mark):
            raise Invalid("encoding", name=name)
    text = start.removeprefix(UTF8_MARK)
    declared = DECLARATION.match(text)
    if declared and declared.group(1).lower() not in ENCODINGS:
        raise Invalid("encoding", name=declared.group(1).decode()[:40])
    if HTML.match(text[:4096]):
        raise Invalid("html")
    if not text.lstrip().startswith(b"<"):
        raise Invalid(_kind_of_text(text))


def declared_encoding(start: bytes) -> str:
    """The encoding that the message claims to have; UTF-8 where it says nothing."""
    declared = DECLARATION.match(start.removeprefix(UTF8_MARK))
    return declared.group(1).decode().upper() if declared else "UTF-8"


def contradicted_encoding(charset: str, start: bytes) -> str:
    """The encoding that the message is read as, where the charset told beside it (RFC 7303) is another; else empty. A byte order mark
    outranks both."""
    declared = declared_encoding(start)
    if not charset or start.startswith(UTF8_MARK) or codecs.lookup(charset).name == codecs.lookup(declared).name:
        return ""
    return declared


def refuse_archives(start: bytes) -> None:
    """Refuse what can be told before it is known whether the body is packed with gzip."""
    if not start.startswith(GZIP):
        _refuse_packed(start)


def _refuse_packed(start: bytes) -> None:
    if start.startswith(GZIP):
        raise Invalid("gzip-twice")
    if start.startswith(ZIP):
        raise Invalid(_kind_of_zip(start))
    if start.startswith(OLE):
        raise Invalid(next((code for part, code in OLE_PARTS.items() if part in start), "old-office"))
    if start[TAR] == b"ustar":
        raise Invalid("tar")
    for signature, code, name in SIGNATURES:
        if start.startswith(signature):
            raise Invalid(code, name=name)


def _kind_of_zip(start: bytes) -> str:
    """Office documents are zip archives; the names of the first entries tell them apart."""
    if b"spreadsheet" in start[:100] or b"xl/" in start:
        return "excel"
    if b"word/" in start:
        return "word"
    return "office" if b"[Content_Types].xml" in start or start[30:38] == b"mimetype" else "zip"


def _kind_of_text(text: bytes) -> str:
    bare = text.strip(b"\x00 \t\r\n")
    if not bare:
        return "blank"
    if bare.startswith((b"{", b"[")):
        return "json"
    first, _, rest = bare.partition(b"\n")
    columns = (first.count(mark) for mark in SEPARATORS if first.count(mark) and mark in rest)
    if b"\x00" not in bare and max(columns, default=0) >= 2:
        return "csv"
    return "before-start" if b"<?xml" in bare or b"</" in bare else "not-xml"
