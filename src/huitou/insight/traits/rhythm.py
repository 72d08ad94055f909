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
            "最近购买日加一个购买周期",
            "The last purchase date plus one purchase cycle",
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
    ),
)
