"""Imports, quarantine and mapping in a real browser."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from huitou.brands.models import Brand, Shop, Staff
from huitou.commerce.models import Order
from huitou.ingest.models import Batch
from huitou.ingest.services import run_batch
from tests.ingest.pages import OWN_FILE, damaged, imported

Visits = Callable[..., Any]
LOOKS = [("zh-hans", "light", 1440), ("en", "dark", 1440), ("zh-hans", "dark", 390)]


@pytest.fixture
def brand(transactional_db: None, home: Path, brand: Brand) -> Brand:
    """A brand in a database the browser's server sees too."""
    return brand


def assert_clean(seen: Any) -> None:
    """Nothing was refused, nothing failed, nothing is out of reach or too wide."""
    assert seen.accessibility() == []
    assert seen.violations() == []
    assert seen.errors == []
    assert seen.overflow() == 0


def test_an_uploaded_file_is_followed_to_its_counts(
    visit: Visits, shop: Shop, staff: Staff, samples: Path
) -> None:
    # given
    seen = visit(staff)
    page = seen.open("/imports/")

    # when
    page.set_input_files("#id_uploads", samples / "taobao_ExportOrderList_2018.csv")
    page.click("main button:has-text('Import')")
    page.wait_for_selector("tr:has-text('Waiting')")
    run_batch(Batch.objects.get().pk)

    # then: the row follows by itself and stops asking
    row = page.wait_for_selector("tr:has-text('Done')")
    assert row.inner_text().split()[-6:] == ["5", "5", "0", "0", "0", "¥320.00"]
    assert row.get_attribute("hx-trigger") is None
    assert_clean(seen)


def test_a_refused_row_is_corrected_and_brought_back(
    visit: Visits, shop: Shop, staff: Staff, samples: Path, tmp_path: Path
) -> None:
    # given
    batch = imported(shop, tmp_path, damaged(samples))
    seen = visit(staff)
    page = seen.open(f"/imports/{batch.pk}/quarantine/")

    # when
    page.click("a:has-text('Correct') >> nth=-1")
    field = page.wait_for_selector("#drawer-body .ec-wrong input")
    assert_clean(seen)
    field.fill("2018-03-01 10:00:00")
    page.click("text=Save and retry")

    # then
    page.wait_for_selector("text=Nothing is waiting here")
    assert Order.objects.count() == 5
    assert_clean(seen)


def test_columns_are_named_with_a_live_preview(visit: Visits, shop: Shop, staff: Staff) -> None:
    # given
    seen = visit(staff)
    page = seen.open("/imports/")
    file = {"name": "sales.csv", "mimeType": "text/csv", "buffer": OWN_FILE.encode()}
    page.set_input_files("#id_uploads", file)
    page.click("main button:has-text('Import')")
    page.wait_for_selector("text=Give a column to: Order number")
    assert_clean(seen)

    # when
    page.select_option("#m-0", "order_no")

    # then
    page.wait_for_selector("text=first 3 rows: 2 accepted")
    assert_clean(seen)

    # when
    page.click("text=Save and import")

    # then
    page.wait_for_selector("text=Own mapping")
    assert Batch.objects.get().mapping["columns"]["order_no"] == "单据号"


@pytest.mark.parametrize(("language", "theme", "width"), LOOKS)
def test_the_pages_are_clean(
    visit: Visits,
    shop: Shop,
    staff: Staff,
    samples: Path,
    tmp_path: Path,
    language: str,
    theme: str,
    width: int,
) -> None:
    # given
    batch = imported(shop, tmp_path, damaged(samples))
    seen = visit(staff, language=language, theme=theme, width=width)
    pages = {
        "imports": "/imports/",
        "import": f"/imports/{batch.pk}/",
        "quarantine": f"/imports/{batch.pk}/quarantine/",
        "quarantine-row": f"/imports/{batch.pk}/quarantine/1/",
        "quarantine-all": "/quarantine/",
    }

    for name, address in pages.items():
        # when
        seen.open(address)
        seen.shot(f"{name}-{language}-{theme}-{width}")

        # then
        assert_clean(seen)
