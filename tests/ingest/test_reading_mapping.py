"""Mapping files: any table of sales reads through one, and wrong ones say what is wrong."""

from __future__ import annotations

import re
from datetime import datetime
from pathlib import Path

import pytest
import xlsxwriter

from huitou.ingest.reading import detect, format_from_mapping, open_source, propose_mapping
from huitou.ingest.reading.codes import QUARANTINE, REFUSALS, WARNINGS
from huitou.ingest.records import ReadContext
from huitou.kernel.errors import RefusedInputError
from tests.ingest.reading_helpers import NOW, codes, orders, outcome, read, table, warnings, write

HOW_TO = Path(__file__).parents[2] / "docs" / "how-to" / "mapping.md"
SOURCE = Path(__file__).parents[2] / "src" / "huitou" / "ingest" / "reading"

INVOICE_HEADER = "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country"
INVOICE_ROWS = (
    "700001,QH-XF-500,CAMELLIA SHAMPOO,6,12/1/2025 8:26,2.55,17850,United Kingdom",
    "700001,QH-FQ-01,HAIR TIE,2,12/1/2025 8:26,3.39,17850,United Kingdom",
    '700002,QH-HF-500,"CONDITIONER, 500ML",1,12/13/2025 8:28,1.85,17851.0,France',
    "C700003,QH-XF-500,CAMELLIA SHAMPOO,-1,12/14/2025 9:41,2.55,17850,United Kingdom",
    "700004,QH-FQ-01,,5,12/14/2025 11:52,0,,United Kingdom",
    "700005,QH-FQ-01,HAIR TIE,3,12/15/2025 12:00,1.005,17852,France",
    "700005,QH-FQ-01,HAIR TIE,-1,12/15/2025 12:00,1.00,17852,France",
)
CONTEXT = ReadContext("Europe/London", "GBP", NOW)


def _invoices(path):
    return table(path, *INVOICE_ROWS, header=INVOICE_HEADER)


def _worked_example() -> str:
    return re.search(r"```yaml\n(.*?)```", HOW_TO.read_text("utf-8"), re.DOTALL)[1]


def test_the_worked_example_reads_invoice_lines(tmp_path):
    chunks = read(
        open_source(_invoices(tmp_path / "a.csv")),
        format_from_yaml(_worked_example()),
        context=CONTEXT,
    )

    found = orders(chunks)
    assert codes(chunks) == []
    assert [(o["order_no"], o["id1_value"], o["paid_at"] is not None) for o in found] == [
        ("700001", "17850", True),
        ("700002", "17851", True),
        ("C700003", "17850", False),
        ("700004", None, True),
        ("700005", "17852", True),
    ]
    assert found[2]["status"] == "cancelled"
    assert found[0]["paid_at"].isoformat() == "2025-12-01T08:26:00+00:00"
    assert [
        (line["order_no"], line["quantity"], line["paid_minor"], line["refunded_minor"])
        for line in chunks[0].lines.to_pylist()
    ] == [
        ("700001", 6, 1530, 0),
        ("700001", 2, 678, 0),
        ("700002", 1, 185, 0),
        ("C700003", 1, 0, 255),
        ("700004", 5, 0, 0),
        ("700005", 3, 302, 0),
        ("700005", 1, 0, 100),
    ]
    assert (chunks[0].paid_minor, chunks[0].refunded_minor) == (2695, 355)
    assert warnings(chunks) == {"ID_POINT_ZERO": 1}


def format_from_yaml(text: str) -> dict:
    """The mapping as a dictionary, having passed the reader of mapping files."""
    import yaml

    format_from_mapping(text)
    return yaml.safe_load(text)


def test_the_proposal_for_invoice_lines_reads_the_same(tmp_path):
    source = open_source(_invoices(tmp_path / "a.csv"))

    proposal = propose_mapping(source.header, source.sample)

    assert detect(source.header) is None
    assert proposal.missing == []
    assert [(guess.column, guess.field) for guess in proposal.guesses] == [
        ("InvoiceNo", "order_no"),
        ("StockCode", "product_code"),
        ("Description", "product_title"),
        ("Quantity", "line_quantity"),
        ("InvoiceDate", "ordered_at"),
        ("UnitPrice", "unit_price"),
        ("CustomerID", "customer_id"),
        ("Country", "province"),
    ]
    assert proposal.mapping["dates"] == {"day_first": False}
    assert proposal.mapping["cancellation_prefix"] == "C"
    example = read(source, format_from_yaml(_worked_example()), context=CONTEXT)
    assert orders(read(source, proposal.mapping, context=CONTEXT)) == orders(example)


def test_the_proposal_for_a_chinese_till_file(tmp_path):
    path = table(
        tmp_path / "a.csv",
        "S1,2026-01-02 10:00:00,M1,19900000001,168.00,交易成功",
        "S2,2026-01-03 10:00:00,M2,,20.00,待确认收款",
        header="销售单号,销售时间,会员卡号,手机号,实付金额,订单状态",
    )
    source = open_source(path)

    proposal = propose_mapping(source.header, source.sample)

    assert proposal.mapping["grain"] == "order"
    assert proposal.mapping["columns"] == {
        "order_no": "销售单号",
        "ordered_at": "销售时间",
        "customer_id": "会员卡号",
        "buyer_phone": "手机号",
        "paid": "实付金额",
        "status": "订单状态",
    }
    assert proposal.mapping["status"] == {"交易成功": "finished"}
    assert proposal.missing == ["status: 待确认收款"]


def test_the_order_of_day_and_month_is_asked_for_when_open(tmp_path):
    path = table(tmp_path / "a.csv", "1,01/02/2026,5.00", header="order id,date,total")
    source = open_source(path)

    assert propose_mapping(source.header, source.sample).missing == ["dates"]


@pytest.mark.parametrize(
    ("mapping", "message"),
    [
        ("columns: [", "not valid YAML"),
        ("- a", "must be a table"),
        ("columns: {}", "must map fields"),
        ("colums: {}", "unknown key 'colums'"),
        ("columns: {order_nr: a}", "unknown field 'order_nr'"),
        ("columns: {paid: a}", "'order_no' must be mapped"),
        ("columns: {order_no: 3}", "order_no must be a column name"),
        ("columns: {order_no: a, paid: {joined: [b, c]}}", "paid cannot be joined"),
        ("columns: {order_no: a, paid_at: same as ordered_at}", "not mapped"),
        ("columns: {order_no: a}\ngrain: orders", "not one of order, line"),
        ("columns: {order_no: a}\nstatus: {x: done}", "'done' is not one of"),
        ("columns: {order_no: a}\ntime_zone: Mars/Base", "not a time zone"),
        ("columns: {order_no: a}\ncurrency: yuan", "not a code"),
        ("columns: {order_no: a}\nidentifiers: {nick: order_no}", "'nick' is not one of"),
        ("columns: {order_no: a}\nidentifiers: [buyer_id]", "not mapped"),
        ("columns: {order_no: a}\nheader_row: 0", "1 to 30"),
        ("columns: {order_no: a}\ndates: {day_first: 1}", "true or false"),
        ("columns: {order_no: a}\nnumbers: {decimal: x}", "not one of"),
        (
            "kind: customers\ncolumns: {email: a, accepts_email: {constant: yes}}",
            "consent is what each row says",
        ),
    ],
)
def test_wrong_mappings_say_what_is_wrong(mapping, message):
    with pytest.raises(RefusedInputError, match=re.escape(message)) as refused:
        format_from_mapping(mapping)
    assert refused.value.code == "BAD_MAPPING"


def test_a_mapped_column_that_the_file_lacks_is_refused(tmp_path):
    path = table(tmp_path / "a.csv", "1,2", header="no,total")

    with pytest.raises(RefusedInputError, match="no column 'sum'") as refused:
        read(path, {"columns": {"order_no": "no", "paid": "sum"}})
    assert refused.value.code == "BAD_MAPPING"


def test_constants_decimal_comma_zone_and_currency(tmp_path):
    path = table(tmp_path / "a.csv", "7;02.01.2026 10:00;1.234,50", header="Beleg;Datum;Betrag")
    mapping = {
        "columns": {
            "order_no": "Beleg",
            "ordered_at": "Datum",
            "paid": "Betrag",
            "paid_at": "same as ordered_at",
            "status": {"constant": "finished"},
            "device": {"constant": "till"},
        },
        "dates": {"day_first": True},
        "numbers": {"decimal": ","},
        "time_zone": "Europe/Berlin",
        "currency": "EUR",
    }

    (order,) = orders(read(path, mapping))

    assert order["paid_minor"] == 123450
    assert order["paid_at"].isoformat() == "2026-01-02T09:00:00+00:00"
    assert (order["currency"], order["status"], order["device"]) == ("EUR", "finished", "till")


def test_negative_orders_are_refunds_when_mapped(tmp_path):
    path = table(tmp_path / "a.csv", "1,9.00", "1,-4.00", header="no,total")
    mapping = {"columns": {"order_no": "no", "paid": "total"}, "negatives": "refunds"}

    (chunk,) = read(path, mapping)

    assert [o["paid_minor"] for o in chunk.orders.to_pylist()] == [900]
    assert [(r["order_no"], r["amount_minor"], r["status"]) for r in chunk.refunds.to_pylist()] == [
        ("1", 400, "success")
    ]
    assert (chunk.paid_minor, chunk.refunded_minor) == (900, 400)


def test_an_unknown_state_is_set_aside(tmp_path):
    path = table(tmp_path / "a.csv", "1,done", "2,odd", header="no,state")
    mapping = {"columns": {"order_no": "no", "status": "state"}, "status": {"done": "finished"}}

    assert codes(read(path, mapping)) == ["UNKNOWN_STATUS"]


def test_every_code_is_explained():
    used = set()
    for file in SOURCE.glob("*.py"):
        if file.name != "codes.py":
            used |= set(re.findall(r'"([A-Z]+(?:_[A-Z]+)+)"', file.read_text("utf-8")))
    explained = set(QUARANTINE) | set(WARNINGS) | set(REFUSALS)

    assert used - explained - {"TRADE_CLOSED_BY_TAOBAO"} == set()
    assert {code for code, text in QUARANTINE.items() if not (text.zh and text.en)} == set()


@pytest.mark.parametrize("fast", [True, False])
def test_an_encoding_named_by_the_mapping(tmp_path, fast):
    content = "no;total;name\n1;5.00;Café £5\n2;6.00;Ægir\n".encode("windows-1252")
    path = write(tmp_path / "a.csv", content)
    mapping = {
        "columns": {"order_no": "no", "paid": "total", "buyer_name": "name"},
        "encoding": "windows-1252",
    }

    with pytest.raises(RefusedInputError) as refused:
        open_source(path)
    source = open_source(path, encoding="windows-1252")

    assert refused.value.code == "UNKNOWN_ENCODING"
    assert [o["buyer_name"] for o in orders(read(source, mapping, fast=fast))] == [
        "Café £5",
        "Ægir",
    ]


def test_a_file_without_states_or_payments_lists_sales(tmp_path):
    path = table(tmp_path / "a.csv", "1,2026-01-02 10:00:00,5.00", header="no,at,total")
    mapping = {"columns": {"order_no": "no", "ordered_at": "at", "paid": "total"}}

    (order,) = orders(read(path, mapping))

    assert order["paid_at"] == order["ordered_at"]


def test_a_day_and_a_time_and_a_number_in_several_columns(tmp_path):
    rows = (
        "S1,0012,2026-01-02,9:05,5.00",
        "S2,0012,2026-01-02,23:59:59,6.00",
        "S1,,2026-01-02,10:00,1.00",
        "S1,2.03E+17,2026-01-02,10:00,1.00",
        "S1,0013,2026-01-02,,1.00",
        f"{'S' * 40},{'9' * 40},2026-01-02,,1.00",
        "S1,0014,2026-01-02,25:00,1.00",
        "合计,,,,14.00",
    )
    path = table(tmp_path / "a.csv", *rows, header="store,receipt,day,hour,total")
    mapping = {
        "columns": {
            "order_no": {"joined": ["store", "receipt"]},
            "ordered_at": {"joined": ["day", "hour"]},
            "paid": "total",
        }
    }

    chunks = read(path, mapping)

    assert [(r.row_no, r.code) for r in chunks[0].rejects] == [
        (3, "MISSING_VALUE"),
        (4, "EXCEL_DAMAGED_ID"),
        (6, "ID_TOO_LONG"),
        (7, "BAD_DATE"),
        (8, "TOTALS_ROW"),
    ]
    assert [(o["order_no"], o["ordered_at"].isoformat()) for o in orders(chunks)] == [
        ("S1-0012", "2026-01-02T01:05:00+00:00"),
        ("S2-0012", "2026-01-02T15:59:59+00:00"),
        ("S1-0013", "2026-01-01T16:00:00+00:00"),
    ]
    assert outcome(chunks) == outcome(read(path, mapping, fast=False))


def test_a_day_and_a_time_in_cells_of_a_workbook(tmp_path):
    path = tmp_path / "a.xlsx"
    with xlsxwriter.Workbook(str(path)) as book:
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, ["no", "day", "hour", "total"])
        for at, formula in enumerate(("", "#N/A"), start=1):
            sheet.write_row(at, 0, [f"A{at}", "", "", 5])
            sheet.write_datetime(
                at, 1, datetime(2026, 1, 2), book.add_format({"num_format": "yyyy-mm-dd"})
            )
            sheet.write_number(at, 2, 0.5, book.add_format({"num_format": "hh:mm"}))
            if formula:
                sheet.write_formula(at, 2, "=NA()", None, formula)
    mapping = {
        "columns": {"order_no": "no", "ordered_at": {"joined": ["day", "hour"]}, "paid": "total"}
    }

    chunks = read(path, mapping)

    assert codes(chunks) == ["EXCEL_ERROR"]
    assert [o["ordered_at"].isoformat() for o in orders(chunks)] == ["2026-01-02T04:00:00+00:00"]


def test_a_part_that_the_file_lacks_is_refused(tmp_path):
    path = table(tmp_path / "a.csv", "S1,12", header="store,receipt")

    with pytest.raises(RefusedInputError, match="no column 'till'") as refused:
        read(path, {"columns": {"order_no": {"joined": ["store", "till"]}}})
    assert refused.value.code == "BAD_MAPPING"


def test_the_time_beside_the_day_is_proposed(tmp_path):
    path = table(
        tmp_path / "a.csv",
        "1,2026-01-02,9:05,5.00",
        "2,2026-01-03,13:40,6.00",
        header="Transaction ID,Date,Time,Total",
    )
    source = open_source(path)

    proposal = propose_mapping(source.header, source.sample)

    assert proposal.mapping["columns"]["ordered_at"] == {"joined": ["Date", "Time"]}
    assert [guess.field for guess in proposal.guesses] == [
        "order_no",
        "ordered_at",
        "ordered_at",
        "paid",
    ]
    assert [o["ordered_at"].isoformat() for o in orders(read(source, proposal.mapping))] == [
        "2026-01-02T01:05:00+00:00",
        "2026-01-03T05:40:00+00:00",
    ]


@pytest.mark.parametrize("fast", [True, False])
def test_consent_is_read_from_any_column_mapped_to_it(tmp_path, fast):
    path = table(
        tmp_path / "a.csv", "a@x.cc,是,1", "b@x.cc,否,", "c@x.cc,,?", header="邮箱,订阅,短信"
    )
    mapping = {
        "kind": "customers",
        "columns": {"email": "邮箱", "accepts_email": "订阅", "accepts_sms": "短信"},
    }

    (chunk,) = read(path, mapping, fast=fast)

    assert chunk.headings == {"accepts_email": "订阅", "accepts_sms": "短信"}
    assert chunk.customers["accepts_email"].to_pylist() == [True, False, None]
    assert chunk.customers["accepts_sms"].to_pylist() == [True, None, None]
    assert chunk.warnings == {"CONSENT_NOT_UNDERSTOOD": 1}
