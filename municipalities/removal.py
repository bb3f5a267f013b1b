"""Removing rows that are no longer needed: a batch at a time, so that no reader waits, with counts that prove it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.db import connection, transaction
from django.db.models import Model, QuerySet

BATCH_ROWS = 20_000
DELETE_RANGE = "DELETE FROM {table} WHERE id >= %s AND id < %s AND {column} = %s"
DELETE_SOME = "DELETE FROM {table} WHERE ctid = ANY(ARRAY(SELECT ctid FROM {table} WHERE {column} = ANY(%s) LIMIT %s))"


@dataclass(frozen=True)
class Removed:
    """Rows of one table that were to go: how many there were, and how many are left, counted afterwards."""

    table: str
    before: int
    after: int


def remove(rows: QuerySet[Any]) -> Removed:
    """With all that hangs on them."""
    table, before = rows.model._meta.db_table, rows.count()
    while keys := list(rows.order_by("pk").values_list("pk", flat=True)[:BATCH_ROWS]):
        rows.model._base_manager.filter(pk__in=keys).delete()
    return Removed(table, before, rows.count())


def remove_range(model: type[Model], column: str, owner: int, first: int, last: int) -> Removed:
    """The rows of one owner, whose primary keys lie from `first` to `last`. Nothing may hang on them."""
    table = model._meta.db_table
    rows = model._base_manager.filter(**{column: owner})
    before = rows.count()
    for start in range(first, last + 1, BATCH_ROWS):
        _delete(DELETE_RANGE.format(table=table, column=column), [start, start + BATCH_ROWS, owner])
    return Removed(table, before, rows.count())


def remove_of(model: type[Model], column: str, owners: list[int]) -> Removed:
    """The rows of some owners, by an index that begins with the owner. Nothing may hang on them."""
    table = model._meta.db_table
    rows = model._base_manager.filter(**{f"{column}__in": owners})
    before = rows.count()
    statement = DELETE_SOME.format(table=table, column=column)
    while owners and _delete(statement, [owners, BATCH_ROWS]):
        pass
    return Removed(table, before, rows.count())


def _delete(statement: str, parameters: list[Any]) -> int:
    """Each batch is committed on its own."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        return int(cursor.rowcount)


def as_details(removed: Iterator[Removed] | list[Removed]) -> dict[str, Any]:
    """For the log."""
    return {each.table: {"before": each.before, "after": each.after} for each in removed}
