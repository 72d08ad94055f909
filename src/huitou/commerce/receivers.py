"""Who an order was sent to, on the way into sealed columns."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pyarrow as pa

from huitou.vault.columns import hex_column, opened, sealed_column
from huitou.vault.hashing import phone_keys

_TABLE = "commerce_order"
SEALED = ("receiver", "receiver_phone")


def sealed_receivers(orders: pa.Table, *, brand_id: int) -> pa.Table:
    """``orders`` with ``SEALED`` sealed, each distinct value once, and ``receiver_key``.

    Bytes are text as COPY reads them; nothing said is null.
    """
    phones = orders["receiver_phone"].combine_chunks().cast(pa.string()).dictionary_encode()
    distinct = [phone or "" for phone in phones.dictionary.to_pylist()]
    keys = hex_column(phone_keys(distinct, brand_id=brand_id)).take(phones.indices)
    for name in SEALED:
        boxes = sealed_column(orders[name], table=_TABLE, column=name)
        orders = orders.set_column(orders.column_names.index(name), name, boxes)
    return orders.append_column("receiver_key", keys)


def said_again(orders: pa.Table, on_record: Sequence[tuple[Any, ...]]) -> dict[str, list[int]]:
    """The rows of ``orders`` that say what is on record, for each column of ``SEALED``.

    ``on_record`` has the number of the row and the columns of ``SEALED`` as they lie.
    """
    row_nos = orders["row_no"].to_pylist()
    found = {}
    for at, name in enumerate(SEALED, 1):
        said = dict(zip(row_nos, orders[name].to_pylist(), strict=True))
        kept = opened([row[at] for row in on_record], table=_TABLE, column=name)
        found[name] = [
            row[0]
            for row, value in zip(on_record, kept, strict=True)
            if value and said[row[0]] == value
        ]
    return found
