"""``huitou import``, ``quarantine`` and ``formats``: counts, refusals, and JSON alone on stdout."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import pytest

from huitou.brands.models import Shop
from huitou.commerce.models import Order
from huitou.ingest.models import Batch, BatchState, QuarantinedRow
from tests.cli.conftest import Done, Run
from tests.factories import make_shop

KEYS = {
    "batch", "format", "rows", "stored", "updated", "unchanged", "quarantined", "orders", "lines",
    "paid_minor", "refunded_minor",
}  # fmt: skip
MAPPING = """
kind: orders
columns:
  order_no: Number
  ordered_at: Day
  paid: Paid
  buyer_email: Mail
"""


def into(shop: Shop) -> tuple[str, ...]:
    return ("--brand", shop.brand.slug, "--shop", shop.slug)


def adds_up(result: dict[str, Any]) -> bool:
    parts = ("stored", "updated", "unchanged", "quarantined")
    return result["rows"] == sum(result[part] for part in parts)


@pytest.mark.parametrize(
    ("name", "platform", "format_name", "rows", "orders", "lines", "paid_minor"),
    [
        ("taobao_ExportOrderList_2018.csv", "taobao", "taobao_orders", 5, 5, 0, 32000),
        ("taobao_ExportOrderList_2022.csv", "taobao", "taobao_orders", 3, 3, 0, 52010),
        ("taobao_ExportOrderDetailList_2022.csv", "taobao", "taobao_order_lines", 4, 3, 4, 52010),
        ("tmall_qianniu_2026.xlsx", "tmall", "tmall_qianniu_2026", 2, 2, 0, 35900),
        ("jd_orders.csv", "jd", "jd_orders", 4, 3, 4, 70600),
        ("pdd_orders.csv", "pinduoduo", "pinduoduo_orders", 3, 3, 3, 157680),
        ("douyin_orders.csv", "douyin", "douyin_orders", 3, 2, 3, 39780),
        ("youzan_orders.csv", "youzan", "youzan_orders", 2, 2, 0, 21500),
        ("wechat_shop_orders.xlsx", "wechat_shop", "wechat_shop_orders", 2, 2, 2, 38800),
        ("xiaohongshu_orders.xlsx", "xiaohongshu", "xiaohongshu_orders", 2, 2, 2, 37800),
        ("shopify_orders_export.csv", "shopify", "shopify_orders", 3, 2, 3, 8600),
        ("woocommerce_orders.csv", "woocommerce", "woocommerce_orders", 2, 2, 2, 3300),
    ],
)
def test_a_platforms_file_is_imported_to_its_totals(
    run: Run,
    samples: Path,
    name: str,
    platform: str,
    format_name: str,
    rows: int,
    orders: int,
    lines: int,
    paid_minor: int,
) -> None:
    # given
    shop = make_shop(platform=platform)

    # when
    result = run("import", samples / name, *into(shop), "--json").json
    again = run("import", samples / name, *into(shop), "--json").json

    # then
    assert result.keys() == KEYS
    assert result["format"] == format_name
    counts = [result[key] for key in ("rows", "orders", "lines", "paid_minor")]
    assert counts == [rows, orders, lines, paid_minor]
    assert adds_up(result)
    assert (again["rows"], again["unchanged"], again["stored"], again["updated"]) == (
        rows, rows - result["quarantined"], 0, 0,
    )  # fmt: skip
    assert adds_up(again)


def test_a_refund_report_gives_what_was_refunded(run: Run, shop: Shop, samples: Path) -> None:
    # when
    done = run("import", samples / "taobao_refund_report.xlsx", *into(shop), "--json")

    # then
    assert (done.code, done.json["rows"], done.json["refunded_minor"]) == (0, 2, 10_300)
    assert adds_up(done.json)


def test_several_files_are_one_answer(run: Run, shop: Shop, samples: Path) -> None:
    # when
    files = [samples / f"taobao_ExportOrder{kind}List_2022.csv" for kind in ("", "Detail")]
    done = run("import", *files, *into(shop), "--json")

    # then
    results = done.json["imports"]
    assert done.code == 0
    assert [r["format"] for r in results] == ["taobao_orders", "taobao_order_lines"]
    assert all(adds_up(r) for r in results)
    assert Order.objects.filter(shop=shop).count() == 3


def test_a_person_reads_one_sentence(run: Run, samples: Path) -> None:
    # given
    shop = make_shop(platform="jd")

    # when
    done = run("import", samples / "jd_orders.csv", *into(shop))

    # then
    number = Batch.objects.get().pk
    assert done.out == (
        f"#{number} jd_orders: 4 rows = 4 stored + 0 updated + 0 unchanged + 0 quarantined; "
        "3 orders, 4 lines, paid 706.00, refunded 0.00\n"
    )


def test_a_named_format_and_a_mapping_are_obeyed(
    run: Run, shop: Shop, samples: Path, tmp_path: Path
) -> None:
    # given
    own = tmp_path / "own.csv"
    own.write_text("Number,Day,Paid,Mail\nA-1,2026-03-01,12.50,a@example.com\n")
    mapping = tmp_path / "own.yaml"
    mapping.write_text(MAPPING)

    # when
    named = run(
        "import", samples / "taobao_ExportOrderList_2022.csv", *into(shop),
        "--format", "taobao_orders", "--json",
    )  # fmt: skip
    mapped = run("import", own, *into(shop), "--mapping", mapping, "--json")

    # then
    assert (named.code, named.json["paid_minor"]) == (0, 52_010)
    assert (mapped.code, mapped.json["stored"], mapped.json["paid_minor"]) == (0, 1, 1_250)


def refused(done: Done, code: str) -> bool:
    error = done.json["error"]
    return (done.code, error["code"]) == (2, code) and done.err == f"Error: {error['message']}\n"


def test_refused_inputs_end_with_2_and_store_nothing(
    run: Run, shop: Shop, samples: Path, tmp_path: Path
) -> None:
    # given
    unknown = tmp_path / "unknown.csv"
    unknown.write_text("a,b\n1,2\n")
    not_yaml = tmp_path / "not.yaml"
    not_yaml.write_text("a: [")
    good = samples / "taobao_ExportOrderList_2022.csv"
    to = (*into(shop), "--json")

    # when
    refusals = {
        "USAGE": run("import", good, "--json"),
        "NO_SUCH_FILE": run("import", tmp_path / "absent.csv", *to),
        "UNKNOWN_FORMAT": run("import", unknown, *to),
        "BAD_MAPPING": run("import", good, "--mapping", not_yaml, *to),
        "UNKNOWN_SHOP": run(
            "import", good, "--brand", shop.brand.slug, "--shop", "nowhere", "--json"
        ),
        "UNKNOWN_BRAND": run("import", good, "--brand", "nobody", "--shop", "x", "--json"),
        "NO_SUCH_BATCH": run("import", "undo", "999999999", "--json"),
    }

    # then
    assert [code for code, done in refusals.items() if not refused(done, code)] == []
    assert not Batch.objects.exists()
    assert not Order.objects.exists()


def test_no_file_is_imported_when_one_of_several_is_refused(
    run: Run, shop: Shop, samples: Path, tmp_path: Path
) -> None:
    # given
    unknown = tmp_path / "unknown.csv"
    unknown.write_text("a,b\n1,2\n")

    # when
    done = run(
        "import", samples / "taobao_ExportOrderList_2022.csv", unknown, *into(shop), "--json"
    )

    # then
    assert refused(done, "UNKNOWN_FORMAT")
    assert not Order.objects.exists()


def test_an_import_is_taken_back(run: Run, shop: Shop, samples: Path) -> None:
    # given
    given = run("import", samples / "taobao_ExportOrderList_2022.csv", *into(shop), "--json").json

    # when
    undone = run("import", "undo", str(given["batch"]), "--json")
    again = run("import", "undo", str(given["batch"]), "--json")

    # then
    assert undone.json == {"batch": given["batch"], "state": BatchState.UNDONE}
    assert refused(again, "ALREADY_UNDONE")
    assert not Order.objects.exists()


def test_refused_rows_go_out_and_come_back_corrected(run: Run, shop: Shop, tmp_path: Path) -> None:
    # given
    own = tmp_path / "own.csv"
    own.write_text("Number,Day,Paid,Mail\nA-1,2026-03-01,12.50,\nA-2,2026-03-01,much,\n")
    mapping = tmp_path / "own.yaml"
    mapping.write_text(MAPPING)
    batch = run("import", own, *into(shop), "--mapping", mapping, "--json").json
    table = tmp_path / "refused.csv"

    # when
    exported = run("quarantine", "export", str(batch["batch"]), "--out", table, "--json").json
    with table.open(encoding="utf-8-sig", newline="") as handle:
        head, row = csv.reader(handle)
    row[head.index("Paid")] = "7.00"
    with table.open("w", encoding="utf-8-sig", newline="") as handle:
        csv.writer(handle).writerows([head, row])
    retried = run("quarantine", "retry", str(batch["batch"]), table, "--json").json

    # then
    assert (batch["stored"], batch["quarantined"]) == (1, 1)
    assert exported == {"batch": batch["batch"], "rows": 1, "out": str(table)}
    assert (row[0], head[3:]) == ("2", ["Number", "Day", "Paid", "Mail"])
    assert (retried["stored"], retried["paid_minor"]) == (1, 700)
    assert not QuarantinedRow.objects.filter(resolved_by=None).exists()
    assert sorted(Order.objects.values_list("order_no", "paid_minor")) == [
        ("A-1", 1_250),
        ("A-2", 700),
    ]


def test_formats_are_listed_with_their_headers(run: Run) -> None:
    # when
    found = {row["name"]: row for row in run("formats", "--json").json["formats"]}

    # then
    assert {"taobao_orders", "taobao_order_lines", "jd_orders", "shopify_orders"} <= found.keys()
    assert found["taobao_orders"]["platform"] == "taobao"
    assert "订单编号" in found["taobao_orders"]["headers"]
