"""Messages as the Arrow tables that members and commerce record."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import pyarrow as pa

from huitou.api.intake.identifiers import SLOTS, key_value, keys_of
from huitou.api.messages import Buyer, Identifier, Member, Order

_TIME = pa.timestamp("us", tz="UTC")
# Rows are numbered from one; lines and refunds tell their fate under the order's number plus these.
LINE_ROWS = 1_000_000
REFUND_ROWS = 2_000_000
# An order row states the totals itself.
_HEADER_STATED = 2
_TIMES = ("ordered_at", "paid_at", "shipped_at", "finished_at")
_NUMBERS = ("quantity", "list_minor", "discount_minor", "coupon_minor", "shipping_minor")
_TEXTS = ("province", "city", "receiver", "receiver_phone", "device", "remark")


def order_table(orders: Sequence[Order], currency: str) -> pa.Table:
    """``orders`` as commerce records them, without members; ``row_no`` counts from one."""
    columns = {
        "row_no": pa.array(range(1, len(orders) + 1), pa.int64()),
        "order_no": pa.array([o.order_no for o in orders], pa.string()),
        "header_rank": pa.array([_HEADER_STATED] * len(orders), pa.int16()),
        "status": pa.array([o.status for o in orders], pa.string()),
        "currency": pa.array([o.currency or currency for o in orders], pa.string()),
        "paid_minor": pa.array([o.paid_minor for o in orders], pa.int64()),
        "refund_stated_minor": pa.array([0] * len(orders), pa.int64()),
    }
    for name in _TIMES:
        columns[name] = pa.array([getattr(o, name) for o in orders], _TIME)
    for name in _NUMBERS:
        columns[name] = pa.array([getattr(o, name) for o in orders], pa.int64())
    for name in _TEXTS:
        columns[name] = pa.array([getattr(o, name) for o in orders], pa.string())
    return pa.table(columns)


def line_table(orders: Sequence[Order]) -> pa.Table | None:
    """The lines of ``orders``; None without any."""
    lines = [(at, o, line) for at, o in enumerate(orders, 1) for line in o.lines]
    if not lines:
        return None
    return pa.table(
        {
            "row_no": pa.array([LINE_ROWS + at for at, _, _ in lines], pa.int64()),
            "order_no": pa.array([o.order_no for _, o, _ in lines], pa.string()),
            "line_key": pa.array([line.id for *_, line in lines], pa.string()),
            "status": pa.array([o.status for _, o, _ in lines], pa.string()),
            **{
                name: pa.array([getattr(line, name) for *_, line in lines], pa.string())
                for name in ("product_code", "product_title", "category", "variant")
            },
            **{
                name: pa.array([getattr(line, name) for *_, line in lines], pa.int64())
                for name in (
                    "quantity", "list_minor", "paid_minor", "discount_minor", "refunded_minor",
                )
            },
        }
    )  # fmt: skip


def refund_table(orders: Sequence[Order]) -> pa.Table | None:
    """The refunds of ``orders``; None without any."""
    refunds = [(at, o, r) for at, o in enumerate(orders, 1) for r in o.refunds]
    if not refunds:
        return None
    return pa.table(
        {
            "row_no": pa.array([REFUND_ROWS + at for at, _, _ in refunds], pa.int64()),
            "order_no": pa.array([o.order_no for _, o, _ in refunds], pa.string()),
            "refund_no": pa.array([r.id for *_, r in refunds], pa.string()),
            "amount_minor": pa.array([r.amount_minor for *_, r in refunds], pa.int64()),
            "status": pa.array([r.status for *_, r in refunds], pa.string()),
            "reason": pa.array([r.reason for *_, r in refunds], pa.string()),
            "requested_at": pa.array([r.requested_at for *_, r in refunds], _TIME),
            "finished_at": pa.array([r.finished_at for *_, r in refunds], _TIME),
        }
    )


def buyer_table(orders: Sequence[Order]) -> pa.Table:
    """The people who bought, one a row."""
    buyers = [o.buyer or Buyer() for o in orders]
    keys = [
        keys_of(
            [
                *b.identifiers,
                Identifier("phone", b.phone),
                Identifier("email", b.email),
            ]
        )
        for b in buyers
    ]
    return pa.table(
        {
            "name": pa.array(
                [b.name or o.receiver for b, o in zip(buyers, orders, strict=True)], pa.string()
            ),
            "phone": pa.array(
                [b.phone or o.receiver_phone for b, o in zip(buyers, orders, strict=True)],
                pa.string(),
            ),
            "email": pa.array([b.email for b in buyers], pa.string()),
            "province": pa.array([o.province for o in orders], pa.string()),
            "city": pa.array([o.city for o in orders], pa.string()),
            "reached_name": pa.array([o.receiver for o in orders], pa.string()),
            "reached_phone": _whole_phones(o.receiver_phone for o in orders),
            **identifier_columns(keys),
        }
    )


def member_table(members: Sequence[Member]) -> pa.Table:
    """Declared profiles, one a row; the sender's own id is the customer id."""
    keys = [
        keys_of(
            [
                Identifier("customer_id", m.id),
                *m.identifiers,
                Identifier("phone", m.phone),
                Identifier("email", m.email),
            ]
        )
        for m in members
    ]
    texts = ("name", "phone", "email", "gender", "province", "city")
    return pa.table(
        {
            **{name: pa.array([getattr(m, name) for m in members], pa.string()) for name in texts},
            "birthday": pa.array([m.birthday for m in members], pa.date32()),
            "lunar_birthday": pa.array([m.lunar_birthday or None for m in members], pa.string()),
            "reached_name": pa.array([m.name for m in members], pa.string()),
            "reached_phone": _whole_phones(m.phone for m in members),
            **identifier_columns(keys),
        }
    )


def _whole_phones(phones: Iterable[str]) -> pa.Array:
    """``phones`` in E.164; one that is masked or nobody's is null."""
    return pa.array([key_value("phone", phone) if phone else None for phone in phones], pa.string())


def identifier_columns(keys: Sequence[Sequence[tuple[str, str]]]) -> dict[str, pa.Array]:
    """``id1_kind`` … ``id3_value`` of rows with ``keys``; a missing one is null."""
    columns = {}
    for slot in range(SLOTS):
        for part, name in enumerate(("kind", "value")):
            columns[f"id{slot + 1}_{name}"] = pa.array(
                [row[slot][part] if slot < len(row) else None for row in keys], pa.string()
            )
    return columns
