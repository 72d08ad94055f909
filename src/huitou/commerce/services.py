"""The only writers of orders, lines, refunds, reviews and products; all of them work on sets.

``record`` takes one chunk of Arrow tables (columns as in ``commerce.recording.STAGE_*``, member ids
already resolved), stores what is new, merges what is known and says row by row what happened.
Recording the same chunk again changes nothing. It appends ``commerce.orders_recorded``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import pyarrow as pa
from django.db import connection, transaction

from huitou.commerce import recording as sql
from huitou.commerce.receivers import Seals, sealed_receivers
from huitou.eventlog.before_images import LIVE_SOURCE, keep_before, restore_rows
from huitou.eventlog.services import append
from huitou.kernel.columns import copy_in
from huitou.kernel.errors import RefusedInputError

# First key of the advisory lock that serialises writers of one shop.
_SHOP_LOCK = 74_002


@dataclass(frozen=True)
class ShopScope:
    """The shop that is recorded into, with what its brand decides."""

    brand_id: int
    shop_id: int
    currency: str
    time_zone: str


@dataclass
class Recorded:
    """What became of the rows of a chunk, by ``row_no``."""

    stored: set[int] = field(default_factory=set)
    updated: set[int] = field(default_factory=set)
    unchanged: set[int] = field(default_factory=set)
    order_ids: list[int] = field(default_factory=list)
    months: set[int] = field(default_factory=set)  # of orders stored for the first time

    def add(self, rows: set[int], known: set[int], changed: set[int]) -> None:
        """Count ``rows``: not known are stored, known and changed are updated."""
        self.stored |= rows - known
        self.updated |= known & changed
        self.unchanged |= known - changed


def record(
    *,
    scope: ShopScope,
    source_ref: int,
    now: datetime,
    origin: str,
    orders: pa.Table | None = None,
    lines: pa.Table | None = None,
    refunds: pa.Table | None = None,
    reviews: pa.Table | None = None,
) -> Recorded:
    """Record one chunk within the caller's transaction.

    Order numbers, line keys, refund and review numbers must be unique within the chunk (the
    caller deals with repetitions). ``source_ref`` names the source for ``undo``.
    """
    recorded = Recorded()
    values = {
        "brand": scope.brand_id,
        "shop": scope.shop_id,
        "zone": scope.time_zone,
        "currency": scope.currency,
        "ref": source_ref,
    }
    with connection.cursor() as cursor:
        cursor.execute("select pg_advisory_xact_lock(%s, %s)", [_SHOP_LOCK, scope.shop_id])
        cursor.execute(sql.CREATE_STAGE)
        cursor.execute(
            "truncate stage_order, stage_line, stage_refund, stage_review, touched_order"
        )
        months, on_record = _before(cursor, scope, orders, lines, refunds)
        if orders is not None and orders.num_rows:
            _record_orders(cursor, orders, on_record, values, recorded)
        if lines is not None and lines.num_rows:
            _record_lines(cursor, lines, values, recorded)
        if refunds is not None and refunds.num_rows:
            _record_refunds(cursor, refunds, values, recorded)
        if reviews is not None and reviews.num_rows:
            _record_reviews(cursor, reviews, values, recorded)
        months |= recorded.months | _recompute(cursor, recorded)
    append(
        brand_id=scope.brand_id,
        kind="commerce.orders_recorded",
        subject_ids=recorded.order_ids,
        occurred_at=now,
        origin=origin,
        payload={"months": sorted(months)},
    )
    return recorded


def forget_statements(*, scope: ShopScope, source_ref: int, order_nos: Sequence[str]) -> None:
    """Silence what ``source_ref`` alone has said of orders, before it states them anew.

    For sources whose every statement is the whole order: ``record`` in the same transaction then
    leaves exactly the new statement. Orders another source also spoke of keep merging by rank.
    """
    values: dict[str, Any] = {
        "shop": scope.shop_id,
        "ref": source_ref,
        "numbers": list(order_nos),
    }
    with connection.cursor() as cursor:
        cursor.execute("select pg_advisory_xact_lock(%s, %s)", [_SHOP_LOCK, scope.shop_id])
        cursor.execute(sql.SILENCE_ORDERS, values)
        ids = [row[0] for row in cursor.fetchall()]
        cursor.execute("delete from commerce_orderline where order_id = any(%s)", [ids])
        cursor.execute("delete from commerce_refund where order_id = any(%s)", [ids])


def refuse_undo_below_later(*, source_ref: int) -> None:
    """Raise ``RefusedInputError`` while later sources rest on this one.

    Code ``LATER_CHANGES``, or ``LIVE_CHANGES`` where they cannot be undone.
    """
    with connection.cursor() as cursor:
        later = _later_sources(cursor, source_ref)
    if LIVE_SOURCE in later:
        raise RefusedInputError(
            "LIVE_CHANGES",
            "messages of a platform or another system changed the same records since",
        )
    if later:
        raise RefusedInputError(
            "LATER_CHANGES",
            "later imports changed the same records; undo them first: "
            + ", ".join(f"#{ref}" for ref in later),
        )


@transaction.atomic
def undo(*, brand_id: int, source_ref: int, now: datetime) -> int:
    """Take back everything ``source_ref`` recorded; returns the number of orders removed.

    Raises ``RefusedInputError`` (``LATER_CHANGES``, ``LIVE_CHANGES``) when a later source changed
    or extended the same records: what it said rests on them, so it has to be undone first.
    """
    with connection.cursor() as cursor:
        refuse_undo_below_later(source_ref=source_ref)
        cursor.execute(sql.CREATE_STAGE)
        cursor.execute("truncate touched_order")
        cursor.execute(
            """
            insert into touched_order
            select id from commerce_order where source_ref = %(ref)s or changed_ref = %(ref)s
            union select order_id from commerce_orderline
              where source_ref = %(ref)s or changed_ref = %(ref)s
            union select order_id from commerce_refund
              where source_ref = %(ref)s or changed_ref = %(ref)s
            """,
            {"ref": source_ref},
        )
        months = _months_of(cursor)
        for table in ("commerce_order", "commerce_orderline", "commerce_refund", "commerce_review"):
            restore_rows(cursor, table, source_ref)
        for table in ("commerce_review", "commerce_refund", "commerce_orderline"):
            cursor.execute(f"delete from {table} where source_ref = %s", [source_ref])
        cursor.execute("delete from commerce_order where source_ref = %s", [source_ref])
        removed = cursor.rowcount
        cursor.execute(
            """
            delete from commerce_product p where p.brand_id = %s and p.source_ref = %s
              and not exists (select 1 from commerce_orderline l where l.product_id = p.id)
            """,
            [brand_id, source_ref],
        )
        cursor.execute("select distinct id from touched_order")
        subjects = [row[0] for row in cursor.fetchall()]
        cursor.execute(sql.RECOMPUTE)
        months |= _months_of(cursor)
    append(
        brand_id=brand_id,
        kind="commerce.orders_removed",
        subject_ids=subjects,
        occurred_at=now,
        origin="live",
        payload={"months": sorted(months)},
    )
    return int(removed)


def _record_orders(
    cursor: Any,
    orders: pa.Table,
    on_record: dict[str, Seals],
    values: dict[str, Any],
    recorded: Recorded,
) -> None:
    stage = sealed_receivers(orders, on_record, brand_id=values["brand"])
    copy_in(cursor, "stage_order", stage, (*sql.STAGE_ORDER_COLUMNS, "receiver_key"))
    cursor.execute("analyze stage_order (row_no, order_no)")
    numbered = zip(orders["row_no"].to_pylist(), orders["order_no"].to_pylist(), strict=True)
    known = {row_no for row_no, order_no in numbered if order_no in on_record}
    changed: set[int] = set()
    if known:
        cursor.execute(sql.MERGE_ORDERS, values)
        keep_before(cursor, "commerce_order", "select id from merging", values["ref"])
        cursor.execute(sql.UPDATE_ORDERS, values)
        rows = cursor.fetchall()
        changed = {row_no for row_no, _ in rows}
        _touch(cursor, [order_id for _, order_id in rows])
        cursor.execute("drop table merging")
    rows = set(orders["row_no"].to_pylist())
    if len(known) < len(rows):
        cursor.execute(sql.INSERT_ORDERS, {**values, "known": sorted(known) or [0]})
        # A new order has no lines or refunds yet: nothing to recompute.
        for order_id, month in cursor.fetchall():
            recorded.order_ids.append(order_id)
            recorded.months.add(month)
        recorded.months.discard(None)
    recorded.add(rows, known, changed)


def _record_lines(cursor: Any, lines: pa.Table, values: dict[str, Any], recorded: Recorded) -> None:
    copy_in(cursor, "stage_line", lines, sql.STAGE_LINE_COLUMNS)
    cursor.execute("analyze stage_line (order_no, line_key, product_code)")
    _stub_orders(cursor, "stage_line", values)
    cursor.execute(sql.INSERT_PRODUCTS, values)
    cursor.execute(sql.MERGE_LINES, values)
    cursor.execute("select row_no from line_merge where id is not null")
    known = {row[0] for row in cursor.fetchall()}
    changed: set[int] = set()
    if known:
        cursor.execute(sql.CHANGED_LINES)
        cursor.execute("select row_no from line_merge where id is not null")
        changed = {row[0] for row in cursor.fetchall()}
    if changed:
        keep_before(cursor, "commerce_orderline", "select id from line_merge", values["ref"])
        cursor.execute(sql.UPDATE_LINES, values)
    cursor.execute(sql.INSERT_LINES, values)
    cursor.execute("insert into touched_order select distinct order_id from line_merge")
    cursor.execute("drop table line_merge")
    _settle_line_rows(set(lines["row_no"].to_pylist()), known, changed, recorded)


def _settle_line_rows(
    rows: set[int], known: set[int], changed: set[int], recorded: Recorded
) -> None:
    """A line row is what became of its line; if the line stood but its order changed, updated."""
    header_changed = recorded.updated & rows
    recorded.stored -= rows
    recorded.updated -= rows
    recorded.unchanged -= rows
    recorded.add(rows, known, changed | header_changed)


def _record_refunds(
    cursor: Any, refunds: pa.Table, values: dict[str, Any], recorded: Recorded
) -> None:
    copy_in(cursor, "stage_refund", refunds, sql.STAGE_REFUND_COLUMNS)
    _stub_orders(cursor, "stage_refund", values)
    _merge_children(
        cursor, "refund", refunds, values, recorded, key="refund_no", key_table="commerce_refund"
    )
    cursor.execute(
        "insert into touched_order select distinct o.id from stage_refund s"
        " join commerce_order o on o.shop_id = %(shop)s and o.order_no = s.order_no",
        values,
    )


def _record_reviews(
    cursor: Any, reviews: pa.Table, values: dict[str, Any], recorded: Recorded
) -> None:
    copy_in(cursor, "stage_review", reviews, sql.STAGE_REVIEW_COLUMNS)
    _merge_children(
        cursor, "review", reviews, values, recorded, key="review_no", key_table="commerce_review"
    )


def _merge_children(
    cursor: Any,
    noun: str,
    table: pa.Table,
    values: dict[str, Any],
    recorded: Recorded,
    *,
    key: str,
    key_table: str,
) -> None:
    """Insert or update refunds or reviews from their stage table."""
    statements = {
        "refund": (sql.MERGE_REFUNDS, sql.UPDATE_REFUNDS, sql.INSERT_REFUNDS),
        "review": (sql.MERGE_REVIEWS, sql.UPDATE_REVIEWS, sql.INSERT_REVIEWS),
    }
    merge, update, insert = statements[noun]
    cursor.execute(
        f"select s.row_no from stage_{noun} s join {key_table} x"
        f" on x.shop_id = %(shop)s and x.{key} = s.{key}",
        values,
    )
    known = {row[0] for row in cursor.fetchall()}
    cursor.execute(merge, values)
    cursor.execute(f"select row_no from {noun}_merge where id is not null")
    changed = {row[0] for row in cursor.fetchall()}
    if changed:
        keep_before(
            cursor, key_table, f"select id from {noun}_merge where id is not null", values["ref"]
        )
        cursor.execute(update, values)
    cursor.execute(insert, values)
    cursor.execute(f"drop table {noun}_merge")
    recorded.add(set(table["row_no"].to_pylist()), known, changed)


def _stub_orders(cursor: Any, stage: str, values: dict[str, Any]) -> None:
    cursor.execute(sql.STUB_ORDERS.format(stage=stage), values)
    _touch(cursor, [row[0] for row in cursor.fetchall()])


def _touch(cursor: Any, order_ids: Sequence[int]) -> None:
    cursor.execute("insert into touched_order select unnest(%s::bigint[])", [list(order_ids)])


def _recompute(cursor: Any, recorded: Recorded) -> set[int]:
    """Recompute the touched orders from their lines and refunds; returns their months."""
    cursor.execute("select distinct id from touched_order")
    touched = [row[0] for row in cursor.fetchall()]
    if not touched:
        return set()
    cursor.execute("analyze touched_order")
    cursor.execute(sql.RECOMPUTE)
    recorded.order_ids = sorted({*recorded.order_ids, *touched})
    return _months_of(cursor)


def _months_of(cursor: Any) -> set[int]:
    cursor.execute(
        "select distinct o.month from commerce_order o"
        " where o.month is not null and o.id in (select id from touched_order)"
    )
    return {row[0] for row in cursor.fetchall()}


def _before(
    cursor: Any, scope: ShopScope, *tables: pa.Table | None
) -> tuple[set[int], dict[str, Seals]]:
    """Before anything is changed: the months the named orders stand in, and who receives them."""
    numbers = pa.chunked_array(
        [c for t in tables if t is not None for c in t["order_no"].chunks], pa.string()
    ).unique()
    cursor.execute(
        "select month, order_no, receiver, receiver_phone from commerce_order"
        " where shop_id = %s and order_no = any(%s)",
        [scope.shop_id, numbers.to_pylist()],
    )
    found = cursor.fetchall()
    months = {row[0] for row in found if row[0] is not None}
    return months, {row[1]: row[2:] for row in found}


def _later_sources(cursor: Any, source_ref: int) -> list[int]:
    """Sources that changed or extended what ``source_ref`` recorded."""
    cursor.execute(
        """
        with mine as (
          select id from commerce_order where source_ref = %(ref)s
        )
        select distinct ref from (
          select b.source_ref as ref from eventlog_beforeimage b
            where b.table_name like 'commerce_%%' and b.source_ref <> %(ref)s
              and coalesce((b.before->>'changed_ref')::bigint, 0) = %(ref)s
          union all
          -- A source that spoke twice keeps one image; the row itself tells who spoke last.
          select o.changed_ref from commerce_order o join eventlog_beforeimage b
            on b.table_name = 'commerce_order' and b.row_id = o.id and b.source_ref = %(ref)s
          union all
          select l.source_ref from commerce_orderline l join mine on mine.id = l.order_id
          union all
          select r.source_ref from commerce_refund r join mine on mine.id = r.order_id
        ) s where ref is not null and ref <> %(ref)s order by ref
        """,
        {"ref": source_ref},
    )
    return [row[0] for row in cursor.fetchall()]
