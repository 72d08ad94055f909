"""Random rules and small worlds, and whom rules find there on the engine chosen."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from huitou.insight.traits import TRAITS
from huitou.kernel.months import month_number
from huitou.lake import switch
from huitou.lake.happenings import PRODUCTS
from huitou.segments.compiling import compiled
from huitou.segments.reading import read_rule
from huitou.segments.statements import bind
from tests.segments import worlds
from tests.segments.strategies import random_rules
from tests.segments.worlds import World

RULES = 1_000


@cache
def rules_of_run() -> list[dict[str, Any]]:
    """The same for every engine of a run."""
    return random_rules(RULES)


def found(home: Path, world: World, rules: Sequence[dict[str, Any]]) -> list[set[int]]:
    """Whom each rule finds in the world on the chosen engine."""
    trees = [read_rule(rule, worlds.VOCABULARY) for rule in rules]
    path = home / "lake" / PRODUCTS / "part-0.parquet"
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(worlds.rows(world, ())[PRODUCTS], path)
    with switch.session({PRODUCTS: [str(path)]}) as session:
        statement = compiled(trees, session.dialect)
        for name, rows in worlds.rows(world, statement.holdings).items():
            if name != PRODUCTS:
                session.put(name, rows)
        bound = session.rows(bind(statement, world.at))
        return worlds.found(session.connection, bound, len(rules))


def first_difference(
    rules: Sequence[dict[str, Any]], found: list[set[int]], expected: list[set[int]]
) -> tuple[dict[str, Any], set[int], set[int]] | None:
    """The first rule that found others than expected, with both."""
    compared = zip(rules, found, expected, strict=True)
    return next(((rule, a, b) for rule, a, b in compared if a != b), None)


def world_of_visits(now: datetime, moments: dict[int, datetime]) -> World:
    """Members without traits, each with one visit at a moment."""
    nothing = dict.fromkeys(trait.name for trait in TRAITS)
    world = World(now, people=[{"member_id": member} | nothing for member in moments])
    for member, moment in moments.items():
        day = moment.astimezone(worlds.ZONE).date()
        world.facts["touch_fact"].append(
            {"event_id": member, "member_id": member, "kind": "visit", "occurred_at": moment,
             "biz_date": day, "month": month_number(day), "product_code": ""}
        )  # fmt: skip
        world.holds[member] = frozenset()
    return world
