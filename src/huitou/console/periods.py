"""The period a dashboard is about."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta

# The choices of the switch, in days; the first page shows the default.
PERIOD_DAYS = (7, 30, 90, 365)
DEFAULT_DAYS = 30
# Longer than the three years a shop usually keeps, short enough to draw by day.
CUSTOM_DAYS_MAX = 1_100


@dataclass(frozen=True)
class Period:
    """``start`` to ``end``, both included; ``choice`` is its length, None for own dates."""

    start: date
    end: date
    choice: int | None

    @property
    def length(self) -> int:
        """How many days it covers."""
        return (self.end - self.start).days + 1

    @property
    def query(self) -> str:
        """The query string that names it.

        >>> Period(date(2026, 1, 1), date(2026, 1, 7), 7).query
        'period=7'
        >>> Period(date(2026, 1, 1), date(2026, 1, 7), None).query
        'start=2026-01-01&end=2026-01-07'
        """
        if self.choice:
            return f"period={self.choice}"
        return f"start={self.start.isoformat()}&end={self.end.isoformat()}"


def requested_period(query: Mapping[str, str], as_of: date) -> Period:
    """The period the query string asks for, ending at ``as_of`` unless it names its own dates.

    Anything unreadable means the default; own dates are put in order, cut at ``as_of`` and at
    ``CUSTOM_DAYS_MAX`` days.

    >>> requested_period({"period": "7"}, date(2018, 1, 1)).start
    datetime.date(2017, 12, 26)
    >>> requested_period({"start": "2017-03-02", "end": "2017-03-01"}, date(2018, 1, 1)).length
    2
    """
    dates = [_date(query.get(name, "")) for name in ("start", "end")]
    if None not in dates:
        start, end = sorted(min(day, as_of) for day in dates if day)
        return Period(max(start, end - timedelta(days=CUSTOM_DAYS_MAX - 1)), end, None)
    asked = query.get("period", "")
    days = int(asked) if asked in {str(n) for n in PERIOD_DAYS} else DEFAULT_DAYS
    return Period(as_of - timedelta(days=days - 1), as_of, days)


def _date(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None
