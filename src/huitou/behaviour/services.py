"""The only writer of behaviour events; it works on sets and never changes what it wrote."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec
from django.db import connection, transaction
from msgspec import Struct

from huitou.eventlog.services import append

# Sorted, so that two senders of the same ids wait for each other in the same order. Rows travel as
# one JSON text: the server reads it faster than a driver binds a list of values per column.
_INSERT = """
insert into behaviour_behaviourevent (brand_id, source, source_id, shop_id, member_id, kind,
  name, occurred_at, biz_date, month, order_no, product_code, properties)
select %(brand)s, s.source, s.source_id, s.shop_id, s.member_id, s.kind, coalesce(s.name, ''),
  s.occurred_at, d.day, extract(year from d.day)::int * 12 + extract(month from d.day)::int - 1,
  coalesce(s.order_no, ''), coalesce(s.product_code, ''), coalesce(s.properties, '{}')
from json_to_recordset(%(rows)s::json) as s(
  source text, source_id text, kind text, occurred_at timestamptz, shop_id bigint,
  member_id bigint, name text, order_no text, product_code text, properties jsonb)
cross join lateral (select (s.occurred_at at time zone %(zone)s)::date as day) d
order by s.source, s.source_id
on conflict (brand_id, source, source_id) do nothing
returning source, source_id, id, month
"""


class EventRow(Struct, gc=False, omit_defaults=True):
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
    text = msgspec.json.encode(rows).decode()
    with connection.cursor() as cursor:
        cursor.execute(_INSERT, {"brand": brand_id, "zone": time_zone, "rows": text})
        stored = cursor.fetchall()
    append(
        brand_id=brand_id,
        kind="behaviour.events_recorded",
        subject_ids=sorted(event_id for *_, event_id, _ in stored),
        occurred_at=now,
        origin=origin,
        payload={"months": sorted({month for *_, month in stored})},
    )
    fresh = {(source, source_id) for source, source_id, *_ in stored}
    return {at for at, row in enumerate(rows) if (row.source, row.source_id) in fresh}
