"""Batch reads of behaviour for the rooms above."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from huitou.behaviour.models import BehaviourEvent


@dataclass(frozen=True)
class RecordedEvent:
    """An event as other rooms see it."""

    id: int
    source: str
    source_id: str
    kind: str
    name: str
    occurred_at: datetime
    shop_id: int | None
    member_id: int | None
    order_no: str
    product_code: str


def events(brand_id: int, event_ids: Iterable[int]) -> dict[int, RecordedEvent]:
    """Those of ``event_ids`` that belong to the brand."""
    fields = RecordedEvent.__dataclass_fields__
    found = BehaviourEvent.objects.filter(brand_id=brand_id, pk__in=list(event_ids))
    return {row[0]: RecordedEvent(*row) for row in found.values_list(*fields)}
