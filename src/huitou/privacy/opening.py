"""Sealed columns of declared tables as the values they hold."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from huitou.vault.columns import opened
from huitou.vault.personal import TableMap

Row = dict[str, Any]


def sealed_beside(table: TableMap, columns: Iterable[str]) -> list[str]:
    """The further columns that ``in_clear`` needs to open ``columns`` of the table."""
    known = list(columns)
    needed = {table.personal[c].sealed for c in known if c in table.personal}
    return sorted(needed - {"", *known})


def in_clear(table: TableMap, rows: list[Row]) -> list[Row]:
    """``rows`` with what is sealed in clear; columns that only hold seals of others are left out.

    Bytes may come as the text PostgreSQL writes them as.
    """
    if not rows:
        return rows
    beside: dict[str, list[str]] = {}
    for column, personal in table.personal.items():
        if personal.sealed and personal.sealed in rows[0] and column in rows[0]:
            clear = beside.get(personal.sealed)
            if clear is None:
                boxes = [row[personal.sealed] for row in rows]
                clear = opened(boxes, table=table.table, column=personal.sealed)
                beside[personal.sealed] = clear
            for row, value in zip(rows, clear, strict=True):
                if column == personal.sealed or value:
                    row[column] = value
    stand_ins = {p.sealed for c, p in table.personal.items() if p.sealed not in ("", c)}
    return [{c: v for c, v in row.items() if c not in stand_ins} for row in rows]
