"""Events and orders through HTTP: each once, parked when something is unknown, never half."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest

from huitou.api.intake.retries import retry_parked
from huitou.api.models import ParkedMessage
from huitou.behaviour.models import BehaviourEvent
from huitou.brands.models import Brand, Shop
from huitou.commerce.models import Order, OrderLine, Product, Refund
from huitou.eventlog.models import Event
from huitou.ingest.services import undo_batch
from huitou.members.models import Identity, Member
from tests.api.door import NOW, event, make_key, order, send
from tests.factories import make_shop
from tests.ingest.pages import imported

pytestmark = pytest.mark.django_db


def outcomes(response: object) -> list[str]:
    return [item["outcome"] for item in response.json()["items"]]  # type: ignore[attr-defined]


def test_an_event_is_recorded_once_and_told(brand: Brand, shop: Shop) -> None:
    # given
    key = make_key(brand)
    seen = event(member={"kind": "phone", "value": "138 0000 1234"}, product_code="P1")

    # when
    first = send(key, "/events", {"events": [seen, event("e2"), seen]})
    again = send(key, "/events", {"events": [seen]})

    # then
    assert first.status_code == 200, first.content
    assert outcomes(first) == ["stored", "stored", "unchanged"]
    assert outcomes(again) == ["unchanged"]
    stored = BehaviourEvent.objects.get(source_id="e1")
    assert (stored.source, stored.kind, stored.product_code) == (shop.slug, "view", "P1")
    assert (str(stored.biz_date), stored.month) == ("2026-05-01", 2026 * 12 + 4)
    assert Identity.objects.get(member=stored.member).clear == "+8613800001234"
    assert BehaviourEvent.objects.get(source_id="e2").member is None
    news = Event.objects.get(kind="behaviour.events_recorded")
    assert (len(news.subject_ids), news.payload) == (2, {"months": [2026 * 12 + 4]})
    assert news.origin == "live"


def test_every_kind_of_event(brand: Brand, shop: Shop) -> None:
    # given
    batch = [
        event("v", type="visit"),
        event("l", type="logistics", step="arrived_in_city", order_no="A1"),
        event("c", type="custom", name="wheel_spun", properties={"prize": "tea\t\\n", "n": 3}),
        event("o", type="order", order=order()),
    ]

    # when
    response = send(make_key(brand), "/events", {"events": batch, "origin": "backfill"})

    # then
    assert outcomes(response) == ["stored"] * 4, response.content
    assert BehaviourEvent.objects.get(source_id="l").name == "arrived_in_city"
    assert BehaviourEvent.objects.get(source_id="c").properties == {"prize": "tea\t\\n", "n": 3}
    stored = Order.objects.get()
    assert (stored.paid_minor, stored.status, stored.header_rank) == (19900, "paid", 2)
    assert set(Event.objects.values_list("origin", flat=True)) == {"backfill"}


def test_an_order_is_stored_updated_unchanged_and_outdated(brand: Brand, shop: Shop) -> None:
    # given
    key = make_key(brand)
    signed = order(status="signed", updated_at="2026-05-03T08:00:00+08:00")
    shipped = order(status="shipped", updated_at="2026-05-02T08:00:00+08:00", remark="late")

    # when
    answers = [
        outcomes(send(key, "/orders", {"orders": [statement]}))
        for statement in (order(), signed, signed, shipped, order())
    ]

    # then
    assert answers == [["stored"], ["updated"], ["unchanged"], ["outdated"], ["outdated"]]
    stored = Order.objects.get()
    assert (stored.status, stored.remark, stored.quantity) == ("signed", "", 1)
    assert OrderLine.objects.get().paid_minor == 19900
    assert stored.member.name == "Lin"


def test_of_one_order_twice_in_a_batch_the_newest_counts(brand: Brand, shop: Shop) -> None:
    # given
    newest = order(status="finished", updated_at="2026-05-09T08:00:00+08:00")

    # when
    response = send(make_key(brand), "/orders", {"orders": [newest, order(), newest]})

    # then
    assert outcomes(response) == ["stored", "outdated", "unchanged"]
    assert Order.objects.get().status == "finished"


def test_refunds_are_recorded_and_never_exceed_what_was_paid(brand: Brand, shop: Shop) -> None:
    # given
    key = make_key(brand)
    refunds = [{"id": "R1", "amount_minor": 30000, "status": "success"}]
    refunded = order(refunds=refunds, updated_at="2026-05-04T08:00:00+08:00")

    # when
    send(key, "/orders", {"orders": [order()]})
    response = send(key, "/orders", {"orders": [refunded]})
    again = send(key, "/orders", {"orders": [refunded]})

    # then
    item = response.json()["items"][0]
    assert item == {"id": "A1", "outcome": "updated", "warnings": ["REFUND_ABOVE_PAID"]}
    assert outcomes(again) == ["unchanged"]
    assert (Order.objects.get().refunded_minor, Refund.objects.count()) == (19900, 1)


def test_what_nobody_knows_is_parked_once(brand: Brand, shop: Shop) -> None:
    # given
    key = make_key(brand)
    nameless = order("A2", lines=[{"id": "1", "product_code": "NOBODY"}])

    # when
    for _ in range(2):
        events = send(key, "/events", {"events": [event(shop="not-yet"), event("e2")]})
        orders = send(key, "/orders", {"orders": [order(shop="not-yet"), nameless]})

    # then
    assert outcomes(events) == ["parked", "unchanged"]
    assert [item["reason"] for item in orders.json()["items"]] == ["unknown_shop", "unknown_sku"]
    parked = ParkedMessage.objects.order_by("kind", "number")
    assert [(p.kind, p.number, p.reason, p.detail) for p in parked] == [
        ("event", "e1", "unknown_shop", "not-yet"),
        ("order", "A1", "unknown_shop", "not-yet"),
        ("order", "A2", "unknown_sku", "NOBODY"),
    ]
    assert Order.objects.count() == 0


def test_a_key_of_one_shop_speaks_of_that_shop_only(brand: Brand, shop: Shop) -> None:
    # given
    other = make_shop(brand)
    key = make_key(brand, shop=shop)

    # when
    own = send(key, "/events", {"events": [event(), event("e2", shop=shop.slug)]})
    foreign = send(key, "/orders", {"orders": [order(), order("A2", shop=other.slug)]})

    # then
    assert outcomes(own) == ["stored", "stored"]
    assert (foreign.status_code, Order.objects.count()) == (403, 0)


def test_members_are_recorded_and_older_statements_ignored(brand: Brand, shop: Shop) -> None:
    # given
    key = make_key(brand)
    old = {"id": "c1", "updated_at": "2026-05-01T00:00:00Z", "name": "Lin", "city": "Ningbo"}
    new = {**old, "updated_at": "2026-05-02T00:00:00Z", "city": "Hangzhou", "phone": "13900001234"}

    # when
    answers = [outcomes(send(key, "/members", {"members": [m]})) for m in (old, new, new, old)]

    # then
    assert answers == [["stored"], ["updated"], ["unchanged"], ["outdated"]]
    member = Member.objects.get()
    assert (member.name, member.city, member.phone) == ("Lin", "Hangzhou", "13900001234")


REFUSED = {
    "duplicate key": (b'{"events":[{"id":"a","id":"b","type":"view"}]}', 400, "duplicate-key"),
    "spaced duplicate": (b'{"origin" :"live","origin": "live","events":[]}', 400, "duplicate-key"),
    "escaped duplicate": (b'{"id":1,"\\u0069d":2}', 400, "duplicate-key"),
    "nul": (b'{"events":[{"id":"a\\u0000","type":"view"}]}', 400, "nul"),
    "lone surrogate": (b'{"events":[{"id":"\\ud800"}]}', 400, "malformed-json"),
    "not utf-8": (b'{"events":"\xff\xfe"}', 400, "malformed-json"),
    "deep": (b"[" * 100_000 + b"]" * 100_000, 400, "too-deep"),
    "a bit deep": (b"[" * 40 + b"]" * 40, 400, "too-deep"),
    "cut": (b'{"events":[', 400, "malformed-json"),
    "too large": (b" " * (4 * 1024 * 1024 + 1), 413, "too-large"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_bodies_with_loopholes_are_refused(case: str, brand: Brand, shop: Shop) -> None:
    # given
    body, status, kind = REFUSED[case]

    # when
    response = send(make_key(brand), "/events", body)

    # then
    assert (response.status_code, response.json()["type"].rsplit("/", 1)[1]) == (status, kind)
    assert response["Content-Type"] == "application/problem+json"


WRONG = {
    "extra field": ({"is_admin": True}, "/events/1/is_admin", "UNKNOWN_FIELD"),
    "missing field": ({"id": None}, "/events/1/id", "WRONG_TYPE"),
    "bool for text": ({"product_code": True}, "/events/1/product_code", "WRONG_TYPE"),
    "naive time": ({"occurred_at": "2026-05-01T08:00:00"}, "/events/1/occurred_at", "WRONG_TYPE"),
    "unknown type": ({"type": "dance"}, "/events/1/type", "UNKNOWN_CODE"),
    "year 0001": ({"occurred_at": "0001-01-01T00:00:00+08:00"}, "/events/1/occurred_at", None),
    "future": ({"occurred_at": "2999-01-01T00:00:00Z"}, "/events/1/occurred_at", "TIME_RANGE"),
    "far offset": ({"occurred_at": "2026-05-01T00:00:00+23:17"}, "/events/1/occurred_at", None),
    "nameless custom": ({"type": "custom"}, "/events/1/name", "MISSING_FIELD"),
    "long id": ({"id": "x" * 129}, "/events/1/id", "OUT_OF_RANGE"),
    "amount of bool": (
        {"type": "order", "order": order(paid_minor=True)},
        "/events/1/order/paid_minor",
        "WRONG_TYPE",
    ),
    "amount of text": (
        {"type": "order", "order": order(paid_minor="5")},
        "/events/1/order/paid_minor",
        "WRONG_TYPE",
    ),
    "amount too large": (
        {"type": "order", "order": order(paid_minor=2**63)},
        "/events/1/order/paid_minor",
        "OUT_OF_RANGE",
    ),
    "currency": (
        {"type": "order", "order": order(currency="yuan")},
        "/events/1/order/currency",
        "OUT_OF_RANGE",
    ),
}


@pytest.mark.parametrize("case", WRONG)
def test_one_wrong_value_refuses_the_batch_and_stores_nothing(
    case: str, brand: Brand, shop: Shop
) -> None:
    # given
    fields, pointer, code = WRONG[case]

    # when
    response = send(make_key(brand), "/events", {"events": [event(), event("e2", **fields)]})

    # then
    assert response.status_code == 422, response.content
    fault = response.json()["errors"][0]
    assert fault["pointer"] == pointer
    assert code in (None, fault["code"])
    assert BehaviourEvent.objects.count() == 0


def test_a_zipped_body_is_bounded_by_its_inflated_size(brand: Brand, shop: Shop) -> None:
    # given
    key = make_key(brand)
    sound = gzip.compress(json.dumps({"events": [event()]}).encode())
    bomb = gzip.compress(b" " * 50_000_000)

    # when
    statuses = [
        send(key, "/events", body, **{"Content-Encoding": encoding}).status_code
        for body, encoding in (
            (sound, "gzip"), (bomb, "gzip"), (sound[:-4], "gzip"), (sound, "br"), (b"x", "gzip"),
        )
    ]  # fmt: skip

    # then
    assert statuses == [200, 413, 400, 415, 400]


def test_limits_of_a_batch(brand: Brand, shop: Shop) -> None:
    # given
    key = make_key(brand)

    # when
    statuses = [
        send(key, "/events", {"events": [event(str(n)) for n in range(size)]}).status_code
        for size in (0, 1000, 1001)
    ]

    # then
    assert statuses == [422, 200, 422]
    assert BehaviourEvent.objects.count() == 1000


def test_an_order_is_what_its_newest_statement_says_and_nothing_more(
    brand: Brand, shop: Shop
) -> None:
    # given
    line = {"id": "L2", "product_code": "P2", "product_title": "Pot", "paid_minor": 0}
    wordy = order(
        remark="ring twice",
        lines=[line],
        refunds=[{"id": "R1", "amount_minor": 100, "status": "success"}],
        buyer={"identifiers": [{"kind": "buyer_id", "value": "somebody else"}]},
    )
    newest = order(updated_at="2026-05-02T08:00:00+08:00")

    # when
    for statement in (wordy, newest):
        send(make_key(brand), "/orders", {"orders": [statement]})

    # then
    stored = Order.objects.get()
    assert (stored.remark, stored.refunded_minor, stored.member.name) == ("", 0, "Lin")
    assert list(OrderLine.objects.values_list("line_key", flat=True)) == ["A1-1"]
    assert not Refund.objects.exists()


def test_what_is_parked_is_taken_in_once_its_shop_and_product_are_known(
    brand: Brand, shop: Shop
) -> None:
    # given
    lines = [{"id": "1", "product_code": "N1"}, {"id": "2", "product_code": "N2"}]
    key = make_key(brand)
    send(key, "/orders", {"orders": [order("A1", lines=lines), order("A2", shop="later")]})
    send(key, "/events", {"events": [event("e1", shop="later"), event("e2", shop="never")]})
    assert retry_parked(now=NOW) == 0

    # when
    make_shop(brand, slug="later")
    first = retry_parked(now=NOW)
    Product.objects.create(brand=brand, code="N1")
    second = retry_parked(now=NOW)
    Product.objects.create(brand=brand, code="N2")
    third = retry_parked(now=NOW), retry_parked(now=NOW)

    # then
    assert (first, second, third) == (2, 0, (1, 0))
    assert BehaviourEvent.objects.get().source == "later"
    assert set(Order.objects.values_list("order_no", "shop__slug")) == {
        ("A1", shop.slug), ("A2", "later"),
    }  # fmt: skip
    waiting = ParkedMessage.objects.filter(resolved_at=None)
    assert list(waiting.values_list("detail", flat=True)) == ["never"]


def test_a_member_with_events_outlives_the_import_that_made_it(
    brand: Brand, home: Path, samples: Path
) -> None:
    # given
    jd = make_shop(brand, platform="jd")
    batch = imported(jd, home, (samples / "jd_orders.csv").read_bytes())
    seen = Identity.objects.filter(member__brand=brand).earliest("pk")
    who = {"kind": seen.kind, "value": seen.clear}
    send(make_key(brand), "/events", {"events": [event(shop=jd.slug, member=who)]})
    assert Member.objects.count() > 1

    # when
    undo_batch(batch.pk)

    # then
    assert Member.objects.get() == BehaviourEvent.objects.get().member == seen.member
