"""Fixtures shared by the tests of every room."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from huitou.brands.models import Brand, Shop, Staff
from tests.factories import make_brand, make_shop, make_staff

SAMPLES = Path(__file__).parent / "data" / "samples"


@pytest.fixture
def brand(db: None) -> Brand:
    """A brand in Asia/Shanghai selling in CNY."""
    return make_brand()


@pytest.fixture
def shop(brand: Brand) -> Shop:
    """A Taobao shop of ``brand``."""
    return make_shop(brand)


@pytest.fixture
def staff(brand: Brand) -> Staff:
    """An operator of ``brand``; the password is ``password``."""
    return make_staff(brand)


@pytest.fixture
def home(tmp_path: Path, settings: Any) -> Path:
    """An empty data folder of this test's own, for the lake and the uploads."""
    settings.HUITOU_HOME = tmp_path
    settings.LAKE_ROOT = tmp_path / "lake"
    settings.UPLOADS_ROOT = tmp_path / "uploads"
    return tmp_path


@pytest.fixture
def samples() -> Path:
    """The folder of sample files as the platforms export them."""
    return SAMPLES
