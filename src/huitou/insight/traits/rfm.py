"""RFM: group and scores."""

from __future__ import annotations

from huitou.insight import definitions
from huitou.insight.traits.declaration import Theme, Trait, rule

THEME = Theme(
    "rfm",
    "RFM",
    "RFM",
    (
        Trait(
            "rfm_group",
            "code",
            "RFM 分组",
            "RFM group",
            "以全体均值为界的八个 RFM 分组",
            "One of eight groups, with the mean of all buyers as the line",
            rule("rfm.rfm_group"),
            tuple(definitions.RFM_GROUPS.values()),
        ),
        Trait(
            "r_score",
            "score",
            "R 评分",
            "R score",
            "按五分位打分，越近期越高，5 分最佳",
            "1 to 5 by quintile, 5 for the most recent",
            rule("rfm.r_score"),
        ),
        Trait(
            "f_score",
            "score",
            "F 评分",
            "F score",
            "按五分位打分，次数越多越高，5 分最佳",
            "1 to 5 by quintile, 5 for the most purchases",
            rule("rfm.f_score"),
        ),
        Trait(
            "m_score",
            "score",
            "M 评分",
            "M score",
            "按五分位打分，金额越大越高，5 分最佳",
            "1 to 5 by quintile, 5 for the highest amount",
            rule("rfm.m_score"),
        ),
    ),
)
