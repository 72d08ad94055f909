"""Naming the columns of an unknown file: proposal, preview, memory."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from django.test import Client

from huitou.brands.models import Shop, Staff
from huitou.commerce.models import Order
from huitou.ingest.models import Batch, SavedMapping
from huitou.ingest.services import run_batch
from huitou.ingest.uploads import pending_files
from tests.factories import make_brand, make_staff
from tests.ingest.pages import OWN_CHOICES, OWN_FILE, text_of, upload

HTMX = {"HX-Request": "true", "HX-Target": "mapping-details"}


@pytest.fixture
def signed_in(client: Client, home: Path, staff: Staff) -> Client:
    """An operator reading English."""
    client.force_login(staff)
    client.cookies["django_language"] = "en"
    return client


@pytest.fixture
def address(signed_in: Client, shop: Shop) -> str:
    """The mapping page that an upload of an unknown file leads to."""
    answer = upload(signed_in, shop, ("sales.csv", OWN_FILE.encode()))
    return answer.headers["Location"]


def test_an_unknown_file_waits_for_its_mapping(signed_in: Client, shop: Shop, address: str) -> None:
    (pending,) = pending_files(shop.brand_id)

    assert address == f"/imports/mapping/{pending.token}/"
    assert not Batch.objects.exists()
    assert "sales.csv The headers are not known yet" in text_of(signed_in.get("/imports/").content)


def test_the_page_shows_values_and_a_proposal(signed_in: Client, address: str) -> None:
    page = signed_in.get(address).content.decode()

    assert "茶杯 · 茶壶 · 茶盘" in page
    assert '<option value="product_title" selected>' in page
    assert '<option value="unit_price" selected>' in page
    assert '<option value="line" selected>' in page


def test_what_is_missing_is_named(signed_in: Client, address: str) -> None:
    choices = {**OWN_CHOICES, "column.0": ""}

    page = signed_in.post(f"{address}preview/", choices, headers=HTMX).content

    assert "Give a column to: Order number" in text_of(page)


def test_the_preview_shows_records_and_refusals(signed_in: Client, address: str) -> None:
    page = text_of(signed_in.post(f"{address}preview/", OWN_CHOICES, headers=HTMX).content)

    assert "first 3 rows: 2 accepted" in page
    assert "A1 Finished" in page
    assert "¥39.80" in page
    assert "row 3 单价 12x" in page
    assert Order.objects.count() == 0


def test_a_field_belongs_to_one_column(signed_in: Client, address: str) -> None:
    choices = {**OWN_CHOICES, "column.3": "order_no"}

    page = text_of(signed_in.post(f"{address}preview/", choices, headers=HTMX).content)
    answer = signed_in.post(address, {**choices, "action": "import"})

    assert "One field was given to several columns: order_no: 单据号, 品名" in page
    assert answer.status_code == 422
    assert not Batch.objects.exists()


def test_the_mapping_file_is_downloadable(signed_in: Client, address: str) -> None:
    answer = signed_in.post(f"{address}mapping.yaml", OWN_CHOICES)

    assert yaml.safe_load(answer.content) == {
        "kind": "orders",
        "grain": "line",
        "columns": {
            "order_no": "单据号",
            "ordered_at": "日期",
            "customer_id": "会员卡号",
            "product_title": "品名",
            "line_quantity": "数量",
            "unit_price": "单价",
            "status": "状态",
            "line_paid": "unit price × quantity",
        },
        "status": {"已完成": "finished"},
        "totals": "sum",
    }


def test_a_day_and_a_time_are_one_field(signed_in: Client, shop: Shop) -> None:
    # given
    content = "单号,日期,时间,金额\nA1,2026-01-02,10:30,5.00\n".encode()
    address = upload(signed_in, shop, ("till.csv", content)).headers["Location"]
    fields = ("order_no", "ordered_at", "ordered_at", "paid")
    choices = {"kind": "orders", "grain": "order"}
    choices |= {f"column.{at}": name for at, name in enumerate(fields)}

    # when
    page = signed_in.get(address).content.decode()
    signed_in.post(address, {**choices, "action": "import"})
    run_batch(Batch.objects.get().pk)

    # then
    assert page.count('<option value="ordered_at" selected>') == 2
    assert Order.objects.get().ordered_at.isoformat() == "2026-01-02T02:30:00+00:00"


def test_the_mapping_is_used_and_remembered(signed_in: Client, shop: Shop, address: str) -> None:
    # when
    answer = signed_in.post(address, {**OWN_CHOICES, "action": "import"})
    first = Batch.objects.get()
    run_batch(first.pk)

    # then
    assert answer.headers["Location"] == f"/imports/{first.pk}/"
    order = Order.objects.get()
    assert (order.order_no, order.paid_minor) == ("A1", 13_880)
    assert pending_files(shop.brand_id) == []
    assert "Own mapping" in text_of(signed_in.get(f"/imports/{first.pk}/").content)

    # when the same headers come again, in another order of columns
    rows = [line.split(",") for line in OWN_FILE.strip().splitlines()]
    turned = "\n".join(",".join(reversed(row)) for row in rows).replace("A1", "A9")
    answer = upload(signed_in, shop, ("february.csv", turned.encode()))
    second = Batch.objects.latest("pk")
    run_batch(second.pk)

    # then
    assert answer.headers["Location"] == "/imports/"
    assert set(Order.objects.values_list("order_no", "paid_minor")) == {
        ("A1", 13_880),
        ("A9", 13_880),
    }
    assert SavedMapping.objects.count() == 1


def test_another_brand_finds_no_waiting_file(signed_in: Client, address: str) -> None:
    signed_in.force_login(make_staff(make_brand()))

    assert signed_in.get(address).status_code == 404
    assert signed_in.post(address, {**OWN_CHOICES, "action": "import"}).status_code == 404
    assert signed_in.get("/imports/mapping/..%2f..%2fetc/").status_code == 404


def test_the_page_is_in_chinese(signed_in: Client, address: str) -> None:
    signed_in.cookies["django_language"] = "zh-hans"

    page = text_of(signed_in.get(address).content)

    assert "指定列含义" in page
    assert "请为这些字段指定列：订单编号" in page
