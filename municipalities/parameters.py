"""What the routes of the API may be asked: each parameter declared once, read strictly and described in OpenAPI from there.

A wish that is not understood is refused and never left out: an unknown parameter, an empty value, one that cannot be read, or one
that is sent twice.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.http import QueryDict
from django.utils.functional import Promise
from django.utils.text import format_lazy
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from municipalities.problems import Problem, quoted

Schema = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Parameter:
    """One query parameter. `read` makes the value of a text, and raises ValueError where it cannot; `expected` tells a person
    what can be read. `several`: more values, separated by commas or by repeating the parameter; they are read as a sorted tuple.
    """

    name: str
    description: str
    schema: Schema
    expected: str | Promise
    read: Callable[[str], Any]
    default: Any = None
    several: bool = False

    def of(self, texts: Sequence[str]) -> Any:
        """The value of what was sent.

        Raises:
            Problem: it cannot be read; says what to send instead.
        """
        if not texts:
            return () if self.several else self.default
        if self.several:
            return tuple(sorted({self._one(part.strip()) for text in texts for part in text.split(",")}))
        if len(texts) > 1:
            detail = _("Parameteren %(name)s er sendt flere ganger. Send den én gang.") % {"name": self.name}
            raise Problem(400, "parameter-repeated", detail, parameter=self.name)
        return self._one(texts[0])

    def _one(self, text: str) -> Any:
        try:
            return self.read(text)
        except ValueError:
            raise self.refusal() from None

    def refusal(self) -> Problem:
        told = {"name": self.name, "expected": str(self.expected)}
        detail = _("Parameteren %(name)s må være %(expected)s.") % told
        return Problem(400, "parameter-invalid", detail, parameter=self.name)


def ask(given: QueryDict, parameters: Sequence[Parameter]) -> dict[str, Any]:
    """The values of all declared parameters, by name.

    Raises:
        Problem: something was asked that is not declared, or cannot be read.
    """
    known = [parameter.name for parameter in parameters]
    if unknown := sorted(set(given) - set(known)):
        raise _unknown(unknown[0], known)
    return {parameter.name: parameter.of(given.getlist(parameter.name)) for parameter in parameters}


def _unknown(name: str, known: Sequence[str]) -> Problem:
    detail = (
        _("Parameteren «%(name)s» finnes ikke her. De som finnes, er %(known)s.")
        if known
        else _("Parameteren «%(name)s» finnes ikke her. Denne adressen har ingen parametre.")
    )
    told = {"name": quoted(name), "known": ", ".join(known)}
    return Problem(400, "parameter-unknown", detail % told, parameter=quoted(name))


# --- Kinds ---------------------------------------------------------------------------------------------------


def matching(pattern: str, made: Callable[[str], Any] = str) -> Callable[[str], Any]:
    """Reads a text that has the form, whole and in ASCII."""
    form = re.compile(pattern, re.ASCII)

    def read(text: str) -> Any:
        if not form.fullmatch(text):
            raise ValueError("not of the form")
        return made(text)

    return read


def text(name: str, pattern: str, *, expected: str | Promise, description: str, **more: Any) -> Parameter:
    schema = {"type": "string", "pattern": f"^({pattern})$"}
    return Parameter(
        name=name, description=description, schema=schema, expected=expected, read=matching(pattern), **more
    )


def year(*, description: str, **more: Any) -> Parameter:
    return Parameter(
        name="year",
        description=description,
        schema={"type": "integer", "minimum": 1000, "maximum": 9999, "example": 2023},
        expected=gettext_lazy("et årstall med fire sifre, for eksempel 2023"),
        read=matching("[1-9][0-9]{3}", int),
        **more,
    )


def number(name: str, *, largest: int, description: str, default: int | None = None) -> Parameter:
    def read(text: str) -> int:
        value: int = matching("[0-9]{1,10}", int)(text)
        if not 1 <= value <= largest:
            raise ValueError("out of range")
        return value

    schema: dict[str, Any] = {"type": "integer", "minimum": 1, "maximum": largest}
    return Parameter(
        name=name,
        description=description,
        schema=schema if default is None else {**schema, "default": default},
        expected=format_lazy("{told} {largest}", told=gettext_lazy("et helt tall fra 1 til"), largest=largest),
        read=read,
        default=default,
    )


def choice(name: str, values: Sequence[str], *, description: str, **more: Any) -> Parameter:
    return Parameter(
        name=name,
        description=description,
        schema={"type": "string", "enum": list(values)},
        expected=format_lazy("{told} {values}", told=gettext_lazy("en av"), values=", ".join(values)),
        read=matching("|".join(map(re.escape, values))),
        **more,
    )


YES_OR_NO = {"true": True, "1": True, "false": False, "0": False}


def yes_or_no(name: str, *, description: str) -> Parameter:
    return Parameter(
        name=name,
        description=description,
        schema={"type": "boolean", "default": False},
        expected=gettext_lazy("true eller false (eller 1 eller 0)"),
        read=matching("(?i:true|false)|[01]", lambda text: YES_OR_NO[text.lower()]),
        default=False,
    )


# --- Headers -------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Header:
    """A request header that a route understands, for the description."""

    name: str
    description: str
    schema: Schema = field(default_factory=lambda: {"type": "string"})


ACCEPT_LANGUAGE = Header("Accept-Language", "The language of sentences and names: nb, nn or en.")
