"""Bring a brand's lake up to date with PostgreSQL.

The event log says which months changed; those months are read again as they now stand and
replaced. Doing so twice is harmless, so the cursor moves only after the files stand.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import pyarrow as pa
from django.db import connection, transaction

from huitou.eventlog import services as eventlog
from huitou.lake import copying, registry, store
from huitou.lake.registry import LakeTable

Progress = Callable[[str, int, int | None], None]

# One writer per brand: the first half of the advisory lock's key, "lake" in ASCII.
_LOCK_CLASS = 0x6C616B65
# Rows of PostgreSQL projected in one commit: bounds memory, not correctness.
ROWS_PER_COMMIT = 1_000_000
_EVENTS_PER_READ = 20
# How long news whose transaction has ended may stay hidden behind an older running one.
_HORIZON_WAIT_SECONDS = 10.0


@dataclass(frozen=True)
class Projected:
    """What one run wrote: rows per table (tables left alone are absent)."""

    rows: Mapping[str, int]


@contextmanager
def writer_lock(brand_id: int) -> Iterator[None]:
    """Hold the right to write one brand's lake; waits for another holder to finish."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(%s, %s)", [_LOCK_CLASS, brand_id])
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_unlock(%s, %s)", [_LOCK_CLASS, brand_id])


def project(brand_id: int, *, rebuild: bool = False, progress: Progress | None = None) -> Projected:
    """Project every order and member of a brand recorded before the call. Call under the lock.

    ``progress(table, rows done, orders in all)`` is told after each commit.
    Only what changed since the last run is read, unless ``rebuild``: then every table is dropped
    and made anew. A table that is missing, or has other columns than declared, is made anew too.
    """
    reader = f"lake:{brand_id}"
    _await_horizon(brand_id)
    news = _unread(reader, brand_id)
    rows: dict[str, int] = {}
    for table in registry.tables().values():
        fresh = rebuild or store.open_table(brand_id, table) is None
        if fresh:
            store.begin_anew(brand_id, table)
        if fresh or table.kinds & news.kinds:
            months = None if fresh else sorted(news.months)
            rows[table.name] = _project_table(brand_id, table, months, progress)
        if fresh:
            store.end_anew(brand_id, table)
    if news.position is not None:
        eventlog.advance(reader, news.position)
    return Projected(rows)


@dataclass(frozen=True)
class _Unread:
    position: eventlog.Position | None
    kinds: frozenset[str]
    months: frozenset[int]


def _unread(reader: str, brand_id: int) -> _Unread:
    """What the log says since the cursor, in pieces of bounded size; the cursor stays."""
    position = None
    kinds: set[str] = set()
    months: set[int] = set()
    # The pieces advance the cursor inside a transaction that is then rolled back: the cursor must
    # not move before the files stand, nor a writing transaction stay open while they are written.
    with transaction.atomic():
        while batch := eventlog.read_batch(
            reader, limit=_EVENTS_PER_READ, kinds=registry.event_kinds(), brand_id=brand_id
        ):
            position = batch[-1].position
            eventlog.advance(reader, position)
            for news in batch:
                kinds.add(news.kind)
                months.update(int(month) for month in news.payload.get("months", ()))
        transaction.set_rollback(True)
    return _Unread(position, frozenset(kinds), frozenset(months))


def _await_horizon(brand_id: int) -> None:
    """Wait until no committed news of the brand hides behind an older running transaction.

    Gives up after a while: what stays hidden is projected by the next run.
    """
    give_up = time.monotonic() + _HORIZON_WAIT_SECONDS
    with connection.cursor() as cursor:
        while time.monotonic() < give_up:
            cursor.execute(
                """
                SELECT EXISTS (
                    SELECT FROM eventlog_event
                    WHERE brand_id = %s
                      AND generation = coalesce((SELECT number FROM eventlog_generation), 1)
                      AND xid >= pg_snapshot_xmin(pg_current_snapshot())
                      AND xid IS DISTINCT FROM pg_current_xact_id_if_assigned()
                )
                """,
                [brand_id],
            )
            if not cursor.fetchone()[0]:
                return
            time.sleep(0.05)


def _project_table(
    brand_id: int, table: LakeTable, months: Sequence[int] | None, progress: Progress | None
) -> int:
    """Project ``months`` of a table (``None``: all of it) and return the rows written."""
    if not table.partitioned:
        counter = _Counter(progress, table.name, None)
        whole = {"brand_id": brand_id}
        with copying.copied_out(table.sql, whole, table.schema) as batches:
            store.replace_all(brand_id, table, counter.counted(batches))
        counter.tell()
        return counter.done
    present = _months_present(brand_id, table, months)
    counter = _Counter(progress, table.name, sum(present.values()))
    stale = _months_in_lake(brand_id, table) if months is None else set(months)
    if not present and months is None:
        store.replace_all(brand_id, table, ())
    store.replace_months(brand_id, table, sorted(stale - present.keys()), ())
    of_months = table.narrowed("month = ANY(%(months)s::int[])")
    for group in month_groups(present):
        parameters = {"brand_id": brand_id, "months": group}
        with copying.copied_out(of_months, parameters, table.schema) as batches:
            store.replace_months(brand_id, table, group, counter.counted(batches))
        counter.tell()
    return counter.done


def _months_present(
    brand_id: int, table: LakeTable, months: Sequence[int] | None
) -> dict[int, int]:
    with connection.cursor() as cursor:
        cursor.execute(
            table.months_sql,
            {"brand_id": brand_id, "months": None if months is None else list(months)},
        )
        return {int(month): int(rows) for month, rows in cursor.fetchall()}


def _months_in_lake(brand_id: int, table: LakeTable) -> set[int]:
    delta = store.open_table(brand_id, table)
    return set() if delta is None else store.months_of(delta)


def month_groups(
    rows_by_month: Mapping[int, int], *, rows_max: int = ROWS_PER_COMMIT
) -> list[list[int]]:
    """Months in order, grouped so that a group has at most ``rows_max`` rows, or is one month.

    >>> month_groups({3: 5, 1: 4, 2: 4}, rows_max=8)
    [[1, 2], [3]]
    """
    groups: list[list[int]] = []
    held = 0
    for month in sorted(rows_by_month):
        rows = rows_by_month[month]
        if not groups or held + rows > rows_max:
            groups.append([])
            held = 0
        groups[-1].append(month)
        held += rows
    return groups


class _Counter:
    """Counts the rows that pass, and tells ``progress`` when asked.

    Not while they pass: a writer's thread draws them, and the database connection is busy then.
    """

    def __init__(self, progress: Progress | None, name: str, total: int | None) -> None:
        self.done = 0
        self._progress = progress
        self._name = name
        self._total = total

    def counted(self, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            yield batch
            self.done += batch.num_rows

    def tell(self) -> None:
        if self._progress is not None:
            self._progress(self._name, self.done, self._total)
