"""Figures of any period: KPI tiles and regions, from roll-ups by date; and RFM by any rule.

The roll-ups (``daily``, ``successions``, ``comebacks`` of ``expressions.roll_ups``) are sorted by
date, so a period reads only its own days, however many members there are. They are computed once;
what is asked of them here is plain SQL, because a page must not wait for a compiler.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import duckdb

from huitou.insight import plan, readings
from huitou.insight.rules import divided, period_before, rounded, year_before
from huitou.insight.types import Kpi, RegionRow, RfmRule, RfmSummary
from huitou.lake.engine import quoted
from huitou.lake.sessions import Session

# Points of a sparkline at most.
SPARK_POINTS_MAX = 31


@dataclass(frozen=True)
class Figures:
    """What a period adds up to; amounts in minor units."""

    orders: int = 0
    sales: int = 0
    units: int = 0
    listed: int = 0
    deal: int = 0
    buyers: int = 0
    repeat_buyers: int = 0
    new_buyers: int = 0


@dataclass(frozen=True)
class _Tile:
    code: str
    label_zh: str
    label_en: str
    kind: str
    measure: Callable[[Figures], float | int | None]


# 客单价 AOV = sales ÷ buyers; ATV = ASP × UPT = sales ÷ purchases; requirement C11.
TILES: tuple[_Tile, ...] = (
    _Tile("sales", "销售额", "Sales", "money", lambda f: f.sales),
    _Tile("buyers", "购买人数", "Buyers", "count", lambda f: f.buyers),
    _Tile("orders", "购买次数", "Purchases", "count", lambda f: f.orders),
    _Tile(
        "aov", "客单价", "Sales per buyer", "money", lambda f: rounded(divided(f.sales, f.buyers))
    ),
    _Tile(
        "atv",
        "笔单价",
        "Sales per purchase",
        "money",
        lambda f: rounded(divided(f.sales, f.orders)),
    ),
    _Tile("asp", "件单价", "Sales per item", "money", lambda f: rounded(divided(f.sales, f.units))),
    _Tile("upt", "连带率", "Items per purchase", "number", lambda f: divided(f.units, f.orders)),
    _Tile(
        "discount_loss",
        "折损",
        "Discount loss",
        "ratio",
        lambda f: divided(f.listed - f.deal, f.listed),
    ),
    _Tile(
        "repurchase_rate",
        "复购率",
        "Repurchase rate",
        "ratio",
        lambda f: divided(f.repeat_buyers, f.buyers),
    ),
    _Tile("new_buyers", "新客数", "New buyers", "count", lambda f: f.new_buyers),
    _Tile(
        "returning_share",
        "老客占比",
        "Returning buyers' share",
        "ratio",
        lambda f: divided(f.buyers - f.new_buyers, f.buyers),
    ),
)


@dataclass(frozen=True)
class Source:
    """A connection, and what the roll-ups are called there (anything that follows FROM).

    ``first_day`` is the date of the first purchase, ``None`` when there is none.
    """

    connection: duckdb.DuckDBPyConnection
    daily: str
    successions: str
    comebacks: str
    first_day: date | None


def kpis(source: Source, start: date, end: date) -> list[Kpi]:
    """Every tile of ``start`` to ``end`` (both included) with its comparisons and sparkline."""
    days = (end - start).days + 1
    width = -(-days // SPARK_POINTS_MAX)
    now = _whole(source, start, end)
    slices = _slices(source, start, end, width)
    previous = _comparison(source, *period_before(start, end))
    last_year = _comparison(source, year_before(start), year_before(end))
    points = range(-(-days // width))
    return [
        Kpi(
            code=tile.code,
            label_zh=tile.label_zh,
            label_en=tile.label_en,
            kind=tile.kind,
            value=tile.measure(now),
            previous=None if previous is None else tile.measure(previous),
            last_year=None if last_year is None else tile.measure(last_year),
            spark=[tile.measure(slices.get(point, Figures())) for point in points],
        )
        for tile in TILES
    ]


def _comparison(source: Source, start: date, end: date) -> Figures | None:
    """The figures of an earlier period, if the data covers the whole of it."""
    if source.first_day is None or start < source.first_day:
        return None
    return _whole(source, start, end)


def _whole(source: Source, start: date, end: date) -> Figures:
    return _slices(source, start, end, (end - start).days + 1).get(0, Figures())


def _slices(source: Source, start: date, end: date, width: int) -> dict[int, Figures]:
    """The figures of every ``width`` days; a buyer counts once in each slice."""
    dated = f"biz_date BETWEEN {_day(start)} AND {_day(end)}"
    place = f"(biz_date - {_day(start)}) // {int(width)}"
    sums = source.connection.execute(
        f"""
        SELECT {place} AS slice, sum(orders), sum(sales_minor), sum(units), sum(listed), sum(deal)
        FROM {source.daily} WHERE {dated} GROUP BY slice
        """
    ).fetchall()
    # Of a member with n purchases in a slice, n - 1 have the one before within it, and n - 2 (none
    # of one) the one before that: the differences count the members, and those with two or more.
    buyers = source.connection.execute(
        f"""
        SELECT slice,
               sum(orders) FILTER (steps = 1)
                   - coalesce(sum(orders) FILTER (steps = 1 AND within), 0),
               coalesce(sum(orders) FILTER (steps = 1 AND within), 0)
                   - coalesce(sum(orders) FILTER (steps = 2 AND within), 0),
               coalesce(sum(orders) FILTER (steps = 1 AND earlier IS NULL), 0)
        FROM (
            SELECT steps, orders, earlier, {place} AS slice,
                   coalesce(earlier >= {_day(start)} + (slice * {int(width)})::INTEGER, false)
                       AS within
            FROM {source.comebacks} WHERE {dated}
        ) GROUP BY slice
        """
    ).fetchall()
    counted = {row[0]: [int(count) for count in row[1:]] for row in buyers}
    return {
        row[0]: Figures(*(int(value) for value in row[1:]), *counted.get(row[0], (0, 0, 0)))
        for row in sums
    }


def _day(value: date) -> str:
    return f"DATE {quoted(value.isoformat())}"


def regions(
    source: Source, start: date, end: date, level: str, province: str | None = None
) -> list[RegionRow]:
    """Provinces or cities (of one ``province``, or all) by sales, greatest first.

    Cities of the same name in two provinces are two. Raises ``ValueError`` for another level.
    """
    if level not in ("province", "city"):
        raise ValueError(f"no such region level: {level}")
    place = "province" if level == "province" else "province, city"
    kept = f"biz_date BETWEEN {_day(start)} AND {_day(end)} AND {level} <> ''"
    if province is not None:
        kept += f" AND province = {quoted(province)}"
    rows = source.connection.execute(
        f"""
        WITH sums AS (
            SELECT {place}, sum(orders)::BIGINT AS orders, sum(sales_minor)::BIGINT AS sales_minor
            FROM {source.daily} WHERE {kept} GROUP BY ALL
        ), distinct_buyers AS (
            SELECT {place}, count(*) AS buyers FROM {source.successions}
            WHERE {kept}
              AND (earlier_in_{level} IS NULL OR earlier_in_{level} < {_day(start)}) GROUP BY ALL
        )
        SELECT {level}, coalesce(buyers, 0), orders, sales_minor, province
        FROM sums LEFT JOIN distinct_buyers USING ({place})
        ORDER BY sales_minor DESC, {place}
        """
    ).fetchall()
    return _with_shares(rows)


def rfm(session: Session, rule: RfmRule, as_of: date) -> RfmSummary:
    """RFM by any rule; leaves every buyer with their group in the session's ``grouped``."""
    plan.run_steps(session, plan.rfm_steps(session.dialect, as_of, rule), as_of)
    connection = session.connection
    lines = connection.execute(
        "SELECT recency_line, frequency_line, amount_line FROM lines"
    ).fetchall()[0]
    groups = connection.execute("SELECT code, members, sales_minor, orders FROM groups").fetchall()
    return readings.rfm_summary(as_of, list(lines), [list(row) for row in groups])


def _with_shares(rows: Iterable[tuple[Any, ...]]) -> list[RegionRow]:
    listed = list(rows)
    total = sum(row[3] for row in listed)
    return [
        RegionRow(name, buyers, orders, sales, divided(sales, total) or 0.0, province)
        for name, buyers, orders, sales, province in listed
    ]


def day_range(start: date, end: date) -> list[date]:
    """Every date from ``start`` to ``end``, both included."""
    return [start + timedelta(days=offset) for offset in range((end - start).days + 1)]
