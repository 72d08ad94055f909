"""The life cycle over time in a real browser: policy, accessibility, languages and widths."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from huitou.brands.models import Brand, Staff
from huitou.insight.tasks import KEEP_JOB, keep_months
from huitou.jobs.queries import unfinished_jobs
from tests.console.sales import sell_to_regulars

Visits = Callable[..., Any]


@pytest.mark.parametrize(
    ("language", "theme", "width"),
    [
        ("zh-hans", "light", 1440),
        ("zh-hans", "dark", 1440),
        ("zh-hans", "light", 390),
        ("en", "light", 1440),
    ],
    ids=["desktop", "dark", "phone", "english"],
)
def test_the_life_cycle_is_clean(
    visit: Visits,
    transactional_db: None,
    home: Path,
    brand: Brand,
    staff: Staff,
    language: str,
    theme: str,
    width: int,
) -> None:
    # given: the worker has not got to it
    sell_to_regulars(brand)
    seen = visit(staff, language=language, theme=theme, width=width)
    page = seen.open("/lifecycle/")
    page.wait_for_selector("#lifecycle-progress [role=status]")
    seen.shot(f"lifecycle-awaited-{language}-{theme}-{width}")
    assert seen.accessibility() == []
    assert (seen.violations(), seen.errors, seen.overflow()) == ([], [], 0)
    (job,) = unfinished_jobs(brand.pk, KEEP_JOB)

    # when it has, the page shows the figures by itself, and the charts in them
    keep_months(brand.pk, job.id)
    page.wait_for_selector("ec-chart[data-state=ready] >> nth=1")
    seen.shot(f"lifecycle-{language}-{theme}-{width}")

    # then
    assert page.locator("ec-chart[data-state=ready]").count() == 2
    assert seen.accessibility() == []
    assert (seen.violations(), seen.errors, seen.overflow()) == ([], [], 0)

    # when another end is chosen
    chosen = page.locator("#l-before option").nth(3).get_attribute("value")
    page.select_option("#l-before", chosen)
    page.wait_for_url(f"**/lifecycle/?months=12&before={chosen}&*")
    page.wait_for_selector("#l-before")

    # then
    assert page.input_value("#l-before") == chosen
