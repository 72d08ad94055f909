"""Segments ready to use: rules as data, over traits that every brand has."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from huitou.brands.models import Brand
from huitou.insight import definitions
from huitou.segments.models import Segment
from huitou.segments.services import put_segment

# Where a cold wave is felt first.
_COLD_ZONES = ["severe_cold", "cold"]
_LINE_DAYS = "7d"


@dataclass(frozen=True)
class Starter:
    """A segment of the set."""

    slug: str
    zh: str
    en: str
    why_zh: str
    why_en: str
    rule: Mapping[str, Any]


def _of_trait(slug: str, trait: str, label: definitions.Label, prefix: str = "") -> Starter:
    return Starter(
        f"{slug}-{label.code.replace('_', '-')}",
        f"{prefix}{label.zh}",
        f"{prefix}{label.en}",
        label.advice_zh,
        label.advice_en,
        {"trait": trait, "eq": label.code},
    )


STARTERS: tuple[Starter, ...] = (
    *(_of_trait("rfm", "rfm_group", label, "RFM ") for label in definitions.RFM_GROUPS.values()),
    *(_of_trait("stage", "lifecycle_stage", label) for label in definitions.STAGES),
    Starter(
        "one-order",
        "首单未复购",
        "One order so far",
        "买过一次还没有第二次，适合在购买周期内提醒",
        "Bought once and not again: remind them within the purchase cycle",
        {"trait": "frequency", "eq": 1},
    ),
    Starter(
        "at-warning-line",
        "临近流失警戒线",
        "At the warning line",
        "流失警戒日在前后七天内，及时唤醒",
        "The loss-warning date lies within seven days: wake them now",
        {
            "trait": "loss_warning_date",
            "gte": {"ago": _LINE_DAYS},
            "lte": {"ahead": _LINE_DAYS},
        },
    ),
    Starter(
        "promotion-only",
        "只在促销时购买",
        "Buys in promotions only",
        "平日不下单，少发日常推送",
        "Does not buy on other days: spare them the daily messages",
        {"trait": "promotion_only", "eq": True},
    ),
    Starter(
        "birthday-month",
        "本月生日",
        "Birthday this month",
        "生日礼遇",
        "A birthday present",
        {"trait": "is_birthday_month", "eq": True},
    ),
    Starter(
        "gift-buyers",
        "送礼买家",
        "Buys presents",
        "常寄给他人，节前推荐礼盒",
        "Sends to others: suggest gift boxes before holidays",
        {"trait": "buys_for", "eq": "gift"},
    ),
    Starter(
        "high-value-asleep",
        "高价值沉睡客",
        "High value, asleep",
        "消费高的老客沉睡或将流失，值得人工回访",
        "Spent much and went quiet: worth a call",
        {
            "all": [
                {"trait": "m_score", "gte": 4},
                {"trait": "lifecycle_stage", "in": ["sleeping", "near_loss"]},
            ]
        },
    ),
    Starter(
        "cold-wave",
        "寒潮地区",
        "Cold-wave regions",
        "降温前推荐当季商品",
        "Suggest winter goods before it turns cold",
        {"trait": "climate_zone", "in": _COLD_ZONES},
    ),
)


def new_starters(brand: Brand) -> list[Starter]:
    """What of the set the brand does not have, in use or archived."""
    there = set(Segment.objects.filter(brand=brand).values_list("slug", flat=True))
    return [starter for starter in STARTERS if starter.slug not in there]


def add_starter_set(
    *, brand: Brand, now: datetime, english: bool = False, staff_id: int | None = None
) -> list[str]:
    """Add what of the set is new to the brand; returns the slugs.

    Segments that are there stay as they are. Raises ``RefusedInputError``: ``FULL``.
    """
    added = new_starters(brand)
    for starter in added:
        put_segment(
            brand=brand,
            slug=starter.slug,
            name=starter.en if english else starter.zh,
            description=starter.why_en if english else starter.why_zh,
            rule=starter.rule,
            now=now,
            staff_id=staff_id,
        )
    return [starter.slug for starter in added]
