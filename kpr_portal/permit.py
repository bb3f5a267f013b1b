"""How the web server (`serving`) and the application (`gate`) agree on a body before it is received."""

from __future__ import annotations

from dataclasses import dataclass

# Where the server puts a Permit when it only asks: the request has its headers, and no body.
PERMIT = "kpr.permit"
# Bytes. A body of this size is kept in memory and needs no leave: a login, a choice of language.
SMALL_BODY = 16 * 1024


@dataclass
class Permit:
    """What the application says when it is asked. `bytes` None: its answer is a refusal."""

    bytes: int | None = None
    sender: str = ""
