"""No column escapes the map of personal data."""

from __future__ import annotations

import re

import pytest
from django.db import connection

from huitou.vault.personal import Category, Erase, Personal, TableMap, declare, tables

# Tables of the frameworks: no column of ours, and nothing about members. The canary test looks
# into them all the same.
_FRAMEWORKS = re.compile(r"(django|auth|procrastinate)_|brands_staff_(groups|user_permissions)$")
_SPEAKING = ("text", "character varying", "jsonb", "json", "bytea", "ARRAY", "inet")


@pytest.mark.django_db
def test_every_column_that_could_speak_of_a_person_is_declared() -> None:
    # when
    with connection.cursor() as cursor:
        cursor.execute(
            """select table_name, column_name from information_schema.columns
               where table_schema = current_schema() and data_type = any(%s)
               order by 1, 2""",
            [list(_SPEAKING)],
        )
        columns = [(t, c) for t, c in cursor.fetchall() if not _FRAMEWORKS.match(t)]
    known = {
        (table.table, column)
        for table in tables().values()
        for column in table.personal | table.plain
    }

    # then
    assert [f"{t}.{c}" for t, c in columns if (t, c) not in known] == []


@pytest.mark.django_db
def test_every_declared_column_exists() -> None:
    # when
    with connection.cursor() as cursor:
        cursor.execute(
            """select table_name, column_name from information_schema.columns
               where table_schema = current_schema()"""
        )
        existing = set(cursor.fetchall())

    # then
    declared = {(t.table, c) for t in tables().values() for c in t.personal | t.plain}
    assert declared - existing == set()


@pytest.mark.django_db
def test_every_condition_is_sql_the_database_accepts() -> None:
    values = {"brand": 1, "accounts": [1], "before": "2026-01-01T00:00:00Z"}
    for table in tables().values():
        conditions = [table.owned, table.searched, table.retention and table.retention.due]
        for condition in filter(None, conditions):
            with connection.cursor() as cursor:
                cursor.execute(f"select 1 from {table.table} t where {condition}", values)
                assert cursor.fetchall() == [], table.table


def test_what_is_erased_from_owned_rows_can_be_found() -> None:
    lost = [
        table.table
        for table in tables().values()
        if table.personal and not table.owned and not table.searched
    ]
    assert lost == ["eventlog_beforeimage"]  # follows the rows it is an image of


def test_searched_rows_are_emptied_or_scrubbed_only() -> None:
    odd = [
        f"{table.table}.{name}"
        for table in tables().values()
        if table.searched
        for name, column in table.personal.items()
        if column.erase not in (Erase.EMPTY, Erase.SCRUB)
    ]
    assert odd == []


def test_contradictions_are_refused() -> None:
    name = Personal(Category.NAME, Erase.EMPTY)
    with pytest.raises(ValueError, match="both personal and plain"):
        declare([TableMap("x", ("X", "X"), personal={"a": name}, plain={"a": "a code"})])
    with pytest.raises(ValueError, match="declared twice"):
        declare([TableMap("jobs_job", ("X", "X"))])
