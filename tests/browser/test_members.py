"""The member list and the member page in a real browser."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from huitou.brands.models import Brand, Shop, Staff
from tests.browser.test_imports import LOOKS, assert_clean
from tests.console import people

Visits = Callable[..., Any]


@pytest.fixture
def brand(transactional_db: None, home: Path, brand: Brand) -> Brand:
    """A brand in a database the browser's server sees too."""
    return brand


@pytest.fixture(autouse=True)
def _members(brand: Brand, shop: Shop) -> None:
    people.fill(brand, shop)


def test_a_search_leads_to_the_member(visit: Visits, staff: Staff) -> None:
    # given
    seen = visit(staff)
    page = seen.open("/members/")

    # when
    page.type("#f-q", "沈")
    page.wait_for_selector("text=1 member")

    # then
    assert page.url.endswith("?q=%E6%B2%88&sort=-monetary_minor")
    assert page.locator(".ec-members tbody tr").count() == 1
    assert_clean(seen)

    # when
    page.click(".ec-members >> text=沈知夏")

    # then
    page.wait_for_selector("#drawer.show >> text=Purchase cycle")
    assert_clean(seen)

    # when
    page.click("text=Open the member page")

    # then
    page.wait_for_selector("text=Identifiers")
    assert_clean(seen)


def test_conditions_are_chosen_lifted_and_gone_back_to(visit: Visits, staff: Staff) -> None:
    # given
    seen = visit(staff)
    page = seen.open("/members/")

    # when
    page.select_option("#f-group", "privileged")
    page.wait_for_selector(".ec-chip:has-text('Privileged')")
    page.fill("#f-frequency", "9")
    page.wait_for_selector("text=No member matches")

    # then
    assert_clean(seen)

    # when
    page.click(".ec-chip:has-text('Purchases')")
    page.wait_for_selector(".ec-members")

    # then: the field is empty again, the other condition stands
    assert page.input_value("#f-frequency") == ""
    assert page.input_value("#f-group") == "privileged"
    assert page.locator(".ec-chip").count() == 1

    # when
    page.go_back()
    page.wait_for_selector("text=No member matches")

    # then: the whole page is there
    assert page.locator("#side").count() == 1
    assert_clean(seen)


def test_a_condition_is_added_and_the_list_saved_as_a_segment(visit: Visits, staff: Staff) -> None:
    # given
    seen = visit(staff)
    page = seen.open("/members/")

    # when conditions are added
    page.select_option("#f-add", "city")
    page.wait_for_selector("#m-city")
    page.select_option("#m-city", "杭州市")
    page.wait_for_selector(".ec-chip:has-text('City')")
    page.select_option("#f-add", "aov_minor")
    page.wait_for_selector("#m-aov_min:focus")
    page.keyboard.type("60")
    page.wait_for_selector(".ec-chip:has-text('≥ ¥60.00')")

    # then they are in the address, and the field added last did not take the first away
    assert "city=%E6%9D%AD%E5%B7%9E%E5%B8%82" in page.url
    assert "aov_min=60" in page.url
    assert page.input_value("#m-city") == "杭州市"
    assert_clean(seen)

    # when
    page.click("text=Save as a segment")
    page.fill("#s-name", "Hangzhou")
    seen.shot("members-filtered")
    page.click(".ec-save-list button")

    # then
    page.wait_for_selector("h1:has-text('Hangzhou')")
    assert_clean(seen)


@pytest.mark.parametrize(("language", "theme", "width"), LOOKS)
def test_a_filtered_list_is_clean(
    visit: Visits, staff: Staff, language: str, theme: str, width: int
) -> None:
    # given
    seen = visit(staff, language=language, theme=theme, width=width)

    # when
    asked = "city=杭州市&aov_min=60&last_paid_at_min=2026-01-01&promotion_only=&add=price_band"
    page = seen.open(f"/members/?{asked}")
    page.click(".ec-save-list summary")
    seen.shot(f"members-filtered-{language}-{theme}-{width}")

    # then
    assert_clean(seen)


def test_a_heading_sorts_both_ways(visit: Visits, staff: Staff) -> None:
    # given
    seen = visit(staff)
    page = seen.open("/members/?frequency_min=1")
    first = page.locator(".ec-members tbody tr").first

    # when
    page.click("th >> text=Amount spent")
    page.wait_for_selector("th[aria-sort=ascending]")

    # then
    assert "顾岚" in first.inner_text()


@pytest.mark.parametrize(("language", "theme", "width"), LOOKS)
def test_the_pages_are_clean(
    visit: Visits, staff: Staff, language: str, theme: str, width: int
) -> None:
    # given
    seen = visit(staff, language=language, theme=theme, width=width)
    pages = {
        "members": "/members/?rfm_group=privileged&frequency_min=1",
        "member": f"/members/{people.public_id(0)}/",
        "member-bare": f"/members/{people.public_id(2)}/",
    }

    for name, address in pages.items():
        # when
        seen.open(address)
        seen.shot(f"{name}-{language}-{theme}-{width}")

        # then
        assert_clean(seen)
