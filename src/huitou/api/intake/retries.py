"""Parked messages taken in again once the shop or product they name is known."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime
from typing import Any

import msgspec
from django.db import connection, transaction

from huitou.api.intake.events import take_events
from huitou.api.intake.members import take_members
from huitou.api.intake.orders import take_orders
from huitou.api.intake.senders import Sender
from huitou.api.messages import Event, Item, Member, Order
from huitou.api.models import ParkedMessage

_AT_ONCE = 1_000
# What they wait for has come. Asked of the database, so that the others are not even read.
_READY = """
select p.id from api_parkedmessage p
where p.resolved_at is null and (
  (p.reason = 'unknown_shop' and exists (
     select from brands_shop s where s.brand_id = p.brand_id and s.slug = p.detail))
  or (p.reason = 'unknown_sku' and exists (
     select from commerce_product c where c.brand_id = p.brand_id and c.code = p.detail)))
order by p.id limit %s for update of p skip locked
"""
_KINDS: dict[str, tuple[type[Any], Any]] = {
    "event": (Event, take_events),
    "member": (Member, take_members),
    "order": (Order, take_orders),
}


@transaction.atomic
def retry_parked(*, now: datetime) -> int:
    """Take in what waits for nothing any more; returns how many messages were recorded.

    An order may wait for a second product after the first: it is parked anew for that one.
    """
    with connection.cursor() as cursor:
        cursor.execute(_READY, [_AT_ONCE])
        ids = [row[0] for row in cursor.fetchall()]
    ready = list(ParkedMessage.objects.filter(pk__in=ids).select_related("brand").order_by("pk"))
    together: dict[tuple[int, str], list[ParkedMessage]] = defaultdict(list)
    for parked in ready:
        together[parked.brand_id, parked.kind].append(parked)
    # Resolved first, so that one which is parked again gets a row of its own.
    ParkedMessage.objects.filter(pk__in=ids).update(resolved_at=now, retried_at=now)
    return sum(
        item.outcome != "parked"
        for (_, kind), group in together.items()
        for item in _taken(kind, group, now=now)
    )


def _taken(kind: str, group: list[ParkedMessage], *, now: datetime) -> list[Item]:
    brand = group[0].brand
    message, take = _KINDS[kind]
    items: list[Item] = take(
        Sender(brand.pk, brand.currency, brand.time_zone),
        [msgspec.json.decode(parked.body, type=message) for parked in group],
        now=now,
        origin="live",
    )
    return items
