"""The dashboard in a real browser: policy, accessibility, both languages, themes and widths."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from huitou.brands.models import Brand, Staff
from huitou.insight import queries
from huitou.jobs.services import create_job
from tests.console import figures

Visits = Callable[..., Any]


@pytest.fixture(autouse=True)
def _figures(monkeypatch: pytest.MonkeyPatch) -> None:
    figures.install(monkeypatch)


@pytest.fixture
def brand(transactional_db: None, brand: Brand) -> Brand:
    """A brand whose data is said to be generated."""
    brand.name = "青禾小筑"
    brand.data_note_zh, brand.data_note_en = "演示数据，由程序生成", "Demo data, generated"
    brand.save()
    return brand


@pytest.mark.parametrize("width", [1440, 390])
@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_the_dashboard_is_clean(
    visit: Visits, brand: Brand, staff: Staff, language: str, theme: str, width: int
) -> None:
    # given
    create_job(brand_id=brand.pk, kind="import", subject="orders.csv")
    seen = visit(staff, language=language, theme=theme, width=width)

    # when
    page = seen.open("/?period=90")
    seen.shot(f"dashboard-{language}-{theme}-{width}")

    # then
    assert page.locator("ec-chart[data-state=ready]").count() == 3
    assert seen.accessibility() == []
    assert seen.violations() == []
    assert seen.errors == []
    assert seen.overflow() == 0


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [1440, 390])
def test_signing_in_is_clean(visit: Visits, staff: Staff, theme: str, width: int) -> None:
    # given
    seen = visit(None, language="zh-hans", theme=theme, width=width)
    page = seen.open("/login/")
    seen.shot(f"login-{theme}-{width}")
    assert seen.accessibility() == []

    # when
    page.fill("#id_username", staff.username)
    page.fill("#id_password", "password")
    page.click("main form .btn-primary")
    page.wait_for_url(seen.base + "/")

    # then
    assert (seen.violations(), seen.errors, seen.overflow()) == ([], [], 0)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_brand_without_figures_is_clean(
    visit: Visits, staff: Staff, theme: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given
    monkeypatch.setattr(queries, "freshness", lambda scope: None)
    seen = visit(staff, language="zh-hans", theme=theme)

    # when
    seen.open("/")
    seen.shot(f"dashboard-empty-{theme}")

    # then
    assert (seen.accessibility(), seen.violations(), seen.errors) == ([], [], [])


def test_charts_tell_and_lead_without_breaking_the_policy(visit: Visits, staff: Staff) -> None:
    # given
    seen = visit(staff)
    page = seen.open("/")

    # when
    for chart in page.locator("ec-chart").all():
        chart.hover(position={"x": 200, "y": 120})
        chart.locator(".ec-tip").wait_for()
    page.hover("h1")

    # then
    assert page.locator(".ec-tip").count() == 3
    assert (seen.violations(), seen.errors) == ([], [])


def test_the_theme_changes_at_once_and_stays(visit: Visits, staff: Staff) -> None:
    # given
    seen = visit(staff)
    page = seen.open("/")

    # when
    page.click("[data-theme-switch] button")
    at_once = page.evaluate("document.documentElement.dataset.bsTheme")
    page = seen.open("/")

    # then
    assert at_once == "dark"
    assert page.evaluate("document.documentElement.dataset.bsTheme") == "dark"
    assert (seen.violations(), seen.errors) == ([], [])


def test_the_language_is_switched_from_the_top_bar(visit: Visits, staff: Staff) -> None:
    # given
    page = visit(staff, language="zh-hans").open("/")

    # when
    page.click(".ec-language")
    page.wait_for_selector("h1:has-text('Business overview')")

    # then
    assert page.locator("html").get_attribute("lang") == "en"


def test_menus_and_the_tray_open(visit: Visits, brand: Brand, staff: Staff) -> None:
    # given
    create_job(brand_id=brand.pk, kind="import", subject="orders.csv")
    seen = visit(staff)
    page = seen.open("/")
    page.wait_for_selector(".ec-dot:visible")

    # when
    page.click("[data-tray] > button")
    page.wait_for_selector(".ec-job:visible")
    seen.shot("tray")
    clean_tray = seen.accessibility()
    page.keyboard.press("Escape")
    page.click(".ec-scope")
    clean_scope = seen.accessibility()

    # then
    assert (clean_tray, clean_scope, seen.violations(), seen.errors) == ([], [], [], [])


def test_the_side_bar_slides_in_on_a_phone(visit: Visits, staff: Staff) -> None:
    # given
    seen = visit(staff, width=390)
    page = seen.open("/")
    assert not page.locator("#side").is_visible()

    # when
    page.click("[data-bs-target='#side'][data-bs-toggle]")
    page.wait_for_selector("#side.show:not(.showing)")
    seen.shot("side-390")

    # then
    assert (seen.accessibility(), seen.violations(), seen.errors) == ([], [], [])


def test_the_keyboard_reaches_the_content_first(visit: Visits, staff: Staff) -> None:
    # given
    page = visit(staff).open("/")

    # when
    page.keyboard.press("Tab")
    link = page.evaluate("document.activeElement.className")
    page.keyboard.press("Enter")

    # then
    assert link == "ec-skip"
    assert page.evaluate("location.hash") == "#content"


def test_a_failed_chart_offers_another_try(visit: Visits, staff: Staff) -> None:
    # given
    seen = visit(staff)
    seen.page.route("**/charts/rfm/*", lambda route: route.fulfill(status=503))
    page = seen.open("/")
    page.wait_for_selector("ec-chart[data-state=error]")

    # when
    page.unroute("**/charts/rfm/*")
    page.click("ec-chart[data-state=error] button")

    # then
    page.locator("ec-chart[data-state=ready] >> nth=2").wait_for()
