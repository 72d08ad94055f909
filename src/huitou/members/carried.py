"""The tags members carry, and who or what put each: people, imports, and the rules that keep it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from django.db.models import Q

from huitou.members.models import TagAssignment
from huitou.members.ownership import Accounts, owners
from huitou.members.standing import TagFact, standing_tags


@dataclass(frozen=True)
class TagOrigin:
    """Who or what put a tag, why, when and until; ``rule_ref`` is the rule that keeps it."""

    source: str
    rule_ref: int | None
    staff: str
    reason: str
    put_at: datetime
    until: datetime | None


@dataclass(frozen=True)
class CarriedTag(TagFact):
    """A tag a member carries, in words; ``origins`` are all who put it, the first of them first."""

    name: str
    group: str
    origins: tuple[TagOrigin, ...]


def carried_tags(brand_id: int, accounts: Accounts, now: datetime) -> dict[int, list[CarriedTag]]:
    """The tags each member carries at ``now``, in one statement; members without are left out."""
    member_of = owners(accounts)
    rows = TagAssignment.objects.filter(
        Q(until=None) | Q(until__gt=now),
        tag__group__brand_id=brand_id,
        account_id__in=list(member_of),
        removed=None,
    ).select_related("tag__group", "put__staff")
    heard: dict[int, list[CarriedTag]] = {}
    for row in rows:
        heard.setdefault(member_of[row.account_id], []).append(_carried(row))
    return {
        member: [_with_origins(tag, tags) for tag in standing_tags(tags, now)]
        for member, tags in heard.items()
    }


def _with_origins(standing: CarriedTag, tags: list[CarriedTag]) -> CarriedTag:
    """The tag with all who put it; of people, and of each rule, what they put last."""
    said: dict[int | None, TagOrigin] = {}
    for tag in sorted(tags, key=lambda tag: (tag.put_at, tag.id)):
        if tag.tag_id == standing.tag_id:
            said |= {origin.rule_ref: origin for origin in tag.origins}
    return replace(standing, origins=tuple(sorted(said.values(), key=lambda one: one.put_at)))


def _carried(row: TagAssignment) -> CarriedTag:
    origin = TagOrigin(
        source=row.put.source,
        rule_ref=row.rule_ref,
        staff=row.put.staff.username if row.put.staff else "",
        reason=row.put.reason,
        put_at=row.put.at,
        until=row.until,
    )
    return CarriedTag(
        id=row.pk,
        tag_id=row.tag_id,
        group_id=row.tag.group_id,
        is_exclusive=row.tag.group.is_exclusive,
        put_at=row.put.at,
        until=row.until,
        name=row.tag.name,
        group=row.tag.group.name,
        origins=(origin,),
    )
