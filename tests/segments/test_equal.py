"""Rules mean one thing: in SQL over sets, for one member in Python, and spelled out plainly."""

from __future__ import annotations

from typing import Any

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from huitou.lake.sessions import DUCKDB
from huitou.segments.compiling import compiled
from huitou.segments.judging import judged
from huitou.segments.reading import read_rule
from huitou.segments.statements import bind
from tests.segments import worlds
from tests.segments.plain import Plain
from tests.segments.strategies import RULE

RULES_AT_ONCE = 20


# Twenty rules at a time; an example is not shrunk, because the first rule that differs is shown.
@settings(
    max_examples=50,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    phases=[Phase.explicit, Phase.generate],
)
@given(
    seed=st.integers(0, 10_000),
    rules=st.lists(RULE, min_size=RULES_AT_ONCE, max_size=RULES_AT_ONCE),
)
def test_random_rules_find_the_same_members_however_they_are_judged(
    seed: int, rules: list[dict[str, Any]]
) -> None:
    # given
    world = worlds.random_world(seed)
    trees = [read_rule(rule, worlds.VOCABULARY) for rule in rules]
    statement = compiled(trees, DUCKDB)
    connection = worlds.loaded(world, statement.holdings)

    # when
    sets = worlds.found(connection, bind(statement, world.at), len(rules))
    known = {person["member_id"]: world.known(person["member_id"]) for person in world.people}
    one_by_one = [{m for m, k in known.items() if judged(tree, k, world.at)} for tree in trees]

    # then
    plain = Plain(world, world.now, worlds.ZONE)
    expected = [plain.members(rule) for rule in rules]
    assert _first_difference(rules, sets, expected) is None
    assert _first_difference(rules, one_by_one, expected) is None


def _first_difference(
    rules: list[dict[str, Any]], found: list[set[int]], expected: list[set[int]]
) -> tuple[dict[str, Any], set[int], set[int]] | None:
    """The first rule that finds others than expected, with whom it finds and whom it should."""
    compared = zip(rules, found, expected, strict=True)
    return next(((rule, a, b) for rule, a, b in compared if a != b), None)
