"""Somebody limited to one shop sees that shop's orders, imports and figures, and nothing more."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from django.test import Client

from huitou.brands.models import Brand, Role, Shop, Staff, StaffRole
from huitou.commerce.models import Order, Review
from huitou.eventlog.services import append
from huitou.ingest.uploads import pending_files
from huitou.insight import services
from huitou.jobs.services import create_job
from huitou.kernel.months import month_number
from huitou.members.models import Member
from tests.console import people
from tests.console.test_members_list import text_of
from tests.factories import make_shop, make_staff
from tests.ingest.pages import OWN_FILE, imported, upload

MEMBER = f"/members/{people.public_id(0)}/"
TAOBAO = "taobao_ExportOrderList_2018.csv"


@pytest.fixture
def other(brand: Brand, shop: Shop) -> Shop:
    """A second shop of the brand."""
    return make_shop(brand, slug="other", name="Other shop")


@pytest.fixture
def limited(client: Client, home: Path, brand: Brand, shop: Shop, other: Shop) -> Client:
    """An operator of the first shop only, reading English; the members bought there."""
    people.fill(brand, shop)
    client.force_login(limited_to(shop, Role.OPERATOR))
    client.cookies["django_language"] = "en"
    return client


def limited_to(shop: Shop, role: Role) -> Staff:
    """A person with ``role`` in ``shop`` alone."""
    staff = make_staff()
    StaffRole.objects.create(staff=staff, brand=shop.brand, shop=shop, role=role)
    return staff


def buy(member: Member, shop: Shop) -> Order:
    """An order of 987.65 of ``member`` in ``shop``, with a review."""
    at = datetime(2026, 6, 28, 4, tzinfo=UTC)
    order = Order.objects.create(
        brand=shop.brand,
        shop=shop,
        member=member,
        order_no="ELSEWHERE-1",
        status="finished",
        currency="CNY",
        quantity=1,
        month=month_number(at.date()),
        paid_minor=98_765,
        ordered_at=at,
        paid_at=at,
        biz_date=at.date(),
    )
    Review.objects.create(
        shop=shop, member=member, review_no="V-ELSEWHERE", content="secret words", reviewed_at=at
    )
    return order


def test_orders_and_reviews_of_another_shop_are_not_on_the_member_page(
    limited: Client, brand: Brand, other: Shop
) -> None:
    # given
    buy(Member.objects.get(public_id=people.public_id(0)), other)
    whole = Client()
    whole.force_login(make_staff(brand))

    # when
    page = limited.get(MEMBER).content.decode()
    everything = whole.get(MEMBER).content.decode()

    # then
    assert "ELSEWHERE-1" in everything
    assert "secret words" in everything
    assert "ELSEWHERE-1" not in page
    assert "secret words" not in page
    assert "3 orders, 3 purchases" in text_of(page)


def test_a_member_who_never_met_the_shop_does_not_exist(limited: Client, other: Shop) -> None:
    stranger = Member.objects.get(public_id=people.public_id(2))
    Member.objects.filter(pk=stranger.pk).update(first_shop=other)

    assert limited.get(f"/members/{stranger.public_id}/").status_code == 404

    Order.objects.filter(order_no="T1-0").update(member=stranger)
    assert limited.get(f"/members/{stranger.public_id}/").status_code == 200


def test_imports_of_another_shop_do_not_exist(
    limited: Client, shop: Shop, other: Shop, samples: Path, tmp_path: Path
) -> None:
    # given
    theirs = imported(other, tmp_path, (samples / TAOBAO).read_bytes())
    mine = imported(shop, tmp_path, (samples / TAOBAO).read_bytes())
    pages = ("", "row/", "quarantine/", "quarantine/rows.csv", "quarantine/1/")

    # then
    assert {limited.get(f"/imports/{theirs.pk}/{page}").status_code for page in pages} == {404}
    assert {
        limited.post(f"/imports/{theirs.pk}/{do}/").status_code for do in ("undo", "retry")
    } == {404}
    assert limited.get(f"/imports/{mine.pk}/").status_code == 200
    shown = limited.get("/imports/").content.decode()
    assert f"/imports/{mine.pk}/" in shown
    assert f"/imports/{theirs.pk}/" not in shown


def test_files_go_into_the_own_shop_only_and_waiting_ones_stay_with_theirs(
    limited: Client, brand: Brand, other: Shop
) -> None:
    # given a file of the other shop that waits for its mapping
    whole = Client()
    whole.force_login(make_staff(brand))
    file = ("till.csv", OWN_FILE.encode())
    upload(whole, other, file)
    (waiting,) = pending_files(brand.pk)

    # when
    refused = upload(limited, other, file)

    # then
    assert refused.status_code == 422
    assert whole.get(f"/imports/mapping/{waiting.token}/").status_code == 200
    assert limited.get(f"/imports/mapping/{waiting.token}/").status_code == 404
    assert waiting.token not in limited.get("/imports/").content.decode()


def test_what_reaches_the_whole_brand_is_refused(limited: Client, shop: Shop) -> None:
    owner = Client()
    owner.force_login(limited_to(shop, Role.OWNER))
    brand_wide = ("/members/review/", f"{MEMBER}merge/", "/staff/", "/audit/")

    assert [owner.get(address).status_code for address in brand_wide] == [403] * 4
    assert owner.post("/members/review/policy/").status_code == 403
    assert limited.post(f"{MEMBER}split/").status_code == 403
    menu = limited.get("/").content.decode()
    assert "/members/review/" not in menu
    assert "/members/" in menu


def test_the_role_of_the_shop_in_view_counts(
    client: Client, home: Path, shop: Shop, other: Shop, samples: Path, tmp_path: Path
) -> None:
    # given an operator of one shop who only looks at figures of the other
    staff = limited_to(shop, Role.OPERATOR)
    StaffRole.objects.create(staff=staff, brand=shop.brand, shop=other, role=Role.ANALYST)
    theirs = imported(other, tmp_path, (samples / TAOBAO).read_bytes())
    client.force_login(staff)

    # then
    assert client.get("/imports/").status_code == 200
    assert client.get(f"/imports/{theirs.pk}/").status_code == 404
    client.post("/scope/", {"shop": other.slug})
    assert client.get(f"/imports/{theirs.pk}/").status_code == 403


def test_figures_are_those_of_the_shop(limited: Client, brand: Brand, other: Shop) -> None:
    # given
    order = buy(Member.objects.get(public_id=people.public_id(0)), other)
    append(
        brand_id=brand.pk,
        kind="commerce.orders_recorded",
        subject_ids=[order.pk],
        payload={"months": [order.month]},
        occurred_at=people.NOW,
        origin="backfill",
    )
    services.refresh(brand.pk, as_of=people.AS_OF, now=people.NOW, rebuild=True)
    whole = Client()
    whole.force_login(make_staff(brand))

    # when
    everything = whole.get("/members/").content.decode()
    page = limited.get("/members/", {"shop": other.slug}).content.decode()
    one = limited.get(MEMBER).content.decode()

    # then
    assert "1,587.65" in everything
    assert "1,587.65" not in page + one
    assert "600.00" in page
    assert "Amount spent ¥600.00" in text_of(one)


def test_the_tray_names_only_ones_own_jobs(limited: Client, brand: Brand) -> None:
    create_job(brand_id=brand.pk, kind="import", subject="of-the-other-shop.csv")

    assert "of-the-other-shop" not in limited.get("/jobs/tray/").content.decode()
