"""Columns of Arrow tables on their way into sealed columns, and what is read back from them."""

from __future__ import annotations

from collections.abc import Sequence

import pyarrow as pa

from huitou.vault.sealing import open_many, seal_many


def sealed_column(values: pa.Array | pa.ChunkedArray, *, table: str, column: str) -> pa.Array:
    """``values`` sealed for ``table.column``, each distinct one once; '' and null are null.

    The result is text as PostgreSQL reads bytes from it (``\\x…``), for COPY and parameters.
    """
    if isinstance(values, pa.ChunkedArray):
        values = values.combine_chunks()
    encoded = values.cast(pa.string()).dictionary_encode()
    distinct = [value or None for value in encoded.dictionary.to_pylist()]
    boxes = seal_many(distinct, table=table, column=column)
    return hex_column(boxes).take(encoded.indices)


def hex_column(boxes: Sequence[bytes | memoryview | None]) -> pa.Array:
    """Bytes as PostgreSQL reads them from text.

    >>> hex_column([b"A\\x00", None]).to_pylist()
    ['\\\\x4100', None]
    """
    return pa.array([None if box is None else "\\x" + box.hex() for box in boxes], pa.string())


def opened(
    boxes: Sequence[bytes | memoryview | str | None], *, table: str, column: str
) -> list[str]:
    """What was sealed, '' for null; ``boxes`` may be the text PostgreSQL writes bytes as.

    A seal that several rows share is opened once. Raises as ``open_many``.
    """
    raw = [_bytes(box) for box in boxes]
    distinct = list(dict.fromkeys(raw))
    values = open_many(distinct, table=table, column=column)
    clear = dict(zip(distinct, values, strict=True))
    return [clear[box] or "" for box in raw]


def _bytes(box: bytes | memoryview | str | None) -> bytes | None:
    if box is None:
        return None
    return bytes.fromhex(box.removeprefix("\\x")) if isinstance(box, str) else bytes(box)
