"""Seal every stored value anew under the current key, in batches.

A value under the current key is passed over, so a run that was stopped simply starts again. A
value that changes meanwhile keeps the change: it was sealed under the current key anyway.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
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


@dataclass(frozen=True)
class RowCopies:
    """A table that keeps rows of other tables as JSON objects, bytes in them as ``\\x…``.

    ``of`` is its column with the other table's name, ``row`` the one with the row.
    """

    table: str
    of: str
    row: str
    key: str = "id"


@dataclass(frozen=True)
class _Place:
    """Where seals of ``column`` lie: the column itself, or its place in a table of copies."""

    column: SealedColumn
    table: str
    key: str
    box: str  # an expression on t
    holds: str  # a condition on t
    put: str  # an assignment of n.box


_COLUMNS: set[SealedColumn] = set()
_COPIES: set[RowCopies] = set()


def register_sealed(column: SealedColumn) -> None:
    """Declare a column written with ``seal_many`` itself; ``SealedTextField``s are found alone."""
    _COLUMNS.add(column)


def register_copies(copies: RowCopies) -> None:
    """Declare a table that keeps rows with sealed columns, which are then sealed anew there too."""
    _COPIES.add(copies)


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
    """How many stored values are sealed under each key, in copies of rows too."""
    counts: dict[int, int] = {}
    for place in _places():
        with connection.cursor() as cursor:
            cursor.execute(
                f"SELECT substring({place.box} FROM %s FOR %s), count(*) FROM {place.table} t"
                f" WHERE {place.holds} GROUP BY 1",
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
    for place in _places():
        last: int | None = -(2**63)
        done = 0
        while last is not None:
            last, rows = _reseal_batch(place, after=last)
            done += rows
            progress(f"{place.column.table}.{place.column.column}", done)
        total += done
    return total


def _places() -> Iterator[_Place]:
    for c in sealed_columns():
        own = f't."{c.column}"'
        yield _Place(c, c.table, c.key, own, f"{own} IS NOT NULL", f'"{c.column}" = n.box')
        for copies in sorted(_COPIES, key=lambda copies: copies.table):
            text, mine = f"t.{copies.row}->>'{c.column}'", f"t.{copies.of} = '{c.table}'"
            yield _Place(
                c,
                copies.table,
                copies.key,
                # What other tables keep under the name of the column need not be bytes.
                f"CASE WHEN {mine} THEN decode(substring({text} FROM 3), 'hex') END",
                f"{mine} AND {text} IS NOT NULL",
                f"{copies.row} = jsonb_set(t.{copies.row}, '{{{c.column}}}', to_jsonb(n.box))",
            )


def _reseal_batch(place: _Place, *, after: int) -> tuple[int | None, int]:
    """Seal the next values anew; returns the last key looked at (None: no more) and how many."""
    c = place.column
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            f"SELECT t.{place.key}, {place.box} FROM {place.table} t"
            f" WHERE t.{place.key} > %s AND {place.holds}"
            f" AND substring({place.box} FROM 1 FOR %s) <> %s ORDER BY 1 LIMIT %s FOR UPDATE",
            [after, KEY_ID_AT + KEY_ID_BYTES, key_head(keyring().current), BATCH_ROWS],
        )
        found = cursor.fetchall()
        if not found:
            return None, 0
        keys = [key for key, _ in found]
        values = open_many([box for _, box in found], table=c.table, column=c.column)
        cursor.execute(
            f"UPDATE {place.table} t SET {place.put}"
            f" FROM unnest(%s::bigint[], %s::bytea[]) AS n (id, box)"
            f" WHERE t.{place.key} = n.id",
            [keys, seal_many(values, table=c.table, column=c.column)],
        )
    return keys[-1], len(keys)
