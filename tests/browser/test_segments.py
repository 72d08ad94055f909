"""Segments in a real browser: the list, the page of one, and a rule built by hand."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from huitou.brands.models import Brand, Shop, Staff
from huitou.segments import refreshing, services
from tests.browser.test_imports import LOOKS, assert_clean
from tests.console import people

Visits = Callable[..., Any]
NOW = datetime(2026, 7, 1, 2, tzinfo=UTC)
BUYERS = {"trait": "frequency", "gte": 1}
NESTED = {
    "all": [
        {"trait": "frequency", "gte": 1},
        {"any": [{"trait": "monetary_minor", "gte": 50_000}, {"not": {"did": "order.paid"}}]},
    ]
}


@pytest.fixture
def brand(transactional_db: None, home: Path, brand: Brand) -> Brand:
    """A brand in a database the browser's server sees too."""
    return brand


@pytest.fixture(autouse=True)
def _segments(brand: Brand, shop: Shop) -> None:
    people.fill(brand, shop)
    put(brand, "buyers", BUYERS, name="买过的人", description="买过至少一次")
    put(brand, "big", BUYERS, name="大客户")
    refreshing.refresh(brand)
    put(brand, "big", NESTED, name="大客户")
    refreshing.refresh(brand)
    put(brand, "fresh", {"segment": "buyers"}, name="新建的")


def put(brand: Brand, slug: str, rule: Any, **fields: Any) -> None:
    services.put_segment(brand=brand, slug=slug, rule=rule, now=NOW, **fields)


@pytest.mark.parametrize(("language", "theme", "width"), LOOKS)
def test_the_pages_are_clean(
    visit: Visits, staff: Staff, language: str, theme: str, width: int
) -> None:
    # given
    seen = visit(staff, language=language, theme=theme, width=width)
    pages = {
        "segments": "/segments/",
        "segment": "/segment/big/",
        "segment-fresh": "/segment/fresh/",
        "members-of-segment": "/members/?segment=big",
    }

    for name, address in pages.items():
        # when
        seen.open(address)
        seen.shot(f"{name}-{language}-{theme}-{width}")

        # then
        assert_clean(seen)
