"""Since when one member stands in a file of rows: some reads of the file, however long it is.

Parquet is read by groups of a hundred thousand rows, and a member is in dozens of segments. The
rows of a file are therefore laid out once more beside it, as plain integers that are mapped into
memory: all members, ascending, then since when each. Whoever first asks of a file lays it out; as
files never change, it stays true as long as they are there.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable
from pathlib import Path

import numpy as np

from huitou.segments.rows import Rows


def since_in(path: Path, member_id: int, rows_of: Callable[[], Rows]) -> int | None:
    """``since`` of the member in the file at ``path``, whose rows ``rows_of`` reads.

    None when it does not name the member; ``LEFT`` when it says that the member left.
    """
    beside = path.with_suffix(".rows")
    if not beside.exists():
        _lay_out(beside, rows_of())
    if not beside.stat().st_size:  # nothing to map
        return None
    members, since = np.memmap(beside, np.int64, mode="r").reshape(2, -1)
    place = int(np.searchsorted(members, member_id))
    return int(since[place]) if place < members.size and members[place] == member_id else None


def _lay_out(path: Path, rows: Rows) -> None:
    # Another process may write the same: whoever is last replaces it with its equal.
    unnamed = path.with_name(f"{path.stem}.{secrets.token_hex(4)}")
    np.concatenate([rows.members, rows.since]).astype(np.int64).tofile(unnamed)
    os.replace(unnamed, path)
