"""Calendar months as one integer, so that month arithmetic is plain addition."""

from __future__ import annotations

from datetime import date


def month_number(day: date) -> int:
    """``year * 12 + month - 1``: the month key of lake partitions and cohorts.

    >>> month_number(date(2018, 1, 31))
    24216
    """
    return day.year * 12 + day.month - 1


def month_start(number: int) -> date:
    """The first day of month ``number``.

    >>> month_start(24216)
    datetime.date(2018, 1, 1)
    """
    return date(number // 12, number % 12 + 1, 1)


def month_label(number: int) -> str:
    """``YYYY-MM`` of month ``number``.

    >>> month_label(24216)
    '2018-01'
    """
    return f"{number // 12:04d}-{number % 12 + 1:02d}"
