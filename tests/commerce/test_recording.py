"""Orders recorded set-wise: whatever order statements arrive in, the same orders stand there."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime
from typing import Any

import pyarrow as pa
import pytest
from django.db import connection, transaction

from huitou.brands.models import Shop
from huitou.commerce import services
from huitou.commerce.models import Order, OrderLine, Product, Refund
from huitou.eventlog.before_images import LIVE_SOURCE
from huitou.eventlog.models import BeforeImage, Event
from huitou.ingest.records import LINES, ORDERS, REFUNDS
from huitou.kernel.errors import RefusedInputError

NOW = datetime(2026, 11, 22, tzinfo=UTC)
PAID_AT = datetime(2026, 6, 17, 16, 0, 9, tzinfo=UTC)  # 2026-06-18 00:00:09 in Shanghai


def table(schema: pa.Schema, *rows: dict[str, Any]) -> pa.Table:
    """A table of ``rows`` with absent columns silent; orders belong to nobody."""
    filled = [{"row_no": n, **row} for n, row in enumerate(rows, start=1)]
    made = pa.Table.from_pylist(filled, schema=schema)
    if schema is ORDERS:
        made = made.append_column("member_id", pa.nulls(made.num_rows, pa.int64()))
    return made


def order(**fields: Any) -> dict[str, Any]:
    """An order row of the platform's order list."""
    return {
        "order_no": "T1",
        "header_rank": 2,
        "status": "paid",
        "currency": "CNY",
        "ordered_at": PAID_AT,
        "paid_at": PAID_AT,
        "paid_minor": 15800,
        "refund_stated_minor": 0,
        **fields,
    }


def line(**fields: Any) -> dict[str, Any]:
    """A line of that order."""
    return {
        "order_no": "T1",
        "line_key": "a",
        "product_code": "QH-XF-500",
        "product_title": "shampoo",
        "quantity": 2,
        "paid_minor": 15800,
        "refunded_minor": 0,
        **fields,
    }


def record(shop: Shop, source_ref: int, **tables: pa.Table) -> services.Recorded:
    """Record one chunk as its own committed piece."""
    scope = services.ShopScope(shop.brand_id, shop.pk, "CNY", "Asia/Shanghai")
    with transaction.atomic():
        recorded = services.record(
            scope=scope, source_ref=source_ref, now=NOW, origin="backfill", **tables
        )
        with connection.cursor() as cursor:
            # Temp tables fall at commit; in a test's open transaction they are dropped by hand.
            cursor.execute(
                "drop table if exists stage_order, stage_line, stage_refund, stage_review,"
                " touched_order"
            )
    return recorded


def state(shop: Shop) -> list[Any]:
    """Everything recorded for ``shop`` but the opaque source numbers."""
    orders = Order.objects.filter(shop=shop).order_by("order_no")
    kept = [f.attname for f in Order._meta.concrete_fields]
    opaque = {"id", "shop_id", "source_ref", "changed_ref", "recorded_at"}
    kept = [f for f in kept if f not in opaque]
    return [
        *orders.values_list(*kept),
        *OrderLine.objects.filter(order__shop=shop)
        .order_by("order__order_no", "line_key")
        .values_list("order__order_no", "line_key", "quantity", "paid_minor", "refunded_minor"),
        *Refund.objects.filter(shop=shop)
        .order_by("refund_no")
        .values_list("refund_no", "order__order_no", "amount_minor", "status"),
    ]


def test_a_new_order_is_stored_with_the_business_date_of_the_brand(shop: Shop) -> None:
    recorded = record(shop, 1, orders=table(ORDERS, order()))

    found = Order.objects.get(shop=shop)
    assert recorded.stored == {1}
    assert (str(found.biz_date), found.month) == ("2026-06-18", 2026 * 12 + 5)
    assert (found.paid_minor, found.refunded_minor, found.is_purchase) == (15800, 0, True)
    event = Event.objects.get(kind="commerce.orders_recorded")
    assert (event.subject_ids, event.payload) == ([found.pk], {"months": [2026 * 12 + 5]})


def test_the_same_chunk_again_changes_nothing_and_tells_nothing(shop: Shop) -> None:
    chunk = {"orders": table(ORDERS, order()), "lines": table(LINES, line())}
    record(shop, 1, **chunk)
    before = state(shop)

    recorded = record(shop, 2, **chunk)

    assert (recorded.stored, recorded.updated, recorded.unchanged) == (set(), set(), {1})
    assert state(shop) == before
    assert not BeforeImage.objects.exists()


def test_a_later_status_updates_and_an_earlier_one_does_not(shop: Shop) -> None:
    record(shop, 1, orders=table(ORDERS, order(status="shipped")))

    later = record(shop, 2, orders=table(ORDERS, order(status="finished", refund_stated_minor=500)))
    earlier = record(shop, 3, orders=table(ORDERS, order(status="paid")))

    found = Order.objects.get(shop=shop)
    assert (later.updated, earlier.unchanged) == ({1}, {1})
    assert (found.status, found.refunded_minor, found.changed_ref) == ("finished", 500, 2)


def test_lists_lines_and_refunds_join_up_in_every_order_of_arrival(shop: Shop) -> None:
    pieces = {
        "list": {"orders": table(ORDERS, order(status="finished"))},
        "lines": {
            "orders": table(ORDERS, order(header_rank=1, paid_minor=None, quantity=None)),
            "lines": table(
                LINES,
                line(paid_minor=10000),
                line(line_key="b", product_code="QH-FQ-01", paid_minor=5800, quantity=1),
            ),
        },
        "refund": {
            "refunds": table(
                REFUNDS,
                {
                    "order_no": "T1",
                    "refund_no": "R1",
                    "amount_minor": 5800,
                    "status": "success",
                },
            )
        },
    }
    states = []
    for number, arrival in enumerate(itertools.permutations(pieces)):
        other = Shop.objects.create(
            brand=shop.brand, slug=f"s{number}", name="s", platform="taobao"
        )
        for step, name in enumerate(arrival):
            record(other, number * 10 + step + 1, **pieces[name])
        states.append(state(other))

    assert all(one == states[0] for one in states)
    found = Order.objects.get(shop=other)
    assert (found.paid_minor, found.refunded_minor, found.quantity) == (15800, 5800, 3)
    assert (found.status, found.header_rank, found.is_purchase) == ("finished", 2, True)


def test_totals_of_orders_known_by_lines_only_are_the_sum_of_their_lines(shop: Shop) -> None:
    head = table(ORDERS, order(header_rank=1, paid_minor=None))

    record(shop, 1, orders=head, lines=table(LINES, line(paid_minor=7900)))
    record(shop, 2, orders=head, lines=table(LINES, line(line_key="b", paid_minor=1980)))

    assert Order.objects.get(shop=shop).paid_minor == 9880


@pytest.mark.parametrize(
    ("fields", "refunded", "is_purchase"),
    [
        ({"paid_minor": 0}, 0, True),
        ({"paid_at": None, "status": "created"}, 0, False),
        ({"refund_stated_minor": 15799}, 15799, True),
        ({"refund_stated_minor": 15800}, 15800, False),
        ({"refund_stated_minor": 99999}, 15800, False),
        ({"status": "closed_refunded"}, 15800, False),
        ({"status": "cancelled", "paid_at": None}, 0, False),
    ],
)
def test_a_purchase_is_a_paid_order_not_wholly_refunded(
    shop: Shop, fields: dict[str, Any], refunded: int, is_purchase: bool
) -> None:
    record(shop, 1, orders=table(ORDERS, order(**fields)))

    found = Order.objects.get(shop=shop)
    assert (found.refunded_minor, found.is_purchase) == (refunded, is_purchase)


def test_undo_brings_back_exactly_what_was_there(shop: Shop) -> None:
    record(shop, 1, orders=table(ORDERS, order()), lines=table(LINES, line()))
    before = state(shop)
    record(
        shop,
        2,
        orders=table(ORDERS, order(status="finished"), order(order_no="T2")),
        lines=table(LINES, line(refunded_minor=300), line(order_no="T2", product_code="NEW")),
    )

    removed = services.undo(brand_id=shop.brand_id, source_ref=2, now=NOW)

    assert removed == 1
    assert state(shop) == before
    assert not Product.objects.filter(code="NEW").exists()
    assert not BeforeImage.objects.exists()


def test_undo_is_refused_while_a_later_import_rests_on_it(shop: Shop) -> None:
    record(shop, 1, orders=table(ORDERS, order()))
    record(shop, 2, orders=table(ORDERS, order(status="finished")))
    before = state(shop)

    with pytest.raises(RefusedInputError, match="#2") as refused:
        services.undo(brand_id=shop.brand_id, source_ref=1, now=NOW)

    assert refused.value.code == "LATER_CHANGES"
    assert state(shop) == before
    services.undo(brand_id=shop.brand_id, source_ref=2, now=NOW)
    assert services.undo(brand_id=shop.brand_id, source_ref=1, now=NOW) == 1
    assert state(shop) == []


def test_shops_do_not_share_order_numbers(shop: Shop) -> None:
    other = Shop.objects.create(brand=shop.brand, slug="other", name="o", platform="tmall")

    record(shop, 1, orders=table(ORDERS, order(paid_minor=100)))
    record(other, 2, orders=table(ORDERS, order(paid_minor=200)))

    assert Order.objects.get(shop=shop).paid_minor == 100
    assert Order.objects.get(shop=other).paid_minor == 200


@pytest.mark.parametrize("speaks_before", [False, True])
def test_an_import_that_live_messages_build_on_stays(shop: Shop, speaks_before: bool) -> None:
    # given
    statements = [(5, {}), (LIVE_SOURCE, {"remark": "one"}), (9, {"remark": "two"})]
    for source, fields in statements[: 3 if speaks_before else 1]:
        record(shop, source, orders=table(ORDERS, order(**fields)))
    last_file = 9 if speaks_before else 5

    # when
    record(shop, LIVE_SOURCE, orders=table(ORDERS, order(remark="three")))

    # then
    with pytest.raises(RefusedInputError) as refused:
        services.undo(brand_id=shop.brand_id, source_ref=last_file, now=NOW)
    assert refused.value.code == "LIVE_CHANGES"
    assert Order.objects.get().remark == "three"


def test_forgetting_leaves_alone_what_another_source_spoke_of(shop: Shop) -> None:
    # given
    scope = services.ShopScope(shop.brand_id, shop.pk, "CNY", "Asia/Shanghai")
    record(shop, 5, orders=table(ORDERS, order(remark="from a file")))
    record(shop, LIVE_SOURCE, orders=table(ORDERS, order(order_no="T2", remark="live")))

    # when
    services.forget_statements(scope=scope, source_ref=LIVE_SOURCE, order_nos=["T1", "T2", "T3"])

    # then
    assert dict(Order.objects.values_list("order_no", "remark")) == {"T1": "from a file", "T2": ""}
