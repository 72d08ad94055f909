"""Rules mean one thing: in SQL over sets, for one member in Python, and spelled out plainly."""

from __future__ import annotations

import random
from typing import Any

from huitou.lake.sessions import DUCKDB
from huitou.segments.compiling import compiled
from huitou.segments.judging import judged
from huitou.segments.known import questions_of
from huitou.segments.reading import read_rule
from huitou.segments.statements import bind
from tests.segments import worlds
from tests.segments.plain import Plain
from tests.segments.strategies import random_rules

RULES, RULES_AT_ONCE = 1_000, 20


def test_random_rules_find_the_same_members_however_they_are_judged() -> None:
    rules = random_rules(RULES)
    for first in range(0, RULES, RULES_AT_ONCE):
        _judged_alike(rules[first : first + RULES_AT_ONCE], seed=random.randrange(10_000))


def _judged_alike(rules: list[dict[str, Any]], *, seed: int) -> None:
    # given
    world = worlds.random_world(seed)
    trees = [read_rule(rule, worlds.VOCABULARY) for rule in rules]
    statement = compiled(trees, DUCKDB)
    connection = worlds.loaded(world, statement.holdings)

    # when
    sets = worlds.found(connection, bind(statement, world.at), len(rules))
    known = {person["member_id"]: world.known(person["member_id"]) for person in world.people}
    one_by_one = [
        {
            member
            for member, all_known in known.items()
            if judged(tree, worlds.narrowed(all_known, asked), world.at)
        }
        for tree, asked in ((tree, questions_of([tree])) for tree in trees)
    ]

    # then
    plain = Plain(world, world.now, worlds.ZONE)
    expected = [plain.members(rule) for rule in rules]
    assert _first_difference(rules, sets, expected) is None, seed
    assert _first_difference(rules, one_by_one, expected) is None, seed


def _first_difference(
    rules: list[dict[str, Any]], found: list[set[int]], expected: list[set[int]]
) -> tuple[dict[str, Any], set[int], set[int]] | None:
    """The first rule that finds others than expected, with whom it finds and whom it should."""
    compared = zip(rules, found, expected, strict=True)
    return next(((rule, a, b) for rule, a, b in compared if a != b), None)
