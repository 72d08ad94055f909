"""The privacy page, and one member's personal data, in a real browser."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from huitou.brands.models import Brand, Role, Shop, Staff
from huitou.privacy.services import request_erasure
from tests.browser.test_imports import LOOKS, assert_clean
from tests.console import people
from tests.factories import make_staff

Visits = Callable[..., Any]


@pytest.fixture
def brand(transactional_db: None, home: Any, brand: Brand) -> Brand:
    """A brand in a database the browser's server sees too."""
    return brand


@pytest.fixture
def owner(brand: Brand, shop: Shop) -> Staff:
    """Its owner, with members and a request under way."""
    members = people.fill(brand, shop)
    request_erasure(
        brand_id=brand.pk,
        member_id=members[1].pk,
        reason="本人来电要求",
        requested_by_id=None,
        now=people.NOW,
    )
    return make_staff(brand, role=Role.OWNER)


@pytest.mark.parametrize(("language", "theme", "width"), LOOKS)
def test_the_pages_look_right(
    visit: Visits, owner: Staff, language: str, theme: str, width: int
) -> None:
    seen = visit(owner, language=language, theme=theme, width=width)
    member = f"/members/{people.public_id(0)}/"
    for name, path in (
        ("privacy", "/privacy/"),
        ("member", member),
        ("erase", f"{member}erase/"),
        ("export", f"{member}personal-data/"),
    ):
        seen.open(path)
        assert seen.overflow() <= 0, path
        assert_clean(seen)
        seen.shot(f"privacy-{name}-{language}-{theme}-{width}")


def test_contact_is_shown_for_a_reason_and_gone_after(visit: Visits, owner: Staff) -> None:
    # given
    seen = visit(owner)
    page = seen.open(f"/members/{people.public_id(0)}/")

    # when
    page.click("#member-contact summary")
    page.fill("#contact-reason", "call back")
    page.click("#member-contact button")

    # then
    page.wait_for_selector("#member-contact >> text=19900000001")
    assert_clean(seen)
    seen.shot("privacy-contact")
    page.reload()
    assert page.locator("text=19900000001").count() == 0
    assert "19900000001" not in page.evaluate("JSON.stringify(localStorage)")
