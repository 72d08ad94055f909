"""What the event log keeps about people: ids, and whatever a payload or a before-image copied."""

from __future__ import annotations

from huitou.vault.personal import Category, Erase, Personal, Shown, TableMap, declare

_COPY = Personal(Category.COPY, Erase.SCRUB, Shown.NEVER)


TABLES = (
    TableMap(
        "eventlog_event",
        ("Event log", "事件日志"),
        personal={"payload": _COPY},
        plain={
            "kind": "a code",
            "origin": "a code",
            "subject_ids": "row numbers that lead nowhere once the rows are anonymous",
        },
        searched="t.brand_id = %(brand)s and t.payload <> '{}'::jsonb",
    ),
    TableMap("eventlog_cursor", ("Readers", "读取进度"), plain={"reader": "a code"}),
    TableMap(
        "eventlog_auditentry",
        ("Audit log", "审计日志"),
        plain={
            "actor_kind": "a code",
            "actor_name": "about staff, who are no members",
            "request_id": "a random number",
            "reason": "why staff did it; forms ask not to name the person",
            "table_name": "a code",
            "row_id": "a row number",
            "operation": "a code",
            "changes": "personal columns are written as ***; nobody changes this log",
        },
    ),
    TableMap("eventlog_auditlink", ("Audit chain", "审计链"), plain={"hash": "a digest"}),
    TableMap(
        "eventlog_auditcheck",
        ("Checks of the audit log", "审计日志核验"),
        plain={"head_hash": "a digest", "problem": "which link is broken, in fixed words"},
    ),
    # Erased together with the rows they are images of, by those rows' own declarations.
    TableMap(
        "eventlog_beforeimage",
        ("Rows before an import", "导入前的记录"),
        personal={"before": _COPY},
        plain={"table_name": "a code"},
    ),
)


def declare_tables() -> None:
    """Declare the room's tables."""
    declare(TABLES)
