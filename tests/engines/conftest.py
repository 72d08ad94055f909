"""One body on every engine: DuckDB, Spark within this machine, and a cluster of two workers.

The tests of Spark are skipped by name where there is no Java or no PySpark.
"""

from __future__ import annotations

import importlib.util
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from huitou.lake.sessions import DUCKDB, SPARK
from tests.engines.clusters import standalone

# Little data: two partitions, no plans made anew on the way, code that is quickly compiled rather
# than fast, and memory for two other test workers.
_SPARK_DEFAULTS = """
spark.sql.shuffle.partitions 2
spark.sql.adaptive.enabled false
spark.default.parallelism 2
spark.executor.memory 512m
spark.executor.cores 1
spark.driver.extraJavaOptions -XX:TieredStopAtLevel=1
spark.executor.extraJavaOptions -XX:TieredStopAtLevel=1
"""
_DRIVER_MIB = "768"
ENGINES = ("duckdb", "spark", "cluster")


@dataclass(frozen=True)
class Engine:
    """What ``HUITOU_ENGINE`` and ``HUITOU_SPARK_MASTER`` say."""

    name: str
    master: str


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip what runs on Spark where something it needs is missing, and say what.

    One engine after the other: a process has one Spark, and each takes seconds to start.
    """
    needs = {
        "java is not installed": shutil.which("java") is not None,
        "pyspark is not installed": importlib.util.find_spec("pyspark") is not None,
    }
    missing = [what for what, present in needs.items() if not present]
    for item in items:
        if missing and _place(item) > 1:
            item.add_marker(pytest.mark.skip(reason="; ".join(missing)))
    items.sort(key=_place)


def _place(item: pytest.Item) -> int:
    """0 for tests of other folders, else the place of the engine from 1."""
    callspec = getattr(item, "callspec", None)
    if callspec is None or Path(__file__).parent not in item.path.parents:
        return 0
    return 1 + ENGINES.index(callspec.params["engine"])


@pytest.fixture(scope="session")
def spark_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder for Spark's own files; at the end this process's Spark is stopped."""
    folder = tmp_path_factory.mktemp("spark")
    (folder / "spark-defaults.conf").write_text(_SPARK_DEFAULTS)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SPARK_CONF_DIR", str(folder))
        patch.setenv("SPARK_LOCAL_IP", "127.0.0.1")
        patch.setenv("HUITOU_LAKE_MEMORY_MIB", _DRIVER_MIB)
        yield folder
        from huitou.lake import spark

        spark.stop()


@pytest.fixture(scope="session")
def cluster(spark_home: Path) -> Iterator[str]:
    """The address of a cluster of two workers."""
    with standalone(spark_home) as master:
        yield master
        from huitou.lake import spark

        spark.stop()  # before its cluster goes


@pytest.fixture
def engine(request: pytest.FixtureRequest) -> Engine:
    """The engine a test names, up or coming up when it is first asked."""
    if request.param == "cluster":
        return Engine(SPARK, request.getfixturevalue("cluster"))
    if request.param == "spark":
        request.getfixturevalue("spark_home")
        return Engine(SPARK, "local[2]")
    return Engine(DUCKDB, "")


@pytest.fixture
def chosen(engine: Engine, settings: Any, home: Path) -> Engine:
    """The engine, as the site's setting."""
    settings.ENGINE = engine.name
    settings.SPARK_MASTER = engine.master
    return engine
