"""What staff write of members, and the pages of definitions, in a real browser."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from huitou.brands.models import Brand, Shop, Staff
from huitou.members.attribute_values import Said, record_attributes
from huitou.members.attributes import define_usual_attributes
from huitou.members.consent import Evidence, record_consent
from huitou.members.models import Member
from huitou.members.tags import Act, create_tag, create_tag_group, put_tag
from huitou.members.touchpoints import Met, add_touchpoint, record_touches
from tests.browser.test_imports import LOOKS, assert_clean
from tests.console import people

Visits = Callable[..., Any]
NOW = datetime(2026, 7, 1, 1, tzinfo=UTC)
MEMBER = f"/members/{people.public_id(0)}/"


@pytest.fixture
def brand(transactional_db: None, home: Path, brand: Brand) -> Brand:
    """A brand in a database the browser's server sees too."""
    return brand


@pytest.fixture(autouse=True)
def _kept(brand: Brand, shop: Shop, staff: Staff) -> None:
    who = people.fill(brand, shop)[0].pk
    # The second, whose page shows a lunar birthday.
    Member.objects.filter(public_id=people.public_id(1)).update(lunar_birthday="1990-05L-03")
    define_usual_attributes(brand_id=brand.pk)
    for source, confidence, code, value in (
        ("declared", 100, "education", "bachelor"),
        ("staff", 100, "interests", "茶、露营、摄影"),
        ("inferred", 70, "income", "10k_20k"),
    ):
        record_attributes(
            brand_id=brand.pk,
            said=[Said(who, code, value)],
            source=source,
            confidence=confidence,
            now=NOW,
        )
    group = create_tag_group(brand_id=brand.pk, name="送礼习惯", is_exclusive=True)
    tag = create_tag(brand_id=brand.pk, group_id=group, name="企业送礼")
    act = Act(source="staff", now=NOW, staff_id=staff.pk, reason="电话中告知")
    until = NOW.replace(year=2099)
    put_tag(brand_id=brand.pk, tag_id=tag, member_ids=[who], act=act, until=until)
    for channel, decision in (("sms", "granted"), ("email", "withdrawn")):
        record_consent(
            brand_id=brand.pk,
            member_ids=[who],
            channel=channel,
            purpose="marketing",
            decision=decision,
            source="card",
            evidence=Evidence("会员卡页", "v3"),
            now=NOW,
        )
    add_touchpoint(brand_id=brand.pk, code="lake", name="西湖店柜台", kind="store", note="可面谈")
    met = [Met(who, "lake", NOW - timedelta(days=400), summary="想要一套可以送客户的茶具")]
    record_touches(brand_id=brand.pk, met=met, now=NOW, staff_id=staff.pk)


def test_an_agent_records_a_withdrawal_with_the_keyboard(visit: Visits, staff: Staff) -> None:
    # given
    seen = visit(staff)
    page = seen.open(MEMBER)
    summary = page.locator("#consent .ec-edit summary")

    # when
    summary.focus()
    page.keyboard.press("Enter")
    page.locator("#c-channel").select_option("sms")
    page.locator("#consent button[value=withdrawn]").focus()
    page.keyboard.press("Enter")

    # then
    page.wait_for_selector("text=recorded and holds at once")
    row = page.locator(".ec-consent tr", has_text="SMS")
    assert row.locator("text=Withdrawn").count() == 1
    assert_clean(seen)


def test_a_lunar_birthday_is_written_down_with_the_keyboard(visit: Visits, staff: Staff) -> None:
    # given: the fields of one calendar at a time
    seen = visit(staff, language="zh-hans", width=390)
    page = seen.open(MEMBER)
    page.locator(".ec-birthday summary").focus()
    page.keyboard.press("Enter")
    assert page.locator("#b-date").is_visible()
    assert not page.locator("#b-month").is_visible()

    # when
    page.locator("[name=calendar][value=solar]").focus()
    page.keyboard.press("ArrowRight")
    assert not page.locator("#b-date").is_visible()
    seen.shot("birthday-lunar-390")
    page.locator("#b-month").select_option(label="八月")
    page.locator("#b-day").select_option(label="十五")
    page.locator(".ec-birthday form button").focus()
    page.keyboard.press("Enter")

    # then
    page.wait_for_selector("text=农历八月十五（今年公历")
    assert_clean(seen)


def test_ticked_members_get_a_tag_and_lose_it_again(visit: Visits, staff: Staff) -> None:
    # given
    seen = visit(staff)
    page = seen.open("/members/?sort=frequency")

    # when
    page.check("[name=member] >> nth=0")
    page.click(".ec-bulk summary")
    page.select_option("select[name=tag]", label="企业送礼")
    page.click(".ec-bulk button[value=put]")

    # then: back on the same list
    page.wait_for_selector("text=Members changed: 1.")
    assert page.url.endswith("?sort=frequency")
    assert_clean(seen)

    # when
    seen.open("/tags/")
    page.click("text=Take back >> nth=0")

    # then
    page.wait_for_selector("text=Taken back")
    assert_clean(seen)


@pytest.mark.parametrize(("language", "theme", "width"), LOOKS)
def test_the_pages_are_clean(
    visit: Visits, staff: Staff, language: str, theme: str, width: int
) -> None:
    # given
    seen = visit(staff, language=language, theme=theme, width=width)
    pages = {
        "profile": MEMBER,
        "birthday": f"/members/{people.public_id(1)}/",
        "profile-list": "/members/",
        "tags": "/tags/",
        "attributes": "/attributes/",
        "touchpoints": "/touchpoints/",
    }

    for name, address in pages.items():
        # when
        page = seen.open(address)
        seen.shot(f"{name}-closed-{language}-{theme}-{width}")
        page.evaluate("document.querySelectorAll('details').forEach((one) => (one.open = true))")
        seen.shot(f"{name}-{language}-{theme}-{width}")

        # then
        assert_clean(seen)
