"""What behaviour contributes to the lake: every event by month, without its free properties."""

from __future__ import annotations

import pyarrow as pa

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
        SELECT id, shop_id, member_id, kind, name, occurred_at, biz_date, month, order_no,
               product_code
        FROM behaviour_behaviourevent
        WHERE brand_id = %(brand_id)s AND month = ANY(%(months)s::int[])
        ORDER BY month, id
    """,
)


def register_tables() -> None:
    """Declare behaviour's table to the lake."""
    register(TOUCH_FACT)
