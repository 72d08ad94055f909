"""Parquet files: typed columns read as the text of the same table would."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from huitou.ingest.reading import limits, open_source
from huitou.kernel.errors import RefusedInputError
from tests.ingest.reading_helpers import codes, orders, read, write

MAPPING = {"columns": {"order_no": "no", "paid": "paid", "ordered_at": "at", "buyer_name": "name"}}


def parquet(path: Path, **columns: pa.Array) -> Path:
    """A Parquet file of one order, with some columns replaced."""
    usual = {"no": ["A1"], "paid": ["19.99"], "at": ["2026-01-02 10:00:00"], "name": ["沈知夏"]}
    pq.write_table(pa.table(usual | columns), path)
    return path


@pytest.mark.parametrize(
    ("field", "column", "value"),
    [
        ("order_no", pa.array([201809010000000101], pa.int64()), "201809010000000101"),
        ("order_no", pa.array(["00012"], pa.large_string()), "00012"),  # case 53
        ("order_no", pa.array(["00012"]).dictionary_encode(), "00012"),
        ("order_no", pa.array([b"A9"], pa.binary()), "A9"),
        ("paid_minor", pa.array([19.99]), 1999),  # case 59
        ("paid_minor", pa.array([Decimal("19.99000000")], pa.decimal128(18, 8)), 1999),
        ("paid_minor", pa.array([Decimal(0)], pa.decimal128(18, 8)), 0),
        ("paid_minor", pa.array([float("nan")]), None),
        ("ordered_at", pa.array([date(2026, 1, 2)]), datetime(2026, 1, 1, 16, tzinfo=UTC)),
        (
            "ordered_at",  # nanoseconds, as pandas writes them
            pa.array([1_767_319_200_000_000_001], pa.timestamp("ns", "UTC")),
            datetime(2026, 1, 2, 2, tzinfo=UTC),
        ),
        ("ordered_at", pa.array([None], pa.timestamp("us")), None),
        ("buyer_name", pa.array([None], pa.string()), ""),
    ],
)
def test_types(tmp_path: Path, field: str, column: pa.Array, value: object) -> None:
    name = {"order_no": "no", "paid_minor": "paid", "ordered_at": "at", "buyer_name": "name"}

    chunks = read(parquet(tmp_path / "a.parquet", **{name[field]: column}), MAPPING)

    assert codes(chunks) == []
    assert orders(chunks)[0][field] == value


@pytest.mark.parametrize(
    ("name", "column", "code"),
    [
        ("paid", pa.array([True]), "BOOLEAN_VALUE"),  # case 48
        ("no", pa.array([2.01809010000000101e17]), "EXCEL_DAMAGED_ID"),  # case 52
        ("paid", pa.array([float("inf")]), "BAD_AMOUNT"),  # case 57
        ("paid", pa.array([19.995]), "TOO_MANY_DECIMALS"),
        ("name", pa.array(["a\x00b"]), "NUL_CHARACTER"),  # case 12
    ],
)
def test_refused_values(tmp_path: Path, name: str, column: pa.Array, code: str) -> None:
    assert codes(read(parquet(tmp_path / "a.parquet", **{name: column}), MAPPING)) == [code]


@pytest.mark.parametrize("kind", [pa.string(), pa.large_string()])
def test_text_that_is_not_utf_8_is_set_aside(tmp_path: Path, kind: pa.DataType) -> None:
    # cases 8 to 10: Parquet itself does not look at the bytes of its texts
    raw = pa.array(["顾岚".encode("gbk"), "沈知夏".encode()], pa.binary())
    offsets = pa.array(raw, pa.large_binary()) if kind == pa.large_string() else raw
    names = pa.Array.from_buffers(kind, 2, offsets.buffers())
    path = parquet(
        tmp_path / "a.parquet", name=names, no=["A1", "A2"], paid=["1", "2"], at=["", ""]
    )

    chunks = read(path, MAPPING)

    assert [(r.row_no, r.code) for r in chunks[0].rejects] == [(1, "BAD_ENCODING")]
    assert [order["buyer_name"] for order in orders(chunks)] == ["沈知夏"]


def test_case_26_too_many_columns(tmp_path: Path) -> None:
    columns = {f"c{at}": ["x"] for at in range(limits.COLUMNS_MAX + 1)}

    with pytest.raises(RefusedInputError) as refused:
        open_source(parquet(tmp_path / "a.parquet", **columns))

    assert refused.value.code == "TOO_MANY_COLUMNS"


def test_case_42_half_a_file(tmp_path: Path) -> None:
    path = parquet(tmp_path / "a.parquet")
    path.write_bytes(path.read_bytes()[:200])

    with pytest.raises(RefusedInputError) as refused:
        open_source(path)

    assert refused.value.code == "DAMAGED_FILE"


def test_case_42_a_damaged_page_is_a_refusal_and_no_crash(tmp_path: Path) -> None:
    rows = 50_000
    path = tmp_path / "a.parquet"
    values = {"no": [f"A{n}" for n in range(rows)], "paid": ["1"] * rows, "at": [""] * rows}
    pq.write_table(pa.table(values | {"name": [f"n{n}" for n in range(rows)]}), path)
    content = bytearray(path.read_bytes())
    middle = len(content) // 2
    content[middle : middle + 2000] = b"\xff" * 2000
    write(path, bytes(content))

    with pytest.raises(RefusedInputError) as refused:
        read(path, MAPPING)

    assert refused.value.code == "DAMAGED_FILE"
