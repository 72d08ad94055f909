"""When every lunar day falls, as of a date: the table that birthdays are joined with.

The lunar calendar is no formula an engine could compute, and it moves with the year; it has some
seven hundred days, so each computation makes the table for its date.
"""

from __future__ import annotations

from datetime import date

import duckdb
import pyarrow as pa

from huitou.kernel.lunar import FIRST_YEAR, LAST_YEAR, LEAP_MONTHS, LunarDay

LUNAR_DAYS = "lunar_days"
LUNAR_DAY_COLUMNS = {"lunar_day": "string", "lunar_of_year": "date", "lunar_next": "date"}
_DAYS = tuple(
    LunarDay(month, day, is_leap)
    for is_leap in (False, True)
    for month in (LEAP_MONTHS if is_leap else range(1, 13))
    for day in range(1, 31)
)


def lunar_days(connection: duckdb.DuckDBPyConnection) -> pa.Table:
    """Every lunar day by ``LUNAR_DAY_COLUMNS``, as of the session's date.

    ``lunar_of_year`` is ``LunarDay.of_solar_year``, ``lunar_next`` is ``LunarDay.next_from``.
    """
    as_of = connection.execute("SELECT as_of_day()").fetchall()[0][0]
    return table_of(as_of)


def table_of(as_of: date) -> pa.Table:
    """``lunar_days`` as of a date; empty where the calendar does not reach.

    >>> rows = table_of(date(2026, 11, 26)).to_pylist()
    >>> [str(day) for row in rows if row["lunar_day"] == "08-15" for day in row.values()]
    ['08-15', '2026-09-25', '2027-09-15']
    """
    days = _DAYS if FIRST_YEAR + 2 <= as_of.year < LAST_YEAR else ()
    return pa.table(
        {
            "lunar_day": pa.array([day.of_any_year for day in days], pa.string()),
            "lunar_of_year": pa.array([day.of_solar_year(as_of) for day in days], pa.date32()),
            "lunar_next": pa.array([day.next_from(as_of) for day in days], pa.date32()),
        }
    )
