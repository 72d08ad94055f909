"""What reading a file yields: tables with fixed columns, refused rows, and counts.

The tables are the border between reading and recording. Money is int64 minor units, times are
microseconds in UTC, and text is already clean; a null means that the file is silent.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

import pyarrow as pa

_TIME = pa.timestamp("us", tz="UTC")

# At most three strong identifiers of the buyer, best first; never masked or virtual values.
_IDENTIFIERS = [
    (f"id{rank}_{part}", pa.string()) for rank in (1, 2, 3) for part in ("kind", "value")
]

# Where an order's header comes from.
HEADER_STATED = 2  # an order row states the totals
HEADER_DERIVED = 1  # put together from line rows
HEADER_REFERENCED = 0  # only mentioned, by a refund or a review

ORDERS = pa.schema(
    [
        ("row_no", pa.int64()),
        ("order_no", pa.string()),
        ("header_rank", pa.int16()),
        ("status", pa.string()),
        ("currency", pa.string()),
        ("ordered_at", _TIME),
        ("paid_at", _TIME),
        ("shipped_at", _TIME),
        ("finished_at", _TIME),
        ("quantity", pa.int64()),
        ("list_minor", pa.int64()),
        ("discount_minor", pa.int64()),
        ("coupon_minor", pa.int64()),
        ("shipping_minor", pa.int64()),
        ("paid_minor", pa.int64()),
        ("refund_stated_minor", pa.int64()),
        ("province", pa.string()),
        ("city", pa.string()),
        ("receiver", pa.string()),
        ("receiver_phone", pa.string()),
        ("reached_phone", pa.string()),  # the receiver's in E.164, when it is whole
        ("device", pa.string()),
        ("remark", pa.string()),
        ("buyer_name", pa.string()),
        ("buyer_phone", pa.string()),
        ("buyer_email", pa.string()),
        *_IDENTIFIERS,
    ]
)

LINES = pa.schema(
    [
        ("row_no", pa.int64()),
        ("order_no", pa.string()),
        ("line_key", pa.string()),
        ("product_code", pa.string()),
        ("product_title", pa.string()),
        ("category", pa.string()),
        ("variant", pa.string()),
        ("quantity", pa.int64()),
        ("list_minor", pa.int64()),
        ("paid_minor", pa.int64()),
        ("discount_minor", pa.int64()),
        ("refunded_minor", pa.int64()),
        ("status", pa.string()),
    ]
)

REFUNDS = pa.schema(
    [
        ("row_no", pa.int64()),
        ("order_no", pa.string()),
        ("refund_no", pa.string()),
        ("amount_minor", pa.int64()),
        ("status", pa.string()),
        ("reason", pa.string()),
        ("requested_at", _TIME),
        ("finished_at", _TIME),
        ("paid_minor", pa.int64()),
    ]
)

REVIEWS = pa.schema(
    [
        ("row_no", pa.int64()),
        ("review_no", pa.string()),
        ("order_no", pa.string()),
        ("nick", pa.string()),
        ("variant", pa.string()),
        ("rating", pa.int64()),
        ("content", pa.string()),
        ("followup", pa.string()),
        ("reply", pa.string()),
        ("reviewed_at", _TIME),
        ("id1_kind", pa.string()),
        ("id1_value", pa.string()),
    ]
)

CUSTOMERS = pa.schema(
    [
        ("row_no", pa.int64()),
        ("name", pa.string()),
        ("phone", pa.string()),
        ("email", pa.string()),
        ("gender", pa.string()),
        ("birthday", pa.date32()),
        ("lunar_birthday", pa.string()),  # ``str`` of ``kernel.lunar.LunarDay``
        ("province", pa.string()),
        ("city", pa.string()),
        ("joined_at", _TIME),
        ("accepts_email", pa.bool_()),  # marketing by e-mail and SMS; null: the file is silent
        ("accepts_sms", pa.bool_()),
        *_IDENTIFIERS,
    ]
)


@dataclass(frozen=True)
class ReadContext:
    """What a file does not say itself: the shop's zone and currency, and the present."""

    time_zone: str
    currency: str
    now: datetime


@dataclass(frozen=True)
class Reject:
    """A row that was not accepted, with the rule it broke and the cells as read.

    ``row_no`` 1 is the first row under the header; ``line_no`` is the physical line of the file
    (or the sheet) where the row starts. ``code`` is explained in ``reading.codes``.
    """

    row_no: int
    line_no: int
    code: str
    column: str
    value: str
    original: list[str]


@dataclass(frozen=True)
class Chunk:
    """A run of input rows, read and cleaned.

    ``rows`` input rows starting at ``first_row`` were consumed, accepted or not. Rows of one order
    that follow each other never straddle two chunks. ``paid_minor`` and ``refunded_minor`` are
    control totals: the file's own paid and refund columns summed over the accepted rows' orders.
    ``headings`` names the column that each consent field of ``customers`` was read from.
    """

    first_row: int
    rows: int
    orders: pa.Table | None = None
    lines: pa.Table | None = None
    refunds: pa.Table | None = None
    reviews: pa.Table | None = None
    customers: pa.Table | None = None
    headings: Mapping[str, str] = field(default_factory=dict)
    rejects: list[Reject] = field(default_factory=list)
    warnings: Counter[str] = field(default_factory=Counter)
    paid_minor: int = 0
    refunded_minor: int = 0
