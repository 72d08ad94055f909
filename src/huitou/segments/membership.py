"""Who is in a segment, since when: one Parquet file per change, beside the lake's tables.

``LAKE_ROOT/<brand>/segments/<segment>/<name>.parquet`` holds ``member_id`` and ``since``, sorted by
member. A refresh names its file in ``SegmentRefresh``; while nobody comes or goes it is the one
before. Files hold ids alone.
"""

from __future__ import annotations

from pathlib import Path

from huitou.lake import store
from huitou.segments.models import SegmentRefresh


def folder_of(brand_id: int, segment_id: int) -> Path:
    """Where the files of a segment lie."""
    return store.brand_root(brand_id) / "segments" / str(segment_id)


def latest_refresh(segment_id: int) -> SegmentRefresh | None:
    """The latest refresh; None before the first."""
    return SegmentRefresh.objects.filter(segment_id=segment_id).order_by("-id").first()


def standing_file(brand_id: int, segment_id: int) -> Path | None:
    """The file of who is in the segment now; None before its first refresh."""
    latest = latest_refresh(segment_id)
    return folder_of(brand_id, segment_id) / latest.file if latest else None
