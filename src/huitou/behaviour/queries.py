"""Batch reads of behaviour for the rooms above."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import connection

from huitou.behaviour.models import BehaviourEvent
from huitou.kernel.months import month_number

# A parcel silent for longer is not waited for.
_PARCEL_DAYS = 30
# Each is a question to the carrier's service, which limits them.
_PARCELS_MAX = 500
_SILENT_PARCELS = """
select e.properties->>'carrier', e.properties->>'parcel'
from behaviour_behaviourevent e
where e.brand_id = (select brand_id from brands_shop where id = %(shop)s)
  and e.month between %(first)s and %(last)s and e.shop_id = %(shop)s and e.kind = 'logistics'
  and e.occurred_at > %(oldest)s and e.properties->>'parcel' <> ''
group by 1, 2
having not bool_or(e.name = any(%(ends)s::text[]))
  and floor(extract(epoch from %(until)s - max(e.occurred_at)) / 86400)
    > greatest(0, floor(extract(epoch from %(since)s - max(e.occurred_at)) / 86400))
order by max(e.occurred_at) desc, 2
limit %(limit)s
"""


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


def silent_parcels(
    shop_id: int, *, since: datetime, until: datetime, ends: Sequence[str]
) -> list[tuple[str, str]]:
    """(carrier, number) of parcels silent for one more whole day since ``since``.

    Those with one of the steps ``ends`` are silent for good. A carrier's service is paid by the
    question, so each parcel comes once for every day of silence, for a month at most.
    """
    oldest = until - timedelta(days=_PARCEL_DAYS)
    with connection.cursor() as cursor:
        cursor.execute(
            _SILENT_PARCELS,
            {
                "shop": shop_id,
                "first": month_number(oldest.date()),
                "last": month_number(until.date()) + 1,
                "oldest": oldest,
                "since": since,
                "until": until,
                "ends": list(ends),
                "limit": _PARCELS_MAX,
            },
        )
        return [(carrier or "", parcel) for carrier, parcel in cursor.fetchall()]
