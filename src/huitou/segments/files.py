"""The files of segments, beside the lake's tables. They hold ids alone.

``LAKE_ROOT/<brand>/segments/<segment>/<name>.parquet`` holds ``member_id`` and ``since``, sorted by
member. A refresh names its file in ``SegmentRefresh``; while nobody comes or goes it is the one
before. ``segments/holders`` keeps of whom a condition of PostgreSQL held.
"""

from __future__ import annotations

import hashlib
import os
import secrets
from datetime import datetime
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from huitou.lake import store
from huitou.segments.models import SegmentRefresh
from huitou.segments.rules import Holds

Ints = NDArray[np.int64]


def folder_of(brand_id: int, segment_id: int) -> Path:
    """Where the files of a segment lie."""
    return store.brand_root(brand_id) / "segments" / str(segment_id)


def standing_members(brand_id: int, segment_id: int) -> Ints:
    """Who is in the segment by its latest refresh, ascending."""
    latest = SegmentRefresh.objects.filter(segment_id=segment_id).order_by("-id").first()
    if latest is None:
        return np.array([], dtype=np.int64)
    path = folder_of(brand_id, segment_id) / latest.file
    return np.asarray(pq.read_table(path, columns=["member_id"])["member_id"].to_numpy())


def member_since(brand_id: int, segment_id: int, member_id: int) -> datetime | None:
    """When the member came into the segment; None for who is not in it by its latest refresh."""
    latest = SegmentRefresh.objects.filter(segment_id=segment_id).order_by("-id").first()
    if latest is None:
        return None
    path = folder_of(brand_id, segment_id) / latest.file
    rows = pq.read_table(path, filters=[("member_id", "=", member_id)])
    since: list[datetime] = rows["since"].to_pylist()
    return since[0] if since else None


def holders_kept(brand_id: int, atom: Holds) -> Ints | None:
    """Of whom a condition of PostgreSQL held at the last refresh that asked; None if none did."""
    path = _holders_file(brand_id, atom)
    if not path.exists():
        return None
    return np.asarray(pq.read_table(path)["member_id"].to_numpy())


def keep_holders(brand_id: int, atom: Holds, members: Ints) -> None:
    """Remember of whom the condition holds, for the next refresh."""
    path = _holders_file(brand_id, atom)
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_suffix(f".{secrets.token_hex(4)}")
    pq.write_table(pa.table({"member_id": members}), draft)
    os.replace(draft, path)


def _holders_file(brand_id: int, atom: Holds) -> Path:
    said = repr((atom.kind, atom.key, atom.tests)).encode()
    name = hashlib.sha256(said).hexdigest()[:32]
    return store.brand_root(brand_id) / "segments" / "holders" / f"{name}.parquet"
