"""What behaviour contributes to the lake: every event by month, without its free properties."""

from __future__ import annotations

import pyarrow as pa

from huitou.behaviour.models import EventKind
from huitou.lake.happenings import Field, Happening, register_happening
from huitou.lake.registry import LakeTable, register

TOUCH_FACT = LakeTable(
    name="touch_fact",
    schema=pa.schema(
        [
            ("event_id", pa.int64()),
            ("shop_id", pa.int32()),
            ("member_id", pa.int64()),
            ("kind", pa.string()),
            ("name", pa.string()),
            ("occurred_at", pa.timestamp("us", "UTC")),
            ("biz_date", pa.date32()),
            ("month", pa.int32()),
            ("order_no", pa.string()),
            ("product_code", pa.string()),
        ]
    ),
    kinds=frozenset({"behaviour.events_recorded"}),
    months_sql="""
        SELECT month, count(*) FROM behaviour_behaviourevent
        WHERE brand_id = %(brand_id)s
          AND (%(months)s::int[] IS NULL OR month = ANY(%(months)s::int[]))
        GROUP BY month
    """,
    sql="""
        SELECT id AS event_id, shop_id, member_id, kind, name, occurred_at, biz_date, month,
               order_no, product_code
        FROM behaviour_behaviourevent WHERE brand_id = %(brand_id)s
    """,
)


# What each kind of event says somebody did: in Chinese, and in English with what is counted.
_DID: dict[EventKind, tuple[str, str, str, str]] = {
    EventKind.VISIT: ("访问", "visited", "visit", "visits"),
    EventKind.SEARCH: ("搜索", "searched", "search", "searches"),
    EventKind.VIEW: ("浏览商品", "viewed a product", "view", "views"),
    EventKind.FAVOURITE: ("收藏", "saved a favourite", "favourite", "favourites"),
    EventKind.CART: ("加入购物车", "added to the cart", "addition", "additions"),
    EventKind.CONSULT: ("咨询", "consulted", "consultation", "consultations"),
    EventKind.PAY: ("进入付款", "began to pay", "payment step", "payment steps"),
    EventKind.CUSTOM: ("触发自定义事件", "triggered a custom event", "event", "events"),
}
_FIELDS = (
    Field("name", "text", "事件名称", "Event name", "name"),
    Field("shop", "shop", "店铺", "Shop", "shop_id"),
    Field("product", "text", "商品编码", "Product code", "product_code"),
    Field("category", "text", "品类", "Category", "category", of_product=True),
    Field("title", "text", "商品名称", "Product title", "title", of_product=True),
)


def register_tables() -> None:
    """Declare behaviour's table to the lake, and what happens to members in it."""
    register(TOUCH_FACT)
    for kind, (zh, en, one, many) in _DID.items():
        register_happening(
            Happening(
                name=f"event.{kind.value}",
                did_zh=zh,
                did_en=en,
                one_zh="次",
                one_en=one,
                many_en=many,
                table=TOUCH_FACT.name,
                moment="occurred_at",
                where={"kind": kind.value},
                fields=_FIELDS,
                product=("product_code", "code"),
            )
        )
