"""What an indicator is: two conditions and words. Suppression of small numbers is not its business."""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from functools import cached_property

from django.db.models import Model, Q
from django.utils.functional import Promise

from submissions.models import Topic


@dataclass(frozen=True, kw_only=True, eq=False)
class CountedPopulation:
    """Whom several indicators count below the line: `members` is a condition on Person. `within` is the population that this
    one is a part of. What is published of one indicator tells of the others', so they are protected together."""

    code: str
    members: Q
    within: CountedPopulation | None = None


@dataclass(frozen=True, kw_only=True, eq=False)
class Indicator:
    """One national quality indicator (NKI) that the register can carry.

    `denominator` and `numerator` are conditions on `model`, each within its submission; a row counts above the line when
    it meets both. `of` is the indicator whose numerator is this one's denominator; then `denominator` adds to it.
    `population` is the denominator, where other indicators have the same one, a part of it, or one that it is a part of.
    `topic` is the question that the numerator asks, None where it is told by dates. `missing` are the rows below the line where
    it is not answered: what they would have answered bounds the value. Who is neither above the line nor missing answered no,
    or too long ago.
    `given_by` tells which of a person's services tie the person to a unit.
    `checks` are the codes of checks whose findings move the value. `least_inhabitants`: a municipality with no more than these
    is not published by name (the indicator's finest public level), whatever its numbers.
    Raise `version` when the meaning changes: results of another version are computed anew.
    """

    code: str
    version: int
    model: type[Model]
    title: str | Promise
    short_title: str | Promise
    why_it_matters: str | Promise
    cannot_tell: str | Promise
    numerator_text: str | Promise
    denominator_text: str | Promise
    higher_is_better: bool | None
    denominator: Q = Q()  # noqa: RUF009  (never changed: Q is combined into new ones)
    numerator: Q
    given_by: Q
    topic: Topic | None = None
    missing: Q | None = None
    of: Indicator | None = None
    population: CountedPopulation | None = None
    checks: tuple[str, ...] = ()
    least_inhabitants: int = 0
    source: str
    reviewed: datetime.date
    next_review: datetime.date

    @cached_property
    def root(self) -> Indicator:
        """The first of the chain that this one stands in."""
        return self.of.root if self.of else self

    @cached_property
    def below(self) -> Q:
        """The whole condition of the denominator, through the chain."""
        if self.of:
            return self.of.above & self.denominator
        return self.population.members & self.denominator if self.population else self.denominator

    @cached_property
    def above(self) -> Q:
        """The whole condition of the numerator."""
        return self.below & self.numerator
