"""Write news in the caller's transaction, and read it exactly once per reader.

Reading order and safety: see ``eventlog.models``. A reader calls ``read_batch``, does its work and
``advance`` in one transaction of its own; a crash in between repeats the batch, never skips it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import connection
from psycopg.types.json import Jsonb

from huitou.kernel.arrays import number_array

# Subjects of one event; a larger batch is several events.
SUBJECTS_MAX = 50_000


@dataclass(frozen=True)
class Position:
    """A place in the log."""

    generation: int
    xid: int
    event_id: int


@dataclass(frozen=True)
class News:
    """One event as a reader sees it."""

    position: Position
    brand_id: int
    kind: str
    subject_ids: tuple[int, ...]
    origin: str
    occurred_at: datetime
    payload: Mapping[str, Any]


@dataclass(frozen=True)
class Fresh:
    """News to append: ``kind`` is ``room.past_tense``, ``origin`` is ``live`` or ``backfill``."""

    kind: str
    subject_ids: Sequence[int]
    origin: str
    payload: Mapping[str, Any] = field(default_factory=dict)


def append(
    *,
    brand_id: int,
    kind: str,
    subject_ids: Sequence[int],
    occurred_at: datetime,
    origin: str,
    payload: Mapping[str, Any] | None = None,
) -> None:
    """Append one piece of news within the current transaction; as ``append_each``."""
    news = Fresh(kind, subject_ids, origin, payload or {})
    append_each(brand_id=brand_id, occurred_at=occurred_at, news=[news])


def append_each(*, brand_id: int, occurred_at: datetime, news: Sequence[Fresh]) -> list[int | None]:
    """Append news within the current transaction, in one go; returns the first event of each.

    More than ``SUBJECTS_MAX`` subjects become several events with the same payload. No subjects,
    no event, and None in its place.
    """
    starts = [
        (n, at) for n, f in enumerate(news) for at in range(0, len(f.subject_ids), SUBJECTS_MAX)
    ]
    rows = [
        (
            brand_id,
            news[n].kind,
            number_array(news[n].subject_ids[at : at + SUBJECTS_MAX]),
            news[n].origin,
            occurred_at,
            Jsonb(dict(news[n].payload)),
        )
        for n, at in starts
    ]
    first: list[int | None] = [None] * len(news)
    with connection.cursor() as cursor:
        # Django hides that the driver can return what every row inserted.
        cursor.cursor.executemany(
            """
            insert into eventlog_event
                (generation, xid, brand_id, kind, subject_ids, origin, occurred_at, payload)
            values (coalesce((select number from eventlog_generation), 1), pg_current_xact_id(),
                    %s, %s, %s::bigint[], %s, %s, %s)
            returning id
            """,
            rows,
            returning=True,
        )
        for n, at in starts:
            ((event_id,),) = cursor.fetchall()
            if at == 0:
                first[n] = event_id
            cursor.nextset()
    return first


def read_batch(
    reader: str,
    *,
    limit: int,
    kinds: Sequence[str] | None = None,
    brand_id: int | None = None,
) -> list[News]:
    """The next events ``reader`` has not passed, oldest first, at most ``limit``.

    Only events whose transaction, and every older one, has ended are visible. ``kinds`` and
    ``brand_id`` narrow what is returned; a reader must always be called with the same ones.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            """
            select e.generation, e.xid::text::bigint, e.id, e.brand_id, e.kind, e.subject_ids,
                   e.origin, e.occurred_at, e.payload
            from eventlog_event e
            left join eventlog_cursor c on c.reader = %(reader)s
            where (e.generation, e.xid, e.id) >
                  (coalesce(c.generation, 0), coalesce(c.xid, '0'), coalesce(c.event_id, 0))
              and (e.generation < coalesce((select number from eventlog_generation), 1)
                   or e.xid < pg_snapshot_xmin(pg_current_snapshot()))
              and (%(kinds)s::text[] is null or e.kind = any(%(kinds)s::text[]))
              and (%(brand)s::bigint is null or e.brand_id = %(brand)s::bigint)
            order by e.generation, e.xid, e.id
            limit %(limit)s
            """,
            {
                "reader": reader,
                "kinds": list(kinds) if kinds is not None else None,
                "brand": brand_id,
                "limit": limit,
            },
        )
        rows = cursor.fetchall()
    return [
        News(Position(row[0], row[1], row[2]), row[3], row[4], tuple(row[5]), *_tail(row))
        for row in rows
    ]


def _tail(row: tuple[Any, ...]) -> tuple[str, datetime, Mapping[str, Any]]:
    payload = row[8] if isinstance(row[8], dict) else json.loads(row[8])
    return row[6], row[7], payload


def advance(reader: str, position: Position) -> None:
    """Move ``reader`` to ``position``; it never moves back."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            insert into eventlog_cursor as c (reader, generation, xid, event_id, updated_at)
            values (%(reader)s, %(generation)s, %(xid)s::text::xid8, %(event_id)s, now())
            on conflict (reader) do update
            set generation = excluded.generation, xid = excluded.xid,
                event_id = excluded.event_id, updated_at = now()
            where (excluded.generation, excluded.xid, excluded.event_id) >
                  (c.generation, c.xid, c.event_id)
            """,
            {
                "reader": reader,
                "generation": position.generation,
                "xid": position.xid,
                "event_id": position.event_id,
            },
        )
