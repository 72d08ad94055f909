"""Where rules are judged: a session over one version of the lake, as of one instant.

Figures say as of when they are. On the day figures were made, that is when they were made: later
news is not in them. On any other day it is the day's last instant.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from zoneinfo import ZoneInfo

import duckdb

from huitou.brands.models import Brand
from huitou.insight import plan, snapshots
from huitou.insight.traits import TRAITS
from huitou.insight.types import Scope
from huitou.kernel.errors import RefusedInputError
from huitou.lake.engine import quoted
from huitou.lake.registry import tables
from huitou.segments import moments
from huitou.segments.compiling import HOLDINGS, PEOPLE, Compiled, bind, compiled, relation_of
from huitou.segments.holding import holdings
from huitou.segments.moments import At
from huitou.segments.rules import Rule

# Statements a process keeps compiled; a brand has a hundred segments, not a thousand.
_COMPILED_KEPT = 512
JUDGED = "judged"


@dataclass(frozen=True)
class Ground:
    """A session with ``people``; what else a rule asks about is added when it is judged."""

    connection: duckdb.DuckDBPyConnection
    brand_id: int
    currency: str
    at: At
    as_of: date
    refreshed_at: datetime


@contextmanager
def opened(brand: Brand, *, as_of: date | None = None) -> Iterator[Ground]:
    """A session over the figures in force, as of their day or another.

    Raises ``RefusedInputError``: ``NO_FIGURES`` before the brand's first refresh.
    """
    snapshot = snapshots.current(Scope(brand.pk))
    if snapshot is None:
        raise RefusedInputError(
            "NO_FIGURES", "This brand has no figures yet: import orders, or run a refresh."
        )
    day = as_of or snapshot.as_of
    files = snapshots.summary(snapshot.folder)["files"]
    with plan.session(brand.pk, files, currency=brand.currency, shop_id=None) as connection:
        if day == snapshot.as_of:
            people = f"read_parquet({quoted(snapshot.traits_path)})"
            connection.execute(f"CREATE TEMP VIEW {PEOPLE} AS SELECT * FROM {people}")
        else:
            _people_of(connection, day)
        zone = ZoneInfo(brand.time_zone)
        at = _instant(day, snapshot.refreshed_at, zone)
        yield Ground(connection, brand.pk, brand.currency, at, day, snapshot.refreshed_at)


def judge(ground: Ground, rules: Sequence[Rule]) -> None:
    """Leave in the session a table ``judged``: every member with ``rule_0`` … as answers."""
    statement = compiled_once(tuple(rules))
    prepare(ground, statement)
    sql = bind(statement, ground.at)
    ground.connection.execute(f"CREATE OR REPLACE TEMP TABLE {JUDGED} AS {sql}")


@lru_cache(maxsize=_COMPILED_KEPT)
def compiled_once(rules: tuple[Rule, ...]) -> Compiled:
    """``compiled``, remembered."""
    return compiled(rules)


def prepare(ground: Ground, statement: Compiled) -> None:
    """Give the session the relations the statement reads."""
    for table in sorted(statement.relations):
        rows = plan.of_persons(ground.connection, table)
        priced = "currency" in tables()[table].schema.names
        kept = f" WHERE currency = {quoted(ground.currency)}" if priced else ""
        ground.connection.execute(
            f"CREATE OR REPLACE TEMP VIEW {relation_of(table)} AS SELECT * FROM ({rows}){kept}"
        )
    if statement.holdings:
        found = holdings(ground.brand_id, statement.holdings, ground.at)
        ground.connection.register("holdings_found", found)
        ground.connection.execute(
            f"CREATE OR REPLACE TEMP TABLE {HOLDINGS} AS SELECT * FROM holdings_found"
        )
        ground.connection.unregister("holdings_found")


def _people_of(connection: duckdb.DuckDBPyConnection, day: date) -> None:
    """Every member with the traits of a day."""
    plan.run_steps(connection, plan.trait_steps(), day)
    columns = ", ".join(f"t.{trait.name}" for trait in TRAITS)
    connection.execute(
        f"CREATE TEMP TABLE {PEOPLE} AS SELECT m.member_id, {columns}"
        " FROM member_dim m LEFT JOIN traits t USING (member_id)"
    )


def _instant(day: date, refreshed_at: datetime, zone: ZoneInfo) -> At:
    made = At(refreshed_at, zone)
    return made if made.day == day else moments.end_of_day(day, zone)
