"""Who came and went: those found beside those of before, within a session."""

from __future__ import annotations

import secrets
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from huitou.insight import snapshots
from huitou.lake.engine import quoted
from huitou.segments.changes import CANDIDATES
from huitou.segments.files import folder_of
from huitou.segments.grounds import FOUND, Ground
from huitou.segments.models import SegmentRefresh

Ints = NDArray[np.int64]

# Who was in, who is, in the session.
_BEFORE, _AFTER = "was_in", "is_in"


def file_of(brand_id: int, segment_id: int, refresh: SegmentRefresh | None) -> Path | None:
    """The file of who was in the segment after a refresh; None before the first."""
    return folder_of(brand_id, segment_id) / refresh.file if refresh else None


def compare(ground: Ground, before: Path | None, *, some: bool) -> None:
    """Put those found beside those of before; with ``some`` only the candidates were judged."""
    connection = ground.connection
    rows = (
        f"SELECT member_id, since FROM read_parquet({quoted(str(before))})"
        if before
        else "SELECT NULL::BIGINT AS member_id, NULL::TIMESTAMPTZ AS since WHERE false"
    )
    connection.execute(f"CREATE OR REPLACE TEMP TABLE {_BEFORE} AS {rows}")
    stays = (
        f" UNION ALL SELECT member_id, since FROM {_BEFORE}"
        f" WHERE member_id NOT IN (SELECT member_id FROM {CANDIDATES})"
        if some
        else ""
    )
    at = f"TIMESTAMPTZ {quoted(ground.at.instant.isoformat())}"
    connection.execute(
        f"CREATE OR REPLACE TEMP TABLE {_AFTER} AS"
        f" SELECT f.member_id, coalesce(b.since, {at}) AS since"
        f" FROM {FOUND} f LEFT JOIN {_BEFORE} b USING (member_id){stays}"
    )


def moves(ground: Ground) -> tuple[Ints, Ints, int]:
    """After ``compare``: who entered, who left (both ascending), and how many are in."""
    connection = ground.connection
    entered, left = (
        connection.execute(
            f"SELECT member_id FROM {there} ANTI JOIN {here} USING (member_id) ORDER BY 1"
        ).fetchnumpy()["member_id"]
        for there, here in ((_AFTER, _BEFORE), (_BEFORE, _AFTER))
    )
    members = connection.execute(f"SELECT count(*) FROM {_AFTER}").fetchall()[0][0]
    return np.asarray(entered), np.asarray(left), int(members)


def sales(ground: Ground, figures: str) -> int:
    """After ``compare``: what those who are in spent in all."""
    folder = snapshots.snapshots_root(ground.brand_id) / figures
    traits = quoted(str(folder / snapshots.TRAITS_FILE))
    found = ground.connection.execute(
        f"SELECT coalesce(sum(monetary_minor), 0)::BIGINT FROM read_parquet({traits})"
        f" SEMI JOIN {_AFTER} USING (member_id)"
    ).fetchall()
    return int(found[0][0])


def write(ground: Ground, segment_id: int) -> str:
    """After ``compare``: keep who is in; returns the name of the file."""
    folder = folder_of(ground.brand_id, segment_id)
    folder.mkdir(parents=True, exist_ok=True)
    name = f"{secrets.token_hex(8)}.parquet"
    ground.connection.execute(
        f"COPY (SELECT * FROM {_AFTER} ORDER BY member_id)"
        f" TO {quoted(str(folder / name))} (FORMAT parquet)"
    )
    return name
