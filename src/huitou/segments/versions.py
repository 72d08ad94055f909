"""Two versions of the figures beside each other: the members of whom they say otherwise."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from huitou.segments.rows import contains

# Rows held of each file at a time.
_ROWS_AT_A_TIME = 1 << 17


def differing(before: str, now: str, traits: Sequence[str]) -> tuple[pa.Table, pa.Table]:
    """The rows of two files of traits that the other lacks or has with another value.

    Both have ``member_id`` and ``traits`` and are ascending, as the files are. The files are read
    once, in step, so that memory holds a piece of each and what differs.
    """
    columns = ["member_id", *traits]
    sides: tuple[list[pa.RecordBatch], list[pa.RecordBatch]] = ([], [])
    schema = pq.read_schema(now)
    schema = pa.schema([schema.field(name) for name in columns])
    for pair in _in_step(before, now, columns):
        ids = [np.asarray(piece["member_id"]) for piece in pair]
        shared = [contains(ids[1], ids[0]), contains(ids[0], ids[1])]
        old, new = (
            piece if here.all() else piece.filter(pa.array(here))
            for piece, here in zip(pair, shared, strict=True)
        )
        moved = np.zeros(old.num_rows, dtype=np.bool_)
        for name in traits:
            moved |= _moved(old[name], new[name])
        for side, piece, here in zip(sides, pair, shared, strict=True):
            chosen = ~here
            chosen[here] = moved
            side.append(piece.filter(pa.array(chosen)))
    before_rows, now_rows = (pa.Table.from_batches(side, schema) for side in sides)
    return before_rows, now_rows


def _moved(old: pa.Array, new: pa.Array) -> NDArray[np.bool_]:
    """Of each pair of values, whether they differ; nothing is equal to nothing."""
    differ = pc.fill_null(pc.not_equal(old, new), False)
    return np.asarray(pc.or_(differ, pc.xor(pc.is_null(old), pc.is_null(new))))


def _in_step(
    before: str, now: str, columns: Sequence[str]
) -> Iterator[tuple[pa.RecordBatch, pa.RecordBatch]]:
    """Pieces of both files, of the same stretch of members each."""
    pieces = [_pieces(path, columns) for path in (before, now)]
    old, new = (next(some) for some in pieces)
    while old.num_rows or new.num_rows:
        lasts = [piece["member_id"][-1].as_py() for piece in (old, new) if piece.num_rows]
        places = [
            int(np.searchsorted(np.asarray(piece["member_id"]), min(lasts), side="right"))
            for piece in (old, new)
        ]
        yield old.slice(0, places[0]), new.slice(0, places[1])
        old, new = (
            piece.slice(place) if place < piece.num_rows else next(some)
            for piece, place, some in zip((old, new), places, pieces, strict=True)
        )


def _pieces(path: str, columns: Sequence[str]) -> Iterator[pa.RecordBatch]:
    """A file piece by piece, and then without end pieces without rows."""
    file = pq.ParquetFile(path, memory_map=True)
    schema = file.schema_arrow
    yield from file.iter_batches(_ROWS_AT_A_TIME, columns=list(columns), use_threads=False)
    nothing = pa.RecordBatch.from_pylist([], pa.schema([schema.field(name) for name in columns]))
    while True:
        yield nothing
