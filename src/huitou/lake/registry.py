"""The tables of the lake, as rooms declare them at start-up.

A room's ``lake.py`` registers its tables from ``AppConfig.ready``; the lake itself knows no room.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import pyarrow as pa


@dataclass(frozen=True)
class LakeTable:
    """A table the lake keeps per brand.

    ``sql`` selects the columns of ``schema``, in its order, from PostgreSQL; it may use
    ``%(brand_id)s``. When ``partitioned`` its columns also bear the schema's names, the first is
    the key, and others narrow it: to months, or to the rows of some accounts.
    ``months_sql`` lists (month, rows) of the months that have rows: of one brand, and only of
    ``%(months)s`` unless that is null. ``kinds`` are the event kinds after which the table is
    projected anew: the months named by the event's payload, or the whole of an unpartitioned table.
    """

    name: str
    schema: pa.Schema
    sql: str
    kinds: frozenset[str]
    partitioned: bool = True
    months_sql: str = ""

    def narrowed(self, condition: str) -> str:
        """``sql`` with only the rows that meet ``condition``, by month and key."""
        return (
            f"SELECT * FROM ({self.sql}) t WHERE {condition} ORDER BY month, {self.schema.names[0]}"
        )


_TABLES: dict[str, LakeTable] = {}


def register(table: LakeTable) -> None:
    """Declare ``table``; declaring the same one again is harmless.

    Raises ``ValueError`` when another table has the name.
    """
    if _TABLES.setdefault(table.name, table) != table:
        raise ValueError(f"two lake tables are named {table.name}")


def tables() -> Mapping[str, LakeTable]:
    """Every declared table by name."""
    return MappingProxyType(_TABLES)


def event_kinds() -> list[str]:
    """Every event kind the projection reads, sorted."""
    return sorted(set().union(*(table.kinds for table in _TABLES.values())))
