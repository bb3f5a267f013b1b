"""How the web server (`serving`) and the application (`gate`) agree on a body before it is received."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

# Where the server puts a Permit when it only asks: the request has its headers, and no body.
PERMIT = "kpr.permit"
# Bodies that one sender may be sending at the same time to one process.
BODIES_OF_ONE_SENDER = 8
# Bytes. A body of this size is kept in memory and needs no leave: a login, a choice of language.
SMALL_BODY = 16 * 1024


@dataclass
class Permit:
    """What the application says when it is asked. `bytes` None: its answer is a refusal."""

    # Whether a sender is sending BODIES_OF_ONE_SENDER already, and whether there was no room for the body.
    is_busy: Callable[[str], bool]
    no_room: bool
    bytes: int | None = None
    sender: str = ""
