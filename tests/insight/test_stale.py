"""Figures follow the calendar without anybody asking."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import pyarrow as pa
import pytest
from procrastinate.contrib.django.models import ProcrastinateJob

from huitou.brands.models import Brand
from huitou.config.worker import look_for_stale_figures
from huitou.insight import services, snapshots
from huitou.insight.types import Scope
from huitou.lake import registry
from tests.factories import make_brand

EVENING = datetime(2026, 11, 22, 15, 59, tzinfo=UTC)  # 23:59 in Shanghai
MIDNIGHT = datetime(2026, 11, 22, 16, 0, tzinfo=UTC)


def test_figures_are_stale_once_the_brands_own_day_has_passed(brand: Brand, home: Path) -> None:
    services.refresh(brand.pk, now=EVENING)

    assert services.stale_brands(EVENING) == []
    assert services.stale_brands(MIDNIGHT) == [brand.pk]


def test_snapshots_of_another_format_count_as_none_and_are_made_anew(
    brand: Brand, home: Path
) -> None:
    # given a pointer as an earlier version left it
    services.refresh(brand.pk, now=EVENING)
    pointer = snapshots.snapshots_root(brand.pk) / snapshots.POINTER
    stated = json.loads(pointer.read_text())
    pointer.write_text(json.dumps({**stated, "format": f"{snapshots.format_now()}-of-before"}))

    # then
    assert snapshots.current(Scope(brand.pk)) is None
    assert services.stale_brands(EVENING) == [brand.pk]


def test_figures_beside_lake_tables_of_other_columns_count_as_none(
    brand: Brand, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given
    services.refresh(brand.pk, now=EVENING)

    # when a later version has one more column
    table = registry.tables()["product_dim"]
    wider = replace(table, schema=table.schema.append(pa.field("maker", pa.string())))
    monkeypatch.setitem(registry._TABLES, "product_dim", wider)
    snapshots.format_now.cache_clear()
    found = snapshots.current(Scope(brand.pk))
    monkeypatch.undo()
    snapshots.format_now.cache_clear()

    # then
    assert found is None
    assert snapshots.current(Scope(brand.pk)) is not None


@pytest.mark.django_db(transaction=True)
def test_a_worker_that_starts_looks_for_stale_figures_once() -> None:
    waiting = ProcrastinateJob.objects.filter(
        task_name="insight.refresh_stale_brands", status="todo"
    )
    before = waiting.count()

    look_for_stale_figures()
    look_for_stale_figures()

    assert waiting.count() == max(before, 1)


def test_a_pinned_brand_and_one_never_refreshed_are_left_alone(brand: Brand, home: Path) -> None:
    pinned = make_brand(pinned_as_of=date(2018, 1, 1))
    services.refresh(pinned.pk, now=EVENING)

    assert services.stale_brands(MIDNIGHT) == []
