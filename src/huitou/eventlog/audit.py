"""Who did what: the actor of the present work, looks at personal data, and the audit triggers.

Triggers write the entries, so raw SQL and bulk statements are caught too. They learn the actor
from the session variable ``huitou.actor``, which ``acting`` sends before each writing statement.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from typing import Any

from django.db import DatabaseError, connection, transaction
from psycopg.pq import TransactionStatus

ACTOR_KINDS = ("staff", "api_key", "worker", "cli", "system")
# Subjects of one look that are named; a larger look says how many there were.
SUBJECTS_NAMED_MAX = 1_000
_REASON_MAX = 300
_WRITES = re.compile(r"\b(INSERT|UPDATE|DELETE|MERGE)\b")
_READY = (TransactionStatus.IDLE, TransactionStatus.INTRANS)
_READS = ("SELECT", "SAVEPOINT", "RELEASE", "ROLLBACK", "SHOW", "DECLARE", "FETCH", "CLOSE", "SET")


@dataclass(frozen=True)
class Actor:
    """Who acts; ``id`` is that of the staff member or the API key.

    ``brand`` is where they act, for rows that do not say to which brand they belong.
    """

    kind: str
    id: int | None = None
    name: str = ""
    request: str = ""
    reason: str = ""
    brand: int | None = None

    def as_setting(self) -> str:
        """What the triggers read."""
        known = {key: value for key, value in asdict(self).items() if value not in (None, "")}
        known["reason"] = self.reason[:_REASON_MAX]
        return json.dumps(known, ensure_ascii=False)


@dataclass(frozen=True)
class TableAudit:
    """How a table is audited.

    ``mode`` is ``rows`` (one entry per row), ``statements`` (one per statement: tables imports
    fill) or ``exempt``, which needs a ``reason``. ``personal`` columns are written as ``***``.
    """

    mode: str
    personal: tuple[str, ...] = ()
    key: str = "id"
    reason: str = field(default="", compare=False)

    def __post_init__(self) -> None:
        if self.mode not in ("rows", "statements", "exempt"):
            raise ValueError(f"unknown mode of auditing {self.mode!r}")
        if (self.mode == "exempt") != bool(self.reason):
            raise ValueError("an exempt table, and only that, needs a reason")


_process_actor = Actor("system")


def process_actor() -> Actor:
    """Who writes where no person is known."""
    return _process_actor


def set_process_actor(actor: Actor) -> None:
    """Say who writes where no person is known: ``worker``, ``cli``; new connections learn it."""
    global _process_actor
    _process_actor = actor


def tell_connection(**options: Any) -> None:
    """Receiver of ``connection_created``: a new connection learns the actor of the process."""
    if _process_actor.kind != "system":
        _send(options["connection"], _process_actor)


@contextmanager
def acting(actor: Actor | Callable[[], Actor | None]) -> Iterator[None]:
    """Within the block, what the database writes is done by ``actor``.

    A callable is asked at the first writing statement and again at each later one, so that a page
    that only reads costs nothing. The variable is sent again before every writing statement,
    because a rolled back transaction takes it back with it.
    """
    sent = False
    asking = False

    def before_writing(
        execute: Callable[..., Any], sql: Any, params: Any, many: bool, context: dict[str, Any]
    ) -> Any:
        nonlocal sent, asking
        if not asking and not _only_reads(sql):
            asking = True  # finding out who it is may itself ask the database
            try:
                who = actor() if callable(actor) else actor
            finally:
                asking = False
            _send(context["connection"], who or _process_actor)
            sent = True
        return execute(sql, params, many, context)

    with connection.execute_wrapper(before_writing):
        try:
            yield
        finally:
            if sent and _is_ready():
                _forget()


@contextmanager
def row_detail() -> Iterator[None]:
    """In one transaction: statements on the tables imports fill leave one entry per row."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("select set_config('huitou.audit_rows', 'on', true)")
        yield
        cursor.execute("select set_config('huitou.audit_rows', '', true)")


def record_access(
    actor: Actor,
    what: str,
    subject_ids: Sequence[int],
    reason: str,
    *,
    brand_id: int | None = None,
    count: int | None = None,
) -> None:
    """Record that ``actor`` looked at personal data in clear; call it before showing them.

    ``what`` says which data (``members.phone``), ``subject_ids`` whose, ``reason`` why as the
    person gave it. ``count`` is how many they are, where they are too many to be named. No
    subjects, no entry.
    """
    size = len(subject_ids) if count is None else count
    if not size:
        return
    named = list(subject_ids[:SUBJECTS_NAMED_MAX])
    with connection.cursor() as cursor:
        cursor.execute(
            """
            insert into eventlog_auditentry (generation, xid, at, actor_kind, actor_id, actor_name,
                request_id, reason, brand_id, table_name, row_id, operation, row_count, changes)
            values (coalesce((select number from eventlog_generation), 1), pg_current_xact_id(),
                clock_timestamp(), %s, %s, %s, %s, %s, %s, %s, %s, 'access', %s, %s)
            """,
            [
                actor.kind,
                actor.id,
                actor.name,
                actor.request,
                reason[:_REASON_MAX],
                brand_id if brand_id is not None else actor.brand,
                what,
                str(named[0]) if len(named) == 1 else None,
                size,
                json.dumps({"subjects": named} if named else {}),
            ],
        )


def install_triggers(tables: Mapping[str, TableAudit]) -> bool:
    """Give every existing table of ``tables`` its triggers; whether anything had to change."""
    with connection.cursor() as cursor:
        cursor.execute("select tablename from pg_tables where schemaname = current_schema()")
        existing = {row[0] for row in cursor.fetchall()}
        here = {name: audit for name, audit in sorted(tables.items()) if name in existing}
        digest = hashlib.sha256(repr(here).encode()).hexdigest()
        cursor.execute("select obj_description('eventlog_audit_row'::regproc)")
        if cursor.fetchone() == (digest,):
            return False
        with transaction.atomic():
            for name, audit in here.items():
                cursor.execute(_trigger_sql(name, audit))
            cursor.execute(f"comment on function eventlog_audit_row() is '{digest}'")
    return True


def _trigger_sql(table: str, audit: TableAudit) -> str:
    """Statements that leave ``table`` with exactly the triggers of ``audit``."""
    names = ("row", "insert", "update", "delete", "truncate")
    sql = [f"drop trigger if exists audit_{name} on {table}" for name in names]
    arguments = ", ".join(f"'{column}'" for column in (audit.key, *audit.personal))
    if audit.mode == "rows":
        sql.append(
            f"create trigger audit_row after insert or update or delete on {table}"
            f" for each row execute function eventlog_audit_row({arguments})"
        )
    if audit.mode == "statements":
        transition = {
            "insert": "new table as rows_after",
            "update": "old table as rows_before new table as rows_after",
            "delete": "old table as rows_before",
        }
        sql += [
            f"create trigger audit_{event} after {event} on {table} referencing {rows}"
            f" for each statement execute function eventlog_audit_statement({arguments})"
            for event, rows in transition.items()
        ]
    if audit.mode != "exempt":
        sql.append(
            f"create trigger audit_truncate after truncate on {table}"
            " for each statement execute function eventlog_audit_truncate()"
        )
    return ";\n".join(sql)


def _send(to: Any, actor: Actor) -> None:
    with to.cursor() as cursor:
        cursor.execute("select set_config('huitou.actor', %s, false)", [actor.as_setting()])


def _forget() -> None:
    """Leave a pooled connection as the next request expects it; one that is gone is closed."""
    default = _process_actor.as_setting() if _process_actor.kind != "system" else ""
    try:
        with connection.cursor() as cursor:
            cursor.execute("select set_config('huitou.actor', %s, false)", [default])
    except DatabaseError:
        connection.close()


def _is_ready() -> bool:
    """Whether the connection stands and takes statements, without asking the server."""
    raw = connection.connection
    return raw is not None and raw.info.transaction_status in _READY


def _only_reads(sql: Any) -> bool:
    text = str(sql).lstrip(" \n(").upper()
    return text.startswith(_READS) or (text.startswith("WITH") and not _WRITES.search(text))
