"""From the stored small figures to named, labelled values."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

from huitou.insight import definitions
from huitou.insight.rules import divided
from huitou.insight.types import (
    Band,
    CategoryCycle,
    CohortRow,
    CycleSummary,
    Flow,
    FlowLink,
    FlowNode,
    LifecycleSummary,
    Matrix,
    RfmGroup,
    RfmSummary,
    RfmThresholds,
    StageCount,
)
from huitou.kernel.months import month_label, month_number


def rfm_summary(as_of: date, thresholds: list[float | None], groups: list[list[Any]]) -> RfmSummary:
    """RFM with all eight groups; ``groups`` rows are (code, members, sales, purchases)."""
    found = {row[0]: row[1:] for row in groups}
    return RfmSummary(
        as_of=as_of,
        thresholds=RfmThresholds(*thresholds),
        groups=[
            RfmGroup(
                label.code,
                label.zh,
                label.en,
                label.advice_zh,
                label.advice_en,
                *found.get(label.code, (0, 0, 0)),
            )
            for label in definitions.RFM_GROUPS.values()
        ],
    )


def matrix(cells: list[list[int]]) -> Matrix:
    """The recency × frequency matrix."""
    return Matrix(
        rows=[Band(*band) for band in definitions.RECENCY_BANDS],
        columns=[Band(*band) for band in definitions.FREQUENCY_BANDS],
        cells=cells,
    )


def flow(as_of: date, rows: list[list[Any]]) -> Flow:
    """The flow between stages of the last days; ``rows`` are (before, now, members)."""
    return migration(as_of - timedelta(days=definitions.FLOW_DAYS), as_of, rows)


def migration(before_day: date, as_of: date, rows: list[list[Any]]) -> Flow:
    """The flow between stages of any two dates."""
    before: Counter[str] = Counter()
    now: Counter[str] = Counter()
    for source, target, members in rows:
        before[source] += members
        now[target] += members
    return Flow(
        before=before_day,
        as_of=as_of,
        sources=[
            FlowNode(label.code, label.zh, label.en, before[label.code])
            for label in (*definitions.STAGES, definitions.NOT_YET)
        ],
        targets=[
            FlowNode(label.code, label.zh, label.en, now[label.code])
            for label in definitions.STAGES
        ],
        links=[FlowLink(*row) for row in rows],
    )


def lifecycle(as_of: date, content: Mapping[str, Any]) -> LifecycleSummary:
    """Stages, buyer types, churn rate and flow."""
    moved = flow(as_of, content["flow"])
    stages = [
        StageCount(node.code, node.label_zh, node.label_en, node.members) for node in moved.targets
    ]
    types = dict(content["buyer_types"])
    lost = next(stage.members for stage in stages if stage.code == "lost")
    return LifecycleSummary(
        as_of=as_of,
        stages=stages,
        buyer_types=[
            StageCount(label.code, label.zh, label.en, types.get(label.code, 0))
            for label in definitions.BUYER_TYPES
        ],
        churn_rate=divided(lost, sum(stage.members for stage in stages)),
        flow=moved,
    )


def cycle(as_of: date, content: Mapping[str, Any]) -> CycleSummary:
    """Purchase cycles of the brand and its categories."""
    basis = dict(content["basis"])
    return CycleSummary(
        as_of=as_of,
        brand_cycle_days=content["brand_cycle"],
        categories=[CategoryCycle(*row) for row in content["categories"]],
        basis={name: basis.get(name, 0) for name in ("personal", "category", "brand")},
    )


def cohorts(as_of: date, rows: list[list[Any]], *, months: int) -> list[CohortRow]:
    """The last ``months`` cohorts, oldest first; ``rows`` are (first month, age, members).

    The month ``as_of`` lies in counts once ``as_of`` is its last day: an unfinished month has no
    cohort, and no rate reaches into it. A month in which nobody bought for the first time is a
    cohort of size 0 without rates.
    """
    members = {(first, age): count for first, age, count in rows}
    last = month_number(as_of + timedelta(days=1)) - 1
    known = [first for first, _ in members]
    oldest = max(last - months + 1, min(known, default=last + 1))
    found = []
    for first in range(oldest, last + 1):
        size = members.get((first, 0), 0)
        ages = range(last - first + 1) if size else range(0)
        rates = [members.get((first, age), 0) / size for age in ages]
        found.append(CohortRow(month_label(first), size, rates))
    return found
