"""Proofs by linear programs where no exchange of two or three parties is found: a count is moved, and the others no more than they need.

What a program finds otherwise moves everything, and is a proof for nobody who knows one of the counts. Here few areas take part.
"""

from __future__ import annotations

from collections.abc import Collection
from math import floor

import numpy as np
from scipy import sparse
from scipy.optimize import linprog

from publications.disclosure_audit.equations import Block
from publications.disclosure_audit.programs import SLACK
from publications.disclosure_audit.proofs import Proofs, Walk

TRIFLE = 1e-4  # what it costs to move another count by a person, where the one asked for gains 1


class Detours(Proofs):
    """In one block; see the module."""

    def __init__(self, block: Block, point: np.ndarray) -> None:
        super().__init__(block, point)
        self._areas = np.array([cell[2] for cell in block.cells])

    def walk(self, column: int, width: int, without: Collection[str]) -> Walk:
        free = np.flatnonzero(~np.isin(self._areas, list(without)))
        up, with_up = self._furthest(column, 1, width, free)
        down, with_down = self._furthest(column, -1, width - up, free) if up < width else (0, frozenset())
        return Walk(down, up, with_up | with_down)

    def _furthest(self, column: int, sign: int, most: int, free: np.ndarray) -> tuple[int, frozenset[str]]:
        """Whole persons, and the areas that take part. Columns of the program: what is added to each count, then what is taken."""
        at, point = int(np.searchsorted(free, column)), np.array(self.point)[free]
        costs = np.full((2, len(free)), TRIFLE)
        costs[:, at] = -sign, sign
        limits = np.array([np.full(len(free), np.inf), point])
        limits[:, at] = np.minimum(limits[:, at], most)
        matrix = self.block.matrix[:, free]
        answer = linprog(
            costs.ravel(),
            A_eq=sparse.hstack([matrix, -matrix], format="csr"),
            b_eq=np.zeros(matrix.shape[0]),
            bounds=np.column_stack([np.zeros(limits.size), limits.ravel()]),
            method="highs",
        )
        if answer.status != 0:
            return 0, frozenset()
        added, taken = answer.x.reshape(2, -1)
        moved = np.abs(added - taken)
        return floor(moved[at] + SLACK), frozenset(self._areas[free[moved > SLACK]].tolist())
