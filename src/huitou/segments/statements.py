"""A compiled statement: SQL with marks where an instant goes, and the relations it reads."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime

from huitou.lake.sessions import DUCKDB, SPARK
from huitou.segments.moments import At
from huitou.segments.rules import Holds

PEOPLE = "people"
HOLDINGS = "holdings"
# What a page sums over members comes along, so that a size and a sales share are one query.
CARRIED = ("monetary_minor", "frequency")
_MARK = re.compile(r"rule_(instant|day|month)\(\s*(?:CAST\(\s*)?(\d+)(?: AS \w+\s*\))?\s*\)", re.I)
# An instant of the calendar; without the zone DuckDB would have a clock's face.
_INSTANT_TYPES = {DUCKDB: "TIMESTAMP WITH TIME ZONE", SPARK: "TIMESTAMP"}

# What a mark stands for at an instant.
Moment = Callable[[At], datetime | date | int]


@dataclass(frozen=True)
class Compiled:
    """SQL of a dialect with marks.

    Its columns: ``member_id``, those of ``CARRIED``, and ``rule_0`` …, whether each rule holds.
    ``relations`` are the lake tables it reads, ``holdings`` the conditions by their number in the
    relation of that name.
    """

    sql: str
    dialect: str
    moments: tuple[Moment, ...] = field(repr=False)
    relations: frozenset[str]
    holdings: tuple[Holds, ...]


def relation_of(table: str) -> str:
    """What the happenings of a lake table are called in the statement.

    >>> relation_of("order_fact")
    'happened_order_fact'
    """
    return f"happened_{table}"


def bind(statement: Compiled, at: At, *, people: str = PEOPLE) -> str:
    """The SQL as of an instant, over the relation ``people``.

    >>> from huitou.segments.moments import end_of_day
    >>> from zoneinfo import ZoneInfo
    >>> at = end_of_day(date(2024, 6, 30), ZoneInfo("UTC"))
    >>> sql = "x < rule_day(CAST(0 AS TINYINT))"
    >>> bind(Compiled(sql, "duckdb", (lambda at: at.day,), frozenset(), ()), at)
    "x < DATE '2024-06-30'"
    """
    sql = statement.sql.replace(f'"{PEOPLE}"', f'"{people}"')

    def said(found: re.Match[str]) -> str:
        return literal(statement.moments[int(found[2])](at), statement.dialect)

    return _MARK.sub(said, sql)


def literal(value: datetime | date | int, dialect: str = DUCKDB) -> str:
    """An instant, a date or a number as SQL."""
    if isinstance(value, datetime):
        text = value.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S.%f")
        return f"CAST('{text}+00:00' AS {_INSTANT_TYPES[dialect]})"
    if isinstance(value, date):
        return f"DATE '{value.isoformat()}'"
    return str(value)
