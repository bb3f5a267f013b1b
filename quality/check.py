"""What a check is: one declaration, from which rows, counts, pages, documentation and the Excel sheet derive."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from django.db.models import Expression, Model, Q, QuerySet, Subquery
from django.utils.functional import Promise

from quality.models import Severity


@dataclass(frozen=True, kw_only=True, eq=False)
class Check:
    """One rule about one kind of row.

    `applies_to` and `violation` are conditions on `model`; a row offends when it meets both. Never cross a to-many
    relation in them with a plain Q (counts go wrong): use Exists. Reach the reporting period through the row:
    F("submission__period_end").

    `fields` are what a finding shows of the row: the message's own name -> a field of the model or an expression.
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
    applies_to: Q
    violation: Q
    fields: Mapping[str, str | Expression | Any] = field(default_factory=dict)
    across: bool = False

    @property
    def is_plain(self) -> bool:
        """Whether it looks at the row alone, so that it can share one scan with others."""
        return is_plain(self.applies_to) and is_plain(self.violation)


def is_plain(condition: Q) -> bool:
    return not any(isinstance(part, Subquery | QuerySet) for part in condition.flatten())
