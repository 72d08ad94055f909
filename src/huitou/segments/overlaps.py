"""Overlap of segments: who is in which of them at once, from the members their refreshes kept."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from huitou.brands.models import Brand
from huitou.insight.rules import divided
from huitou.kernel.errors import RefusedInputError
from huitou.segments import grounds
from huitou.segments.files import kept_by, members_sql
from huitou.segments.models import SegmentRefresh
from huitou.segments.parting import SUMS, Part, everybody, summed
from huitou.segments.queries import latest_refreshes, segment_by_slug

# Five sets have 31 intersections, as many as a picture can still show.
SEGMENTS_MIN, SEGMENTS_MAX = 2, 5


@dataclass(frozen=True)
class Chosen:
    """A segment put beside others, by its latest refresh."""

    slug: str
    name: str
    at: datetime
    refresh: SegmentRefresh


@dataclass(frozen=True)
class Intersection:
    """Members in exactly the segments ``inside`` (places) and in none of the others."""

    inside: tuple[int, ...]
    part: Part


@dataclass(frozen=True)
class Pair:
    """Two segments (places): how many are in both, of either (Jaccard), and of each.

    ``of_first`` is the share of the first that is in the second too.
    """

    first: int
    second: int
    both: int
    jaccard: float | None
    of_first: float | None
    of_second: float | None


@dataclass(frozen=True)
class Overlap:
    """``sizes`` by segment, every intersection that has a member (largest first), every pair."""

    chosen: tuple[Chosen, ...]
    sizes: tuple[Part, ...]
    intersections: tuple[Intersection, ...]
    pairs: tuple[Pair, ...]
    union: Part
    everybody: Part
    as_of: date
    refreshed_at: datetime

    def rule_of(self, inside: Sequence[int]) -> dict[str, Any]:
        """The rule of an intersection: in these segments, and in none of the others."""
        held = [{"segment": self.chosen[n].slug} for n in inside]
        others = [
            {"not": {"segment": one.slug}} for n, one in enumerate(self.chosen) if n not in inside
        ]
        return {"all": [*held, *others]}


def chosen_segments(brand: Brand, slugs: Sequence[str]) -> tuple[Chosen, ...]:
    """The segments in use of these slugs, each once, in their order.

    Raises ``RefusedInputError``: ``SEGMENT``, ``SEGMENTS`` when they are too few or too many,
    ``NOT_REFRESHED`` when nobody was ever looked for.
    """
    wanted = list(dict.fromkeys(slugs))
    if not SEGMENTS_MIN <= len(wanted) <= SEGMENTS_MAX:
        raise RefusedInputError("SEGMENTS", f"Choose {SEGMENTS_MIN} to {SEGMENTS_MAX} segments.")
    segments = [segment_by_slug(brand, slug) for slug in wanted]
    refreshes = latest_refreshes(segment.pk for segment in segments)
    missing = [segment.slug for segment in segments if segment.pk not in refreshes]
    if missing:
        raise RefusedInputError("NOT_REFRESHED", f"Refresh {', '.join(missing)} first.")
    return tuple(
        Chosen(segment.slug, segment.name, refresh.at, refresh)
        for segment in segments
        for refresh in (refreshes[segment.pk],)
    )


def memberships_sql(brand_id: int, chosen: Sequence[Chosen]) -> str:
    """Rows of (member_id, place) for the engine: who is in which of the segments."""
    return " UNION ALL ".join(
        f"SELECT member_id, {place}::TINYINT AS place"
        f" FROM ({members_sql(brand_id, one.refresh.segment_id, kept_by(one.refresh))})"
        for place, one in enumerate(chosen)
    )


def overlap(brand: Brand, slugs: Sequence[str]) -> Overlap:
    """The sizes of all intersections of two to five segments.

    Raises ``RefusedInputError`` as ``chosen_segments``, and ``NO_FIGURES``.
    """
    chosen = chosen_segments(brand, slugs)
    with grounds.opened(brand) as ground:
        rows = ground.connection.execute(
            f"SELECT held, {SUMS} FROM (SELECT member_id, sum(1 << place)::INTEGER AS held"
            f" FROM ({memberships_sql(brand.pk, chosen)}) GROUP BY member_id)"
            " LEFT JOIN people USING (member_id) GROUP BY held"
        ).fetchall()
        whole = everybody(ground)
    found = {held: Part(*sums) for held, *sums in rows}
    places = range(len(chosen))
    intersections = [
        Intersection(tuple(n for n in places if held >> n & 1), part)
        for held, part in found.items()
    ]
    return Overlap(
        chosen=chosen,
        sizes=tuple(_within(found, 1 << n) for n in places),
        intersections=tuple(sorted(intersections, key=lambda i: (-i.part.members, i.inside))),
        pairs=tuple(_pair(found, a, b) for a in places for b in places if a < b),
        union=summed(tuple(found.values())),
        everybody=whole,
        as_of=ground.as_of,
        refreshed_at=ground.refreshed_at,
    )


def _within(found: dict[int, Part], held: int) -> Part:
    """Who is in all the segments of the bits ``held``, whatever else they are in."""
    return summed([part for mask, part in found.items() if mask & held == held])


def _pair(found: dict[int, Part], first: int, second: int) -> Pair:
    both = _within(found, 1 << first | 1 << second).members
    a, b = (_within(found, 1 << place).members for place in (first, second))
    return Pair(
        first, second, both, divided(both, a + b - both), divided(both, a), divided(both, b)
    )
