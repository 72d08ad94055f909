"""What commerce contributes to the lake: orders and lines by month, the catalogue, reviews."""

from __future__ import annotations

import pyarrow as pa

from huitou.lake.happenings import Detail, Field, Happening, register_happening
from huitou.lake.registry import LakeTable, register

# Orders and lines are dated when they are paid, else when ordered; undated ones stay out.
_UTC = pa.timestamp("us", "UTC")
_KINDS = frozenset({"commerce.orders_recorded", "commerce.orders_removed"})
# An erasure took away whom orders were sent to: see ``commerce.forgetting``.
RECEIVERS_ERASED = "commerce.receivers_erased"
# The note itself stays out of the lake; only whether it speaks of giving something away goes in.
_GIFT_WORDS = "送人|送给|送礼|礼物|礼品|礼盒|贺卡|祝福|生日|gift|birthday|greeting card"
# What platforms call the device or till an order came from. The first that fits is the class.
_DEVICE_WORDS = (
    ("store", "pos|门店|线下|retail|offline"),
    ("phone", "phone|mobile|android|ios|ipad|wap|app|手机|无线|移动|小程序|wechat|微信"),
    ("computer", "pc|desktop|电脑|computer|windows|mac"),
)
_DEVICE_SQL = " ".join(f"WHEN o.device ~* '{words}' THEN '{code}'" for code, words in _DEVICE_WORDS)
# A file that states dates only is read as midnight; nobody knows the hour then.
_LOCAL_HOUR_SQL = """
    CASE WHEN (coalesce(o.paid_at, o.ordered_at) AT TIME ZONE b.time_zone)::time <> '00:00'
         THEN extract(hour FROM coalesce(o.paid_at, o.ordered_at) AT TIME ZONE b.time_zone) END
"""
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
            ("happened_at", _UTC),
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
            # Says "the same receiver" within the brand, and nothing else.
            ("receiver", pa.int64()),
            ("device", pa.string()),
            ("local_hour", pa.int16()),
            ("gift_note", pa.bool_()),
        ]
    ),
    kinds=_KINDS | {RECEIVERS_ERASED},
    months_sql=_MONTHS_SQL,
    sql=f"""
        SELECT o.id AS order_id, o.shop_id, o.member_id, o.status, o.currency, o.is_purchase,
               o.ordered_at, o.paid_at, coalesce(o.paid_at, o.ordered_at) AS happened_at,
               o.biz_date, o.month, o.quantity, o.list_minor, o.discount_minor, o.coupon_minor,
               o.paid_minor, o.refunded_minor, o.province, o.city,
               hashtextextended(encode(o.receiver_key, 'hex'), o.brand_id) AS receiver,
               CASE {_DEVICE_SQL} ELSE '' END AS device,
               {_LOCAL_HOUR_SQL} AS local_hour, o.remark ~* '{_GIFT_WORDS}' AS gift_note
        FROM commerce_order o JOIN brands_brand b ON b.id = o.brand_id
        WHERE o.brand_id = %(brand_id)s AND o.biz_date IS NOT NULL
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
            ("happened_at", _UTC),
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
        SELECT l.id AS line_id, l.order_id, o.shop_id, o.member_id, o.currency, o.is_purchase,
               coalesce(o.paid_at, o.ordered_at) AS happened_at, o.biz_date, o.month, l.product_id,
               l.quantity, l.list_minor, l.paid_minor, l.discount_minor, l.refunded_minor
        FROM commerce_orderline l
        JOIN commerce_order o ON o.id = l.order_id
        WHERE o.brand_id = %(brand_id)s AND o.biz_date IS NOT NULL
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

# What members wrote stays in PostgreSQL; the stars are enough to know who speaks well of a brand.
REVIEW_FACT = LakeTable(
    name="review_fact",
    schema=pa.schema(
        [
            ("review_id", pa.int64()),
            ("shop_id", pa.int32()),
            ("member_id", pa.int64()),
            ("rating", pa.int16()),
            ("biz_date", pa.date32()),
        ]
    ),
    kinds=_KINDS,
    partitioned=False,
    sql="""
        SELECT r.id AS review_id, r.shop_id, coalesce(r.member_id, o.member_id) AS member_id,
               r.rating, (r.reviewed_at AT TIME ZONE b.time_zone)::date AS biz_date
        FROM commerce_review r
        JOIN brands_shop s ON s.id = r.shop_id
        JOIN brands_brand b ON b.id = s.brand_id
        LEFT JOIN commerce_order o ON o.id = r.order_id
        WHERE s.brand_id = %(brand_id)s AND r.reviewed_at IS NOT NULL
        ORDER BY r.id
    """,
)


_AMOUNT = ("amount", "money", "实付减退款", "Amount", "paid_minor", "refunded_minor")
_QUANTITY = ("quantity", "count", "件数", "Pieces", "quantity")
_ORDER_FIELDS = (
    Field(*_AMOUNT),
    Field(*_QUANTITY),
    Field("discount", "money", "折扣", "Discount", "discount_minor"),
    Field("coupon", "money", "优惠券抵扣", "Coupon", "coupon_minor"),
    Field("shop", "shop", "店铺", "Shop", "shop_id"),
    Field("province", "text", "收货省份", "Province", "province"),
    Field("city", "text", "收货城市", "City", "city"),
)
_LINE_FIELDS = (
    Field(*_AMOUNT),
    Field(*_QUANTITY),
    Field("category", "text", "品类", "Category", "category", of_product=True),
    Field("product", "text", "商品编码", "Product code", "code", of_product=True),
    Field("title", "text", "商品名称", "Product title", "title", of_product=True),
)
_PURCHASE = {"is_purchase": True}
# What was bought counts as in every figure: paid, and not wholly refunded.
ORDER_PAID = Happening(
    name="order.paid",
    did_zh="购买",
    did_en="bought",
    one_zh="笔订单",
    one_en="order",
    many_en="orders",
    table="order_fact",
    moment="happened_at",
    where=_PURCHASE,
    priced=True,
    fields=_ORDER_FIELDS,
    detail=Detail(
        table="line_fact",
        unit="order_id",
        moment="happened_at",
        where=_PURCHASE,
        fields=_LINE_FIELDS,
        product=("product_id", "product_id"),
    ),
)


def register_tables() -> None:
    """Declare commerce's tables to the lake, and what happens to members in them."""
    for table in (ORDER_FACT, LINE_FACT, PRODUCT_DIM, REVIEW_FACT):
        register(table)
    register_happening(ORDER_PAID)
