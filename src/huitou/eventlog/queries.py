"""What pages tell of the log: the latest news of one thing, without reading it all."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection

# How far back from the newest event a page looks: the log has no index by kind, and what lies
# further back is history, not the latest.
LOOKED_BACK_MAX = 100_000


@dataclass(frozen=True)
class NewsHead:
    """One event in short: how many it is about, and the first of them."""

    kind: str
    occurred_at: datetime
    count: int
    first: tuple[int, ...]


def latest_news(
    brand_id: int,
    kinds: Sequence[str],
    *,
    payload: Mapping[str, Any],
    limit: int,
    subjects_max: int,
) -> list[NewsHead]:
    """The latest events of ``kinds`` whose payload has these values, newest first."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            select kind, occurred_at, cardinality(subject_ids), subject_ids[1:%s]
            from eventlog_event
            where id > (select coalesce(max(id), 0) from eventlog_event) - %s
              and brand_id = %s and kind = any(%s) and payload @> %s::jsonb
            order by id desc limit %s
            """,
            [
                subjects_max,
                LOOKED_BACK_MAX,
                brand_id,
                list(kinds),
                json.dumps(dict(payload)),
                limit,
            ],
        )
        return [NewsHead(kind, at, n, tuple(ids)) for kind, at, n, ids in cursor.fetchall()]
