"""Where the embedded servers put their sockets; settings.py and embedded.py must agree on it."""

import hashlib
import os
from pathlib import Path

# A socket's whole path may have 103 bytes on macOS (107 on Linux); «/postgres/.s.PGSQL.5432» takes 23 of them.
LONGEST_DIRECTORY = 80


def socket_directory(data_dir: Path) -> Path:
    """The data directory itself, or where its path is too long for a socket, a short one derived from it."""
    name = os.fsencode(data_dir)
    if len(name) <= LONGEST_DIRECTORY:
        return data_dir
    # Fixed rather than $TMPDIR: the portal and a command in another terminal must come to the same directory.
    return Path(f"/tmp/kpr-{os.geteuid()}-{hashlib.sha256(name).hexdigest()[:16]}")  # noqa: S108
