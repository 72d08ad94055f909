"""Pushes of platforms: signed, kept once, in any order; what they lose is asked for."""

from __future__ import annotations

import hashlib
import json
import random
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any
from unittest.mock import create_autospec

import pytest
from django.test import Client, RequestFactory

from huitou.api.connections import close_connection, link_of, open_connection
from huitou.api.hooks import receive
from huitou.api.intake.hooks import KEEP_DAYS, forget_old, process, try_again
from huitou.api.models import Connection, HookState, IncomingHook, ReconcileRun
from huitou.api.outgoing import UnreachableError
from huitou.api.platforms import PLATFORMS
from huitou.api.reconcile import OVERLAP, fetch, reconcile
from huitou.behaviour.models import BehaviourEvent
from huitou.brands.models import Brand
from huitou.commerce.models import Order, OrderLine, Refund
from huitou.kernel.errors import RefusedInputError
from huitou.members.models import Identity, Member
from huitou.vault.errors import BrokenSealError
from tests.api import shops
from tests.api.shops import StubPlatform, stub_platform
from tests.factories import make_brand, make_shop

NOW = shops.START + timedelta(days=6)
OWN_NUMBERS = {
    "id", "brand_id", "shop_id", "member_id", "source_ref", "changed_ref", "order_id",
    "product_id", "recorded_at",
}  # fmt: skip
pytestmark = pytest.mark.django_db


@pytest.fixture
def stub(settings: Any) -> Iterator[StubPlatform]:
    settings.OUTGOING_INTERNAL = True
    with stub_platform() as server:
        yield server


def connect(brand: Brand, kind: str, stub: StubPlatform) -> Connection:
    platform = {"kuaidi100": "offline"}.get(kind, kind)
    made = open_connection(
        shop=make_shop(brand, platform=platform, slug=kind),
        kind=kind,
        secret=shops.SECRET,
        base_url=stub.url,
        app_key=shops.APP_KEY,
        session=shops.SESSION,
    )
    return Connection.objects.select_related("brand", "shop").get(pk=made.pk)


def push(connection: Connection, body: bytes, headers: dict[str, str]) -> int:
    request = RequestFactory().post(
        "/hooks/x/", data=body, content_type="application/json", headers=headers
    )
    return receive(request, connection.token).status_code


def state_of(brand: Brand) -> str:
    """A digest of everything recorded of a brand but ids and times of recording."""
    people = defaultdict(list)
    for i in Identity.objects.filter(brand=brand).order_by("platform", "kind", "value"):
        people[i.member_id].append(f"{i.platform}/{i.kind}/{i.clear}")
    lines, refunds = defaultdict(list), defaultdict(list)
    wanted = OrderLine.objects.filter(order__brand=brand).order_by("line_key")
    for row in wanted.values("product__code", *fields(OrderLine)):
        lines[row["order_id"]].append(plain(row))
    for row in Refund.objects.filter(order__brand=brand).order_by("refund_no").values():
        refunds[row["order_id"]].append(plain(row))
    rows = Order.objects.filter(brand=brand).order_by("shop__slug", "order_no")
    orders = [
        (plain(row), people[row["member_id"]], lines[row["id"]], refunds[row["id"]])
        for row in rows.values("shop__slug", *fields(Order))
    ]
    events = BehaviourEvent.objects.filter(brand=brand).order_by("source", "source_id").values()
    names = sorted((people[m.pk], m.name) for m in Member.objects.filter(brand=brand))
    everything = [orders, [plain(row) for row in events], names]
    return hashlib.sha256(json.dumps(everything, sort_keys=True, default=str).encode()).hexdigest()


def plain(row: dict[str, Any]) -> dict[str, Any]:
    """``row`` without ids of this database and times of recording."""
    return {k: v for k, v in row.items() if k not in OWN_NUMBERS}


def fields(model: Any) -> list[str]:
    return [field.attname for field in model._meta.concrete_fields]


def test_a_push_is_kept_once_and_recorded(brand: Brand, stub: StubPlatform) -> None:
    # given
    connection = connect(brand, "shopify", stub)
    body, headers = shops.shopify_push(1, 1)

    # when
    statuses = [
        Client()
        .post(f"/hooks/{connection.token}/", body, content_type="application/json", headers=headers)
        .status_code
        for _ in range(3)
    ]
    done = process(connection, now=NOW)

    # then
    assert (statuses, done) == ([200, 200, 200], 1)
    kept = IncomingHook.objects.get()
    assert (bytes(kept.body), kept.topic, kept.state) == (body, "orders/paid", "done")
    order = Order.objects.get()
    assert (order.order_no, order.status, order.paid_minor, order.quantity) == (
        "#1001", "paid", 3000, 2,
    )  # fmt: skip
    assert (order.currency, order.shipping_minor, order.member.name) == ("CNY", 800, "Buyer 1")
    assert Identity.objects.get().value == "2"


@pytest.mark.parametrize("kind", ["shopify", "woocommerce", "kuaidi100"])
def test_nothing_is_kept_of_a_push_that_is_not_signed(
    kind: str, brand: Brand, stub: StubPlatform
) -> None:
    # given
    make = {
        "shopify": shops.shopify_push, "woocommerce": shops.woo_push,
        "kuaidi100": shops.parcel_push,
    }[kind]  # fmt: skip
    connection = connect(brand, kind, stub)
    other = connect(make_brand(), kind, stub)
    body, headers = make(1, 1)
    Connection.objects.filter(pk=other.pk).update(
        secret_sealed=connection.secret_sealed, token="moved"
    )

    # when
    statuses = [
        push(connection, body + b" ", headers),
        push(connection, body[:-3] + b"x" + body[-2:], headers),
        push(connection, b"", {}),
        push(connection, b"\xff\x00", headers),
    ]

    # then
    assert statuses == [401, 401, 401, 401]
    assert not IncomingHook.objects.exists()
    # A secret moved to another row opens nothing.
    with pytest.raises(BrokenSealError):
        link_of(Connection.objects.select_related("brand").get(pk=other.pk))


def test_a_push_of_another_shop_with_the_same_app_is_refused(
    brand: Brand, stub: StubPlatform
) -> None:
    # given
    connection = connect(brand, "shopify", stub)
    Connection.objects.update(base_url="https://own.myshopify.com")
    body, headers = shops.shopify_push(1, 1)

    # when
    statuses = [
        push(connection, body, {**headers, "X-Shopify-Shop-Domain": domain})
        for domain in ("other.myshopify.com", "own.myshopify.com")
    ]

    # then
    assert statuses == [401, 200]


def test_closed_unknown_and_pulled_connections_take_no_pushes(
    brand: Brand, stub: StubPlatform
) -> None:
    # given
    closed, pulled = connect(brand, "shopify", stub), connect(brand, "taobao", stub)
    body, headers = shops.shopify_push(1, 1)
    close_connection(brand_id=brand.pk, connection_id=closed.pk, now=NOW)

    # when
    statuses = [push(c, body, headers) for c in (closed, pulled, Connection(token="x"))]

    # then
    assert statuses == [404, 404, 404]
    assert Client().get(f"/hooks/{pulled.token}/").status_code == 404


def test_what_cannot_be_read_stays_with_its_reason_until_it_is_tried_again(
    brand: Brand, stub: StubPlatform
) -> None:
    # given
    connection = connect(brand, "woocommerce", stub)
    sound = shops.woo_order(2, 1)
    for odd in ({"status": "shipped-by-plugin"}, {"line_items": 7}, {"total": "1.234"}, {}):
        body = json.dumps({**sound, **odd}).encode()
        headers = {
            "X-WC-Webhook-Topic": "order.updated",
            "X-WC-Webhook-Signature": shops.hmac_base64(body),
        }
        assert push(connection, body, headers) == 200

    # when
    process(connection, now=NOW)

    # then
    errors = list(
        IncomingHook.objects.filter(state=HookState.FAILED)
        .order_by("pk")
        .values_list("error", flat=True)
    )
    assert errors == [
        "UNKNOWN_CODE: order status 'shipped-by-plugin'",
        "SHAPE: 'int' object is not iterable",
        "VALUE: amount '1.234' (1.234 has more than 2 decimals)",
    ]
    assert Order.objects.get().order_no == "2"
    again = try_again(brand_id=brand.pk, hook_id=IncomingHook.objects.earliest("pk").pk)
    assert (again.state, process(connection, now=NOW)) == ("waiting", 1)
    with pytest.raises(RefusedInputError):
        try_again(brand_id=make_brand().pk, hook_id=again.pk)


def test_requests_to_erase_wait_for_a_person(brand: Brand, stub: StubPlatform) -> None:
    # given
    connection = connect(brand, "shopify", stub)
    body = b'{"customer": {"id": 1}}'
    headers = {
        "X-Shopify-Topic": "customers/redact",
        "X-Shopify-Hmac-Sha256": shops.hmac_base64(body),
    }

    # when
    push(connection, body, headers)
    process(connection, now=NOW)

    # then
    assert IncomingHook.objects.get().error == "ERASURE: customers/redact"


def test_a_parcel_is_followed_to_its_door_and_the_lost_end_is_asked_for(
    brand: Brand, stub: StubPlatform
) -> None:
    # given
    connection = connect(brand, "kuaidi100", stub)
    for parcel, steps in ((1, 2), (2, 4)):
        push(connection, *shops.parcel_push(parcel, steps))
    process(connection, now=NOW)
    stub.traces = {f"78{1:010d}": shops.trace(1, 4)}

    # when
    first = reconcile(connection, now=NOW)
    second = reconcile(connection, now=NOW + timedelta(minutes=15))

    # then
    steps = BehaviourEvent.objects.filter(properties__parcel=f"78{1:010d}").order_by("occurred_at")
    assert list(steps.values_list("name", flat=True)) == [
        "picked_up", "arrived_in_city", "out_for_delivery", "signed",
    ]  # fmt: skip
    assert (first.seen, first.repaired) == (4, 2)
    # Both have come to an end: nothing is asked for any more.
    assert (second.seen, stub.refusals) == (0, [])


def test_taobao_trades_are_read_anew_and_messages_confirmed_once_kept(
    brand: Brand, stub: StubPlatform
) -> None:
    # given
    connection = connect(brand, "taobao", stub)
    tid = 2606000000000000001
    stub.trades = {tid: shops.trade(1, 4)}
    content = {
        "tid": tid,
        "out_sid": "78",
        "company_name": "ZTO",
        "desc": "",
        "time": "2026-05-02 10:00:00",
    }
    stub.queue = [
        {"id": 11, "topic": "taobao_trade_TradeCreate", "content": json.dumps({"tid": tid})},
        {"id": 12, "topic": "taobao_refund_RefundSuccess", "content": json.dumps({"tid": tid})},
        {"id": 13, "topic": "taobao_logistics_LogsticDetailTrace",
         "content": json.dumps({**content, "action": "SENT_CITY"})},
        {"id": 14, "topic": "taobao_item_ItemUpdate", "content": "{}"},
    ]  # fmt: skip

    # when
    dealt_with = fetch(connection, link_of(connection), now=NOW)

    # then
    assert (dealt_with, stub.queue, stub.refusals) == (4, [], [])
    order = Order.objects.get()
    assert (order.status, order.paid_minor, order.refunded_minor) == ("finished", 30000, 12000)
    assert Identity.objects.get().value == "AAH1"
    step = BehaviourEvent.objects.get()
    assert (step.name, step.order_no) == ("arrived_in_city", str(tid))


def test_a_platform_that_cannot_be_asked_loses_nothing(brand: Brand, stub: StubPlatform) -> None:
    # given
    connection = connect(brand, "shopify", stub)
    stub.shopify = [shops.shopify_order(number, 2) for number in range(150)]
    stub.outages = 1

    # when
    with pytest.raises(UnreachableError):
        reconcile(connection, now=NOW)
    repaired = reconcile(connection, now=NOW + timedelta(seconds=1))

    # then
    assert (repaired.seen, repaired.repaired, stub.refusals) == (151, 150, [])
    failed, done = ReconcileRun.objects.order_by("pk")
    assert (failed.error, failed.finished_at) == ("UNREACHABLE: Shopify answered 503.", None)
    assert done.finished_at == NOW + timedelta(seconds=1)


def test_orders_changed_in_one_second_are_found_across_pages(
    brand: Brand, stub: StubPlatform
) -> None:
    # given three pages, all changed at the moment where the last poll ended
    connection = connect(brand, "shopify", stub)
    moment = (NOW - timedelta(hours=1)).isoformat()
    stub.shopify = [shops.shopify_order(n, 1) | {"updated_at": moment} for n in range(250)]
    Connection.objects.update(reconciled_until=NOW - timedelta(hours=1) + OVERLAP)
    connection.refresh_from_db()

    # when
    reconcile(connection, now=NOW)

    # then
    assert Order.objects.count() == 250


@pytest.mark.parametrize("kind", ["woocommerce", "taobao"])
def test_no_order_is_missed_in_a_list_that_moves_while_it_is_read(
    kind: str, brand: Brand, stub: StubPlatform
) -> None:
    # given more than two pages, and each question changes an order, which so leaves the window
    connection = connect(brand, kind, stub)
    start = shops.START.replace(hour=0)
    stub.woo = [shops.woo_order(number, 1) for number in range(250)]
    trades = [shops.trade(number, 1) for number in range(250)]
    stub.trades = {trade["tid"]: trade for trade in trades}
    stub.moving = True

    # when
    reconcile(connection, now=start + timedelta(days=1), since=start)

    # then
    moved = [r for r in (*stub.woo, *trades) if shops.LATER in r.values()]
    assert len(moved) == 4
    names = set(Order.objects.values_list("order_no", flat=True))
    numbers = {"woocommerce": {str(n) for n in range(4, 250)}}
    tids = {"taobao": {str(trade["tid"]) for trade in trades[4:]}}
    assert (numbers | tids)[kind] <= names


def test_a_poll_goes_on_from_the_day_it_failed_in(
    brand: Brand, stub: StubPlatform, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given a platform that gives up on the third day asked for
    connection = connect(brand, "shopify", stub)
    answers = [[], [], UnreachableError("away"), *[[]] * 6]
    changed = create_autospec(PLATFORMS["shopify"].changed, side_effect=answers)
    monkeypatch.setitem(PLATFORMS, "shopify", replace(PLATFORMS["shopify"], changed=changed))
    begin, day = NOW - timedelta(days=7), timedelta(days=1)

    # when
    with pytest.raises(UnreachableError):
        reconcile(connection, now=NOW, since=begin)
    connection.refresh_from_db()
    reached = connection.reconciled_until
    reconcile(connection, now=NOW + timedelta(seconds=1))

    # then
    assert reached == begin + 2 * day
    starts = [call.args[1] for call in changed.call_args_list]
    assert starts[:4] == [begin, begin + day, begin + 2 * day, begin + 2 * day - OVERLAP]
    assert changed.call_args.args[2] == NOW + timedelta(seconds=1)


def test_what_the_platform_answers_beats_pushes_of_the_same_second(
    brand: Brand, stub: StubPlatform
) -> None:
    # given a refund and a delivery within one second
    connection = connect(brand, "shopify", stub)
    stub.shopify = [shops.shopify_order(number, 4) for number in range(20)]
    for number in range(20):
        push(connection, *shops.shopify_push(number, 3))
    process(connection, now=NOW)

    # when
    reconcile(connection, now=NOW)
    for number in range(20):
        push(connection, *shops.shopify_push(number, 2))
    IncomingHook.objects.update(state="waiting")
    process(connection, now=NOW)

    # then
    assert Order.objects.filter(refunded_minor__gt=0).count() == 20


def test_raw_pushes_are_forgotten_in_the_end(brand: Brand, stub: StubPlatform) -> None:
    # given
    connection = connect(brand, "shopify", stub)
    for number in (1, 2):
        push(connection, *shops.shopify_push(number, 1))
    process(connection, now=NOW)
    push(connection, *shops.shopify_push(3, 1))

    # when
    forgotten = [forget_old(now=NOW + timedelta(days=days)) for days in (KEEP_DAYS, KEEP_DAYS + 1)]

    # then
    assert (forgotten, IncomingHook.objects.get().state) == ([0, 2], "waiting")


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"kind": "fax"}, "KIND"),
        ({"secret": " "}, "SECRET"),
        ({"base_url": "ftp://x"}, "URL"),
        ({"base_url": "https://u:p@x"}, "URL"),
        ({"base_url": ""}, "URL"),
        ({"kind": "taobao"}, "PLATFORM"),
    ],
)
def test_refused_connections(fields: dict[str, str], code: str, brand: Brand) -> None:
    # given
    values = {"kind": "shopify", "secret": "s", "base_url": "https://x.example", **fields}

    # when
    with pytest.raises(RefusedInputError) as refused:
        open_connection(shop=make_shop(brand, platform="shopify"), **values)

    # then
    assert refused.value.code == code


def test_one_queue_has_one_reader(brand: Brand, stub: StubPlatform) -> None:
    connect(brand, "taobao", stub)
    with pytest.raises(RefusedInputError) as refused:
        connect(make_brand(), "taobao", stub)
    assert refused.value.code == "APP_KEY_TAKEN"


# Orders or parcels and the pushes of each: 10,000 in all.
COUNTS = {"shopify": (1_200, 5), "woocommerce": (500, 5), "kuaidi100": (250, 4), "taobao": (100, 5)}
PUSHES: dict[str, Callable[[int, int], tuple[bytes, dict[str, str]]]] = {
    "shopify": shops.shopify_push,
    "woocommerce": shops.woo_push,
    "kuaidi100": lambda number, step: shops.parcel_push(number, step + 1),
}


def fill(stub: StubPlatform) -> None:
    """The platforms as they stand in the end."""
    stub.shopify = [shops.shopify_order(n, 4) for n in range(COUNTS["shopify"][0])]
    stub.woo = [shops.woo_order(n, 4) for n in range(1, COUNTS["woocommerce"][0] + 1)]
    trades = [shops.trade(n, 4) for n in range(COUNTS["taobao"][0])]
    stub.trades = {t["tid"]: t for t in trades}
    traces = [shops.trace(n, 4) for n in range(COUNTS["kuaidi100"][0])]
    stub.traces = {t["nu"]: t for t in traces}


def every_push() -> list[tuple[str, int, int]]:
    """(kind, number, step) of every push, in the order things happened."""
    return [
        (kind, number + (kind == "woocommerce"), step)
        for step in range(5)
        for kind, (count, steps) in COUNTS.items()
        for number in range(count)
        if step < steps
    ]


def deliver(
    wanted: list[tuple[str, int, int]], connections: dict[str, Connection], stub: StubPlatform
) -> None:
    for at, (kind, number, step) in enumerate(wanted):
        if kind == "taobao":
            content = json.dumps({"tid": 2606000000000000000 + number})
            stub.queue.append(
                {"id": number * 10 + step, "topic": "taobao_trade_TradeX", "content": content}
            )
        else:
            assert push(connections[kind], *PUSHES[kind](number, step)) == 200
        if at % 4_000 == 3_999:
            work(connections)
    work(connections)


def work(connections: dict[str, Connection]) -> None:
    for connection in connections.values():
        fetch(connection, link_of(connection), now=NOW)


@pytest.mark.timeout(900)
def test_ten_thousand_pushes_in_any_order_late_and_lost_end_alike(stub: StubPlatform) -> None:
    # given
    chance = random.Random(20261126)
    fill(stub)
    pushes = every_push()
    assert len(pushes) == 10_000
    ordered, shuffled = make_brand(), make_brand()

    # when in order
    in_order = {kind: connect(ordered, kind, stub) for kind in COUNTS}
    deliver(pushes, in_order, stub)
    for connection in in_order.values():
        reconcile(connection, now=NOW)
        close_connection(brand_id=ordered.pk, connection_id=connection.pk, now=NOW)

    # when three times, shuffled, a tenth of them days late, a twentieth never
    chance.shuffle(pushes)
    arriving = pushes[: 10_000 - 500]
    late, soon = arriving[:1_000] * 3, arriving[1_000:] * 3
    chance.shuffle(soon)
    chance.shuffle(late)
    disorder = {kind: connect(shuffled, kind, stub) for kind in COUNTS}
    deliver(soon, disorder, stub)
    stub.outages = 1
    with pytest.raises(UnreachableError):
        reconcile(disorder["shopify"], now=NOW)
    repaired = {
        kind: reconcile(connection, now=NOW).repaired for kind, connection in disorder.items()
    }
    deliver(late, disorder, stub)

    # then
    assert state_of(shuffled) == state_of(ordered)
    assert Order.objects.filter(brand=shuffled).count() == 1_800
    assert BehaviourEvent.objects.filter(brand=shuffled).count() == 1_000
    assert Order.objects.filter(brand=shuffled, refunded_minor=0).count() == 0
    assert repaired["shopify"] > 100
    assert repaired["woocommerce"] > 50
    assert repaired["kuaidi100"] > 10
    kept = IncomingHook.objects.filter(connection__brand=shuffled)
    assert (kept.count(), kept.exclude(state="done").count()) == (9_500, 0)
    assert stub.refusals == []
    assert set(PLATFORMS) == set(COUNTS)


def test_a_refund_above_what_was_paid_is_clamped_and_told(brand: Brand, stub: StubPlatform) -> None:
    # given
    connection = connect(brand, "shopify", stub)
    row = shops.shopify_order(1, 4)
    row["refunds"][0]["transactions"][0]["amount"] = "999.00"
    body = json.dumps(row).encode()
    headers = {"X-Shopify-Topic": "orders/edited", "X-Shopify-Hmac-Sha256": shops.hmac_base64(body)}

    # when
    push(connection, body, headers)
    process(connection, now=NOW)

    # then
    order = Order.objects.get()
    assert (order.refunded_minor, order.paid_minor) == (3000, 3000)
    kept = IncomingHook.objects.get()
    assert (kept.state, kept.error) == ("done", "REFUND_ABOVE_PAID: #1001")
