"""Where the CPU time of loading a nation-year goes: stage by stage, here and in PostgreSQL, in one process without a broker.

.venv/bin/python -m benchmarks.loading [SCALE] [MUNICIPALITIES]
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import psutil

from benchmarks import arguments
from benchmarks.nation import FOLDER, prepare  # first: it sets Django up
from demonstration.generate import Nation
from indicators import actions as indicators
from indicators import steering
from municipalities.access import Access
from quality import receivers
from quality.refreshing import refresh_across
from submissions import actions, tasks
from submissions.models import Channel, Submission
from submissions.receive import receive

YEAR = 2023
EVERYONE = Access(name="benchmark", municipalities=None, scopes=frozenset({"submit"}))
spent: Counter[tuple[str, str]] = Counter()


def postgres() -> psutil.Process:
    """The postmaster of this benchmark's data directory."""
    for process in psutil.process_iter(["cmdline"]):
        if "-D" in (words := process.info["cmdline"] or []) and any(FOLDER.name in word for word in words):
            return process
    raise LookupError("the embedded PostgreSQL does not run")


def cpu_of(server: psutil.Process) -> float:
    times = server.cpu_times()
    total = times.user + times.system + times.children_user + times.children_system
    for child in server.children(recursive=True):
        with suppress(psutil.Error):  # it ended meanwhile; then the postmaster has its time
            total += sum(child.cpu_times()[:2])
    return total


@contextmanager
def stage(name: str, server: psutil.Process) -> Iterator[None]:
    here, there = sum(os.times()[:2]), cpu_of(server)
    yield
    spent[name, "here"] += sum(os.times()[:2]) - here  # type: ignore[assignment]
    spent[name, "postgres"] += cpu_of(server) - there  # type: ignore[assignment]


def within(module: Any, function: str, name: str, server: psutil.Process) -> None:
    """Let the function of the module be a stage of its own."""
    real: Callable[..., Any] = getattr(module, function)

    def measured(*arguments: Any) -> Any:
        with stage(name, server):
            return real(*arguments)

    setattr(module, function, measured)


def send(nation: Nation, folder: Path) -> Iterator[Submission]:
    for place in nation.places:
        with nation.path(place, folder).open("rb") as content:
            yield receive(channel=Channel.API, access=EVERYONE, content=content)


def main(scale: float, count: int | None) -> None:
    prepare()
    server, nation, folder = postgres(), Nation(YEAR, 1, scale, count), Path(FOLDER.name)
    tasks.nudge = lambda *_: None  # no worker listens here
    within(actions, "load", "  reading", server)
    within(receivers, "_show_planner", "  statistics", server)
    within(receivers, "check_submission", "  checks", server)
    with stage("generating", server):
        for place in nation.places:
            nation.write(place, nation.path(place, folder))
    with stage("receiving", server):
        submissions = list(send(nation, folder))
    with stage("processing, of which", server):
        for submission in submissions:
            actions.process_waiting(str(submission.municipality_id), YEAR)
    keys = [submission.pk for submission in submissions]
    with stage("judging again across municipalities", server):
        refresh_across()
    with stage("indicators", server):
        indicators.recompute(keys)
    with stage("steering figures", server):
        steering.recompute(keys)
    report(len(keys), sum(Submission.objects.values_list("persons", flat=True)))


def report(messages: int, persons: int) -> None:
    print(f"{messages} messages, {persons} persons; CPU seconds, and milliseconds for each message")
    for name in dict.fromkeys(name for name, _where in spent):
        here, there = spent[name, "here"], spent[name, "postgres"]
        print(f"{name:38} {here:6.1f} + {there:6.1f}   {1000 * (here + there) / messages:7.0f}")


if __name__ == "__main__":
    parser = arguments(__doc__)
    parser.add_argument("scale", nargs="?", type=float, default=1.0, help="1 is the whole nation")
    parser.add_argument("municipalities", nargs="?", type=int, help="only so many")
    chosen = parser.parse_args()
    main(chosen.scale, chosen.municipalities)
