"""The tags segments put: carried by whoever is in by the latest refresh, and by nobody for longer.

A refresh keeps who is in, then brings the tags in line. Both compare sets, in steps that are kept
one by one, so what a kill leaves half done the next refresh finishes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from functools import partial

from django.db import connection, transaction
from django.db.models import F, OuterRef, Q, Subquery

from huitou.brands.models import Brand
from huitou.members.components import Ints
from huitou.members.models import TagSource
from huitou.members.rule_tags import (
    RuleMoves,
    end_by_rule,
    put_by_rule,
    rule_moves,
    rules_with_carriers,
)
from huitou.members.tags import Act, Changed
from huitou.segments import files
from huitou.segments.models import Segment, SegmentRefresh
from huitou.segments.queries import latest_refreshes

# One refresh per brand at a time: "segm" in ASCII.
_LOCK_CLASS = 0x7365676D
# So many are tagged in one transaction: a long one holds every reader of the log back.
MEMBERS_A_STEP = 20_000


@contextmanager
def one_at_a_time(brand_id: int) -> Iterator[None]:
    """Let others who bring the brand's segments up to date wait; may be nested."""
    with connection.cursor() as cursor:
        cursor.execute("select pg_advisory_lock(%s, %s)", [_LOCK_CLASS, brand_id])
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute("select pg_advisory_unlock(%s, %s)", [_LOCK_CLASS, brand_id])


def settle_tags(brand: Brand, *, now: datetime) -> set[int]:
    """Bring the tags of the brand's segments in line with who is in; returns those that moved."""
    with one_at_a_time(brand.pk):
        return {tag for segment in unsettled(brand.pk) for tag in _settle(segment, now)}


def unsettled(brand_id: int | None = None) -> list[Segment]:
    """The segments, of one brand or of all, whose members do not carry their tag yet.

    Or still carry one that the segment puts no longer.
    """
    newest = SegmentRefresh.objects.filter(segment=OuterRef("pk")).order_by("-id").values("pk")[:1]
    segments = Segment.objects.order_by("id").annotate(newest=Subquery(newest))
    if brand_id is not None:
        segments = segments.filter(brand=brand_id)
    putting = Q(tag__isnull=False, archived_at=None)
    behind = Q(newest__isnull=False) & (Q(tagged_by=None) | ~Q(tagged_by=F("newest")))
    done_with = segments.exclude(putting)
    still = rules_with_carriers(done_with.values_list("pk", flat=True))
    return [*segments.filter(putting & behind), *done_with.filter(pk__in=still)]


def _settle(segment: Segment, now: datetime) -> set[int]:
    """Bring one segment's tag in line; stops when the segment is changed meanwhile."""
    tag_id = None if segment.archived_at else segment.tag_id
    refresh = latest_refreshes([segment.pk]).get(segment.pk) if tag_id else None
    kept = files.kept_by(refresh) if refresh else None
    moves = rule_moves(
        brand_id=segment.brand_id,
        rule_ref=segment.pk,
        tag_id=tag_id,
        member_ids=files.standing_rows(segment.brand_id, segment.pk, kept).members,
    )
    act = Act(TagSource.RULE, now, rule_ref=segment.pk, origin=_origin_of(segment, refresh))
    for step in _steps(segment.brand_id, tag_id, moves, act):
        with transaction.atomic():
            if not _stands(segment):
                break
            step()
    else:
        with transaction.atomic():
            if refresh and _stands(segment):
                Segment.objects.filter(pk=segment.pk).update(tagged_by=refresh.pk)
    entering = {tag_id} if tag_id and moves.entering.size else set()
    return entering | set(moves.leaving)


def _steps(
    brand_id: int, tag_id: int | None, moves: RuleMoves, act: Act
) -> Iterator[Callable[[], Changed]]:
    for tag, accounts in moves.leaving.items():
        for ids in _parts(accounts):
            yield partial(end_by_rule, brand_id=brand_id, tag_id=tag, account_ids=ids, act=act)
    for ids in _parts(moves.entering):
        assert tag_id is not None  # nobody enters without a tag
        yield partial(put_by_rule, brand_id=brand_id, tag_id=tag_id, member_ids=ids, act=act)


def _parts(ids: Ints) -> Iterator[list[int]]:
    for start in range(0, ids.size, MEMBERS_A_STEP):
        yield ids[start : start + MEMBERS_A_STEP].tolist()


def _stands(segment: Segment) -> bool:
    """Whether the segment puts the same tag still; nobody changes it until the transaction ends."""
    now = Segment.objects.select_for_update().get(pk=segment.pk)
    return (now.tag_id, now.archived_at) == (segment.tag_id, segment.archived_at)


def _origin_of(segment: Segment, refresh: SegmentRefresh | None) -> str:
    """``live`` where members moved by what they did: the rule and the tag are as they were."""
    if segment.tagged_by is None or refresh is None:
        return "backfill"
    before = SegmentRefresh.objects.filter(pk=segment.tagged_by).first()
    same_rule = before is not None and before.tree_digest == refresh.tree_digest
    return "live" if same_rule else "backfill"
