"""What a check is: one declaration, from which rows, counts, pages, documentation and the Excel sheet derive."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db.models import Expression, Model, Q, QuerySet, Subquery
from django.utils.functional import Promise

from quality.models import Severity
from submissions.models import Submission


@dataclass(frozen=True)
class Judged:
    """The submissions whose rows are judged: one, or several of the same year."""

    submissions: int | Sequence[int] | QuerySet[Submission]

    def filter(self, path: str = "submission") -> dict[str, Any]:
        """What picks their rows; `path` is the path from a row to its submission."""
        return {path if isinstance(self.submissions, int) else f"{path}__in": self.submissions}


Condition = Q | Callable[[Judged], Q]
# Of a submission's persons (their keys): each of their rows' key, and what is told of it by the rows beside it.
Beside = Callable[[int, Sequence[int]], QuerySet[Any]]


@dataclass(frozen=True, kw_only=True, eq=False)
class Check:
    """One rule about one kind of row.

    `applies_to` and `violation` are conditions on `model`; a row offends when it meets both. Never cross a to-many
    relation in them with a plain Q (counts go wrong): use Exists. Reach the reporting period through the row:
    F("submission__period_end"). A condition that compares rows of one kind with each other is a function of what is judged: it asks
    for rows with a window over the judged rows alone, because asking row by row for the others grows with the square.

    `fields` are what a finding shows of the row: the message's own name -> a field of the model, an expression, or what rows beside
    it tell (`Beside`), which is asked of all the persons of a page at once.
    `given_by` tells which of a person's services make a finding about the person, or about an answer, their giver's to
    correct: conditions on Service, none for any service. A finding about a service is its own giver's.
    `remedy` says what to do in the record system. Raise `version` when the meaning changes.
    `across` marks a check that looks at other submissions: the daily refresh runs it again for all of them.
    """

    code: str
    version: int
    model: type[Model]
    severity: Severity
    title: str | Promise
    explanation: str | Promise
    remedy: str | Promise
    applies_to: Condition
    violation: Condition
    given_by: Q = field(default_factory=Q)
    fields: Mapping[str, str | Expression | Beside | Any] = field(default_factory=dict)
    across: bool = False

    @property
    def is_plain(self) -> bool:
        """Whether it looks at the row alone, so that it can share one scan with others."""
        return is_plain(self.applies_to) and is_plain(self.violation)

    def applicable(self, judged: Judged) -> Q:
        """What a row that it applies to meets."""
        return resolved(self.applies_to, judged)

    def offending(self, judged: Judged) -> Q:
        """What an offending row meets."""
        return resolved(self.applies_to, judged) & resolved(self.violation, judged)


def resolved(condition: Condition, judged: Judged) -> Q:
    return condition if isinstance(condition, Q) else condition(judged)


def is_plain(condition: Condition) -> bool:
    return isinstance(condition, Q) and not any(isinstance(part, Subquery | QuerySet) for part in condition.flatten())
