"""Events on their way in: behaviour, parcels, custom ones, and orders within events."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import msgspec
from django.db import transaction

from huitou.api.intake.identifiers import key_value
from huitou.api.intake.orders import take_orders
from huitou.api.intake.parking import Waiting, park
from huitou.api.intake.people import Identity, members_of
from huitou.api.intake.senders import KnownShop, Sender, shops_of
from huitou.api.messages import Event, Item, Order
from huitou.behaviour.services import EventRow, record_events
from huitou.privacy.steps import share_imports


@transaction.atomic
def take_events(
    sender: Sender, events: Sequence[Event], *, now: datetime, origin: str
) -> list[Item]:
    """Record ``events``, park those of an unknown shop; one answer per event, in order.

    An event whose id its shop has sent before is unchanged, whatever it says now.
    """
    # Until these are stored, no import is undone that made an account they name.
    share_imports(sender.brand_id)
    shops = shops_of(sender)
    items: dict[int, Item] = {}
    waiting: list[Waiting] = []
    orders: list[tuple[int, Order]] = []
    rows: dict[tuple[str, str], tuple[int, KnownShop, Event]] = {}
    for at, event in enumerate(events):
        shop = shops.of(event.shop)
        if event.order is not None:
            named = event.order.shop or event.shop
            orders.append((at, msgspec.structs.replace(event.order, shop=named)))
        elif shop is None:
            slug = event.shop or ""
            waiting.append(
                Waiting("event", slug, event.id, "unknown_shop", slug, event, event.occurred_at)
            )
            items[at] = Item(event.id, "parked", "unknown_shop")
        elif (shop.slug, event.id) in rows:
            items[at] = Item(event.id, "unchanged")
        else:
            rows[shop.slug, event.id] = (at, shop, event)
    park(sender.brand_id, waiting)
    if orders:
        taken = take_orders(sender, [o for _, o in orders], now=now, origin=origin)
        for (at, _), item in zip(orders, taken, strict=True):
            item.id = events[at].id
            items[at] = item
    stored = _record(sender, list(rows.values()), now=now, origin=origin)
    for row, (at, _, event) in enumerate(rows.values()):
        items[at] = Item(event.id, "stored" if row in stored else "unchanged")
    return [items[at] for at in range(len(events))]


def _record(
    sender: Sender,
    rows: Sequence[tuple[int, KnownShop, Event]],
    *,
    now: datetime,
    origin: str,
) -> set[int]:
    keys = [_key(event) for _, _, event in rows]
    shops = {shop.id: shop for _, shop, _ in rows}
    wanted: dict[int, list[Identity]] = {shop_id: [] for shop_id in sorted(shops)}
    for (_, shop, _), key in zip(rows, keys, strict=True):
        if key is not None:
            wanted[shop.id].append(key)
    members = {
        shop_id: members_of(sender, shops[shop_id], of_shop, now=now, origin=origin)
        for shop_id, of_shop in wanted.items()
    }
    return record_events(
        brand_id=sender.brand_id,
        time_zone=sender.time_zone,
        now=now,
        origin=origin,
        rows=[
            EventRow(
                source=shop.slug,
                source_id=event.id,
                kind=event.type,
                occurred_at=event.occurred_at,
                shop_id=shop.id,
                member_id=members[shop.id][key] if key else None,
                name=event.step or event.name,
                order_no=event.order_no,
                product_code=event.product_code,
                properties=event.properties,
            )
            for (_, shop, event), key in zip(rows, keys, strict=True)
        ],
    )


def _key(event: Event) -> Identity | None:
    """Whom an event names, unless the identifier is nobody's."""
    if event.member is None:
        return None
    value = key_value(event.member.kind, event.member.value)
    return None if value is None else (event.member.kind, value)
