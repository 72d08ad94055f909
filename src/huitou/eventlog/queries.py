"""What pages tell of the log."""

from __future__ import annotations

from collections.abc import Sequence

from django.db import connection


def first_subjects(event_ids: Sequence[int], *, limit: int) -> dict[int, tuple[int, ...]]:
    """The first ``limit`` subjects of each event."""
    with connection.cursor() as cursor:
        cursor.execute(
            "select id, subject_ids[1:%s] from eventlog_event where id = any(%s)",
            [limit, list(event_ids)],
        )
        return {event_id: tuple(subjects) for event_id, subjects in cursor.fetchall()}
