"""The bad inputs that a file can hold, case by case; the numbers are those of the test names."""

from __future__ import annotations

import gzip
import re
import struct
import tracemalloc
import zipfile
from datetime import UTC, datetime
from pathlib import Path

import pytest
import xlsxwriter

from huitou.ingest.reading import limits, open_source, opening
from huitou.ingest.reading.people import Phone, clean_phone
from huitou.ingest.records import ReadContext
from huitou.kernel.errors import RefusedInputError
from tests.ingest.reading_helpers import (
    GOOD,
    HEADER,
    NOW,
    ORDER_MAPPING,
    codes,
    orders,
    read,
    row,
    table,
    warnings,
    write,
)


def _refusal(path: Path) -> str:
    with pytest.raises(RefusedInputError) as refused:
        open_source(path)
    return refused.value.code


# --- encoding, cases 1-14


def test_case_1_byte_order_mark_is_no_part_of_the_header(tmp_path):
    path = table(tmp_path / "a.csv", GOOD, encoding="utf-8-sig")

    assert open_source(path).header[0] == "订单号"
    assert orders(read(path))[0]["order_no"] == "A1"


def test_case_2_gbk(tmp_path):
    path = table(tmp_path / "a.csv", GOOD, encoding="gbk")

    assert open_source(path).encoding == "gb18030"
    assert orders(read(path))[0]["buyer_name"] == "沈知夏"


def test_case_3_four_byte_gb18030(tmp_path):
    path = table(tmp_path / "a.csv", row(name="𠮷野"), encoding="gb18030")

    assert orders(read(path))[0]["buyer_name"] == "𠮷野"


def test_case_4_one_gbk_name_is_enough(tmp_path):
    path = table(tmp_path / "a.csv", "A1,顾岚,1.00", header="order,name,paid", encoding="gbk")
    mapping = {"columns": {"order_no": "order", "buyer_name": "name", "paid": "paid"}}

    assert orders(read(path, mapping))[0]["buyer_name"] == "顾岚"


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_case_5_utf_16_with_mark(tmp_path, encoding):
    content = ("\ufeff" + HEADER + "\r\n" + GOOD + "\r\n").encode(encoding)
    path = write(tmp_path / "a.csv", content)

    assert orders(read(path))[0]["buyer_name"] == "沈知夏"


def test_case_6_utf_16_without_mark_is_refused(tmp_path):
    path = write(tmp_path / "a.csv", "order,paid\r\nA1,1.00\r\n".encode("utf-16-le"))

    assert _refusal(path) == "UNKNOWN_ENCODING"


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_case_6_utf_16_without_mark_is_read_when_named(tmp_path, encoding):
    path = write(tmp_path / "a.csv", f"{HEADER}\r\n{GOOD}\r\n".encode(encoding))

    chunks = read(open_source(path, encoding=encoding), {**ORDER_MAPPING, "encoding": encoding})

    assert orders(chunks)[0]["buyer_name"] == "沈知夏"


def test_case_7_big5_is_refused(tmp_path):
    lines = (
        "訂單編號,姓名,備註\n1,陳美麗,請儘快發貨謝謝您的服務態度\n2,黃國華,禮物盒裝請勿摺疊壓壞\n"
    )
    path = write(tmp_path / "a.csv", lines, "big5")

    assert _refusal(path) == "UNKNOWN_ENCODING"


@pytest.mark.parametrize(("main", "stray"), [("gb18030", "utf-8"), ("utf-8", "gb18030")])
def test_case_8_lines_of_another_encoding_are_set_aside(tmp_path, main, stray):
    good = [row(order=f"A{n}").encode(main) for n in range(1, 6)]
    content = b"\n".join(
        [HEADER.encode(main), *good, row(order="B1", name="顾岚").encode(stray), b""]
    )
    path = write(tmp_path / "a.csv", content)

    chunks = read(path)

    assert codes(chunks) == ["BAD_ENCODING"]
    assert chunks[0].rejects[0].line_no == 7
    assert len(orders(chunks)) == 5


def test_case_9_file_cut_inside_a_character(tmp_path):
    content = "\n".join((HEADER, GOOD, "A2,2026-01-02 10:00:00,1.00,1,沈")).encode("gbk")[:-1]
    path = write(tmp_path / "a.csv", content)

    chunks = read(path)

    assert codes(chunks) == ["BAD_ENCODING"]
    assert [order["order_no"] for order in orders(chunks)] == ["A1"]


def test_case_9_utf_16_cut_inside_a_character(tmp_path):
    text = "\ufeff" + "\n".join((HEADER, GOOD, row(order="A2"), "A3,,,,沈知夏,,a@example.com"))
    path = write(tmp_path / "a.csv", text.encode("utf-16-le")[:-1])

    chunks = read(path)

    assert [(r.row_no, r.code) for r in chunks[0].rejects] == [(3, "BAD_ENCODING")]
    assert [order["order_no"] for order in orders(chunks)] == ["A1", "A2"]


def test_case_9_half_a_pair_in_utf_16(tmp_path):
    text = "\ufeff" + "\n".join((HEADER, row(name="\ud842"), row(order="A2", name="𠮷野"), ""))
    path = write(tmp_path / "a.csv", text.encode("utf-16-le", "surrogatepass"))

    chunks = read(path)

    assert [(r.row_no, r.code) for r in chunks[0].rejects] == [(1, "BAD_ENCODING")]
    assert [order["buyer_name"] for order in orders(chunks)] == ["𠮷野"]


def test_case_10_byte_0x80(tmp_path):
    content = "\n".join((HEADER, GOOD, "")).encode("gbk") + row(name="X").encode().replace(
        b"X", b"\x80"
    )
    path = write(tmp_path / "a.csv", content + b"\n")

    assert codes(read(path)) == ["BAD_ENCODING"]


def test_case_11_mojibake_is_counted(tmp_path):
    chunks = read(table(tmp_path / "a.csv", row(name="Õ¬ÄÐ")))

    assert warnings(chunks)["MOJIBAKE"] == 1
    assert len(orders(chunks)) == 1


def test_case_12_nul(tmp_path):
    chunks = read(table(tmp_path / "a.csv", GOOD, row(order="A2", name="a\x00b")))

    assert codes(chunks) == ["NUL_CHARACTER"]
    assert "\x00" not in "".join(chunks[0].rejects[0].original)


def test_case_14_utf_7_is_refused(tmp_path):
    assert (
        _refusal(write(tmp_path / "a.csv", "订单号,金额\n1,2\n".encode("utf-7")))
        == "UNKNOWN_ENCODING"
    )


def test_case_14_overlong_utf_8_is_set_aside(tmp_path):
    good = [row(order=f"A{n}").encode() for n in range(1, 4)]
    bad = row(order="B1", name="X").encode().replace(b"X", b"\xc0\xaf")
    path = write(tmp_path / "a.csv", b"\n".join([HEADER.encode(), *good, bad, b""]))

    assert codes(read(path)) == ["BAD_ENCODING"]


# --- shape of text, cases 15-34


def test_case_15_empty_file(tmp_path):
    assert _refusal(write(tmp_path / "a.csv", b"")) == "EMPTY_FILE"
    assert _refusal(write(tmp_path / "b.csv", b"\xef\xbb\xbf\r\n")) == "EMPTY_FILE"
    assert _refusal(write(tmp_path / "c.csv", b"\xff\xfe")) == "EMPTY_FILE"


def test_case_16_header_only(tmp_path):
    chunks = read(table(tmp_path / "a.csv"))

    assert [chunk.rows for chunk in chunks] == [0]
    assert warnings(chunks) == {"HEADER_ONLY": 1}


def test_case_17_duplicate_header_names_both(tmp_path):
    path = table(tmp_path / "a.csv", "A1,1.00,2.00", header="订单号,金额,金额")

    with pytest.raises(RefusedInputError, match=r"column 2.*column 3") as refused:
        read(path, {"columns": {"order_no": "订单号", "paid": "金额"}})
    assert refused.value.code == "DUPLICATE_COLUMN"


def test_case_18_header_variants(tmp_path):
    path = table(tmp_path / "a.csv", "A1,1.00", header="  Order　No ,金额（元）")

    chunks = read(path, {"columns": {"order_no": "order no", "paid": "金额(元)"}})

    assert orders(chunks)[0]["paid_minor"] == 100


def test_case_19_missing_key_column(tmp_path):
    with pytest.raises(RefusedInputError) as refused:
        read(table(tmp_path / "a.csv", "1,2", header="a,b"))
    assert refused.value.code == "MISSING_KEY_COLUMN"


def test_case_20_unknown_columns_are_counted(tmp_path):
    chunks = read(table(tmp_path / "a.csv", GOOD + ",x,y", header=HEADER + ",备用1,备用2"))

    assert warnings(chunks)["UNKNOWN_COLUMN"] == 2


def test_cases_21_22_short_and_long_rows(tmp_path):
    chunks = read(table(tmp_path / "a.csv", "A0,1", GOOD, GOOD + ",x", row(order="A2")))

    assert [(r.row_no, r.line_no, r.code) for r in chunks[0].rejects] == [
        (1, 2, "SHORT_ROW"),
        (3, 4, "LONG_ROW"),
    ]
    assert chunks[0].rejects[0].original == ["A0", "1"]
    assert [(o["row_no"], o["order_no"]) for o in orders(chunks)] == [(2, "A1"), (4, "A2")]
    assert chunks[0].rows == 4


def test_case_23_unclosed_quote_costs_one_row(tmp_path):
    rows = [row(order="A1", name='"沈知夏'), row(order="A2"), row(order="A3", name='"顾岚"')]

    chunks = read(table(tmp_path / "a.csv", *rows))

    assert [(r.line_no, r.code) for r in chunks[0].rejects] == [(2, "UNCLOSED_QUOTE")]
    assert [order["order_no"] for order in orders(chunks)] == ["A2", "A3"]


def test_case_23_text_after_a_closing_quote(tmp_path):
    chunks = read(table(tmp_path / "a.csv", row(name='"沈"知夏'), row(order="A2")))

    assert codes(chunks) == ["BAD_QUOTE"]


def test_case_24_newline_inside_quotes(tmp_path):
    chunks = read(table(tmp_path / "a.csv", row(name='"沈\n知夏"'), row(order="A2", amount="x")))

    assert [order["buyer_name"] for order in orders(chunks)] == ["沈\n知夏"]
    assert [(r.row_no, r.line_no) for r in chunks[0].rejects] == [(2, 4)]


@pytest.mark.parametrize("separator", [";", "\t", "|"])
def test_case_25_separators(tmp_path, separator):
    content = f"{HEADER}\n{GOOD}\n".replace(",", separator)
    path = write(tmp_path / "a.csv", content)

    assert open_source(path).separator == separator
    assert orders(read(path))[0]["paid_minor"] == 1999


def test_case_26_too_many_columns(tmp_path):
    path = write(tmp_path / "a.csv", ",".join(f"c{n}" for n in range(limits.COLUMNS_MAX + 1)))

    assert _refusal(path) == "TOO_MANY_COLUMNS"


@pytest.mark.parametrize("name", ["", "column"])
def test_case_26_a_million_columns_cost_little(tmp_path, name):
    path = write(tmp_path / "a.csv", ",".join([name] * 1_000_000) + "\n")

    tracemalloc.start()
    code = _refusal(path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    assert code in ("TOO_MANY_COLUMNS", "LINE_TOO_LONG")
    assert peak < 64 * 1024 * 1024


def test_case_27_endless_field(tmp_path):
    chunks = read(table(tmp_path / "a.csv", GOOD, row(order="A2", name="长" * 70_000)))

    assert codes(chunks) == ["FIELD_TOO_LONG"]


@pytest.mark.parametrize("separator", [",", ";"])
def test_case_27_a_field_beyond_the_limit_of_the_csv_module(tmp_path, separator):
    rows = (HEADER, row(name="x" * 200_000), row(order="A2"), "")
    path = write(tmp_path / "a.csv", "\n".join(rows).replace(",", separator))

    chunks = read(path)

    assert [(r.row_no, r.code) for r in chunks[0].rejects] == [(1, "FIELD_TOO_LONG")]
    assert [order["order_no"] for order in orders(chunks)] == ["A2"]


def test_case_28_endless_first_line(tmp_path):
    path = write(tmp_path / "a.csv", b"x" * (2 * limits.LINE_BYTES_MAX))

    assert _refusal(path) == "LINE_TOO_LONG"


def test_case_28_endless_later_line_is_one_refused_row(tmp_path):
    path = write(tmp_path / "a.csv", f"{HEADER}\n{GOOD}\n".encode() + b"x" * 20_000_000 + b"\n")

    chunks = read(path)

    assert len(orders(chunks)) == 1
    assert codes(chunks) == ["FIELD_TOO_LONG"]


@pytest.mark.parametrize("content", [b"x", b"x,"])
def test_case_28_a_line_of_100_mb_is_read_in_flat_memory(tmp_path, content):
    path = tmp_path / "a.csv"
    with path.open("wb") as file:
        file.write(f"{HEADER}\n{GOOD}\n".encode())
        for _ in range(100):
            file.write(content * (1_000_000 // len(content)))
        file.write(f"\n{row(order='A2')}\n".encode())
    source = open_source(path)

    tracemalloc.start()
    chunks = read(source)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    assert [(r.row_no, r.line_no, r.code) for r in chunks[0].rejects] == [(2, 3, "FIELD_TOO_LONG")]
    assert [order["order_no"] for order in orders(chunks)] == ["A1", "A2"]
    assert peak < 96 * 1024 * 1024


@pytest.mark.parametrize("ends", ["\r", "\r\n"])
def test_case_29_line_ends(tmp_path, ends):
    path = write(tmp_path / "a.csv", ends.join((HEADER, GOOD, row(order="A2"), "")))

    assert [order["order_no"] for order in orders(read(path))] == ["A1", "A2"]


def test_case_29_mixed_line_ends(tmp_path):
    path = write(
        tmp_path / "a.csv", f"{HEADER}\r\n{GOOD}\n{row(order='A2')}\r{row(order='A3')}\r\n"
    )

    assert [order["order_no"] for order in orders(read(path))] == ["A1", "A2", "A3"]


@pytest.mark.parametrize("word", ["合计", "总计：", "合 计", "Total", "小计"])
def test_case_30_totals_row(tmp_path, word):
    chunks = read(table(tmp_path / "a.csv", GOOD, row(order=word)))

    assert codes(chunks) == ["TOTALS_ROW"]


@pytest.mark.parametrize("line", ["合计", "合计：2 单,,39.98,2,,,", "导出合计,,,,,,"])
def test_case_30_totals_outside_the_key_column(tmp_path, line):
    header = HEADER.replace("订单号,时间", "时间,订单号")
    good = GOOD.replace("A1,2026-01-02 10:00:00", "2026-01-02 10:00:00,A1")

    chunks = read(table(tmp_path / "a.csv", good, line, header=header))

    named = "BAD_DATE" if line.startswith("导出") else "TOTALS_ROW"
    assert [(r.row_no, r.code) for r in chunks[0].rejects] == [(2, named)]
    assert chunks[0].paid_minor == 1999


def test_case_31_title_over_the_header(tmp_path):
    path = write(tmp_path / "a.csv", f"青禾小筑 2026 年订单,,\n{HEADER}\n{GOOD}\n")

    chunks = read(path, {**ORDER_MAPPING, "header_row": 2})

    assert [(o["row_no"], o["order_no"]) for o in orders(chunks)] == [(1, "A1")]


def test_case_31_title_over_a_known_header_is_found(tmp_path):
    samples = Path(__file__).parents[1] / "data" / "samples"
    content = (samples / "pdd_orders.csv").read_text("utf-8-sig")
    source = open_source(write(tmp_path / "a.csv", "拼多多订单导出\n" + content))

    assert source.header_row == 2
    assert source.warnings == {"TITLE_ROWS_SKIPPED": 1}


def test_case_33_repeated_rows_are_all_handed_on(tmp_path):
    chunks = read(table(tmp_path / "a.csv", GOOD, GOOD))

    assert [order["order_no"] for order in orders(chunks)] == ["A1", "A1"]


@pytest.mark.parametrize("lost", [0, 6])
def test_case_34_gzip_whole_or_truncated(tmp_path, lost):
    packed = gzip.compress(b"a,b\n1,2\n")
    path = write(tmp_path / "a.csv.gz", packed[: len(packed) - lost])

    assert _refusal(path) == "COMPRESSED_FILE"


def test_case_34_a_file_that_grows_while_it_is_opened(tmp_path, monkeypatch):
    path = table(tmp_path / "a.csv", GOOD)
    choose = opening.choose_encoding

    def writing(path):
        with path.open("a", encoding="utf-8") as file:
            file.write(row(order="A2"))
        return choose(path)

    monkeypatch.setattr(opening, "choose_encoding", writing)

    assert _refusal(path) == "FILE_CHANGED"


# --- workbooks, cases 35-50


def _workbook(path: Path, *rows: list, **options) -> Path:
    with xlsxwriter.Workbook(str(path), options) as book:
        sheet = book.add_worksheet()
        day = book.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"})
        for at, cells in enumerate([HEADER.split(","), *rows]):
            for column, cell in enumerate(cells):
                if isinstance(cell, datetime):
                    sheet.write_datetime(at, column, cell, day)
                elif isinstance(cell, tuple):
                    getattr(sheet, cell[0])(at, column, *cell[1:])
                else:
                    sheet.write(at, column, cell)
    return path


def _cells(**cells) -> list:
    names = ("order", "time", "amount", "quantity", "name", "phone", "email")
    values = dict(zip(names, GOOD.split(","), strict=True)) | cells
    return [values[name] for name in names]


def _zip(path: Path, parts: dict[str, bytes], compression=zipfile.ZIP_DEFLATED) -> Path:
    with zipfile.ZipFile(path, "w", compression) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return path


def _altered(path: Path, change) -> Path:
    """The workbook at ``path`` with its parts changed by ``change(name, content)``."""
    with zipfile.ZipFile(path) as archive:
        parts = {name: change(name, archive.read(name)) for name in archive.namelist()}
    return _zip(path, parts)


def test_case_35_declared_size(tmp_path):
    path = _zip(tmp_path / "a.xlsx", {"xl/workbook.xml": b"<x/>", "xl/b.bin": b"x" * 100})
    raw = bytearray(path.read_bytes())
    entry = raw.rfind(b"PK\x01\x02")
    struct.pack_into("<I", raw, entry + 24, 4_000_000_000)
    path.write_bytes(raw)

    assert _refusal(path) == "FILE_TOO_LARGE"


def test_case_36_declared_size_lies(tmp_path):
    path = _zip(tmp_path / "a.xlsx", {"xl/workbook.xml": b"<x/>" * 1000})
    raw = bytearray(path.read_bytes())
    struct.pack_into("<I", raw, raw.rfind(b"PK\x01\x02") + 24, 10)
    path.write_bytes(raw)

    assert _refusal(path) == "DAMAGED_FILE"


def test_case_37_packed_too_tightly(tmp_path):
    path = _zip(tmp_path / "a.xlsx", {"xl/workbook.xml": b"<x/>", "xl/s.xml": b" " * 30_000_000})

    assert _refusal(path) == "FILE_TOO_LARGE"


def test_case_38_entities(tmp_path):
    bomb = b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaa">]><x>&a;</x>'
    path = _zip(tmp_path / "a.xlsx", {"xl/workbook.xml": bomb})

    assert _refusal(path) == "UNSAFE_ARCHIVE"


@pytest.mark.parametrize("name", ["../../x", "/etc/x", "C:/x", "xl\\..\\..\\x"])
def test_case_39_paths_out_of_the_archive(tmp_path, name):
    path = _zip(tmp_path / "a.xlsx", {"xl/workbook.xml": b"<x/>", name: b"x"})

    assert _refusal(path) == "UNSAFE_ARCHIVE"


def test_case_40_symlink_nested_and_encrypted(tmp_path):
    link = zipfile.ZipInfo("xl/link")
    link.external_attr = 0o120777 << 16
    with zipfile.ZipFile(tmp_path / "a.xlsx", "w") as archive:
        archive.writestr(link, "/etc/passwd")
    nested = _zip(tmp_path / "b.xlsx", {"xl/workbook.xml": b"<x/>", "xl/more.zip": b"PK"})
    locked = _zip(tmp_path / "c.xlsx", {"xl/workbook.xml": b"<x/>"})
    raw = bytearray(locked.read_bytes())
    raw[raw.rfind(b"PK\x01\x02") + 8] |= 1
    locked.write_bytes(raw)

    assert _refusal(tmp_path / "a.xlsx") == "UNSAFE_ARCHIVE"
    assert _refusal(nested) == "UNSAFE_ARCHIVE"
    assert _refusal(locked) == "ENCRYPTED_FILE"


def test_case_41_renamed_files(tmp_path):
    assert _refusal(write(tmp_path / "a.xls", "a,b\n1,2\n")) == "LOOKS_LIKE_TEXT"
    assert _refusal(write(tmp_path / "b.xlsx", "<html><table></table></html>")) == "LOOKS_LIKE_HTML"
    assert _refusal(write(tmp_path / "c.csv", "<table><tr><td>1")) == "LOOKS_LIKE_HTML"
    workbook = _workbook(tmp_path / "d.xlsx", _cells())
    assert _refusal(workbook.rename(tmp_path / "d.csv")) == "LOOKS_LIKE_WORKBOOK"


def test_case_42_half_a_workbook(tmp_path):
    path = _workbook(tmp_path / "a.xlsx", _cells())
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])

    assert _refusal(path) == "DAMAGED_FILE"


def test_case_43_formula_without_value(tmp_path):
    path = _workbook(
        tmp_path / "a.xlsx", _cells(amount=("write_formula", "=1+1")), _cells(order="A2")
    )
    _altered(path, lambda name, content: content.replace(b"</f><v>0</v>", b"</f>"))

    chunks = read(path)

    assert codes(chunks) == ["FORMULA_WITHOUT_VALUE"]
    assert chunks[0].rejects[0].value == "=1+1"


def test_case_44_error_cells(tmp_path):
    path = _workbook(
        tmp_path / "a.xlsx", _cells(amount=("write_formula", "=NA()", None, "#N/A")), _cells()
    )

    chunks = read(path)

    assert codes(chunks) == ["EXCEL_ERROR"]
    assert chunks[0].rejects[0].value == "#N/A"


def test_cases_43_44_names_with_a_prefix(tmp_path):
    error = _cells(amount=("write_formula", "=NA()", None, "#N/A"))
    formula = _cells(order="A2", amount=("write_formula", "=1+1"))
    path = _workbook(tmp_path / "a.xlsx", error, formula, _cells(order="A3"))

    def prefixed(name, content):
        if name != "xl/worksheets/sheet1.xml":
            return content
        content = re.sub(rb"<(/?)([a-zA-Z])", rb"<\1x:\2", content)
        content = content.replace(b"xmlns=", b"xmlns:x=")
        return content.replace(b"</x:f><x:v>0</x:v>", b"</x:f>")

    _altered(path, prefixed)

    chunks = read(path)

    assert codes(chunks) == ["EXCEL_ERROR", "FORMULA_WITHOUT_VALUE"]
    assert [order["order_no"] for order in orders(chunks)] == ["A3"]


def test_case_44_an_error_without_a_place_refuses_the_file(tmp_path):
    path = _workbook(tmp_path / "a.xlsx", _cells(amount=("write_formula", "=NA()", None, "#N/A")))
    _altered(path, lambda name, content: content.replace(b' r="C2"', b""))

    assert _refusal(path) == "DAMAGED_FILE"


def test_case_44_error_words_in_text(tmp_path):
    assert codes(read(table(tmp_path / "a.csv", row(order="#N/A"), row(amount="#REF!")))) == [
        "EXCEL_ERROR",
        "EXCEL_ERROR",
    ]


def test_case_45_hidden_and_merged(tmp_path):
    with xlsxwriter.Workbook(str(tmp_path / "a.xlsx")) as book:
        sheet = book.add_worksheet()
        for column, name in enumerate(HEADER.split(",")):
            sheet.write(0, column, name)
        for column, cell in enumerate(_cells()):
            sheet.write(1, column, cell)
        sheet.set_row(1, None, None, {"hidden": True})
        sheet.merge_range(3, 0, 3, 1, "")
        book.add_worksheet().hide()

    chunks = read(tmp_path / "a.xlsx")

    assert warnings(chunks) == {"HIDDEN_CELLS": 1, "MERGED_CELLS": 1, "OTHER_SHEETS": 1}
    assert len(orders(chunks)) == 1


def test_case_46_date_system_of_1904(tmp_path):
    path = _workbook(tmp_path / "a.xlsx", _cells(time=datetime(2026, 1, 2, 10)), date_1904=True)

    assert orders(read(path))[0]["ordered_at"].isoformat() == "2026-01-02T02:00:00+00:00"


def test_case_46_serial_60_never_was(tmp_path):
    path = tmp_path / "a.xlsx"
    with xlsxwriter.Workbook(str(path)) as book:
        sheet = book.add_worksheet()
        day = book.add_format({"num_format": "yyyy-mm-dd"})
        for column, (name, cell) in enumerate(zip(HEADER.split(","), _cells(), strict=True)):
            sheet.write(0, column, name)
            sheet.write(1, column, cell)
        sheet.write_number(1, 1, 60, day)

    assert codes(read(path)) == ["BAD_DATE"]


def test_case_47_date_cells_and_text_dates(tmp_path):
    path = _workbook(tmp_path / "a.xlsx", _cells(time=datetime(2026, 1, 2, 10)), _cells())

    assert [o["ordered_at"].isoformat() for o in orders(read(path))] == [
        "2026-01-02T02:00:00+00:00",
        "2026-01-02T02:00:00+00:00",
    ]


def test_case_48_boolean_amount(tmp_path):
    assert codes(read(_workbook(tmp_path / "a.xlsx", _cells(amount=True)))) == ["BOOLEAN_VALUE"]


def test_case_49_macros(tmp_path):
    path = _workbook(tmp_path / "a.xlsx", _cells())
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("xl/vbaProject.bin", b"x")

    assert _refusal(path) == "MACROS"


def test_case_50_full_sheet_may_be_cut(tmp_path, monkeypatch):
    monkeypatch.setattr(limits, "SHEET_ROWS_MAX", 2)

    assert warnings(read(_workbook(tmp_path / "a.xlsx", _cells())))["MAY_BE_CUT"] == 1


# --- numbers and identifiers, cases 51-67


@pytest.mark.parametrize("fast", [True, False])
@pytest.mark.parametrize(
    ("case", "cells", "code"),
    [
        (51, {"order": "2.03E+17"}, "EXCEL_DAMAGED_ID"),
        (54, {"order": "201809010000000101.0"}, "EXCEL_DAMAGED_ID"),
        (55, {"order": "9" * 5000}, "ID_TOO_LONG"),
        (56, {"amount": "1_000"}, "BAD_AMOUNT"),
        (56, {"amount": "١٢٣"}, "BAD_AMOUNT"),
        (56, {"quantity": "1_000"}, "BAD_QUANTITY"),
        (57, {"amount": "NaN"}, "BAD_AMOUNT"),
        (57, {"amount": "Infinity"}, "BAD_AMOUNT"),
        (57, {"amount": "1e400"}, "BAD_AMOUNT"),
        (57, {"quantity": "NaN"}, "BAD_QUANTITY"),
        (59, {"amount": "19.995"}, "TOO_MANY_DECIMALS"),
        (60, {"amount": '"1.234,50"'}, "BAD_AMOUNT"),
        (60, {"amount": '"12,34"'}, "BAD_AMOUNT"),
        (61, {"amount": "(12.00)"}, "BAD_AMOUNT"),
        (61, {"amount": "−5"}, "BAD_AMOUNT"),
        (62, {"amount": "-5.00"}, "NEGATIVE_AMOUNT"),
        (62, {"quantity": "-1"}, "NEGATIVE_QUANTITY"),
        (65, {"amount": "9223372036854775808"}, "NUMBER_OUT_OF_RANGE"),
        (66, {"quantity": "0.5"}, "BAD_QUANTITY"),
        (70, {"time": "2026-02-30 10:00:00"}, "BAD_DATE"),
        (70, {"time": "2026-13-01"}, "BAD_DATE"),
        (71, {"time": "24/01/02"}, "AMBIGUOUS_DATE"),
        (71, {"time": "01/02/2026"}, "AMBIGUOUS_DATE"),
        (78, {"time": "2026-07-02 00:00:00"}, "FUTURE_DATE"),
        (80, {"time": "1767319200"}, "BAD_DATE"),
        (81, {"time": "infinity"}, "BAD_DATE"),
        (81, {"time": "0001-01-01 00:00:00"}, "DATE_OUT_OF_RANGE"),
        (83, {"phone": "1.38E+10"}, "EXCEL_DAMAGED_PHONE"),
        (85, {"phone": "19900000001/19900000002"}, "TWO_PHONES"),
        (90, {"email": "a@localhost"}, "BAD_EMAIL"),
        (90, {"email": "a@[127.0.0.1]"}, "BAD_EMAIL"),
        (91, {"email": '"a@b.com\nBcc: x@y.com"'}, "BAD_EMAIL"),
        (92, {"email": "张三@例子.公司"}, "EMAIL_NOT_SUPPORTED"),
        (96, {"name": "长" * 3500}, "TEXT_TOO_LONG"),
    ],
)
def test_refused_values(tmp_path, case, cells, code, fast):
    chunks = read(table(tmp_path / "a.csv", row(order="A0"), row(**cells)), fast=fast)

    assert codes(chunks) == [code], case
    assert [order["order_no"] for order in orders(chunks)] == ["A0"]
    assert chunks[0].paid_minor == 1999


@pytest.mark.parametrize("fast", [True, False])
@pytest.mark.parametrize(
    ("case", "cells", "field", "value", "warning"),
    [
        (53, {"order": "00012"}, "order_no", "00012", ""),
        (54, {"order": "1234.0"}, "order_no", "1234", "ID_POINT_ZERO"),
        (54, {"order": "'1234"}, "order_no", "1234", "ID_NOISE_STRIPPED"),
        (54, {"order": '="1234"'}, "order_no", "1234", "ID_NOISE_STRIPPED"),
        (54, {"order": "\t1234\t"}, "order_no", "1234", "ID_NOISE_STRIPPED"),
        (56, {"amount": "１２３．５"}, "paid_minor", 12350, ""),
        (56, {"order": "１２３"}, "order_no", "123", "ID_NOISE_STRIPPED"),
        (58, {"amount": "-0"}, "paid_minor", 0, ""),
        (59, {"amount": "19.99"}, "paid_minor", 1999, ""),
        (60, {"amount": '"1,234.50"'}, "paid_minor", 123450, ""),
        (60, {"amount": "¥12"}, "paid_minor", 1200, ""),
        (60, {"amount": "12元"}, "paid_minor", 1200, ""),
        (63, {"amount": "0.00"}, "paid_minor", 0, ""),
        (69, {"time": "0000-00-00 00:00:00"}, "ordered_at", None, "DATE_UNKNOWN"),
        (77, {"time": "1900-01-01"}, "ordered_at", None, "DATE_UNKNOWN"),
        (77, {"time": "1970-01-01 08:00:00"}, "ordered_at", None, "DATE_UNKNOWN"),
        (77, {"time": "9999-12-31 00:00:00"}, "ordered_at", None, "DATE_UNKNOWN"),
        (
            72,
            {"time": "2026-01-02 10:00:00"},
            "ordered_at",
            datetime(2026, 1, 2, 2, tzinfo=UTC),
            "",
        ),
        (
            73,
            {"time": "2026-01-02 10:00:00+02:00"},
            "ordered_at",
            datetime(2026, 1, 2, 8, tzinfo=UTC),
            "",
        ),
        (
            73,
            {"time": "2026-01-02T10:00:00Z"},
            "ordered_at",
            datetime(2026, 1, 2, 10, tzinfo=UTC),
            "",
        ),
        (
            79,
            {"time": "2026-01-01 23:59:60"},
            "ordered_at",
            datetime(2026, 1, 1, 16, tzinfo=UTC),
            "",
        ),
        (
            79,
            {"time": "2026-01-01 24:00:00"},
            "ordered_at",
            datetime(2026, 1, 1, 16, tzinfo=UTC),
            "",
        ),
        (82, {"phone": "138****8000"}, "buyer_phone", "138****8000", ""),
        (82, {"phone": "138****8000"}, "id1_kind", "email", ""),
        (83, {"phone": "13800138001.0"}, "id1_value", "+8613800138001", ""),
        (84, {"phone": "+86 138 0013 8001"}, "id1_value", "+8613800138001", ""),
        (84, {"phone": "0086-13800138001"}, "id1_value", "+8613800138001", ""),
        (84, {"phone": "8613800138001"}, "id1_value", "+8613800138001", ""),
        (84, {"phone": "１３８００１３８００１"}, "id1_value", "+8613800138001", ""),
        (86, {"phone": "400-800-1234"}, "id1_kind", "email", "NOT_A_MOBILE"),
        (86, {"phone": "021-55556666"}, "buyer_phone", "021-55556666", "NOT_A_MOBILE"),
        (87, {"phone": "13800000000"}, "id1_kind", "email", "PLACEHOLDER_PHONE"),
        (87, {"phone": "11111111111"}, "id1_kind", "email", "PLACEHOLDER_PHONE"),
        (88, {"phone": "19912345678-1234"}, "id1_kind", "email", "VIRTUAL_NUMBER"),
        (90, {"email": " A@EXAMPLE.com "}, "buyer_email", "A@example.com", ""),
        (90, {"email": " A@EXAMPLE.com "}, "id2_value", "a@example.com", ""),
        (93, {"name": "<script>alert(1)</script>"}, "buyer_name", "<script>alert(1)</script>", ""),
        (93, {"name": "{{ x }}"}, "buyer_name", "{{ x }}", ""),
        (93, {"name": "'; DROP TABLE member"}, "buyer_name", "; DROP TABLE member", ""),
        (94, {"name": "👩‍👩‍👧知夏"}, "buyer_name", "👩‍👩‍👧知夏", ""),
        (97, {"name": "N/A", "quantity": "无"}, "buyer_name", "", ""),
        (94, {"name": "\u202e夏知\u200b沈"}, "buyer_name", "\u202e夏知\u200b沈", ""),
        (97, {"quantity": "null"}, "quantity", None, ""),
        (97, {"name": "-"}, "buyer_name", "", ""),
        (98, {"name": "沈*夏"}, "buyer_name", "沈*夏", ""),
    ],
)
def test_accepted_values(tmp_path, case, cells, field, value, warning, fast):
    chunks = read(table(tmp_path / "a.csv", row(**cells)), fast=fast)

    assert codes(chunks) == [], case
    assert orders(chunks)[0][field] == value
    assert warnings(chunks) == ({warning: 1} if warning else {})


def test_case_52_long_number_cells(tmp_path):
    path = _workbook(tmp_path / "a.xlsx", _cells(order=123456789012345678), _cells(order=12345))

    chunks = read(path)

    assert codes(chunks) == ["EXCEL_DAMAGED_ID"]
    assert [order["order_no"] for order in orders(chunks)] == ["12345"]


def test_case_64_amounts_that_do_not_add_up_are_counted(tmp_path):
    header = "单号,应付,优惠,实付"
    mapping = {"columns": {"order_no": "单号", "list": "应付", "discount": "优惠", "paid": "实付"}}

    chunks = read(
        table(tmp_path / "a.csv", "1,10.00,1.00,9.01", "2,10.00,1.00,8.00", header=header), mapping
    )

    assert warnings(chunks) == {"AMOUNT_MISMATCH": 1}


@pytest.mark.parametrize(
    ("header", "rows", "mismatches"),
    [
        ("实付", ("1,A,6.00,9.00,10.00", "1,B,3.00,9.00,10.00"), 0),
        ("实付", ("1,A,6.00,9.00,10.00", "1,B,3.01,9.00,10.00"), 0),
        ("实付", ("1,A,6.00,9.00,10.00", "1,A,6.00,9.00,10.00", "1,B,3.00,9.00,10.00"), 0),
        ("实付", ("1,A,6.00,9.00,10.00", "1,B,3.02,9.00,10.00", "2,A,1.00,5.00,9.00"), 2),
        ("应付", ("1,A,6.00,9.00,1.00", "1,B,4.00,9.00,1.00"), 0),
        ("应付", ("1,A,6.00,9.00,1.00", "1,B,5.00,9.00,1.00"), 1),
        ("应付", ("1,A,6.00,9.00,", "1,B,5.00,9.00,"), 0),
    ],
)
def test_case_64_lines_that_do_not_add_up_are_counted(tmp_path, header, rows, mismatches):
    columns = {"order_no": "单号", "product_code": "货号", "paid": "总额"}
    if header == "实付":
        columns["line_paid"] = "金额"
    else:
        columns |= {"line_list": "金额", "discount": "优惠"}
    path = table(tmp_path / "a.csv", *rows, header="单号,货号,金额,总额,优惠")

    chunks = read(path, {"grain": "line", "totals": "repeated", "columns": columns})

    assert warnings(chunks)["AMOUNT_MISMATCH"] == mismatches


def test_case_67_currencies(tmp_path):
    mapping = {"columns": {"order_no": "单号", "paid": "实付", "currency": "币种"}}
    rows = ("1,1.00,USD", "2,1.00,XXY", "3,1.00,EUR", "4,1.00,usd")

    chunks = read(table(tmp_path / "a.csv", *rows, header="单号,实付,币种"), mapping)

    assert codes(chunks) == ["UNKNOWN_CURRENCY", "MIXED_CURRENCY"]
    assert [order["currency"] for order in orders(chunks)] == ["USD", "USD"]


def test_case_69_unknown_date_where_one_is_required(tmp_path):
    mapping = {**ORDER_MAPPING, "required": ["order_no", "ordered_at"]}

    assert codes(read(table(tmp_path / "a.csv", row(time="0000-00-00")), mapping)) == [
        "MISSING_VALUE"
    ]


def test_case_71_a_mapping_settles_short_dates(tmp_path):
    mapping = {**ORDER_MAPPING, "dates": {"formats": ["%y/%m/%d"]}}

    chunks = read(table(tmp_path / "a.csv", row(time="24/01/02")), mapping)

    assert orders(chunks)[0]["ordered_at"].isoformat() == "2024-01-01T16:00:00+00:00"


@pytest.mark.parametrize(
    ("wall", "instant"),
    [
        ("2026-03-08 02:30:00", "2026-03-08T07:30:00+00:00"),  # skipped: the offset before the gap
        ("2025-11-02 01:30:00", "2025-11-02T05:30:00+00:00"),  # repeated: the first of the two
    ],
)
def test_case_74_daylight_saving(tmp_path, wall, instant):
    context = ReadContext("America/New_York", "CNY", NOW)

    chunks = read(table(tmp_path / "a.csv", row(time=wall)), context=context)

    assert orders(chunks)[0]["ordered_at"].isoformat() == instant
    assert warnings(chunks) == {"DST_ADJUSTED": 1}


CUSTOMER_MAPPING = {
    "kind": "customers",
    "columns": {"name": "姓名", "birthday": "生日", "phone": "手机"},
}


@pytest.mark.parametrize(
    ("birthday", "stored", "warning"),
    [
        ("1988-07-01", "1988-07-01", ""),  # 75: daylight saving of 1986-91 moves no date
        ("1988-02-29", "1988-02-29", ""),  # 76
        ("1900-01-01", "None", "DATE_UNKNOWN"),  # 77
        ("2015-01-01", "2015-01-01", "MINOR"),  # 99
    ],
)
def test_cases_75_76_77_99_birthdays(tmp_path, birthday, stored, warning):
    path = table(tmp_path / "a.csv", f"沈知夏,{birthday},19900000001", header="姓名,生日,手机")

    chunks = read(path, CUSTOMER_MAPPING)

    assert [str(c["birthday"]) for c in chunks[0].customers.to_pylist()] == [stored]
    assert warnings(chunks) == ({warning: 1} if warning else {})


@pytest.mark.parametrize(("unit", "text"), [("s", "1767319200"), ("ms", "1767319200000")])
def test_case_80_epochs_by_mapping(tmp_path, unit, text):
    mapping = {**ORDER_MAPPING, "dates": {"epoch": unit}}

    chunks = read(table(tmp_path / "a.csv", row(time=text)), mapping)

    assert orders(chunks)[0]["ordered_at"].isoformat() == "2026-01-02T02:00:00+00:00"


def test_case_80_epoch_in_the_wrong_unit_is_out_of_range(tmp_path):
    mapping = {**ORDER_MAPPING, "dates": {"epoch": "s"}}

    assert codes(read(table(tmp_path / "a.csv", row(time="1767319200000")), mapping)) == [
        "DATE_OUT_OF_RANGE"
    ]


def test_case_77_default_days_of_a_workbook(tmp_path):
    path = tmp_path / "a.xlsx"
    with xlsxwriter.Workbook(str(path)) as book:
        sheet = book.add_worksheet()
        day = book.add_format({"num_format": "yyyy-mm-dd"})
        for column, name in enumerate(HEADER.split(",")):
            sheet.write(0, column, name)
        for at, serial in enumerate((0, 1, 25569), start=1):
            for column, cell in enumerate(_cells(order=f"A{at}")):
                sheet.write(at, column, cell)
            sheet.write_number(at, 1, serial, day)

    chunks = read(path)

    assert [order["ordered_at"] for order in orders(chunks)] == [None, None, None]
    assert warnings(chunks) == {"DATE_UNKNOWN": 3}


def test_case_89_cipher_text_is_not_shown_and_no_key():
    assert clean_phone("$$19Xinvented==$$").value == Phone("", None)
    assert clean_phone("##Tg0invented==##").value == Phone("", None)


def test_case_98_a_masked_address_is_a_hint_only(tmp_path):
    mapping = {"columns": {"order_no": "单号", "address": "地址", "receiver": "收货人"}}
    path = table(tmp_path / "a.csv", "1,浙江省杭州市西湖区****,沈**", header="单号,地址,收货人")

    (order,) = orders(read(path, mapping))

    assert (order["province"], order["city"], order["receiver"]) == ("浙江省", "杭州市", "沈**")
    assert order["id1_value"] is None


@pytest.mark.parametrize(
    ("nick", "key"),
    [
        ("Anna\u200bB", "annab"),  # 94: invisible characters are no part of a key
        ("\u202eanna", "anna"),
        ("Cafe\u0301", "café"),  # 95: one form of composed letters
        ("İstanbul", "i̇stanbul"),
        ("ＡＮＮＡ", "anna"),
    ],
)
def test_cases_94_95_keys(tmp_path, nick, key):
    mapping = {"columns": {"order_no": "单号", "buyer_nick": "昵称"}}

    chunks = read(table(tmp_path / "a.csv", f"1,{nick}", header="单号,昵称"), mapping)

    assert orders(chunks)[0]["id1_value"] == key
