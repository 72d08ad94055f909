"""The steps of a computation: named expressions, compiled once and run in order.

A step becomes a relation of the session, and later steps read it by name. Compilation takes longer
than many of the queries, so the SQL names neither brand, nor shop, nor date: those belong to the
session, and a process compiles every step once for the dialect of its engine.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date
from functools import cache, lru_cache
from typing import Any

import duckdb
import pyarrow as pa

from huitou.insight.rules import checked_rule, parse_threshold
from huitou.insight.traits import THEMES, TRAITS, Theme
from huitou.insight.types import RfmRule
from huitou.lake import store, switch
from huitou.lake.engine import quoted
from huitou.lake.registry import tables
from huitou.lake.sessions import SPARK, Session

# SQL, or what makes the rows from the steps before: few, since they pass through this process.
Made = Callable[[duckdb.DuckDBPyConnection], pa.Table]
# Nothing where no later step reads the relation: it makes room, or a refresh would hold them all.
Step = tuple[str, "str | Made | None"]
PURCHASES = "purchases"
PURCHASE_LINES = "purchase_lines"
TOUCHES = "touches"
REVIEWS = "reviews"


def lake_table(name: str, view: str = "") -> Any:
    """The lake table ``name``, or a ``view`` with its columns, as an unbound Ibis relation."""
    import ibis

    # Ibis converts Arrow schemas only with a package its core does without.
    columns = {field.name: _ibis_type(str(field.type)) for field in tables()[name].schema}
    return ibis.table(columns, name=view or name)


def _ibis_type(arrow: str) -> str:
    named = {"bool": "boolean", "date32[day]": "date", "timestamp[us, tz=UTC]": "timestamp('UTC')"}
    return named.get(arrow, arrow)


def compile_sql(expression: Any, dialect: str) -> str:
    """SQL of an unbound expression in a dialect of ``lake.sessions``, in the types it declares.

    DuckDB sums integers to 128 bits and adds an interval to a date as a timestamp; Ibis holds
    them to be 64 bits and a date already, and drops a cast written there.
    """
    import ibis

    columns = ", ".join(_declared(name, kind) for name, kind in expression.schema().items())
    if dialect == SPARK:
        _know_spark()
    sql = ibis.to_sql(expression, dialect="pyspark" if dialect == SPARK else dialect)
    return f"SELECT {columns} FROM ({sql})"


@cache
def _know_spark() -> None:
    """Let Ibis compile for Spark; its own way of being told loads Spark and pandas."""
    from ibis.config import Config, options

    class SparkOptions(Config):  # type: ignore[misc]
        treat_nan_as_null: bool = False

    options.pyspark = SparkOptions()


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
) -> Iterator[Session]:
    """A session over a version of the lake (``files`` as ``store.files_of`` gives them).

    Beside the lake tables it has ``purchases`` and ``purchase_lines``: orders that count as bought,
    in the brand's currency, of one shop or all; ``touches`` and ``reviews`` likewise. Rules read
    these, so that neither brand nor shop makes them another query. The engine, ``hold`` and errors
    are those of ``lake.switch.session``.
    """
    with switch.session(store.absolute(brand_id, files), hold=hold) as opened:
        count_purchases(opened, currency=currency, shop_id=shop_id)
        yield opened


def count_purchases(session: Session, *, currency: str, shop_id: int | None) -> None:
    """Make ``purchases`` and ``purchase_lines`` those of one shop, or of all.

    The same with ``touches``, what members did, and ``reviews``.
    """
    here = "true" if shop_id is None else f"shop_id = {int(shop_id)}"
    bought = f"is_purchase AND currency = {quoted(currency)} AND {here}"
    for view, table, kept in (
        (PURCHASES, "order_fact", bought),
        (PURCHASE_LINES, "line_fact", bought),
        (TOUCHES, "touch_fact", here),
        (REVIEWS, "review_fact", here),
    ):
        session.view(view, f"SELECT * FROM ({of_persons(session.connection, table)}) WHERE {kept}")


def of_persons(connection: duckdb.DuckDBPyConnection, table: str) -> str:
    """The facts of ``table``, those of a merged account under its person, for every engine.

    Without merged accounts there is nothing to look up for every row.
    """
    columns = tables()[table].schema.names
    if connection.execute("SELECT count(*) FROM member_alias").fetchone() == (0,):
        return f"SELECT {', '.join(columns)} FROM {table}"
    person = {"member_id": "coalesce(alias.person_id, fact.member_id) AS member_id"}
    return (
        f"SELECT {', '.join(person.get(name, f'fact.{name}') for name in columns)}"
        f" FROM {table} fact LEFT JOIN"
        " (SELECT account_id, member_id AS person_id FROM member_alias) alias"
        " ON alias.account_id = fact.member_id"
    )


def run_steps(session: Session, steps: Sequence[Step], as_of: date) -> None:
    """Make each step a relation of its name, in order, as of a date."""
    close_books(session, as_of)
    for name, made in steps:
        if made is None:
            session.drop(name)
        elif isinstance(made, str):
            session.make(name, made)
        else:
            session.put(name, made(session.connection))


def drop_steps(session: Session, steps: Sequence[Step]) -> None:
    """Forget what ``run_steps`` made."""
    for name, _ in steps:
        session.drop(name)


def close_books(session: Session, as_of: date) -> None:
    """State the session's as-of date, which ``common.as_of_day`` reads."""
    session.state("as_of_day", as_of)


class _Steps:
    """Collects steps; each is compiled as it is added and handed back as a named relation."""

    def __init__(self, dialect: str) -> None:
        self.dialect = dialect
        self.compiled: list[Step] = []
        self._relations: dict[str, Any] = {}

    def add(self, name: str, expression: Any) -> Any:
        import ibis

        self.compiled.append((name, compile_sql(expression, self.dialect)))
        self._relations[name] = ibis.table(expression.schema(), name=name)
        return self._relations[name]

    def add_made(self, name: str, made: Made, columns: Mapping[str, str]) -> Any:
        """A step computed here, of the ``columns`` by kind."""
        import ibis

        self.compiled.append((name, made))
        self._relations[name] = ibis.table(dict(columns), name=name)
        return self._relations[name]

    def forget(self, *names: str) -> None:
        """Steps that drop relations added before: memory for those to come."""
        self.compiled += [(name, None) for name in names]

    def __getitem__(self, name: str) -> Any:
        """A step added before."""
        return self._relations[name]


def trait_steps(dialect: str, themes: tuple[Theme, ...] = THEMES) -> tuple[Step, ...]:
    """The steps that end in ``traits``, a row per buyer, and ``persons``, a row per member.

    They have the traits of the ``themes``. On the way they leave ``cycled``, ``categories``,
    ``category_days``, ``category_norms``, ``brand_norm``, ``measures_scale``, ``survival``,
    ``value_model`` (with the theme of value) and ``standings``; what else they make is dropped as
    soon as no later step reads it. ``members_sql`` puts the two together.
    """
    return tuple(compiled_traits(dialect, themes).compiled)


@cache
def compiled_traits(dialect: str, themes: tuple[Theme, ...]) -> _Steps:
    """The steps of ``trait_steps`` with their relations, for what is made of these."""
    from huitou.insight import assembling

    steps = _Steps(dialect)
    assembling.add_traits(steps, *_purchased(), themes=themes)
    touches, reviews = lake_table("touch_fact", TOUCHES), lake_table("review_fact", REVIEWS)
    assembling.add_persons(steps, lake_table("member_dim"), touches, reviews)
    return steps


@cache
def categories_sql(dialect: str) -> str:
    """SQL of the categories of every buyer, after ``trait_steps``; unordered.

    Columns as in ``types.CategoryDue``, and ``member_id``.
    """
    from huitou.insight import assembling

    return compile_sql(assembling.categories_of_members(compiled_traits(dialect, THEMES)), dialect)


def members_sql(where: str = "", columns: str = "member_id") -> str:
    """SQL of every trait of every member, after ``trait_steps``; unordered.

    ``where`` narrows ``member_dim``, of which ``columns`` come first; buyers are in it anyway.
    """
    traits = ", ".join(f"{'p' if t.of_everyone else 't'}.{t.name}" for t in TRAITS)
    named = ", ".join(f"m.{name}" for name in columns.split(", "))
    return (
        f"SELECT {named}, {traits}"
        f" FROM (SELECT {columns} FROM member_dim {where}) m"
        " LEFT JOIN traits t USING (member_id) LEFT JOIN persons p USING (member_id)"
    )


@cache
def stage_steps(dialect: str) -> tuple[Step, ...]:
    """The steps that end in ``stages``: the life-cycle stage of every buyer, and nothing else."""
    from huitou.insight import assembling

    steps = _Steps(dialect)
    assembling.add_stages(steps, *_purchased())
    return tuple(steps.compiled)


@lru_cache(maxsize=8)
def stage_history_steps(dialect: str, months: int) -> tuple[Step, ...]:
    """The steps that end in ``stage_histories``: how many buyers went through which stages.

    At the as-of date, the last day of a month, and the ends of ``months`` months before. See
    ``insight.migration``.
    """
    from huitou.insight import assembling

    steps = _Steps(dialect)
    assembling.add_stage_history(steps, *_purchased(), months=months)
    return tuple(steps.compiled)


@cache
def value_steps(dialect: str) -> tuple[Step, ...]:
    """The steps that end in ``value_model``: ``buyers``, collapsed, and the models fitted."""
    from huitou.insight import assembling

    steps = _Steps(dialect)
    assembling.add_value_model(steps, lake_table("order_fact", PURCHASES))
    return tuple(steps.compiled)


def _purchased() -> tuple[Any, Any, Any]:
    """Purchases, their lines, and the catalogue."""
    return (
        lake_table("order_fact", PURCHASES),
        lake_table("line_fact", PURCHASE_LINES),
        lake_table("product_dim"),
    )


@lru_cache(maxsize=64)
def rfm_steps(dialect: str, as_of: date, rule: RfmRule) -> tuple[Step, ...]:
    """The steps of RFM by any rule: ``lines``, buyers ``grouped``, and the ``groups``."""
    from huitou.insight.expressions import rfm as rules

    checked_rule(rule)
    steps = _Steps(dialect)
    orders = lake_table("order_fact", PURCHASES)
    measured = steps.add("measured", rules.rfm_measures(orders, as_of, rule))
    lines = steps.add("lines", rules.rfm_lines(measured, parse_threshold(rule.threshold)))
    grouped = steps.add("grouped", rules.rfm_grouped(measured, lines))
    steps.add("groups", rules.rfm_groups(grouped))
    return tuple(steps.compiled)


@cache
def purchases_sql(dialect: str, rule: Callable[..., Any]) -> str:
    """SQL of ``rule(purchases, as_of)``; ``close_books`` first."""
    from huitou.insight.expressions.common import as_of_day

    return compile_sql(rule(lake_table("order_fact", PURCHASES), as_of_day()), dialect)


@cache
def comebacks_sql(dialect: str) -> str:
    """SQL of ``roll_ups.comebacks`` over a relation named ``successions``."""
    import ibis

    from huitou.insight.expressions import roll_ups as rules

    columns = {
        "biz_date": "date",
        "earlier": "date",
        "earlier_2": "date",
    }
    return compile_sql(rules.comebacks(ibis.table(columns, name="successions")), dialect)
