"""What of an order the lake is told beside its amounts: coarse, and without a word of the note."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from django.db import transaction

from huitou.brands.models import Brand
from huitou.commerce.models import Order
from huitou.eventlog.services import append
from huitou.lake import engine, projection, store
from tests.factories import make_shop

MONTH = 2024 * 12 + 5
NOON_IN_SHANGHAI = datetime(2024, 6, 1, 4, tzinfo=UTC)


def projected(brand: Brand, orders: list[dict[str, Any]]) -> list[tuple[Any, ...]]:
    """The columns of interest of ``orders`` after projection, in order."""
    shop = make_shop(brand)
    with transaction.atomic():
        Order.objects.bulk_create(
            Order(
                brand=brand, shop=shop, order_no=str(n), currency="CNY", status="finished",
                biz_date="2024-06-01", month=MONTH, **{"paid_at": NOON_IN_SHANGHAI} | said,
            )
            for n, said in enumerate(orders)
        )  # fmt: skip
        append(
            brand_id=brand.pk, kind="commerce.orders_recorded", subject_ids=[1],
            occurred_at=NOON_IN_SHANGHAI, origin="backfill", payload={"months": [MONTH]},
        )  # fmt: skip
    with projection.writer_lock(brand.pk):
        projection.project(brand.pk)
    with engine.session(store.absolute(brand.pk, store.files_of(brand.pk))) as lake:
        return lake.execute(
            "SELECT receiver, device, local_hour, gift_note FROM order_fact ORDER BY order_id"
        ).fetchall()


@pytest.mark.django_db(transaction=True)
def test_the_note_only_says_whether_it_speaks_of_a_present(brand: Brand, home: Path) -> None:
    notes = ("", "请尽快发货", "送人的，麻烦附贺卡", "It is a GIFT", "祝老板生意兴隆")
    found = projected(brand, [{"remark": note} for note in notes])
    assert [row[3] for row in found] == [False, False, True, True, False]


@pytest.mark.django_db(transaction=True)
def test_devices_are_classed(brand: Brand, home: Path) -> None:
    devices = ("", "APP", "无线端", "iPhone", "PC", "电脑", "pos", "门店", "web")
    found = projected(brand, [{"device": device} for device in devices])
    assert [row[1] for row in found] == [
        "", "phone", "phone", "phone", "computer", "computer", "store", "store", "",
    ]  # fmt: skip


@pytest.mark.django_db(transaction=True)
def test_the_hour_is_the_brands_and_unknown_at_midnight_sharp(brand: Brand, home: Path) -> None:
    moments = (
        {},
        {"paid_at": datetime(2024, 5, 31, 16, 0, 1, tzinfo=UTC)},
        {"paid_at": datetime(2024, 5, 31, 16, tzinfo=UTC)},
        {"paid_at": None, "ordered_at": datetime(2024, 6, 1, 15, 59, tzinfo=UTC)},
    )
    assert [row[2] for row in projected(brand, list(moments))] == [12, 0, None, 23]


@pytest.mark.django_db(transaction=True)
def test_equal_receivers_are_one_number_that_is_not_their_key(brand: Brand, home: Path) -> None:
    keys = (b"\x01" * 8, b"\x02" * 8, b"\x01" * 8, None)
    first, second, third, nobody = (
        row[0] for row in projected(brand, [{"receiver_key": key} for key in keys])
    )
    assert first == third != second
    assert nobody is None
    assert first != int.from_bytes(keys[0], "big")
