"""One chunk of a batch: from clean tables to recorded rows, counts and quarantine."""

from __future__ import annotations

import json
import queue
import threading
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from django.db import connection
from numpy.typing import NDArray

from huitou.commerce import services as commerce
from huitou.ingest.forgetting import without_erased
from huitou.ingest.models import Batch
from huitou.ingest.records import Chunk, Reject
from huitou.kernel.columns import copy_in
from huitou.members import services as members
from huitou.members.imported_consent import ConsentColumn, record_imported_consents
from huitou.members.models import Channel

# Chunks read ahead while the database works: reading and recording then use a core each.
_AHEAD = 2
_VALUE_MAX = 400
# Which channel a field of a customer file is the answer for.
_CONSENT_CHANNELS = {"accepts_email": Channel.EMAIL.value, "accepts_sms": Channel.SMS.value}


@dataclass
class _Outcome:
    """Counts of one chunk; rows are counted by what became of them."""

    stored: int = 0
    updated: int = 0
    unchanged: int = 0
    repeated: int = 0
    orders: int = 0
    lines: int = 0
    without_buyer: int = 0
    warnings: Counter[str] = field(default_factory=Counter)


@contextmanager
def prefetched(chunks: Iterator[Chunk]) -> Iterator[Iterator[Chunk]]:
    """Read ``chunks`` on a thread of their own; its error is raised to the consumer."""
    ready: queue.Queue[Chunk | BaseException | None] = queue.Queue(maxsize=_AHEAD)
    stopped = threading.Event()

    def offer(item: Chunk | BaseException | None) -> None:
        while not stopped.is_set():
            try:
                ready.put(item, timeout=0.1)
            except queue.Full:
                continue
            return

    def read() -> None:
        try:
            for chunk in chunks:
                offer(chunk)
                if stopped.is_set():
                    return
            offer(None)
        except BaseException as error:  # noqa: BLE001 -- handed to the consumer, raised there
            offer(error)

    def take() -> Iterator[Chunk]:
        while (item := ready.get()) is not None:
            if isinstance(item, BaseException):
                raise item
            yield item

    reader = threading.Thread(target=read, name="import-reader", daemon=True)
    reader.start()
    try:
        yield take()
    finally:
        stopped.set()
        reader.join()


def record_chunk(batch: Batch, chunk: Chunk, *, now: datetime) -> None:
    """Record ``chunk`` and move the batch's counts and position, in the caller's transaction.

    A chunk that does not start where the batch stands raises ``AssertionError``: it was read for
    another position.
    """
    with connection.cursor() as cursor:
        cursor.execute("select position from ingest_batch where id = %s for update", [batch.pk])
        (position,) = cursor.fetchone()
    assert position == chunk.first_row - 1, f"batch at {position}, chunk at {chunk.first_row}"
    chunk = without_erased(batch, chunk)
    outcome = _Outcome()
    if chunk.customers is not None:
        _record_customers(batch, chunk, chunk.customers, outcome, now)
    if any(t is not None for t in (chunk.orders, chunk.lines, chunk.refunds, chunk.reviews)):
        _record_commerce(batch, chunk, outcome, now)
    _quarantine(batch, chunk.rejects)
    _count(batch, chunk, outcome)


def _resolve(batch: Batch, people: pa.Table, now: datetime) -> members.ResolvedPeople:
    return members.resolve_people(
        brand_id=batch.brand_id,
        shop_id=batch.shop_id,
        platform=batch.shop.platform,
        source_ref=batch.pk,
        people=people,
        origin="backfill",
        now=now,
    )


def _record_customers(
    batch: Batch, chunk: Chunk, people: pa.Table, outcome: _Outcome, now: datetime
) -> None:
    resolved = _resolve(batch, _with_named_phone(people), now)
    recorded = members.record_profiles(
        brand_id=batch.brand_id,
        source_ref=batch.pk,
        people=people,
        resolved=resolved,
        origin="backfill",
        now=now,
    )
    if recorded.waiting:
        outcome.warnings["CONFLICTING_CUSTOMER"] += recorded.waiting
    first_seen = np.zeros(people.num_rows, dtype=bool)
    first_seen[np.unique(resolved.member_ids, return_index=True)[1]] = True
    stored = np.isin(resolved.member_ids, resolved.created_ids) & first_seen
    updated = np.zeros(people.num_rows, dtype=bool)
    updated[recorded.changed] = True
    updated[_record_consents(batch, chunk.headings, people, resolved.member_ids, now)] = True
    updated &= ~stored
    outcome.stored += int(stored.sum())
    outcome.updated += int(updated.sum())
    outcome.unchanged += int((~stored & ~updated).sum())


def _record_consents(
    batch: Batch,
    headings: Mapping[str, str],
    people: pa.Table,
    accounts: NDArray[np.int64],
    now: datetime,
) -> NDArray[np.int64]:
    """The places of the rows that said something new of consent."""
    return record_imported_consents(
        brand_id=batch.brand_id,
        source_ref=batch.pk,
        accounts=accounts,
        row_nos=people["row_no"].to_numpy(),
        columns=[
            ConsentColumn(_CONSENT_CHANNELS[field], heading, people[field])
            for field, heading in headings.items()
        ],
        now=now,
    )


def _record_commerce(batch: Batch, chunk: Chunk, outcome: _Outcome, now: datetime) -> None:
    orders = chunk.orders
    reviews = chunk.reviews
    if orders is not None:
        ids = _resolve(batch, _buyers(orders), now).member_ids
        outcome.without_buyer += int((ids == 0).sum())
        orders = orders.append_column("member_id", pa.array(ids, mask=ids == 0))
    if reviews is not None:
        ids = _resolve(batch, reviews, now).member_ids
        reviews = reviews.append_column("member_id", pa.array(ids, mask=ids == 0))
    scope = commerce.ShopScope(
        brand_id=batch.brand_id,
        shop_id=batch.shop_id,
        currency=batch.brand.currency,
        time_zone=batch.brand.time_zone,
    )
    turns = {
        "orders": _turns(orders, "order_no"),
        "lines": _turns(chunk.lines, "order_no", "line_key"),
        "refunds": _turns(chunk.refunds, "refund_no"),
        "reviews": _turns(reviews, "review_no"),
    }
    tables = {"orders": orders, "lines": chunk.lines, "refunds": chunk.refunds, "reviews": reviews}
    last = max((int(turn.max()) for turn in turns.values() if turn.size), default=-1)
    stored: set[int] = set()
    updated: set[int] = set()
    for turn in range(last + 1):
        recorded = commerce.record(
            scope=scope,
            source_ref=batch.pk,
            now=now,
            origin="backfill",
            **{
                name: table.filter(pa.array(turns[name] == turn))
                for name, table in tables.items()
                if table is not None
            },
        )
        stored |= recorded.stored
        updated |= recorded.updated
        if turn > 0:
            outcome.repeated += len(recorded.unchanged)
    rows = chunk.rows - len(chunk.rejects)
    outcome.stored += len(stored)
    outcome.updated += len(updated - stored)
    outcome.unchanged += rows - len(stored | updated)
    outcome.orders += int((turns["orders"] == 0).sum())
    outcome.lines += int((turns["lines"] == 0).sum())


def _with_named_phone(customers: pa.Table) -> pa.Table:
    """``customers`` with the phone each is reached at by name."""
    phone: pa.Array = pa.nulls(customers.num_rows, pa.string())
    for rank in (1, 2, 3):
        is_phone = pc.equal(customers[f"id{rank}_kind"], "phone")
        phone = pc.if_else(pc.fill_null(is_phone, False), customers[f"id{rank}_value"], phone)
    return customers.append_column("reached_phone", phone).append_column(
        "reached_name", customers["name"]
    )


def _buyers(orders: pa.Table) -> pa.Table:
    """The people of order rows: called by the receiver's name where it is whole, else by nick."""
    receiver = orders["receiver"]
    masked = pc.fill_null(pc.match_substring(receiver, "*"), True)
    whole = pc.if_else(masked, pa.scalar(None, pa.string()), _said(receiver))
    columns = {
        "name": pc.coalesce(whole, _said(orders["buyer_name"]), receiver),
        "phone": pc.coalesce(_said(orders["buyer_phone"]), orders["receiver_phone"]),
        "email": orders["buyer_email"],
        "province": orders["province"],
        "city": orders["city"],
        "reached_name": receiver,
        "reached_phone": orders["reached_phone"],
    }
    columns |= {name: orders[name] for name in orders.column_names if name.startswith("id")}
    return pa.table(columns)


def _said(texts: pa.ChunkedArray) -> pa.ChunkedArray:
    """``texts`` with null for the empty ones."""
    return pc.if_else(pc.equal(texts, ""), pa.scalar(None, pa.string()), texts)


def _turns(table: pa.Table | None, *keys: str) -> NDArray[np.int64]:
    """How often each row's key came before in the chunk: repetitions are recorded in turn."""
    if table is None or table.num_rows == 0:
        return np.array([], dtype=np.int64)
    joined = pc.binary_join_element_wise(*[table[key] for key in keys], "\x1f")
    codes = joined.combine_chunks().dictionary_encode().indices.to_numpy()
    order = np.argsort(codes, kind="stable")
    ordered = codes[order]
    starts = np.flatnonzero(np.r_[True, ordered[1:] != ordered[:-1]])
    run_start = np.repeat(starts, np.diff(np.r_[starts, ordered.size]))
    turns = np.empty(ordered.size, dtype=np.int64)
    turns[order] = np.arange(ordered.size) - run_start
    return turns


def _quarantine(batch: Batch, rejects: list[Reject]) -> None:
    if not rejects:
        return
    table = pa.table(
        {
            "batch_id": pa.array([batch.pk] * len(rejects), pa.int64()),
            "row_no": pa.array([r.row_no for r in rejects], pa.int64()),
            "line_no": pa.array([r.line_no for r in rejects], pa.int64()),
            "code": [r.code for r in rejects],
            "column": [_storable(r.column)[:120] for r in rejects],
            "value": [_storable(r.value)[:_VALUE_MAX] for r in rejects],
            "original": [
                json.dumps([_storable(cell) for cell in r.original], ensure_ascii=False)
                for r in rejects
            ],
        }
    )
    with connection.cursor() as cursor:
        copy_in(cursor, "ingest_quarantinedrow", table, table.column_names)


def _storable(text: str) -> str:
    """Text as PostgreSQL can hold it: NUL and undecodable bytes shown, not dropped."""
    return text.replace("\x00", "␀").encode("utf-8", "backslashreplace").decode()


def _count(batch: Batch, chunk: Chunk, outcome: _Outcome) -> None:
    with connection.cursor() as cursor:
        cursor.execute("select warnings from ingest_batch where id = %s", [batch.pk])
        (warnings,) = cursor.fetchone()
        known = warnings if isinstance(warnings, dict) else json.loads(warnings)
        merged = Counter(known) + chunk.warnings + outcome.warnings
        cursor.execute(
            """
            update ingest_batch set position = position + %(rows)s, rows = rows + %(rows)s,
              stored = stored + %(stored)s, updated = updated + %(updated)s,
              unchanged = unchanged + %(unchanged)s, repeated = repeated + %(repeated)s,
              quarantined = quarantined + %(quarantined)s, orders = orders + %(orders)s,
              lines = lines + %(lines)s, without_buyer = without_buyer + %(without_buyer)s,
              paid_minor = paid_minor + %(paid)s, refunded_minor = refunded_minor + %(refunded)s,
              warnings = %(warnings)s::jsonb
            where id = %(batch)s
            """,
            {
                **vars(outcome),
                "rows": chunk.rows,
                "quarantined": len(chunk.rejects),
                "paid": chunk.paid_minor,
                "refunded": chunk.refunded_minor,
                "warnings": json.dumps(merged),
                "batch": batch.pk,
            },
        )
