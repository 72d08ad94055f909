"""Rows as they were before a source changed them, kept and put back in sets.

Table names and queries given here are names in our own code, never input.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

# What comes message by message rather than as a file: it is never undone.
LIVE_SOURCE = 0


def keep_before(cursor: Any, table: str, ids: str, source_ref: int) -> None:
    """Keep the present rows of ``table`` whose id the query ``ids`` yields.

    Rows this source already changed, or itself created, keep what they had before it.
    """
    cursor.execute(
        f"""
        insert into eventlog_beforeimage (source_ref, table_name, row_id, before)
        select %(ref)s, %(table)s, t.id, to_jsonb(t)
        from {table} t
        where t.id in ({ids}) and t.source_ref is distinct from %(ref)s
        on conflict do nothing
        """,
        {"ref": source_ref, "table": table},
    )


def restore_rows(cursor: Any, table: str, source_ref: int) -> list[int]:
    """Put back the rows of ``table`` as they were before ``source_ref``; returns their ids."""
    cursor.execute(
        """
        select string_agg(format('%%1$I = b.%%1$I', column_name), ', ' order by ordinal_position)
        from information_schema.columns
        where table_schema = current_schema() and table_name = %s
          and column_name <> 'id' and is_generated = 'NEVER'
        """,
        [table],
    )
    assignments = cursor.fetchone()[0]
    cursor.execute(
        f"""
        update {table} t set {assignments}
        from (select (jsonb_populate_record(null::{table}, before)).*
              from eventlog_beforeimage where source_ref = %s and table_name = %s) b
        where t.id = b.id returning t.id
        """,
        [source_ref, table],
    )
    ids = [row[0] for row in cursor.fetchall()]
    cursor.execute(
        "delete from eventlog_beforeimage where source_ref = %s and table_name = %s",
        [source_ref, table],
    )
    return ids


def follow_rows(cursor: Any, table: str, columns: Sequence[str], ids: Sequence[int]) -> int:
    """Let the images of rows ``ids`` hold what ``columns`` hold now; returns how many changed.

    An undo then puts back everything but these.
    """
    cursor.execute(
        f"""
        update eventlog_beforeimage b
        set before = b.before || (select jsonb_object_agg(e.key, e.value)
                                  from jsonb_each(to_jsonb(t)) e where e.key = any(%s))
        from {table} t
        where b.table_name = %s and b.row_id = any(%s) and t.id = b.row_id
        """,
        [list(columns), table, list(ids)],
    )
    return int(cursor.rowcount)
