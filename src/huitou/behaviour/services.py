"""The only writer of behaviour events; it works on sets and never changes what it wrote."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import connection, transaction

from huitou.eventlog.services import append

_STAGE_COLUMNS = (
    "row_no, source, source_id, shop_id, member_id, kind, name, occurred_at, order_no,"
    " product_code, properties"
)
# Lives as long as its session: creating a table per request would cost more than filling it.
_CREATE_STAGE = """
create temp table if not exists stage_behaviour (
  row_no int, source text, source_id text, shop_id bigint, member_id bigint, kind text, name text,
  occurred_at timestamptz, order_no text, product_code text, properties jsonb
) on commit delete rows
"""
# Sorted, so that two senders of the same ids wait for each other in the same order.
_INSERT = """
with fresh as (
  insert into behaviour_behaviourevent (brand_id, source, source_id, shop_id, member_id, kind,
    name, occurred_at, biz_date, month, order_no, product_code, properties)
  select %(brand)s, s.source, s.source_id, s.shop_id, s.member_id, s.kind, s.name, s.occurred_at,
    d.day, extract(year from d.day)::int * 12 + extract(month from d.day)::int - 1, s.order_no,
    s.product_code, s.properties
  from stage_behaviour s
  cross join lateral (select (s.occurred_at at time zone %(zone)s)::date as day) d
  order by s.source, s.source_id
  on conflict (brand_id, source, source_id) do nothing
  returning id, source, source_id, month
)
select s.row_no, f.id, f.month from fresh f join stage_behaviour s using (source, source_id)
"""


@dataclass(frozen=True)
class EventRow:
    """An event to record; ``properties`` is a JSON object as text.

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
    properties: str = "{}"


@transaction.atomic
def record_events(
    *, brand_id: int, time_zone: str, rows: Sequence[EventRow], now: datetime, origin: str
) -> set[int]:
    """Record ``rows``; returns the positions newly stored.

    The others were on record already. No two rows may have the same source id.
    """
    if not rows:
        return set()
    with connection.cursor() as cursor:
        cursor.execute(_CREATE_STAGE)
        with cursor.copy(f"copy stage_behaviour ({_STAGE_COLUMNS}) from stdin") as copy:
            copy.write("".join(_copy_lines(rows)))
        cursor.execute(_INSERT, {"brand": brand_id, "zone": time_zone})
        stored = cursor.fetchall()
        # Also within one transaction the stage serves several calls.
        cursor.execute("truncate stage_behaviour")
    append(
        brand_id=brand_id,
        kind="behaviour.events_recorded",
        subject_ids=sorted(event_id for _, event_id, _ in stored),
        occurred_at=now,
        origin=origin,
        payload={"months": sorted({month for *_, month in stored})},
    )
    return {row_no for row_no, *_ in stored}


def _copy_lines(rows: Sequence[EventRow]) -> list[str]:
    return [
        f"{at}\t{_escaped(r.source)}\t{_escaped(r.source_id)}\t"
        f"{r.shop_id or chr(92) + 'N'}\t{r.member_id or chr(92) + 'N'}\t{r.kind}\t"
        f"{_escaped(r.name)}\t{r.occurred_at.isoformat()}\t{_escaped(r.order_no)}\t"
        f"{_escaped(r.product_code)}\t{_escaped(r.properties)}\n"
        for at, r in enumerate(rows)
    ]


def _escaped(text: str) -> str:
    r"""``text`` as COPY's text format writes it.

    >>> _escaped("a\tb\\n")
    'a\\tb\\\\n'
    """
    if text.isprintable() and "\\" not in text:
        return text
    return text.replace("\\", "\\\\").replace("\t", "\\t").replace("\n", "\\n").replace("\r", "\\r")
