"""A real browser on the running console; skipped by name where there is none."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from huitou.brands.models import Staff

ROOT = Path(__file__).resolve().parents[2]
SHOTS = Path(__file__).parent / "shots"
AXE = ROOT / "web" / "node_modules" / "axe-core" / "axe.min.js"
ASSETS = ROOT / "src" / "huitou" / "ui" / "static" / "dist"
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")

WATCH = """
window.violations = [];
document.addEventListener("securitypolicyviolation", (event) =>
  window.violations.push(`${event.violatedDirective} ${event.blockedURI} ${event.sample}`));
"""
# htmx reports a request that a newer one replaced; that is how it is meant to work. A request that
# failed is told as htmx:sendError or htmx:timeout beside htmx:afterRequest, and is not let pass.
HARMLESS = ("htmx:abort", "htmx:sendAbort", "htmx:afterRequest")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip the browser tests where something they need is missing, and say what."""
    needs = {
        "chromium is not installed": CHROMIUM is not None,
        "the assets are not built: python web/build.py": ASSETS.exists(),
        "axe-core is not installed: python web/build.py": AXE.exists(),
    }
    missing = [what for what, present in needs.items() if not present]
    here = Path(__file__).parent
    for item in items:
        if missing and here in item.path.parents:
            item.add_marker(pytest.mark.skip(reason="; ".join(missing)))


class Visit:
    """One page open in the browser, with what went wrong on it."""

    def __init__(self, page: Any, base: str) -> None:
        self.page = page
        self.base = base
        self.errors: list[str] = []
        page.add_init_script(WATCH)
        page.on("console", self._heard)
        page.on("pageerror", lambda error: self.errors.append(str(error)))

    def _heard(self, message: Any) -> None:
        if message.type in ("error", "warning") and not message.text.startswith(HARMLESS):
            self.errors.append(message.text)

    def open(self, address: str) -> Any:
        """Go there and wait until everything is loaded and the charts are drawn."""
        from playwright.sync_api import expect

        self.page.goto(self.base + address)
        self.page.wait_for_load_state("networkidle")
        unfinished = "ec-chart:not([data-state]), ec-chart[data-state=loading]"
        expect(self.page.locator(unfinished)).to_have_count(0)
        return self.page

    def violations(self) -> list[str]:
        """What the content security policy refused on the present page."""
        return self.page.evaluate("window.violations")

    def accessibility(self) -> list[str]:
        """What axe-core finds wrong on the present page, with the elements."""
        self.page.evaluate(AXE.read_text(encoding="utf-8"))
        found = self.page.evaluate("axe.run(document, {resultTypes: ['violations']})")
        return [
            f"{rule['id']}: {node['target']} {node['failureSummary']}"
            for rule in found["violations"]
            for node in rule["nodes"]
        ]

    def overflow(self) -> int:
        """By how many pixels the page is wider than the screen."""
        return self.page.evaluate("document.documentElement.scrollWidth - window.innerWidth")

    def shot(self, name: str) -> None:
        """Keep a picture of the whole page for people to look at."""
        SHOTS.mkdir(exist_ok=True)
        self.page.screenshot(path=SHOTS / f"{name}.png", full_page=True)


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    """One browser for a file of tests.

    Playwright's synchronous interface runs an event loop in this thread, which makes Django suspect
    that its database calls block one; no longer than for these tests.
    """
    from playwright.sync_api import sync_playwright

    with pytest.MonkeyPatch.context() as patch, sync_playwright() as playwright:
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", "--disable-dev-shm-usage"]
        )
        yield browser
        browser.close()


@pytest.fixture
def visit(chromium: Any, live_server: Any) -> Iterator[Callable[..., Visit]]:
    """A maker of visits: ``visit(staff, language="en", theme="dark", width=390)``."""
    from django.test import Client

    contexts = []

    def make(
        staff: Staff | None, *, language: str = "en", theme: str = "light", width: int = 1440
    ) -> Visit:
        context = chromium.new_context(
            viewport={"width": width, "height": 900}, reduced_motion="reduce"
        )
        contexts.append(context)
        cookies = {"django_language": language, "theme": theme}
        if staff is not None:
            signed_in = Client()
            signed_in.force_login(staff)
            cookies["sessionid"] = signed_in.cookies["sessionid"].value
        context.add_cookies(
            [{"name": n, "value": v, "url": live_server.url} for n, v in cookies.items()]
        )
        return Visit(context.new_page(), live_server.url)

    yield make
    for context in contexts:
        context.close()
