"""The system checks of pages."""

from __future__ import annotations

from pathlib import Path

import pytest

from huitou.brands.models import Brand
from huitou.ui import checks, navigation
from huitou.ui.navigation import NavItem
from huitou.ui.scope import RequestScope


def test_missing_assets_are_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # given
    for name in ("app.js", "console.css", "icons.svg"):
        (tmp_path / name).touch()
    monkeypatch.setattr(checks, "DIST", tmp_path)

    # when
    found = checks.assets_are_built()

    # then
    assert [(w.id, w.msg) for w in found] == [("ui.W001", "Console assets are missing: charts.js")]


def test_every_page_of_the_side_bar_has_an_address() -> None:
    assert checks.navigation_leads_somewhere() == []


def test_a_page_without_an_address_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    # given
    monkeypatch.setattr(navigation, "_items", {})
    navigation.register(NavItem("data", "Nowhere", "nowhere", icon="x"))

    # when
    found = checks.navigation_leads_somewhere()

    # then
    assert [error.msg for error in found] == ["The side bar names no page: nowhere"]


def test_the_side_bar_groups_sorts_and_marks(monkeypatch: pytest.MonkeyPatch) -> None:
    # given
    monkeypatch.setattr(navigation, "_items", {})
    navigation.register(NavItem("data", "Later", "jobs_tray", icon="x", order=20))
    navigation.register(NavItem("data", "Sooner", "login", icon="x", order=10, also=("logout",)))
    navigation.register(NavItem("overview", "Home", "dashboard", icon="x"))

    # when
    groups = navigation.side_bar("logout", RequestScope())

    # then
    seen = [[(item.label, url, now) for item, url, now in group.entries] for group in groups]
    assert seen == [
        [("Home", "/", False)],
        [("Sooner", "/login/", True), ("Later", "/jobs/tray/", False)],
    ]


OVERVIEW_PAGES = ["dashboard", "lifecycle", "value", "funnel", "association"]
PEOPLE_PAGES = ["members", "segments", "identity_review", "tags", "attributes", "touchpoints"]
DATA_PAGES = ["imports", "quarantine_all"]
SETTINGS_PAGES = ["staff", "audit", "privacy"]
INTERFACE_PAGES = ["api_keys", "connections", "webhooks"]


@pytest.mark.parametrize(
    ("role", "seen"),
    [
        ("operator", [*OVERVIEW_PAGES, *PEOPLE_PAGES, *DATA_PAGES]),
        ("analyst", [*OVERVIEW_PAGES, "members", "segments", "tags", "attributes", "touchpoints"]),
        ("finance", OVERVIEW_PAGES),
        ("developer", [*OVERVIEW_PAGES, *DATA_PAGES, *INTERFACE_PAGES]),
        (None, [*OVERVIEW_PAGES, *PEOPLE_PAGES, *DATA_PAGES, *INTERFACE_PAGES, *SETTINGS_PAGES]),
    ],
)
def test_people_see_the_pages_their_role_may_open(role: str | None, seen: list[str]) -> None:
    groups = navigation.side_bar(None, RequestScope(brand=Brand(), role=role))

    assert [item.url_name for group in groups for item, _, _ in group.entries] == seen


def test_an_unknown_group_is_refused() -> None:
    with pytest.raises(ValueError, match="unknown navigation group 'nonsense'"):
        navigation.register(NavItem("nonsense", "x", "dashboard", icon="x"))
