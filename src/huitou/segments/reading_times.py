"""Times in rules: from data to points and lengths, or to an error that says where and what."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from django.utils.translation import gettext_noop as _

from huitou.kernel.errors import RefusedInputError
from huitou.segments.errors import RuleError, under
from huitou.segments.moments import Ago, Length, Point, parse_length

# Years that every engine can hold and a zone can shift.
YEARS = (1900, 2200)


def read_point(given: Any, path: str) -> Point:
    """A point in time. Raises ``RuleError``: ``VALUE``, ``SHAPE``."""
    point = _point_of(given, path)
    if isinstance(point, date) and not YEARS[0] <= point.year <= YEARS[1]:
        message = _("year %(year)s is not from %(first)s to %(last)s")
        raise RuleError("VALUE", path, message, year=point.year, first=YEARS[0], last=YEARS[1])
    return point


def _point_of(given: Any, path: str) -> Point:
    if isinstance(given, datetime):
        return _aware(given, path)
    if isinstance(given, date):
        return given
    if isinstance(given, Mapping):
        if len(given) == 1 and next(iter(given)) in ("ago", "ahead"):
            ((key, length),) = given.items()
            return Ago(read_length(length, under(path, key)), ahead=key == "ahead")
        raise RuleError("SHAPE", path, _("a relative time is {ago: 30d} or {ahead: 7d}"))
    if isinstance(given, str):
        try:
            if len(given) == len("2024-01-31"):
                return date.fromisoformat(given)
            return _aware(datetime.fromisoformat(given), path)
        except ValueError:
            pass
    raise RuleError(
        "VALUE",
        path,
        _(
            "%(value)s is no date (2024-01-31), no time with its offset"
            " (2024-01-31T08:00:00+08:00), and not {ago: 30d}"
        ),
        value=repr(given),
    )


def _aware(instant: datetime, path: str) -> datetime:
    if instant.tzinfo is None:
        message = _("%(value)s needs its offset, such as +08:00")
        raise RuleError("VALUE", path, message, value=instant.isoformat())
    return instant


def read_length(given: Any, path: str) -> Length:
    """A length such as 90d. Raises ``RuleError``: ``VALUE``."""
    if not isinstance(given, str):
        raise RuleError("VALUE", path, _("%(value)s is no length such as 90d"), value=repr(given))
    try:
        return parse_length(given)
    except RefusedInputError as error:
        raise RuleError("VALUE", path, error.message, **error.values) from None
