"""The attack: for each hidden count the smallest and the largest value that everything published allows.

Blocks are laid side by side in one linear program, which asks one count of each: a solution of all of them is a solution of each. Every
solution is a witness of how far the other counts can move as well, and a count that was seen to be wide enough is not asked.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import ceil, floor

import numpy as np
from scipy import sparse
from scipy.optimize import linprog

from indicators.audit.documents import Document, Known, Limits
from indicators.audit.equations import Block, Equations, Names, blocks, connected, equations
from indicators.audit.moves import Own, Proof, proofs
from indicators.audit.nudges import nudged
from indicators.audit.plausible import contradictions, small_counts
from indicators.audit.report import Cell, Leak, Report

Interval = tuple[int, int | None]
ENDLESS = 1e7  # more than any count: a count that reaches it has no upper bound
SLACK = 1e-6
MOST_COLUMNS = 20_000


@dataclass
class Stretch:
    """A block with how far each of its counts was seen to move."""

    block: Block
    low: np.ndarray
    high: np.ndarray
    proven: np.ndarray
    # Which ends are known for sure.
    lowest: np.ndarray
    highest: np.ndarray
    wanted: np.ndarray
    feasible: bool = True

    @classmethod
    def of(cls, block: Block, proven: Mapping[Cell, Proof], insider: str = "") -> Stretch:
        width = len(block.cells)
        unsure = np.zeros(width, dtype=bool)
        wide = [cell in proven and proven[cell].holds_against(insider) for cell in block.cells]
        ends = (np.full(width, np.inf), np.full(width, -np.inf))
        return cls(block, *ends, np.array(wide, dtype=bool), unsure, unsure.copy(), unsure.copy())

    def see(self, solution: np.ndarray) -> None:
        self.low, self.high = np.minimum(self.low, solution), np.maximum(self.high, solution)

    def is_unsure(self, width: int, exact: bool) -> bool:
        """Whether some count is not yet seen to be wide, nor known at both ends; then `pull` says which is next."""
        if not self.feasible or self.proven.all():
            return False
        narrow = (
            np.full(len(self.low), True) if exact else np.floor(self.high + SLACK) - np.ceil(self.low - SLACK) < width
        )
        self.wanted = narrow & ~self.proven & ~(self.highest & self.lowest)
        return bool(self.wanted.any())

    def pull(self) -> np.ndarray:
        """Costs that stretch the next wanted count: upwards first, for nearly all can be nobody."""
        column = int(np.argmax(self.wanted))
        costs = np.zeros(len(self.low))
        if not self.highest[column]:
            self.highest[column], costs[column] = True, -1
        else:
            self.lowest[column], costs[column] = True, 1
        return costs

    def interval(self, column: int) -> Interval:
        """Whole persons: rounded inwards."""
        high = self.high[column]
        return ceil(self.low[column] - SLACK), None if high > ENDLESS - 1 else floor(high + SLACK)


def audit(
    documents: Sequence[Document],
    known: Known,
    limits: Limits | None = None,
    *,
    own: Own | None = None,
    exact: bool = False,
) -> Report:
    """Attack what left, as an outsider would and as each municipality with hidden counts could.

    `own` are the true figures by (publication, indicator, year, municipality): what an insider lends to the attack. Without them
    an insider is given figures in the middle of what is possible.
    """
    limits = limits or Limits()
    report = Report(exact=exact)
    for document in documents:
        report.primary.extend(small_counts(document, limits))
        report.inconsistencies.extend(contradictions(document))
    names = Names(documents, known)
    found = equations(names)
    report.inconsistencies.extend(found.contradictions)
    report.suppressed = len(found.hidden)
    everywhere = list(blocks(found.sums, found.told))
    proven = {} if exact else _proofs(names, found, everywhere, own or {}, limits.least_width)
    report.inconsistencies.extend(_disagreeing(everywhere))
    stretches = explored([Stretch.of(block, proven) for block in everywhere], limits.least_width, exact)
    report.inconsistencies.extend(_impossible(stretches))
    _judge_outsider(report, found, _intervals(stretches) | _moved(proven), limits)
    _judge_insiders(report, found, stretches, limits, own, proven)
    return report


def _proofs(names: Names, found: Equations, everywhere: Sequence[Block], own: Own, width: int) -> dict[Cell, Proof]:
    """What can be shown to be wide without asking for its ends."""
    proven = proofs(names, found, own, width)
    return proven | nudged(everywhere, own, proven, width)


# --- How far can they move? ----------------------------------------------------------------------------------


def explored(stretches: list[Stretch], width: int, exact: bool = False) -> list[Stretch]:
    """Every count that is not proven to be wide is seen to move by the width, or its interval is exact."""
    for batch in _batches([stretch for stretch in stretches if not stretch.proven.all()]):
        _push(batch, [np.ones(len(stretch.block.cells)) for stretch in batch])
    while unsure := [stretch for stretch in stretches if stretch.is_unsure(width, exact)]:
        for batch in _batches(unsure):
            _push(batch, [stretch.pull() for stretch in batch])
    return stretches


def _batches(stretches: Sequence[Stretch]) -> Iterator[list[Stretch]]:
    batch: list[Stretch] = []
    columns = 0
    for stretch in stretches:
        batch.append(stretch)
        columns += len(stretch.block.cells)
        if columns > MOST_COLUMNS:
            yield batch
            batch, columns = [], 0
    if batch:
        yield batch


def _push(batch: Sequence[Stretch], costs: Sequence[np.ndarray]) -> None:
    """One linear program for all of them: each block is a solution of its own."""
    matrix = sparse.block_diag([stretch.block.matrix for stretch in batch], format="csr")
    solution = _solve(matrix, np.concatenate([stretch.block.right for stretch in batch]), np.concatenate(costs))
    if solution is None:
        return _push_alone(batch, costs)
    edges = np.cumsum([len(stretch.block.cells) for stretch in batch])
    for stretch, part in zip(batch, np.split(solution, edges[:-1]), strict=True):
        stretch.see(part)


def _push_alone(batch: Sequence[Stretch], costs: Sequence[np.ndarray]) -> None:
    """Some block has no solution: find out which."""
    for stretch, cost in zip(batch, costs, strict=True):
        solution = _solve(stretch.block.matrix, stretch.block.right, cost)
        if solution is None:
            stretch.feasible = False
        else:
            stretch.see(solution)


def _solve(matrix: sparse.csr_matrix, right: np.ndarray, costs: np.ndarray) -> np.ndarray | None:
    answer = linprog(costs, A_eq=matrix, b_eq=right, bounds=(0, ENDLESS), method="highs")
    return answer.x if answer.status == 0 else None


# --- Judging -------------------------------------------------------------------------------------------------


def _disagreeing(everywhere: Iterable[Block]) -> Iterator[str]:
    for block in everywhere:
        if not block.cells:
            yield f"sums do not agree: the figures that are told differ by {abs(block.right[0]):g}"


def _impossible(stretches: Iterable[Stretch]) -> Iterator[str]:
    for stretch in stretches:
        if not stretch.feasible:
            yield f"no counts can be behind what is told of {stretch.block.cells[0]}"


def _intervals(stretches: Iterable[Stretch]) -> dict[Cell, Interval]:
    """Of the counts that were attacked by linear programs."""
    return {
        cell: stretch.interval(column)
        for stretch in stretches
        if stretch.feasible
        for column, cell in enumerate(stretch.block.cells)
        if not stretch.proven[column]
    }


def _moved(proven: Mapping[Cell, Proof]) -> dict[Cell, Interval]:
    return {cell: (proof.low, proof.high) for cell, proof in proven.items()}


def _judge_outsider(report: Report, found: Equations, derived: Mapping[Cell, Interval], limits: Limits) -> None:
    for cell, name in found.hidden.items():
        told = found.told.get(name)
        interval = (told, told) if told is not None else derived.get(name)
        if interval is None:
            continue
        report.intervals[cell] = interval
        if _is_narrow(interval, limits):
            report.leaks.append(Leak(*cell, *interval))


def _is_narrow(interval: Interval, limits: Limits) -> bool:
    low, high = interval
    return high is not None and high - low < limits.least_width


def _judge_insiders(
    report: Report,
    found: Equations,
    stretches: Sequence[Stretch],
    limits: Limits,
    own: Own | None,
    proven: Mapping[Cell, Proof],
) -> None:
    """Each municipality with hidden counts, with its own put in; what was narrow without it is told already."""
    leaked = {found.hidden[cell] for cell, interval in report.intervals.items() if _is_narrow(interval, limits)}
    shown_as = {name: cell for cell, name in found.hidden.items()}
    owned = [
        (owner, Stretch.of(block, proven, owner))
        for stretch in stretches
        if stretch.feasible
        for owner in _owners_to_try(stretch, proven)
        for block in _without(stretch, owner, own)
    ]
    attacked = explored([stretch for _owner, stretch in owned], limits.least_width)
    for (owner, _stretch), stretch in zip(owned, attacked, strict=True):
        for name, interval in _intervals([stretch]).items():
            if name in shown_as and name not in leaked and _is_narrow(interval, limits):
                report.leaks.append(Leak(*shown_as[name], *interval, insider=owner))


def _owners_to_try(stretch: Stretch, proven: Mapping[Cell, Proof]) -> Iterator[str]:
    """Owners against whom some count of another is not proven to be wide already."""
    cells = stretch.block.cells
    for owner in sorted({cell[2] for cell in cells if len(cell[2]) == 4}):
        others = (cell for cell in cells if cell[2] != owner)
        if not all(cell in proven and proven[cell].holds_against(owner) for cell in others):
            yield owner


def _without(stretch: Stretch, owner: str, own: Own | None) -> Iterator[Block]:
    """The block with the owner's counts put in."""
    block = stretch.block
    is_owners = np.array([cell[2] == owner for cell in block.cells])
    counts = [_own_count(stretch, int(column), own) for column in np.flatnonzero(is_owners)]
    right = block.right - block.matrix[:, is_owners] @ np.array(counts, dtype=float)
    others = [cell for cell, is_owner in zip(block.cells, is_owners, strict=True) if not is_owner]
    yield from connected(block.matrix[:, ~is_owners], right, others)


def _own_count(stretch: Stretch, column: int, own: Own | None) -> int:
    indicator, year, area, measure, publication = stretch.block.cells[column]
    figures = own.get((publication, indicator, year, area)) if own else None
    if figures is None:
        return round((stretch.low[column] + min(stretch.high[column], ENDLESS)) / 2)
    above, below = figures
    return {"numerator": above, "complement": below - above, "denominator": below}[measure]
