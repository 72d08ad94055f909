"""A rule reads as a sentence in both languages."""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo

import pytest

from huitou.segments.reading import read_rule
from huitou.segments.sentences import Names, sentence
from tests.segments.worlds import VOCABULARY

NAMES = Names("CNY", ZoneInfo("Asia/Shanghai"), {1: "天猫旗舰店", 2: "京东店"})
SENTENCES: list[tuple[dict[str, Any], str, str]] = [
    ({"all": []}, "全部会员", "Every member"),
    (
        {"trait": "recency_days", "lte": 1},
        "距上次购买天数不超过 1 天",
        "Days since last purchase is at most 1 day",
    ),
    (
        {"trait": "monetary_minor", "gte": 123456, "lt": 200000},
        "累计消费至少 ¥1,234.56且不足 ¥2,000.00",
        "Amount spent is at least ¥1,234.56 and is less than ¥2,000.00",
    ),
    (
        {"trait": "rfm_group", "in": ["privileged", "important_value"]},
        "RFM 分组为“特权客户”、“重要价值”之一",
        "RFM group is one of “Privileged”, “Important value”",
    ),
    (
        {"trait": "recency_days", "gt": {"trait": "cycle_days", "times": 1.5}},
        "距上次购买天数超过 “购买周期”的 1.5 倍",
        "Days since last purchase is more than 1.5 times “Purchase cycle”",
    ),
    (
        {"trait": "next_purchase_date", "lte": {"ahead": "7d"}},
        "预计下次购买不晚于 7 天后",
        "Next purchase expected is no later than 7 days from now",
    ),
    (
        {"did": "order.paid", "within": "90d"},
        "近 90 天内购买至少 1 笔订单",
        "Bought: at least 1 order within the last 90 days",
    ),
    (
        {"did": "order.paid", "where": {"shop": {"eq": "tm"}}, "count": {"eq": 0}},
        "没有购买（店铺为“天猫旗舰店”）",
        "Never bought (where shop is “天猫旗舰店”)",
    ),
    (
        {"did": "order.paid", "where": {"category": {"in": ["COFFEE"]}}, "sum": {"gte": 5000},
         "between": ["2024-01-01", "2024-03-31"]},
        "在2024-01-01至2024-03-31期间购买（品类为“COFFEE”）的实付减退款合计至少 ¥50.00",
        "The total amount of orders (where category is “COFFEE”) from 2024-01-01 to 2024-03-31"
        " is at least ¥50.00",
    ),
    (
        {"did": "event.view", "last": {"lt": {"ago": "3mo"}}},
        "最近一次浏览商品的时间早于 3 个月前",
        "The last time they viewed a product is earlier than 3 months ago",
    ),
    (
        {"did": "order.paid", "within": {"cycles": 2}},
        "近 2 个自身购买周期内购买至少 1 笔订单",
        "Bought: at least 1 order within the last 2 of their own purchase cycles",
    ),
    (
        {"all": [{"tag": "vip"}, {"not": {"any": [{"segment": "recent"}, {"consent": "sms"}]}}]},
        "有标签“vip”，且不满足（属于人群“recent”，或同意接收营销短信）",
        "Carries the tag “vip”, and not (is in the segment “recent”,"
        " or agreed to marketing by SMS)",
    ),
    (
        {"not": {"identity": "phone", "platform": "jd"}},
        "并非在 jd 有身份 phone",
        "Not has an identifier phone on jd",
    ),
]  # fmt: skip


@pytest.mark.parametrize("number", range(len(SENTENCES)))
def test_a_rule_is_said_in_chinese_and_english(number: int) -> None:
    # given
    rule, zh, en = SENTENCES[number]

    # when
    said = sentence(read_rule(rule, VOCABULARY), NAMES)

    # then
    assert (said.zh, said.en) == (zh, en)
