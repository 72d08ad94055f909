"""Which period a query string asks for."""

from __future__ import annotations

from datetime import date

import pytest

from huitou.console.periods import CUSTOM_DAYS_MAX, Period, requested_period

TODAY = date(2018, 1, 1)


@pytest.mark.parametrize(
    ("query", "period"),
    [
        ({}, Period(date(2017, 12, 3), TODAY, 30)),
        ({"period": "365"}, Period(date(2017, 1, 2), TODAY, 365)),
        ({"period": "8"}, Period(date(2017, 12, 3), TODAY, 30)),
        ({"period": "٧"}, Period(date(2017, 12, 3), TODAY, 30)),
        (
            {"start": "2017-05-01", "end": "2017-05-31"},
            Period(date(2017, 5, 1), date(2017, 5, 31), None),
        ),
        (
            {"start": "2017-05-31", "end": "2017-05-01"},
            Period(date(2017, 5, 1), date(2017, 5, 31), None),
        ),
        ({"start": "2017-05-01", "end": "2030-01-01"}, Period(date(2017, 5, 1), TODAY, None)),
        ({"start": "2017-05-01", "end": "soon"}, Period(date(2017, 12, 3), TODAY, 30)),
    ],
)
def test_a_period_is_read_from_the_query(query: dict[str, str], period: Period) -> None:
    assert requested_period(query, TODAY) == period


def test_own_dates_are_cut_to_the_longest_period() -> None:
    # when
    period = requested_period({"start": "0001-01-01", "end": "2017-12-31"}, TODAY)

    # then
    assert (period.length, period.end) == (CUSTOM_DAYS_MAX, date(2017, 12, 31))
