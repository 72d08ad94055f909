"""Brands, shops and staff are created once and well named."""

from __future__ import annotations

from datetime import date

import pytest

from huitou.brands.access import access_by_brand
from huitou.brands.models import Brand, Role, Shop, Staff
from huitou.brands.queries import brand_by_slug, shop_by_slug, visible_brands
from huitou.brands.services import create_brand, create_shop, pin_brand
from huitou.brands.staffing import Grant, create_staff
from huitou.kernel.errors import RefusedInputError
from tests.factories import make_brand, make_shop, make_staff


def test_brand_is_created_as_told(db: None) -> None:
    # when
    create_brand(slug="qing-he", name=" 青禾小筑 ", time_zone="UTC", currency="USD")

    # then
    brand = Brand.objects.get()
    assert (brand.slug, brand.name, brand.time_zone, brand.currency, brand.pinned_as_of) == (
        "qing-he",
        "青禾小筑",
        "UTC",
        "USD",
        None,
    )


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"slug": "Qing"}, "SLUG"),
        ({"slug": "-q"}, "SLUG"),
        ({"slug": "q\n"}, "SLUG"),
        ({"slug": "q" * 41}, "SLUG"),
        ({"name": "  "}, "NAME"),
        ({"name": "a\x00b"}, "NAME"),
        ({"name": "n" * 81}, "NAME"),
        ({"time_zone": "Mars/Base"}, "TIME_ZONE"),
        ({"time_zone": "../etc/passwd"}, "TIME_ZONE"),
        ({"currency": "cny"}, "CURRENCY"),
    ],
)
def test_malformed_brand_is_refused(db: None, fields: dict[str, str], code: str) -> None:
    # when
    with pytest.raises(RefusedInputError) as refused:
        create_brand(**{"slug": "q", "name": "Q", **fields})

    # then
    assert refused.value.code == code
    assert Brand.objects.count() == 0


def test_second_brand_of_a_slug_is_refused(brand: Brand) -> None:
    with pytest.raises(RefusedInputError, match="already"):
        create_brand(slug=brand.slug, name="Another")


def test_brand_is_pinned_and_released(brand: Brand) -> None:
    # when
    pin_brand(brand=brand, as_of=date(2018, 1, 1))
    pinned = Brand.objects.get().pinned_as_of
    pin_brand(brand=brand, as_of=None)

    # then
    assert (pinned, Brand.objects.get().pinned_as_of) == (date(2018, 1, 1), None)


def test_shop_is_called_by_its_slug_unless_named(brand: Brand) -> None:
    # when
    create_shop(brand=brand, slug="tb", platform="taobao")
    create_shop(brand=brand, slug="jd", platform="jd", name="京东店")

    # then
    assert list(Shop.objects.values_list("slug", "name", "platform")) == [
        ("tb", "tb", "taobao"),
        ("jd", "京东店", "jd"),
    ]


def test_shop_slugs_are_unique_within_a_brand_only(shop: Shop) -> None:
    # when
    create_shop(brand=make_brand(), slug=shop.slug, platform="jd")

    # then
    with pytest.raises(RefusedInputError, match="already"):
        create_shop(brand=shop.brand, slug=shop.slug, platform="jd")


def test_unknown_platform_is_refused_with_the_known_ones(brand: Brand) -> None:
    with pytest.raises(RefusedInputError, match="taobao, tmall, jd"):
        create_shop(brand=brand, slug="s", platform="amazon")


def test_staff_sees_the_brands_of_their_roles(brand: Brand) -> None:
    # given
    other = make_brand()
    person = create_staff(
        username="lin", password="a-long-phrase-9", grants=[Grant(brand.slug, Role.ANALYST)]
    )
    superuser = make_staff(is_superuser=True)

    # then
    assert person.check_password("a-long-phrase-9")
    assert visible_brands(person, access_by_brand(person)) == [brand]
    assert visible_brands(superuser, {}) == [brand, other]


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"password": "12345678"}, "PASSWORD"),
        ({"username": " "}, "USERNAME"),
        ({"grants": [Grant("nowhere", "owner")]}, "BRAND"),
        ({"grants": [Grant("nowhere", "king")]}, "ROLE"),
    ],
)
def test_malformed_staff_is_refused(db: None, fields: dict[str, object], code: str) -> None:
    # when
    with pytest.raises(RefusedInputError) as refused:
        create_staff(**{"username": "lin", "password": "a-long-phrase-9", **fields})  # type: ignore[arg-type]

    # then
    assert refused.value.code == code
    assert Staff.objects.count() == 0


def test_unknown_slugs_name_the_known_ones(brand: Brand) -> None:
    # given
    shop = make_shop(brand, slug="tb")

    # then
    assert brand_by_slug(brand.slug) == brand
    assert shop_by_slug(brand, "tb") == shop
    with pytest.raises(RefusedInputError, match=f"known: {brand.slug}"):
        brand_by_slug("x")
    with pytest.raises(RefusedInputError, match="known: tb"):
        shop_by_slug(brand, "x")
