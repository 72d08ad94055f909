"""The lunar calendar against published dates and a library, and what birthdays do in it."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lunar_python import LunarYear, Solar

from huitou.kernel.errors import RefusedInputError
from huitou.kernel.lunar import (
    FIRST_YEAR,
    LAST_YEAR,
    LEAP_MONTHS,
    LunarDay,
    lunar_month_days,
    stored_lunar_day,
)
from huitou.kernel.lunar_words import calendar_of, read_lunar_day

SPRING_FESTIVALS = [
    "2024-02-10", "2025-01-29", "2026-02-17", "2027-02-06", "2028-01-26",
    "2029-02-13", "2030-02-03", "2031-01-23", "2032-02-11", "2033-01-31",
]  # fmt: skip
MID_AUTUMNS = [
    "2024-09-17", "2025-10-06", "2026-09-25", "2027-09-15", "2028-10-03",
    "2029-09-22", "2030-09-12", "2031-10-01", "2032-09-19", "2033-09-08",
]  # fmt: skip
LEAP_MONTHS_OF = {2023: 2, 2025: 6, 2028: 5, 2031: 3, 2033: 11}

birthdays = st.builds(LunarDay, st.integers(1, 12), st.integers(1, 30), st.just(False)) | st.builds(
    LunarDay, st.sampled_from(LEAP_MONTHS), st.integers(1, 30), st.just(True)
)
today = st.dates(date(1902, 1, 1), date(2099, 12, 31))


@pytest.mark.parametrize(
    ("birthday", "published"),
    [(LunarDay(1, 1), SPRING_FESTIVALS), (LunarDay(8, 15), MID_AUTUMNS)],
    ids=["spring-festival", "mid-autumn"],
)
def test_published_festivals(birthday: LunarDay, published: list[str]) -> None:
    assert [birthday.in_year(year).isoformat() for year in range(2024, 2034)] == published


def test_published_leap_months() -> None:
    found = {
        year: month
        for year in range(2023, 2034)
        for month, is_leap in lunar_month_days(year)
        if is_leap
    }

    assert found == LEAP_MONTHS_OF


def test_every_month_of_two_centuries_is_that_of_the_library() -> None:
    for year in range(FIRST_YEAR, LAST_YEAR + 1):
        theirs = {
            (abs(month.getMonth()), month.isLeap()): (
                date.fromisoformat(Solar.fromJulianDay(month.getFirstJulianDay()).toYmd()),
                month.getDayCount(),
            )
            for month in LunarYear.fromYear(year).getMonthsInYear()
        }
        assert lunar_month_days(year) == theirs, year


@given(birthday=birthdays, day=today)
def test_the_next_time_is_the_first_of_all_to_come(birthday: LunarDay, day: date) -> None:
    # given: every time the birthday falls, by walking through the years
    times = [birthday.in_year(year) for year in range(day.year - 2, day.year + 2)]

    # when
    found = birthday.next_from(day)

    # then
    assert found == min(time for time in times if time >= day)
    assert found - day <= timedelta(days=385)


@given(birthday=birthdays, day=today)
def test_the_date_of_the_year_is_of_it_when_there_is_one(birthday: LunarDay, day: date) -> None:
    # given
    of_year = [
        time
        for year in (day.year - 1, day.year)
        if (time := birthday.in_year(year)).year == day.year
    ]

    # when
    found = birthday.of_solar_year(day)

    # then: one of this month is never passed over
    assert found in (of_year or [birthday.next_from(day)])
    assert [t for t in of_year if t.month == day.month] in ([], [found])


@given(birthday=birthdays, year=st.integers(FIRST_YEAR, LAST_YEAR))
def test_a_birthday_falls_in_its_month_of_every_year(birthday: LunarDay, year: int) -> None:
    # given
    months = lunar_month_days(year)
    has_leap = (birthday.month, True) in months
    first, days = months[birthday.month, birthday.is_leap and has_leap]

    # when
    fallen = birthday.in_year(year)

    # then
    assert (fallen - first).days + 1 == min(birthday.day, days)


def test_a_leap_month_birthday_waits_for_no_leap_month() -> None:
    # given
    birthday = LunarDay(6, 3, is_leap=True, year=2025)

    # when
    times = [birthday.in_year(year).isoformat() for year in (2024, 2025, 2026)]

    # then: in 2025 in the leap month, else in the ordinary sixth
    assert times == ["2024-07-08", "2025-07-27", "2026-07-16"]
    assert LunarDay(6, 3).in_year(2025) == date(2025, 6, 27)


def test_the_thirtieth_falls_on_the_last_day_of_a_short_month() -> None:
    new_years_eves = [LunarDay(12, 30).in_year(year).isoformat() for year in (2023, 2024, 2025)]

    assert new_years_eves == ["2024-02-09", "2025-01-28", "2026-02-16"]


def test_a_solar_year_may_hold_two_or_none() -> None:
    # given: the first of the twelfth month, on both sides of New Year
    birthday = LunarDay(12, 1)
    times = [birthday.in_year(year).isoformat() for year in (2024, 2025, 2032, 2033)]
    assert times == ["2024-12-31", "2026-01-19", "2033-01-01", "2034-01-20"]

    # when
    found = [birthday.of_solar_year(date(2024, month, 15)) for month in (1, 6, 12)]
    none = birthday.of_solar_year(date(2025, 6, 15))

    # then: 2024 has 11 January and 31 December, 2025 has none
    assert found == [date(2024, 1, 11), date(2024, 12, 31), date(2024, 12, 31)]
    assert none == date(2026, 1, 19)


@pytest.mark.parametrize(
    ("text", "stored"),
    [
        ("农历八月十五", "08-15"),
        ("阴历1990-08-15", "1990-08-15"),
        ("农历 1990年闰五月初三", "1990-05L-03"),
        ("1990年农历腊月廿三", "1990-12-23"),
        ("农历 1990-08-15 00:00:00", "1990-08-15"),
        ("农历：正月初一", "01-01"),
        ("旧历十一月三十日", "11-30"),
        ("农历冬月二十", "11-20"),
        ("一九九〇年五月(闰)初十（农历）", "1990-05L-10"),
        ("lunar 1990/8/5", "1990-08-05"),
        ("农历19900815", "1990-08-15"),
        ("农历８月１５", "08-15"),
        ("闰六月廿一", "06L-21"),
        ("2025-06L-03", "2025-06L-03"),
        ("农历九月十日", "09-10"),
    ],
    ids=str,
)
def test_lunar_days_as_people_write_them(text: str, stored: str) -> None:
    assert str(read_lunar_day(text)) == stored


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("农历二月三十一", "a lunar month has 29 or 30 days, not 31"),
        ("农历十三月初一", "a lunar month is 1 to 12, not 13"),
        ("农历1990-08-30", "this month of the lunar year 1990 has 29 days only"),
        ("农历1990年闰六月初三", "the lunar year 1990 has no leap month 6"),
        ("农历闰腊月初三", "no year has a leap month 12"),
        ("农历1890-08-15", "the lunar year must be 1900 to 2100"),
        ("农历八月0", "a lunar month has 29 or 30 days, not 0"),
        ("农历中秋", "this is no lunar day; write it as 农历八月十五, 08-15 or 1990-05L-03"),
        ("农历八月二三", "this is no lunar day; write it as 农历八月十五, 08-15 or 1990-05L-03"),
    ],
    ids=str,
)
def test_days_no_calendar_has_are_refused(text: str, message: str) -> None:
    with pytest.raises(RefusedInputError) as refused:
        read_lunar_day(text)

    assert (refused.value.code, str(refused.value)) == ("LUNAR_DAY", message)


@given(birthday=birthdays, year=st.none() | st.integers(FIRST_YEAR, LAST_YEAR))
def test_what_is_shown_is_read_back(birthday: LunarDay, year: int | None) -> None:
    # given: the day as it falls in a year
    month, is_leap, day = birthday.month, birthday.is_leap, birthday.day
    if year is not None:
        months = lunar_month_days(year)
        is_leap = (month, is_leap) in months and is_leap
        day = min(day, months[month, is_leap][1])
    shown = LunarDay(month, day, is_leap, year)

    # then
    assert read_lunar_day(shown.zh) == shown
    assert read_lunar_day(str(shown)) == stored_lunar_day(str(shown)) == shown


@pytest.mark.parametrize(
    ("text", "calendar", "rest"),
    [
        ("公历 1990-08-15", "solar", "1990-08-15"),
        ("阳历1990年8月15日", "solar", "1990年8月15日"),
        ("1990-08-15", "", "1990-08-15"),
        ("公历 农历八月十五", "lunar", "八月十五"),
        ("公历 八月廿五", "lunar", "八月廿五"),
        ("农 1990-08-15", "lunar", "1990-08-15"),
        ("Lunar calendar 1990-08-15", "lunar", "1990-08-15"),
        ("农历", "lunar", ""),
    ],
    ids=str,
)
def test_the_calendar_a_cell_names(text: str, calendar: str, rest: str) -> None:
    assert calendar_of(text) == (calendar, rest)
