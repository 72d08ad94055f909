"""The steps that traits are made in, put together: which rule reads which relation.

``insight.plan`` names the tables and runs the steps. ``steps`` has ``add(name, expression)``, which
hands back the step as a relation. Loads Ibis, so import this only where steps are compiled.
"""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from typing import Any

import duckdb
import ibis
import pyarrow as pa

from huitou.insight import value_steps
from huitou.insight.expressions import buyers as buying
from huitou.insight.expressions import (
    categories,
    habits,
    rhythm,
    stage_history,
    standing,
    tastes,
    value,
)
from huitou.insight.expressions.common import as_of_day
from huitou.insight.lunar_days import LUNAR_DAY_COLUMNS, LUNAR_DAYS, lunar_days
from huitou.insight.traits import THEMES, TRAITS, Theme
from huitou.insight.traits import value as value_theme
from huitou.kernel.months import month_number, month_start

Relation = Any

MONTH_END_COLUMNS = {"place": "int64", "month": "int64", "day": "date"}


def add_traits(
    steps: Any,
    orders: Relation,
    lines: Relation,
    products: Relation,
    *,
    themes: tuple[Theme, ...] = THEMES,
) -> None:
    """The steps that end in ``traits``: one row per buyer, of the traits of ``themes``."""
    as_of = as_of_day()
    visits = steps.add("visits", rhythm.purchase_days(orders, as_of))
    buyers = steps.add("buyers", buying.buyers(orders, visits, as_of))
    cycled, numbered = _add_cycles(steps, buyers, lines, products)
    known = cycled.cross_join(steps.add("measures_scale", buying.measures_scale(buyers)))
    for found in (
        _add_second_categories(steps),
        steps.add("receivers", habits.receivers(orders, as_of)),
        _add_line_marks(steps, lines, products),
    ):
        known = known.left_join(found, "member_id").drop("member_id_right")
    expected = _add_expectations(steps, visits, cycled)
    steps.forget("visits")
    known = known.mutate(reached=rhythm.silence_place(known))
    known = known.left_join(expected, "reached").drop("reached", "reached_right")
    for rank in ("due", "second"):
        known = categories.named(known, rank, f"{rank}_category", numbered)
    if value_theme.THEME in themes:
        known = _add_value(steps, buyers, known)
    steps.forget("buyers")
    known = steps.add("profile", known)
    steps.forget("second_categories", "receivers", "line_marks")
    if value_theme.THEME in themes:
        steps.forget("promised")
    traits = [trait for theme in themes for trait in theme.traits if not trait.of_everyone]
    declared = {trait.name: trait.expression(known, as_of) for trait in traits}
    steps.add("traits", known.select("member_id", **declared))
    steps.forget("profile")


def add_persons(steps: Any, members: Relation, touches: Relation, reviews: Relation) -> None:
    """The step ``persons``: one row per member, with the traits that need no purchase.

    Over the steps of ``add_traits``; leaves ``standings`` and ``lunar_days`` on the way.
    """
    as_of = as_of_day()
    done = steps.add("conduct", standing.conduct(touches, as_of))
    found = standing.standings(steps["cycled"], done, standing.praise(reviews, as_of), as_of)
    members = members.left_join(steps.add("standings", found), "member_id")
    fallen = steps.add_made(LUNAR_DAYS, lunar_days, LUNAR_DAY_COLUMNS)
    members = members.left_join(fallen, members.lunar_birthday == fallen.lunar_day)
    members = members.drop("member_id_right", "lunar_day")
    declared = {t.name: t.expression(members, as_of) for t in TRAITS if t.of_everyone}
    steps.add("persons", members.select("member_id", **declared))
    steps.forget("conduct")


def add_stages(steps: Any, orders: Relation, lines: Relation, products: Relation) -> None:
    """The steps that end in ``stages``: the life-cycle stage of every buyer, and nothing else."""
    buyers = steps.add("buyers", buying.buyer_days(orders, as_of_day()))
    cycled, _ = _add_cycles(steps, buyers, lines, products)
    steps.add("stages", rhythm.stages(cycled, as_of_day()))
    steps.forget("buyers", "category_days", "category_ranks", "cycled")


def add_stage_history(
    steps: Any, orders: Relation, lines: Relation, products: Relation, *, months: int
) -> None:
    """The steps that end in ``stage_histories``; see ``expressions.stage_history``."""
    as_of = as_of_day()
    ends = steps.add_made("month_ends", partial(month_ends, months), MONTH_END_COLUMNS)
    numbered = steps.add("categories", categories.categories(products))
    visited = steps.add("visits", stage_history.visits(orders, as_of, months))
    of_brand = steps.add("brand_changes", stage_history.brand_changes(visited))
    of_categories = steps.add(
        "category_changes",
        stage_history.category_changes(lines, products, numbered, as_of, months),
    )
    changes = ibis.union(of_brand, of_categories)
    norm = steps.add("stage_norms", stage_history.norms(changes, ends))
    main = steps.add(
        "early_categories",
        stage_history.main_categories(lines, products, numbered, visited, as_of),
    )
    digits = steps.add("stage_digits", stage_history.histories(visited, main, norm, ends))
    steps.add("stage_histories", stage_history.packed(digits, months // stage_history.DIGITS + 1))


def add_value_model(steps: Any, orders: Relation) -> None:
    """The steps that end in ``value_model``: the models fitted on purchases, and nothing else."""
    _add_model(steps, steps.add("buyers", buying.buyer_sums(orders, as_of_day())))


def categories_of_members(steps: Any) -> Relation:
    """A row per buyer and category, over the steps of ``add_traits``: when it is due again."""
    known = categories.with_due(
        steps["category_days"], steps["category_norms"], steps["brand_norm"]
    )
    return known.join(steps["categories"], "category_no").drop("category_no")


def _add_cycles(
    steps: Any, buyers: Relation, lines: Relation, products: Relation
) -> tuple[Relation, Relation]:
    """Every buyer's purchase cycle, ``cycled``, and the numbered categories."""
    numbered = steps.add("categories", categories.categories(products))
    by_category = steps.add(
        "category_days", categories.category_days(lines, products, numbered, as_of_day())
    )
    norms = steps.add("category_norms", categories.category_norms(by_category, numbered))
    brand = steps.add("brand_norm", rhythm.brand_norm(buyers))
    ranks = steps.add(
        "category_ranks", categories.category_ranks(by_category, norms, brand, as_of_day())
    )
    main = steps.add("main_categories", categories.main_categories(ranks, numbered))
    cycled = steps.add("cycled", rhythm.with_cycles(buyers, main, norms, brand))
    steps.forget("main_categories")
    return cycled, numbered


def _add_second_categories(steps: Any) -> Relation:
    found = categories.second_categories(steps["category_days"], steps["category_ranks"])
    second = steps.add("second_categories", found)
    steps.forget("category_ranks")
    return second


def _add_line_marks(steps: Any, lines: Relation, products: Relation) -> Relation:
    prices = steps.add("product_prices", tastes.product_prices(lines, products, as_of_day()))
    marks = steps.add("product_marks", tastes.product_marks(products, prices))
    return steps.add("line_marks", tastes.line_marks(lines, marks, as_of_day()))


def _add_value(steps: Any, buyers: Relation, known: Relation) -> Relation:
    """``known`` with what each buyer is worth to come."""
    model = _add_model(steps, buyers)
    outlook = steps.add_made(value_steps.OUTLOOK, value_steps.outlook, value_steps.OUTLOOK_COLUMNS)
    dated = buyers.select("member_id", "purchase_days", "first_day", "last_day", "monetary_minor")
    found = value.with_value(dated, outlook, model, as_of_day())
    promised = steps.add("promised", found)
    steps.forget(value_steps.HISTORIES, value_steps.SPENDING, value_steps.OUTLOOK)
    known = known.left_join(promised, "member_id").drop("member_id_right")
    return known.cross_join(steps.add("value_lines", value.value_lines(promised)))


def _add_model(steps: Any, buyers: Relation) -> Relation:
    steps.add(value_steps.HISTORIES, value.histories(buyers, as_of_day()))
    steps.add(value_steps.SPENDING, value.spending(buyers))
    return steps.add_made(value_steps.MODEL, value_steps.fit, value_steps.MODEL_COLUMNS)


def _add_expectations(steps: Any, visits: Relation, cycled: Relation) -> Relation:
    waited = steps.add("waits", rhythm.waits(visits, cycled))
    curve = steps.add("survival", rhythm.survival(waited))
    return steps.add("expected_places", rhythm.expected_places(curve))


def month_ends(months: int, connection: duckdb.DuckDBPyConnection) -> pa.Table:
    """The session's as-of date and the ends of ``months`` months before, the oldest first."""
    as_of = connection.execute("SELECT as_of_day()").fetchall()[0][0]
    last = month_number(as_of)
    numbers = range(last - months, last + 1)
    days = [month_start(number + 1) - timedelta(days=1) for number in numbers]
    return pa.table({"place": range(months + 1), "month": numbers, "day": days})
