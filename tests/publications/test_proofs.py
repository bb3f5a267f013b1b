"""What shows that a hidden count may as well be another, and to whom."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pytest
from scipy import sparse

from publications.disclosure_audit.detours import Detours
from publications.disclosure_audit.equations import Block
from publications.disclosure_audit.swaps import Swaps

WIDTH = 5
# Sums that are told, of the counts of five municipalities: the first moves only where the second and the fourth do, and one of the others.
RING = [("4601", "4602"), ("4602", "4603", "4605"), ("4603", "4605", "4604"), ("4604", "4601")]
TEN = dict.fromkeys(("4601", "4602", "4603", "4604", "4605"), 10)


def ring(counts: Mapping[str, int]) -> tuple[Block, np.ndarray]:
    areas = sorted(counts)
    matrix = np.array([[int(area in row) for area in areas] for row in RING])
    point = np.array([counts[area] for area in areas], dtype=float)
    cells = tuple(("i", 2023, area, "numerator", 1) for area in areas)
    return Block(cells, sparse.csr_matrix(matrix), matrix @ point), point


def test_a_detour_is_found_where_more_than_three_must_take_part() -> None:
    assert Swaps(*ring(TEN)).proof(0, WIDTH) is None
    proof = Detours(*ring(TEN)).proof(0, WIDTH)
    assert proof is not None and proof.high - proof.low == WIDTH


def test_a_detour_names_those_it_cannot_do_without() -> None:
    proof = Detours(*ring(TEN)).proof(0, WIDTH)
    assert proof is not None and proof.fails_against == {"4602", "4604"}
    another = Detours(*ring(TEN | {"4605": 0})).proof(0, 2 * WIDTH)
    assert another is not None and another.fails_against == {"4602", "4604"}


@pytest.mark.parametrize(
    ("counts", "walked"),
    [
        ({"4602": 2}, (3, 2)),  # up as far as the second goes down, and down for the rest
        ({"4602": 0, "4603": 1, "4605": 1}, None),
        ({"4602": 0, "4603": 4, "4605": 1}, (5, 0)),
    ],
)
def test_nobody_gives_more_persons_than_there_are(counts: dict[str, int], walked: tuple[int, int] | None) -> None:
    proof = Detours(*ring(TEN | counts)).proof(0, WIDTH)
    assert walked == (proof and (10 - proof.low, proof.high - 10))
