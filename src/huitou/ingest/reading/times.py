"""When something was, as a cell writes it: wall clock times and birthdays."""

from __future__ import annotations

import re
import unicodedata
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import NamedTuple

from huitou.ingest.reading.cells import NULL_WORDS, Cell, typed_problem
from huitou.kernel.errors import RefusedInputError
from huitou.kernel.lunar_words import LUNAR, calendar_of, read_lunar_day

_DATE_TIME = re.compile(
    r"(?P<y>\d{4})(?P<s>[-/.年])(?P<mo>\d{1,2})[-/.月](?P<d>\d{1,2})日?"
    r"(?:[T ]\s*(?P<h>\d{1,2}):(?P<mi>\d{1,2})(?::(?P<se>\d{1,2})(?:\.(?P<f>\d{1,9}))?)?)?"
    r"\s*(?P<z>Z|UTC|[+-]\d{2}:?\d{2})?",
    re.ASCII,
)
_COMPACT = re.compile(r"(\d{4})(\d{2})(\d{2})(?:(\d{2})(\d{2})(\d{2}))?", re.ASCII)
_SHORT_DATE = re.compile(r"\d{1,2}[-/.]\d{1,2}[-/.]\d{2}(\d{2})?\b.*", re.ASCII | re.DOTALL)
_YEAR_LAST = re.compile(
    r"(\d{1,2})[-/.](\d{1,2})[-/.](?P<y>\d{4}|\d{2})"
    r"(?:[T ]\s*(?P<h>\d{1,2}):(?P<mi>\d{2})(?::(?P<se>\d{2}))?\s*(?P<ap>[AaPp][Mm])?)?",
    re.ASCII,
)
_EPOCH = re.compile(r"\d{9,14}(\.0+)?", re.ASCII)
_EPOCH_START = datetime(1970, 1, 1)  # noqa: DTZ001
_EPOCH_SECONDS_MAX = 253_000_000_000  # the year 9987
_UNKNOWN_DAYS = frozenset({(1900, 1, 1), (1899, 12, 31), (1970, 1, 1), (9999, 12, 31)})
# A workbook's day number nought reads as midnight of no day.
_NO_DAY = "00:00:00"


class WallTime(NamedTuple):
    """A time as written: naive when ``offset`` is None, else with that offset from UTC."""

    wall: datetime
    offset: timedelta | None


def clean_wall_time(
    text: str, formats: tuple[str, ...] = (), epoch: str = "", day_first: bool | None = None
) -> Cell:
    """A point in time as written, before the zone is applied.

    ``formats`` are strptime patterns tried first; year-first forms are always understood, forms
    with the year last only by a pattern or ``day_first``. ``epoch`` is ``s`` or ``ms``.

    >>> clean_wall_time("2026/6/7 13:41").value.wall
    datetime.datetime(2026, 6, 7, 13, 41)
    >>> clean_wall_time("24/01/02").problem
    'AMBIGUOUS_DATE'
    """
    problem = typed_problem(text)
    if problem:
        return Cell(None, "BAD_DATE" if problem == "EXCEL_DAMAGED_NUMBER" else problem)
    value = text.strip().removeprefix("'").strip()
    if value.lower() in NULL_WORDS:
        return Cell(None)
    value = unicodedata.normalize("NFKC", value)
    if len(value) > 64:
        return Cell(None, "BAD_DATE")
    if value == _NO_DAY:
        return Cell(None, "", "DATE_UNKNOWN")
    if epoch and _EPOCH.fullmatch(value):
        seconds = Decimal(value) / (1000 if epoch == "ms" else 1)
        if seconds > _EPOCH_SECONDS_MAX:
            return Cell(None, "DATE_OUT_OF_RANGE")
        return Cell(WallTime(_EPOCH_START + timedelta(seconds=float(seconds)), timedelta()))
    for pattern in formats:
        try:
            parsed = datetime.strptime(value, pattern)  # noqa: DTZ007 - the zone comes later
        except ValueError:
            continue
        return Cell(WallTime(parsed.replace(tzinfo=None), parsed.utcoffset()))
    found = _DATE_TIME.fullmatch(value)
    if found:
        return _from_parts(found)
    compact = _COMPACT.fullmatch(value)
    if compact:
        return _wall(*(int(part or 0) for part in compact.groups()), micro=0, offset=None)
    year_last = _YEAR_LAST.fullmatch(value)
    if year_last and day_first is not None:
        return _from_year_last(year_last, day_first)
    return Cell(None, "AMBIGUOUS_DATE" if _SHORT_DATE.fullmatch(value) else "BAD_DATE")


def _from_year_last(found: re.Match[str], day_first: bool) -> Cell:
    first, second = int(found[1]), int(found[2])
    day, month = (first, second) if day_first else (second, first)
    year = int(found["y"])
    if len(found["y"]) == 2:
        year += 2000 if year < 70 else 1900
    hour = int(found["h"] or 0)
    if found["ap"]:
        if not 1 <= hour <= 12:
            return Cell(None, "BAD_DATE")
        hour = hour % 12 + (12 if found["ap"].lower() == "pm" else 0)
    return _wall(
        year, month, day, hour, int(found["mi"] or 0), int(found["se"] or 0), micro=0, offset=None
    )


def _from_parts(found: re.Match[str]) -> Cell:
    offset = None
    zone = found["z"]
    if zone in ("Z", "UTC"):
        offset = timedelta()
    elif zone:
        hours, minutes = int(zone[1:3]), int(zone[-2:])
        if hours > 14 or minutes > 59:
            return Cell(None, "BAD_DATE")
        offset = timedelta(hours=hours, minutes=minutes) * (-1 if zone[0] == "-" else 1)
    micro = int((found["f"] or "0")[:6].ljust(6, "0"))
    parts = [int(found[name] or 0) for name in ("y", "mo", "d", "h", "mi", "se")]
    return _wall(*parts, micro=micro, offset=offset)


def _wall(
    year: int,
    month: int,
    day: int,
    hour: int,
    minute: int,
    second: int,
    *,
    micro: int,
    offset: timedelta | None,
) -> Cell:
    if (year, month, day) == (0, 0, 0) or (year, month, day) in _UNKNOWN_DAYS:
        return Cell(None, "", "DATE_UNKNOWN")
    extra = timedelta()
    # A leap second and midnight written as 24:00:00 are the instant that follows.
    if second == 60 and minute == 59:
        second, extra = 59, timedelta(seconds=1)
    if (hour, minute, second) == (24, 0, 0):
        hour, extra = 0, timedelta(days=1)
    try:
        # Naive on purpose: the zone is applied to the wall clock later.
        wall = datetime(year, month, day, hour, minute, second, micro) + extra  # noqa: DTZ001
    except (ValueError, OverflowError):
        return Cell(None, "BAD_DATE")
    return Cell(WallTime(wall, offset))


class Birthday(NamedTuple):
    """A date of birth, or the stored form of a lunar day; one of the two is None."""

    solar: date | None
    lunar: str | None


def clean_birthday(
    text: str, today: date, formats: tuple[str, ...] = (), day_first: bool | None = None
) -> Cell:
    """A birthday by the calendar the cell names: a day, never a time, so that no zone can move it.

    >>> clean_birthday("农历八月十五", date(2026, 1, 1)).value.lunar
    '08-15'
    """
    if problem := typed_problem(text):
        return Cell(None, "BAD_DATE" if problem == "EXCEL_DAMAGED_NUMBER" else problem)
    calendar, rest = calendar_of(text.strip().removeprefix("'"))
    if calendar == LUNAR:
        return _lunar_birthday(rest, today)
    cell = clean_wall_time(rest, formats, "", day_first)
    if cell.problem or cell.value is None:
        return cell
    assert isinstance(cell.value, WallTime)
    born = cell.value.wall.date()
    return _born(born, Birthday(born, None), today)


def _lunar_birthday(text: str, today: date) -> Cell:
    if text.lower() in NULL_WORDS:
        return Cell(None)
    try:
        found = read_lunar_day(text)
    except RefusedInputError:
        return Cell(None, "BAD_LUNAR_DATE")
    birthday = Birthday(None, str(found))
    return Cell(birthday) if found.born is None else _born(found.born, birthday, today)


def _born(born: date, birthday: Birthday, today: date) -> Cell:
    if born > today or born.year < 1900:
        return Cell(None, "DATE_OUT_OF_RANGE")
    minor = (today.year - born.year - ((today.month, today.day) < (born.month, born.day))) < 14
    return Cell(birthday, "", "MINOR" if minor else "")
