"""A session: relations by name over one version of the lake, and the engine that fills them.

What is computed from facts is compiled for the session's ``dialect`` and given to ``make`` or
``rows``. What it finds has a row per member at most, and is read through ``connection``, a DuckDB
whatever the engine is.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import duckdb
import pyarrow as pa

from huitou.lake.engine import quoted

DUCKDB, SPARK = "duckdb", "spark"


class Session:
    """The session of DuckDB, within this process; that of Spark does all of it on both."""

    dialect = DUCKDB

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self.connection = connection

    def view(self, name: str, sql: str) -> None:
        """Call ``sql`` by a name; it is written in what every engine understands."""
        self.connection.execute(f"CREATE OR REPLACE TEMP VIEW {name} AS {sql}")

    def read(self, name: str, path: str) -> None:
        """Call the rows of a Parquet file by a name."""
        self._look_at(name, [path])

    def put(self, name: str, rows: pa.Table) -> None:
        """Make ``rows`` a relation."""
        self.connection.register("incoming", rows)
        self.connection.execute(f"CREATE OR REPLACE TEMP TABLE {name} AS SELECT * FROM incoming")
        self.connection.unregister("incoming")

    def make(self, name: str, sql: str) -> None:
        """Compute a statement of the session's dialect and keep its rows by a name."""
        self.connection.execute(f"CREATE OR REPLACE TEMP TABLE {name} AS {sql}")

    def rows(self, sql: str) -> str:
        """The rows of a statement of the session's dialect, as SQL for ``connection``."""
        return sql

    def state(self, name: str, day: date) -> None:
        """Let statements ask for ``day`` by calling ``name``."""
        said = quoted(day.isoformat())
        self.connection.execute(f"CREATE OR REPLACE TEMP MACRO {name}() AS DATE {said}")

    def drop(self, name: str) -> None:
        """Forget a relation that was made: memory for the next."""
        self.connection.execute(f"DROP TABLE IF EXISTS {name}")

    def here(self) -> Session:
        """The same relations with DuckDB as the engine, for what has become small."""
        return self

    def _look_at(self, name: str, paths: Sequence[str]) -> None:
        listed = ", ".join(quoted(path) for path in paths)
        self.connection.execute(
            f"CREATE OR REPLACE TEMP VIEW {name} AS SELECT * FROM read_parquet([{listed}])"
        )
