"""Segments ready to use: rules as data, added to a brand where it has the words they need.

A rule may be said in several ways, best first: the first one the vocabulary can read is taken, and
without one the segment waits until a later call finds its words.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from huitou.brands.models import Brand
from huitou.insight import definitions
from huitou.segments.models import Segment
from huitou.segments.reading import RuleError, read_rule
from huitou.segments.services import put_segment
from huitou.segments.vocabulary import Vocabulary
from huitou.segments.words import vocabulary_of

# Where a cold wave is felt first: the two coldest climate zones, and the provinces in them.
_COLD_ZONES = ["severe_cold", "cold"]
_COLD_PROVINCES = [
    "北京市", "天津市", "河北省", "山西省", "内蒙古自治区", "辽宁省", "吉林省", "黑龙江省",
    "山东省", "河南省", "陕西省", "甘肃省", "青海省", "宁夏回族自治区",
    "新疆维吾尔自治区", "西藏自治区",
]  # fmt: skip
_LINE_DAYS = "7d"


@dataclass(frozen=True)
class Starter:
    """A segment of the set; ``rules`` are the ways to say it, best first."""

    slug: str
    zh: str
    en: str
    why_zh: str
    why_en: str
    rules: tuple[Mapping[str, Any], ...]


def _of_trait(slug: str, trait: str, label: definitions.Label, prefix: str = "") -> Starter:
    return Starter(
        f"{slug}-{label.code.replace('_', '-')}",
        f"{prefix}{label.zh}",
        f"{prefix}{label.en}",
        label.advice_zh,
        label.advice_en,
        ({"trait": trait, "eq": label.code},),
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
        ({"trait": "frequency", "eq": 1},),
    ),
    Starter(
        "at-warning-line",
        "临近流失预警线",
        "At the warning line",
        "流失预警日在前后七天内，及时唤醒",
        "The loss-warning date lies within seven days: wake them now",
        (
            {
                "trait": "loss_warning_date",
                "gte": {"ago": _LINE_DAYS},
                "lte": {"ahead": _LINE_DAYS},
            },
        ),
    ),
    Starter(
        "promotion-only",
        "只在促销时购买",
        "Buys in promotions only",
        "平日不下单，少发日常推送",
        "Does not buy on other days: spare them the daily messages",
        ({"trait": "promotion_only", "eq": True},),
    ),
    Starter(
        "birthday-month",
        "本月生日",
        "Birthday this month",
        "生日礼遇",
        "A birthday present",
        ({"trait": "is_birthday_month", "eq": True},),
    ),
    Starter(
        "gift-buyers",
        "送礼买家",
        "Buys presents",
        "常寄给他人，节前推荐礼盒",
        "Sends to others: suggest gift boxes before holidays",
        ({"trait": "buys_for", "eq": "gift"},),
    ),
    Starter(
        "high-value-asleep",
        "高价值沉睡客",
        "High value, asleep",
        "消费高的老客沉睡或将流失，值得人工回访",
        "Spent much and went quiet: worth a call",
        (
            {
                "all": [
                    {"trait": "m_score", "gte": 4},
                    {"trait": "lifecycle_stage", "in": ["sleeping", "near_loss"]},
                ]
            },
        ),
    ),
    Starter(
        "cold-wave",
        "寒潮地区",
        "Cold-wave regions",
        "降温前推荐当季商品",
        "Suggest winter goods before it turns cold",
        (
            {"trait": "climate_zone", "in": _COLD_ZONES},
            {"trait": "province", "in": _COLD_PROVINCES},
        ),
    ),
    Starter(
        "near-next-tier",
        "临近下一等级",
        "Near the next tier",
        "再买一点就升级，提醒他们",
        "A little more and they rise: remind them",
        ({"trait": "minor_to_next_tier", "lte": 20_000},),
    ),
)


@dataclass(frozen=True)
class StarterView:
    """A segment of the set for one brand: ``state`` is ``new``, ``there`` or ``waits``."""

    starter: Starter
    state: str
    rule: Mapping[str, Any] | None


def starter_set(brand: Brand) -> list[StarterView]:
    """What of the set the brand can add, has already (archived or not), or lacks the words for."""
    words = vocabulary_of(brand)
    there = set(Segment.objects.filter(brand=brand).values_list("slug", flat=True))
    found = []
    for starter in STARTERS:
        rule = _readable(starter, words)
        state = "there" if starter.slug in there else "waits" if rule is None else "new"
        found.append(StarterView(starter, state, rule))
    return found


def add_starter_set(
    *, brand: Brand, now: datetime, english: bool = False, staff_id: int | None = None
) -> list[str]:
    """Add what of the set is new to the brand; returns the slugs.

    Segments that are there stay as they are. Raises ``RefusedInputError``: ``FULL``.
    """
    added = []
    for view in starter_set(brand):
        if view.state != "new" or view.rule is None:
            continue
        starter = view.starter
        put_segment(
            brand=brand,
            slug=starter.slug,
            name=starter.en if english else starter.zh,
            description=starter.why_en if english else starter.why_zh,
            rule=view.rule,
            now=now,
            staff_id=staff_id,
        )
        added.append(starter.slug)
    return added


def _readable(starter: Starter, words: Vocabulary) -> Mapping[str, Any] | None:
    for rule in starter.rules:
        try:
            read_rule(rule, words)
        except RuleError:
            continue
        return rule
    return None
