"""What commerce contributes to the lake: orders and their lines by month, and the catalogue."""

from __future__ import annotations

import pyarrow as pa

from huitou.lake.registry import LakeTable, register

# Orders and lines are dated when they are paid, else when ordered; undated ones stay out.
_UTC = pa.timestamp("us", "UTC")
_KINDS = frozenset({"commerce.orders_recorded", "commerce.orders_removed"})
_MONTHS_SQL = """
    SELECT month, count(*) FROM commerce_order
    WHERE brand_id = %(brand_id)s AND biz_date IS NOT NULL
      AND (%(months)s::int[] IS NULL OR month = ANY(%(months)s::int[]))
    GROUP BY month
"""

ORDER_FACT = LakeTable(
    name="order_fact",
    schema=pa.schema(
        [
            ("order_id", pa.int64()),
            ("shop_id", pa.int32()),
            ("member_id", pa.int64()),
            ("status", pa.string()),
            ("currency", pa.string()),
            ("is_purchase", pa.bool_()),
            ("ordered_at", _UTC),
            ("paid_at", _UTC),
            ("biz_date", pa.date32()),
            ("month", pa.int32()),
            ("quantity", pa.int64()),
            ("list_minor", pa.int64()),
            ("discount_minor", pa.int64()),
            ("coupon_minor", pa.int64()),
            ("paid_minor", pa.int64()),
            ("refunded_minor", pa.int64()),
            ("province", pa.string()),
            ("city", pa.string()),
        ]
    ),
    kinds=_KINDS,
    months_sql=_MONTHS_SQL,
    sql="""
        SELECT id, shop_id, member_id, status, currency, is_purchase, ordered_at, paid_at,
               biz_date, month, quantity, list_minor, discount_minor, coupon_minor, paid_minor,
               refunded_minor, province, city
        FROM commerce_order
        WHERE brand_id = %(brand_id)s AND biz_date IS NOT NULL
          AND month = ANY(%(months)s::int[])
        ORDER BY month, id
    """,
)

# Title and category live in the catalogue table only: a product renamed today would otherwise
# leave every earlier month out of date without any of its orders having changed.
LINE_FACT = LakeTable(
    name="line_fact",
    schema=pa.schema(
        [
            ("line_id", pa.int64()),
            ("order_id", pa.int64()),
            ("shop_id", pa.int32()),
            ("member_id", pa.int64()),
            ("currency", pa.string()),
            ("is_purchase", pa.bool_()),
            ("biz_date", pa.date32()),
            ("month", pa.int32()),
            ("product_id", pa.int64()),
            ("quantity", pa.int64()),
            ("list_minor", pa.int64()),
            ("paid_minor", pa.int64()),
            ("discount_minor", pa.int64()),
            ("refunded_minor", pa.int64()),
        ]
    ),
    kinds=_KINDS,
    months_sql=_MONTHS_SQL,
    sql="""
        SELECT l.id, l.order_id, o.shop_id, o.member_id, o.currency, o.is_purchase, o.biz_date,
               o.month, l.product_id, l.quantity, l.list_minor, l.paid_minor, l.discount_minor,
               l.refunded_minor
        FROM commerce_orderline l
        JOIN commerce_order o ON o.id = l.order_id
        WHERE o.brand_id = %(brand_id)s AND o.biz_date IS NOT NULL
          AND o.month = ANY(%(months)s::int[])
        ORDER BY o.month, l.id
    """,
)

PRODUCT_DIM = LakeTable(
    name="product_dim",
    schema=pa.schema(
        [
            ("product_id", pa.int64()),
            ("code", pa.string()),
            ("title", pa.string()),
            ("category", pa.string()),
        ]
    ),
    kinds=_KINDS,
    partitioned=False,
    sql="""
        SELECT id, code, title, category FROM commerce_product
        WHERE brand_id = %(brand_id)s ORDER BY id
    """,
)


def register_tables() -> None:
    """Declare commerce's tables to the lake."""
    for table in (ORDER_FACT, LINE_FACT, PRODUCT_DIM):
        register(table)
