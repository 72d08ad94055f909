"""What other rooms ask of segments."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db import connection
from django.db.models import Q, QuerySet

from huitou.brands.models import Brand, Staff
from huitou.eventlog.queries import first_subjects
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
    """A segment as its latest refresh left it (``at`` and ``as_of`` None before the first).

    ``entered`` and ``left`` count who moved at that refresh; ``problem`` is what is wrong with the
    rule. ``tag`` is what its members carry (``tag_name`` with its group before it, as rules and
    files call it; '' for none), ``is_tagged`` whether all of them do by now.
    """

    id: int
    slug: str
    name: str
    description: str
    keeping: str
    archived_at: datetime | None
    members: int
    sales_minor: int
    entered: int
    left: int
    as_of: date | None
    at: datetime | None
    problem: str
    tag_id: int | None = None
    tag: str = ""
    tag_name: str = ""
    is_tagged: bool = False


def segments_in_use(brand: Brand) -> list[SegmentView]:
    """Every segment in use, by slug."""
    return _views(Segment.objects.filter(brand=brand, archived_at=None))


def archived_segments(brand: Brand) -> list[SegmentView]:
    """Every segment out of use, by slug."""
    return _views(Segment.objects.filter(brand=brand, archived_at__isnull=False))


def segment_view(brand: Brand, slug: str) -> SegmentView | None:
    """The segment, in use or archived; None when the brand has none of that slug."""
    return next(iter(_views(Segment.objects.filter(brand=brand, slug=slug))), None)


def _views(segments: QuerySet[Segment]) -> list[SegmentView]:
    listed = list(segments.select_related("tag__group").order_by("slug"))
    last = latest_refreshes(segment.pk for segment in listed)
    return [_view(segment, last.get(segment.pk)) for segment in listed]


def _view(segment: Segment, last: SegmentRefresh | None) -> SegmentView:
    return SegmentView(
        id=segment.pk,
        slug=segment.slug,
        name=segment.name,
        description=segment.description,
        keeping=segment.keeping,
        archived_at=segment.archived_at,
        members=last.members if last else 0,
        sales_minor=last.sales_minor if last else 0,
        entered=last.entered if last else 0,
        left=last.left if last else 0,
        as_of=last.as_of if last else None,
        at=last.at if last else None,
        problem=segment.problem,
        tag_id=segment.tag_id,
        tag=segment.tag.name if segment.tag else "",
        tag_name=f"{segment.tag.group.name}/{segment.tag.name}" if segment.tag else "",
        is_tagged=last is not None and segment.tagged_by == last.pk,
    )


def segment_names(segment_ids: Iterable[int]) -> dict[int, tuple[str, str]]:
    """The slug and the name of segments, those out of use among them."""
    rows = Segment.objects.filter(pk__in=set(segment_ids)).values_list("pk", "slug", "name")
    return {pk: (slug, name) for pk, slug, name in rows}


@dataclass(frozen=True)
class SizePoint:
    """How many were in a segment after one refresh, and who moved at it."""

    at: datetime
    members: int
    entered: int
    left: int


def size_histories(segment_ids: Iterable[int], *, limit: int) -> dict[int, list[SizePoint]]:
    """The latest ``limit`` refreshes of each segment, oldest first."""
    found: dict[int, list[SizePoint]] = {}
    with connection.cursor() as cursor:
        cursor.execute(
            """
            select s.id, r.at, r.members, r.entered, r."left" from unnest(%s::bigint[]) s(id)
            cross join lateral (
              select id, at, members, entered, "left" from segments_segmentrefresh
              where segment_id = s.id order by id desc limit %s) r
            order by s.id, r.id
            """,
            [list(segment_ids), limit],
        )
        for segment, *values in cursor.fetchall():
            found.setdefault(segment, []).append(SizePoint(*values))
    return found


@dataclass(frozen=True)
class VersionView:
    """A rule a segment had, by whom ('' for the command line) and since when."""

    number: int
    rule: Any
    staff: str
    at: datetime


def segment_versions(segment_id: int, *, limit: int) -> list[VersionView]:
    """The latest versions of a segment's rule, newest first."""
    rows = SegmentVersion.objects.filter(segment=segment_id).select_related("staff")
    return [
        VersionView(row.number, row.rule, _called(row.staff), row.at)
        for row in rows.order_by("-number")[:limit]
    ]


def _called(staff: Staff | None) -> str:
    return staff.display_name or staff.username if staff else ""


@dataclass(frozen=True)
class Move:
    """Members who came into a segment or left it at one refresh; ``members`` are the first few."""

    kind: str  # entered or left
    at: datetime
    count: int
    members: tuple[int, ...]


def latest_moves(segment_id: int, *, limit: int, members_max: int) -> list[Move]:
    """Who came and went at the latest refreshes that moved somebody, newest first."""
    refreshes = SegmentRefresh.objects.filter(
        Q(entered__gt=0) | Q(left__gt=0), segment=segment_id
    ).order_by("-id")
    found = [
        (kind, refresh.at, count, event)
        for refresh in refreshes[:limit]
        for kind, count, event in (
            ("left", refresh.left, refresh.left_event),
            ("entered", refresh.entered, refresh.entered_event),
        )
        if count
    ][:limit]
    events = [event for _kind, _at, _count, event in found if event is not None]
    first = first_subjects(events, limit=members_max)
    return [Move(kind, at, count, first.get(event or 0, ())) for kind, at, count, event in found]
