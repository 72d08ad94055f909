"""Time as rules state it: lengths, days, instants, and the stretches between them.

A rule is judged *at* an instant, in the brand's time zone. Lengths in seconds to weeks are exact;
months and years go by the calendar and end no later than the month does. A day means all of it.
"""

from __future__ import annotations

import calendar
import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from django.utils.translation import gettext_noop as _

from huitou.kernel.errors import RefusedInputError

_SECONDS = {"s": 1, "min": 60, "h": 3600, "d": 86400, "w": 7 * 86400}
_MONTHS = {"mo": 1, "y": 12}
_LENGTH = re.compile(r"(\d{1,9})(s|min|h|d|w|mo|y)", re.ASCII)
# Longer ago than anybody sells online; it keeps every instant within what engines can hold.
YEARS_MAX = 100
# The least time engines tell apart.
TICK = timedelta(microseconds=1)


@dataclass(frozen=True)
class Length:
    """A stretch of time: ``count`` of ``s min h d w mo y``."""

    count: int
    unit: str

    @property
    def months(self) -> int | None:
        """Its calendar months; None when it is exact."""
        return self.count * _MONTHS[self.unit] if self.unit in _MONTHS else None

    @property
    def seconds(self) -> int:
        """Its seconds, of an exact length."""
        return self.count * _SECONDS[self.unit]

    def __str__(self) -> str:
        return f"{self.count}{self.unit}"


@dataclass(frozen=True)
class Ago:
    """A length before the instant of judging, or after it when ``ahead``."""

    length: Length
    ahead: bool = False


# What a rule may compare a time with.
Point = Ago | date | datetime


@dataclass(frozen=True)
class At:
    """The instant of judging and the brand's time zone."""

    instant: datetime
    zone: ZoneInfo

    @property
    def day(self) -> date:
        """The business date."""
        return self.instant.astimezone(self.zone).date()


@dataclass(frozen=True)
class Stretch:
    """Instants from ``start`` (None: any) on, and before ``end``."""

    start: datetime | None
    end: datetime


def parse_length(text: str) -> Length:
    """Read ``90d``, ``12h``, ``3mo``.

    Raises ``RefusedInputError``: ``LENGTH``.

    >>> str(parse_length("90d")), parse_length("2w").seconds
    ('90d', 1209600)
    """
    found = _LENGTH.fullmatch(text.strip())
    length = Length(int(found[1]), found[2]) if found else None
    if length is None or _years(length) > YEARS_MAX:
        raise RefusedInputError(
            "LENGTH",
            _(
                "%(value)s is no length of time such as 90d, 12h, 30min, 45s, 2w, 3mo or 1y of at"
                " most %(years)s years"
            ),
            value=repr(text),
            years=YEARS_MAX,
        )
    return length


def _years(length: Length) -> float:
    if length.months is not None:
        return length.months / 12
    return length.seconds / (365 * 86400)


def end_of_day(day: date, zone: ZoneInfo) -> At:
    """The last instant of a business date: how figures "as of" that date are judged."""
    return At(_midnight(day + timedelta(days=1), zone) - TICK, zone)


def instant_of(point: Point, at: At) -> datetime:
    """The instant a point means; of a day its beginning."""
    if isinstance(point, Ago):
        return _moved(point, at)
    if isinstance(point, datetime):
        return point.astimezone(UTC)
    return _midnight(point, at.zone)


def day_of(point: Point, at: At) -> date:
    """The business date a point means."""
    if isinstance(point, Ago) and (point.length.months is not None or _whole_days(point.length)):
        # By the calendar: thirty days ago is a date, whatever the clocks did since.
        if point.length.months is not None:
            return _month_moved(at.day, point)
        days = point.length.seconds // 86400
        return at.day + timedelta(days=days if point.ahead else -days)
    if isinstance(point, date) and not isinstance(point, datetime):
        return point
    return instant_of(point, at).astimezone(at.zone).date()


def within(length: Length, at: At) -> Stretch:
    """The ``length`` up to the instant of judging, both ends included."""
    return Stretch(instant_of(Ago(length), at), at.instant + TICK)


def between(first: Point | None, last: Point | None, at: At) -> Stretch:
    """From one point to another, both included, and no later than the instant of judging.

    A day is included whole; None is open.

    >>> at = end_of_day(date(2024, 2, 29), ZoneInfo("Asia/Shanghai"))
    >>> between(date(2024, 2, 1), date(2024, 2, 29), at).end.isoformat()
    '2024-02-29T16:00:00+00:00'
    """
    now = at.instant + TICK
    start = None if first is None else instant_of(first, at)
    return Stretch(start, now if last is None else min(after(last, at), now))


def after(point: Point, at: At) -> datetime:
    """The first instant that is later than ``point``; of a day, later than all of it."""
    if isinstance(point, date) and not isinstance(point, datetime):
        return _midnight(point + timedelta(days=1), at.zone)
    return instant_of(point, at) + TICK


def _moved(point: Ago, at: At) -> datetime:
    if point.length.months is None:
        step = timedelta(seconds=point.length.seconds)
        return at.instant + (step if point.ahead else -step)
    local = at.instant.astimezone(at.zone)
    day = _month_moved(local.date(), point)
    return datetime.combine(day, local.time(), at.zone).astimezone(UTC)


def _month_moved(day: date, point: Ago) -> date:
    months = point.length.months or 0
    number = day.year * 12 + day.month - 1 + (months if point.ahead else -months)
    year, month = divmod(number, 12)
    return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))


def _whole_days(length: Length) -> bool:
    return length.seconds % 86400 == 0


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=zone).astimezone(UTC)
