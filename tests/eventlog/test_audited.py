"""Every table is audited or says why not, and its triggers are as declared."""

from __future__ import annotations

import pytest
from django.db import connection

from huitou.config.audited import TABLES
from huitou.eventlog.audit import TableAudit, install_triggers


def rows(sql: str) -> list[tuple]:
    """The answer to ``sql``."""
    with connection.cursor() as cursor:
        cursor.execute(sql)
        return cursor.fetchall()


def test_every_table_is_audited_or_exempt(db: None) -> None:
    # when
    existing = {
        name for (name,) in rows("select tablename from pg_tables where schemaname = 'public'")
    }

    # then: a new table adds its line to huitou/config/audited.py
    assert existing ^ TABLES.keys() == set()


def test_key_and_personal_columns_exist(db: None) -> None:
    # given
    columns = set(rows("select table_name, column_name from information_schema.columns"))

    # when
    missing = [
        (table, column)
        for table, audit in TABLES.items()
        if audit.mode != "exempt"
        for column in (audit.key, *audit.personal)
        if (table, column) not in columns
    ]

    # then
    assert missing == []


def test_triggers_are_those_declared(db: None) -> None:
    # when
    found = rows(
        "select tgrelid::regclass::text, tgname from pg_trigger where not tgisinternal"
        " and tgname in ('audit_row', 'audit_insert', 'audit_update', 'audit_delete')"
    )

    # then
    expected = {
        "rows": ["audit_row"],
        "statements": ["audit_delete", "audit_insert", "audit_update"],
        "exempt": [],
    }
    wanted = [(table, name) for table, audit in TABLES.items() for name in expected[audit.mode]]
    assert sorted(found) == sorted(wanted)


def test_a_changed_declaration_changes_the_triggers_once(db: None) -> None:
    # given
    tables = {"brands_shop": TableAudit("statements")}

    # when
    changed = install_triggers(tables), install_triggers(tables)

    # then
    found = rows("select tgname from pg_trigger where tgrelid = 'brands_shop'::regclass")
    assert changed == (True, False)
    assert {("audit_insert",), ("audit_update",), ("audit_delete",)} <= set(found)
    assert ("audit_row",) not in found


def test_an_exempt_table_needs_a_reason() -> None:
    with pytest.raises(ValueError, match="reason"):
        TableAudit("exempt")
