"""All rows of one finding, for Excel and CSV."""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from decimal import Decimal
from itertools import islice
from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from quality.check import Check
from quality.engine import fields_of
from quality.labels import field_label, shown
from quality.models import FindingRow
from spreadsheets import Column, Sheet

AT_A_TIME = 2000


def sheet_of(check: Check, rows: QuerySet[FindingRow], *, origin: str, removed: str = "") -> Sheet:
    """The rows of a finding, what they are of, and from where. `removed` says why there are counts only, and how many rows there
    were; empty while the rows are there."""
    facts = {
        _("Kontroll"): str(check.title),
        _("Hva den betyr"): str(check.explanation),
        _("Slik retter du"): str(check.remedy),
        _("Gjelder"): origin,
        **({_("Rader"): removed} if removed else {}),
    }
    names = ("brukerNr", "tjenesteID", *check.fields)
    columns = [*(Column(field_label(name)) for name in names), Column(_("Ny siden sist"))]
    lines = iter([[removed]]) if removed else _lines(check, rows)
    return Sheet(name=_("Rader"), columns=columns, rows=lines, facts=facts, about=_("Om kontrollen"))


def _lines(check: Check, rows: QuerySet[FindingRow]) -> Iterator[list[Any]]:
    """One list of values for each row, with two queries for every 2000 of them."""
    found = rows.iterator(chunk_size=AT_A_TIME)
    while some := list(islice(found, AT_A_TIME)):
        for row, fields in zip(some, fields_of(check, some), strict=True):
            values = [_value(name, fields[name]) if fields else "" for name in check.fields]
            yield [row.user_ref, row.service_ref, *values, shown("", row.is_new)]


def _value(name: str, value: Any) -> Any:
    """Dates and numbers stay what they are; everything else becomes text."""
    is_number = isinstance(value, int | float | Decimal) and not isinstance(value, bool)
    if name != "tjenesteType" and (is_number or isinstance(value, datetime.date)):
        return value
    return shown(name, value)
