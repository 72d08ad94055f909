"""From cleaned columns to the record tables of ``records``."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from huitou.ingest.reading.binding import BIRTHDAY, Binding
from huitou.ingest.reading.formats import CONSENT_FIELDS
from huitou.ingest.reading.identity import identifier_columns
from huitou.ingest.reading.orders import mapped_states, shape_orders
from huitou.ingest.reading.rows import CleanRows
from huitou.ingest.reading.tables import (
    TIME,
    as_table,
    display,
    joined_name,
    region_columns,
    row_numbers,
    total,
)
from huitou.ingest.records import CUSTOMERS, REFUNDS, REVIEWS


def shape(binding: Binding, rows: CleanRows, warnings: Counter[str]) -> dict[str, Any]:
    """The tables and control totals of a chunk, by the names of ``Chunk``'s fields."""
    if binding.format.kind == "orders":
        return shape_orders(binding, rows, warnings)
    if binding.format.kind == "refunds":
        return _refunds(binding, rows)
    if binding.format.kind == "reviews":
        return {"reviews": _reviews(binding, rows)}
    headings = {name: binding.column_name(name) for name in CONSENT_FIELDS if rows.has(name)}
    return {"customers": _customers(rows), "headings": headings}


def _refunds(binding: Binding, rows: CleanRows) -> dict[str, Any]:
    columns = {
        "row_no": row_numbers(rows),
        "order_no": rows.get("order_no", pa.string()),
        "refund_no": rows.get("refund_no", pa.string()),
        "amount_minor": rows.get("amount", pa.int64()),
        "status": mapped_states(rows.text("status"), binding.format.status, default="open"),
        "reason": rows.text("reason"),
        "requested_at": rows.get("requested_at", TIME),
        "finished_at": rows.get("finished_at", TIME),
        "paid_minor": rows.get("paid", pa.int64()),
    }
    table = as_table(columns, REFUNDS, len(rows))
    return {"refunds": table, "refunded_minor": total(table["amount_minor"])}


def _reviews(binding: Binding, rows: CleanRows) -> pa.Table:
    columns = {
        "row_no": row_numbers(rows),
        "review_no": rows.get("review_no", pa.string()),
        "order_no": rows.get("order_no", pa.string()),
        "nick": rows.text("nick"),
        "variant": rows.text("variant"),
        "rating": rows.get("rating", pa.int64()),
        "content": rows.text("content"),
        "followup": rows.text("followup"),
        "reply": rows.text("reply"),
        "reviewed_at": rows.get("reviewed_at", TIME),
        **identifier_columns(rows, slots=1),
    }
    return as_table(columns, REVIEWS, len(rows))


def _birthday_columns(rows: CleanRows) -> dict[str, pa.Array]:
    cells = rows.get("birthday", BIRTHDAY)
    return {
        "birthday": pc.struct_field(cells, "solar"),
        "lunar_birthday": pc.struct_field(cells, "lunar"),
    }


def _customers(rows: CleanRows) -> pa.Table:
    columns = {
        "row_no": row_numbers(rows),
        "name": joined_name(rows, "first_name", "name"),
        "phone": display(rows, "phone"),
        "email": rows.text("email"),
        "gender": rows.text("gender"),
        **_birthday_columns(rows),
        "joined_at": rows.get("joined_at", TIME),
        **{name: rows.get(name, pa.bool_()) for name in CONSENT_FIELDS},
        **region_columns(rows),
        **identifier_columns(rows),
    }
    return as_table(columns, CUSTOMERS, len(rows))
