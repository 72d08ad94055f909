"""The words and numbers insight is defined by: groups, stages, bands, multiples.

Why each number is what it is stands in ``docs/explanation/insight.md``.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Label:
    """A code with what people call it."""

    code: str
    zh: str
    en: str
    advice_zh: str = ""
    advice_en: str = ""


# (recent, frequent, high amount) → group; requirement C1.
RFM_GROUPS: dict[tuple[bool, bool, bool], Label] = {
    (True, True, True): Label(
        "privileged",
        "特权客户",
        "Privileged",
        "用特权维系，不靠打折",
        "Keep with privileges, not discounts",
    ),
    (True, False, False): Label(
        "main_development",
        "主要发展",
        "Main development",
        "用套餐与满减提升频次和客单",
        "Bundles and full-reduction to raise frequency and basket",
    ),
    (True, False, True): Label(
        "important_value",
        "重要价值",
        "Important value",
        "推荐上次所购同类，提升频次",
        "Promote what they last bought, raise frequency",
    ),
    (False, True, True): Label(
        "important_win_back",
        "重要挽留",
        "Important to win back",
        "限时专属优惠召回",
        "Targeted offer with a deadline",
    ),
    (True, True, False): Label(
        "regular_upkeep",
        "定期维护",
        "Regular upkeep",
        "定期关怀，提升客单",
        "Regular care, raise the basket",
    ),
    (False, False, True): Label(
        "key_upkeep",
        "重点维护",
        "Key upkeep",
        "一对一关怀，了解原因",
        "One-to-one care, find out why",
    ),
    (False, True, False): Label(
        "general_upkeep",
        "一般维护",
        "General upkeep",
        "提醒与低成本触达",
        "Reminders, low-cost touch",
    ),
    (False, False, False): Label(
        "no_value",
        "毫无价值",
        "No value",
        "不投入，仅群发",
        "Do not spend; broadcast only",
    ),
}

# A stage lasts up to this many purchase cycles without a purchase; the last is open-ended.
STAGE_LIMITS: tuple[tuple[str, int], ...] = (
    ("active", 1),
    ("silent", 2),
    ("sleeping", 3),
    ("near_loss", 5),
)
STAGES: tuple[Label, ...] = (
    Label("active", "活跃", "Active"),
    Label("silent", "沉默", "Silent"),
    Label("sleeping", "沉睡", "Sleeping"),
    Label("near_loss", "准流失", "Near loss"),
    Label("lost", "流失", "Lost"),
)
# Who has no purchase at the earlier of two dates; only in the flow between stages.
NOT_YET = Label("not_yet", "未购买", "No purchase yet")

# The loss-warning line: the end of "sleeping", in purchase cycles.
WARNING_CYCLES = 3
# A personal cycle needs this many purchase days, that is two intervals.
PERSONAL_CYCLE_DAYS_MIN = 3
# A category speaks for its members when this many of them came back to it.
CATEGORY_SUPPORT_MIN = 30
# Used only while nobody in the brand has ever come back.
DEFAULT_CYCLE_DAYS = 90
# The flow compares the stages of this many days ago with today's.
FLOW_DAYS = 30

# A member's purchase days decide: one, two, or this many and more.
LOYAL_DAYS_MIN = 3
BUYER_TYPES: tuple[Label, ...] = (
    Label("new", "新客", "New"),
    Label("returning", "回头客", "Returning"),
    Label("loyal", "忠诚客", "Loyal"),
)

# Bands of the recency × frequency matrix, both ends included; None is open.
RECENCY_BANDS: tuple[tuple[int, int | None], ...] = (
    (0, 30),
    (31, 60),
    (61, 90),
    (91, 180),
    (181, 365),
    (366, None),
)
FREQUENCY_BANDS: tuple[tuple[int, int | None], ...] = ((1, 1), (2, 2), (3, 3), (4, 5), (6, None))

# The survival of silences is counted in tenths of a purchase cycle: a week for a yearly buyer is
# nothing, for a weekly buyer everything; finer bins would hold too few.
SURVIVAL_BINS = 10
# It is followed for this many cycles. Whoever is gone for longer is long lost.
SURVIVAL_CYCLES_MAX = 10
# The curve ends where fewer than this many are still waited for: each would move it by more than a
# tenth.
SURVIVAL_SUPPORT_MIN = 10

# A purchase is on promotion when it used a coupon or at least a tenth of the list price fell away:
# less is a member's price, a rounding or free shipping.
PROMOTION_SHARE_INVERSE = 10
# Once is chance: whoever never paid the full price did so at least twice.
PROMOTION_ONLY_MIN = 2
# A member's share of promotions is drawn towards the brand's by this many purchases, so that two
# purchases alike begin to say something, and one does not.
PROMOTION_PRIOR = 4
# Sensitive is whoever lies more than a quarter of the way from the brand's share to all or nothing.
PROMOTION_QUARTERS = 4
SENSITIVITIES: tuple[Label, ...] = (
    Label("low", "低", "Low"),
    Label("medium", "中", "Medium"),
    Label("high", "高", "High"),
)

# Terciles of the prices within a category want a few products; below, those of the whole brand.
PRICE_PRODUCTS_MIN = 6
PRICE_BANDS: tuple[Label, ...] = (
    Label("low", "低价位", "Low"),
    Label("mid", "中价位", "Middle"),
    Label("high", "高价位", "High"),
)

# Different receivers that speak of presents: two may be home and work.
GIFT_RECEIVERS_MIN = 3
BUYS_FOR: tuple[Label, ...] = (
    Label("self", "自用", "Themselves"),
    Label("gift", "送礼", "Others"),
    Label("both", "自用与送礼", "Both"),
)

DEVICES: tuple[Label, ...] = (
    Label("phone", "手机", "Phone"),
    Label("computer", "电脑", "Computer"),
    Label("store", "门店", "Store"),
)
# Quarters of the day by its first hour.
HOUR_BANDS: tuple[tuple[Label, int], ...] = (
    (Label("night", "深夜（0–6 点）", "Night (0–6)"), 0),
    (Label("morning", "上午（6–12 点）", "Morning (6–12)"), 6),
    (Label("afternoon", "下午（12–18 点）", "Afternoon (12–18)"), 12),
    (Label("evening", "晚上（18–24 点）", "Evening (18–24)"), 18),
)
WEEK_HABITS: tuple[Label, ...] = (
    Label("weekday", "工作日", "Weekdays"),
    Label("weekend", "周末", "Weekends"),
    Label("any", "不限", "Any day"),
)
# Two of seven days are a weekend. Twice their share is a habit, half of it the opposite one.
WEEKEND_SHARE = (4, 7)
WEEKDAY_SHARE = (1, 7)

# Core: of the fewest members who brought this share of all sales, and among the promising.
CORE_SALES_SHARE = 0.5
# Promising: the fewest members who hold this share of the value expected of the coming year.
EXPECTED_SHARE = 0.8
VALUE_TIERS: tuple[Label, ...] = (
    Label(
        "core",
        "核心",
        "Core",
        "专属服务与特权，先保住",
        "Service and privileges of their own: keep them first",
    ),
    Label(
        "potential",
        "潜力",
        "Potential",
        "引导第二、第三次购买，扩大品类",
        "Lead to the second and third purchase, widen the categories",
    ),
    Label(
        "ordinary",
        "普及",
        "Ordinary",
        "低成本触达，不单独投入",
        "Low-cost touch, no budget of their own",
    ),
)
# Why there is no value model.
NO_VALUE_REASONS: dict[str, Label] = {
    "few_repeaters": Label(
        "few_repeaters",
        "有过复购的客户不足 50 人，不足以估计模型",
        "Fewer than 50 customers have come back: too few to estimate a model",
    ),
    "no_purchase_model": Label(
        "no_purchase_model",
        "客户的购买节奏没有差异，或没有人离开：模型没有唯一的最优解",
        "Customers all buy alike, or nobody leaves: the likelihood has no maximum",
    ),
    "no_spend_model": Label(
        "no_spend_model",
        "客户的消费金额没有差异：可以预测购买次数，不能预测金额",
        "Customers all spend alike: purchases can be foretold, amounts cannot",
    ),
}

# Who neither came nor did anything for this long has gone quiet.
SILENT_DAYS = 90
# Of five stars.
GOOD_RATING = 4
# Who comes back on a third day without buying follows the brand.
FAN_DAYS_MIN = 3
STAGES_5A: tuple[Label, ...] = (
    Label("aware", "认知", "Aware"),
    Label("attempt", "尝试", "Attempt"),
    Label("adopt", "采用", "Adopt"),
    Label("advocate", "拥护", "Advocate"),
    Label("abandon", "抛弃", "Abandon"),
)
AARRR_STAGES: tuple[Label, ...] = (
    Label("acquisition", "获取", "Acquisition"),
    Label("activation", "激活", "Activation"),
    Label("retention", "留存", "Retention"),
    Label("revenue", "变现", "Revenue"),
    Label("referral", "推荐", "Referral"),
)
# In the order of the stages.
AARRR_CONDITIONS = ("is_acquired", "is_activated", "is_retained", "is_revenue", "is_referral")
JOURNEY_STAGES: tuple[Label, ...] = (
    Label("potential", "潜客", "Potential customer"),
    Label("fan", "粉丝", "Fan"),
    Label("customer", "客户", "Customer"),
    Label("lost", "流失", "Lost"),
)
