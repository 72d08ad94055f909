"""Seal what lies in clear: for migrations that turn a column of text into a sealed one."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from huitou.vault.sealing import seal_many

_BATCH_ROWS = 5_000
Rows = list[tuple[Any, ...]]


def rows_by_id(cursor: Any, table: str, columns: str, condition: str = "true") -> Iterator[Rows]:
    """``id`` and ``columns`` of the table's rows, some thousands at a time."""
    last = 0
    while True:
        cursor.execute(
            f"select id, {columns} from {table} where id > %s and {condition}"
            f" order by id limit {_BATCH_ROWS}",
            [last],
        )
        rows: Rows = cursor.fetchall()
        if not rows:
            return
        yield rows
        last = rows[-1][0]


def seal_column(
    cursor: Any, table: str, column: str, ids: Sequence[int], values: Sequence[str | None]
) -> None:
    """Write ``values`` sealed into ``table.column`` of the rows ``ids``; '' and None are null."""
    cursor.execute(
        f"update {table} t set {column} = n.box from unnest(%s::bigint[], %s::bytea[]) n (id, box)"
        " where t.id = n.id",
        [list(ids), seal_many([value or None for value in values], table=table, column=column)],
    )


def seal_images(
    cursor: Any, table: str, columns: Sequence[str], derived: Callable[[dict[str, Any]], Any]
) -> None:
    """Seal ``columns`` in the before-images of a table's rows too.

    ``derived`` gives each image's further columns, from the image in clear.
    """
    condition = f"table_name = '{table}' and before ? '{columns[0]}'"
    for batch in rows_by_id(cursor, "eventlog_beforeimage", "before", condition):
        images = [row[1] if isinstance(row[1], dict) else json.loads(row[1]) for row in batch]
        further = [derived(image) for image in images]
        for column in columns:
            clear = [image[column] or None for image in images]
            boxes = seal_many(clear, table=table, column=column)
            for image, box in zip(images, boxes, strict=True):
                image[column] = None if box is None else "\\x" + box.hex()
        found = [json.dumps(image | more) for image, more in zip(images, further, strict=True)]
        cursor.execute(
            "update eventlog_beforeimage b set before = n.before::jsonb"
            " from unnest(%s::bigint[], %s::text[]) n (id, before) where b.id = n.id",
            [[row[0] for row in batch], found],
        )
