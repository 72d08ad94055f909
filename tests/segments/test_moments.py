"""Where windows begin and end: to the second, by the calendar, and by the brand's clock."""

from __future__ import annotations

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from huitou.kernel.errors import RefusedInputError
from huitou.segments.moments import (
    Ago,
    At,
    after,
    between,
    day_of,
    end_of_day,
    instant_of,
    parse_length,
    within,
)

SHANGHAI, NEW_YORK = ZoneInfo("Asia/Shanghai"), ZoneInfo("America/New_York")


def _utc(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)  # type: ignore[misc, arg-type]


@pytest.mark.parametrize(
    ("length", "start"),
    [
        ("30d", _utc(2024, 3, 1, 4, 0, 0)),
        ("1s", _utc(2024, 3, 31, 3, 59, 59)),
        ("90min", _utc(2024, 3, 31, 2, 30, 0)),
        ("2w", _utc(2024, 3, 17, 4, 0, 0)),
        # The 31st a month before ends in February's last day, which a leap year has.
        ("1mo", _utc(2024, 2, 29, 4, 0, 0)),
        ("13mo", _utc(2023, 2, 28, 4, 0, 0)),
        ("2mo", _utc(2024, 1, 31, 4, 0, 0)),
        ("1y", _utc(2023, 3, 31, 4, 0, 0)),
    ],
)
def test_a_window_begins_its_length_before_now(length: str, start: datetime) -> None:
    # given noon of the last day of March in Shanghai
    at = At(_utc(2024, 3, 31, 4, 0, 0), SHANGHAI)

    # when
    window = within(parse_length(length), at)

    # then both ends are in it
    assert window.start == start
    assert window.end == _utc(2024, 3, 31, 4, 0, 0).replace(microsecond=1)


def test_a_year_before_a_leap_day_is_the_last_of_february() -> None:
    at = At(_utc(2024, 2, 29, 4), SHANGHAI)
    assert instant_of(Ago(parse_length("1y")), at) == _utc(2023, 2, 28, 4)
    assert instant_of(Ago(parse_length("4y")), at) == _utc(2020, 2, 29, 4)


def test_days_are_seconds_and_months_are_calendar_across_a_change_of_clocks() -> None:
    # given noon of 11 March in New York, the day after clocks went forward
    at = At(_utc(2024, 3, 11, 16), NEW_YORK)

    # then seven days are 168 hours, and a month ago it was noon there too
    assert instant_of(Ago(parse_length("7d")), at) == _utc(2024, 3, 4, 16)
    assert instant_of(Ago(parse_length("1mo")), at) == _utc(2024, 2, 11, 17)


def test_a_day_is_whole_even_when_it_has_23_hours() -> None:
    at = At(_utc(2024, 3, 20), NEW_YORK)
    window = between(date(2024, 3, 10), date(2024, 3, 10), at)
    assert window.start == _utc(2024, 3, 10, 5)
    assert window.end == _utc(2024, 3, 11, 4)
    assert after(date(2024, 3, 10), at) == _utc(2024, 3, 11, 4)


def test_what_lies_after_now_is_in_no_window() -> None:
    at = At(_utc(2024, 3, 10, 12), NEW_YORK)
    assert between(date(2024, 3, 10), date(2024, 12, 31), at).end == _utc(2024, 3, 10, 12).replace(
        microsecond=1
    )


def test_figures_as_of_a_day_are_judged_at_its_last_instant() -> None:
    at = end_of_day(date(2024, 2, 29), SHANGHAI)
    assert at.instant == datetime(2024, 2, 29, 15, 59, 59, 999999, tzinfo=UTC)
    assert at.day == date(2024, 2, 29)


@pytest.mark.parametrize(
    ("length", "day"),
    [("0d", date(2024, 3, 11)), ("30d", date(2024, 2, 10)), ("1mo", date(2024, 2, 11)),
     ("1w", date(2024, 3, 4)), ("13h", date(2024, 3, 10))],
)  # fmt: skip
def test_a_date_so_long_ago_goes_by_the_calendar(length: str, day: date) -> None:
    # given ten past midnight of 11 March in New York
    at = At(_utc(2024, 3, 11, 4, 10), NEW_YORK)
    assert day_of(Ago(parse_length(length)), at) == day


@pytest.mark.parametrize(
    "text", ["", "90", "d", "-1d", "1.5d", "90 d", "101y", "1000000000d", "九十d"]
)
def test_other_texts_are_no_length(text: str) -> None:
    with pytest.raises(RefusedInputError):
        parse_length(text)
