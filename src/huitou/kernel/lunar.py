"""Lunar dates of the Chinese calendar: birthdays that fall on another solar date every year.

The calendar is a table of the lunar years 1900 to 2100; ``tests/kernel/test_lunar.py`` compares
every month of it with a library that computes new moons, and with published festivals.

Rules of a lunar birthday (docs/explanation/lunar-birthdays.md): one of a leap month falls in the
ordinary month of the years without that leap month; the 30th falls on the 29th of a short month.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from itertools import accumulate

from huitou.kernel.errors import RefusedInputError

FIRST_YEAR, LAST_YEAR = 1900, 2100
# The first day of the lunar year 1900.
_FIRST_DAY = date(1900, 1, 31)
# A year in one hexadecimal number: from bit 13 the leap month (0: none), below it one bit for each
# of the 12 or 13 months in order, the first lowest: set when the month has 30 days, else 29.
_YEARS = tuple(int(number, 16) for number in (
    "116d2 00752 00ea5 0b64a 0064b 00a9b 09556 0056a 00b59 05752 00752 0db25 00b25 00a4b 0b4ab "
    "002ad 0056b 04b69 00da9 0fd92 00e92 00d25 0ba4d 00a56 002b6 095b5 006d4 00ea9 05e92 00e92 "
    "0cd26 0052b 00a57 0b2b6 00b5a 006d4 06ec9 00749 0f693 00a93 0052b 0ca5b 00aad 0056a 09b55 "
    "00ba4 00b49 05a93 00a95 0f52d 00536 00aad 0b5aa 005b2 00da5 07d4a 00d4a 10a95 00a97 00556 "
    "0cab5 00ad5 006d2 08ea5 00ea5 0064a 06c97 00a9b 0f55a 0056a 00b69 0b752 00b52 00b25 0964b "
    "00a4b 114ab 002ad 0056d 0cb69 00da9 00d92 09d25 00d25 15a4d 00a56 002b6 0c5b5 006d5 00ea9 "
    "0be92 00e92 00d26 06a56 00a57 114d6 0035a 006d5 0b6c9 00749 00693 0952b 0052b 00a5b 0555a "
    "0056a 0fb55 00ba4 00b49 0ba93 00a95 0052d 08aad 00ab5 135aa 005d2 00da5 0dd4a 00d4a 00c95 "
    "0952e 00556 00ab5 055b2 006d2 0cea5 00725 0064b 0ac97 00cab 0055a 06ad6 00b69 17752 00b52 "
    "00b25 0da4b 00a4b 004ab 0a55b 005ad 00b6a 05b52 00d92 0fd25 00d25 00a55 0b4ad 004b6 005b5 "
    "06daa 00ec9 11e92 00e92 00d26 0ca56 00a57 004d6 086d5 00755 00749 06e93 00693 0f52b 0052b "
    "00a5b 0b55a 0056a 00b65 0974a 00b4a 11a95 00a95 0052d 0caad 00ab5 005aa 08ba5 00da5 00d4a "
    "07c95 00c96 0f94e 00556 00ab5 0b5b2 006d2 00ea5 08e4a 0068b 10c97 004ab 0055b 0cad6 00b6a "
    "00752 09725 00b45 00a8b 0549b 004ab"
).split())  # fmt: skip
_LEAP_SHIFT = 13
# Those that years of the table have; nobody was born in a leap first or twelfth month.
LEAP_MONTHS = range(2, 12)
_CANONICAL = re.compile(r"(?:(\d{4})-)?(\d{2})(L?)-(\d{2})", re.ASCII)
MONTHS_ZH = ("正", "二", "三", "四", "五", "六", "七", "八", "九", "十", "冬", "腊")
_DIGITS_ZH = ("", "一", "二", "三", "四", "五", "六", "七", "八", "九")
_WHOLE_TENS_ZH = {10: "初十", 20: "二十", 30: "三十"}


@dataclass(frozen=True, order=True)
class LunarDay:
    """A day of the lunar year, of one year when ``year`` is known; ``is_leap``: of a leap month.

    ``str`` is the form that is stored. Raises ``RefusedInputError`` with the code ``LUNAR_DAY``
    for a day no lunar year has, or that the known year has not.

    >>> str(LunarDay(8, 15)), str(LunarDay(6, 3, is_leap=True, year=2025))
    ('08-15', '2025-06L-03')
    """

    month: int
    day: int
    is_leap: bool = False
    year: int | None = None

    def __post_init__(self) -> None:
        if not 1 <= self.month <= 12:
            raise _refused("a lunar month is 1 to 12, not %(given)s", given=self.month)
        if not 1 <= self.day <= 30:
            raise _refused("a lunar month has 29 or 30 days, not %(given)s", given=self.day)
        if self.is_leap and self.month not in LEAP_MONTHS:
            raise _refused("no year has a leap month %(given)s", given=self.month)
        if self.year is None:
            return
        if not FIRST_YEAR <= self.year <= LAST_YEAR:
            raise _refused(f"the lunar year must be {FIRST_YEAR} to {LAST_YEAR}")
        months = _months(self.year)
        if (self.month, self.is_leap) not in months:
            raise _refused(
                "the lunar year %(year)s has no leap month %(month)s",
                year=self.year,
                month=self.month,
            )
        if self.day > months[self.month, self.is_leap][1]:
            raise _refused("this month of the lunar year %(year)s has 29 days only", year=self.year)

    def __str__(self) -> str:
        year = "" if self.year is None else f"{self.year}-"
        return f"{year}{self.of_any_year}"

    @property
    def of_any_year(self) -> str:
        """The form stored, without the year."""
        return f"{self.month:02}{'L' if self.is_leap else ''}-{self.day:02}"

    @property
    def zh(self) -> str:
        """As Chinese readers write it.

        >>> LunarDay(6, 21, is_leap=True, year=2025).zh
        '农历2025年闰六月廿一'
        """
        year = "" if self.year is None else f"{self.year}年"
        leap = "闰" if self.is_leap else ""
        return f"农历{year}{leap}{MONTHS_ZH[self.month - 1]}月{day_zh(self.day)}"

    @property
    def en(self) -> str:
        """In English.

        >>> LunarDay(6, 21, is_leap=True, year=2025).en
        'day 21 of lunar leap month 6, 2025'
        """
        leap = "leap " if self.is_leap else ""
        year = "" if self.year is None else f", {self.year}"
        return f"day {self.day} of lunar {leap}month {self.month}{year}"

    @property
    def born(self) -> date | None:
        """The solar date of birth; None while the year is unknown."""
        return None if self.year is None else self.in_year(self.year)

    def in_year(self, lunar_year: int) -> date:
        """The solar date on which the birthday falls in a lunar year.

        >>> LunarDay(8, 15).in_year(2026), LunarDay(12, 30).in_year(2025)
        (datetime.date(2026, 9, 25), datetime.date(2026, 2, 16))
        """
        months = _months(lunar_year)
        first, days = months.get((self.month, self.is_leap)) or months[self.month, False]
        return first + timedelta(days=min(self.day, days) - 1)

    def next_from(self, day: date) -> date:
        """The first time the birthday falls on ``day`` or later."""
        found = self._around(day)
        return found[bisect_left(found, day)]

    def of_solar_year(self, day: date) -> date:
        """The solar date that stands for the year of ``day``.

        A solar year holds none, one or two of them: of two, the one of this month or still to
        come, else the last; of none, the next.

        >>> LunarDay(8, 15).of_solar_year(date(2026, 11, 26))
        datetime.date(2026, 9, 25)
        """
        found = self._around(day)
        at = bisect_left(found, day.replace(day=1))
        is_past = found[at].year > day.year and found[at - 1].year == day.year
        return found[at - 1] if is_past else found[at]

    def _around(self, day: date) -> list[date]:
        return [self.in_year(year) for year in range(day.year - 2, day.year + 2)]


def stored_lunar_day(text: str) -> LunarDay:
    """The day of the form stored. Raises ``RefusedInputError`` with the code ``LUNAR_DAY``.

    >>> stored_lunar_day("1990-05L-03") == LunarDay(5, 3, is_leap=True, year=1990)
    True
    """
    found = _CANONICAL.fullmatch(text)
    if found is None:
        raise _refused("write a lunar day as 08-15, 06L-03 (leap month) or 1990-08-15")
    year, month, leap, day = found.groups()
    return LunarDay(int(month), int(day), bool(leap), int(year) if year else None)


def day_zh(day: int) -> str:
    """How the day of a lunar month is called.

    >>> day_zh(3), day_zh(10), day_zh(15), day_zh(20), day_zh(21), day_zh(30)
    ('初三', '初十', '十五', '二十', '廿一', '三十')
    """
    tens, ones = divmod(day, 10)
    return _WHOLE_TENS_ZH.get(day) or ("初", "十", "廿")[tens] + _DIGITS_ZH[ones]


def lunar_month_days(lunar_year: int) -> dict[tuple[int, bool], tuple[date, int]]:
    """The months of a lunar year in order: (month, is leap) → first solar date, days."""
    return dict(_months(lunar_year))


@cache
def _year_starts() -> list[date]:
    """The first days of the years of the table."""
    days = [sum(_month_lengths(number)) for number in _YEARS]
    return [_FIRST_DAY + timedelta(days=past) for past in accumulate(days, initial=0)]


@cache
def _months(lunar_year: int) -> dict[tuple[int, bool], tuple[date, int]]:
    at = lunar_year - FIRST_YEAR
    if not 0 <= at < len(_YEARS):
        raise _refused(f"the lunar year must be {FIRST_YEAR} to {LAST_YEAR}")
    leap = _YEARS[at] >> _LEAP_SHIFT
    names = [(month, False) for month in range(1, 13)]
    if leap:
        names.insert(leap, (leap, True))
    lengths = _month_lengths(_YEARS[at])
    starts = accumulate(lengths, initial=0)
    return {
        name: (_year_starts()[at] + timedelta(days=past), days)
        for name, past, days in zip(names, starts, lengths, strict=False)
    }


def _month_lengths(number: int) -> list[int]:
    months = 13 if number >> _LEAP_SHIFT else 12
    return [30 if number >> month & 1 else 29 for month in range(months)]


def _refused(message: str, **values: object) -> RefusedInputError:
    return RefusedInputError("LUNAR_DAY", message, **values)
