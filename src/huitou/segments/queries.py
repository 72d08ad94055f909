"""What other rooms ask of segments."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from huitou.brands.models import Brand
from huitou.kernel.errors import RefusedInputError
from huitou.segments.models import Segment, SegmentRefresh, SegmentVersion


def segment_by_slug(brand: Brand, slug: str) -> Segment:
    """The segment in use; raises ``RefusedInputError``: ``SEGMENT``."""
    found = Segment.objects.filter(brand=brand, slug=slug, archived_at=None).first()
    if found is None:
        raise RefusedInputError("SEGMENT", f"The brand has no segment {slug!r} in use.")
    return found


def latest_versions(segment_ids: Iterable[int]) -> dict[int, SegmentVersion]:
    """The rule each segment has now."""
    versions = SegmentVersion.objects.filter(segment__in=list(segment_ids))
    newest = versions.order_by("segment_id", "-number").distinct("segment_id")
    return {version.segment_id: version for version in newest}


def latest_refreshes(segment_ids: Iterable[int]) -> dict[int, SegmentRefresh]:
    """The latest refresh of each segment; those never refreshed are left out."""
    refreshes = SegmentRefresh.objects.filter(segment__in=list(segment_ids))
    newest = refreshes.order_by("segment_id", "-id").distinct("segment_id")
    return {refresh.segment_id: refresh for refresh in newest}


@dataclass(frozen=True)
class SegmentView:
    """A segment in use, as its latest refresh left it (``at`` None before the first)."""

    slug: str
    name: str
    keeping: str
    members: int
    sales_minor: int
    at: datetime | None
    problem: str


def segments_in_use(brand: Brand) -> list[SegmentView]:
    """Every segment in use, by slug."""
    segments = list(Segment.objects.filter(brand=brand, archived_at=None).order_by("slug"))
    last = latest_refreshes(segment.pk for segment in segments)
    return [
        SegmentView(
            segment.slug,
            segment.name,
            segment.keeping,
            found.members if found else 0,
            found.sales_minor if found else 0,
            found.at if found else None,
            segment.problem,
        )
        for segment in segments
        for found in (last.get(segment.pk),)
    ]
