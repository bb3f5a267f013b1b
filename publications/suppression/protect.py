"""Protection: what of a family's counts may leave, given what has left before.

First each small number is hidden. Then the whole is attacked as outsiders would, and as each municipality would that
knows its own hidden figures; what leaks is mended by hiding more, until nothing leaks. Method and terms: what is called
primary and complementary suppression in statistical disclosure control.
"""

from __future__ import annotations

from collections.abc import Sequence, Set

import numpy as np

from publications.suppression.attack import Attack, Leak, owners
from publications.suppression.layout import Bools, Ints
from publications.suppression.linked_tables import ABSENT, Cells, Rows, lay_out, shown_cells
from publications.suppression.secondary import Repair
from publications.suppression.table import NATION, Counts, Name, Released, Rules, Shown, with_populations


class Unprotectable(Exception):
    """A figure that must be hidden follows from what earlier publications showed, whatever is hidden now."""


STANDARD = Rules()


def protect(now: Counts, earlier: Sequence[Released] = (), rules: Rules = STANDARD) -> dict[tuple[str, str], Shown]:
    """What may be shown of each indicator in each municipality that reported it, in their counties and in the nation.

    `earlier` are publications of the same family and year, oldest first. Raises Unprotectable, and ValueError for
    counts that cannot be (see `lay_out`).
    """
    now, before = with_populations(now), [with_populations(released.counts) for released in earlier]
    chains = [_Protector(lay_out([*before, now], codes), earlier, rules) for codes in now.family.chains]
    for each in chains:
        each.hide_small(now)
        each.keep_hidden()
    _agree(chains)
    while any([each.hide_what_leaks() for each in chains]) and _agree(chains):
        pass
    decision: dict[tuple[str, str], Shown] = {}
    for each in chains:
        decision |= _decision(each.cells, each.hidden, now)
    return decision


def _agree(chains: Sequence[_Protector]) -> bool:
    """Hide in each chain the counts that it shares with one that hides them. Returns whether any chain hides more than it did.

    What is safe in each chain is safe in all together. Where a change that nobody could tell moves a shared count, all below it is
    hidden in every chain, and can follow: who loses persons loses them somewhere, and who gains them gains them there.
    """
    changed = False
    while True:
        hidden = set().union(*(each.hidden_names for each in chains))
        if not any([each.hide_named(hidden) for each in chains]):
            return changed
        changed = True


class _Protector:
    def __init__(self, cells: Cells, earlier: Sequence[Released], rules: Rules) -> None:
        self.cells = cells
        self.rules = rules
        self.told, self.formerly_hidden = _history(cells, earlier)
        self.hidden = cells.none()
        self.attack = Attack(cells, rules.least_width)
        self.repair = Repair(self.attack, self.told)
        self.present = _present(cells)

    @property
    def known(self) -> Bools:
        return self.told | (self.present & ~self.hidden)

    # --- Shared counts ---------------------------------------------------------------------------------------------

    @property
    def hidden_names(self) -> set[tuple[str, Name]]:
        names = self.cells.layout.names
        return {
            (area, name)
            for area, row in self.cells.now.items()
            for cell, name in zip(row, names, strict=True)
            if self.hidden[cell]
        }

    def hide_named(self, hidden: Set[tuple[str, Name]]) -> bool:
        """Returns whether more is hidden than before."""
        before = int(self.hidden.sum())
        for area, row in self.cells.now.items():
            for column, name in enumerate(self.cells.layout.names):
                if (area, name) in hidden and not self.hidden[row[column]]:
                    self._hide(area, column)
        return int(self.hidden.sum()) > before

    # --- Small numbers ---------------------------------------------------------------------------------------------

    def hide_small(self, now: Counts) -> None:
        for area, row in self.cells.now.items():
            values = self.cells.value[list(row)]
            for code, split in self.cells.layout.splits.items():
                denominator, *shares = (int(values[column]) for column in (split.denominator, *split.share))
                if code in now.family.within:
                    if 0 < shares[1] < self.rules.least_count:
                        self._hide(area, split.complement)
                elif 0 < denominator < self.rules.least_count or now.is_unnamed(code, area):
                    self._hide(area, split.denominator)
                elif (denominator and (code, area) in now.withheld) or self._is_small(denominator, shares):
                    self._hide(area, split.numerator)

    def keep_hidden(self) -> None:
        """What an earlier publication hid, and none showed, stays hidden while it is the same cell."""
        self._hide_cells(np.flatnonzero(self.formerly_hidden & self.present))

    def _is_small(self, denominator: int, shares: Sequence[int]) -> bool:
        few = any(0 < share < self.rules.least_count for share in shares)
        return few or 0 < denominator < self.rules.least_denominator

    def _hide(self, area: str, column: int) -> None:
        """Hide a column, and with it what would tell it or would be told without it."""
        row = np.array(self.cells.now[area])
        self.hidden[row[self.cells.layout.followers[column]]] = True
        self.hidden[ABSENT] = False

    # --- What leaks ------------------------------------------------------------------------------------------------

    def hide_what_leaks(self) -> bool:
        """Until a whole round of attacks finds nothing. Each repair hides a cell more, so there is an end. Returns whether any did."""
        before = int(self.hidden.sum())
        self.attack.look(self.known)
        mended = True
        while mended:
            mended = any([self._mend(insider) for insider in (None, *owners(self.cells, self.known))])
        return int(self.hidden.sum()) > before

    def _mend(self, insider: int | None) -> bool:
        before = int(self.hidden.sum())
        while leak := self.attack.leak(self.known, insider):
            self._mend_leak(leak)
        return int(self.hidden.sum()) > before

    def _mend_leak(self, leak: Leak) -> None:
        remedy = self.repair.remedy(leak, self.known)
        if remedy is None:
            self._give_up(leak)
        else:
            self._hide_cells(remedy)

    def _hide_cells(self, chosen: Ints) -> None:
        wanted = self.cells.none()
        wanted[chosen] = True
        for area, row in self.cells.now.items():
            for column in np.flatnonzero(wanted[list(row)]).tolist():
                self._hide(area, column)
        self.attack.look(self.known)

    def _give_up(self, leak: Leak) -> None:
        """What leaked before this publication is not told by it; nor is what an insider adds up from own figures."""
        if leak.insider is None and not self.formerly_hidden[leak.cell]:
            raise Unprotectable(
                f"{_name(self.cells, leak.cell)} follows from earlier publications, whatever is hidden."
            )
        self.attack.forgive(leak)


def _history(cells: Cells, earlier: Sequence[Released]) -> tuple[Bools, Bools]:
    """What earlier publications told, and what else they held."""
    told, held = cells.none(), cells.none()
    told[ABSENT] = True
    for released, rows in zip(earlier, cells.publications, strict=False):
        told |= shown_cells(cells, rows, released.decision)
        held |= _in_rows(cells, rows)
    return told, held & ~told


def _present(cells: Cells) -> Bools:
    return _in_rows(cells, cells.now)


def _in_rows(cells: Cells, rows: Rows) -> Bools:
    found = cells.none()
    found[np.array(list(rows.values())).ravel()] = True
    return found


def _decision(cells: Cells, hidden: Bools, now: Counts) -> dict[tuple[str, str], Shown]:
    decision = {}
    for area, row in cells.now.items():
        for code, split in cells.layout.splits.items():
            if row[split.numerator] == ABSENT or code in now.family.within:
                continue
            share = Shown.DENOMINATOR if hidden[row[split.numerator]] else Shown.ALL
            decision[code, area] = Shown.NOTHING if hidden[row[split.denominator]] else share
    return decision


def _name(cells: Cells, cell: int) -> str:
    """The indicator and area of a cell of the present publication, for a reader of the register."""
    for area, row in cells.now.items():
        for code, split in cells.layout.splits.items():
            if cell in (row[split.numerator], row[split.complement], row[split.denominator]):
                return f"{code} of {'the nation' if area == NATION else area}"
    return "A figure"
