"""The chain over the audit log: each link hashes the one before it and an entry's content.

Entries are written by whoever changes something, without waiting for one another; this step links
them afterwards in commit order, reading only below the oldest running transaction as the cursors
of the event log do.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from django.db import connection, transaction

GENESIS = b"\x00" * 32
# Entries linked in one transaction.
_CHUNK = 5_000
# Any number, as long as it stays: two chaining steps must not run at once.
_LOCK = 4_716_002
# Text in one fixed form each, so that nothing depends on a session's settings or on a driver.
_CONTENT = """
    e.generation::text, e.xid::text, e.id::text,
    (extract(epoch from e.at) * 1000000)::bigint::text, e.actor_kind, e.actor_id::text,
    e.actor_name, e.request_id, e.reason, e.brand_id::text, e.table_name, e.row_id, e.operation,
    e.row_count::text, e.changes::text
"""


@dataclass(frozen=True)
class Head:
    """The last link; kept elsewhere, it shows later that the end of the log was not cut off."""

    seq: int
    hash: str


@dataclass(frozen=True)
class Verdict:
    """What verifying found.

    ``broken_entry`` is the id of the first entry that is not as it was linked, with ``problem`` in
    words; both empty when the chain is whole. ``waiting`` entries are too new to be linked.
    """

    checked: int
    waiting: int
    head: Head | None
    broken_entry: int | None = None
    problem: str = ""

    @property
    def is_whole(self) -> bool:
        """Whether nothing was changed, removed or put in."""
        return not self.problem


def link_hash(previous: bytes, content: tuple[str | None, ...]) -> bytes:
    """SHA-256 over the previous link and the entry's columns as text.

    >>> link_hash(GENESIS, ("1", None)) == link_hash(GENESIS, ("1", ""))
    False
    """
    text = json.dumps(content, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(previous + text.encode()).digest()


def chain_entries() -> int:
    """Link every entry whose transaction, and every older one, has ended; how many were linked."""
    linked = 0
    while found := _chain_some():
        linked += found
    return linked


def chain_length() -> int:
    """How many links there are."""
    with connection.cursor() as cursor:
        cursor.execute("select coalesce(max(seq), 0) from eventlog_auditlink")
        return int(cursor.fetchone()[0])


def verify_chain(
    *, expected: Head | None = None, progress: Callable[[int], None] | None = None
) -> Verdict:
    """Recompute the whole chain; ``expected`` is a head kept from an earlier run.

    ``progress`` hears every few thousand links how many held.
    """
    checked, previous, last = 0, GENESIS, None
    passed_expected = expected is None
    for seq, stored, entry_id, content in _links():
        if seq != checked + 1:
            return _broken(checked, entry_id, f"link {checked + 1} is missing")
        if content[2] is None:
            return _broken(checked, entry_id, "the entry was deleted")
        previous = link_hash(previous, content)
        if previous != stored:
            return _broken(checked, entry_id, "the entry or its link was changed")
        checked, last = seq, Head(seq, stored.hex())
        if progress is not None and checked % _CHUNK == 0:
            progress(checked)
        passed_expected = passed_expected or last == expected
    if not passed_expected:
        assert expected is not None
        problem = f"link {expected.seq} {expected.hash[:12]}… is not in the chain"
        return Verdict(checked, 0, last, None, problem)
    inserted, waiting = _unlinked()
    if inserted is not None:
        return Verdict(checked, waiting, last, inserted, "the entry was put in afterwards")
    return Verdict(checked, waiting, last)


def _broken(checked: int, entry_id: int, problem: str) -> Verdict:
    return Verdict(checked, 0, None, entry_id, problem)


def _chain_some() -> int:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("select pg_advisory_xact_lock(%s)", [_LOCK])
        cursor.execute(
            f"""
            with head as (
                select l.seq, l.hash, e.generation, e.xid, e.id
                from eventlog_auditlink l join eventlog_auditentry e on e.id = l.entry_id
                order by l.seq desc limit 1)
            select (select seq from head), (select hash from head), {_CONTENT}
            from eventlog_auditentry e
            where (e.generation, e.xid, e.id) > (
                    coalesce((select generation from head), 0),
                    coalesce((select xid from head), '0'), coalesce((select id from head), 0))
              and (e.generation < coalesce((select number from eventlog_generation), 1)
                   or e.xid < pg_snapshot_xmin(pg_current_snapshot()))
            order by e.generation, e.xid, e.id
            limit {_CHUNK}
            """
        )
        rows = cursor.fetchall()
        if not rows:
            return 0
        seq = rows[0][0] or 0
        previous = bytes(rows[0][1]) if rows[0][1] is not None else GENESIS
        links = []
        for row in rows:
            seq, previous = seq + 1, link_hash(previous, row[2:])
            links.append((seq, int(row[4]), previous))
        cursor.executemany(
            "insert into eventlog_auditlink (seq, entry_id, hash) values (%s, %s, %s)", links
        )
    return len(rows)


def _links() -> Iterator[tuple[int, bytes, int, tuple[Any, ...]]]:
    """Sequence, hash, entry id and content of every link in order; content None: no entry."""
    after = 0
    with connection.cursor() as cursor:
        while True:
            cursor.execute(
                f"""
                select l.seq, l.hash, l.entry_id, {_CONTENT}
                from eventlog_auditlink l left join eventlog_auditentry e on e.id = l.entry_id
                where l.seq > %s order by l.seq limit {_CHUNK}
                """,
                [after],
            )
            rows = cursor.fetchall()
            for row in rows:
                yield row[0], bytes(row[1]), row[2], row[3:]
            if len(rows) < _CHUNK:
                return
            after = rows[-1][0]


def _unlinked() -> tuple[int | None, int]:
    """The first entry before the head that no link knows, and how many after it wait."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            with head as (
                select e.generation, e.xid, e.id
                from eventlog_auditlink l join eventlog_auditentry e on e.id = l.entry_id
                order by l.seq desc limit 1),
            free as (
                select e.id, (e.generation, e.xid, e.id) <= (
                    coalesce((select generation from head), 0),
                    coalesce((select xid from head), '0'),
                    coalesce((select id from head), 0)) as passed
                from eventlog_auditentry e
                where not exists (select from eventlog_auditlink l where l.entry_id = e.id))
            select min(id) filter (where passed), count(*) filter (where not passed) from free
            """
        )
        inserted, waiting = cursor.fetchone()
    return inserted, waiting
