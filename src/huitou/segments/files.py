"""The files of segments, beside the lake's tables. They hold ids alone.

``LAKE_ROOT/<brand>/segments/<segment>/`` holds files of ``member_id`` and ``since``, sorted by
member. A refresh names two in ``SegmentRefresh``: the base, and who moved since it was written
(``since`` is null for who left); while nobody moves they are those of the refresh before. Beside a
base lie its members as bits (``segments.bits``), so that a hundred audiences are looked into in
some hundredths of a second.
``segments/holders`` keeps of whom a condition of PostgreSQL held, also named by refreshes.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from huitou.lake import store
from huitou.lake.engine import quoted
from huitou.members.components import Ints
from huitou.segments import bits
from huitou.segments.lookups import since_in
from huitou.segments.models import Segment, SegmentRefresh
from huitou.segments.queries import latest_refreshes
from huitou.segments.rows import LEFT, Rows, contains, standing

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


def microseconds(instant: datetime) -> int:
    """``instant`` as files keep it.

    >>> microseconds(datetime(1970, 1, 1, 0, 0, 1, 5, tzinfo=UTC))
    1000005
    """
    return (instant - _EPOCH) // timedelta(microseconds=1)


def were_in(brand_id: int, segment_id: int, kept: Kept, members: Ints) -> NDArray[np.bool_]:
    """Of each of ``members`` (ascending), whether it is in by the files."""
    folder = folder_of(brand_id, segment_id)
    try:
        base = bits.read(folder / _bits_of(kept.base))
    except FileNotFoundError:  # a base of before there were bits
        base = bits.bits_of(read_rows(brand_id, segment_id, kept.base).members)
    moved = read_rows(brand_id, segment_id, kept.moved)
    untouched = bits.among(base, members) & ~contains(moved.members, members)
    return untouched | contains(moved.members[moved.since != LEFT], members)


def read_rows(brand_id: int, segment_id: int, name: str) -> Rows:
    """The rows of a file; none for ''."""
    if not name:
        return Rows.nothing()
    table = pq.ParquetFile(folder_of(brand_id, segment_id) / name).read(use_threads=False)
    since = table["since"].cast(pa.int64()).fill_null(LEFT)
    return Rows(np.asarray(table["member_id"].to_numpy()), np.asarray(since.to_numpy()))


def write_base(brand_id: int, segment_id: int, rows: Rows) -> str:
    """Keep who is in as a new base; returns its name."""
    name = write_rows(brand_id, segment_id, rows)
    bits.write(folder_of(brand_id, segment_id) / _bits_of(name), rows.members)
    return name


def write_rows(brand_id: int, segment_id: int, rows: Rows) -> str:
    """Keep rows in a new file; returns its name."""
    folder = folder_of(brand_id, segment_id)
    folder.mkdir(parents=True, exist_ok=True)
    since = pa.array(rows.since, pa.int64(), mask=rows.since == LEFT)
    table = pa.table({"member_id": rows.members, "since": since.cast(pa.timestamp("us", "UTC"))})
    name = new_name()
    pq.write_table(
        table,
        folder / name,
        use_dictionary=["since"],
        column_encoding={"member_id": "DELTA_BINARY_PACKED"},
    )
    return name


def standing_members(brand_id: int, segment_id: int) -> Ints:
    """Who is in the segment by its latest refresh, ascending."""
    refresh = latest_refreshes([segment_id]).get(segment_id)
    return standing_rows(brand_id, segment_id, kept_by(refresh) if refresh else None).members


def standing_rows(brand_id: int, segment_id: int, kept: Kept | None) -> Rows:
    """Who is in by the files, and since when; nobody without files."""
    if kept is None:
        return Rows.nothing()
    base = read_rows(brand_id, segment_id, kept.base)
    return standing(base, read_rows(brand_id, segment_id, kept.moved))


def standing_among(brand_id: int, segment_id: int, members: Ints) -> Ints:
    """Those of ``members`` (ascending) who are in the segment by its latest refresh."""
    refresh = latest_refreshes([segment_id]).get(segment_id)
    if refresh is None:
        return members[:0]
    return members[were_in(brand_id, segment_id, kept_by(refresh), members)]


def member_since(
    brand_id: int, segment_ids: Collection[int], member_id: int
) -> dict[int, datetime]:
    """When the member came into each segment; those without the member are left out.

    By their latest refreshes, in one statement and some reads of files for each segment.
    """
    found: dict[int, datetime] = {}
    for segment_id, refresh in latest_refreshes(segment_ids).items():
        # Who moved since the base was written stands where it says.
        since = _since(brand_id, segment_id, refresh.moved, member_id)
        if since is None:
            since = _since(brand_id, segment_id, refresh.base, member_id)
        if since is not None and since != LEFT:
            found[segment_id] = _EPOCH + timedelta(microseconds=since)
    return found


def _since(brand_id: int, segment_id: int, name: str, member_id: int) -> int | None:
    if not name:
        return None
    path = folder_of(brand_id, segment_id) / name
    return since_in(path, member_id, lambda: read_rows(brand_id, segment_id, name))


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


def _bits_of(base: str) -> str:
    return f"{base.removesuffix('.parquet')}.bits"


def vacuum(brand_id: int, *, now: float) -> None:
    """Delete files that no segment's latest refresh names; ``now`` in seconds since 1970.

    Those younger than an hour stay: a refresh may be about to name them, or a reader at them.
    """
    segments = Segment.objects.filter(brand_id=brand_id).values_list("pk", flat=True)
    used: set[str] = set()
    for refresh in latest_refreshes(segments).values():
        used |= {refresh.base, refresh.moved, *refresh.held.values()}
    # What lies beside a file goes with it.
    stems = {name.partition(".")[0] for name in used}
    for path in (store.brand_root(brand_id) / "segments").glob("*/*.*"):
        if path.name.partition(".")[0] not in stems and path.stat().st_mtime < now - KEEP_SECONDS:
            path.unlink(missing_ok=True)


def _holders_folder(brand_id: int) -> Path:
    return store.brand_root(brand_id) / "segments" / "holders"
