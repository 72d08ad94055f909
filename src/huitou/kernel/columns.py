"""Columns of Arrow tables on their way into PostgreSQL."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Any, Protocol

import pyarrow as pa
from pyarrow import csv as pa_csv


class CopyCursor(Protocol):
    """What is needed of a psycopg cursor (Django's cursor passes ``copy`` through)."""

    def copy(self, statement: str) -> Any:
        """Start a COPY."""


def copy_in(cursor: CopyCursor, table: str, rows: pa.Table, columns: Sequence[str]) -> None:
    """COPY ``columns`` of ``rows`` into ``table``, whose columns have the same names.

    Nulls stay null and empty text stays empty; timestamps must carry a zone. The caller vouches
    for ``table`` and ``columns``: they are names in our own code, never input.
    """
    if rows.num_rows == 0:
        return
    buffer = io.BytesIO()
    # Quoting tells '' from null in COPY's CSV; Arrow quotes every text and leaves nulls bare.
    pa_csv.write_csv(rows.select(list(columns)), buffer, pa_csv.WriteOptions(include_header=False))
    names = ", ".join(f'"{name}"' for name in columns)
    with cursor.copy(f"copy {table} ({names}) from stdin (format csv)") as copy:
        copy.write(buffer.getbuffer())


def text_column(size: int, value: str | None = None) -> pa.Array:
    """A text column of ``size`` equal values.

    >>> text_column(2, "a").to_pylist()
    ['a', 'a']
    """
    return pa.array([value], pa.string()).take(pa.array([0] * size, pa.int32()))
