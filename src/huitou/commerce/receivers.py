"""Who an order was sent to, on the way into sealed columns."""

from __future__ import annotations

from collections.abc import Mapping

import pyarrow as pa
import pyarrow.compute as pc

from huitou.vault.columns import hex_column, opened, sealed_column
from huitou.vault.hashing import phone_keys

_TABLE = "commerce_order"
SEALED = ("receiver", "receiver_phone")
_TEXT = pa.string()
# What lies in the columns of ``SEALED``.
Seals = tuple[bytes | memoryview | None, ...]


def sealed_receivers(
    orders: pa.Table, on_record: Mapping[str, Seals], *, brand_id: int
) -> pa.Table:
    """``orders`` with ``SEALED`` sealed, each distinct value once, and ``receiver_key``.

    Equal texts have different seals, so an order that says what is on record (by order number)
    takes the seal on record: then nothing changed. Bytes are text as COPY reads them; nothing said
    is null.
    """
    phones = orders["receiver_phone"].combine_chunks().cast(_TEXT).dictionary_encode()
    distinct = [phone or "" for phone in phones.dictionary.to_pylist()]
    keys = hex_column(phone_keys(distinct, brand_id=brand_id)).take(phones.indices)
    for at, name in enumerate(SEALED):
        said = orders[name].combine_chunks().cast(_TEXT)
        kept = _kept(
            orders["order_no"], said, {n: seals[at] for n, seals in on_record.items()}, name
        )
        news = pc.if_else(pc.is_valid(kept), pa.scalar(None, _TEXT), said)
        boxes = pc.coalesce(kept, sealed_column(news, table=_TABLE, column=name))
        orders = orders.set_column(orders.column_names.index(name), name, boxes)
    return orders.append_column("receiver_key", keys)


def _kept(
    numbers: pa.ChunkedArray,
    said: pa.Array,
    boxes: Mapping[str, bytes | memoryview | None],
    name: str,
) -> pa.Array:
    """The seal on record of each order that says what it holds; null for the others."""
    if not boxes:
        return pa.nulls(len(said), _TEXT)
    clear = dict(zip(boxes, opened(list(boxes.values()), table=_TABLE, column=name), strict=True))
    pairs = zip(numbers.to_pylist(), said.to_pylist(), strict=True)
    return hex_column([boxes[n] if value and clear.get(n) == value else None for n, value in pairs])
