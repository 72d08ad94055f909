"""The files of segments, beside the lake's tables. They hold ids alone.

``LAKE_ROOT/<brand>/segments/<segment>/`` holds files of ``member_id`` and ``since``, sorted by
member. A refresh names two in ``SegmentRefresh``: the base, and who moved since it was written
(``since`` is null for who left); while nobody moves they are those of the refresh before.
``segments/holders`` keeps of whom a condition of PostgreSQL held, also named by refreshes.
"""

from __future__ import annotations

import hashlib
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
from huitou.segments.models import Segment, SegmentRefresh
from huitou.segments.queries import latest_refreshes

Ints = NDArray[np.int64]

# Instants leave DuckDB as integers: its own conversion needs a package nothing else does.
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
KEEP_SECONDS = 3600


def folder_of(brand_id: int, segment_id: int) -> Path:
    """Where the files of a segment lie."""
    return store.brand_root(brand_id) / "segments" / str(segment_id)


@dataclass(frozen=True)
class Kept:
    """The files that say who is in a segment, and how many are; ``moved`` is '' for none."""

    base: str
    moved: str
    members: int


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
    refresh = latest_refreshes([segment_id]).get(segment_id)
    if refresh is None:
        return np.array([], dtype=np.int64)
    sql = members_sql(brand_id, segment_id, kept_by(refresh))
    with engine.cursor() as cursor:
        rows = cursor.execute(f"SELECT member_id FROM ({sql}) ORDER BY 1").fetchnumpy()
    return np.asarray(rows["member_id"])


def member_since(brand_id: int, segment_id: int, member_id: int) -> datetime | None:
    """When the member came into the segment; None for who is not in it by its latest refresh."""
    refresh = latest_refreshes([segment_id]).get(segment_id)
    if refresh is None:
        return None
    sql = members_sql(brand_id, segment_id, kept_by(refresh))
    with engine.cursor() as cursor:
        rows = cursor.execute(
            f"SELECT epoch_us(since) FROM ({sql}) WHERE member_id = {int(member_id)}"
        ).fetchall()
    return _EPOCH + timedelta(microseconds=rows[0][0]) if rows else None


def digest_of(value: object) -> str:
    """What a rule or condition is known by in files; equal ones have the same."""
    return hashlib.sha256(repr(value).encode()).hexdigest()


def read_holders(brand_id: int, name: str) -> Ints | None:
    """Of whom a condition of PostgreSQL held; None when the file is gone."""
    path = _holders_folder(brand_id) / name
    return np.asarray(pq.read_table(path)["member_id"].to_numpy()) if path.exists() else None


def write_holders(brand_id: int, members: Ints) -> str:
    """Keep of whom a condition of PostgreSQL holds; returns the name of the file."""
    folder = _holders_folder(brand_id)
    folder.mkdir(parents=True, exist_ok=True)
    name = new_name()
    pq.write_table(pa.table({"member_id": members}), folder / name)
    return name


def new_name() -> str:
    """A name no other file has."""
    return f"{secrets.token_hex(8)}.parquet"


def vacuum(brand_id: int, *, now: float) -> None:
    """Delete files that no segment's latest refresh names; ``now`` in seconds since 1970.

    Those younger than an hour stay: a refresh may be about to name them, or a reader at them.
    """
    segments = Segment.objects.filter(brand_id=brand_id).values_list("pk", flat=True)
    used: set[str] = set()
    for refresh in latest_refreshes(segments).values():
        used |= {refresh.base, refresh.moved, *refresh.held.values()}
    for path in (store.brand_root(brand_id) / "segments").glob("*/*.parquet"):
        if path.name not in used and path.stat().st_mtime < now - KEEP_SECONDS:
            path.unlink(missing_ok=True)


def _holders_folder(brand_id: int) -> Path:
    return store.brand_root(brand_id) / "segments" / "holders"
