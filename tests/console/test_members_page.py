"""The member page: everything about one member, and nothing of another brand's."""

from __future__ import annotations

from pathlib import Path
from uuid import uuid4

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from huitou.brands.models import Brand, Role, Shop, Staff
from tests.console import people
from tests.console.test_members_list import text_of
from tests.factories import make_brand, make_staff

PAGE = f"/members/{people.public_id(0)}/"


@pytest.fixture
def signed_in(client: Client, home: Path, brand: Brand, shop: Shop, staff: Staff) -> Client:
    """An operator reading English, with three members in the brand."""
    people.fill(brand, shop)
    client.force_login(staff)
    client.cookies["django_language"] = "en"
    return client


def test_the_page_tells_everything(signed_in: Client) -> None:
    page = text_of(signed_in.get(PAGE).content.decode())

    assert "沈知夏 Privileged Active Loyal" in page
    assert "*******0001" in page
    assert "Taobao · Buyer nickname nick0" in page
    assert "Amount spent ¥600.00" in page
    assert "Purchase cycle 10 days" in page
    assert "Last purchase 2026-06-25 Next expected – Loss warning 2026-07-25" in page
    assert "3 orders, 3 purchases" in page
    assert "青瓷茶杯" in page
    assert "Refund R1 · Closed · ¥10.00 · 不想要了" in page
    assert "釉色温润" in page
    assert "First-ever purchase ¥100.00 T0-2" in page
    assert "Entered the member records" in page


def test_every_tile_explains_itself(signed_in: Client) -> None:
    page = signed_in.get(PAGE).content.decode()

    assert 'title="Whole days from the date of the last purchase to the as-of date"' in page


def test_the_page_asks_few_questions(
    signed_in: Client, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    signed_in.get(PAGE)  # the first visit notes itself in the session

    # Session, staff, two for roles, brands, shops; profile; facts: accounts, attributes, tags,
    # consents, touches, totals, reviews; definitions: attributes, tags, groups, touchpoints;
    # identities, orders, lines, refunds, timeline; whether rules of segments changed; and the
    # accounts before each of seven of these.
    with django_assert_num_queries(31):
        signed_in.get(PAGE)


def test_a_member_without_purchases_has_a_page(signed_in: Client) -> None:
    page = text_of(signed_in.get(f"/members/{people.public_id(2)}/").content.decode())

    assert "There is no cycle yet" in page
    assert "No orders" in page


@pytest.mark.parametrize(
    ("target", "begins"),
    [
        ("member-orders", '<div id="member-orders">'),
        ("member-timeline", '<div id="member-timeline">'),
        ("drawer-body", '<div class="ec-member-head">'),
    ],
)
def test_parts_come_alone(signed_in: Client, target: str, begins: str) -> None:
    part = signed_in.get(PAGE, headers={"HX-Request": "true", "HX-Target": target})

    assert part.content.decode().startswith(begins)


def test_other_members_do_not_exist(signed_in: Client) -> None:
    assert signed_in.get(f"/members/{uuid4()}/").status_code == 404

    signed_in.force_login(make_staff(make_brand()))
    assert signed_in.get(PAGE).status_code == 404


def test_some_roles_may_not_see_a_member(signed_in: Client, brand: Brand) -> None:
    signed_in.force_login(make_staff(brand, role=Role.FINANCE))

    assert signed_in.get(PAGE).status_code == 403


def test_the_page_is_in_chinese(signed_in: Client) -> None:
    signed_in.cookies["django_language"] = "zh-hans"

    page = text_of(signed_in.get(PAGE).content.decode())

    assert "沈知夏 特权客户 活跃 忠诚客" in page
    assert "购买周期 10 天" in page
    assert "首次购买 ¥100.00 T0-2" in page
