"""Two versions of the figures beside each other: the members of whom they say otherwise."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from huitou.members.components import Ints
from huitou.segments.rows import contains


def differing(before: str, now: str, traits: Sequence[str]) -> tuple[pa.Table, pa.Table]:
    """The rows of two files of traits that the other lacks or has with another value.

    Both have ``member_id`` and ``traits`` and are ascending, as the files are. Columns are read one
    by one, so that memory holds two of them whatever many are compared.
    """
    old_ids, new_ids = _ids(before), _ids(now)
    old_shared, new_shared = _shared(new_ids, old_ids), _shared(old_ids, new_ids)
    moved = np.zeros(np.count_nonzero(new_shared), dtype=np.bool_)
    for name in traits:
        moved |= _moved(_column(before, name, old_shared), _column(now, name, new_shared))
    sides = []
    for path, ids, shared in ((before, old_ids, old_shared), (now, new_ids, new_shared)):
        chosen = ~shared
        chosen[shared] = moved
        columns = {name: _column(path, name, chosen) for name in traits}
        sides.append(pa.table({"member_id": ids[chosen], **columns}))
    return sides[0], sides[1]


def _shared(others: Ints, ids: Ints) -> NDArray[np.bool_]:
    """Of each of ``ids``, whether the other version has it."""
    if np.array_equal(others, ids):  # the usual case, and much cheaper to see
        return np.ones(ids.size, dtype=np.bool_)
    return contains(others, ids)


def _moved(old: pa.ChunkedArray, new: pa.ChunkedArray) -> NDArray[np.bool_]:
    """Of each pair of values, whether they differ; nothing is equal to nothing."""
    differ = pc.fill_null(pc.not_equal(old, new), False)
    return np.asarray(pc.or_(differ, pc.xor(pc.is_null(old), pc.is_null(new))))


def _ids(path: str) -> Ints:
    return np.asarray(_read(path, "member_id"))


def _column(path: str, name: str, chosen: NDArray[np.bool_]) -> pa.ChunkedArray:
    column = _read(path, name)
    return column if chosen.all() else column.filter(pa.array(chosen))


def _read(path: str, name: str) -> pa.ChunkedArray:
    return pq.ParquetFile(path, memory_map=True).read([name], use_threads=False)[name]
