"""The attack: what an outsider can tell of each hidden count from all that is published, and what each municipality can that
knows its own figures besides."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from publications.disclosure_audit.detours import Detours
from publications.disclosure_audit.documents import Document, Known, Limits, Own
from publications.disclosure_audit.equations import (
    REST,
    Block,
    Equations,
    blocks,
    connected,
    disagreeing,
    equations,
    is_municipality,
    truths,
)
from publications.disclosure_audit.plausible import contradictions, small_counts
from publications.disclosure_audit.programs import SLACK, Stretch, follow
from publications.disclosure_audit.proofs import Proof
from publications.disclosure_audit.report import Cell, Derived, Interval, Leak, Report
from publications.disclosure_audit.swaps import Swaps

Tick = Callable[[int, int], None]


def untold(_done: int, _of: int) -> None:
    """Where nobody waits."""


@dataclass
class Attacked:
    """A block, how far its counts move for an outsider, the point around which insiders attack it, and what is proven there.

    `whole`: the point are true figures, not means of what is possible.
    """

    stretch: Stretch
    point: np.ndarray
    whole: bool
    proofs: dict[int, Proof] = field(default_factory=dict)

    @property
    def block(self) -> Block:
        return self.stretch.block

    def holds(self, column: int, insider: str) -> bool:
        return column in self.proofs and insider not in self.proofs[column].fails_against


def audit(
    documents: Sequence[Document],
    known: Known,
    limits: Limits | None = None,
    *,
    own: Own | None = None,
    exact: bool = False,
    tick: Tick = untold,
) -> Report:
    """Attack what left, as an outsider would and as each municipality with hidden counts could.

    `own` are the true figures of the municipalities: what an insider lends to the attack. Without them an insider is lent
    figures in the middle of what is possible. `exact` follows every count to both its ends, also where it is seen to be safe. `tick` is
    told how many different hidden counts have been attacked, and of how many.
    """
    limits = limits or Limits()
    documents = list(documents)
    found = equations(documents, known)
    attacked = _attacked(found, own, limits.least_width, exact, tick)
    derived = _derived(found, attacked)
    leaks = [*_outsider(found, derived, limits), *_insiders(found, attacked, derived, limits)]
    return Report(
        suppressed=len(found.hidden),
        exact=exact,
        leaks=tuple(leaks),
        primary=(*(text for each in documents for text in small_counts(each, limits)), *_small_rests(found, limits)),
        inconsistencies=(
            *(text for each in documents for text in contradictions(each)),
            *found.contradictions,
            *disagreeing(found),
            *_impossible(attacked, own),
        ),
        intervals=tuple(Derived(*cell, *derived[name]) for cell, name in found.hidden.items()),
    )


def _small_rests(found: Equations, limits: Limits) -> Iterator[str]:
    """Implied counts that are published: those of a population that are not in the part of it."""
    for (part, year, area, measure, publication), count in found.told.items():
        if measure == REST and 0 < count < limits.least_count:
            yield f"{year} {area} (publication {publication}): {count} outside {part} follow from what is shown"


# --- An outsider ---------------------------------------------------------------------------------------------


def _attacked(found: Equations, own: Own | None, width: int, exact: bool, tick: Tick) -> list[Attacked]:
    """Exchanges around the true figures show most counts to be wide, detours nearly all others; linear programs follow the rest."""
    true = truths(found, own or {})
    stretches = [Stretch(block, np.ones(len(block.cells), dtype=bool)) for block in blocks(found.sums, found.told)]
    points = [_true_point(stretch.block, true) for stretch in stretches]
    follow([stretch for stretch, point in zip(stretches, points, strict=True) if point is None], width)
    attacked = [
        Attacked(stretch, stretch.middle if point is None else point, point is not None)
        for stretch, point in zip(stretches, points, strict=True)
    ]
    done, of = 0, sum(len(each.block.cells) for each in attacked)
    for each in attacked:
        for column in _prove(each, width):
            tick(done + column + 1, of)
        done += len(each.block.cells)
    follow(stretches, None if exact else width)
    return attacked


def _true_point(block: Block, true: Mapping[Cell, int]) -> np.ndarray | None:
    """None where true figures are not known, or cannot be behind what is told; then linear programs tell the latter."""
    if not all(true.get(cell, -1) >= 0 for cell in block.cells):
        return None
    point = np.array([true[cell] for cell in block.cells], dtype=float)
    return None if (block.matrix @ point != block.right).any() else point


def _prove(each: Attacked, width: int) -> Iterator[int]:
    """Column by column, each told when it is done."""
    if not each.stretch.feasible:
        return
    each.stretch.record(each.point)
    swaps, detours = Swaps(each.block, each.point), Detours(each.block, each.point)
    for column in range(len(each.block.cells)):
        proof = swaps.proof(column, width) or detours.proof(column, width)
        if proof is not None:
            each.proofs[column] = proof
            each.stretch.reach(column, proof.low, proof.high)
        yield column


def _impossible(attacked: Iterable[Attacked], own: Own | None) -> Iterator[str]:
    for each in attacked:
        what = f"{each.block.cells[0]} and {len(each.block.cells) - 1} more"
        if not each.stretch.feasible:
            yield f"no counts can be behind what is told of {what}"
        elif own and not each.whole:
            yield f"the municipalities' own figures are not known, or cannot be behind what is told of {what}"


def _derived(found: Equations, attacked: Iterable[Attacked]) -> dict[Cell, Interval]:
    """By name of each hidden count; one that no equation bounds can be anything."""
    derived: dict[Cell, Interval] = dict.fromkeys(found.hidden.values(), (0, None))
    derived |= {name: (told, told) for name in derived if (told := found.told.get(name)) is not None}
    for each in attacked:
        if each.stretch.feasible:
            derived |= {cell: each.stretch.interval(column) for column, cell in enumerate(each.block.cells)}
    return derived


def _outsider(found: Equations, derived: Mapping[Cell, Interval], limits: Limits) -> Iterator[Leak]:
    for cell, name in found.hidden.items():
        low, high = derived[name]
        if high is not None and high - low < limits.least_width:
            yield Leak(*cell, low, high)


# --- Insiders ------------------------------------------------------------------------------------------------


def _insiders(
    found: Equations, attacked: Sequence[Attacked], derived: Mapping[Cell, Interval], limits: Limits
) -> Iterator[Leak]:
    """Each municipality with hidden counts, with its own put in; what was narrow without it is told already."""
    shown_as = defaultdict(list)
    for cell, name in found.hidden.items():
        low, high = derived[name]
        if high is None or high - low >= limits.least_width:
            shown_as[name].append(cell)
    tasks = [task for each in attacked if each.stretch.feasible for task in _tasks(each, shown_as.keys())]
    follow([stretch for _insider, stretch in tasks], limits.least_width)
    for insider, stretch in tasks:
        room = stretch.room()
        for column in np.flatnonzero(stretch.wanted & (room < limits.least_width - SLACK)):
            low, high = stretch.interval(int(column))
            if high is not None:
                yield from (Leak(*cell, low, high, insider) for cell in shown_as[stretch.block.cells[column]])


def _tasks(each: Attacked, names: Collection[Cell]) -> Iterator[tuple[str, Stretch]]:
    """What is left to linear programs: the counts of others that exchanges do not show to be wide to an insider."""
    cells = each.block.cells
    targets = [column for column, cell in enumerate(cells) if cell in names]
    for insider in sorted({cell[2] for cell in cells if is_municipality(cell[2])}):
        wanted = {cells[at] for at in targets if cells[at][2] != insider and not each.holds(at, insider)}
        if wanted:
            yield from ((insider, stretch) for stretch in _lent(each, insider, wanted))


def _lent(each: Attacked, insider: str, wanted: set[Cell]) -> Iterator[Stretch]:
    """The blocks that remain when the insider's counts are put in, as far as something in them is wanted."""
    block, point = each.block, dict(zip(each.block.cells, each.point, strict=True))
    is_own = np.array([cell[2] == insider for cell in block.cells])
    right = block.right - block.matrix[:, is_own] @ each.point[is_own]
    others = [cell for cell, own in zip(block.cells, is_own, strict=True) if not own]
    for part in connected(block.matrix[:, ~is_own], right, others):
        if not wanted.isdisjoint(part.cells):
            stretch = Stretch(part, np.array([cell in wanted for cell in part.cells]), each.whole)
            stretch.record(np.array([point[cell] for cell in part.cells]))
            yield stretch
