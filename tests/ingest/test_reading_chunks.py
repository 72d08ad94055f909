"""Chunks: flat memory, orders kept together, and going on where a reading ended."""

from __future__ import annotations

from collections import Counter

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from huitou.demo.taobao_csv import write_taobao_csv
from huitou.ingest.reading import detect, format_from_mapping, open_source, read_chunks
from huitou.ingest.records import CUSTOMERS, LINES, ORDERS
from tests.ingest.reading_helpers import CONTEXT, GOOD, orders, outcome, read, row, table, write

LINE_MAPPING = {
    "grain": "line",
    "columns": {
        "order_no": "单号",
        "product_title": "品名",
        "line_quantity": "数量",
        "line_paid": "金额",
    },
}


def _lines(path, *order_nos):
    rows = [f"{order_no},商品{at},1,2.00" for at, order_no in enumerate(order_nos)]
    return table(path, *rows, header="单号,品名,数量,金额")


def test_an_order_never_straddles_two_chunks(tmp_path):
    path = _lines(tmp_path / "a.csv", "A", "A", "B", "B", "B", "B", "C", "D")

    chunks = read(path, LINE_MAPPING, chunk_rows=3)

    assert [(chunk.first_row, chunk.rows) for chunk in chunks] == [(1, 6), (7, 2)]
    assert [sorted(set(chunk.lines["order_no"].to_pylist())) for chunk in chunks] == [
        ["A", "B"],
        ["C", "D"],
    ]
    assert [chunk.paid_minor for chunk in chunks] == [1200, 400]


def test_reading_goes_on_after_any_chunk(tmp_path):
    rows = [row(order=f"A{n}") if n % 3 else "short" for n in range(1, 41)]
    path = table(tmp_path / "a.csv", *rows)
    whole = read(path, chunk_rows=7)

    for at in range(1, len(whole)):
        rest = read(path, chunk_rows=7, skip_rows=whole[at].first_row - 1)
        assert outcome(rest) == outcome(whole[at:])


def test_tables_have_the_agreed_columns(tmp_path):
    chunks = read(_lines(tmp_path / "a.csv", "A"), LINE_MAPPING)
    people = read(
        table(tmp_path / "b.csv", "沈知夏,C1", header="姓名,编号"),
        {
            "kind": "customers",
            "columns": {"name": "姓名", "customer_id": "编号"},
            "identifiers": ["customer_id"],
        },
    )

    assert chunks[0].orders.schema == ORDERS
    assert chunks[0].lines.schema == LINES
    assert people[0].customers.schema == CUSTOMERS


def test_equal_lines_have_equal_keys_and_others_differ(tmp_path):
    path = table(
        tmp_path / "a.csv",
        "A,发圈,1,2.00",
        "A,发圈,1,2.00",
        "A,发圈,2,2.00",
        header="单号,品名,数量,金额",
    )

    keys = read(path, LINE_MAPPING)[0].lines["line_key"].to_pylist()

    assert keys[0] == keys[1] != keys[2]
    assert {len(key) for key in keys} == {32}


def test_the_header_is_checked_before_the_first_chunk_is_asked_for(tmp_path):
    source = open_source(table(tmp_path / "a.csv", "1", header="a"))

    with pytest.raises(Exception, match="订单号"):
        read_chunks(
            source, format_from_mapping({"columns": {"order_no": "订单号"}}), context=CONTEXT
        )


def test_parquet_columns_keep_their_types(tmp_path):
    path = tmp_path / "a.parquet"
    pq.write_table(
        pa.table(
            {
                "订单号": pa.array([201809010000000101, 2], pa.int64()),
                "时间": pa.array([1767319200000, None], pa.timestamp("ms", "UTC")),
                "金额": pa.array([19.99, 1e16]),
                "数量": pa.array([1, 2], pa.int16()),
                "姓名": ["沈知夏", None],
                "手机": ["19900000001", ""],
                "邮箱": ["a@example.com", None],
            }
        ),
        path,
    )

    chunks = read(path)

    assert [r.code for r in chunks[0].rejects] == ["BAD_AMOUNT"]
    assert [
        (o["order_no"], o["paid_minor"], o["ordered_at"].isoformat()) for o in orders(chunks)
    ] == [("201809010000000101", 1999, "2026-01-02T02:00:00+00:00")]


def test_damaged_parquet_is_refused(tmp_path):
    with pytest.raises(Exception, match="cannot be read"):
        open_source(write(tmp_path / "a.parquet", b"PAR1 and no more"))


def test_a_refused_row_keeps_its_cells(tmp_path):
    chunks = read(table(tmp_path / "a.csv", GOOD, row(order="A2", amount="x", name='"a,b"')))

    (reject,) = chunks[0].rejects
    assert (reject.row_no, reject.line_no, reject.code) == (2, 3, "BAD_AMOUNT")
    assert (reject.column, reject.value) == ("金额", "x")
    assert reject.original == [
        "A2",
        "2026-01-02 10:00:00",
        "x",
        "1",
        "a,b",
        "19900000001",
        "a@example.com",
    ]


def test_a_damaged_order_list_gives_the_totals_of_its_good_rows(tmp_path):
    path = tmp_path / "ExportOrderList.csv"
    written = write_taobao_csv(path, 3_000, 11, damage=0.05)
    source = open_source(path)

    chunks = list(read_chunks(source, detect(source.header), context=CONTEXT, chunk_rows=700))

    assert sum(chunk.rows for chunk in chunks) == written.rows == 3_000
    assert sum(chunk.orders.num_rows for chunk in chunks) == written.rows - written.damaged
    assert sum(chunk.paid_minor for chunk in chunks) == written.paid_minor
    assert sum(chunk.refunded_minor for chunk in chunks) == written.refunded_minor
    rejects = Counter(reject.code for chunk in chunks for reject in chunk.rejects)
    assert rejects == written.damaged_by_code
    assert len(rejects) >= 8
