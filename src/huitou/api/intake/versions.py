"""Which statements are news: of each order or member only the newest counts.

Statements are ordered by (``modified_at``, ``rank``, ``digest``), a total order, so every order of
arrival, with any repetitions, ends with the same one. What a platform answers when it is asked is
``current``: of the statements of one moment (platforms count in seconds) it is the true one.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec
from django.db import connection

_TAKE = """
insert into api_messageversion as v (shop_id, kind, number, modified_at, rank, digest)
select n.shop_id, %(kind)s, n.number, n.modified_at, n.rank, n.digest
from unnest(%(shops)s::bigint[], %(numbers)s::text[], %(moments)s::timestamptz[],
            %(ranks)s::smallint[], %(digests)s::bytea[])
     as n(shop_id, number, modified_at, rank, digest)
order by n.shop_id, n.number
on conflict (shop_id, kind, number) do update
set modified_at = excluded.modified_at, rank = excluded.rank, digest = excluded.digest
where (excluded.modified_at, excluded.rank, excluded.digest) > (v.modified_at, v.rank, v.digest)
   or (%(current)s and excluded.modified_at = v.modified_at and excluded.digest <> v.digest)
returning shop_id, number
"""
_SEEN = """
select v.shop_id, v.number, v.digest
from api_messageversion v
join unnest(%s::bigint[], %s::text[]) as n(shop_id, number) using (shop_id, number)
where v.kind = %s
"""


# Above every rank of a status.
_CURRENT_RANK = 100


@dataclass(frozen=True)
class Statement:
    """What one message says, by its number and version."""

    shop_id: int
    number: str
    modified_at: datetime
    rank: int
    digest: bytes

    @property
    def version(self) -> tuple[datetime, int, bytes]:
        """What orders statements of one number."""
        return self.modified_at, self.rank, self.digest


def digest_of(message: Any) -> bytes:
    """A digest of everything ``message`` says."""
    return hashlib.blake2b(msgspec.json.encode(message), digest_size=16).digest()


def take_newest(kind: str, statements: Sequence[Statement], *, current: bool = False) -> list[str]:
    """Of each statement: ``news``, ``unchanged`` (said before) or ``outdated`` (newer is known).

    Must run in the transaction that records the news. Of equal numbers only the newest is news.
    """
    newest: dict[tuple[int, str], Statement] = {}
    for s in statements:
        known = newest.get((s.shop_id, s.number))
        if known is None or s.version > known.version:
            newest[s.shop_id, s.number] = s
    taken, seen = _taken(kind, list(newest.values()), current=current)
    told: set[tuple[int, str]] = set()
    outcomes = []
    for s in statements:
        key = (s.shop_id, s.number)
        if key in taken and newest[key].digest == s.digest:
            outcomes.append("unchanged" if key in told else "news")
            told.add(key)
        elif key not in taken and seen[key] == s.digest:
            outcomes.append("unchanged")
        else:
            outcomes.append("outdated")
    return outcomes


def _taken(
    kind: str, newest: Sequence[Statement], *, current: bool
) -> tuple[set[tuple[int, str]], dict[tuple[int, str], bytes]]:
    """Keys whose version moved, and the digest on record of the others."""
    with connection.cursor() as cursor:
        cursor.execute(
            _TAKE,
            {
                "kind": kind,
                "current": current,
                "shops": [s.shop_id for s in newest],
                "numbers": [s.number for s in newest],
                "moments": [s.modified_at for s in newest],
                "ranks": [s.rank + _CURRENT_RANK * current for s in newest],
                "digests": [s.digest for s in newest],
            },
        )
        taken = {(row[0], row[1]) for row in cursor.fetchall()}
        rest = [s for s in newest if (s.shop_id, s.number) not in taken]
        if not rest:
            return taken, {}
        cursor.execute(_SEEN, [[s.shop_id for s in rest], [s.number for s in rest], kind])
        return taken, {(row[0], row[1]): bytes(row[2]) for row in cursor.fetchall()}
