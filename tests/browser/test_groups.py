"""One person over brands, what a merge does, and lists by tag, in a real browser."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from huitou.brands.models import Brand, Group, GroupRole, Role, Shop, Staff
from huitou.members.consent import Evidence, record_consent
from huitou.members.models import Member
from huitou.members.suppressions import suppress_addresses
from huitou.members.tags import Act, create_tag, create_tag_group, put_tag
from tests.browser.test_imports import LOOKS, assert_clean
from tests.console import people
from tests.factories import make_brand, make_identity, make_shop, make_staff

Visits = Callable[..., Any]
NOW = datetime(2026, 7, 1, 1, tzinfo=UTC)
MEMBER = f"/members/{people.public_id(0)}/"
MERGE = f"{MEMBER}merge/?with={people.public_id(1)}"
PHONE = "+8619900000001"


@pytest.fixture
def brand(transactional_db: None, home: Path, brand: Brand) -> Brand:
    """A brand in a database the browser's server sees too."""
    return brand


@pytest.fixture
def staff(brand: Brand, shop: Shop) -> Staff:
    """Somebody of the group of two brands that know the first member."""
    group = Group.objects.create(slug="house", name="青禾集团")
    Brand.objects.filter(pk=brand.pk).update(group=group, name="青禾小筑")
    other = make_brand(group=group, name="Nordlys", currency="USD")
    make_shop(other)
    first, second = people.fill(brand, shop)[:2]
    mira = Member.objects.create(brand=other, name="沈知夏 Mira")
    for person in (first, mira):
        make_identity(
            brand=person.brand, member=person, platform="taobao", kind="phone", value=PHONE
        )
    for person, channel, decision in (
        (first, "sms", "granted"),
        (second, "sms", "withdrawn"),
        (second, "email", "granted"),
    ):
        record_consent(
            brand_id=brand.pk,
            member_ids=[person.pk],
            channel=channel,
            purpose="marketing",
            decision=decision,
            source="card",
            evidence=Evidence("会员卡页", "v3"),
            now=NOW,
        )
    suppress_addresses(
        brand_id=brand.pk, kind="phone", addresses=[PHONE], reason="unsubscribed", now=NOW
    )
    skin = create_tag_group(brand_id=brand.pk, name="肤质", is_exclusive=True)
    gifts = create_tag_group(brand_id=brand.pk, name="送礼习惯")
    for group_id, name, person in (
        (skin, "干性", first),
        (skin, "油性", second),
        (gifts, "企业送礼", first),
        (gifts, "节日送礼", second),
    ):
        tag = create_tag(brand_id=brand.pk, group_id=group_id, name=name)
        put_tag(
            brand_id=brand.pk, tag_id=tag, member_ids=[person.pk], act=Act(source="staff", now=NOW)
        )
    staff = make_staff()
    GroupRole.objects.create(staff=staff, group=group, role=Role.OWNER)
    return staff


@pytest.mark.parametrize(("language", "theme", "width"), LOOKS)
def test_the_pages_are_clean(
    visit: Visits, staff: Staff, language: str, theme: str, width: int
) -> None:
    seen = visit(staff, language=language, theme=theme, width=width)
    look = f"{language}-{theme}-{width}"

    # the merge, before it is done
    seen.open(MERGE)
    seen.shot(f"merge-{look}")
    assert_clean(seen)

    # the person in the other brand
    page = seen.open(MEMBER)
    page.click("#elsewhere button")
    page.wait_for_selector("#elsewhere .ec-brands")
    seen.shot(f"elsewhere-{look}")
    assert_clean(seen)

    # the list by tags
    page = seen.open("/members/")
    page.click(".ec-choose summary")
    seen.shot(f"tag-choices-{look}")
    assert_clean(seen)
    # anew, as a picture leaves marks on the fields that a swap would carry along
    page = seen.open("/members/")
    page.click(".ec-choose summary")
    page.check(".ec-choices input >> nth=0")
    page.wait_for_selector(".ec-chip")
    page.check(".ec-choices input >> nth=1")
    page.wait_for_selector(".ec-chip >> nth=1")
    page.keyboard.press("Escape")
    assert page.locator(".ec-choose[open]").count() == 0
    seen.shot(f"tag-chosen-{look}")
    assert_clean(seen)


def test_a_chip_lifts_its_tag_and_the_ticks_follow(visit: Visits, staff: Staff) -> None:
    # given
    seen = visit(staff)
    page = seen.open("/members/")
    page.click(".ec-choose summary")

    # when
    page.check("text=企业送礼")
    page.wait_for_selector("text=1 member")
    page.check("text=节日送礼")
    page.wait_for_selector("text=2 members")

    # then
    assert page.url.count("tag=") == 2
    assert page.locator("#f-tags-chosen").inner_text() == "2 chosen"
    assert page.locator("#members-exports a").first.get_attribute("href").count("tag=") == 2

    # when
    page.click(".ec-chip >> nth=0")
    page.wait_for_selector("text=1 member")

    # then
    assert page.locator(".ec-choices input:checked").count() == 1
    assert_clean(seen)


def test_the_other_brand_is_switched_to_and_the_member_opened(visit: Visits, staff: Staff) -> None:
    # given
    seen = visit(staff)
    page = seen.open(MEMBER)
    page.click("#elsewhere button")

    # when
    page.click("text=Switch to Nordlys and open there")

    # then
    page.wait_for_selector("h1:has-text('Mira')", state="attached")
    assert "Nordlys" in page.inner_text("body")
    assert_clean(seen)
