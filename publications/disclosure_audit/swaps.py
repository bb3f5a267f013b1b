"""Proofs without linear programs: two or three parties that could exchange persons without any published figure telling.

A party is the hidden counts of one area that hang together by equations of its own; a move is the smallest change of them that
those equations allow. Hidden counts of a county or the nation are no party: they follow from those of their parts. What a move
changes in the equations that the party shares with others is its trace. Moves of other parties can undo the trace. So each
exchange is a solution of the whole system as it stands. Counts are walked away from where they are, a person at a time; the
linear programs take what cannot be walked so.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence, Set
from functools import lru_cache
from itertools import product
from typing import NamedTuple

import numpy as np
from scipy import sparse

from publications.disclosure_audit.equations import Block, is_municipality
from publications.disclosure_audit.proofs import Proofs, Walk

MOST_COUNTS = 20  # of a party: its moves are found by trying the changes that its equations allow
Trace = tuple[tuple[int, int], ...]  # shared equation, change


class Move(NamedTuple):
    """What one area can do on its own: counts that get a person more, and a person less."""

    area: str
    more: tuple[int, ...]
    less: tuple[int, ...]
    trace: Trace


class Swaps(Proofs):
    """The exchanges in one block, from a point where all its equations hold."""

    def __init__(self, block: Block, point: np.ndarray) -> None:
        super().__init__(block, point)
        self._empty = frozenset(np.flatnonzero(point < 1).tolist())
        self._more: dict[int, list[Move]] = defaultdict(list)
        self._less: dict[int, list[Move]] = defaultdict(list)
        self._undoing: dict[Trace, list[Move]] = defaultdict(list)
        self._halves: dict[Trace, list[tuple[Trace, Trace]]] = {}
        for move in _moves(block):
            self._undoing[_opposite(move.trace)].append(move)
            for column in move.more:
                self._more[column].append(move)
            for column in move.less:
                self._less[column].append(move)

    def walk(self, column: int, width: int, without: Collection[str]) -> Walk:
        areas: set[str] = set()
        more, less = self._more[column], self._less[column]
        up = self._steps(more, less, width, without, areas)
        down = self._steps(less, more, width - up, without, areas)
        return Walk(down, up, frozenset(areas))

    def _steps(
        self, moves: Sequence[Move], back: Sequence[Move], most: int, without: Collection[str], areas: set[str]
    ) -> int:
        """How far a count can be walked by the moves, when none of those back is taken with them."""
        now = list(self.point)
        empty = set(self._empty)
        moves, returning = [move for move in moves if move.area not in without], set(back)
        for taken in range(most):
            exchanges = self._exchanges(moves, empty, without, areas)
            exchange = next((each for each in exchanges if returning.isdisjoint(each)), None)
            if exchange is None:
                return taken
            for move in exchange:
                _make(move, now, empty)
                areas.add(move.area)
        return most

    def _exchanges(
        self, moves: Iterable[Move], empty: Set[int], without: Collection[str], before: Collection[str]
    ) -> Iterator[tuple[Move, ...]]:
        """Those with one other first, and of them those with an area that took part before."""
        moves = [move for move in moves if empty.isdisjoint(move.less)]
        moves.sort(key=lambda move: move.area not in before)
        for move in moves:
            if not move.trace:
                yield (move,)
            others = list(self._able(move.trace, empty, {*without, move.area}))
            others.sort(key=lambda other: other.area not in before)
            yield from ((move, other) for other in others)
        for move in moves:
            yield from self._with_two(move, empty, {*without, move.area})

    def _with_two(self, move: Move, empty: Set[int], without: Collection[str]) -> Iterator[tuple[Move, ...]]:
        for one, other in self._halves_of(move.trace):
            first = next(self._able(one, empty, without), None)
            if first is not None:
                second = next(self._able(other, empty, {*without, first.area}), None)
                if second is not None:
                    yield move, first, second

    def _able(self, trace: Trace, empty: Set[int], without: Collection[str]) -> Iterator[Move]:
        """Moves that undo the trace, and take from no count that is empty."""
        return (move for move in self._undoing[trace] if empty.isdisjoint(move.less) and move.area not in without)

    def _halves_of(self, trace: Trace) -> list[tuple[Trace, Trace]]:
        """Traces that make this one together."""
        if trace not in self._halves:
            whole = dict(trace)
            rests = ((one, _difference(whole, one)) for one in list(self._undoing) if one)
            self._halves[trace] = [(one, rest) for one, rest in rests if rest in self._undoing]
        return self._halves[trace]


def _make(move: Move, now: list[float], empty: set[int]) -> None:
    for column in move.more:
        now[column] += 1
        if now[column] >= 1:
            empty.discard(column)
    for column in move.less:
        now[column] -= 1
        if now[column] < 1:
            empty.add(column)


def _opposite(trace: Trace) -> Trace:
    return tuple((equation, -change) for equation, change in trace)


def _difference(whole: dict[int, int], part: Trace) -> Trace:
    rest = dict(whole)
    for equation, change in part:
        rest[equation] = rest.get(equation, 0) - change
    return tuple(sorted((equation, change) for equation, change in rest.items() if change))


# --- Parties and their moves ---------------------------------------------------------------------------------


def _moves(block: Block) -> Iterator[Move]:
    made_of, matrix = _made_of(block)
    for columns, inside, equations, shared in _parties(block, made_of, matrix):
        area = block.cells[columns[0]][2]
        changes = _changes(inside.tobytes(), inside.shape)
        everywhere = changes @ made_of[:, columns].T
        for change, trace in zip(everywhere, changes @ shared.T, strict=True):
            marks = np.flatnonzero(trace)
            yield Move(
                area,
                tuple(np.flatnonzero(change > 0).tolist()),
                tuple(np.flatnonzero(change < 0).tolist()),
                tuple(zip(equations[marks].tolist(), trace[marks].tolist(), strict=True)),
            )


def _made_of(block: Block) -> tuple[np.ndarray, np.ndarray]:
    """Of which counts each count is the sum, and what the equations are in those counts.

    One that is no sum is made of itself. The others have empty columns.
    """
    matrix = block.matrix.toarray()
    areas = np.array([cell[2] for cell in block.cells])
    made_of = np.eye(len(areas), dtype=np.int64)
    wholes = (column for column, area in enumerate(areas) if not is_municipality(area))
    for column in sorted(wholes, key=lambda column: -len(areas[column])):  # a nation is made of counties
        rows = np.flatnonzero((matrix[:, column] == -1) & ((matrix == -1).sum(axis=1) == 1))
        sums = [matrix[row] for row in rows if areas[column] not in areas[matrix[row] == 1]]
        if sums:
            parts = sums[0].copy()
            parts[column] = 0
            made_of[column] = parts @ made_of
    return made_of, (block.matrix @ sparse.csr_matrix(made_of)).toarray()


def _parties(
    block: Block, made_of: np.ndarray, matrix: np.ndarray
) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]]:
    """Columns of each party, its own equations in them, and the numbers and the factors of those it shares with others."""
    areas = np.unique([cell[2] for cell in block.cells], return_inverse=True)[1]
    touched = matrix != 0
    inside = np.array([len(set(areas[row].tolist())) == 1 for row in touched])
    linked = sparse.csr_matrix(abs(matrix[inside]))
    number, label = sparse.csgraph.connected_components(linked.T @ linked, directed=False)
    label = np.where(made_of.diagonal() == 1, label, -1)
    for each in range(number):
        columns = np.flatnonzero(label == each)
        if 0 < len(columns) <= MOST_COUNTS:
            lines = touched[:, columns].any(axis=1)
            own, shared = np.flatnonzero(lines & inside), np.flatnonzero(lines & ~inside)
            yield columns, matrix[np.ix_(own, columns)], shared, matrix[np.ix_(shared, columns)]


@lru_cache(maxsize=4096)
def _changes(matrix: bytes, shape: tuple[int, int]) -> np.ndarray:
    """The changes by one person that equations allow, and that are not made of smaller ones."""
    allowed = _allowed(np.frombuffer(matrix, dtype=np.int64).reshape(shape))
    allowed = allowed[np.abs(allowed).sum(axis=1).argsort(kind="stable")]
    smallest = np.zeros((0, shape[1]), dtype=np.int64)
    for change in allowed[allowed.any(axis=1)]:
        inside = smallest[(np.abs(smallest) <= np.abs(change)).all(axis=1)]
        if not ((inside != change).any(axis=1) & (inside != -change).any(axis=1)).any():
            smallest = np.vstack([smallest, change])
    return smallest


def _allowed(matrix: np.ndarray) -> np.ndarray:
    """All changes by at most one person that the equations allow: an equation after the other, with the counts in it."""
    found, taken = np.zeros((1, 0), dtype=np.int64), np.zeros(0, dtype=np.int64)
    for equation in (*matrix, np.ones(matrix.shape[1], dtype=np.int64)):
        new = np.setdiff1d(np.flatnonzero(equation), taken)
        options = np.array(list(product((-1, 0, 1), repeat=len(new))), dtype=np.int64).reshape(3 ** len(new), len(new))
        found = np.hstack([np.repeat(found, len(options), axis=0), np.tile(options, (len(found), 1))])
        taken = np.concatenate([taken, new])
        found = found[~(found @ matrix[:, taken][_complete(matrix, taken)].T).any(axis=1)]
    return found[:, np.argsort(taken)]


def _complete(matrix: np.ndarray, taken: np.ndarray) -> np.ndarray:
    """The equations of which all counts are taken."""
    others = np.setdiff1d(np.arange(matrix.shape[1]), taken)
    return np.asarray(~(matrix[:, others] != 0).any(axis=1))
