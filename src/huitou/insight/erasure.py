"""The lake's part in an erasure: made anew from the anonymous records, with nothing of before."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from importlib import import_module
from typing import Any

from huitou.lake import projection, store
from huitou.privacy.exporting import register_exporter
from huitou.privacy.steps import Step, register_step
from huitou.privacy.subjects import Subject


def register_steps() -> None:
    """Add the lake to every erasure, after the records; and the traits to every export."""
    register_step(Step("lake", 50, ("Lake and figures", "数据湖与指标"), _count, _remove))
    register_exporter("traits", ("Computed traits", "计算特征"), _traits)


def _count(subject: Subject) -> Mapping[str, int]:
    return {"lake": int(store.brand_root(subject.brand_id).exists())}


def _remove(subject: Subject, now: datetime) -> None:
    # The analytic engine takes long to load and only this needs it.
    from huitou.insight import services, snapshots
    from huitou.insight.types import Scope

    brand_id = subject.brand_id
    if not store.brand_root(brand_id).exists():
        return
    shown = snapshots.current(Scope(brand_id))
    if shown is not None:
        services.refresh(brand_id, as_of=shown.as_of, now=now)
    with projection.writer_lock(brand_id):
        if shown is None:
            projection.project(brand_id)
        snapshots.forget_previous(brand_id)
        store.forget_history(brand_id)


def _traits(subject: Subject) -> list[dict[str, Any]]:
    queries = import_module("huitou.insight.queries")
    person = subject.accounts[0]
    found = queries.member_traits(subject.brand_id, [person]).get(person)
    return [dict(found)] if found else []
