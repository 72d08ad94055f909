"""Invented figures in insight's own types, so that pages can be tested without a lake."""

from __future__ import annotations

import math
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest

from huitou.insight import definitions
from huitou.insight.types import (
    Band,
    CohortRow,
    Flow,
    FlowLink,
    FlowNode,
    Freshness,
    Kpi,
    Matrix,
    RegionRow,
    RfmGroup,
    RfmSummary,
    RfmThresholds,
    Scope,
    Trend,
)

AS_OF = date(2026, 11, 22)
MEMBERS = {
    "privileged": 2417,
    "main_development": 1776,
    "important_value": 1600,
    "important_win_back": 2705,
    "regular_upkeep": 587,
    "key_upkeep": 642,
    "general_upkeep": 154,
    "no_value": 8119,
}


def freshness(scope: Scope) -> Freshness:
    """Figures of 20,000 members, computed in the morning."""
    return Freshness(
        as_of=AS_OF,
        refreshed_at=datetime(2026, 11, 22, 1, 0, tzinfo=UTC),
        members=20_000,
        buyers=18_000,
        orders=61_234,
        first_day=date(2023, 11, 23),
        last_day=AS_OF,
    )


def _wave(days: int, size: int) -> list[int]:
    return [round(size * (1 + 0.2 * math.sin(i / 3) + 0.1 * math.cos(i))) for i in range(days)]


def kpis(scope: Scope, *, start: date, end: date) -> list[Kpi]:
    """Six tiles, one of each kind and one without a comparison."""
    spark: list[float | int | None] = list(_wave(30, 200))
    return [
        Kpi("sales", "支付金额", "Sales", "money", 58_700_000, 56_660_000, 49_245_000, spark),
        Kpi("buyers", "支付买家数", "Buyers", "count", 2_025, 1_973, 1_738, spark),
        Kpi("aov", "客单价", "Average order value", "money", 28_980, 28_693, 28_330, spark),
        Kpi("discount", "折损", "Discount loss", "ratio", 0.716, 0.708, 0.731, spark),
        Kpi("repurchase", "复购率", "Repurchase rate", "ratio", 0.666, 0.666, None, spark),
        Kpi("upt", "连带率", "Units per transaction", "number", 1.84, None, None, spark),
    ]


def trend(scope: Scope, *, start: date, end: date) -> Trend:
    """A wave a day, with a lower one a year earlier."""
    days = [start + timedelta(days=i) for i in range((end - start).days + 1)]
    return Trend(days, _wave(len(days), 1_900_000), list(_wave(len(days), 1_600_000)))


def rfm(scope: Scope) -> RfmSummary:
    """All eight groups."""
    groups = [
        RfmGroup(
            label.code,
            label.zh,
            label.en,
            label.advice_zh,
            label.advice_en,
            MEMBERS[label.code],
            MEMBERS[label.code] * 60_000,
            MEMBERS[label.code] * 3,
        )
        for label in definitions.RFM_GROUPS.values()
    ]
    return RfmSummary(AS_OF, RfmThresholds(212.4, 3.2, 81_234), groups)


def recency_frequency(scope: Scope) -> Matrix:
    """Six by five bands."""
    rows = [Band(*band) for band in definitions.RECENCY_BANDS]
    columns = [Band(*band) for band in definitions.FREQUENCY_BANDS]
    return Matrix(rows, columns, [[(i + 1) * 400 // (j + 1) for j in range(5)] for i in range(6)])


def lifecycle_flow(scope: Scope) -> Flow:
    """Everybody stays or goes one stage on; some have just bought for the first time."""
    stages = definitions.STAGES
    size = {"active": 2661, "silent": 2058, "sleeping": 2438, "near_loss": 2724, "lost": 8119}
    links = [FlowLink(s.code, s.code, size[s.code] - 200) for s in stages[:-1]]
    links += [FlowLink(a.code, b.code, 200) for a, b in pairwise(stages)]
    links += [FlowLink("lost", "lost", 8119), FlowLink("not_yet", "active", 760)]

    def nodes(side: str, labels: tuple[definitions.Label, ...]) -> list[FlowNode]:
        return [
            FlowNode(
                label.code,
                label.zh,
                label.en,
                sum(link.members for link in links if getattr(link, side) == label.code),
            )
            for label in labels
        ]

    return Flow(
        AS_OF - timedelta(days=30),
        AS_OF,
        nodes("source", (definitions.NOT_YET, *stages)),
        nodes("target", stages),
        links,
    )


def cohorts(scope: Scope, *, months: int = 12) -> list[CohortRow]:
    """A triangle of rates."""
    return [
        CohortRow(
            f"2026-{month:02d}", 600 + 17 * month, [1.0, *[0.24 / k for k in range(1, 12 - month)]]
        )
        for month in range(2, 12)
    ]


def regions(
    scope: Scope, *, start: date, end: date, level: str = "province", province: str | None = None
) -> list[RegionRow]:
    """Four provinces, or two cities of one and one of another."""
    places = [("浙江", ""), ("广东", ""), ("上海", ""), ("四川", "")]
    if level == "city":
        places = [("杭州", "浙江"), ("宁波", "浙江"), ("广州", "广东")]
    return [
        RegionRow(
            name,
            900 - i * 100,
            1200 - i * 100,
            20_000_000 - i * 4_000_000,
            0.4 - i * 0.1,
            within or name,
        )
        for i, (name, within) in enumerate(places)
        if province in (None, within)
    ]


ANSWERS: dict[str, Any] = {
    answer.__name__: answer
    for answer in (
        freshness,
        kpis,
        trend,
        rfm,
        recency_frequency,
        lifecycle_flow,
        cohorts,
        regions,
    )
}


def install(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let ``huitou.insight.queries`` answer with these figures."""
    from huitou.insight import queries

    for name, answer in ANSWERS.items():
        monkeypatch.setattr(queries, name, answer)
