"""How far can counts move? The smallest and the largest value of each that its block allows, by linear programs.

Blocks are laid side by side in one program, which is quicker than a program for each: a solution of all is a solution of each.
Every solution is a witness of how far all counts of its block move, and one that was seen to be wide enough is not asked.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import count
from math import ceil, floor

import numpy as np
from scipy import sparse
from scipy.optimize import linprog

from publications.disclosure_audit.equations import Block
from publications.disclosure_audit.report import Interval

ENDLESS = 1e7  # more than any count: one that reaches it has no upper bound
SLACK = 1e-6
MOST_COLUMNS = 8_000
AT_RANDOM = 4  # programs that objective at all wanted counts of a block at once, before they are taken one by one


@dataclass
class Stretch:
    """A block, how far each of its counts was seen to move, and which of them are to be followed.

    `whole`: what is told are persons, and so are the ends of intervals. What an insider is lent may be a mean.
    """

    block: Block
    wanted: np.ndarray
    whole: bool = True
    low: np.ndarray = field(init=False)
    high: np.ndarray = field(init=False)
    total: np.ndarray = field(init=False)
    shaken: np.ndarray = field(init=False)
    seen: int = 0
    feasible: bool = True

    def __post_init__(self) -> None:
        width = len(self.block.cells)
        self.low, self.high = np.full(width, np.inf), np.full(width, -np.inf)
        self.total, self.shaken = np.zeros(width), np.zeros(width)
        self._lowest, self._highest = np.zeros(width, dtype=bool), np.zeros(width, dtype=bool)

    def record(self, solution: np.ndarray) -> None:
        self.low, self.high = np.minimum(self.low, solution), np.maximum(self.high, solution)
        self.total += solution
        self.seen += 1

    def reach(self, column: int, low: float, high: float) -> None:
        self.low[column], self.high[column] = min(self.low[column], low), max(self.high[column], high)

    @property
    def middle(self) -> np.ndarray:
        """A solution, too: the mean of those that were seen."""
        return self.total / max(self.seen, 1)

    def open(self, width: int | None) -> np.ndarray:
        """Those to be followed that were not seen to move by the width (None: whatever the width), nor are known at both ends."""
        narrow = np.ones(len(self.low), dtype=bool) if width is None else self.room() < width - SLACK
        known = (self._lowest | (self.low <= 0)) & self._highest
        return self.wanted & narrow & ~known & self.feasible

    def room(self) -> np.ndarray:
        if self.whole:
            return np.floor(self.high + SLACK) - np.ceil(self.low - SLACK)
        return self.high - self.low

    def objective(self, unsure: np.ndarray) -> np.ndarray:
        """Costs that stretch the first unsure count: upwards first, for nearly all can be nobody."""
        column = int(np.argmax(unsure))
        costs = np.zeros(len(self.low))
        if self._highest[column]:
            self._lowest[column], costs[column] = True, 1
        else:
            self._highest[column], costs[column] = True, -1
        return costs

    def interval(self, column: int) -> Interval:
        """Persons are rounded inwards, what follows from means outwards."""
        low, high = self.low[column], self.high[column]
        if not self.whole:
            low, high = floor(low + SLACK), ceil(high - SLACK)
        return ceil(low - SLACK), None if high > ENDLESS - 1 else floor(high + SLACK)


def follow(stretches: Sequence[Stretch], width: int | None) -> None:
    """Until each wanted count was seen to move by the width, or its interval is exact; None: until all are exact."""
    generator = np.random.default_rng(1)
    for turn in count():
        unsure = [(stretch, opened) for stretch in stretches if (opened := stretch.open(width)).any()]
        if not unsure:
            return
        costs = (
            _random_objectives(unsure, turn, generator)
            if turn < AT_RANDOM
            else [stretch.objective(opened) for stretch, opened in unsure]
        )
        for batch in _batches([stretch for stretch, _opened in unsure], costs):
            _solve_batch(batch)


def _random_objectives(
    unsure: Sequence[tuple[Stretch, np.ndarray]], turn: int, generator: np.random.Generator
) -> list[np.ndarray]:
    """Costs that objective all unsure counts somewhere; every second time each the other way."""
    if turn % 2:
        return [-stretch.shaken for stretch, _opened in unsure]
    for stretch, opened in unsure:
        stretch.shaken = np.where(opened, generator.normal(size=len(opened)), 0)
    return [stretch.shaken for stretch, _opened in unsure]


def _batches(stretches: Sequence[Stretch], costs: Sequence[np.ndarray]) -> Iterator[list[tuple[Stretch, np.ndarray]]]:
    batch: list[tuple[Stretch, np.ndarray]] = []
    columns = 0
    for each in zip(stretches, costs, strict=True):
        batch.append(each)
        columns += len(each[1])
        if columns > MOST_COLUMNS:
            yield batch
            batch, columns = [], 0
    if batch:
        yield batch


def _solve_batch(batch: Sequence[tuple[Stretch, np.ndarray]]) -> None:
    """One linear program for all of them. Where it has no solution, one for each tells which has none."""
    solution = _solve([stretch.block for stretch, _costs in batch], [costs for _stretch, costs in batch])
    if solution is not None:
        edges = np.cumsum([len(costs) for _stretch, costs in batch])
        for (stretch, _costs), part in zip(batch, np.split(solution, edges[:-1]), strict=True):
            stretch.record(part)
    elif len(batch) > 1:
        for each in batch:
            _solve_batch([each])
    else:
        batch[0][0].feasible = False


def _solve(blocks: Sequence[Block], costs: Sequence[np.ndarray]) -> np.ndarray | None:
    answer = linprog(
        np.concatenate(costs),
        A_eq=sparse.block_diag([block.matrix for block in blocks], format="csr"),
        b_eq=np.concatenate([block.right for block in blocks]),
        bounds=(0, ENDLESS),
        method="highs",
    )
    return answer.x if answer.status == 0 else None
