"""Lake tables written straight from the generator equal those projected from PostgreSQL."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pytest

from huitou.demo.generator import BUSY_MIX, SHOPS, Population
from huitou.demo.lake_files import write_lake
from huitou.demo.loading import JOB_KIND, load
from huitou.demo.services import silent
from huitou.demo.tables import source
from huitou.jobs.services import create_job
from huitou.lake import projection, store
from tests.factories import make_brand, make_shop

NOW = datetime(2026, 6, 30, 4, tzinfo=UTC)
POPULATION = Population(400, 1, NOW, BUSY_MIX, chunk_members=200)
ORDERS = """
    SELECT status, is_purchase, epoch_us(ordered_at), epoch_us(paid_at), biz_date, month, quantity,
           list_minor, discount_minor, coupon_minor, paid_minor, refunded_minor, province, city,
           device, local_hour, gift_note, member_id IS NULL
    FROM read_parquet({files}, hive_partitioning = true, hive_types = {{'month': INTEGER}})
    ORDER BY ALL
"""
MEMBERS = """
    SELECT province, city, first_shop, first_channel, birth_month, birth_day,
      lunar_birthday
    FROM read_parquet({files}) ORDER BY ALL
"""
LINES = """
    SELECT is_purchase, biz_date, month, quantity, list_minor, paid_minor, discount_minor,
           refunded_minor, member_id IS NULL
    FROM read_parquet({files}, hive_partitioning = true, hive_types = {{'month': INTEGER}})
    ORDER BY ALL
"""


def test_the_counts_are_those_of_the_files(tmp_path: Path) -> None:
    written = write_lake(tmp_path, POPULATION)

    for table, rows in (
        ("order_fact", written.orders), ("line_fact", written.lines), ("member_dim", 400),
        ("product_dim", 120),
    ):  # fmt: skip
        pattern = f"{tmp_path}/{table}/**/*.parquet"
        assert duckdb.sql(f"SELECT count(*) FROM '{pattern}'").fetchall() == [(rows,)]
    assert 9 < written.orders / 400 < 12


@pytest.mark.django_db(transaction=True)
def test_the_facts_are_those_of_a_recorded_brand(home: Path, tmp_path: Path) -> None:
    brand = make_brand()
    for slug, platform, *_ in SHOPS:
        make_shop(brand, slug=slug, platform=platform)
    job = create_job(brand_id=brand.pk, kind=JOB_KIND, subject="demo")
    load(brand, job, source(POPULATION), now=NOW, say=silent)
    projection.project(brand.pk)

    write_lake(tmp_path / "direct", POPULATION)

    files = store.absolute(brand.pk, store.files_of(brand.pk))
    for table, query in (("order_fact", ORDERS), ("line_fact", LINES)):
        direct = query.format(files=f"'{tmp_path}/direct/{table}/*/*.parquet'")
        projected = query.format(files=files[table])
        assert duckdb.sql(direct).fetchall() == duckdb.sql(projected).fetchall()
    direct = MEMBERS.format(files=f"'{tmp_path}/direct/member_dim/*.parquet'")
    projected = MEMBERS.format(files=files["member_dim"])
    assert duckdb.sql(direct).fetchall() == duckdb.sql(projected).fetchall()
