"""Lists as PostgreSQL reads them: a driver that quotes each element takes ten times as long."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec


def text_array(values: Sequence[str]) -> str:
    """``values`` as the text of a ``text[]``; ``ValueError`` for a NUL, which no text can hold.

    >>> print(text_array(['a', 'NULL', 'say "x"', 'back\\\\slash']), text_array([]))
    {"a","NULL","say \\"x\\"","back\\\\slash"} {}
    """
    if not values:
        return "{}"
    text = "\0".join(values)
    if text.count("\0") >= len(values):
        raise ValueError("a text holds the character NUL, which PostgreSQL cannot keep")
    text = text.replace("\\", "\\\\").replace('"', '\\"')
    return '{"' + text.replace("\0", '","') + '"}'


def number_array(values: Sequence[int | None]) -> str:
    """``values`` as the text of a ``bigint[]``.

    >>> number_array([1, None, -3])
    '{1, NULL, -3}'
    """
    return "{" + str(list(values))[1:-1].replace("None", "NULL") + "}"


def time_array(values: Sequence[object]) -> str:
    """Dates, or aware datetimes, as the text of a ``date[]`` or ``timestamptz[]``.

    >>> from datetime import UTC, date, datetime
    >>> print(time_array([date(2026, 5, 1)]), time_array([datetime(2026, 5, 1, tzinfo=UTC)]))
    {"2026-05-01"} {"2026-05-01T00:00:00Z"}
    """
    return "{" + msgspec.json.encode(values).decode()[1:-1] + "}"
