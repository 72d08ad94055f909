"""What other rooms ask insight: figures of a scope, traits of members, members by traits.

Everything here reads the snapshot in force, except ``rfm`` by another rule, which is computed over
the orders the snapshot names. What was computed is kept. A scope that was never refreshed has no
figures: ask ``freshness`` first; the other queries then give empty answers.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from huitou.insight import kept, keyed, periods, readings, snapshots
from huitou.insight.rules import year_before
from huitou.insight.snapshots import Snapshot
from huitou.insight.traits import BY_NAME, TRAITS, Trait
from huitou.insight.types import (
    CategoryDue,
    CohortRow,
    CycleSummary,
    Flow,
    Freshness,
    Kpi,
    LifecycleSummary,
    Matrix,
    MemberFilters,
    MemberPage,
    MemberRow,
    RegionRow,
    RfmRule,
    RfmSummary,
    Scope,
    Trend,
)
from huitou.lake import engine
from huitou.lake.engine import quoted

__all__ = [
    "MemberFilters",
    "MemberPage",
    "MemberRow",
    "RfmRule",
    "Scope",
    "choices",
    "cohorts",
    "cycle",
    "find_members",
    "freshness",
    "kpis",
    "lifecycle",
    "lifecycle_flow",
    "member_categories",
    "member_ids",
    "member_traits",
    "recency_frequency",
    "regions",
    "rfm",
    "trend",
]

MemberIds = Sequence[int] | NDArray[np.int64]

# A page of members is no longer than this.
PAGE_MAX = 1_000
_CACHED_RESULTS = 512
# Instants leave DuckDB as integers: its own conversion needs a package nothing else does.
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def _columns_of(traits: Iterable[Trait]) -> str:
    return ", ".join(
        f"epoch_us({trait.name})" if trait.kind == "time" else trait.name for trait in traits
    )


_TRAIT_COLUMNS = _columns_of(TRAITS)


def freshness(scope: Scope) -> Freshness | None:
    """How old and how large the figures are; ``None`` when the scope was never refreshed."""
    snapshot = snapshots.current(scope)
    if snapshot is None:
        return None
    content = snapshots.summary(snapshot.folder)
    return Freshness(
        as_of=snapshot.as_of,
        refreshed_at=snapshot.refreshed_at,
        members=content["members"],
        buyers=content["buyers"],
        orders=content["orders"],
        first_day=_first_day(snapshot),
        last_day=_date(content["last_day"]),
    )


def kpis(scope: Scope, *, start: date, end: date) -> list[Kpi]:
    """The KPI tiles of ``start`` to ``end``, both included; empty when never refreshed."""
    snapshot = snapshots.current(scope)
    return [] if snapshot is None else list(_kpis(snapshot, start, end))


def trend(scope: Scope, *, start: date, end: date) -> Trend:
    """Sales of every day of a period beside the same date a year before.

    ``last_year_minor`` is ``None`` before the brand's first order.
    """
    snapshot = snapshots.current(scope)
    days = periods.day_range(start, end)
    sales = {} if snapshot is None else _daily_sales(snapshot.folder)
    first = None if snapshot is None else _first_day(snapshot)

    def last_year(day: date) -> int | None:
        before = year_before(day)
        return None if first is None or before < first else sales.get(before, 0)

    return Trend(
        days=days,
        current_minor=[sales.get(day, 0) for day in days],
        last_year_minor=[last_year(day) for day in days],
    )


def rfm(
    scope: Scope,
    *,
    threshold: str = "mean",
    amount: str = "total",
    window_days: int | None = None,
    as_of: date | None = None,
) -> RfmSummary | None:
    """RFM by the rule the arguments state (see ``RfmRule``); the default is the snapshot's own.

    Another rule or date is computed over the orders of the snapshot's lake version.
    Raises ``RefusedInputError`` when the rule cannot be read.
    """
    snapshot = snapshots.current(scope)
    if snapshot is None:
        return None
    rule = RfmRule(threshold, amount, window_days)
    if rule != RfmRule() or as_of not in (None, snapshot.as_of):
        return _rfm(snapshot, rule, as_of or snapshot.as_of)
    content = snapshots.summary(snapshot.folder)
    return readings.rfm_summary(snapshot.as_of, content["thresholds"], content["groups"])


def recency_frequency(scope: Scope) -> Matrix | None:
    """Members by recency band and frequency band."""
    snapshot = snapshots.current(scope)
    if snapshot is None:
        return None
    return readings.matrix(snapshots.summary(snapshot.folder)["matrix"])


def lifecycle(scope: Scope) -> LifecycleSummary | None:
    """Members by stage and buyer type, the churn rate and the flow."""
    snapshot = snapshots.current(scope)
    if snapshot is None:
        return None
    return readings.lifecycle(snapshot.as_of, snapshots.summary(snapshot.folder))


def lifecycle_flow(scope: Scope) -> Flow | None:
    """How members moved between stages over the last 30 days."""
    snapshot = snapshots.current(scope)
    if snapshot is None:
        return None
    return readings.flow(snapshot.as_of, snapshots.summary(snapshot.folder)["flow"])


def cycle(scope: Scope) -> CycleSummary | None:
    """Purchase cycles of the brand and its categories."""
    snapshot = snapshots.current(scope)
    if snapshot is None:
        return None
    return readings.cycle(snapshot.as_of, snapshots.summary(snapshot.folder))


def cohorts(scope: Scope, *, months: int = 12) -> list[CohortRow]:
    """Monthly retention of the last ``months`` cohorts, oldest first."""
    snapshot = snapshots.current(scope)
    if snapshot is None:
        return []
    rows = snapshots.summary(snapshot.folder)["cohorts"]
    return readings.cohorts(snapshot.as_of, rows, months=months)


def regions(
    scope: Scope, *, start: date, end: date, level: str = "province", province: str | None = None
) -> list[RegionRow]:
    """Purchases of a period by ``province`` or ``city`` (of one province), most sales first."""
    snapshot = snapshots.current(scope)
    return [] if snapshot is None else list(_regions(snapshot, start, end, level, province))


def member_traits(
    brand_id: int,
    member_ids: Sequence[int],
    *,
    shop_id: int | None = None,
    names: Collection[str] | None = None,
) -> dict[int, dict[str, Any]]:
    """Traits of members over the brand or one shop; members the snapshot lacks are absent.

    Only those of ``names`` where given, which is meant for the same few names again and again
    (see ``keyed``).
    """
    snapshot = snapshots.current(Scope(brand_id, shop_id))
    if snapshot is None or not member_ids:
        return {}
    if names is None:
        return _traits_of(snapshot, member_ids)
    traits = [trait for trait in TRAITS if trait.name in names]
    if not traits:
        return {}
    rows = keyed.rows_by_member(snapshot, member_ids, _columns_of(traits))
    return {member: _traits(row, traits) for member, row in rows.items()}


def _traits_of(snapshot: Snapshot, member_ids: Sequence[int]) -> dict[int, dict[str, Any]]:
    if not member_ids:
        return {}
    wanted = [int(member) for member in member_ids]
    sql = (
        f"SELECT member_id, {_TRAIT_COLUMNS} FROM read_parquet({quoted(snapshot.traits_path)}) "
        f"WHERE member_id BETWEEN {min(wanted)} AND {max(wanted)} "
        f"AND member_id IN ({', '.join(map(str, wanted))})"
    )
    with engine.cursor() as connection:
        return {row[0]: _traits(row[1:]) for row in connection.execute(sql).fetchall()}


def member_categories(
    brand_id: int, member_ids: Sequence[int], *, shop_id: int | None = None
) -> dict[int, list[CategoryDue]]:
    """The categories of members, bought on most days first; whoever bought none is absent."""
    snapshot = snapshots.current(Scope(brand_id, shop_id))
    if snapshot is None or not member_ids:
        return {}
    wanted = [int(member) for member in member_ids]
    sql = (
        "SELECT member_id, category, days, last_day, cycle_days, next_date, warning_date "
        f"FROM read_parquet({quoted(snapshot.categories_path)}) "
        f"WHERE member_id BETWEEN {min(wanted)} AND {max(wanted)} "
        f"AND member_id IN ({', '.join(map(str, wanted))}) "
        "ORDER BY member_id, days DESC, last_day DESC, category"
    )
    found: dict[int, list[CategoryDue]] = {}
    with engine.cursor() as connection:
        for row in connection.execute(sql).fetchall():
            found.setdefault(row[0], []).append(CategoryDue(*row[1:]))
    return found


def find_members(
    scope: Scope,
    filters: MemberFilters,
    *,
    sort: str = "last_paid_at",
    descending: bool = True,
    offset: int = 0,
    limit: int = 50,
    among: Sequence[MemberIds] = (),
) -> MemberPage:
    """A page of the members that match, with totals of all that match.

    They are in each of the sets of ids ``among``. Members without the sorted trait come last;
    equal ones are in order of ``member_id``. Raises ``ValueError`` for an unknown trait or more
    than ``PAGE_MAX`` rows.
    """
    snapshot = snapshots.current(scope)
    if snapshot is None or not all(len(ids) for ids in among):
        return MemberPage(0, 0, 0, [])
    if limit > PAGE_MAX or offset < 0:
        raise ValueError(f"a page has at most {PAGE_MAX} members and starts at 0 or later")
    order = "member_id" if sort == "member_id" else _known(sort)
    where, parameters = _conditions(filters, among)
    direction = "DESC" if descending else "ASC"
    with engine.cursor() as connection:
        _offer(connection, among)
        # Only the columns that choose and order are read in full; the page's traits by its ids.
        rows = connection.execute(
            f"SELECT member_id FROM read_parquet({quoted(snapshot.traits_path)}) WHERE {where} "
            f"ORDER BY {order} {direction} NULLS LAST, member_id "
            f"LIMIT {int(limit)} OFFSET {int(offset)}",
            parameters,
        ).fetchall()
        if among:  # sets of ids are not kept
            total, sales, orders = _totals_of(connection, snapshot, where, parameters)
    if not among:
        total, sales, orders = _totals(snapshot, where, tuple(sorted(parameters.items())))
    listed = [row[0] for row in rows]
    traits = _traits_of(snapshot, listed)
    found = [MemberRow(member, traits[member]) for member in listed]
    return MemberPage(total, sales, orders, found)


def member_ids(
    scope: Scope, filters: MemberFilters, *, among: Sequence[MemberIds] = ()
) -> list[int]:
    """Every member that matches and is in each of the sets ``among``, in order of id."""
    snapshot = snapshots.current(scope)
    if snapshot is None:
        return []
    where, parameters = _conditions(filters, among)
    sql = (
        f"SELECT member_id FROM read_parquet({quoted(snapshot.traits_path)}) "
        f"WHERE {where} ORDER BY member_id"
    )
    with engine.cursor() as connection:
        _offer(connection, among)
        return [row[0] for row in connection.execute(sql, parameters).fetchall()]


def choices(scope: Scope, trait: str) -> list[tuple[str, int]]:
    """The values a text or code trait takes, with their members, most members first."""
    snapshot = snapshots.current(scope)
    return [] if snapshot is None else list(_choices(snapshot.folder, _known(trait)))


def _known(name: str) -> str:
    if name not in BY_NAME:
        raise ValueError(f"no such trait: {name}")
    return name


def _offer(connection: Any, among: Sequence[MemberIds]) -> None:
    """Let ``connection`` read the sets of ids as the relations ``among_0`` and on."""
    for place, ids in enumerate(among):
        connection.register(f"among_{place}", pa.table({"id": pa.array(ids, pa.int64())}))


def _conditions(filters: MemberFilters, among: Sequence[MemberIds]) -> tuple[str, dict[str, Any]]:
    """SQL of the filters; values travel as parameters."""
    parts = ["true"]
    parameters: dict[str, Any] = {}
    for name, accepted in filters.values.items():
        key = f"values_{len(parameters)}"
        parameters[key] = tuple(accepted)
        parts.append(f"list_contains(${key}, {_known(name)})")
    for name, (low, high) in filters.ranges.items():
        for sign, bound in ((">=", low), ("<=", high)):
            if bound is not None:
                key = f"bound_{len(parameters)}"
                parameters[key] = bound
                parts.append(f"{_known(name)} {sign} ${key}")
    if filters.buyers_only:
        parts.append("frequency IS NOT NULL")
    parts += [f"member_id IN (SELECT id FROM among_{place})" for place in range(len(among))]
    return " AND ".join(parts), parameters


def _traits(values: Sequence[Any], traits: Iterable[Trait] = TRAITS) -> dict[str, Any]:
    found = {}
    for trait, value in zip(traits, values, strict=True):
        instant = trait.kind == "time" and value is not None
        found[trait.name] = _EPOCH + timedelta(microseconds=value) if instant else value
    return found


def _date(text: str | None) -> date | None:
    return None if text is None else date.fromisoformat(text)


def _first_day(snapshot: Snapshot) -> date | None:
    return _date(snapshots.summary(snapshot.folder)["first_day"])


@contextmanager
def _source(snapshot: Snapshot) -> Iterator[periods.Source]:
    def file(name: str) -> str:
        return f"read_parquet({quoted(f'{snapshot.folder}/{name}')})"

    with engine.cursor() as connection:
        yield periods.Source(
            connection,
            file(snapshots.DAILY_FILE),
            file(snapshots.SUCCESSIONS_FILE),
            file(snapshots.COMEBACKS_FILE),
            _first_day(snapshot),
        )


@lru_cache(maxsize=_CACHED_RESULTS)
def _kpis(snapshot: Snapshot, start: date, end: date) -> tuple[Kpi, ...]:
    with _source(snapshot) as source:
        return tuple(periods.kpis(source, start, end))


@lru_cache(maxsize=_CACHED_RESULTS)
def _regions(
    snapshot: Snapshot, start: date, end: date, level: str, province: str | None
) -> tuple[RegionRow, ...]:
    with _source(snapshot) as source:
        return tuple(periods.regions(source, start, end, level, province))


@lru_cache(maxsize=_CACHED_RESULTS)
def _rfm(snapshot: Snapshot, rule: RfmRule, as_of: date) -> RfmSummary:
    with kept.session_of(snapshot) as session:
        return periods.rfm(session, rule, as_of)


@lru_cache(maxsize=_CACHED_RESULTS)
def _totals(
    snapshot: Snapshot, where: str, parameters: tuple[tuple[str, Any], ...]
) -> tuple[int, int, int]:
    with engine.cursor() as connection:
        return _totals_of(connection, snapshot, where, dict(parameters))


def _totals_of(
    connection: Any, snapshot: Snapshot, where: str, parameters: Mapping[str, Any]
) -> tuple[int, int, int]:
    """How many members match, what they spent, and in how many purchases."""
    total, sales, orders = connection.execute(
        "SELECT count(*), coalesce(sum(monetary_minor), 0)::BIGINT, "
        "coalesce(sum(frequency), 0)::BIGINT "
        f"FROM read_parquet({quoted(snapshot.traits_path)}) WHERE {where}",
        parameters,
    ).fetchall()[0]
    return int(total), int(sales), int(orders)


@lru_cache(maxsize=64)
def _daily_sales(folder: str) -> dict[date, int]:
    path = quoted(f"{folder}/{snapshots.DAILY_FILE}")
    with engine.cursor() as connection:
        rows = connection.execute(
            f"SELECT biz_date, sum(sales_minor) FROM read_parquet({path}) GROUP BY biz_date"
        ).fetchall()
    return {row[0]: int(row[1]) for row in rows}


@lru_cache(maxsize=64)
def _choices(folder: str, trait: str) -> tuple[tuple[str, int], ...]:
    path = quoted(f"{folder}/{snapshots.TRAITS_FILE}")
    with engine.cursor() as connection:
        rows = connection.execute(
            f"SELECT {trait}, count(*) FROM read_parquet({path}) WHERE {trait} IS NOT NULL "
            "GROUP BY 1 ORDER BY 2 DESC, 1"
        ).fetchall()
    return tuple((str(value), int(members)) for value, members in rows)
