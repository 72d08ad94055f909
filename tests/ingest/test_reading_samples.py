"""Every platform's sample reads to the totals that its README prints."""

from __future__ import annotations

from pathlib import Path

import pytest

from huitou.ingest.reading import detect, known_formats, open_source, read_chunks
from huitou.ingest.reading.formats import header_key
from huitou.ingest.records import Chunk
from tests.ingest.reading_helpers import CONTEXT, outcome

SAMPLES = Path(__file__).parents[1] / "data" / "samples"
TMALL_REPORT = Path(__file__).parents[3] / "shared/data/tmall_orders/tmall_order_report.csv"


def _read(path: Path, *, fast: bool = True) -> list[Chunk]:
    source = open_source(path)
    format_ = detect(source.header)
    assert format_ is not None
    return list(read_chunks(source, format_, context=CONTEXT, fast=fast))


def _rows(chunks: list[Chunk], name: str) -> list[dict]:
    return [
        record
        for chunk in chunks
        if getattr(chunk, name) is not None
        for record in getattr(chunk, name).to_pylist()
    ]


@pytest.mark.parametrize(
    ("name", "format_name", "rows", "orders", "lines", "paid_minor"),
    [
        ("taobao_ExportOrderList_2018.csv", "taobao_orders", 5, 5, 0, 32000),
        ("taobao_ExportOrderList_2022.csv", "taobao_orders", 3, 3, 0, 52010),
        ("taobao_ExportOrderDetailList_2018.csv", "taobao_order_lines_2018", 6, 5, 6, 0),
        ("taobao_ExportOrderDetailList_2022.csv", "taobao_order_lines", 4, 3, 4, 52010),
        ("tmall_qianniu_2026.xlsx", "tmall_qianniu_2026", 2, 2, 0, 35900),
        ("jd_orders.csv", "jd_orders", 4, 3, 4, 70600),
        ("pdd_orders.csv", "pinduoduo_orders", 3, 3, 3, 157680),
        ("douyin_orders.csv", "douyin_orders", 3, 2, 3, 39780),
        ("youzan_orders.csv", "youzan_orders", 2, 2, 0, 21500),
        ("wechat_shop_orders.xlsx", "wechat_shop_orders", 2, 2, 2, 38800),
        ("xiaohongshu_orders.xlsx", "xiaohongshu_orders", 2, 2, 2, 37800),
        ("shopify_orders_export.csv", "shopify_orders", 3, 2, 3, 8600),
        ("woocommerce_orders.csv", "woocommerce_orders", 2, 2, 2, 3300),
    ],
)
def test_order_files_give_the_printed_totals(name, format_name, rows, orders, lines, paid_minor):
    source = open_source(SAMPLES / name)

    chunks = _read(SAMPLES / name)

    assert detect(source.header).name == format_name
    assert sum(chunk.rows for chunk in chunks) == rows
    assert len(_rows(chunks, "orders")) == orders
    assert len(_rows(chunks, "lines")) == lines
    assert sum(chunk.paid_minor for chunk in chunks) == paid_minor
    assert [chunk.rejects for chunk in chunks] == [[]]


def test_refund_report_gives_the_printed_total():
    chunks = _read(SAMPLES / "taobao_refund_report.xlsx")

    assert sum(chunk.refunded_minor for chunk in chunks) == 10300
    assert [
        (refund["order_no"], refund["refund_no"], refund["amount_minor"], refund["status"])
        for refund in _rows(chunks, "refunds")
    ] == [
        ("201809010000000104", "9000000000000401", 5900, "success"),
        ("2211000000000000203", "9000000000000402", 4400, "open"),
    ]


def test_tmall_order_report_gives_its_sums_and_no_buyer():
    if not TMALL_REPORT.exists():
        pytest.skip("../shared/data/tmall_orders is not on this machine")

    chunks = _read(TMALL_REPORT)

    orders = _rows(chunks, "orders")
    assert len(orders) == 28010
    assert sum(chunk.paid_minor for chunk in chunks) == 190_248_715
    assert sum(chunk.refunded_minor for chunk in chunks) == 57_233_592
    assert sum(order["paid_at"] is None for order in orders) == 3923
    # The report states what is left after refunds; the records state what was paid.
    kept = sum(order["paid_minor"] - (order["refund_stated_minor"] or 0) for order in orders)
    assert kept == 190_248_715
    assert sum(order["province"] == "上海市" for order in orders) == 3353
    assert all(order["id1_value"] is None for order in orders)


@pytest.mark.parametrize("path", sorted(SAMPLES.glob("*.[cx][sl]*")), ids=lambda path: path.name)
def test_bulk_and_single_cleaning_agree_on_samples(path):
    assert outcome(_read(path)) == outcome(_read(path, fast=False))


def test_every_sample_column_is_known_to_its_format():
    unknown = {
        path.name: sum(chunk.warnings["UNKNOWN_COLUMN"] for chunk in _read(path))
        for path in SAMPLES.glob("*.[cx][sl]*")
    }

    assert {name: count for name, count in unknown.items() if count} == {}


def test_taobao_states_are_settled_by_the_payment_time():
    orders = _rows(_read(SAMPLES / "taobao_ExportOrderList_2018.csv"), "orders")

    assert [order["status"] for order in orders] == [
        "finished",
        "created",
        "shipped",
        "closed_refunded",
        "cancelled",
    ]
    assert orders[3]["refund_stated_minor"] == 5900


def test_taobao_buyers_are_known_by_nick_and_account_unless_masked():
    clear = _rows(_read(SAMPLES / "taobao_ExportOrderList_2018.csv"), "orders")
    masked = _rows(_read(SAMPLES / "taobao_ExportOrderList_2022.csv"), "orders")

    assert [(order["id1_kind"], order["id1_value"]) for order in clear][:3] == [
        ("buyer_nick", "知夏小站"),
        ("buyer_nick", "阿岚lan"),
        ("buyer_nick", "雪域的鹰"),
    ]
    assert [order["id2_value"] for order in clear] == [
        "zhixia@example.com",
        "19900000002",
        None,
        "zhixia@example.com",
        None,
    ]
    assert [order["id1_value"] for order in masked] == [None, None, None]


def test_douyin_order_lives_on_while_one_of_its_lines_does():
    chunks = _read(SAMPLES / "douyin_orders.csv")

    assert [order["status"] for order in _rows(chunks, "orders")] == ["finished", "paid"]
    assert [
        (line["status"], line["paid_minor"], line["refunded_minor"])
        for line in _rows(chunks, "lines")
    ] == [("finished", 7900, 0), ("paid", 29900, 0), ("closed_refunded", 1980, 1980)]


def test_shopify_totals_come_from_the_first_row_of_an_order():
    chunks = _read(SAMPLES / "shopify_orders_export.csv")

    orders = _rows(chunks, "orders")
    assert [(o["order_no"], o["paid_minor"], o["status"], o["currency"]) for o in orders] == [
        ("#1201", 5300, "shipped", "EUR"),
        ("#1202", 3300, "closed_refunded", "EUR"),
    ]
    assert orders[0]["paid_at"].isoformat() == "2026-05-01T08:00:00+00:00"
    assert [(o["id1_kind"], o["id1_value"]) for o in orders] == [
        ("email", "mira@example.com"),
        ("phone", "+4700000002"),
    ]
    assert orders[1]["remark"] == "Gift wrap please\nno invoice"
    assert [line["list_minor"] for line in _rows(chunks, "lines")] == [2800, 2500, 2800]


def test_youzan_customers_are_known_by_whole_phones_only():
    chunks = _read(SAMPLES / "youzan_customers.csv")
    customers = _rows(chunks, "customers")

    assert [(c["name"], c["phone"], c["id1_value"]) for c in customers] == [
        ("沈知夏", "19900000001", "+8619900000001"),
        ("沈小姐", "19900000001", "+8619900000001"),
    ]
    assert customers[0]["birthday"].isoformat() == "1992-03-08"
    assert [c["gender"] for c in customers] == ["female", ""]
    # a masked phone and none at all would be a new person at every import
    assert [(r.row_no, r.code, r.column) for r in chunks[0].rejects] == [
        (2, "NO_IDENTIFIER", "客户手机号"),
        (4, "NO_IDENTIFIER", "客户手机号"),
    ]


def test_qianniu_address_cell_is_taken_apart():
    order = _rows(_read(SAMPLES / "tmall_qianniu_2026.xlsx"), "orders")[0]

    assert (order["receiver"], order["receiver_phone"]) == ("沈**", "199****0001-5521")
    assert (order["province"], order["city"]) == ("浙江省", "杭州市")


def test_jd_footnote_and_deleted_state():
    orders = _rows(_read(SAMPLES / "jd_orders.csv"), "orders")

    assert [(o["status"], o["paid_minor"]) for o in orders] == [
        ("finished", 13800),
        ("paid", 49900),
        ("cancelled", 6900),
    ]
    assert orders[1]["city"] == "深圳市"
    assert [o["id1_value"] for o in orders] == ["jd_zhixia_p", "jd_9f3a0b", "jd_77c0d1"]


def test_a_2015_order_list_is_recognised():
    header = (
        "订单编号,买家会员名,买家支付宝账号,买家应付货款,买家应付邮费,买家支付积分,总金额,返点积分,"
        "买家实际支付金额,买家实际支付积分,订单状态,买家留言,收货人姓名,收货地址 ,运送方式,"
        "联系电话 ,联系手机,订单创建时间,订单付款时间 ,宝贝标题 ,宝贝种类 ,物流单号 ,"
        "物流公司,订单备注,宝贝总数量,分销商Id,分销商店铺名称,订单关闭原因,卖家服务费,买家服务费,发票抬头"
    ).split(",")

    assert detect(header).name == "taobao_orders"


def test_a_2024_line_list_is_recognised():
    header = (
        "子订单编号,主订单编号,商品标题,商品价格,购买数量,外部系统编号,商品属性,套餐信息,联系方式备注,"
        "订单状态,商家编码,支付单号,买家应付货款,买家实付金额,退款状态,退款金额,订单创建时间,订单付款时间,"
        "商品ID,发货时间,物流单号,物流公司"
    ).split(",")

    assert detect(header).name == "taobao_order_lines"


def test_detection_ignores_order_and_width_of_characters():
    header = list(reversed(open_source(SAMPLES / "pdd_orders.csv").header))
    wide = [name.replace("(", "（").replace(")", "）") for name in header]

    assert detect(wide).name == "pinduoduo_orders"


def test_no_sample_header_fits_two_formats():
    for path in SAMPLES.glob("*.[cx][sl]*"):
        present = {header_key(name) for name in open_source(path).header}
        fitting = [
            format_.name
            for format_ in known_formats()
            if all(
                any(header_key(name) in present for name in names.split("|"))
                for names in format_.signature
            )
            and not any(header_key(name) in present for name in format_.absent)
        ]
        assert len(fitting) == 1, (path.name, fitting)
