"""Small files and readings for the tests of reading."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from huitou.ingest.reading import Source, format_from_mapping, open_source, read_chunks
from huitou.ingest.records import Chunk, ReadContext

NOW = datetime(2026, 6, 30, 12, 0, tzinfo=UTC)
CONTEXT = ReadContext("Asia/Shanghai", "CNY", NOW)

# A plain order file: every kind of cell once.
ORDER_MAPPING: dict[str, Any] = {
    "columns": {
        "order_no": "订单号",
        "ordered_at": "时间",
        "paid_at": "same as ordered_at",
        "paid": "金额",
        "quantity": "数量",
        "buyer_name": "姓名",
        "buyer_phone": "手机",
        "buyer_email": "邮箱",
    }
}
HEADER = "订单号,时间,金额,数量,姓名,手机,邮箱"
GOOD = "A1,2026-01-02 10:00:00,19.99,1,沈知夏,19900000001,a@example.com"


def row(**cells: str) -> str:
    """A good row with some cells replaced: order, time, amount, quantity, name, phone, email."""
    names = ("order", "time", "amount", "quantity", "name", "phone", "email")
    values = dict(zip(names, GOOD.split(","), strict=True)) | cells
    return ",".join(values[name] for name in names)


def write(path: Path, content: str | bytes, encoding: str = "utf-8") -> Path:
    """``content`` written to ``path``."""
    path.write_bytes(content.encode(encoding) if isinstance(content, str) else content)
    return path


def table(path: Path, *rows: str, header: str = HEADER, encoding: str = "utf-8") -> Path:
    """A CSV file of ``rows`` under ``header``."""
    return write(path, "\n".join((header, *rows)) + "\n", encoding)


def read(
    source: Source | Path,
    mapping: Mapping[str, Any] = ORDER_MAPPING,
    *,
    fast: bool = True,
    **options: Any,
) -> list[Chunk]:
    """All chunks of ``source`` by ``mapping``."""
    if isinstance(source, Path):
        source = open_source(source)
    context = options.pop("context", CONTEXT)
    format_ = format_from_mapping(mapping)
    return list(read_chunks(source, format_, context=context, fast=fast, **options))


def orders(chunks: list[Chunk]) -> list[dict[str, Any]]:
    """The orders of ``chunks``."""
    return [order for chunk in chunks if chunk.orders for order in chunk.orders.to_pylist()]


def codes(chunks: list[Chunk]) -> list[str]:
    """The codes of the refused rows."""
    return [reject.code for chunk in chunks for reject in chunk.rejects]


def warnings(chunks: list[Chunk]) -> Counter[str]:
    """All warnings."""
    found: Counter[str] = Counter()
    for chunk in chunks:
        found.update(chunk.warnings)
    return found


def outcome(chunks: list[Chunk]) -> tuple[list[Any], ...]:
    """Everything that reading gave, for comparison."""
    return (
        [
            getattr(chunk, name).to_pylist()
            for chunk in chunks
            for name in ("orders", "lines", "refunds", "reviews", "customers")
            if getattr(chunk, name) is not None
        ],
        [chunk.rejects for chunk in chunks],
        [(chunk.first_row, chunk.rows, chunk.paid_minor, chunk.refunded_minor) for chunk in chunks],
        [dict(chunk.warnings) for chunk in chunks],
    )
