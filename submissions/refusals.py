"""Why a message was not taken in: each kind is one HTTP status, and says what was wrong and what to do."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from municipalities.masking import mask
from municipalities.outages import NO_ROOM
from submissions.models import Submission


@dataclass(frozen=True)
class MessageError:
    """One fault of form. `line` and `column` count from 1 and point at the element's first character; 0 = unknown.

    What it quotes of the message (names of elements and attributes, values) holds no identity number.
    """

    line: int
    column: int
    path: str
    code: str
    message: str

    def __post_init__(self) -> None:
        object.__setattr__(self, "path", mask(self.path))
        object.__setattr__(self, "message", mask(self.message))

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


class Refusal(Exception):
    """A message that is not taken in. `submission` is the receipt of the refusal, where one could be kept."""

    status = 400

    def __init__(self, detail: str, *, errors: tuple[MessageError, ...] = (), code: str = "invalid") -> None:
        self.detail = mask(detail)
        super().__init__(self.detail)
        self.errors = errors
        self.code = code
        self.submission: Submission | None = None


class Invalid(Refusal):
    """Not well-formed, not valid against the schema, or not what the portal receives."""


class NotYours(Refusal):
    """The message names a municipality that the sender may not submit for."""

    status = 403


class Repeat(Refusal):
    """Byte for byte a message that is already received; `first` is that one."""

    status = 409

    def __init__(self, detail: str, first: Submission) -> None:
        super().__init__(detail, code="repeat")
        self.first = first


class TooLarge(Refusal):
    status = 413


class KeyReused(Refusal):
    """The Idempotency-Key was used before, with another message."""

    status = 422


class NoRoom(Refusal):
    """The database's disk is full. No receipt is kept: there is no room for one either."""

    status = NO_ROOM.status

    def __init__(self) -> None:
        super().__init__(str(NO_ROOM.sentence), code=NO_ROOM.code)
