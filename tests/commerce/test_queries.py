"""Orders read in batches, newest first, and the timeline they make."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pytest_django import DjangoAssertNumQueries

from huitou.brands.models import Brand, Shop
from huitou.commerce import queries
from huitou.commerce.models import Order, OrderLine, Product, Refund, Review
from huitou.members.models import Member
from tests.factories import make_brand

NOON = datetime(2026, 6, 1, 4, tzinfo=UTC)


def make_order(shop: Shop, member: Member | None, day: int, **fields: Any) -> Order:
    """A paid order of 100.00, ``day`` days after the first of June."""
    at = NOON + timedelta(days=day)
    values = {
        "order_no": f"T{day}",
        "status": "finished",
        "currency": "CNY",
        "ordered_at": at,
        "paid_at": at,
        "biz_date": at.date(),
        "month": 0,
        "paid_minor": 10_000,
        **fields,
    }
    return Order.objects.create(brand=shop.brand, shop=shop, member=member, **values)


@pytest.fixture
def member(brand: Brand) -> Member:
    """A member without orders."""
    return Member.objects.create(brand=brand, name="沈知夏")


def test_orders_come_newest_first_and_in_pages(shop: Shop, member: Member) -> None:
    # given
    for day in range(5):
        make_order(shop, member, day)
    make_order(shop, None, 9)

    # when
    whole = queries.orders_of(shop.brand_id, [member.pk])[member.pk]
    second = queries.orders_of(shop.brand_id, [member.pk], offset=2, limit=2)[member.pk]

    # then
    assert [o.order_no for o in whole] == ["T4", "T3", "T2", "T1", "T0"]
    assert [o.order_no for o in second] == ["T2", "T1"]


def test_another_brand_sees_no_orders(shop: Shop, member: Member) -> None:
    make_order(shop, member, 0)
    other = make_brand()

    assert queries.orders_of(other.pk, [member.pk]) == {}
    assert queries.order_totals(other.pk, [member.pk]) == {}
    assert queries.timeline(other.pk, member.pk) == []


def test_totals_count_every_order_but_add_up_purchases(shop: Shop, member: Member) -> None:
    # given
    make_order(shop, member, 0)
    make_order(shop, member, 1, refunded_minor=4_000)
    make_order(shop, member, 2, refunded_minor=10_000)
    make_order(shop, member, 3, paid_at=None, status="created")

    # when
    totals = queries.order_totals(shop.brand_id, [member.pk])[member.pk]

    # then
    assert totals == queries.OrderTotals(4, 2, 20_000, 4_000, (NOON + timedelta(days=1)).date())


def test_lines_and_refunds_belong_to_their_orders(
    shop: Shop, member: Member, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    # given
    orders = [make_order(shop, member, day) for day in range(2)]
    product = Product.objects.create(brand=shop.brand, code="QH-1", title="茶杯", category="茶具")
    for order in orders:
        OrderLine.objects.create(order=order, line_key="a", product=product, paid_minor=10_000)
    Refund.objects.create(
        order=orders[0], shop=shop, refund_no="R1", amount_minor=4_000, status="success"
    )
    ids = [order.pk for order in orders]

    # when
    with django_assert_num_queries(2):
        lines, refunds = queries.lines_of(ids), queries.refunds_of(ids)

    # then
    assert [(lines[i][0].product_title, lines[i][0].quantity) for i in ids] == [("茶杯", 1)] * 2
    assert {i: [r.amount_minor for r in found] for i, found in refunds.items()} == {
        orders[0].pk: [4_000]
    }


def test_the_timeline_tells_everything_newest_first(shop: Shop, member: Member) -> None:
    # given
    first = make_order(shop, member, 0, ordered_at=NOON - timedelta(hours=5))
    make_order(shop, member, 2)
    make_order(shop, member, 3, paid_at=None, status="created")
    Refund.objects.create(
        order=first,
        shop=shop,
        refund_no="R1",
        amount_minor=4_000,
        status="success",
        finished_at=NOON + timedelta(days=1),
    )
    Refund.objects.create(
        order=first, shop=shop, refund_no="R2", amount_minor=1, status="open", requested_at=NOON
    )
    Review.objects.create(
        shop=shop,
        review_no="V1",
        member=member,
        rating=5,
        content="很好用",
        reviewed_at=NOON + timedelta(days=4),
    )

    # when
    whole = queries.timeline(shop.brand_id, member.pk)
    page = queries.timeline(shop.brand_id, member.pk, offset=1, limit=2)

    # then
    assert [(e.kind, e.text, e.amount_minor, e.is_first) for e in whole] == [
        ("reviewed", "很好用", None, False),
        ("ordered", "T3", 10_000, False),
        ("paid", "T2", 10_000, False),
        ("refunded", "T0", 4_000, False),
        ("paid", "T0", 10_000, True),
        ("ordered", "T0", 10_000, False),
    ]
    assert page == whole[1:3]


def test_reviews_name_their_order(shop: Shop, member: Member) -> None:
    order = make_order(shop, member, 0)
    Review.objects.create(shop=shop, review_no="V1", member=member, order=order, content="好")
    Review.objects.create(shop=shop, review_no="V2", member=member, content="一般")

    found = queries.reviews_of(shop.brand_id, [member.pk])[member.pk]

    assert [(r.review_no, r.order_no) for r in found] == [("V2", ""), ("V1", "T0")]
