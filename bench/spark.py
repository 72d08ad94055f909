"""Traits of 1 M members and 10 M orders on Spark within this machine, beside DuckDB.

Both compute the same definitions over the same files, as a refresh does, and the results are
compared column by column. It runs in a process of its own; the process of Spark beside it may have
as much memory as DuckDB.
"""

from __future__ import annotations

import json
import os
import shutil
import tempfile
import time
from pathlib import Path
from typing import Any

from bench import insight_refresh
from bench.ground import measured_apart
from bench.insight_refresh import BRAND_ID, MEMORY_MIB
from bench.report import Figure


def run() -> list[Figure]:
    """Measure in a child process; nothing where there is no Java."""
    if shutil.which("java") is None:
        return [Figure("spark", "no java on this machine", "not measured")]
    m = measured_apart("spark", HUITOU_LAKE_MEMORY_MIB=str(MEMORY_MIB))
    size = f"{m['members']:,} members, {m['orders']:,} orders, {m['lines']:,} lines"
    different = m["different"]
    return [
        Figure("spark", f"{size}: traits on Spark, {m['master']}", f"{m['spark']:.0f} s"),
        Figure("spark", "the same on DuckDB", f"{m['duckdb']:.1f} s"),
        Figure("spark", "starting Spark", f"{m['start']:.0f} s"),
        Figure("spark", "members whose traits differ", str(different), "0", different == 0),
    ]


def _measure() -> dict[str, Any]:
    home = Path(tempfile.mkdtemp(prefix="huitou-bench-"))
    os.environ["HUITOU_HOME"] = str(home)
    try:
        from huitou.config.bootstrap import set_up_django

        set_up_django()
        from django.conf import settings

        from huitou.lake import spark, store, switch

        root = store.brand_root(BRAND_ID)
        files = insight_refresh._generate(root)
        found: dict[str, Any] = {"master": settings.SPARK_MASTER}
        # The names are those of what the bench of DuckDB compares.
        on_duckdb, on_spark = root / "by_hand.parquet", root / "product.parquet"
        found["duckdb"] = _timed(lambda: insight_refresh._product(files, on_duckdb))
        settings.ENGINE = "spark"
        found["start"] = _timed(lambda: _open(switch))
        found["spark"] = _timed(lambda: insight_refresh._product(files, on_spark))
        spark.stop()
        found["different"] = insight_refresh._different(root)
        return {**insight_refresh._sizes(files), **found}
    finally:
        shutil.rmtree(home, ignore_errors=True)


def _open(switch: Any) -> None:
    with switch.session({}) as session:
        session.make("nothing", "SELECT 1 AS one")


def _timed(work: Any) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


if __name__ == "__main__":
    print(json.dumps(_measure()))
