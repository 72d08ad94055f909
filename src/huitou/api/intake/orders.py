"""Orders on their way in."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime

import pyarrow as pa
from django.db import connection, transaction

from huitou.api.intake.parking import Waiting, park
from huitou.api.intake.people import resolved, without_erased
from huitou.api.intake.senders import KnownShop, Sender, shops_of
from huitou.api.intake.tables import (
    LINE_ROWS,
    REFUND_ROWS,
    buyer_table,
    line_table,
    order_table,
    refund_table,
)
from huitou.api.intake.versions import Statement, digest_of, take_newest
from huitou.api.messages import Item, Order
from huitou.commerce.models import STATUS_RANK
from huitou.commerce.services import Recorded, ShopScope, forget_statements, record
from huitou.eventlog.before_images import LIVE_SOURCE

_UNKNOWN_CODES = """
select c.code from unnest(%s::text[]) as c(code)
where not exists (select from commerce_product p where p.brand_id = %s and p.code = c.code)
"""


@transaction.atomic
def take_orders(
    sender: Sender,
    orders: Sequence[Order],
    *,
    now: datetime,
    origin: str,
    current: bool = False,
) -> list[Item]:
    """Record ``orders``, park those of an unknown shop or product; one answer per order.

    The same order again changes nothing; an older statement than the last one is ignored.
    ``current`` orders are as the platform answered when it was asked.
    """
    shops = shops_of(sender)
    items: list[Item | None] = [None] * len(orders)
    waiting: list[Waiting] = []
    untitled = _unknown_products(sender.brand_id, orders)
    sound: list[tuple[int, KnownShop, Order]] = []
    for at, order in enumerate(orders):
        shop = shops.of(order.shop)
        missing = next((x.product_code for x in order.lines if x.product_code in untitled), None)
        if shop is not None and missing is None:
            sound.append((at, shop, order))
            continue
        reason = "unknown_shop" if shop is None else "unknown_sku"
        detail = order.shop or "" if shop is None else missing or ""
        slug = order.shop or (shop.slug if shop else "")
        waiting.append(
            Waiting("order", slug, order.order_no, reason, detail, order, order.updated_at)
        )
        items[at] = Item(order.order_no, "parked", reason)
    park(sender.brand_id, waiting)
    by_shop: dict[KnownShop, list[tuple[int, Order]]] = defaultdict(list)
    if sound:
        statements = [
            Statement(
                shop.id, o.order_no, o.updated_at, STATUS_RANK[o.status], digest_of(o)
            )
            for _, shop, o in sound
        ]  # fmt: skip
        for (at, shop, order), outcome in zip(
            sound, take_newest("order", statements, current=current), strict=True
        ):
            if outcome == "news":
                by_shop[shop].append((at, order))
            else:
                items[at] = Item(order.order_no, outcome)  # type: ignore[arg-type]
    for shop in sorted(by_shop, key=lambda shop: shop.id):
        news = by_shop[shop]
        recorded = _record(sender, shop, [o for _, o in news], now=now, origin=origin)
        for row, (at, order) in enumerate(news, 1):
            items[at] = _item(order, row, recorded)
    return [item for item in items if item is not None]


def _record(
    sender: Sender, shop: KnownShop, orders: Sequence[Order], *, now: datetime, origin: str
) -> Recorded:
    buyers = buyer_table(orders)
    ids = resolved(sender, shop, buyers, now=now, origin=origin).member_ids
    table = without_erased(sender, shop, buyers, of=order_table(orders, sender.currency))
    scope = ShopScope(sender.brand_id, shop.id, sender.currency, sender.time_zone)
    # A statement is the whole order, so the newest one alone must decide, whichever came before.
    forget_statements(scope=scope, source_ref=LIVE_SOURCE, order_nos=[o.order_no for o in orders])
    return record(
        scope=scope,
        source_ref=LIVE_SOURCE,
        now=now,
        origin=origin,
        orders=table.append_column("member_id", pa.array(ids, mask=ids == 0)),
        lines=line_table(orders),
        refunds=refund_table(orders),
    )


def _item(order: Order, row: int, recorded: Recorded) -> Item:
    refunded = sum(r.amount_minor for r in order.refunds if r.status == "success")
    warnings = ["REFUND_ABOVE_PAID"] if refunded > order.paid_minor else []
    if row in recorded.stored:
        return Item(order.order_no, "stored", warnings=warnings)
    touched = recorded.stored | recorded.updated
    is_changed = not touched.isdisjoint({row, LINE_ROWS + row, REFUND_ROWS + row})
    return Item(order.order_no, "updated" if is_changed else "unchanged", warnings=warnings)


def _unknown_products(brand_id: int, orders: Sequence[Order]) -> set[str]:
    """Codes of lines without a title that are not in the catalogue: nobody could name them."""
    codes = {line.product_code for o in orders for line in o.lines if not line.product_title}
    if not codes:
        return set()
    with connection.cursor() as cursor:
        cursor.execute(_UNKNOWN_CODES, [sorted(codes), brand_id])
        return {row[0] for row in cursor.fetchall()}
