"""Segments side by side with everybody, on every trait and key figure.

Who is in a segment is what its latest refresh kept. How far a trait sets a segment apart is an
effect size against everybody: of numbers the difference of means in standard deviations of
everybody (Glass's delta), of codes the largest difference of shares as Cohen's h, which has the
same usual lines: 0.2 is small, 0.5 medium, 0.8 large.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from typing import Any

import duckdb

from huitou.brands.models import Brand
from huitou.insight.rules import divided, rounded
from huitou.insight.traits import TRAITS, Trait
from huitou.lake import engine
from huitou.lake.engine import quoted
from huitou.segments import grounds
from huitou.segments.overlaps import Chosen, chosen_segments, memberships_sql
from huitou.segments.vocabulary import NUMBER_KINDS, TIME_KINDS

# Of a number: the ends and the inside of its picture.
LEVELS = (0.1, 0.25, 0.5, 0.75, 0.9)
_VALUES = frozenset({"code", "text", "boolean"})
_NUMBERS = NUMBER_KINDS | TIME_KINDS | {"ratio", "number"}
# The value of those of whom nothing is known.
UNKNOWN = ""
# The values of a boolean.
TRUE, FALSE = "true", "false"


@dataclass(frozen=True)
class Kpis:
    """What a group adds up to; ``repeat`` have two purchases or more, ``lost`` are lost buyers."""

    members: int = 0
    buyers: int = 0
    sales_minor: int = 0
    orders: int = 0
    repeat: int = 0
    new: int = 0
    lost: int = 0

    @property
    def aov_minor(self) -> int | None:
        """Sales an order."""
        return rounded(divided(self.sales_minor, self.orders))

    @property
    def orders_a_buyer(self) -> float | None:
        """Orders a buyer."""
        return divided(self.orders, self.buyers)

    @property
    def repurchase_rate(self) -> float | None:
        """The share of buyers with two purchases or more."""
        return divided(self.repeat, self.buyers)

    @property
    def churn_rate(self) -> float | None:
        """The share of buyers who are lost."""
        return divided(self.lost, self.buyers)

    @property
    def new_share(self) -> float | None:
        """The share of buyers with one purchase day; the others are returning."""
        return divided(self.new, self.buyers)


@dataclass(frozen=True)
class Spread:
    """A number over a group: how many have it, mean, standard deviation, and ``LEVELS``.

    Dates and times are days since 1970-01-01. Without a member who has it all but ``known`` is
    None.
    """

    known: int = 0
    mean: float | None = None
    deviation: float | None = None
    levels: tuple[float, ...] | None = None

    @property
    def median(self) -> float | None:
        """The middle."""
        return self.levels[2] if self.levels else None


Shares = Mapping[str, int]


@dataclass(frozen=True)
class Row:
    """One trait over every group, everybody first: ``spreads`` of a number, else ``counts``.

    ``counts`` are members by value ('' where nothing is known). ``effects`` are against everybody,
    None for everybody and where there is nothing to compare.
    """

    trait: Trait
    spreads: tuple[Spread, ...]
    counts: tuple[Shares, ...]
    effects: tuple[float | None, ...]

    @property
    def effect(self) -> float:
        """The largest of any segment, without its sign."""
        return max((abs(e) for e in self.effects if e is not None), default=0.0)


@dataclass(frozen=True)
class Comparison:
    """``kpis`` by group, everybody first; ``rows`` in the order traits are declared."""

    chosen: tuple[Chosen, ...]
    kpis: tuple[Kpis, ...]
    rows: tuple[Row, ...]
    as_of: date
    refreshed_at: datetime


@dataclass(frozen=True)
class _Group:
    kpis: Kpis
    spreads: Mapping[str, Spread]
    counts: Mapping[str, Shares]


_NOBODY = _Group(Kpis(), {}, {})


def compare(brand: Brand, slugs: Sequence[str]) -> Comparison:
    """Two to five segments beside everybody.

    Raises ``RefusedInputError`` as ``overlaps.chosen_segments``, and ``NO_FIGURES``.
    """
    chosen = chosen_segments(brand, slugs)
    snapshot = grounds.snapshot_of(brand.pk)
    found = _of_segments(snapshot.traits_path, memberships_sql(brand.pk, chosen))
    groups = [
        _everybody(snapshot.traits_path),
        *(found.get(place, _NOBODY) for place in range(len(chosen))),
    ]
    return Comparison(
        chosen=chosen,
        kpis=tuple(group.kpis for group in groups),
        rows=tuple(_row(trait, groups) for trait in TRAITS),
        as_of=snapshot.as_of,
        refreshed_at=snapshot.refreshed_at,
    )


def glass_delta(mean: float | None, base: Spread) -> float | None:
    """How many standard deviations of the base a mean lies from the base's.

    >>> glass_delta(13.0, Spread(known=9, mean=10.0, deviation=2.0, levels=(0,) * 5))
    1.5
    """
    if mean is None or base.mean is None or not base.deviation:
        return None
    return (mean - base.mean) / base.deviation


def largest_h(shares: Shares, base: Shares) -> float | None:
    """Cohen's h of the value whose share differs most from the base's.

    >>> round(largest_h({"a": 1, "b": 1}, {"a": 1, "b": 3}), 3)
    0.524
    """
    total, of_base = sum(shares.values()), sum(base.values())
    if not total or not of_base:
        return None

    def angle(members: int, whole: int) -> float:
        return 2 * math.asin(math.sqrt(members / whole))

    values = dict.fromkeys((*base, *shares))
    return max(
        (angle(shares.get(v, 0), total) - angle(base.get(v, 0), of_base) for v in values), key=abs
    )


def _row(trait: Trait, groups: Sequence[_Group]) -> Row:
    spreads = tuple(group.spreads.get(trait.name, Spread()) for group in groups)
    counts = tuple(group.counts.get(trait.name, {}) for group in groups)
    if trait.kind in _VALUES:
        effects = [largest_h(shares, counts[0]) for shares in counts[1:]]
        return Row(trait, (), counts, (None, *effects))
    effects = [glass_delta(spread.mean, spreads[0]) for spread in spreads[1:]]
    return Row(trait, spreads, (), (None, *effects))


@lru_cache(maxsize=64)
def _of_segments(traits_path: str, memberships: str) -> dict[int, _Group]:
    """The groups of some memberships; files never change, so they are made once."""
    with engine.cursor() as connection:
        connection.execute(
            f"CREATE TEMP TABLE compared AS SELECT * FROM ({memberships})"
            f" JOIN read_parquet({quoted(traits_path)}) USING (member_id)"
        )
        return _groups(connection, "compared")


@lru_cache(maxsize=16)
def _everybody(traits_path: str) -> _Group:
    """Everybody's row; figures never change, so it is made once."""
    with engine.cursor() as connection:
        people = f"(SELECT 0 AS place, * FROM read_parquet({quoted(traits_path)}))"
        return _groups(connection, people).get(0, _NOBODY)


def _groups(connection: duckdb.DuckDBPyConnection, relation: str) -> dict[int, _Group]:
    """Every ``place`` of a relation of people: two statements for all traits."""
    numbers = [t for t in TRAITS if t.kind in _NUMBERS]
    measured = ", ".join(
        f"count({n}), avg({n}), stddev_pop({n}), quantile_cont({n}, {list(LEVELS)})"
        for n in map(_number_sql, numbers)
    )
    rows = connection.execute(
        "SELECT place, count(*), count(frequency), coalesce(sum(monetary_minor), 0)::BIGINT,"
        " coalesce(sum(frequency), 0)::BIGINT, count(*) FILTER (frequency >= 2),"
        " count(*) FILTER (buyer_type = 'new'), count(*) FILTER (lifecycle_stage = 'lost'),"
        f" {measured} FROM {relation} GROUP BY place"
    ).fetchall()
    counts = _counts(connection, relation)
    found = {}
    for place, *values in rows:
        figures, spread_values = values[:7], values[7:]
        spreads = {
            trait.name: _spread(spread_values[4 * n : 4 * n + 4]) for n, trait in enumerate(numbers)
        }
        found[place] = _Group(Kpis(*figures), spreads, counts.get(place, {}))
    return found


def _counts(
    connection: duckdb.DuckDBPyConnection, relation: str
) -> dict[int, dict[str, dict[str, int]]]:
    names = [t.name for t in TRAITS if t.kind in _VALUES]
    columns = ", ".join(names)
    sets = ", ".join(f"(place, {name})" for name in names)
    rows = connection.execute(
        f"SELECT place, GROUPING({columns}), {columns}, count(*) FROM {relation}"
        f" GROUP BY GROUPING SETS ({sets})"
    ).fetchall()
    # A set bit of GROUPING is a column that is not grouped by; the first column has the highest.
    alone = {(1 << len(names)) - 1 - (1 << (len(names) - 1 - n)): n for n in range(len(names))}
    found: dict[int, dict[str, dict[str, int]]] = {}
    for place, grouping, *values, members in rows:
        number = alone[grouping]
        of_trait = found.setdefault(place, {}).setdefault(names[number], {})
        value = _value_text(values[number])
        of_trait[value] = of_trait.get(value, 0) + members
    return found


def _value_text(value: Any) -> str:
    if isinstance(value, bool):
        return TRUE if value else FALSE
    return UNKNOWN if value is None else str(value)


def _number_sql(trait: Trait) -> str:
    """The trait as a number the engine can average."""
    if trait.kind in TIME_KINDS:
        return f"datediff('day', DATE '1970-01-01', {trait.name}::DATE)"
    return trait.name


def _spread(values: Sequence[Any]) -> Spread:
    known, mean, deviation, levels = values
    return Spread(known, mean, deviation, tuple(map(float, levels)) if levels else None)
