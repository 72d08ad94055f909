"""What webhooks tell of the event log's news: public names and ids, never contacts.

Live news only: history brought in by files or backfills is not announced to other systems.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from huitou.behaviour import queries as behaviour
from huitou.brands.models import Shop
from huitou.commerce import queries as commerce
from huitou.members import queries as members

Facts = Callable[[int, Sequence[int]], list[dict[str, Any]]]


def _orders(brand_id: int, order_ids: Sequence[int]) -> list[dict[str, Any]]:
    found = commerce.orders(brand_id, order_ids)
    people = _people(brand_id, {order.member_id for order in found.values()})
    slugs = _slugs(brand_id)
    return [
        {
            "shop": slugs[order.shop_id],
            "order_no": order.order_no,
            "status": order.status,
            "currency": order.currency,
            "paid_minor": order.paid_minor,
            "refunded_minor": order.refunded_minor,
            "ordered_at": order.ordered_at,
            "paid_at": order.paid_at,
            "member": people.get(order.member_id),
        }
        for _, order in sorted(found.items())
    ]


def _members(brand_id: int, member_ids: Sequence[int]) -> list[dict[str, Any]]:
    # An account that joined a person known before is no new member.
    persons = members.persons_of(brand_id, member_ids)
    found = members.profiles(
        brand_id, [account for account, person in persons.items() if account == person]
    )
    return [
        {"id": str(member.public_id), "created_at": member.created_at}
        for _, member in sorted(found.items())
    ]


def _events(brand_id: int, event_ids: Sequence[int]) -> list[dict[str, Any]]:
    found = behaviour.events(brand_id, event_ids)
    people = _people(brand_id, {event.member_id for event in found.values()})
    return [
        {
            "source": event.source,
            "id": event.source_id,
            "type": event.kind,
            "name": event.name,
            "occurred_at": event.occurred_at,
            "order_no": event.order_no,
            "product_code": event.product_code,
            "member": people.get(event.member_id),
        }
        for _, event in sorted(found.items())
    ]


def _people(brand_id: int, account_ids: Iterable[int | None]) -> dict[int | None, str]:
    """The public ids of the members that accounts belong to."""
    wanted = [account for account in account_ids if account is not None]
    persons = members.persons_of(brand_id, wanted)
    profiles = members.profiles(brand_id, persons.values())
    return {account: str(profiles[person].public_id) for account, person in persons.items()}


def _slugs(brand_id: int) -> dict[int, str]:
    return dict(Shop.objects.filter(brand_id=brand_id).values_list("pk", "slug"))


# The kinds a subscription may ask for: their names in the event log, and what is told of each.
KINDS: dict[str, tuple[str, Facts]] = {
    "orders.recorded": ("commerce.orders_recorded", _orders),
    "members.recorded": ("members.members_recorded", _members),
    "events.recorded": ("behaviour.events_recorded", _events),
}
