"""Members on their way in."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime

from django.db import transaction

from huitou.api.intake.parking import Waiting, park
from huitou.api.intake.people import resolved, without_erased
from huitou.api.intake.senders import KnownShop, Sender, shops_of
from huitou.api.intake.tables import member_table
from huitou.api.intake.versions import Statement, digest_of, take_newest
from huitou.api.messages import Item, Member
from huitou.eventlog.before_images import LIVE_SOURCE
from huitou.members.services import record_profiles


@transaction.atomic
def take_members(
    sender: Sender, members: Sequence[Member], *, now: datetime, origin: str
) -> list[Item]:
    """Record declared profiles; one answer per member, in order.

    The same statement again changes nothing; an older one than the last is ignored.
    """
    shops = shops_of(sender)
    items: list[Item | None] = [None] * len(members)
    waiting: list[Waiting] = []
    sound: list[tuple[int, KnownShop, Member]] = []
    for at, member in enumerate(members):
        shop = shops.of(member.shop)
        if shop is not None:
            sound.append((at, shop, member))
            continue
        slug = member.shop or ""
        waiting.append(
            Waiting("member", slug, member.id, "unknown_shop", slug, member, member.updated_at)
        )
        items[at] = Item(member.id, "parked", "unknown_shop")
    park(sender.brand_id, waiting)
    statements = [Statement(shop.id, m.id, m.updated_at, 0, digest_of(m)) for _, shop, m in sound]
    by_shop: dict[KnownShop, list[tuple[int, Member]]] = defaultdict(list)
    for (at, shop, member), outcome in zip(
        sound, take_newest("member", statements) if statements else [], strict=True
    ):
        if outcome == "news":
            by_shop[shop].append((at, member))
        else:
            items[at] = Item(member.id, outcome)  # type: ignore[arg-type]
    for shop in sorted(by_shop, key=lambda shop: shop.id):
        for at, item in _record(sender, shop, by_shop[shop], now=now, origin=origin).items():
            items[at] = item
    return [item for item in items if item is not None]


def _record(
    sender: Sender,
    shop: KnownShop,
    news: Sequence[tuple[int, Member]],
    *,
    now: datetime,
    origin: str,
) -> dict[int, Item]:
    people = without_erased(sender, shop, member_table([m for _, m in news]))
    found = resolved(sender, shop, people, now=now, origin=origin)
    recorded = record_profiles(
        brand_id=sender.brand_id,
        source_ref=LIVE_SOURCE,
        people=people,
        resolved=found,
        origin=origin,
        now=now,
    )
    changed = set(recorded.changed.tolist())
    created = set(found.created_ids.tolist())
    items = {}
    for row, (at, member) in enumerate(news):
        is_new = int(found.member_ids[row]) in created
        outcome = "stored" if is_new else "updated" if row in changed else "unchanged"
        items[at] = Item(member.id, outcome)  # type: ignore[arg-type]
    return items
