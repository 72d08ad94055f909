"""The files of segments, beside the lake's tables. They hold ids alone.

``LAKE_ROOT/<brand>/segments/<segment>/`` holds files of ``member_id`` and ``since``, sorted by
member. A refresh names two in ``SegmentRefresh``: the base, and who moved since it was written
(``since`` is null for who left); while nobody moves they are those of the refresh before.
``segments/holders`` keeps of whom a condition of PostgreSQL held.
"""

from __future__ import annotations

import hashlib
import os
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from huitou.lake import engine, store
from huitou.lake.engine import quoted
from huitou.segments.models import SegmentRefresh
from huitou.segments.rules import Holds

Ints = NDArray[np.int64]

# Instants leave DuckDB as integers: its own conversion needs a package nothing else does.
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def folder_of(brand_id: int, segment_id: int) -> Path:
    """Where the files of a segment lie."""
    return store.brand_root(brand_id) / "segments" / str(segment_id)


@dataclass(frozen=True)
class Kept:
    """The files that say who is in a segment, and how many are; ``moved`` is '' for none."""

    base: str
    moved: str
    members: int


def latest(segment_id: int) -> SegmentRefresh | None:
    """The latest refresh of a segment; None before the first."""
    return SegmentRefresh.objects.filter(segment_id=segment_id).order_by("-id").first()


def kept_by(refresh: SegmentRefresh) -> Kept:
    """The files a refresh left."""
    return Kept(refresh.base, refresh.moved, refresh.members)


def members_sql(brand_id: int, segment_id: int, kept: Kept | None) -> str:
    """Rows of (member_id, since) of those who are in, for the engine; none without files."""
    if kept is None:
        return "SELECT NULL::BIGINT AS member_id, NULL::TIMESTAMPTZ AS since WHERE false"
    folder = folder_of(brand_id, segment_id)
    base = f"SELECT member_id, since FROM read_parquet({quoted(str(folder / kept.base))})"
    if not kept.moved:
        return base
    moved = f"read_parquet({quoted(str(folder / kept.moved))})"
    return (
        f"{base} ANTI JOIN (SELECT member_id FROM {moved}) moved USING (member_id)"
        f" UNION ALL SELECT member_id, since FROM {moved} WHERE since IS NOT NULL"
    )


def standing_members(brand_id: int, segment_id: int) -> Ints:
    """Who is in the segment by its latest refresh, ascending."""
    refresh = latest(segment_id)
    if refresh is None:
        return np.array([], dtype=np.int64)
    sql = members_sql(brand_id, segment_id, kept_by(refresh))
    with engine.cursor() as cursor:
        rows = cursor.execute(f"SELECT member_id FROM ({sql}) ORDER BY 1").fetchnumpy()
    return np.asarray(rows["member_id"])


def member_since(brand_id: int, segment_id: int, member_id: int) -> datetime | None:
    """When the member came into the segment; None for who is not in it by its latest refresh."""
    refresh = latest(segment_id)
    if refresh is None:
        return None
    sql = members_sql(brand_id, segment_id, kept_by(refresh))
    with engine.cursor() as cursor:
        rows = cursor.execute(
            f"SELECT epoch_us(since) FROM ({sql}) WHERE member_id = {int(member_id)}"
        ).fetchall()
    return _EPOCH + timedelta(microseconds=rows[0][0]) if rows else None


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
