"""An operator's first day: from the shops' own files to members worth calling back."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client

from huitou.brands.models import Brand, Staff
from huitou.ingest.models import Batch
from huitou.ingest.services import run_batch, undo_batch
from huitou.insight import queries
from huitou.insight.services import refresh
from huitou.insight.types import Scope
from tests.factories import make_brand, make_shop, make_staff

AS_OF = date(2026, 6, 30)
FILES = {
    "taobao": ["tmall_qianniu_2026.xlsx", "taobao_ExportOrderList_2022.csv"],
    "jd": ["jd_orders.csv"],
    "pinduoduo": ["pdd_orders.csv"],
    "douyin": ["douyin_orders.csv"],
    "youzan": ["youzan_orders.csv", "youzan_customers.csv"],
    "wechat": ["wechat_shop_orders.xlsx"],
    "xiaohongshu": ["xiaohongshu_orders.xlsx"],
    "shopify": ["shopify_orders_export.csv"],
}
PERIOD = "/?start=2026-06-01&end=2026-06-30"


@pytest.fixture
def brand(transactional_db: None, home: Path) -> Brand:
    """青禾小筑 with a shop on each platform of the samples."""
    brand = make_brand(name="青禾小筑", pinned_as_of=AS_OF)
    for platform in FILES:
        make_shop(brand, slug=platform, platform=platform)
    return brand


@pytest.fixture
def operator(client: Client, brand: Brand) -> Client:
    """Its operator, signed in."""
    staff: Staff = make_staff(brand)
    client.force_login(staff)
    return client


def _upload_all(operator: Client, brand: Brand, samples: Path) -> None:
    shops = {shop.slug: shop for shop in brand.shops.all()}
    for platform, names in FILES.items():
        for name in names:
            answer = operator.post(
                "/imports/",
                {
                    "shop": shops[platform].pk,
                    "format": "auto",
                    "uploads": [SimpleUploadedFile(name, (samples / name).read_bytes())],
                },
            )
            assert answer.status_code == 302, name
    for batch in Batch.objects.order_by("id"):
        run_batch(batch.pk)


def _one_row(sql: str, *values: object) -> tuple[object, ...]:
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        row: tuple[object, ...] = cursor.fetchone()
    return row


def test_from_the_shops_files_to_the_members_behind_them(
    operator: Client, brand: Brand, samples: Path
) -> None:
    # given the files of eight platforms, dropped on the import page and worked off
    _upload_all(operator, brand, samples)
    for batch in Batch.objects.all():
        parts = batch.stored + batch.updated + batch.unchanged + batch.quarantined
        assert batch.rows == parts, batch.file_name

    # when the figures are refreshed
    refresh(brand.pk)

    # then the dashboard's figures are those of the orders
    sales, orders, buyers = _one_row(
        """select sum(paid_minor - refunded_minor), count(*), count(distinct member_id)
           from commerce_order
           where brand_id = %s and is_purchase and currency = 'CNY'
             and biz_date between '2026-06-01' and '2026-06-30'""",
        brand.pk,
    )
    kpis = {
        kpi.code: kpi.value
        for kpi in queries.kpis(Scope(brand.pk), start=date(2026, 6, 1), end=AS_OF)
    }
    assert (kpis["sales"], kpis["orders"], kpis["buyers"]) == (sales, orders, buyers)
    assert sales == sum(
        [
            35900,  # Qianniu
            13800 + 49900,  # JD; the deleted order was never paid
            7190 + 149500,  # Pinduoduo; the third was refunded
            7900 + 29900,  # Douyin; the hair ties were refunded
            14800 + 6700,  # Youzan
            38800,  # WeChat shop
            37800,  # Xiaohongshu
        ]
    )
    page = operator.get(PERIOD).content.decode()
    assert f"{buyers}" in page

    # and every group leads to exactly its members
    summary = queries.rfm(Scope(brand.pk))
    assert summary is not None
    for group in summary.groups:
        listed = operator.get(f"/members/?rfm_group={group.code}").content.decode()
        assert len(set(re.findall(r'href="/members/([0-9a-f-]{36})/', listed))) == group.members

    # and a member's page tells their orders
    listed = operator.get("/members/?q=沈知夏").content.decode()
    found = re.findall(r'href="(/members/[0-9a-f-]{36}/)', listed)
    told = "".join(operator.get(path).content.decode() for path in dict.fromkeys(found))
    assert "300000000601" in told  # JD
    assert "E20260601120000000900001" in told  # Youzan
    assert "19900000001" not in told


def test_a_mistaken_import_is_taken_back_and_the_figures_follow(
    operator: Client, brand: Brand, samples: Path
) -> None:
    _upload_all(operator, brand, samples)
    refresh(brand.pk)
    before = queries.kpis(Scope(brand.pk), start=date(2026, 6, 1), end=AS_OF)

    mistaken = Batch.objects.get(file_name="jd_orders.csv")
    undo_batch(mistaken.pk)
    refresh(brand.pk)

    after = queries.kpis(Scope(brand.pk), start=date(2026, 6, 1), end=AS_OF)
    fell = {b.code: b.value - a.value for b, a in zip(before, after, strict=True)}
    assert (fell["sales"], fell["orders"], fell["buyers"]) == (63700, 2, 2)


def test_nobody_of_another_brand_sees_any_of_it(
    client: Client, operator: Client, brand: Brand, samples: Path
) -> None:
    _upload_all(operator, brand, samples)
    refresh(brand.pk)
    (public_id,) = _one_row(
        "select public_id from members_member where brand_id = %s limit 1", brand.pk
    )
    batch = Batch.objects.first()
    assert batch is not None

    stranger = Client()
    stranger.force_login(make_staff(make_brand()))

    for path in (
        f"/members/{public_id}/",
        f"/imports/{batch.pk}/",
        f"/imports/{batch.pk}/quarantine/",
    ):
        assert operator.get(path).status_code == 200, path
        assert stranger.get(path).status_code == 404, path
        assert Client().get(path).status_code == 302, path
