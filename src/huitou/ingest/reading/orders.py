"""Orders and their lines out of cleaned rows, whatever the grain of the file."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from huitou.ingest.reading.binding import Binding
from huitou.ingest.reading.identity import identifier_columns
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
from huitou.ingest.records import (
    HEADER_DERIVED,
    HEADER_STATED,
    LINES,
    ORDERS,
    REFUNDS,
)
from huitou.kernel.money import minor_digits

_INT = pa.int64()
# From the least to the most advanced; the last two end an order without a sale.
_LIVE = ("created", "paid", "part_shipped", "shipped", "signed", "finished")
_PAID_STATES = pa.array(
    ["paid", "part_shipped", "shipped", "signed", "finished", "closed_refunded"]
)


def mapped_states(
    words: pa.Array,
    meanings: Mapping[str, str | tuple[str, str]],
    *,
    part: int = 0,
    default: str = "",
) -> pa.Array:
    """Our status for each of the file's words; ``part`` takes paid (0) or unpaid (1) of a pair."""
    encoded = words.dictionary_encode()
    found = []
    for word in encoded.dictionary.to_pylist():
        meaning = meanings.get(word, word or default)
        found.append(meaning if isinstance(meaning, str) else meaning[part])
    return pa.array(found, pa.string()).take(encoded.indices)


def _states(binding: Binding, rows: CleanRows, field: str) -> pa.Array:
    """The status of each row, settled by payment where the platform's word leaves it open."""
    meanings = binding.format.status
    words = rows.text(field)
    paid = mapped_states(words, meanings)
    unpaid = mapped_states(words, meanings, part=1)
    if rows.has("paid_at"):
        states = pc.if_else(pc.is_valid(rows.get("paid_at", TIME)), paid, unpaid)
    else:
        # The file cannot tell; the order list of the same shop will.
        states = pc.if_else(pc.equal(paid, unpaid), paid, "")
    if binding.format.progress and field == "status":
        further = mapped_states(rows.text("progress"), binding.format.progress)
        moved = pc.and_(pc.equal(states, "paid"), pc.is_in(further, pa.array(_LIVE)))
        states = pc.if_else(moved, further, states)
    return states


def _paid_at(rows: CleanRows, states: pa.Array) -> pa.Array:
    """When it was paid; where the format has no such column, the best time of a paid state."""
    if rows.has("paid_at"):
        return rows.get("paid_at", TIME)
    best = pc.coalesce(rows.get("ordered_at", TIME), rows.get("finished_at", TIME))
    if not rows.has("status"):
        # Neither states nor payments: a file of sales, each paid when it was made.
        return best
    return pc.if_else(pc.is_in(states, _PAID_STATES), best, pa.scalar(None, TIME))


def _phone_key(rows: CleanRows, field: str) -> pa.Array:
    column = rows.columns.get(field)
    return pa.nulls(len(rows), pa.string()) if column is None else pc.struct_field(column, "key")


def _header_columns(binding: Binding, rows: CleanRows) -> dict[str, pa.Array]:
    """The columns of ORDERS as each row states them."""
    states = _states(binding, rows, "status")
    return {
        "row_no": row_numbers(rows),
        "order_no": rows.get("order_no", pa.string()),
        "status": states,
        "currency": pc.fill_null(rows.get("currency", pa.string()), rows.currency()),
        "paid_at": _paid_at(rows, states),
        **{name: rows.get(name, TIME) for name in ("ordered_at", "shipped_at", "finished_at")},
        "quantity": rows.get("quantity", _INT),
        **{
            f"{name}_minor": rows.get(name, _INT)
            for name in ("list", "discount", "coupon", "shipping", "paid")
        },
        "refund_stated_minor": rows.get("refunded", _INT),
        **region_columns(rows),
        **{name: rows.text(name) for name in ("receiver", "device", "remark")},
        "receiver_phone": display(rows, "receiver_phone"),
        "reached_phone": _phone_key(rows, "receiver_phone"),
        "buyer_name": joined_name(rows, "buyer_first_name", "buyer_name"),
        "buyer_phone": display(rows, "buyer_phone"),
        "buyer_email": rows.text("buyer_email"),
        **identifier_columns(rows),
    }


def _settle_refunds(columns: dict[str, pa.Array], warnings: Counter[str]) -> None:
    """Clamps refunds to what was paid, and fills in those the file leaves unsaid.

    An order closed as refunded was refunded wholly unless the file says how much.
    """
    paid, refunded = columns["paid_minor"], columns["refund_stated_minor"]
    closed = pc.and_(pc.equal(columns["status"], "closed_refunded"), pc.is_null(refunded))
    refunded = pc.if_else(closed, paid, refunded)
    over = pc.fill_null(pc.greater(refunded, paid), False)
    if count := total(over.cast(_INT)):
        warnings["REFUND_OVER_PAID"] += count
        refunded = pc.if_else(over, paid, refunded)
    columns["refund_stated_minor"] = refunded


def shape_orders(binding: Binding, rows: CleanRows, warnings: Counter[str]) -> dict[str, Any]:
    """Orders, lines and the control totals of a chunk of an order file."""
    if binding.format.grain == "order":
        return _order_grain(binding, rows, warnings)
    return _line_grain(binding, rows, warnings)


def _order_grain(binding: Binding, rows: CleanRows, warnings: Counter[str]) -> dict[str, Any]:
    result: dict[str, Any] = {}
    refunds = _negative_rows(binding, rows)
    if refunds.any():
        result["refunds"] = _refund_rows(rows.filter(refunds))
        rows = rows.filter(~refunds)
    columns = _header_columns(binding, rows)
    paid, refunded = total(columns["paid_minor"]), total(columns["refund_stated_minor"])
    if binding.format.paid_is_net:
        back = pc.fill_null(columns["refund_stated_minor"], 0)
        columns["paid_minor"] = pc.add(columns["paid_minor"], back)
    _check_amounts(columns, warnings)
    _settle_refunds(columns, warnings)
    columns["header_rank"] = pa.repeat(pa.scalar(HEADER_STATED, pa.int16()), len(rows))
    result["orders"] = as_table(columns, ORDERS, len(rows))
    if "refunds" in result:
        refunded += total(result["refunds"]["amount_minor"])
    return {**result, "paid_minor": paid, "refunded_minor": refunded}


def _check_amounts(columns: dict[str, pa.Array], warnings: Counter[str]) -> None:
    """Counts orders whose paid amount is not list less discount plus shipping, by over a cent."""
    due = pc.subtract(columns["list_minor"], columns["discount_minor"])
    due = pc.add(due, pc.fill_null(columns["shipping_minor"], 0))
    apart = pc.greater(pc.abs(pc.subtract(due, columns["paid_minor"])), 1)
    unpaid = pc.equal(columns["paid_minor"], 0)
    if count := total(
        pc.and_not(pc.fill_null(apart, False), pc.fill_null(unpaid, False)).cast(_INT)
    ):
        warnings["AMOUNT_MISMATCH"] += count


def _negative_rows(binding: Binding, rows: CleanRows) -> np.ndarray:
    """Rows of an order file that state money given back."""
    if not binding.format.negatives:
        return np.zeros(len(rows), bool)
    negative = pc.less(rows.get("paid", _INT), 0)
    negative = pc.or_(
        pc.fill_null(negative, False), pc.fill_null(pc.less(rows.get("quantity", _INT), 0), False)
    )
    return np.asarray(negative)


def _refund_rows(rows: CleanRows) -> pa.Table:
    """Negative rows of an order file as refunds of the order they name."""
    amounts = pc.abs(rows.get("paid", _INT))
    orders = rows.get("order_no", pa.string()).to_pylist()
    times = rows.get("ordered_at", TIME)
    numbers = [
        f"{order}-R{_digest(order, str(amount), str(time))[:12]}"
        for order, amount, time in zip(orders, amounts.to_pylist(), times.to_pylist(), strict=True)
    ]
    columns = {
        "row_no": row_numbers(rows),
        "order_no": pa.array(orders, pa.string()),
        "refund_no": pa.array([number[-64:] for number in numbers], pa.string()),
        "amount_minor": pc.fill_null(amounts, 0),
        "status": pa.repeat("success", len(rows)),
        "reason": pa.repeat("", len(rows)),
        "requested_at": times,
        "finished_at": times,
    }
    return as_table(columns, REFUNDS, len(rows))


# --- files of lines


@dataclass(frozen=True)
class _Groups:
    """Rows of one order together: the order of each row, and its first row."""

    of_row: np.ndarray
    first: np.ndarray

    def first_stated(self, column: pa.Array) -> pa.Array:
        """For each order the first value that is there."""
        if not column.null_count:
            return column.take(self.first)
        stated = np.flatnonzero(np.asarray(pc.is_valid(column)))
        groups, at = np.unique(self.of_row[stated], return_index=True)
        rows = self.first.copy()
        rows[groups] = stated[at]
        return column.take(rows)


def _groups_of(order_nos: pa.Array) -> _Groups:
    codes = np.asarray(order_nos.dictionary_encode().indices)
    _, first = np.unique(codes, return_index=True)
    return _Groups(codes, first)


def _line_grain(binding: Binding, rows: CleanRows, warnings: Counter[str]) -> dict[str, Any]:
    totals = binding.format.totals
    columns = _header_columns(binding, rows)
    groups = _groups_of(columns["order_no"])
    lines, control = _lines(binding, rows, columns)
    if totals == "first_row":
        _only_header_rows(columns, rows)
    orders = {name: groups.first_stated(column) for name, column in columns.items()}
    stated = totals in ("repeated", "first_row")
    if totals == "first_row":
        headed = np.isin(
            np.arange(len(groups.first)), groups.of_row[np.asarray(_header_rows(rows))]
        )
        ranks = np.where(headed, HEADER_STATED, HEADER_DERIVED)
    else:
        ranks = np.full(len(groups.first), HEADER_STATED if stated else HEADER_DERIVED)
    orders["header_rank"] = pa.array(ranks, pa.int16())
    if stated:
        control = (total(orders["paid_minor"]), total(orders["refund_stated_minor"]) or control[1])
        _check_lines(orders, lines, warnings)
    else:
        orders["paid_minor"] = pa.nulls(len(groups.first), _INT)
        orders["refund_stated_minor"] = pa.nulls(len(groups.first), _INT)
        orders["status"] = _joint_states(columns["status"], groups)
    _cancel_by_prefix(binding, orders)
    _settle_refunds(orders, warnings)
    return {
        "orders": as_table(orders, ORDERS, len(groups.first)),
        "lines": lines,
        "paid_minor": control[0],
        "refunded_minor": control[1],
    }


def _check_lines(orders: dict[str, pa.Array], lines: pa.Table, warnings: Counter[str]) -> None:
    """Counts orders whose paid amount their lines do not add up to, by over a cent.

    Lines state what was paid on them, or their list price when the order states its discount.
    Whether discount and shipping are part of the lines differs by platform, so any sum may fit.
    """
    amounts = ("paid_minor", "list_minor")
    once = lines.group_by(["order_no", "line_key"]).aggregate([(name, "max") for name in amounts])
    # Of an order with a line that states no amount the sum is null.
    complete = pc.ScalarAggregateOptions(skip_nulls=False)
    sums = once.group_by("order_no").aggregate(
        [(f"{name}_max", "sum", complete) for name in amounts]
    )
    where = pc.index_in(orders["order_no"], sums["order_no"].combine_chunks())
    line_paid, line_list = (
        sums[f"{name}_max_sum"].combine_chunks().take(where) for name in amounts
    )
    stated_discount, paid = orders["discount_minor"], orders["paid_minor"]
    listed = pc.if_else(pc.is_valid(stated_discount), line_list, pa.scalar(None, _INT))
    rest = pc.subtract(pc.coalesce(line_paid, listed), paid)
    nothing = pa.repeat(pa.scalar(0, _INT), len(paid))
    apart = pc.not_equal(paid, 0)
    for discount in (nothing, pc.fill_null(stated_discount, 0)):
        for shipping in (nothing, pc.fill_null(orders["shipping_minor"], 0)):
            over = pc.abs(pc.add(pc.subtract(rest, discount), shipping))
            apart = pc.and_(apart, pc.greater(over, 1))
    if count := total(pc.fill_null(apart, False).cast(_INT)):
        warnings["AMOUNT_MISMATCH"] += count


def _header_rows(rows: CleanRows) -> pa.Array:
    """Rows that carry the order's totals, the others being its further lines."""
    return pc.or_(pc.is_valid(rows.get("paid", _INT)), pc.not_equal(rows.text("status"), ""))


def _only_header_rows(columns: dict[str, pa.Array], rows: CleanRows) -> None:
    """Empties what further lines of an order leave blank, so that the header row speaks."""
    header = _header_rows(rows)
    for name, column in columns.items():
        if name not in ("row_no", "order_no"):
            columns[name] = pc.if_else(header, column, pa.scalar(None, column.type))


def _joint_states(states: pa.Array, groups: _Groups) -> pa.Array:
    """The status of orders whose lines each have one: that of the line furthest behind."""
    encoded = states.dictionary_encode()
    words = encoded.dictionary.to_pylist()
    ended = len(_LIVE)
    ranks = {"cancelled": ended + 1, "closed_refunded": ended, "": ended + 2}
    ranks |= {word: at for at, word in enumerate(_LIVE)}
    rank = np.array([ranks[word] for word in words], np.int64)[np.asarray(encoded.indices)]
    least = np.full(len(groups.first), ended + 2)
    np.minimum.at(least, groups.of_row, rank)
    most = np.full(len(groups.first), -1)
    live = rank < ended
    np.maximum.at(most, groups.of_row[live], rank[live])
    names = {at: word for word, at in ranks.items()}
    shipped, paid = _LIVE.index("shipped"), _LIVE.index("paid")
    return pa.array(
        [
            "part_shipped" if low == paid and high >= shipped else names[low]
            for low, high in zip(least.tolist(), most.tolist(), strict=True)
        ],
        pa.string(),
    )


def _cancel_by_prefix(binding: Binding, orders: dict[str, pa.Array]) -> None:
    """Orders whose number says that they cancel a sale are no purchases."""
    prefix = binding.format.cancellation_prefix
    if not prefix:
        return
    cancelled = pc.starts_with(orders["order_no"], prefix)
    orders["status"] = pc.if_else(cancelled, "cancelled", orders["status"])
    orders["paid_at"] = pc.if_else(cancelled, pa.scalar(None, TIME), orders["paid_at"])


def _lines(
    binding: Binding, rows: CleanRows, header: dict[str, pa.Array]
) -> tuple[pa.Table, tuple[int, int]]:
    """The lines, and the sums of what the file states as paid and refunded on them."""
    format_ = binding.format
    quantity = rows.get("line_quantity", _INT)
    priced = _priced(rows, quantity, minor_digits(rows.currency()))
    listed = pc.coalesce(rows.get("line_list", _INT), priced)
    paid = rows.get("line_paid", _INT)
    column = format_.columns.get("line_paid")
    if (column and column.product) or (
        column is None and format_.is_mapping and format_.totals == "sum"
    ):
        paid = priced
    refunded = rows.get("line_refunded", _INT)
    if format_.refund_done and rows.has("refund_state"):
        states = rows.text("refund_state")
        done = pc.is_in(pc.utf8_lower(states), pa.array(format_.refund_done))
        refunded = pc.if_else(done, refunded, pa.scalar(None, _INT))
    states = _states(binding, rows, "line_status" if rows.has("line_status") else "status")
    closed = pc.and_(pc.equal(states, "closed_refunded"), pc.is_null(refunded))
    control = total(paid), total(refunded)
    if format_.totals in ("sum", "none"):
        refunded = pc.if_else(closed, paid, refunded)
    given_back = _given_back(binding, header["order_no"], quantity, paid)
    if given_back is not None:
        back = pc.abs(pc.coalesce(paid, listed))
        refunded = pc.if_else(given_back, back, refunded)
        control = total(paid.filter(pc.invert(given_back))), total(refunded)
        paid = pc.if_else(given_back, pa.scalar(0, _INT), paid)
        listed = pc.abs(listed)
    codes = pc.coalesce(rows.get("product_code", pa.string()), rows.get("product_id", pa.string()))
    titles = rows.text("product_title")
    codes = pc.coalesce(codes, pc.utf8_slice_codeunits(titles, 0, 200))
    columns = {
        "row_no": header["row_no"],
        "order_no": header["order_no"],
        "line_key": _line_keys(rows, codes, quantity),
        "product_code": codes,
        "product_title": titles,
        "category": rows.text("category"),
        "variant": rows.text("variant"),
        "quantity": pc.abs(pc.fill_null(quantity, 1)),
        "list_minor": listed,
        "paid_minor": paid,
        "discount_minor": rows.get("line_discount", _INT),
        "refunded_minor": pc.fill_null(refunded, 0),
        "status": states,
    }
    table = as_table(columns, LINES, len(rows))
    # A row that names no product states its order only.
    return table.filter(pc.not_equal(codes, "")), control


def _given_back(
    binding: Binding, order_nos: pa.Array, quantity: pa.Array, paid: pa.Array
) -> pa.Array | None:
    """Rows that take a sale back: negative, or of an order that cancels. None if never."""
    format_ = binding.format
    if not (format_.negatives or format_.cancellation_prefix):
        return None
    back = pc.or_(pc.fill_null(pc.less(quantity, 0), False), pc.fill_null(pc.less(paid, 0), False))
    if format_.cancellation_prefix:
        back = pc.or_(back, pc.starts_with(order_nos, format_.cancellation_prefix))
    return back


def _priced(rows: CleanRows, quantity: pa.Array, digits: int) -> pa.Array:
    """Unit price (in millionths) × quantity in minor units, halves rounded away from zero."""
    price = rows.get("unit_price", _INT)
    if price.null_count == len(price):
        return pa.nulls(len(rows), _INT)
    step = 10 ** (6 - digits)
    found = [
        None if p is None or q is None else _rounded(p * q, step)
        for p, q in zip(price.to_pylist(), quantity.to_pylist(), strict=True)
    ]
    return pa.array(found, _INT)


def _rounded(value: int, step: int) -> int:
    size = (abs(value) + step // 2) // step
    return size if value >= 0 else -size


def _line_keys(rows: CleanRows, codes: pa.Array, quantity: pa.Array) -> pa.Array:
    """The sub-order number, else a digest of what the line says."""
    given = rows.get("line_id", pa.string())
    if not given.null_count:
        return given
    price = rows.get("unit_price", _INT)
    if price.null_count == len(price):
        price = rows.get("line_list", _INT)
    parts = (codes, rows.text("product_title"), rows.text("variant"), price, quantity)
    digests = [
        _digest(*("" if part is None else str(part) for part in line))
        for line in zip(*(part.to_pylist() for part in parts), strict=True)
    ]
    return pc.coalesce(given, pa.array(digests, pa.string()))


def _digest(*parts: str) -> str:
    """32 hexadecimal digits that stand for ``parts``."""
    return hashlib.blake2b("|".join(parts).encode(), digest_size=16).hexdigest()
