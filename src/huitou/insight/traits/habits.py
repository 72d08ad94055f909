"""When and with what they buy."""

from __future__ import annotations

from huitou.insight import definitions
from huitou.insight.traits.declaration import Theme, Trait, inferred, rule

THEME = Theme(
    "habits",
    "习惯",
    "Habits",
    (
        *inferred(
            Trait(
                "device",
                "code",
                "常用设备",
                "Usual device",
                "下单最多的设备",
                "What most purchases were made with",
                rule("habits.device"),
                definitions.DEVICES,
            ),
            rule("habits.device_confidence"),
        ),
        *inferred(
            Trait(
                "hour_band",
                "code",
                "购买时段",
                "Time of day",
                "付款最多的时段，按品牌所在时区",
                "The quarter of the day most purchases are paid in, by the brand's clock",
                rule("habits.hour_band"),
                tuple(label for label, _ in definitions.HOUR_BANDS),
            ),
            rule("habits.hour_band_confidence"),
        ),
        *inferred(
            Trait(
                "week_habit",
                "code",
                "周内习惯",
                "Days of the week",
                "周末购买的比例达到随机的两倍为周末，不到随机的一半为工作日",
                "Weekends when their share is twice that of chance, weekdays when it is half of it",
                rule("habits.week_habit"),
                definitions.WEEK_HABITS,
            ),
            rule("habits.week_habit_confidence"),
        ),
    ),
)
