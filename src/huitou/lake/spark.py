"""Spark as the engine: within this process's machine, or a cluster that sees the lake's folder.

One Spark per process. A session has views over the lake's files on Spark and on DuckDB; what Spark
computes goes as Parquet into a folder of the session below the lake, where both read it. Whatever
is not set here is taken from Spark's own ``spark-defaults.conf`` (``SPARK_CONF_DIR``).
"""

from __future__ import annotations

import secrets
import shutil
import threading
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
from django.conf import settings

from huitou.kernel.errors import RefusedInputError
from huitou.lake.engine import memory_limit_mib, quoted
from huitou.lake.registry import LakeTable, tables
from huitou.lake.sessions import SPARK, Session

_TYPES = {
    pa.int16(): "SMALLINT",
    pa.int32(): "INT",
    pa.int64(): "BIGINT",
    pa.float64(): "DOUBLE",
    pa.string(): "STRING",
    pa.bool_(): "BOOLEAN",
    pa.date32(): "DATE",
    pa.timestamp("us", "UTC"): "TIMESTAMP",
}
# A lake of ten years has some thousand files; to list them is not worth a job of the cluster.
_LISTED_BY_DRIVER = 10_000

_lock = threading.Lock()
# The running Spark by its master; a process has one at a time.
_running: dict[str, Any] = {}


class SparkSession(Session):
    """Relations on Spark and, over the same files, on DuckDB.

    Spark is told of them, and started, by the first statement it is to compute: who reads through
    ``connection`` alone needs none.
    """

    dialect = SPARK

    def __init__(
        self,
        connection: duckdb.DuckDBPyConnection,
        files: Mapping[str, Sequence[str]],
        folder: Path,
    ) -> None:
        super().__init__(connection)
        self._files = files
        self._folder = folder
        self._untold: list[Callable[[Any], object]] = []
        self._made = 0

    def view(self, name: str, sql: str) -> None:
        """As ``Session.view``."""
        super().view(name, sql)
        self._untold.append(lambda spark: spark.sql(f"CREATE OR REPLACE TEMP VIEW {name} AS {sql}"))

    def read(self, name: str, path: str) -> None:
        """As ``Session.read``."""
        super().read(name, path)
        self._untold.append(lambda spark: spark.read.parquet(path).createOrReplaceTempView(name))

    def put(self, name: str, rows: pa.Table) -> None:
        """As ``Session.put``."""
        path = self._new_path(name)
        pq.write_table(rows, path)
        self.read(name, str(path))

    def make(self, name: str, sql: str) -> None:
        """As ``Session.make``. Raises ``RefusedInputError``: ``SPARK`` when it cannot start."""
        path = self._new_path(name)
        spark = self._told()
        found = spark.sql(sql)
        found.write.parquet(str(path))
        self._look_at(name, sorted(map(str, path.glob("*.parquet"))))
        spark.read.schema(found.schema).parquet(str(path)).createOrReplaceTempView(name)

    def rows(self, sql: str) -> str:
        """As ``Session.rows``; raises as ``make``."""
        name = f"rows_{self._made}"
        self.make(name, sql)
        return f"SELECT * FROM {name}"

    def state(self, name: str, day: date) -> None:
        """As ``Session.state``."""
        super().state(name, day)
        said = f"RETURNS DATE RETURN DATE {quoted(day.isoformat())}"
        self._untold.append(
            lambda spark: spark.sql(f"CREATE OR REPLACE TEMPORARY FUNCTION {name}() {said}")
        )

    def drop(self, name: str) -> None:
        """Forget a relation; its files go with the session."""
        self.connection.execute(f"DROP VIEW IF EXISTS {name}")
        self._untold.append(lambda spark: spark.catalog.dropTempView(name))

    def here(self) -> Session:
        """As ``Session.here``."""
        return Session(self.connection)

    @cached_property
    def _spark(self) -> Any:
        spark = _started(str(settings.SPARK_MASTER)).newSession()
        for table in tables().values():
            _rows(spark, table, self._files.get(table.name, ())).createOrReplaceTempView(table.name)
        return spark

    def _told(self) -> Any:
        """Spark, knowing every relation."""
        for tell in self._untold:
            tell(self._spark)
        self._untold.clear()
        return self._spark

    def _new_path(self, name: str) -> Path:
        self._folder.mkdir(parents=True, exist_ok=True)
        self._made += 1
        return self._folder / f"{name}-{self._made}"


@contextmanager
def session(
    connection: duckdb.DuckDBPyConnection, files: Mapping[str, Sequence[str]]
) -> Iterator[SparkSession]:
    """A session whose ``connection`` has the lake tables already."""
    folder = Path(settings.LAKE_ROOT) / ".spill" / f"spark-{secrets.token_hex(8)}"
    try:
        yield SparkSession(connection, files, folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _rows(spark: Any, table: LakeTable, paths: Sequence[str]) -> Any:
    """The rows of a table's files; none without files, but with the columns."""
    types = {field.name: _TYPES[field.type] for field in table.schema}
    if not paths:
        nothing = ", ".join(f"CAST(NULL AS {kind}) AS {name}" for name, kind in types.items())
        return spark.sql(f"SELECT {nothing} WHERE false")
    inside = f"/{table.name}/"
    root = paths[0][: paths[0].rindex(inside) + len(inside)]
    columns = ", ".join(f"{name} {kind}" for name, kind in types.items())
    rows = spark.read.schema(columns).option("basePath", root).parquet(*paths)
    return rows.select(*table.schema.names)


def stop() -> None:
    """End this process's Spark, if it has one."""
    with _lock:
        for spark in _running.values():
            spark.stop()
        _running.clear()


def _started(master: str) -> Any:
    with _lock:
        if master not in _running:
            for other in _running.values():
                other.stop()
            _running.clear()
            _running[master] = _start(master)
        return _running[master]


def _start(master: str) -> Any:
    try:
        from pyspark.errors import PySparkRuntimeError
        from pyspark.sql import SparkSession as Spark
    except ImportError as error:
        raise RefusedInputError(
            "SPARK", "HUITOU_ENGINE=spark needs the extra: pip install 'huitou[spark]'."
        ) from error
    builder = Spark.builder.appName("huitou").master(master)
    for key, value in _options(master).items():
        builder = builder.config(key, value)
    try:
        with warnings.catch_warnings():
            # Rows come and go as Parquet: no version of pandas matters here.
            warnings.filterwarnings("ignore", "PySpark does not yet fully support pandas")
            return builder.getOrCreate()
    except PySparkRuntimeError as error:
        raise RefusedInputError(
            "SPARK", f"Spark cannot start: is Java 17 or later installed? ({error})"
        ) from error


def _options(master: str) -> dict[str, str]:
    """What results and safety depend on; the rest is the site's."""
    options = {
        "spark.sql.session.timeZone": "UTC",
        # An overflow or a division by nothing is an error, never a wrong number.
        "spark.sql.ansi.enabled": "true",
        # What follows from the conditions of one rule can be more than any memory holds.
        "spark.sql.constraintPropagation.enabled": "false",
        "spark.sql.parquet.outputTimestampType": "TIMESTAMP_MICROS",
        "spark.sql.sources.parallelPartitionDiscovery.threshold": str(_LISTED_BY_DRIVER),
        "spark.driver.memory": f"{memory_limit_mib()}m",
        # Else Spark makes an empty folder of its own wherever the command stands.
        "spark.sql.warehouse.dir": str(Path(settings.LAKE_ROOT) / ".spill" / "spark-warehouse"),
        # A page without a login; and lines about progress among what commands say.
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
        "spark.log.level": "ERROR",
    }
    if master.startswith("local"):
        loopback = "127.0.0.1"
        options |= {"spark.driver.host": loopback, "spark.driver.bindAddress": loopback}
    return options
