"""Proofs by small linear programs: the least that others would have to change for a hidden count to move by the width.

What few municipalities change holds against all the others at once, so that one program serves nearly every insider.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy import sparse
from scipy.optimize import linprog

from indicators.audit.equations import Block
from indicators.audit.moves import Own, Proof
from indicators.audit.report import Cell

MOST_COLUMNS = 12_000
ENDLESS = 1e7
DEAR = 1e4  # what it costs to fall short of the move, beside 1 for each person moved
AVOIDED = 30.0
SLACK = 1e-6


@dataclass(frozen=True)
class Nudge:
    """A count that is to move up (or down) by so many, without one municipality's help (none where it is empty), and with as
    little as may be of those to avoid."""

    block: Block
    base: np.ndarray
    column: int
    amount: float
    without: str = ""
    avoid: frozenset[str] = frozenset()
    up: bool = True

    @property
    def cell(self) -> Cell:
        return self.block.cells[self.column]


@dataclass(frozen=True)
class Moved:
    """How far it went, and whose counts changed."""

    nudge: Nudge
    reached: float
    touched: frozenset[str]


def nudged(everywhere: Iterable[Block], own: Own, proven: Mapping[Cell, Proof], width: int) -> dict[Cell, Proof]:
    """Proofs of counts that swaps do not show to be wide, or not against every insider."""
    wanted = [nudge for block in everywhere for nudge in _wanted(block, own, proven, width)]
    first = {moved.nudge.cell: moved for moved in wide(wanted, width)}
    known = {cell: proven[cell].fails_against for cell in first if cell in proven}
    doubtful = {cell: known.get(cell, first[cell].touched - {cell[2]}) & first[cell].touched for cell in first}
    other_way = [replace(first[cell].nudge, avoid=areas) for cell, areas in doubtful.items() if areas]
    for moved in wide(other_way, width):
        doubtful[moved.nudge.cell] &= moved.touched
    alone = [replace(first[cell].nudge, without=area) for cell, areas in doubtful.items() for area in sorted(areas)]
    for moved in wide(alone, width):
        doubtful[moved.nudge.cell] -= {moved.nudge.without}
    return {cell: _proof(first[cell], proven.get(cell), doubtful[cell], width) for cell in first}


def _proof(moved: Moved, known: Proof | None, fails: frozenset[str], width: int) -> Proof:
    if known:
        return replace(known, fails_against=fails)
    count = round(float(moved.nudge.base[moved.nudge.column]))
    return Proof(max(0, count - width), count + width, fails)


def _wanted(block: Block, own: Own, proven: Mapping[Cell, Proof], width: int) -> Iterator[Nudge]:
    unsure = [n for n, cell in enumerate(block.cells) if cell not in proven or proven[cell].fails_against]
    base = _base(block, own) if unsure else None
    if base is not None:
        for column in unsure:
            cell = block.cells[column]
            avoid = proven[cell].fails_against if cell in proven else frozenset()
            yield Nudge(block, base, column, width, avoid=avoid)


def _base(block: Block, own: Own) -> np.ndarray | None:
    """The true counts of a block; None where they are not at hand (a hidden county, or no figures lent)."""
    counts = []
    for indicator, year, area, measure, publication in block.cells:
        figures = own.get((publication, indicator, year, area))
        if figures is None:
            return None
        above, below = figures
        counts.append({"numerator": above, "complement": below - above, "denominator": below}[measure])
    base = np.array(counts, dtype=float)
    return base if np.allclose(block.matrix @ base, block.right) else None


# --- Moving --------------------------------------------------------------------------------------------------


def wide(nudges: Sequence[Nudge], width: int) -> Iterator[Moved]:
    """Those that reach the width, first upwards, and downwards for the rest of it."""
    short = []
    for moved in _moved(nudges):
        if moved.reached >= width - SLACK:
            yield moved
        else:
            short.append(moved)
    rest = [replace(moved.nudge, up=False, amount=width - np.floor(moved.reached + SLACK)) for moved in short]
    for up, down in zip(short, _moved(rest), strict=True):
        if np.floor(down.reached + SLACK) >= down.nudge.amount:
            yield Moved(up.nudge, width, up.touched | down.touched)


def _moved(nudges: Sequence[Nudge]) -> Iterator[Moved]:
    batch: list[Nudge] = []
    columns = 0
    for nudge in nudges:
        batch.append(nudge)
        columns += 2 * len(nudge.block.cells)
        if columns > MOST_COLUMNS:
            yield from _solve(batch)
            batch, columns = [], 0
    if batch:
        yield from _solve(batch)


def _solve(batch: Sequence[Nudge]) -> Iterator[Moved]:
    """One program for all of them, side by side: more and less of each count, and what the move falls short of."""
    matrix = sparse.block_diag([_equations(nudge) for nudge in batch], format="csr")
    right = np.concatenate([np.append(np.zeros(nudge.block.matrix.shape[0]), nudge.amount) for nudge in batch])
    costs = np.concatenate([_costs(nudge) for nudge in batch])
    limits = np.concatenate([_limits(nudge) for nudge in batch])
    answer = linprog(
        costs, A_eq=matrix, b_eq=right, bounds=np.column_stack([np.zeros(len(limits)), limits]), method="highs"
    )
    if answer.status != 0:
        return
    edges = np.cumsum([2 * len(nudge.block.cells) + 1 for nudge in batch])
    for nudge, part in zip(batch, np.split(answer.x, edges[:-1]), strict=True):
        number = len(nudge.block.cells)
        changed = np.flatnonzero(part[:number] + part[number:-1] > SLACK)
        touched = frozenset(nudge.block.cells[int(column)][2] for column in changed)
        yield Moved(nudge, nudge.amount - part[-1], touched)


def _equations(nudge: Nudge) -> sparse.csr_matrix:
    """All sums stay; the count moves."""
    number = len(nudge.block.cells)
    sign = 1 if nudge.up else -1
    move = sparse.csr_matrix(([sign, -sign, 1], ([0, 0, 0], [nudge.column, number + nudge.column, 2 * number])))
    stay = sparse.hstack([nudge.block.matrix, -nudge.block.matrix, sparse.csr_matrix((nudge.block.matrix.shape[0], 1))])
    return sparse.vstack([stay, move], format="csr")


def _costs(nudge: Nudge) -> np.ndarray:
    persons = [AVOIDED if cell[2] in nudge.avoid else 1.0 for cell in nudge.block.cells]
    return np.array([*persons, *persons, DEAR])


def _limits(nudge: Nudge) -> np.ndarray:
    """No count below nobody; nothing of the one who does not take part."""
    takes_part = np.array([cell[2] != nudge.without for cell in nudge.block.cells])
    return np.concatenate([np.where(takes_part, ENDLESS, 0), np.where(takes_part, nudge.base, 0), [ENDLESS]])
