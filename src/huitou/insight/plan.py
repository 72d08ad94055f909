"""The steps of a computation: named expressions, compiled once and run in order.

A step becomes a temporary table of the session, and later steps read it by name. Compilation takes
longer than many of the queries, so the SQL names neither brand, nor shop, nor date: those belong to
the session, and a process compiles every step once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date
from functools import cache, lru_cache
from typing import Any

import duckdb

from huitou.insight.rules import checked_rule, parse_threshold
from huitou.insight.traits import TRAITS
from huitou.insight.types import RfmRule
from huitou.lake import engine, store
from huitou.lake.engine import quoted
from huitou.lake.registry import tables

DIALECT = "duckdb"
PURCHASES = "purchases"
PURCHASE_LINES = "purchase_lines"


def lake_table(name: str, view: str = "") -> Any:
    """The lake table ``name``, or a ``view`` with its columns, as an unbound Ibis relation."""
    import ibis

    # Ibis converts Arrow schemas only with a package its core does without.
    columns = {field.name: _ibis_type(str(field.type)) for field in tables()[name].schema}
    return ibis.table(columns, name=view or name)


def _ibis_type(arrow: str) -> str:
    named = {"bool": "boolean", "date32[day]": "date", "timestamp[us, tz=UTC]": "timestamp('UTC')"}
    return named.get(arrow, arrow)


def compile_sql(expression: Any) -> str:
    """SQL of an unbound expression in the engine's dialect, in exactly the types it declares.

    DuckDB sums integers to 128 bits and adds an interval to a date as a timestamp; Ibis holds
    them to be 64 bits and a date already, and drops a cast written there.
    """
    import ibis

    columns = ", ".join(_declared(name, kind) for name, kind in expression.schema().items())
    return f"SELECT {columns} FROM ({ibis.to_sql(expression, dialect=DIALECT)})"


def _declared(name: str, kind: Any) -> str:
    if kind.is_int64():
        return f"CAST({name} AS BIGINT) AS {name}"
    if kind.is_date():
        return f"CAST({name} AS DATE) AS {name}"
    return name


@contextmanager
def session(
    brand_id: int,
    files: Mapping[str, Sequence[str]],
    *,
    currency: str,
    shop_id: int | None,
    hold: bool = False,
) -> Iterator[duckdb.DuckDBPyConnection]:
    """A session over a version of the lake (``files`` as ``store.files_of`` gives them).

    Beside the lake tables it has ``purchases`` and ``purchase_lines``: orders that count as bought,
    in the brand's currency, of one shop or all. Rules read these, so that neither brand nor shop
    makes them another query. ``hold`` is that of ``lake.engine.session``.
    """
    with engine.session(store.absolute(brand_id, files), hold=hold) as connection:
        count_purchases(connection, currency=currency, shop_id=shop_id)
        yield connection


def count_purchases(
    connection: duckdb.DuckDBPyConnection, *, currency: str, shop_id: int | None
) -> None:
    """Make ``purchases`` and ``purchase_lines`` those of one shop, or of all."""
    kept = f"is_purchase AND currency = {quoted(currency)}"
    if shop_id is not None:
        kept += f" AND shop_id = {int(shop_id)}"
    for view, table in ((PURCHASES, "order_fact"), (PURCHASE_LINES, "line_fact")):
        connection.execute(
            f"CREATE OR REPLACE TEMP VIEW {view} AS {of_persons(connection, table)} WHERE {kept}"
        )


def of_persons(connection: duckdb.DuckDBPyConnection, table: str) -> str:
    """The facts of ``table``, those of a merged account under its person.

    Without merged accounts there is nothing to look up for every row.
    """
    if connection.execute("SELECT count(*) FROM member_alias").fetchone() == (0,):
        return f"SELECT * FROM {table}"
    return (
        "SELECT * REPLACE (coalesce(alias.member_id, fact.member_id) AS member_id)"
        f" FROM {table} fact LEFT JOIN (SELECT account_id, member_id FROM member_alias) alias"
        " ON alias.account_id = fact.member_id"
    )


def run_steps(
    connection: duckdb.DuckDBPyConnection, steps: Sequence[tuple[str, str]], as_of: date
) -> None:
    """Make each (name, SQL) a temporary table, in order, as of a date."""
    close_books(connection, as_of)
    for name, sql in steps:
        connection.execute(f"CREATE OR REPLACE TEMP TABLE {name} AS {sql}")


def drop_steps(connection: duckdb.DuckDBPyConnection, steps: Sequence[tuple[str, str]]) -> None:
    """Forget what ``run_steps`` made: memory for the next."""
    for name, _ in steps:
        connection.execute(f"DROP TABLE IF EXISTS {name}")


def close_books(connection: duckdb.DuckDBPyConnection, as_of: date) -> None:
    """State the session's as-of date, which ``common.as_of_day`` reads."""
    connection.execute(
        f"CREATE OR REPLACE TEMP MACRO as_of_day() AS DATE {quoted(as_of.isoformat())}"
    )


class _Steps:
    """Collects steps; each is compiled as it is added and handed back as a named relation."""

    def __init__(self) -> None:
        self.compiled: list[tuple[str, str]] = []

    def add(self, name: str, expression: Any) -> Any:
        import ibis

        self.compiled.append((name, compile_sql(expression)))
        return ibis.table(expression.schema(), name=name)


@cache
def trait_steps() -> tuple[tuple[str, str], ...]:
    """The steps that end in ``traits``: one row per buyer, a column per trait.

    On the way they leave ``buyers``, ``category_norms``, ``brand_norm``, ``measures_scale`` and
    ``profile``.
    """
    from huitou.insight.expressions import buyers as rules
    from huitou.insight.expressions.common import as_of_day

    steps = _Steps()
    buyers = steps.add("buyers", rules.buyers(lake_table("order_fact", PURCHASES), as_of_day()))
    cycled = _add_cycles(steps, buyers)
    scale = steps.add("measures_scale", rules.measures_scale(buyers))
    known = steps.add("profile", rules.profile(cycled, scale))
    declared = {trait.name: trait.expression(known, as_of_day()) for trait in TRAITS}
    steps.add("traits", known.select("member_id", **declared))
    return tuple(steps.compiled)


@cache
def stage_steps() -> tuple[tuple[str, str], ...]:
    """The steps that end in ``stages``: the life-cycle stage of every buyer, and nothing else."""
    from huitou.insight.expressions import rhythm
    from huitou.insight.expressions.buyers import buyer_days
    from huitou.insight.expressions.common import as_of_day

    steps = _Steps()
    buyers = steps.add("buyers", buyer_days(lake_table("order_fact", PURCHASES), as_of_day()))
    steps.add("stages", rhythm.stages(_add_cycles(steps, buyers), as_of_day()))
    return tuple(steps.compiled)


def _add_cycles(steps: _Steps, buyers: Any) -> Any:
    """The steps from ``buyers`` to every buyer's purchase cycle, ``cycled``."""
    from huitou.insight.expressions import rhythm as rules
    from huitou.insight.expressions.common import as_of_day

    lines = lake_table("line_fact", PURCHASE_LINES)
    products = lake_table("product_dim")
    numbered = steps.add("categories", rules.categories(products))
    by_category = steps.add(
        "category_days", rules.category_days(lines, products, numbered, as_of_day())
    )
    norms = steps.add("category_norms", rules.category_norms(by_category, numbered))
    main = steps.add("main_categories", rules.main_categories(by_category, numbered))
    brand = steps.add("brand_norm", rules.brand_norm(buyers))
    return steps.add("cycled", rules.with_cycles(buyers, main, norms, brand))


@lru_cache(maxsize=64)
def rfm_steps(as_of: date, rule: RfmRule) -> tuple[tuple[str, str], ...]:
    """The steps of RFM by any rule: ``lines``, buyers ``grouped``, and the ``groups``."""
    from huitou.insight.expressions import rfm as rules

    checked_rule(rule)
    steps = _Steps()
    orders = lake_table("order_fact", PURCHASES)
    measured = steps.add("measured", rules.rfm_measures(orders, as_of, rule))
    lines = steps.add("lines", rules.rfm_lines(measured, parse_threshold(rule.threshold)))
    grouped = steps.add("grouped", rules.rfm_grouped(measured, lines))
    steps.add("groups", rules.rfm_groups(grouped))
    return tuple(steps.compiled)


@cache
def purchases_sql(rule: Callable[..., Any]) -> str:
    """SQL of ``rule(purchases, as_of)``; ``close_books`` first."""
    from huitou.insight.expressions.common import as_of_day

    return compile_sql(rule(lake_table("order_fact", PURCHASES), as_of_day()))


@cache
def comebacks_sql() -> str:
    """SQL of ``roll_ups.comebacks`` over a relation named ``successions``."""
    import ibis

    from huitou.insight.expressions import roll_ups as rules

    columns = {
        "biz_date": "date",
        "earlier": "date",
        "earlier_2": "date",
    }
    return compile_sql(rules.comebacks(ibis.table(columns, name="successions")))
