"""Funnels: how many members stand at each stage, and how many came so far."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from huitou.insight import definitions, snapshots
from huitou.insight.definitions import Label
from huitou.insight.types import Scope
from huitou.kernel.errors import RefusedInputError

# Kind → the trait that tells a member's stage.
KINDS = {"5a": "stage_5a", "aarrr": "aarrr_stage", "journey": "journey_stage"}
_LABELS = {
    "5a": definitions.STAGES_5A,
    "aarrr": definitions.AARRR_STAGES,
    "journey": definitions.JOURNEY_STAGES,
}
# Stages beside the way: whoever is there has left it.
_ASIDE = {"abandon", "lost"}
# What a stage is told by, and what no data tells yet.
_NOTES: dict[str, tuple[str, str]] = {
    "aware": ("有访问、搜索、浏览等行为", "Visits, searches, views"),
    "attempt": (
        "收藏、加购、咨询、付款，或有一个购买日",
        "A favourite, cart, consultation, payment step, or one purchase day",
    ),
    "adopt": ("两个及以上购买日", "Two purchase days or more"),
    "advocate": (
        "好评（4 星及以上）；转介绍尚无数据来源",
        "Good reviews (4 stars or more); referrals have no source of data yet",
    ),
    "abandon": (
        "未购买或已流失，且 90 天没有行为",
        "Never bought or lost, and nothing done for 90 days",
    ),
    "acquisition": ("有任何行为或购买", "Any event or purchase"),
    "activation": (
        "搜索、浏览商品、收藏、加购、咨询、付款或购买",
        "A search, product view, favourite, cart, consultation, payment step or purchase",
    ),
    "retention": ("在不同的两天来过或买过", "Came or bought on two different days"),
    "revenue": ("有购买", "A purchase"),
    "referral": (
        "购买并给过好评；分享与邀请尚无数据来源",
        "Bought and wrote a good review; shares and invitations have no source of data yet",
    ),
    "potential": ("有行为，未购买", "Came by without buying"),
    "fan": (
        "未购买，但收藏、加购、咨询过，或三天以上来访",
        "Did not buy, but saved, carted, consulted, or came on three days",
    ),
    "customer": ("买过且未流失", "Bought and not lost"),
    "lost": ("超过五个购买周期未购买", "Five purchase cycles without a purchase"),
}


@dataclass(frozen=True)
class FunnelStage:
    """``members`` stand here; ``reached`` came here or further (of AARRR: meet its condition)."""

    label: Label
    note_zh: str
    note_en: str
    members: int
    reached: int
    is_aside: bool


@dataclass(frozen=True)
class Funnel:
    """A funnel as of a date; ``members`` are all with an event or a purchase."""

    kind: str
    trait: str
    as_of: date
    members: int
    stages: list[FunnelStage]


def funnel(scope: Scope, kind: str) -> Funnel | None:
    """The funnel of the snapshot in force; ``None`` when the scope was never refreshed.

    Raises ``RefusedInputError`` for a kind there is not.
    """
    checked_kind(kind)
    snapshot = snapshots.current(scope)
    if snapshot is None:
        return None
    return funnel_of(snapshot.as_of, snapshots.summary(snapshot.folder)["standings"], kind)


def checked_kind(kind: str) -> str:
    """``kind`` itself. Raises ``RefusedInputError`` when it is none of ``KINDS``."""
    if kind not in KINDS:
        raise RefusedInputError("KIND", f"a funnel is one of {', '.join(KINDS)}")
    return kind


def funnel_of(as_of: date, content: Mapping[str, Any], kind: str) -> Funnel:
    """The funnel of ``figures.standings``."""
    counts = content[KINDS[kind]]
    labels = _LABELS[checked_kind(kind)]
    along = [label.code for label in labels if label.code not in _ASIDE]
    met = dict(zip(along, content["met"], strict=True)) if kind == "aarrr" else {}

    def reached(code: str) -> int:
        if code in met:
            return int(met[code])
        further = along[along.index(code) :] if code in along else [code]
        return sum(counts.get(name, 0) for name in further)

    return Funnel(
        kind=kind,
        trait=KINDS[kind],
        as_of=as_of,
        members=sum(counts.values()),
        stages=[
            FunnelStage(
                label,
                *_NOTES[label.code],
                members=counts.get(label.code, 0),
                reached=reached(label.code),
                is_aside=label.code in _ASIDE,
            )
            for label in labels
        ],
    )
