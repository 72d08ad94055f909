"""Traits of single members in a fraction of a millisecond.

The snapshot's Parquet is read by groups of a hundred thousand rows, which takes some milliseconds
however few are wanted. The columns asked for are therefore laid out once more beside it, as plain
arrays in a file that is mapped into memory: every process shares its pages, and it goes with the
snapshot. Whoever first asks for other columns, or of a newer snapshot, waits until it is written.
"""

from __future__ import annotations

import hashlib
import os
import secrets
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from huitou.insight.snapshots import Snapshot
from huitou.lake import engine
from huitou.lake.engine import quoted

# Files a process keeps mapped; a brand in use asks by a few sets of columns.
_MAPPED_KEPT = 64


def rows_by_member(
    snapshot: Snapshot, member_ids: Sequence[int], columns: str
) -> dict[int, tuple[Any, ...]]:
    """The values of ``columns`` (as a SELECT of the traits lists them) of members.

    Those the snapshot lacks are left out.
    """
    digest = hashlib.sha256(columns.encode()).hexdigest()[:16]
    path = Path(snapshot.folder) / f"keyed-{digest}.arrow"
    if not path.exists():
        _write(path, snapshot.traits_path, columns)
    members, table = _mapped(str(path))
    wanted = np.array(sorted(set(member_ids)), dtype=np.int64)
    places = np.searchsorted(members, wanted)
    found = {}
    for member, place in zip(wanted.tolist(), places.tolist(), strict=True):
        if place < members.size and members[place] == member:
            found[member] = tuple(column[place].as_py() for column in table.columns[1:])
    return found


@lru_cache(maxsize=_MAPPED_KEPT)
def _mapped(path: str) -> tuple[np.ndarray[Any, np.dtype[np.int64]], pa.Table]:
    """The members of a file, ascending, and its table; neither is read before it is looked at."""
    table = pa.ipc.open_file(pa.memory_map(path)).read_all()
    return table["member_id"].chunk(0).to_numpy() if table.num_rows else np.array([]), table


def _write(path: Path, traits_path: str, columns: str) -> None:
    sql = f"SELECT member_id, {columns} FROM read_parquet({quoted(traits_path)}) ORDER BY member_id"
    with engine.cursor() as connection:
        table = connection.sql(sql).to_arrow_table().combine_chunks()
    # Another process may write the same: whoever is last replaces it with its equal.
    beside = path.with_name(f"{path.name}.{secrets.token_hex(4)}")
    with pa.ipc.new_file(str(beside), table.schema) as file:
        file.write_table(table)
    os.replace(beside, path)
