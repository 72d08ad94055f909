"""Two versions of the figures and of the lake beside each other: what they say otherwise."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from huitou.lake import engine, store
from huitou.lake.registry import tables
from huitou.segments.grounds import Files
from huitou.segments.rows import contains

# Rows held of each file at a time.
_ROWS_AT_A_TIME = 1 << 16


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
        shared = [np.ones(some.size, dtype=np.bool_) for some in ids]
        if not np.array_equal(ids[0], ids[1]):
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
    yield from file.iter_batches(_ROWS_AT_A_TIME, columns=list(columns))
    nothing = pa.RecordBatch.from_pylist([], pa.schema([schema.field(name) for name in columns]))
    while True:
        yield nothing


# Files of a month, or of a table without months, that only one of two versions has.
Gone = list[str]
Fresh = list[str]


def replaced(
    brand_id: int, names: Iterable[str], before: Files, now: Files
) -> dict[str, list[tuple[Gone, Fresh]]] | None:
    """What differs between two versions of the lake, by table; None when files are no longer there.

    Files are paths to read.
    """
    found: dict[str, list[tuple[Gone, Fresh]]] = {}
    for name in names:
        old, new = set(before.get(name, ())), set(now.get(name, ()))
        folders: dict[str, tuple[Gone, Fresh]] = {}
        for side, files in enumerate((old - new, new - old)):
            for path in store.absolute(brand_id, {name: sorted(files)})[name]:
                folders.setdefault(os.path.dirname(path), ([], []))[side].append(path)
        found[name] = list(folders.values())
    gone = [path for pairs in found.values() for pair in pairs for path in pair[0]]
    return found if all(map(os.path.exists, gone)) else None


def differing_facts(
    table: str, pairs: Sequence[tuple[Gone, Fresh]], columns: Sequence[str], where: str = ""
) -> str:
    """SQL of the rows, by ``columns``, that only one of two versions has; '' without files.

    A row that one version has once more than the other is one of them.
    """
    listed = ", ".join(columns)
    moved = [_not_in_place(table, *pair, listed, where) for pair in pairs]
    if not moved:
        return ""
    return (
        f"SELECT {listed} FROM ({' UNION ALL '.join(moved)}) WHERE times IS NOT NULL"
        f" GROUP BY {listed} HAVING sum(times) <> 0"
    )


def _not_in_place(table: str, gone: Gone, fresh: Fresh, listed: str, where: str) -> str:
    """The rows of two versions of a month without those that are the same in the same place.

    The lake writes them in the order of their keys: most have kept their place, and to hold these
    against each other is much less than to count them all. The shorter side is filled up with rows
    without ``times``, which is -1 or 1 elsewhere.
    """
    old, new = (
        f"SELECT {listed}, {times} AS times"
        f" FROM ({engine.rows_sql(tables()[table], paths)}) {where}"
        for times, paths in ((-1, gone), (1, fresh))
    )
    differs = " OR ".join(f"o.{name} IS DISTINCT FROM n.{name}" for name in listed.split(", "))
    return (
        f"SELECT unnest([o, n], recursive := true) FROM ({old}) o POSITIONAL JOIN ({new}) n"
        f" WHERE o.times IS NULL OR n.times IS NULL OR {differs}"
    )
