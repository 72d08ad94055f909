"""The lake is a projection: incremental, rebuilt and re-run ones hold the same rows."""

from __future__ import annotations

import signal
import subprocess
import sys
import textwrap
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from deltalake import DeltaTable
from django.db import transaction

from huitou.behaviour.services import EventRow, record_events
from huitou.brands.models import Brand
from huitou.commerce.models import Order
from huitou.eventlog.services import append
from huitou.insight import queries, services
from huitou.insight.types import Scope
from huitou.lake import engine, projection, store
from huitou.lake.registry import LakeTable, tables
from tests.factories import make_brand, make_shop
from tests.insight.histories import NOW, Bought, make_members, random_history
from tests.insight.histories import store as store_history


def _content(brand: Brand) -> dict[str, list[tuple[Any, ...]]]:
    """Every table's rows, sorted."""
    found = {}
    with engine.session(store.absolute(brand.pk, store.files_of(brand.pk))) as connection:
        for name in tables():
            rows = connection.execute(f"SELECT {name}::VARCHAR FROM {name}").fetchall()
            found[name] = sorted(rows)
    return found


def _project(brand: Brand, *, rebuild: bool = False) -> dict[str, int]:
    with projection.writer_lock(brand.pk):
        return dict(projection.project(brand.pk, rebuild=rebuild).rows)


@pytest.fixture
def stocked(transactional_db: None, home: Path) -> tuple[Brand, list[int]]:
    """A brand with 200 projected orders and an event, and the orders' ids."""
    brand = make_brand()
    shops = [make_shop(brand), make_shop(brand)]
    orders = store_history(
        brand, shops, make_members(brand, 20), random_history(5, members=20, orders=200)
    )
    record_events(
        brand_id=brand.pk,
        time_zone=brand.time_zone,
        rows=[EventRow("till", "1", "visit", NOW)],
        now=NOW,
        origin="backfill",
    )
    _project(brand)
    return brand, orders


@pytest.mark.parametrize(("bytes_max", "kind"), [(engine.HELD_BYTES_MAX, "TABLE"), (0, "VIEW")])
def test_small_tables_are_held_and_large_ones_read_from_files(
    stocked: tuple[Brand, list[int]], monkeypatch: pytest.MonkeyPatch, bytes_max: int, kind: str
) -> None:
    # given
    brand, _ = stocked
    monkeypatch.setattr(engine, "HELD_BYTES_MAX", bytes_max)

    # when
    files = store.absolute(brand.pk, store.files_of(brand.pk))
    with engine.session(files, hold=True) as connection:
        held = {
            name: sorted(connection.execute(f"SELECT {name}::VARCHAR FROM {name}").fetchall())
            for name in tables()
        }
        found = connection.execute(
            "SELECT DISTINCT table_name FROM duckdb_tables() WHERE temporary"
        ).fetchall()

    # then
    assert held == _content(brand)
    stored = {name for name, paths in files.items() if paths}
    assert stored == set(tables()) - {"member_alias", "review_fact"}  # nobody merged, none written
    assert {name for (name,) in found} == (stored if kind == "TABLE" else set())


def test_incremental_changes_equal_a_rebuild(stocked: tuple[Brand, list[int]]) -> None:
    # given an order that moved to another month, one that went, one that is new
    brand, orders = stocked
    moved = Order.objects.get(pk=orders[0])
    gone = Order.objects.get(pk=orders[1])
    with transaction.atomic():
        months = sorted({moved.month, gone.month, 2025 * 12})
        Order.objects.filter(pk=moved.pk).update(biz_date=date(2025, 1, 9), month=2025 * 12)
        gone.delete()
        append(
            brand_id=brand.pk,
            kind="commerce.orders_recorded",
            subject_ids=[moved.pk, gone.pk],
            occurred_at=NOW,
            origin="live",
            payload={"months": months},
        )

    # when
    _project(brand)
    incremental = _content(brand)
    _project(brand, rebuild=True)

    # then
    assert incremental == _content(brand)
    assert len(incremental["order_fact"]) == 199


def test_a_second_run_reads_nothing(stocked: tuple[Brand, list[int]]) -> None:
    brand, _ = stocked
    assert _project(brand) == {}


def test_a_month_that_lost_its_orders_is_empty(stocked: tuple[Brand, list[int]]) -> None:
    # given
    brand, orders = stocked
    month = Order.objects.get(pk=orders[0]).month
    with transaction.atomic():
        doomed = Order.objects.filter(brand=brand, month=month)
        ids = list(doomed.values_list("pk", flat=True))
        doomed.delete()
        append(
            brand_id=brand.pk,
            kind="commerce.orders_removed",
            subject_ids=ids,
            occurred_at=NOW,
            origin="live",
            payload={"months": [month]},
        )

    # when
    _project(brand)

    # then
    with engine.session(store.absolute(brand.pk, store.files_of(brand.pk))) as connection:
        sql = f"SELECT count(*) FROM order_fact WHERE month = {month}"
        assert connection.execute(sql).fetchall() == [(0,)]


def test_other_brands_are_left_alone(stocked: tuple[Brand, list[int]]) -> None:
    # given
    brand, _ = stocked
    before = _content(brand)
    other = make_brand()

    # when
    store_history(other, [make_shop(other)], make_members(other, 1), [_one_order()])
    _project(other)

    # then
    assert _content(brand) == before
    assert len(_content(other)["order_fact"]) == 1


def _one_order() -> Bought:
    return Bought(number=1, shop=0, member=0, day=date(2024, 1, 5))


def test_an_undated_order_stays_out(transactional_db: None, home: Path) -> None:
    # given
    brand = make_brand()
    members = make_members(brand, 1)
    orders = store_history(brand, [make_shop(brand)], members, [_one_order()])
    Order.objects.filter(pk=orders[0]).update(biz_date=None, month=None)

    # when
    _project(brand, rebuild=True)

    # then
    assert _content(brand)["order_fact"] == []


def test_awkward_text_arrives_unchanged(transactional_db: None, home: Path) -> None:
    # given
    brand = make_brand()
    place = ('浙"江,\n省', "杭\\州\t市")
    order = replace(_one_order(), place=place)
    store_history(brand, [make_shop(brand)], make_members(brand, 1), [order])

    # when
    _project(brand)

    # then
    with engine.session(store.absolute(brand.pk, store.files_of(brand.pk))) as connection:
        assert connection.execute("SELECT province, city FROM order_fact").fetchall() == [place]


def test_a_folder_with_chinese_and_spaces_works(
    transactional_db: None, tmp_path: Path, settings: Any
) -> None:
    # given
    settings.LAKE_ROOT = tmp_path / "回头 客's" / "lake"
    brand = make_brand()
    store_history(brand, [make_shop(brand)], make_members(brand, 1), [_one_order()])

    # when
    services.refresh(brand.pk, as_of=date(2024, 1, 5), now=NOW)

    # then
    fresh = queries.freshness(Scope(brand.pk))
    assert fresh is not None
    assert fresh.orders == 1


KILLED_WRITER = """
    import os, signal, sys
    import pyarrow as pa
    from deltalake import write_deltalake
    schema = pa.schema([("order_id", pa.int64()), ("month", pa.int32())])
    def batches():
        for start in range(0, 3_000_000, 100_000):
            ids = pa.array(range(start, start + 100_000), pa.int64())
            yield pa.record_batch([ids, pa.array([24290] * 100_000, pa.int32())], schema=schema)
            if start == 2_000_000:
                os.kill(os.getpid(), signal.SIGKILL)
    write_deltalake(sys.argv[1], pa.RecordBatchReader.from_batches(schema, batches()),
                    mode="overwrite", predicate="month IN (24290)")
"""


def test_a_writer_killed_half_way_leaves_the_old_version(home: Path) -> None:
    # given a table of one month
    schema = pa.schema([("order_id", pa.int64()), ("month", pa.int32())])
    table = LakeTable(name="t", schema=schema, sql="", kinds=frozenset())
    batch = pa.record_batch([pa.array([7]), pa.array([24290], pa.int32())], schema=schema)
    store.replace_months(1, table, [24290], [batch])
    path = store.brand_root(1) / "t"

    # when
    killed = subprocess.run([sys.executable, "-c", textwrap.dedent(KILLED_WRITER), str(path)])

    # then
    assert killed.returncode == -signal.SIGKILL
    delta = DeltaTable(str(path))
    assert delta.version() == 0
    assert delta.to_pyarrow_table()["order_id"].to_pylist() == [7]


def test_one_writer_at_a_time(transactional_db: None, home: Path) -> None:
    # given a second connection that holds the right to write
    import threading

    from django.db import connection

    held, release, order = threading.Event(), threading.Event(), []

    def other() -> None:
        with projection.writer_lock(77):
            held.set()
            release.wait(10)
            order.append("other")
        connection.close()

    thread = threading.Thread(target=other)
    thread.start()
    held.wait(10)

    # when
    threading.Timer(0.2, release.set).start()
    with projection.writer_lock(77):
        order.append("this")
    thread.join()

    # then
    assert order == ["other", "this"]


def test_a_rebuild_that_ended_between_two_commits_is_made_anew(
    stocked: tuple[Brand, list[int]], monkeypatch: pytest.MonkeyPatch
) -> None:
    # given a rebuild that writes month by month and stops after the first
    brand, _ = stocked
    whole = _content(brand)
    write = store.replace_months
    written: list[object] = []

    def failing(brand_id: int, table: LakeTable, months: Any, batches: Any) -> None:
        if months and written:
            raise KeyboardInterrupt
        write(brand_id, table, months, batches)
        written.extend(months)

    monkeypatch.setattr(
        projection, "month_groups", lambda rows: [[month] for month in sorted(rows)]
    )
    monkeypatch.setattr(store, "replace_months", failing)
    with pytest.raises(KeyboardInterrupt):
        _project(brand, rebuild=True)

    # when
    monkeypatch.setattr(store, "replace_months", write)
    _project(brand)

    # then
    assert _content(brand) == whole
