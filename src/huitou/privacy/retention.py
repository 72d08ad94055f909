"""What is kept no longer than the map says: rows, exported files, and what rooms add."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

from django.conf import settings
from django.db import connection, transaction

from huitou.privacy.records import emptied
from huitou.vault.personal import TableMap, tables

# An export is made again in seconds; one that lies about is a risk.
EXPORT_DAYS = 7

_FILES: dict[str, tuple[tuple[str, str], int, Callable[[datetime], int]]] = {}


def register_file_retention(
    name: str, about: tuple[str, str], days: int, remove: Callable[[datetime], int]
) -> None:
    """Add files: ``remove`` deletes those older than ``days`` before the time given it."""
    _FILES[name] = (about, days, remove)


def rules() -> list[tuple[str, tuple[str, str], int, bool]]:
    """Every rule: name, what it is about, days, and whether rows stay without their content."""
    found = [
        (t.table, t.about, t.retention.days, not t.retention.delete)
        for t in tables().values()
        if t.retention
    ]
    return found + [(name, about, days, False) for name, (about, days, _) in _FILES.items()]


def retain(*, now: datetime) -> dict[str, int]:
    """Apply every rule; how many rows or files of each were dealt with. Again changes nothing."""
    found = {t.table: _retain_rows(t, now) for t in tables().values() if t.retention}
    return found | {name: remove(now) for name, (_, _, remove) in _FILES.items()}


@transaction.atomic
def _retain_rows(table: TableMap, now: datetime) -> int:
    assert table.retention is not None
    condition = table.retention.due
    values = {"before": now - timedelta(days=table.retention.days)}
    with connection.cursor() as cursor:
        cursor.execute("set local statement_timeout = 0")
        if table.retention.delete:
            cursor.execute(f"delete from {table.table} t where {condition}", values)
        else:
            changes = emptied(cursor, table)
            cursor.execute(f"update {table.table} t set {changes} where {condition}", values)
        return int(cursor.rowcount)


def remove_old_exports(now: datetime) -> int:
    """Remove exported files older than ``EXPORT_DAYS``; how many."""
    folder = Path(settings.HUITOU_HOME) / "exports"
    oldest = (now - timedelta(days=EXPORT_DAYS)).timestamp()
    old = [p for p in folder.rglob("*") if p.is_file() and p.stat().st_mtime < oldest]
    for path in old:
        path.unlink()
    return len(old)
