"""Why a message was not taken in: each kind is one HTTP status; its code and facts are put into words when they are read."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from municipalities.masking import mask
from municipalities.outages import NO_ROOM
from submissions.models import Submission
from submissions.problems import told_error
from submissions.sentences import sentence


def _masked(facts: Mapping[str, Any]) -> dict[str, Any]:
    return {name: mask(value) if isinstance(value, str) else value for name, value in facts.items()}


@dataclass(frozen=True)
class MessageError:
    """One fault of form. `line` and `column` count from 1 and point at the element's first character; 0 = unknown.

    `user_ref` (brukerNr) and `service_ref` (tjenesteID) name the record it is about, where it is about one.
    What it quotes of the message (names of elements and attributes, values) holds no identity number.
    """

    line: int
    column: int
    path: str
    code: str
    facts: Mapping[str, Any] = field(default_factory=dict)
    user_ref: str = ""
    service_ref: str = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "path", mask(self.path))
        object.__setattr__(self, "facts", _masked(self.facts))

    @property
    def message(self) -> str:
        """What is wrong, in the active language, with the record it is about."""
        return str(self.as_dict()["message"])

    def as_dict(self) -> dict[str, Any]:
        """As the API tells it."""
        return told_error(self.kept())

    def kept(self) -> dict[str, Any]:
        """As it is stored."""
        return asdict(self)


class Refusal(Exception):
    """A message that is not taken in. `submission` is the receipt of the refusal, where one could be kept."""

    status = 400

    def __init__(self, code: str, /, *, errors: Iterable[MessageError] = (), **facts: Any) -> None:
        super().__init__(code)
        self.code = code
        self.facts = _masked(facts)
        self.errors = tuple(errors)
        self.submission: Submission | None = None

    def __str__(self) -> str:
        return self.detail

    @property
    def detail(self) -> str:
        """What was wrong and what to do, in the active language."""
        return sentence(self.code, self.facts)

    def kept(self) -> dict[str, Any]:
        """As it is stored with the submission."""
        return {"code": self.code, "facts": self.facts, "errors": [error.kept() for error in self.errors]}


class Invalid(Refusal):
    """Not well-formed, not valid against the schema, or not what the portal receives.

    A refusal without errors of its own is the one error of the message.
    """

    def __init__(self, code: str, /, *, errors: Iterable[MessageError] = (), path: str = "", **facts: Any) -> None:
        errors = tuple(errors) or (MessageError(0, 0, path, code, facts),)
        super().__init__(code, errors=errors, **facts)


class NotYours(Refusal):
    """The message names a municipality that the sender may not submit for."""

    status = 403


class Repeat(Refusal):
    """Byte for byte the newest message received; `first` is that one."""

    status = 409

    def __init__(self, first: Submission) -> None:
        super().__init__("repeat", id=str(first.pk))
        self.first = first


class TooLarge(Refusal):
    """Over what one message may cost: bytes, persons, services, elements, or time to look it over."""

    status = 413


class KeyReused(Refusal):
    """The Idempotency-Key was used before, with another message."""

    status = 422


class NoRoom(Refusal):
    """The database's disk is full. No receipt is kept: there is no room for one either."""

    status = NO_ROOM.status

    def __init__(self) -> None:
        super().__init__(NO_ROOM.code)

    @property
    def detail(self) -> str:
        return str(NO_ROOM.sentence)
