"""Finds the texts for translation in templates, for pybabel (babel.cfg)."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any, BinaryIO

from babel.messages.extract import extract_python
from django.utils.translation.template import templatize


def templates(file: BinaryIO, keywords: Any, comment_tags: Any, options: dict[str, Any]) -> Iterator[Any]:
    """Django turns a template into something like Python, line for line; Babel reads that once indents are gone."""
    python = templatize(file.read().decode())
    level = "\n".join(line.strip() for line in python.splitlines())
    read: Any = {**options, "encoding": "utf-8"}
    yield from extract_python(io.BytesIO(level.encode()), keywords, comment_tags, read)
