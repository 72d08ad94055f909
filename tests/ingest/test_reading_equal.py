"""Reading in bulk gives exactly what reading value by value gives, whatever stands in the file."""

from __future__ import annotations

import tempfile
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from huitou.ingest.reading import limits
from tests.ingest.reading_helpers import outcome, read, write

MAPPING = {
    "columns": {
        "order_no": "no",
        "ordered_at": "at",
        "paid": "paid",
        "quantity": "pieces",
        "buyer_nick": "nick",
        "buyer_phone": "phone",
        "address": "address",
        "remark": "remark",
    },
    "identifiers": ["buyer_nick", "buyer_phone"],
}
HEADER = "no,at,paid,pieces,nick,phone,address,remark"

NUMBERS = st.one_of(
    st.integers(1, 10**19).map(str),
    st.sampled_from(
        ['="2018090100000001"', '="A1"', "'12", "\t12", "2.03E+17", "12.0", "", "合计", "１２", "-"]
    ),
)
TIMES = st.one_of(
    st.datetimes().map(lambda at: at.strftime("%Y-%m-%d %H:%M:%S").rjust(19, "0")),
    st.tuples(st.integers(1969, 2028), *[st.integers(0, 61)] * 5).map(
        lambda p: "{:04d}-{:02d}-{:02d} {:02d}:{:02d}:{:02d}".format(*p)
    ),
    st.sampled_from(
        [
            "2018-09-01 10:02:11",
            "2020-02-29 00:00:00",
            "1988-07-01 12:00:00",
            "2018-9-1 10:02:11  ",
            "2018/09/01 10:02:11",
            "2018-09-01T10:02:11",
            "",
            "0000-00-00 00:00:00",
            "2018-09-01",
        ]
    ),
)
AMOUNTS = st.one_of(
    st.decimals(-10, 10**13, places=2).map(str),
    st.sampled_from(["", "0.00", "12元", '"1,234.50"', "1e3", "NaN", "012.50", "12.5", "١٢.٥٠"]),
)
TEXTS = st.one_of(
    st.text(st.characters(exclude_characters='",\r\n', exclude_categories=["Cs"]), max_size=12),
    st.sampled_from(
        [
            "知夏",
            "知**",
            "null",
            "NULL",
            "无",
            "'n",
            " a ",
            "Ａ",
            "锟斤拷",
            "#N/A",
            "Õ¬",
            '"a,b"',
            '"a""b"',
        ]
    ),
    st.sampled_from(['"open', 'in"side', '"a"b', '="x"', '="x', '"line\nend"', "a\rb", "a\x00b"]),
)
PHONES = st.one_of(
    st.integers(10**10, 2 * 10**10).map(str),
    st.sampled_from(
        [
            "'19900000001",
            "13800138000",
            "19900000000",
            "199****0001",
            "19900000001-12",
            "",
            "null",
            "8613800138001",
        ]
    ),
)
ADDRESSES = st.one_of(
    st.sampled_from(
        [
            "浙江省 杭州市 西湖区 北山街道 1号",
            "上海 上海市 徐汇区",
            "广东深圳市南山区",
            "",
            "no where",
            "内蒙古自治区  ",
        ]
    ),
    st.text(st.sampled_from("浙江省杭州市 上海a\t"), max_size=30),
)
ROWS = st.tuples(
    NUMBERS,
    TIMES,
    AMOUNTS,
    st.sampled_from(["1", "2.0", "0.5", ""]),
    TEXTS,
    PHONES,
    ADDRESSES,
    TEXTS,
)
LINES = st.one_of(ROWS.map(",".join), st.sampled_from(["", "short,row", '"', ",,,,,,,,,", "," * 7]))


@settings(max_examples=250, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.lists(LINES, max_size=12),
    st.sampled_from(["\n", "\r\n"]),
    st.sampled_from(["utf-8", "gb18030"]),
    st.booleans(),
)
def test_bulk_equals_value_by_value(lines, end, encoding, ends_with_newline):
    content = end.join([HEADER, "1,,,,顾岚知夏,,,", *lines]) + (end if ends_with_newline else "")
    with tempfile.TemporaryDirectory() as folder:
        path = write(Path(folder) / "a.csv", content, encoding)

        assert outcome(read(path, MAPPING)) == outcome(read(path, MAPPING, fast=False))


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(LINES, min_size=4, max_size=40), st.integers(40, 400), st.integers(1, 7))
def test_small_blocks_and_chunks_lose_nothing(lines, block_bytes, chunk_rows):
    content = "\n".join([HEADER, "1,,,,顾岚知夏,,,", *lines]) + "\n"
    usual = limits.BLOCK_BYTES
    with tempfile.TemporaryDirectory() as folder:
        path = write(Path(folder) / "a.csv", content)
        whole = read(path, MAPPING)
        limits.BLOCK_BYTES = block_bytes
        try:
            parts = read(path, MAPPING, chunk_rows=chunk_rows)
        finally:
            limits.BLOCK_BYTES = usual

    assert [o for c in parts for o in c.orders.to_pylist()] == whole[0].orders.to_pylist()
    assert [r for c in parts for r in c.rejects] == whole[0].rejects
    assert [c.first_row for c in parts] == [
        1 + sum(c.rows for c in parts[:at]) for at in range(len(parts))
    ]


def test_damaged_bytes_are_refused_alike(tmp_path):
    good = (f"{HEADER}\n" + "1,,,,顾岚知夏,,,\n" * 3).encode("gb18030")
    bad = "2,,,,顾岚,,,".encode() + b"\n3,,,,\x80,,,\n4,,,,\xff\xff,,,\n5,,1.00,,ok,,,\n"
    path = write(tmp_path / "a.csv", good + bad)

    chunks = read(path, MAPPING)

    assert outcome(chunks) == outcome(read(path, MAPPING, fast=False))
    assert [(r.row_no, r.code) for r in chunks[0].rejects] == [
        (4, "BAD_ENCODING"),
        (5, "BAD_ENCODING"),
        (6, "BAD_ENCODING"),
    ]
