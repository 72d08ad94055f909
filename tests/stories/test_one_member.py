"""The same people on many platforms become one member each, in whatever order the files come."""

from __future__ import annotations

import random
from datetime import UTC, datetime
from pathlib import Path

import pytest

from huitou.brands.models import Brand, Shop
from huitou.commerce import queries as commerce
from huitou.ingest import services
from huitou.members import queries
from huitou.members.models import Conflict, Identity, Member
from tests.factories import make_brand, make_shop

NOW = datetime(2026, 6, 30, 12, 0, tzinfo=UTC)
FILES = {
    "taobao_ExportOrderList_2018.csv": "taobao",
    "taobao_ExportOrderDetailList_2018.csv": "taobao",
    "taobao_ExportOrderList_2022.csv": "taobao",
    "tmall_qianniu_2026.xlsx": "tmall",
    "jd_orders.csv": "jd",
    "pdd_orders.csv": "pinduoduo",
    "douyin_orders.csv": "douyin",
    "youzan_orders.csv": "youzan",
    "youzan_customers.csv": "youzan",
    "wechat_shop_orders.xlsx": "wechat",
    "xiaohongshu_orders.xlsx": "xiaohongshu",
    "shopify_orders_export.csv": "shopify",
    "shopify_customers_export.csv": "shopify",
    "woocommerce_orders.csv": "woocommerce",
}


def bring_in(names: list[str], samples: Path) -> Brand:
    """A new brand with the files imported in this order, each into its platform's shop."""
    brand = make_brand()
    shops: dict[str, Shop] = {}
    for name in names:
        platform = FILES[name]
        shop = shops.setdefault(platform, make_shop(brand, platform=platform))
        batch = services.create_batch(shop=shop, path=samples / name, file_name=name)
        assert services.run_batch(batch.pk).state == "done", name
    return brand


def persons(brand: Brand) -> set[frozenset[str]]:
    """Each person as the keys that own their accounts."""
    found: dict[int, set[str]] = {}
    owners = Identity.objects.filter(brand=brand, owns=True).select_related("member")
    for key in owners:
        person = key.member.merged_into_id or key.member_id
        found.setdefault(person, set()).add(f"{key.platform}:{key.clear}")
    return {frozenset(keys) for keys in found.values()}


# Masked phones and names on JD, Xiaohongshu and elsewhere join nobody: they are for suggestions.
TOGETHER = {
    frozenset({"taobao:知夏小站", "youzan:+8619900000001"}),
    frozenset({"taobao:阿岚lan"}),
    frozenset({"taobao:雪域的鹰"}),
    frozenset({"taobao:tb0000555"}),
    frozenset({"jd:jd_zhixia_p"}),
    frozenset({"jd:jd_9f3a0b"}),
    frozenset({"jd:jd_77c0d1"}),
    frozenset({"xiaohongshu:5f00000000000000000a1101"}),
    frozenset({"xiaohongshu:5f00000000000000000a1102"}),
    frozenset(
        {
            "shopify:7000000000001",
            "shopify:mira@example.com",
            "woocommerce:mira@example.com",
        }
    ),
    frozenset({"shopify:7000000000002", "shopify:+4700000002"}),
    frozenset({"woocommerce:jon@example.com"}),
}


@pytest.mark.parametrize("seed", range(6))
def test_the_people_of_the_samples(db: None, home: Path, samples: Path, seed: int) -> None:
    # given
    order = sorted(FILES)
    random.Random(seed).shuffle(order)

    # when
    brand = bring_in(order, samples)

    # then
    assert persons(brand) == TOGETHER
    conflict = Conflict.objects.get(brand=brand)
    assert {conflict.name, conflict.member.name} == {"沈知夏", "沈小姐"}


def test_one_page_shows_the_orders_of_all_accounts(db: None, home: Path, samples: Path) -> None:
    brand = bring_in(["taobao_ExportOrderList_2018.csv", "youzan_orders.csv"], samples)
    (member,) = queries.search(brand.pk, "知夏小站", 5)

    orders = commerce.orders_of(brand.pk, [member])[member]
    totals = commerce.order_totals(brand.pk, [member])[member]
    happened = commerce.timeline(brand.pk, member, limit=50)

    assert {order.order_no for order in orders} == {
        "201809010000000101",
        "201809010000000104",
        "E20260601120000000900001",
    }
    assert totals.orders == 3
    assert {entry.shop_id for entry in happened if entry.shop_id} == {
        shop.pk for shop in Shop.objects.filter(brand=brand)
    }
    assert [entry.text for entry in happened if entry.kind == "merged"] == ["named_phone"]
    assert Member.objects.filter(brand=brand, merged_into__isnull=True).count() == 4
