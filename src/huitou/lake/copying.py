"""Columns out of PostgreSQL: ``COPY`` as text, typed by Arrow, in batches of bounded size."""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import pyarrow as pa
import pyarrow.csv
from django.db import connection

# Bytes of text held at once; about 150,000 orders.
BATCH_BYTES = 16 * 1024 * 1024


@contextmanager
def copied_out(
    sql: str, parameters: Mapping[str, Any], schema: pa.Schema
) -> Iterator[Iterator[pa.RecordBatch]]:
    """The rows of ``sql`` in the types of ``schema``; the select list is in the schema's order.

    The COPY starts here, on the calling thread's connection, because the batches are usually drawn
    by a writer's own thread. An unquoted empty field is null and a quoted one the empty string, as
    ``COPY`` writes them. Raises ``pyarrow.ArrowInvalid`` when a value does not fit its type.
    """
    with (
        connection.cursor() as cursor,
        cursor.copy(f"COPY ({sql}) TO STDOUT (FORMAT csv)", dict(parameters)) as copy,
    ):
        yield _batches(copy, schema)


def _batches(copy: Iterable[Any], schema: pa.Schema) -> Iterator[pa.RecordBatch]:
    held: list[bytes] = []
    size = 0
    for block in copy:  # the server sends whole rows, one a block
        held.append(bytes(block))
        size += len(block)
        if size >= BATCH_BYTES:
            yield from _typed(held, schema)
            held, size = [], 0
    if held:
        yield from _typed(held, schema)


def _typed(blocks: list[bytes], schema: pa.Schema) -> Iterator[pa.RecordBatch]:
    table = pyarrow.csv.read_csv(
        io.BytesIO(b"".join(blocks)),
        read_options=pyarrow.csv.ReadOptions(column_names=schema.names),
        parse_options=pyarrow.csv.ParseOptions(newlines_in_values=True),
        convert_options=pyarrow.csv.ConvertOptions(
            column_types=schema,
            strings_can_be_null=True,
            quoted_strings_can_be_null=False,
            null_values=[""],
            true_values=["t"],
            false_values=["f"],
        ),
    )
    yield from table.to_batches()
