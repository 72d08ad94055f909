"""The database step of an erasure, and what the map finds of a person: all of it from the map."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from django.db import connection
from psycopg.types.json import Jsonb

from huitou.eventlog.before_images import follow_rows
from huitou.eventlog.services import append
from huitou.privacy.opening import in_clear, sealed_beside
from huitou.privacy.subjects import Subject
from huitou.vault.hashing import TOKEN_PREFIX, blind_indexes, identifier_kind, token
from huitou.vault.personal import ROW_KIND, Erase, Personal, TableMap, tables

# News that rooms above rebuild their own copies by.
MEMBER_ERASED = "privacy.member_erased"


def counted(subject: Subject) -> Mapping[str, int]:
    """The rows an erasure would touch, by table; tables without any are left out."""
    found: dict[str, int] = {}
    with connection.cursor() as cursor:
        cursor.execute("set local statement_timeout = 0")
        for table, condition, values in _conditions(subject):
            cursor.execute(f"select count(*) from {table.table} t where {condition}", values)
            if rows := cursor.fetchone()[0]:
                found[table.table] = found.get(table.table, 0) + rows
    return found


def owned_rows(table: TableMap, subject: Subject) -> list[dict[str, Any]]:
    """The person's rows of a table with all their columns, as JSON holds them."""
    condition = table.owned or _searched(table, subject)
    if not condition:
        return []
    values = _search_values(subject, subject.sought.person)
    with connection.cursor() as cursor:
        cursor.execute(
            f"select to_jsonb(t)::text from {table.table} t where {condition} order by 1", values
        )
        return in_clear(table, [json.loads(row[0]) for row in cursor.fetchall()])


def erase(subject: Subject, now: datetime) -> None:
    """Erase the person from every declared table, their before-images, and tell it to the rooms."""
    with connection.cursor() as cursor:
        cursor.execute("set local statement_timeout = 0")
        for table, condition, values in _conditions(subject):
            if table.delete:
                cursor.execute(f"delete from {table.table} t where {condition}", values)
            elif condition is table.owned or condition is table.mentioned:
                _erase_rows(cursor, table, condition, values, subject)
            else:
                _erase_found(cursor, table, condition, values, subject)
    append(
        brand_id=subject.brand_id,
        kind=MEMBER_ERASED,
        subject_ids=list(subject.accounts),
        occurred_at=now,
        origin="live",
    )


def emptied(cursor: Any, table: TableMap) -> str:
    """The assignments that leave nothing in the columns erasure would empty."""
    types = _types(cursor, table.table)
    return ", ".join(
        _assignment(column, personal, types[column])
        for column, personal in table.personal.items()
        if personal.erase in (Erase.EMPTY, Erase.NULL)
    )


def _conditions(subject: Subject) -> Iterator[tuple[TableMap, str, dict[str, Any]]]:
    """Every table with the conditions that find rows to erase, in an order that deletes last."""
    for table in sorted(tables().values(), key=lambda t: not t.delete):
        if not table.personal:
            continue
        if table.owned:
            yield table, table.owned, subject.values
        if table.mentioned and subject.phones:
            yield table, table.mentioned, subject.values
        if condition := _searched(table, subject):
            empties = any(p.erase == Erase.EMPTY for p in table.personal.values())
            pattern = subject.sought.rows if empties else subject.sought.person
            yield table, condition, _search_values(subject, pattern)


def _search_values(subject: Subject, pattern: str) -> dict[str, Any]:
    return {**subject.values, **subject.sought.sql_values, "sought": pattern}


def _searched(table: TableMap, subject: Subject) -> str:
    if not table.searched or not subject.sought.person:
        return ""
    texts = (f'privacy_text(t."{c}")' if c in table.binary else f't."{c}"' for c in table.personal)
    matches = " or ".join(subject.sought.matches_sql(text) for text in texts)
    return f"{table.searched} and ({matches})"


def _erase_rows(
    cursor: Any, table: TableMap, condition: str, values: Mapping[str, Any], subject: Subject
) -> None:
    gone = {c: p for c, p in table.personal.items() if p.erase != Erase.KEEP}
    if not gone:
        return
    cursor.execute(f"select t.id from {table.table} t where {condition} for update", values)
    ids = [row[0] for row in cursor.fetchall()]
    types = _types(cursor, table.table)
    simple = [_assignment(c, p, types[c]) for c, p in gone.items() if p.erase != Erase.TOKEN]
    # Tokens first: they are made from what lies sealed.
    for column, personal in gone.items():
        if personal.erase == Erase.TOKEN:
            _put_tokens(cursor, table, column, ids, subject.brand_id)
    if simple:
        cursor.execute(f"update {table.table} set {', '.join(simple)} where id = any(%s)", [ids])
    follow_rows(cursor, table.table, list(gone), ids)


def _assignment(column: str, personal: Personal, data_type: str) -> str:
    if personal.erase == Erase.NULL:
        return f'"{column}" = null'
    if personal.erase == Erase.RENEW:
        return f'"{column}" = gen_random_uuid()'
    nothing = "'[]'::jsonb" if data_type == "jsonb" else "''"
    return f'"{column}" = {nothing}'


def _put_tokens(cursor: Any, table: TableMap, column: str, ids: list[int], brand_id: int) -> None:
    personal = table.personal[column]
    by_row = personal.kind == ROW_KIND
    columns = ["id", column, *(("platform", "kind") if by_row else ())]
    columns += sealed_beside(table, columns)
    listed = ", ".join(f'"{name}"' for name in columns)
    cursor.execute(
        f"select {listed} from {table.table}"
        f' where id = any(%s) and "{column}" <> \'\' and not starts_with("{column}", %s)',
        [ids, TOKEN_PREFIX],
    )
    rows = in_clear(table, [dict(zip(columns, row, strict=True)) for row in cursor.fetchall()])
    kind_of = [
        identifier_kind(row["platform"], row["kind"]) if by_row else personal.kind for row in rows
    ]
    pairs = [(kind, row[column]) for kind, row in zip(kind_of, rows, strict=True)]
    digests = blind_indexes(pairs, brand_id=brand_id)
    first: dict[tuple[str, str, str], str] = {}
    tokens = []
    for row, digest in zip(rows, digests, strict=True):
        put = token(digest) if digest else TOKEN_PREFIX
        # Two spellings of one identifier stay two rows.
        own = (row.get("platform", ""), row.get("kind", ""), put)
        if first.setdefault(own, row[column]) != row[column]:
            put = f"{put}#{row['id']}"
        tokens.append(put)
    # The seal goes with the pseudonym it belongs to.
    unsealed = f', "{personal.sealed}" = null' if personal.sealed else ""
    cursor.execute(
        f'update {table.table} t set "{column}" = n.token{unsealed}'
        " from unnest(%s::bigint[], %s::text[]) n (id, token) where t.id = n.id",
        [[row["id"] for row in rows], tokens],
    )


def _erase_found(
    cursor: Any, table: TableMap, condition: str, values: Mapping[str, Any], subject: Subject
) -> None:
    columns = list(table.personal)
    listed = ", ".join(f't."{column}"' for column in columns)
    cursor.execute(
        f"select t.id, {listed} from {table.table} t where {condition} for update", values
    )
    rows = cursor.fetchall()
    types = _types(cursor, table.table)
    for row_id, *cells in _decoded(rows, columns, types):
        fresh = [
            _erased(cell, table.personal[column], types[column], subject)
            for column, cell in zip(columns, cells, strict=True)
        ]
        assignments = ", ".join(f'"{column}" = %s' for column in columns)
        cursor.execute(f"update {table.table} set {assignments} where id = %s", [*fresh, row_id])


def _erased(cell: Any, personal: Personal, data_type: str, subject: Subject) -> Any:
    if personal.erase == Erase.SCRUB:
        found = subject.sought.scrubbed(cell)
    else:
        found = [] if data_type == "jsonb" else ""
    return Jsonb(found) if data_type == "jsonb" and cell is not None else found


def _decoded(
    rows: list[tuple[Any, ...]], columns: list[str], types: Mapping[str, str]
) -> Iterator[list[Any]]:
    """JSON as values: Django's connection hands it over as text."""
    for row in rows:
        yield [
            row[0],
            *(
                json.loads(cell) if types[c] == "jsonb" and isinstance(cell, str) else cell
                for c, cell in zip(columns, row[1:], strict=True)
            ),
        ]


def _types(cursor: Any, table: str) -> dict[str, str]:
    cursor.execute(
        "select column_name, data_type from information_schema.columns"
        " where table_schema = current_schema() and table_name = %s",
        [table],
    )
    return dict(cursor.fetchall())
