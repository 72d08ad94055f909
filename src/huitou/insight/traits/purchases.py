"""What they bought: how much, how often, when."""

from __future__ import annotations

from huitou.insight import definitions
from huitou.insight.traits.declaration import Theme, Trait, column, rule

THEME = Theme(
    "purchases",
    "消费",
    "Purchases",
    (
        Trait(
            "recency_days",
            "days",
            "距上次购买天数",
            "Days since last purchase",
            "从最近一次购买的日期到统计日的整天数",
            "Whole days from the date of the last purchase to the as-of date",
            column("recency_days"),
        ),
        Trait(
            "frequency",
            "count",
            "购买次数",
            "Purchases",
            "已付款且未全额退款的订单数",
            "Paid orders that were not wholly refunded",
            column("frequency"),
        ),
        Trait(
            "monetary_minor",
            "money",
            "累计消费",
            "Amount spent",
            "购买的实付金额减去退款",
            "Paid minus refunded over all purchases",
            column("monetary_minor"),
        ),
        Trait(
            "aov_minor",
            "money",
            "客单价",
            "Average order value",
            "累计消费除以购买次数，四舍五入到分",
            "Amount spent divided by purchases, rounded half up to the minor unit",
            rule("buyers.average_order_value"),
        ),
        Trait(
            "first_paid_at",
            "time",
            "首次购买时间",
            "First purchase",
            "最早一次购买的付款时间",
            "When the earliest purchase was paid",
            column("first_paid_at"),
        ),
        Trait(
            "last_paid_at",
            "time",
            "最近购买时间",
            "Last purchase",
            "最近一次购买的付款时间",
            "When the latest purchase was paid",
            column("last_paid_at"),
        ),
        Trait(
            "buyer_type",
            "code",
            "新老客",
            "New or returning",
            "有一个购买日为新客，两个为回头客，三个及以上为忠诚客",
            "New with one purchase day, returning with two, loyal from three",
            rule("buyers.buyer_type"),
            definitions.BUYER_TYPES,
        ),
    ),
)
