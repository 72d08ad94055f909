"""The pages that put segments side by side in a real browser."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from huitou.brands.models import Brand, Staff
from huitou.segments import refreshing
from huitou.segments.services import put_segment
from tests.browser.test_imports import assert_clean
from tests.console.sales import sell
from tests.insight.histories import NOW

Visits = Callable[..., Any]
SEGMENTS: dict[str, tuple[str, dict[str, Any]]] = {
    "recent": ("近半年购买", {"trait": "recency_days", "lt": 200}),
    "often": ("三次及以上", {"trait": "frequency", "gte": 3}),
    "zhejiang": ("浙江会员", {"trait": "province", "eq": "浙江省"}),
    "loyal": ("忠诚客", {"trait": "buyer_type", "eq": "loyal"}),
}
ASKED = "&".join(f"segment={slug}" for slug in SEGMENTS)
LOOKS = [
    ("zh-hans", "light", 1440),
    ("zh-hans", "dark", 1440),
    ("en", "light", 1440),
    ("zh-hans", "light", 390),
    ("en", "dark", 390),
]


@pytest.fixture
def brand(transactional_db: None, brand: Brand, home: Path) -> Brand:
    """A brand with a few hundred members and figures."""
    return sell(brand, members=300, orders=900)


@pytest.fixture
def segments(brand: Brand) -> None:
    """Four refreshed segments that overlap."""
    for slug, (name, rule) in SEGMENTS.items():
        put_segment(brand=brand, slug=slug, name=name, rule=rule, now=NOW)
    refreshing.refresh(brand)


@pytest.mark.parametrize("look", LOOKS, ids=lambda look: "-".join(map(str, look)))
def test_the_pages_are_clean(
    visit: Visits, segments: None, staff: Staff, look: tuple[str, str, int]
) -> None:
    # given
    language, theme, width = look
    seen = visit(staff, language=language, theme=theme, width=width)

    for show in (_drill, _matrix, _overlap, _comparison):
        # when
        show(seen)
        seen.shot("-".join(map(str, (f"segment{show.__name__}", *look))))

        # then
        assert_clean(seen)


def _drill(seen: Any) -> None:
    """Two steps down, both branches of each beside everybody."""
    steps = ['+{"trait":"recency_days","lt":366}', '-{"trait":"frequency","lt":3}']
    page = seen.open("/segments/drill/?" + urlencode([("step", step) for step in steps]))
    assert page.locator(".ec-way tbody tr").count() == 5


def _matrix(seen: Any) -> None:
    """Two cells ticked with the keyboard."""
    page = seen.open("/segments/matrix/?columns=province")
    for place in (0, 2):
        page.locator(".ec-matrix input").nth(place).focus()
        with page.expect_response(lambda response: "pick=" in response.url):
            page.keyboard.press("Space")
    page.wait_for_url(lambda url: url.count("pick=") == 2)
    assert page.locator("#picked .ec-fact").count() == 6


def _overlap(seen: Any) -> None:
    """One intersection chosen."""
    page = seen.open(f"/segments/overlap/?{ASKED}")
    page.locator(".ec-upset tbody a").nth(1).click()
    page.wait_for_load_state("networkidle")
    assert page.locator(".ec-upset tr.ec-taken").count() == 1


def _comparison(seen: Any) -> None:
    """Every trait of four segments."""
    page = seen.open(f"/segments/compare/?{ASKED}")
    assert page.locator(".ec-trait").count() > 10


def test_the_back_button_goes_a_step_back(visit: Visits, brand: Brand, staff: Staff) -> None:
    seen = visit(staff)
    page = seen.open("/segments/drill/")

    page.locator(".ec-cuts a").first.click()
    page.wait_for_load_state("networkidle")
    assert page.locator(".ec-way tbody tr").count() == 3

    page.go_back()
    assert page.locator(".ec-way tbody tr").count() == 1
