"""Every trait of a member, declared once.

A trait's expression is built from one row per buyer of the ``profile`` relation (see
``insight.expressions.profile``); the name, kind, labels and explanation feed the member page, the
filters, the exports and the documentation. A member without a purchase has null traits.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

# The profile relation and the as-of date in, an Ibis column out. Any: Ibis loads lazily.
Expression = Callable[[Any, Any], Any]


@dataclass(frozen=True)
class Trait:
    """A computed property of a member.

    ``kind``: ``count``, ``days``, ``money`` (minor units), ``score``, ``time``, ``date``, ``code``
    (one of ``choices``) or ``text``.
    """

    name: str
    kind: str
    label_zh: str
    label_en: str
    explain_zh: str
    explain_en: str
    expression: Expression
    choices: tuple[str, ...] = ()


def _rule(name: str) -> Expression:
    """The named function of ``insight.expressions``, loaded when it is first compiled."""

    def expression(profile: Any, as_of: Any) -> Any:
        from huitou.insight import expressions

        return getattr(expressions, name)(profile, as_of)

    return expression


def _column(name: str) -> Expression:
    return lambda profile, as_of: profile[name]


TRAITS: list[Trait] = [
    Trait(
        "recency_days",
        "days",
        "距上次购买天数",
        "Days since last purchase",
        "从最近一次购买的日期到统计日的整天数",
        "Whole days from the date of the last purchase to the as-of date",
        _column("recency_days"),
    ),
    Trait(
        "frequency",
        "count",
        "购买次数",
        "Purchases",
        "已付款且未全额退款的订单数",
        "Paid orders that were not wholly refunded",
        _column("frequency"),
    ),
    Trait(
        "monetary_minor",
        "money",
        "累计消费",
        "Amount spent",
        "购买的实付金额减去退款",
        "Paid minus refunded over all purchases",
        _column("monetary_minor"),
    ),
    Trait(
        "aov_minor",
        "money",
        "客单价",
        "Average order value",
        "累计消费除以购买次数，四舍五入到分",
        "Amount spent divided by purchases, rounded half up to the minor unit",
        _rule("average_order_value"),
    ),
    Trait(
        "first_paid_at",
        "time",
        "首次购买时间",
        "First purchase",
        "最早一次购买的付款时间",
        "When the earliest purchase was paid",
        _column("first_paid_at"),
    ),
    Trait(
        "last_paid_at",
        "time",
        "最近购买时间",
        "Last purchase",
        "最近一次购买的付款时间",
        "When the latest purchase was paid",
        _column("last_paid_at"),
    ),
    Trait(
        "rfm_group",
        "code",
        "RFM 分组",
        "RFM group",
        "以全体均值为界的八个 RFM 分组",
        "One of eight groups, with the mean of all buyers as the line",
        _rule("rfm_group"),
        (
            "privileged",
            "main_development",
            "important_value",
            "important_win_back",
            "regular_upkeep",
            "key_upkeep",
            "general_upkeep",
            "no_value",
        ),
    ),
    Trait(
        "r_score",
        "score",
        "R 评分",
        "R score",
        "按五分位打分，越近期越高，5 分最佳",
        "1 to 5 by quintile, 5 for the most recent",
        _rule("r_score"),
    ),
    Trait(
        "f_score",
        "score",
        "F 评分",
        "F score",
        "按五分位打分，次数越多越高，5 分最佳",
        "1 to 5 by quintile, 5 for the most purchases",
        _rule("f_score"),
    ),
    Trait(
        "m_score",
        "score",
        "M 评分",
        "M score",
        "按五分位打分，金额越大越高，5 分最佳",
        "1 to 5 by quintile, 5 for the highest amount",
        _rule("m_score"),
    ),
    Trait(
        "cycle_days",
        "days",
        "购买周期",
        "Purchase cycle",
        "本人的平均购买间隔；购买日少于 3 天时取主购品类的周期，再取品牌的周期",
        "The member's own average interval; below three purchase days that of the main category, "
        "else of the brand",
        _column("cycle_days"),
    ),
    Trait(
        "next_purchase_date",
        "date",
        "预计下次购买",
        "Next purchase expected",
        "最近购买日加一个购买周期",
        "The last purchase date plus one purchase cycle",
        _rule("next_purchase_date"),
    ),
    Trait(
        "lifecycle_stage",
        "code",
        "生命周期",
        "Life-cycle stage",
        "未购天数在 1、2、3、5 个购买周期以内分别为活跃、沉默、沉睡、准流失，更久为流失",
        "Active, silent, sleeping or near loss within 1, 2, 3 or 5 cycles without a purchase; "
        "lost beyond",
        _rule("lifecycle_stage"),
        ("active", "silent", "sleeping", "near_loss", "lost"),
    ),
    Trait(
        "province",
        "text",
        "省份",
        "Province",
        "最近一次写明省份的购买的收货省份",
        "Where the latest purchase that states a province was delivered",
        _column("province"),
    ),
    Trait(
        "city",
        "text",
        "城市",
        "City",
        "与省份同一笔购买的收货城市",
        "The city of the same purchase as the province",
        _column("city"),
    ),
    Trait(
        "loss_warning_date",
        "date",
        "流失警戒日",
        "Loss-warning date",
        "最近购买日加三个购买周期：此后仍未购买即越过流失警戒线",
        "The last purchase date plus three cycles: without a purchase by then, the loss-warning "
        "line is crossed",
        _rule("loss_warning_date"),
    ),
    Trait(
        "buyer_type",
        "code",
        "新老客",
        "New or returning",
        "有一个购买日为新客，两个为回头客，三个及以上为忠诚客",
        "New with one purchase day, returning with two, loyal from three",
        _rule("buyer_type"),
        ("new", "returning", "loyal"),
    ),
    Trait(
        "main_category",
        "text",
        "主购品类",
        "Main category",
        "购买日最多的品类；相同时取最近购买的，再按名称",
        "The category bought on the most days; the latest of equals, then by name",
        _column("main_category"),
    ),
]

BY_NAME: dict[str, Trait] = {trait.name: trait for trait in TRAITS}
