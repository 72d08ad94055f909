"""Birthdays by both calendars in words, and the choices of the form that writes one down."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from django.utils.formats import date_format
from django.utils.translation import gettext as _

from huitou.kernel.lunar import LEAP_MONTHS, LunarDay
from huitou.members.birthdays import Birthday, lunar_words, month_words, monthday_words


@dataclass(frozen=True)
class Choice:
    """An option: what is sent and what is read."""

    code: str
    words: str


@dataclass(frozen=True)
class BirthdayForm:
    """What the form shows: the calendar and day on record, and the choices of a lunar one."""

    calendar: str
    solar: date | None
    year: str
    month: str
    day: int | None
    months: list[Choice]
    days: list[Choice]


def birthday_form(birthday: Birthday) -> BirthdayForm:
    """The form filled with ``birthday``; the solar calendar while nothing is known."""
    lunar = birthday.lunar
    return BirthdayForm(
        calendar="lunar" if lunar else "solar",
        solar=birthday.solar,
        year=str(lunar.year) if lunar and lunar.year else "",
        month=month_code(lunar.month, lunar.is_leap) if lunar else "",
        day=lunar.day if lunar else None,
        months=[
            Choice(month_code(month, is_leap), month_words(month, is_leap=is_leap))
            for month in range(1, 13)
            for is_leap in (False, True)
            if not is_leap or month in LEAP_MONTHS
        ],
        days=[Choice(f"{day:02}", monthday_words(day)) for day in range(1, 31)],
    )


def month_code(month: int, is_leap: bool) -> str:
    """A lunar month as the stored form writes it.

    >>> month_code(6, True)
    '06L'
    """
    return f"{month:02}{'L' if is_leap else ''}"


def birthday_text(birthday: Birthday) -> str:
    """Both calendars as far as known; '' when nothing is."""
    solar = date_format(birthday.solar, "Y-m-d") if birthday.solar else ""
    return " · ".join(filter(None, (lunar_words(birthday.lunar), solar)))


def lunar_this_year(lunar: LunarDay | None, today: date) -> str:
    """A lunar birthday with the solar date that stands for the year of ``today``."""
    if lunar is None:
        return ""
    fallen = lunar.of_solar_year(today)
    places = {"lunar": lunar_words(lunar), "date": date_format(fallen, _("j F"))}
    if fallen.year == today.year:
        return _("%(lunar)s (%(date)s this year)") % places
    return _("%(lunar)s (%(date)s next year)") % places
