"""Canaries at the open door and on the profile: found nowhere after an erasure, and kept out."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from huitou.api.models import Connection, IncomingHook
from huitou.brands.models import Brand, Shop
from huitou.commerce.models import Order
from huitou.members import consent
from huitou.members.models import ConsentEntry, Identity, Member
from huitou.members.touchpoints import Met, add_touchpoint, record_touches
from tests.api.door import make_key, order, send
from tests.factories import make_brand, make_shop
from tests.privacy import canaries
from tests.privacy.canaries import CONTACTS, found_in_tables
from tests.privacy.test_canaries import erase

NOW = datetime(2026, 7, 1, 4, tzinfo=UTC)
BUYER = {
    "identifiers": [{"kind": "buyer_nick", "value": canaries.NICK}],
    "name": canaries.NAME,
    "phone": canaries.PHONE,
    "email": canaries.EMAIL,
}


@pytest.fixture
def brand(transactional_db: None, home: Path) -> Brand:
    """A brand."""
    return make_brand()


@pytest.fixture
def shop(brand: Brand) -> Shop:
    """Its shop."""
    return make_shop(brand, platform="other")


def push(key: str, shop: Shop) -> None:
    """Everything the door takes, about the canary."""
    parcel = {"receiver": canaries.RECEIVER, "receiver_phone": canaries.PHONE}
    sent = order("A1", shop=shop.slug, buyer=BUYER, remark="留言金丝雀", **parcel)
    taken = send(key, "/orders", {"orders": [sent]})
    assert taken.status_code == 200, taken.content
    parked = order("A2", shop="nowhere", buyer=BUYER, **parcel)
    assert send(key, "/orders", {"orders": [parked]}).status_code == 200
    member: dict[str, Any] = {"id": "m1", "shop": shop.slug, **BUYER}
    member["updated_at"] = "2026-05-01T08:00:00+08:00"
    answer = send(key, "/members", {"members": [member]})
    assert answer.status_code == 200, answer.content
    event = {
        "id": "e1",
        "type": "view",
        "shop": shop.slug,
        "occurred_at": "2026-05-01T08:00:00+08:00",
        "member": {"kind": "buyer_nick", "value": canaries.NICK},
        "properties": {"note": canaries.NAME},
    }
    answer = send(key, "/events", {"events": [event]})
    assert answer.status_code == 200, answer.content


def test_a_person_of_the_door_is_found_nowhere_and_kept_out(brand: Brand, shop: Shop) -> None:
    # given: orders, a member, events, a parked order, a raw push, and a profile
    key = make_key(brand)
    push(key, shop)
    connection = Connection.objects.create(
        brand=brand, shop=shop, kind="shopify", token="t" * 43, secret_sealed="x"
    )
    body = json.dumps({"name": canaries.NAME, "phone": canaries.PHONE}, ensure_ascii=False)
    IncomingHook.objects.create(
        connection=connection, event_id="1", topic="orders/paid", body=body.encode(), state="done"
    )
    account = Identity.objects.get(value=canaries.NICK.lower(), owns=True).member
    consent.record_consent(
        brand_id=brand.pk,
        member_ids=[account.pk],
        channel="sms",
        purpose="marketing",
        decision="granted",
        source="staff",
        evidence=consent.Evidence(place="前台", wording="v1", note=f"{canaries.NAME} 电话同意"),
        now=NOW,
    )
    add_touchpoint(brand_id=brand.pk, code="desk", name="前台", kind="store")
    met = Met(account.pk, "desk", NOW, "in", f"{canaries.NAME} 来电")
    record_touches(brand_id=brand.pk, met=[met], now=NOW)
    assert found_in_tables()
    # contacts lie in clear only in messages as they came
    assert {hit.split(":")[0] for hit in found_in_tables(CONTACTS)} == {
        "api_incominghook",
        "api_parkedmessage",
    }

    # when
    erase(account)

    # then: nothing of them is left, and the order's amount is
    assert found_in_tables() == []
    assert not IncomingHook.objects.exists()
    assert set(ConsentEntry.objects.values_list("decision", "place", "note")) == {
        ("granted", "", "")
    }
    assert Order.objects.get(order_no="A1").paid_minor == 19900

    # and when the same comes once more
    push(key, shop)

    # then it brings nobody back
    waiting = [hit for hit in found_in_tables() if not hit.startswith("api_parkedmessage")]
    assert waiting == []
    assert Member.objects.filter(name=canaries.NAME).count() == 0
    assert Order.objects.get(order_no="A1").paid_minor == 19900
