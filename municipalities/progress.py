"""How far a long piece of work has come: a bar on a terminal; elsewhere lines, which a log can keep."""

from __future__ import annotations

import io
import math
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from tqdm import tqdm

# How often it is told, in seconds, on a terminal and elsewhere.
TERMINAL_SECONDS, LINE_SECONDS = 0.2, 5


class Lines(io.TextIOBase):
    """What tqdm writes to be drawn over, as lines on standard error."""

    def write(self, text: str) -> int:
        if told := text.strip():
            sys.stderr.write(f"{told}\n")
            sys.stderr.flush()
        return len(text)


@contextmanager
def progress(what: str, total: int | None = None, unit: str = "") -> Iterator[tqdm]:
    """A bar to update. Told when it begins, when it ends, and meanwhile again and again, also while nothing moves."""
    terminal = sys.stderr.isatty()
    drawn = " {percentage:3.0f}%|{bar}|" if terminal and total is not None else ""
    counted = f" {{n_fmt}}/{{total_fmt}} {unit}" if total is not None else ""
    bar = tqdm(
        desc=what,
        total=total,
        file=sys.stderr if terminal else Lines(),
        bar_format=f"{{desc}}:{drawn}{counted} [{{elapsed}}]",
        mininterval=math.inf,  # the thread below tells
        miniters=1,
    )
    ended = threading.Event()
    pause = TERMINAL_SECONDS if terminal else LINE_SECONDS

    def tell() -> None:
        while not ended.wait(pause):
            bar.refresh()

    teller = threading.Thread(target=tell, daemon=True)
    teller.start()
    try:
        yield bar
    finally:
        ended.set()
        teller.join()
        bar.close()
