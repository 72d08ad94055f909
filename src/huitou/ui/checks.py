"""What must be in place before pages can be shown, as Django system checks."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.checks import CheckMessage, Error, Warning, register
from django.urls import NoReverseMatch, reverse

from huitou.ui import navigation

DIST = Path(__file__).resolve().parent / "static" / "dist"
BUILT = ("app.js", "charts.js", "console.css", "icons.svg")


@register
def assets_are_built(**_options: Any) -> list[CheckMessage]:
    """A checkout builds the scripts and styles once; a wheel brings them."""
    missing = [name for name in BUILT if not (DIST / name).exists()]
    if not missing:
        return []
    hint = "Run: python web/build.py"
    return [Warning(f"Console assets are missing: {', '.join(missing)}", hint=hint, id="ui.W001")]


@register
def navigation_leads_somewhere(**_options: Any) -> list[CheckMessage]:
    """Every page of the side bar has an address."""
    lost: list[CheckMessage] = []
    for item in navigation.registered():
        try:
            reverse(item.url_name)
        except NoReverseMatch:
            lost.append(Error(f"The side bar names no page: {item.url_name}", id="ui.E001"))
    return lost
