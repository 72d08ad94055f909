"""Batch reads of orders for the rooms above: ids in, plain values out, newest first.

Amounts are integers in the minor unit of the order's currency.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db import connection
from django.db.models import Count, F, Max, Q, QuerySet, Sum, Value, Window
from django.db.models.functions import Coalesce, RowNumber

from huitou.commerce.models import Order, OrderLine, Refund, Review
from huitou.members import queries as members
from huitou.members.timeline import HAPPENED


@dataclass(frozen=True)
class OrderView:
    """An order as a page shows it; an amount is None when no file stated it."""

    id: int
    member_id: int | None
    shop_id: int
    order_no: str
    status: str
    currency: str
    ordered_at: datetime | None
    paid_at: datetime | None
    finished_at: datetime | None
    biz_date: date | None
    quantity: int | None
    list_minor: int | None
    discount_minor: int | None
    coupon_minor: int | None
    shipping_minor: int | None
    paid_minor: int
    refunded_minor: int
    province: str
    city: str
    is_purchase: bool


@dataclass(frozen=True)
class LineView:
    """One product within an order; ``paid_minor`` is None when the file was silent."""

    order_id: int
    product_code: str
    product_title: str
    category: str
    variant: str
    quantity: int
    list_minor: int | None
    paid_minor: int | None
    refunded_minor: int


@dataclass(frozen=True)
class RefundView:
    """A refund request of an order."""

    order_id: int
    refund_no: str
    amount_minor: int
    status: str
    reason: str
    requested_at: datetime | None
    finished_at: datetime | None


@dataclass(frozen=True)
class ReviewView:
    """What a member wrote; ``order_no`` is '' when the review names no known order."""

    member_id: int
    review_no: str
    order_no: str
    rating: int | None
    variant: str
    content: str
    followup: str
    reply: str
    reviewed_at: datetime | None


@dataclass(frozen=True)
class OrderTotals:
    """What a member has in all shops: every order, and purchases alone."""

    orders: int = 0
    purchases: int = 0
    paid_minor: int = 0
    refunded_minor: int = 0
    last_biz_date: date | None = None

    @property
    def net_minor(self) -> int:
        """What was paid less what went back."""
        return self.paid_minor - self.refunded_minor


@dataclass(frozen=True)
class TimelineEntry:
    """Something that happened: ``kind`` is ordered, paid, refunded or reviewed, or one of members'.

    ``text`` is the order number or what was written; of the kinds of ``members.timeline`` it is as
    told there, and ``shop_id`` is None. Only orders and refunds have an amount.
    """

    at: datetime
    kind: str
    shop_id: int | None
    text: str
    amount_minor: int | None
    rating: int | None
    is_first: bool


_ORDER_COLUMNS = tuple(OrderView.__dataclass_fields__)


def orders_of(
    brand_id: int,
    member_ids: Iterable[int],
    *,
    offset: int = 0,
    limit: int | None = None,
    shop_id: int | None = None,
) -> dict[int, list[OrderView]]:
    """The orders of each member, newest first; of each, ``limit`` from ``offset`` on when given.

    All accounts of a member count, and ``member_id`` of an order is the person's. ``shop_id``
    leaves the orders of one shop.
    """
    rows = _of_persons(_orders(shop_id), brand_id, member_ids)
    newest = [F("biz_date").desc(nulls_last=True), F("id").desc()]
    if limit is not None:
        place = Window(RowNumber(), partition_by="person", order_by=newest)
        rows = rows.annotate(place=place).filter(place__gt=offset, place__lte=offset + limit)
    result: dict[int, list[OrderView]] = defaultdict(list)
    columns = ["person" if name == "member_id" else name for name in _ORDER_COLUMNS]
    for values in rows.order_by(*newest).values_list(*columns):
        order = OrderView(*values)
        assert order.member_id is not None
        result[order.member_id].append(order)
    return dict(result)


def _of_persons(rows: QuerySet[Any], brand_id: int, member_ids: Iterable[int]) -> QuerySet[Any]:
    """Those of ``rows`` that belong to any account of the members; ``person`` is the member."""
    accounts = members.accounts_of(brand_id, member_ids)
    # As plain numbers the planner goes by them; from a subquery it would read the whole brand.
    wanted = [account for found in accounts.values() for account in found]
    person = Coalesce("member__merged_into_id", "member_id")
    found: QuerySet[Any, Any] = rows.filter(member_id__in=wanted).annotate(person=person)
    return found


def orders(brand_id: int, order_ids: Iterable[int]) -> dict[int, OrderView]:
    """Those of ``order_ids`` that belong to the brand."""
    rows = Order.objects.filter(brand_id=brand_id, pk__in=list(order_ids))
    return {values[0]: OrderView(*values) for values in rows.values_list(*_ORDER_COLUMNS)}


def _orders(shop_id: int | None) -> QuerySet[Order]:
    """Orders of one shop or all; ``_of_persons`` keeps to the accounts of a brand."""
    return Order.objects.all() if shop_id is None else Order.objects.filter(shop_id=shop_id)


def order_totals(
    brand_id: int, member_ids: Iterable[int], *, shop_id: int | None = None
) -> dict[int, OrderTotals]:
    """Counts and sums of each member's orders, of one shop when ``shop_id`` is given.

    Members without orders are left out.
    """
    rows = (
        _of_persons(_orders(shop_id), brand_id, member_ids)
        .values("person")
        .annotate(
            orders=Count("id"),
            purchases=Count("id", filter=Q(is_purchase=True)),
            paid=Coalesce(Sum("paid_minor", filter=Q(is_purchase=True)), 0),
            refunded=Coalesce(Sum("refunded_minor", filter=Q(is_purchase=True)), 0),
            last=Max("biz_date", filter=Q(is_purchase=True)),
        )
    )
    return {
        row["person"]: OrderTotals(
            row["orders"], row["purchases"], row["paid"], row["refunded"], row["last"]
        )
        for row in rows
    }


def lines_of(order_ids: Sequence[int]) -> dict[int, list[LineView]]:
    """The lines of each order with their products, in the order they were recorded."""
    rows = OrderLine.objects.filter(order_id__in=order_ids).order_by("order_id", "id")
    result: dict[int, list[LineView]] = defaultdict(list)
    for values in rows.values_list(
        "order_id", "product__code", "product__title", "product__category", "variant", "quantity",
        "list_minor", "paid_minor", "refunded_minor",
    ):  # fmt: skip
        line = LineView(*values)
        result[line.order_id].append(line)
    return dict(result)


def refunds_of(order_ids: Sequence[int]) -> dict[int, list[RefundView]]:
    """The refunds of each order, newest first."""
    rows = Refund.objects.filter(order_id__in=order_ids).order_by("order_id", "-id")
    result: dict[int, list[RefundView]] = defaultdict(list)
    for values in rows.values_list(*RefundView.__dataclass_fields__):
        refund = RefundView(*values)
        result[refund.order_id].append(refund)
    return dict(result)


def reviews_of(
    brand_id: int, member_ids: Iterable[int], *, limit: int = 50, shop_id: int | None = None
) -> dict[int, list[ReviewView]]:
    """The newest reviews of each member, ``limit`` of them in all; of one shop by ``shop_id``."""
    reviews = Review.objects.filter(shop__brand_id=brand_id)
    if shop_id is not None:
        reviews = reviews.filter(shop_id=shop_id)
    rows = _of_persons(reviews, brand_id, member_ids)
    rows = rows.annotate(order_number=Coalesce(F("order__order_no"), Value("")))
    newest = rows.order_by(F("reviewed_at").desc(nulls_last=True), "-id")[:limit]
    result: dict[int, list[ReviewView]] = defaultdict(list)
    for values in newest.values_list(
        "person", "review_no", "order_number", "rating", "variant", "content", "followup",
        "reply", "reviewed_at",
    ):  # fmt: skip
        review = ReviewView(*values)
        result[review.member_id].append(review)
    return dict(result)


_TIMELINE = (
    """
with accounts as (
  select unnest(%(accounts)s::bigint[]) as id
), mine as (
  select id, shop_id, order_no, ordered_at, paid_at, paid_minor,
    is_purchase and paid_at = min(paid_at) filter (where is_purchase) over () as is_first
  from commerce_order where member_id = any(%(accounts)s::bigint[])
    and (%(shop)s::bigint is null or shop_id = %(shop)s)
)
select at, kind, shop_id, text, amount_minor, rating, coalesce(is_first, false) from (
  select ordered_at as at, 'ordered' as kind, shop_id, order_no as text,
    paid_minor as amount_minor, null::smallint as rating, false as is_first, 1 as rank
  from mine
  where ordered_at is not null and (paid_at is null or paid_at - ordered_at > interval '1 hour')
  union all
  select paid_at, 'paid', shop_id, order_no, paid_minor, null, is_first, 2
  from mine where paid_at is not null
  union all
  select coalesce(r.finished_at, r.requested_at), 'refunded', r.shop_id, m.order_no,
    r.amount_minor, null, false, 3
  from commerce_refund r join mine m on m.id = r.order_id
  where r.status = 'success' and coalesce(r.finished_at, r.requested_at) is not null
  union all
  select v.reviewed_at, 'reviewed', v.shop_id, v.content, null, v.rating, false, 4
  from commerce_review v join brands_shop s on s.id = v.shop_id and s.brand_id = %(brand)s
  where v.member_id = any(%(accounts)s::bigint[]) and v.reviewed_at is not null
    and (%(shop)s::bigint is null or v.shop_id = %(shop)s)
  union all
  select * from (
"""
    + HAPPENED
    + """) of_brand where %(shop)s::bigint is null
) happened
order by at desc, rank desc, text
offset %(offset)s limit %(limit)s
"""
)


def timeline(
    brand_id: int, member_id: int, *, offset: int = 0, limit: int = 20, shop_id: int | None = None
) -> list[TimelineEntry]:
    """What happened to a member, newest first.

    An order appears when it was paid, and also when it was placed if it is unpaid or was paid more
    than an hour later. Ask for one more than a page shows to learn whether there are more.
    ``shop_id`` leaves what happened in one shop; merging concerns the whole brand.
    """
    accounts = members.accounts_of(brand_id, [member_id])[member_id]
    values: dict[str, Any] = {"brand": brand_id, "accounts": accounts, "shop": shop_id}
    values |= {"offset": offset, "limit": limit}
    with connection.cursor() as cursor:
        cursor.execute(_TIMELINE, values)
        return [TimelineEntry(*row) for row in cursor.fetchall()]


def orders_of_erased(shop_id: int, order_nos: Iterable[str]) -> set[str]:
    """Those of the shop's ``order_nos`` whose buyer was erased."""
    with connection.cursor() as cursor:
        cursor.execute(
            "select o.order_no from commerce_order o"
            " join privacy_erasedaccount e on e.account_id = o.member_id"
            " where o.shop_id = %s and o.order_no = any(%s)",
            [shop_id, list(order_nos)],
        )
        return {row[0] for row in cursor.fetchall()}
