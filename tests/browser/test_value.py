"""Customer value, funnels, what is bought together, and offers to a member, in a real browser."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from huitou.brands.models import Brand, Staff
from huitou.members.models import Member
from tests.browser.test_imports import LOOKS, assert_clean
from tests.console.sales import sell_to_regulars

Visits = Callable[..., Any]


@pytest.fixture
def brand(transactional_db: None, brand: Brand, home: Path) -> Brand:
    """A brand whose members come back, and leave."""
    return sell_to_regulars(brand)


@pytest.mark.parametrize(("language", "theme", "width"), LOOKS)
def test_the_pages_are_clean(
    visit: Visits, brand: Brand, staff: Staff, language: str, theme: str, width: int
) -> None:
    # given
    seen = visit(staff, language=language, theme=theme, width=width)
    pages = {
        "value": ("/value/?days=90", "#backtest ec-chart[data-state=ready]"),
        "funnel": ("/funnel/", ".ec-funnel"),
        "funnel-aarrr": ("/funnel/?kind=aarrr", ".ec-funnel"),
        "association": ("/association/", "tbody tr"),
        "association-none": ("/association/?min_support=99", ".ec-empty"),
        "members-of-tier": ("/members/?value_tier=core", "tbody tr"),
    }

    for name, (address, ready) in pages.items():
        # when
        page = seen.open(address)
        page.wait_for_selector(ready)
        seen.shot(f"{name}-{language}-{theme}-{width}")

        # then
        assert_clean(seen)


def test_another_hold_out_is_computed_in_place(visit: Visits, brand: Brand, staff: Staff) -> None:
    # given
    seen = visit(staff)
    page = seen.open("/value/")
    page.wait_for_selector("#backtest ec-chart[data-state=ready]")

    # when
    page.click("#backtest button:has-text('90 days')")
    page.wait_for_selector("#backtest button[aria-current]:has-text('90 days')")

    # then
    assert "2024-04-01" in page.inner_text("#backtest")
    assert_clean(seen)


def test_rules_are_narrowed_when_a_field_is_left(visit: Visits, brand: Brand, staff: Staff) -> None:
    # given
    seen = visit(staff)
    page = seen.open("/association/?min_lift=0")
    assert any("积木" not in row for row in page.locator("tbody tr").all_inner_texts())

    # when
    page.fill("#q", "积木")
    page.keyboard.press("Tab")
    page.wait_for_url("**q=%E7%A7%AF%E6%9C%A8**")

    # then
    rows = page.locator("tbody tr").all_inner_texts()
    assert rows
    assert all("积木" in row for row in rows)
    assert_clean(seen)


def test_a_member_page_says_what_to_offer(visit: Visits, brand: Brand, staff: Staff) -> None:
    # given
    seen = visit(staff)
    member = Member.objects.filter(brand=brand).order_by("pk")[0]

    # when
    page = seen.open(f"/members/{member.public_id}/")
    page.wait_for_selector("section:has-text('Worth offering') .ec-reviews li")
    seen.shot("member-offers")

    # then
    assert_clean(seen)
