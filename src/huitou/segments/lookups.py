"""Since when one member stands in a file of rows: some reads of the file, however long it is.

Parquet is read by groups of a hundred thousand rows, and a member is in dozens of segments. The
rows of a file are therefore laid out once more beside it, as plain integers that are mapped into
memory: all members, ascending, then since when each. Whoever first asks of a file lays it out; as
files never change, it stays true as long as they are there.
"""

from __future__ import annotations

import os
import secrets
from bisect import bisect_left
from collections.abc import Callable, Sequence
from mmap import ACCESS_READ, mmap
from pathlib import Path

import numpy as np

from huitou.segments.rows import Rows


def since_in(path: Path, member_id: int, rows_of: Callable[[], Rows]) -> int | None:
    """``since`` of the member in the file at ``path``, whose rows ``rows_of`` reads.

    None when it does not name the member; ``LEFT`` when it says that the member left.
    """
    beside = path.with_suffix(".rows")
    try:
        rows = _mapped(beside)
    except FileNotFoundError:
        _lay_out(beside, rows_of())
        rows = _mapped(beside)
    count = len(rows) // 2
    place = bisect_left(rows, member_id, 0, count)
    return rows[count + place] if place < count and rows[place] == member_id else None


def _mapped(path: Path) -> Sequence[int]:
    with path.open("rb") as file:
        if not os.fstat(file.fileno()).st_size:  # nothing to map
            return []
        return memoryview(mmap(file.fileno(), 0, access=ACCESS_READ)).cast("q")


def _lay_out(path: Path, rows: Rows) -> None:
    # Another process may write the same: whoever is last replaces it with its equal.
    unnamed = path.with_name(f"{path.stem}.{secrets.token_hex(4)}")
    np.concatenate([rows.members, rows.since]).astype(np.int64).tofile(unnamed)
    os.replace(unnamed, path)
