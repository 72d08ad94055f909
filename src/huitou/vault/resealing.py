"""Seal every stored value anew under the current key, in batches.

A value under the current key is passed over, so a run that was stopped simply starts again. A
value that changes meanwhile keeps the change: it was sealed under the current key anyway.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from django.apps import apps
from django.db import connection, transaction

from huitou.vault.fields import SealedTextField
from huitou.vault.keyring import keyring
from huitou.vault.sealing import KEY_ID_AT, KEY_ID_BYTES, key_head, open_many, seal_many

BATCH_ROWS = 5_000


@dataclass(frozen=True)
class SealedColumn:
    """A sealed bytea column and the bigint key of its table."""

    table: str
    column: str
    key: str = "id"


_COLUMNS: set[SealedColumn] = set()


def register_sealed(column: SealedColumn) -> None:
    """Declare a column written with ``seal_many`` itself; ``SealedTextField``s are found alone."""
    _COLUMNS.add(column)


def sealed_columns() -> list[SealedColumn]:
    """Every sealed column of the product, by table and column."""
    fields = {
        SealedColumn(model._meta.db_table, str(field.column), str(model._meta.pk.column))
        for model in apps.get_models()
        for field in model._meta.concrete_fields
        if isinstance(field, SealedTextField)
    }
    return sorted(fields | _COLUMNS, key=lambda c: (c.table, c.column))


def usage() -> dict[int, int]:
    """How many stored values are sealed under each key."""
    counts: dict[int, int] = {}
    for c in sealed_columns():
        with connection.cursor() as cursor:
            cursor.execute(
                f'SELECT substring("{c.column}" FROM %s FOR %s), count(*) FROM "{c.table}"'
                f' WHERE "{c.column}" IS NOT NULL GROUP BY 1',
                [KEY_ID_AT + 1, KEY_ID_BYTES],
            )
            for key_id, rows in cursor.fetchall():
                number = int.from_bytes(bytes(key_id), "big")
                counts[number] = counts.get(number, 0) + rows
    return counts


def reseal(progress: Callable[[str, int], None] = lambda name, done: None) -> int:
    """Bring every sealed value under the current key; returns how many were sealed anew.

    Each batch is a transaction of its own. Raises ``MissingKeyError`` when a value's key is gone;
    the values before it are done.
    """
    total = 0
    for column in sealed_columns():
        last: int | None = -(2**63)
        done = 0
        while last is not None:
            last, rows = _reseal_batch(column, after=last)
            done += rows
            progress(f"{column.table}.{column.column}", done)
        total += done
    return total


def _reseal_batch(c: SealedColumn, *, after: int) -> tuple[int | None, int]:
    """Seal the next values anew; returns the last key looked at (None: no more) and how many."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            f'SELECT "{c.key}", "{c.column}" FROM "{c.table}"'
            f' WHERE "{c.key}" > %s AND "{c.column}" IS NOT NULL'
            f' AND substring("{c.column}" FROM 1 FOR %s) <> %s ORDER BY 1 LIMIT %s FOR UPDATE',
            [after, KEY_ID_AT + KEY_ID_BYTES, key_head(keyring().current), BATCH_ROWS],
        )
        found = cursor.fetchall()
        if not found:
            return None, 0
        keys = [key for key, _ in found]
        values = open_many([box for _, box in found], table=c.table, column=c.column)
        cursor.execute(
            f'UPDATE "{c.table}" t SET "{c.column}" = n.box'
            f" FROM unnest(%s::bigint[], %s::bytea[]) AS n (id, box)"
            f' WHERE t."{c.key}" = n.id',
            [keys, seal_many(values, table=c.table, column=c.column)],
        )
    return keys[-1], len(keys)
