"""The analytic engine: one in-memory DuckDB per process, one cursor per use.

Nothing is stored in DuckDB. A session sees the lake tables as views over a fixed list of Parquet
files, so its figures come from one version however long it runs.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import duckdb
import pyarrow as pa
from django.conf import settings

from huitou.lake.registry import LakeTable, tables

# A quarter of the machine, within these bounds: the web server and PostgreSQL live here too.
MEMORY_MIB_MIN = 512
MEMORY_MIB_MAX = 4096

# Parquet of a table that may be held in memory; some ten times as much there.
HELD_BYTES_MAX = 32 * 1024 * 1024

_engines: dict[str, duckdb.DuckDBPyConnection] = {}
_lock = threading.Lock()


def memory_limit_mib() -> int:
    """What DuckDB may hold before it spills; ``HUITOU_LAKE_MEMORY_MIB`` overrides."""
    stated = os.environ.get("HUITOU_LAKE_MEMORY_MIB")
    if stated:
        return int(stated)
    installed = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // (1024 * 1024)
    return max(MEMORY_MIB_MIN, min(MEMORY_MIB_MAX, installed // 4))


def _engine() -> duckdb.DuckDBPyConnection:
    root = Path(settings.LAKE_ROOT)
    with _lock:
        engine = _engines.get(str(root))
        if engine is None:
            engine = _engines[str(root)] = _new_engine(root)
        return engine


def _new_engine(root: Path) -> duckdb.DuckDBPyConnection:
    spill = root / ".spill"
    spill.mkdir(parents=True, exist_ok=True)
    engine = duckdb.connect(":memory:")
    engine.execute(f"SET memory_limit = '{memory_limit_mib()}MiB'")
    engine.execute(f"SET threads = {os.cpu_count() or 1}")
    engine.execute(f"SET temp_directory = {quoted(str(spill))}")
    engine.execute("SET preserve_insertion_order = false")
    engine.execute("SET GLOBAL TimeZone = 'UTC'")
    engine.execute("SET autoinstall_known_extensions = false")
    engine.execute("SET parquet_metadata_cache = true")
    # From here on the engine reads and writes below the lake's folder and nowhere else.
    engine.execute(f"SET allowed_directories = [{quoted(str(root) + '/')}]")
    engine.execute("SET enable_external_access = false")
    engine.execute("SET lock_configuration = true")
    return engine


@contextmanager
def cursor() -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection of its own to the process's engine, closed at the end."""
    connection = _engine().cursor()
    try:
        yield connection
    finally:
        connection.close()


@contextmanager
def session(
    files: Mapping[str, Sequence[str]], *, hold: bool = False
) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection in which every declared table is a view over its absolute paths in ``files``.

    With ``hold``, tables of no more than ``HELD_BYTES_MAX`` are read into memory at once: worth it
    for who reads them many times, since opening a small brand's files takes longer than reading.
    """
    with cursor() as connection:
        for table in tables().values():
            paths = files.get(table.name, ())
            held = hold and paths and sum(map(os.path.getsize, paths)) <= HELD_BYTES_MAX
            kind = "TABLE" if held else "VIEW"
            connection.execute(f"CREATE TEMP {kind} {table.name} AS {rows_sql(table, paths)}")
        yield connection


def rows_sql(table: LakeTable, paths: Sequence[str]) -> str:
    """The rows of a table's files; none without files, but with the columns."""
    if not paths:
        columns = ", ".join(
            f"CAST(NULL AS {sql_type(field.type)}) AS {field.name}" for field in table.schema
        )
        return f"SELECT {columns} WHERE false"
    listed = ", ".join(quoted(path) for path in paths)
    options = (
        "hive_partitioning = true, hive_types = {'month': INTEGER}"
        if table.partitioned
        else "hive_partitioning = false"
    )
    columns = ", ".join(table.schema.names)
    return f"SELECT {columns} FROM read_parquet([{listed}], {options})"


def sql_type(kind: pa.DataType) -> str:
    """DuckDB's name of an Arrow type the lake uses.

    Raises ``KeyError`` for a type no lake table has.
    """
    names = {
        pa.int16(): "SMALLINT",
        pa.int32(): "INTEGER",
        pa.int64(): "BIGINT",
        pa.float64(): "DOUBLE",
        pa.string(): "VARCHAR",
        pa.bool_(): "BOOLEAN",
        pa.date32(): "DATE",
        pa.timestamp("us", "UTC"): "TIMESTAMPTZ",
    }
    return names[kind]


def quoted(text: str) -> str:
    """``text`` as an SQL string literal.

    >>> quoted("it's")
    "'it''s'"
    """
    return "'" + text.replace("'", "''") + "'"
