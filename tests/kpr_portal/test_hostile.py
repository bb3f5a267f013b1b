"""XML is a stranger's until proven otherwise: each attack is a clear refusal, in bounded time and memory.

Each runs in a process of its own with a limit on memory and on processor time, so that a test fails where a limit is passed.
"""

from __future__ import annotations

import gzip
import io
import socket
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.messages import message, people
from tests.waiting import PATIENCE

MEMORY_MB = 160
HEAD = message(persons=people(1)).split(b"<Bruker")[0]
TAIL = b"</Kommune></Melding>"

# What the process under attack does: the inspection and explanation that receive() does, without its database.
VICTIM = f"""
import resource, sys, io
import django
django.setup()
from submissions import unpack
from submissions.inspection import Inspection, explain
from submissions.refusals import Refusal
used = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
try:
    inspection, kept = Inspection(), []
    for piece in unpack.pieces(open(sys.argv[1], "rb"), gzipped=None):
        inspection.feed(piece)
    inspection.close()
    print("faulty" if inspection.faulty else "accepted")
    if inspection.faulty:
        errors = explain(unpack.pieces(open(sys.argv[1], "rb"), gzipped=None), inspection.faulty, inspection.clock)
        print(len(errors), errors[0].code, errors[0].line, errors[0].path)
except Refusal as refusal:
    print("refused", refusal.code, refusal.detail)
grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - used) / 1024
assert grown < {MEMORY_MB}, f"grew by {{grown:.0f}} MB"
"""


def attack(content: bytes | Path, tmp_path: Path) -> str:
    file = content if isinstance(content, Path) else tmp_path / "attack.xml"
    if isinstance(content, bytes):
        file.write_bytes(content)
    done = subprocess.run([sys.executable, "-c", VICTIM, str(file)], capture_output=True, text=True, timeout=PATIENCE)
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout


def doctype(declaration: str, use: str = "") -> bytes:
    start, rest = HEAD.split(b"\n", 1)
    return start + f"<!DOCTYPE Melding {declaration}>".encode() + rest + use.encode() + TAIL


LAUGHS = "[" + "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10 if n else "ha"}">' for n in range(10)) + "]"


@pytest.mark.parametrize(
    "content",
    [
        doctype('[<!ENTITY x SYSTEM "file:///etc/passwd">]', "&x;"),
        doctype('SYSTEM "http://127.0.0.1:1/x.dtd"'),
        doctype('[<!ENTITY % x SYSTEM "http://127.0.0.1:1/x.dtd"> %x;]'),
        doctype(LAUGHS, "&l9;"),
        doctype('[<!ENTITY x "' + "a" * 50_000 + '">]', "&x;" * 10_000),
        b" " * 65530 + doctype(LAUGHS),
    ],
    ids=["external-entity", "external-dtd", "parameter-entity", "billion-laughs", "quadratic", "across-pieces"],
)
def test_a_doctype_is_refused_at_first_sight(content: bytes, tmp_path: Path) -> None:
    assert attack(content, tmp_path).startswith("refused doctype")


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-7", "cp037"])
def test_another_encoding_is_refused(encoding: str, tmp_path: Path) -> None:
    text = message(persons=people(1)).decode().replace("UTF-8", encoding)
    assert attack(text.encode(encoding), tmp_path).startswith("refused encoding")


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-be", "cp037", "cp500"])
def test_a_doctype_is_not_hidden_by_an_encoding_that_is_not_declared(encoding: str, tmp_path: Path) -> None:
    text = doctype(LAUGHS, "&l9;").decode().replace(' encoding="UTF-8"', "")
    assert attack(text.encode(encoding), tmp_path).startswith("refused encoding")


def test_bytes_that_are_not_the_declared_encoding(tmp_path: Path) -> None:
    content = message(persons=people(1)).replace(b"B1", b"B\xff\xfe1")
    assert "faulty\n1 bytes 6" in attack(content, tmp_path)


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (HEAD + b'<Bruker brukerNr="' + b"a" * 30_000_000 + b'"/>' + TAIL, "too-long"),
        (HEAD + b"<" + b"B" * 20_000_000 + b"/>" + TAIL, "too-long"),
        (HEAD + b"a" * 60_000_000 + TAIL, "too-long"),
        (HEAD + b"<Bruker " + b" ".join(b'a%d="1"' % n for n in range(300_000)) + b"/>" + TAIL, "too-long"),
        (HEAD + b"<Bruker>" * 200_000, "refused too-deep"),
        (HEAD + b"<Bruker/>" * 400_000 + TAIL, "faulty\n100 attribute-missing"),
        (HEAD + b"<Bruker/>" * 600_000 + TAIL, "refused too-many-persons"),
        (HEAD + b"<Tjeneste/>" * 3_100_000 + TAIL, "refused too-many-services"),
        (HEAD + b"<x/>" * 10_000_000 + TAIL, "refused too-many-elements"),
        (HEAD + b"<x/>" * 7_000_000 + TAIL, "faulty\n1 element-unexpected"),
        (HEAD + b"".join(b"<x%d/>" % n for n in range(3_000_000)) + TAIL, "faulty\n1 element-unexpected"),
        (HEAD + b'<Bruker xmlns:a="urn:a"/>' * 60_000 + TAIL, "faulty\n"),
        (HEAD + b"".join(b'<x xmlns:p%d="urn:u%d"/>' % (n, n) for n in range(600_000)) + TAIL, "faulty\n1 "),
        (HEAD + b'<Bruker brukerNr="' + b">" * 30_000_000 + b'"/>' + TAIL, "too-long"),
        (HEAD + b"<Bruker " + b" ".join(b'a%d=">"' % n for n in range(2_000_000)) + b"/>" + TAIL, "too-long"),
        (HEAD + (b"<Bruker " + b"a='' " * 12_000 + b"/>") * 900 + TAIL, "attribute-twice"),
        (HEAD + (b"<Bruker " + b" ".join(b"a%d=''" % n for n in range(6_000)) + b"/>") * 900 + TAIL, "faulty\n"),
        (HEAD + b"<!--" + b"->" * 50_000_000 + b"-->" + TAIL, "too-long"),
        (HEAD + b"<!--" + b"<" * 7_000_000 + b"-->" + TAIL, ""),
        (HEAD + b"<!--" + b"<x" * 6_000_000 + b"-->" + TAIL, "too-long"),
        (HEAD + b"<!--x-->" * 7_000_000 + TAIL, "accepted"),
        (HEAD + b"<?x " + b"y" * 50_000_000 + b"?>" + TAIL, "too-long"),
        (HEAD + b"<?x y?>" * 7_000_000 + TAIL, "accepted"),
        (HEAD + b"<![CDATA[" + b"<" * 7_000_000 + b"]]>" + TAIL, "text-not-allowed"),
        (HEAD + b"a>" * 30_000_000 + TAIL, "too-long"),
        (HEAD + b"&#65;" * 30_000_000 + TAIL, "too-long"),
        (HEAD.split(b"<Kommune")[0] + b"<a/>" * 6_000_000, "refused head-too-long"),
        (b"<a>" + b"<a/>" * 6_000_000, "refused another-xml"),
        (b" " * 60_000_000 + HEAD, "refused blank"),
        (HEAD + b"&#0;" + TAIL, "faulty\n1 character"),
        (HEAD + b"&nbsp;" + TAIL, "faulty\n1 entity"),
        (HEAD, "faulty\n1 cut-off"),
        (b"ikke xml", "refused not-xml"),
        (b"<html><body/></html>", "refused html"),
        (b"\x00" * 100, "refused blank"),
        (HEAD + TAIL + b"<Melding/>", "faulty\n1 after-end"),
    ],
    ids=[
        "giant-attribute", "giant-name", "giant-text", "many-attributes", "deep", "many-errors", "persons", "services",
        "ten-million-elements", "seven-million-elements", "names", "namespaces", "prefixes", "attribute-of-brackets",
        "attributes-of-brackets", "attributes-twice", "unknown-attributes", "giant-comment", "comment-of-tags",
        "giant-comment-of-tags", "comments", "giant-instruction", "instructions", "cdata", "text-of-brackets", "references",
        "long-head", "another-root", "spaces", "zero-reference", "unknown-entity", "cut-off", "text", "html", "zeros", "two-roots",
    ],
)  # fmt: skip
def test_hostile_and_broken_xml(content: bytes, code: str, tmp_path: Path) -> None:
    answer = attack(content, tmp_path)
    assert code in answer
    assert not answer.startswith("accepted") or code in ("", "accepted")


def bomb(megabytes: int) -> bytes:
    packed = io.BytesIO()
    with gzip.GzipFile(fileobj=packed, mode="wb") as file:
        file.write(HEAD)
        for _ in range(megabytes):
            file.write(b"<x/>\n" * 200_000)
    return packed.getvalue()


def test_a_gzip_bomb_is_refused_while_unpacking(tmp_path: Path) -> None:
    assert attack(bomb(400), tmp_path).startswith("refused too-many-elements")


def test_a_zip_is_refused(tmp_path: Path) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("../../melding.xml", message())
    assert attack(packed.getvalue(), tmp_path).startswith("refused zip")


@pytest.mark.parametrize("cut", [lambda packed: packed[:50], lambda packed: packed[:-4], lambda packed: packed + b"xx"])
def test_a_broken_gzip_is_refused(cut: Callable[[bytes], bytes], tmp_path: Path) -> None:
    assert attack(cut(gzip.compress(message(persons=people(500)))), tmp_path).startswith("refused gzip")


def test_nothing_is_fetched(tmp_path: Path) -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        listener.settimeout(0.5)
        address = f"http://127.0.0.1:{listener.getsockname()[1]}/x"
        schema = f'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:schemaLocation="urn:kpr:arsmelding:1.0 {address}"'
        include = f'<xi:include xmlns:xi="http://www.w3.org/2001/XInclude" href="{address}"/>'
        attack(HEAD.replace(b"<Melding", f"<Melding {schema}".encode()) + TAIL, tmp_path)
        attack(HEAD + include.encode() + TAIL, tmp_path)
        attack(f'<?xml-stylesheet href="{address}"?>'.encode() + HEAD.split(b"\n", 1)[1] + TAIL, tmp_path)
        with pytest.raises(TimeoutError):
            listener.accept()
