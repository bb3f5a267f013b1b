"""Work that is done beside one's own, in another thread."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any


class Beside:
    """One other thread that does what it is handed, in order, and is never more than `ahead` pieces of work behind.

    As a context it sees to it that nothing more is done once the caller gave up.
    """

    def __init__(self, ahead: int) -> None:
        self._ahead = ahead
        self._thread = ThreadPoolExecutor(max_workers=1)
        self._waiting: deque[Future[Any]] = deque()

    def __enter__(self) -> Beside:
        return self

    def __exit__(self, *_error: object) -> None:
        self._thread.shutdown(cancel_futures=True)

    def hand(self, work: Callable[..., Any], *arguments: Any) -> None:
        """Raises what earlier work raised."""
        self._waiting.append(self._thread.submit(work, *arguments))
        self._wait(self._ahead)

    def finish(self) -> None:
        """Wait until all is done. Raises what work raised."""
        self._wait(0)

    def _wait(self, leave: int) -> None:
        while len(self._waiting) > leave:
            self._waiting.popleft().result()
