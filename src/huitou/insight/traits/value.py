"""What they are worth to come: by BG/NBD and Gamma-Gamma."""

from __future__ import annotations

from huitou.insight import definitions
from huitou.insight.traits.declaration import Theme, Trait, column, rule

THEME = Theme(
    "value",
    "客户价值",
    "Value",
    (
        Trait(
            "value_tier",
            "code",
            "价值层级",
            "Value tier",
            "核心：既属于带来一半销售额的最少客户，又属于占未来一年预期价值 80% 的最少客户；"
            "潜力：只属于后者；其余为普及",
            "Core: of the fewest who brought half of all sales and of the fewest who hold 80 % of "
            "the value expected of the coming year; potential: of the latter only; else ordinary",
            rule("value.value_tier"),
            definitions.VALUE_TIERS,
        ),
        Trait(
            "clv_minor",
            "money",
            "未来一年价值",
            "Value of the coming year",
            "预计 12 个月内的购买次数乘以预计每次金额，按每月 1% 折现",
            "Expected purchases of 12 months times the expected amount of each, discounted by 1 % "
            "a month",
            column("clv_minor"),
        ),
        Trait(
            "expected_purchases",
            "number",
            "未来一年购买次数",
            "Purchases of the coming year",
            "BG/NBD 模型预计 365 天内有购买的天数",
            "Purchase days expected within 365 days by the BG/NBD model",
            column("expected_purchases"),
        ),
        Trait(
            "expected_spend_minor",
            "money",
            "预计每次金额",
            "Expected amount of a purchase",
            "Gamma-Gamma 模型预计每个购买日的金额；购买越多，本人的均值占比越大",
            "What a purchase day is expected to bring by the Gamma-Gamma model: the more "
            "purchases, the more the member's own mean counts",
            rule("value.expected_spend_minor"),
        ),
        Trait(
            "p_alive",
            "ratio",
            "仍活跃概率",
            "Probability alive",
            "BG/NBD 模型认为客户尚未离开的概率；只买过一次的客户按模型恒为 100%",
            "How likely the member has not left by the BG/NBD model, which says 100 % of everyone "
            "who bought once",
            column("p_alive"),
        ),
    ),
)
