"""How often they buy, where they stand in their life cycle, what comes next."""

from __future__ import annotations

from huitou.insight import definitions
from huitou.insight.traits.declaration import Theme, Trait, column, rule

THEME = Theme(
    "rhythm",
    "购买节奏",
    "Rhythm",
    (
        Trait(
            "cycle_days",
            "days",
            "购买周期",
            "Purchase cycle",
            "本人的平均购买间隔；购买日少于 3 天时取主购品类的周期，再取品牌的周期",
            "The member's own average interval; below three purchase days that of the main "
            "category, else of the brand",
            column("cycle_days"),
        ),
        Trait(
            "next_purchase_date",
            "date",
            "预计下次购买",
            "Next purchase expected",
            "按全体买家的回购间隔曲线，在已沉默这么久的人中，有一半会在这一天之前再买；越沉默越往后移",
            "By the brand's curve of repurchase intervals, half of those silent for as long will "
            "have bought by this day; it moves on with the silence",
            rule("rhythm.next_purchase_date"),
        ),
        Trait(
            "lifecycle_stage",
            "code",
            "生命周期",
            "Life-cycle stage",
            "未购天数在 1、2、3、5 个购买周期以内分别为活跃、沉默、沉睡、准流失，更久为流失",
            "Active, silent, sleeping or near loss within 1, 2, 3 or 5 cycles without a purchase; "
            "lost beyond",
            rule("rhythm.lifecycle_stage"),
            definitions.STAGES,
        ),
        Trait(
            "loss_warning_date",
            "date",
            "流失警戒日",
            "Loss-warning date",
            "最近购买日加三个购买周期：此后仍未购买即越过流失警戒线",
            "The last purchase date plus three cycles: without a purchase by then, the "
            "loss-warning line is crossed",
            rule("rhythm.loss_warning_date"),
        ),
        Trait(
            "due_category",
            "text",
            "该补货的品类",
            "Category due",
            "按本人或该品类的周期已到预计再购日、又未越过警戒线的品类；多个时取购买日最多的",
            "The category past its expected date and before its warning line, by the member's own "
            "cycle in it or the category's; of several the one bought on most days",
            column("due_category"),
        ),
    ),
)
