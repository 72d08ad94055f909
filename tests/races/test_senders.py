"""Several senders of the same things at the same time: each counts once, nobody fails."""

from __future__ import annotations

import random
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import connection

from huitou.api.models import MessageVersion
from huitou.behaviour.models import BehaviourEvent
from huitou.brands.models import Brand, Shop
from huitou.commerce.models import Order, OrderLine
from huitou.members.models import Identity, Member
from tests.api.door import event, make_key, order, send

SENDERS = 6


@pytest.mark.django_db(transaction=True)
def test_the_same_batches_sent_at_once_count_once(brand: Brand, shop: Shop) -> None:
    # given
    key = make_key(brand)
    buyers = [{"identifiers": [{"kind": "buyer_id", "value": f"u{n}"}]} for n in range(20)]
    orders = [order(f"A{n}", buyer=buyers[n % 20]) for n in range(40)]
    events = [
        event(f"e{n}", member={"kind": "buyer_id", "value": f"u{n % 25}"}) for n in range(200)
    ]
    mixed = [*events, *(event(f"o{n}", type="order", order=one) for n, one in enumerate(orders))]
    members = [{"id": f"c{n}", "updated_at": "2026-05-02T00:00:00Z"} for n in range(20)]

    def work(sender: int) -> list[int]:
        chance = random.Random(sender)
        batches: list[tuple[str, dict[str, Any]]] = []
        for name, items in (("events", mixed), ("orders", orders), ("members", members)):
            shuffled = chance.sample(items, len(items))
            half = len(shuffled) // 2
            batches += [(name, {name: shuffled[:half]}), (name, {name: shuffled[half:]})]
        chance.shuffle(batches)
        try:
            return [send(key, f"/{name}", content).status_code for name, content in batches]
        finally:
            connection.close()

    # when
    with ThreadPoolExecutor(SENDERS) as pool:
        statuses = [status for done in pool.map(work, range(SENDERS)) for status in done]

    # then
    assert set(statuses) == {200}
    assert (BehaviourEvent.objects.count(), Order.objects.count()) == (200, 40)
    assert (OrderLine.objects.count(), MessageVersion.objects.count()) == (40, 60)
    assert (Member.objects.count(), Identity.objects.count()) == (45, 45)
