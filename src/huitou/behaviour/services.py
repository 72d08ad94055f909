"""The only writer of behaviour events; it works on sets and never changes what it wrote."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
from django.db import connection, transaction
from msgspec import Struct

from huitou.eventlog.services import append
from huitou.kernel.arrays import number_array, text_array, time_array
from huitou.kernel.months import month_number

# Sorted, so that two senders of the same ids wait for each other in the same order. Rows travel as
# one array per column. Which ids are new is told only when some are not.
_INSERT = """
with stored as (
  insert into behaviour_behaviourevent (brand_id, source, source_id, shop_id, member_id, kind,
    name, occurred_at, biz_date, month, order_no, product_code, properties)
  select %(brand_id)s, s.source, s.source_id, s.shop_id, s.member_id, s.kind, s.name,
    s.occurred_at, s.biz_date, s.month, s.order_no, s.product_code, s.properties::jsonb
  from unnest(%(source)s::text[], %(source_id)s::text[], %(shop_id)s::bigint[],
    %(member_id)s::bigint[], %(kind)s::text[], %(name)s::text[], %(occurred_at)s::timestamptz[],
    %(biz_date)s::date[], %(month)s::int[], %(order_no)s::text[], %(product_code)s::text[],
    %(properties)s::text[])
    as s(source, source_id, shop_id, member_id, kind, name, occurred_at, biz_date, month,
      order_no, product_code, properties)
  order by s.source, s.source_id
  on conflict (brand_id, source, source_id) do nothing
  returning id, source, source_id
)
select array(select id from stored),
  case when count(*) < %(rows)s then coalesce(json_agg(array[source, source_id]), '[]') end
from stored
"""


class EventRow(Struct, gc=False):
    """An event to record; ``properties`` is a JSON object.

    ``source`` and ``source_id`` together are the sender's own id of it.
    """

    source: str
    source_id: str
    kind: str
    occurred_at: datetime
    shop_id: int | None = None
    member_id: int | None = None
    name: str = ""
    order_no: str = ""
    product_code: str = ""
    properties: Mapping[str, Any] = {}


@transaction.atomic
def record_events(
    *, brand_id: int, time_zone: str, rows: Sequence[EventRow], now: datetime, origin: str
) -> set[int]:
    """Record ``rows``; returns the positions newly stored.

    The others were on record already. No two rows may have the same source id.
    """
    if not rows:
        return set()
    zone = ZoneInfo(time_zone)
    days = [row.occurred_at.astimezone(zone).date() for row in rows]
    months = [month_number(day) for day in days]
    with connection.cursor() as cursor:
        cursor.execute(_INSERT, {"brand_id": brand_id, **_columns(rows, days, months)})
        ids, new = cursor.fetchone()
    positions: Sequence[int] = range(len(rows))
    if new is not None:
        keys = {(source, source_id) for source, source_id in new}
        positions = [at for at, row in enumerate(rows) if (row.source, row.source_id) in keys]
    append(
        brand_id=brand_id,
        kind="behaviour.events_recorded",
        subject_ids=ids,
        occurred_at=now,
        origin=origin,
        payload={"months": sorted({months[at] for at in positions})},
    )
    return set(positions)


def _columns(
    rows: Sequence[EventRow], days: Sequence[date], months: Sequence[int]
) -> dict[str, Any]:
    """``rows`` by column, as ``_INSERT`` takes them."""
    return {
        "rows": len(rows),
        "source": text_array([row.source for row in rows]),
        "source_id": text_array([row.source_id for row in rows]),
        "shop_id": number_array([row.shop_id for row in rows]),
        "member_id": number_array([row.member_id for row in rows]),
        "kind": text_array([row.kind for row in rows]),
        "name": text_array([row.name for row in rows]),
        "occurred_at": time_array([row.occurred_at for row in rows]),
        "biz_date": time_array(days),
        "month": number_array(months),
        "order_no": text_array([row.order_no for row in rows]),
        "product_code": text_array([row.product_code for row in rows]),
        "properties": text_array(_texts([row.properties for row in rows])),
    }


def _texts(values: Sequence[Mapping[str, Any]]) -> list[str]:
    """Each of ``values`` as JSON."""
    return [msgspec.json.encode(value).decode() for value in values]
