"""Random rules as data, aimed at the values of ``worlds``."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from huitou.insight.traits import TRAITS
from tests.segments import worlds
from tests.segments.worlds import CATEGORIES, CODES, KINDS, PROVINCES

LENGTHS = st.sampled_from(
    ["0d", "1d", "7d", "10d", "30d", "31d", "90d", "365d", "366d", "1w", "24h", "1441min", "1s",
     "86401s", "1mo", "2mo", "13mo", "1y", "4y"]
)  # fmt: skip
DAYS = st.sampled_from([day.isoformat() for day in worlds.DAYS])
INSTANTS = st.sampled_from([moment.isoformat() for moment in worlds.MOMENTS])
POINTS = st.one_of(
    DAYS, INSTANTS, LENGTHS.map(lambda n: {"ago": n}), LENGTHS.map(lambda n: {"ahead": n})
)
NUMBERS = st.sampled_from([0, 1, 2, 3, 5, 10, 30, 60, 90, 4_999, 5_000, 10_000, 20_000, -1])
TEXTS = st.sampled_from([*(c for c in (*CATEGORIES, *PROVINCES, *CODES, "spin") if c), "好"])
FRACTIONS = st.sampled_from([0, 0.1, 0.25, 1 / 3, 0.5, 0.8, 1, 2.5, 30])
_NUMBER_KINDS = ("count", "days", "money", "score")
_DECIMAL_KINDS = ("ratio", "number")


def _ordering(values: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    names = st.lists(st.sampled_from(["gt", "gte", "lt", "lte", "eq"]), min_size=1, max_size=2,
                     unique=True)  # fmt: skip
    return names.flatmap(lambda found: st.fixed_dictionaries(dict.fromkeys(found, values)))


KNOWN = st.booleans().map(lambda known: {"known": known})


def _number_tests(values: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    several = st.lists(values, min_size=1, max_size=3).map(lambda found: {"in": found})
    return st.one_of(_ordering(values), several, KNOWN)


NUMBER_TESTS = _number_tests(NUMBERS)
POINT_TESTS = st.one_of(_ordering(POINTS), KNOWN)
TEXT_TESTS = st.one_of(
    TEXTS.map(lambda text: {"eq": text}),
    TEXTS.map(lambda text: {"contains": text}),
    st.lists(TEXTS, min_size=1, max_size=3).map(lambda found: {"in": found}),
    KNOWN,
)


def _choice_tests(choices: tuple[str, ...]) -> st.SearchStrategy[dict[str, Any]]:
    one = st.sampled_from(choices)
    return st.one_of(
        one.map(lambda code: {"eq": code}),
        st.lists(one, min_size=1, max_size=3).map(lambda found: {"in": found}),
        KNOWN,
    )


def _trait_tests(trait: Any) -> st.SearchStrategy[dict[str, Any]]:
    if trait.kind == "boolean":
        return st.one_of(st.booleans().map(lambda so: {"eq": so}), KNOWN)
    if trait.kind in _NUMBER_KINDS + _DECIMAL_KINDS:
        alike = _NUMBER_KINDS if trait.kind in _NUMBER_KINDS else (trait.kind,)
        others = st.sampled_from([t.name for t in TRAITS if t.kind in alike])
        against = st.builds(
            lambda operator, name, times: {operator: {"trait": name, "times": times}},
            st.sampled_from(["gt", "gte", "lt", "lte", "eq"]),
            others,
            st.sampled_from([1, 2, 0.5, 1.5]),
        )
        tests = NUMBER_TESTS if trait.kind in _NUMBER_KINDS else _number_tests(FRACTIONS)
        return st.one_of(tests, against)
    if trait.kind in ("date", "time"):
        others = st.sampled_from([t.name for t in TRAITS if t.kind == trait.kind])
        against = st.builds(
            lambda operator, name: {operator: {"trait": name}},
            st.sampled_from(["gt", "gte", "lt", "lte"]),
            others,
        )
        return st.one_of(POINT_TESTS, against)
    return _choice_tests(trait.choices) if trait.choices else TEXT_TESTS


TRAIT = st.sampled_from(TRAITS).flatmap(
    lambda trait: _trait_tests(trait).map(lambda tests: {"trait": trait.name, **tests})
)
SHOP_TESTS = _choice_tests(("tm", "jd"))
ORDER_WHERE = st.fixed_dictionaries(
    {},
    optional={"amount": NUMBER_TESTS, "quantity": NUMBER_TESTS, "shop": SHOP_TESTS,
              "province": TEXT_TESTS, "discount": NUMBER_TESTS},
)  # fmt: skip
LINE_WHERE = st.one_of(
    st.fixed_dictionaries(
        {"category": TEXT_TESTS},
        optional={"amount": NUMBER_TESTS, "province": TEXT_TESTS, "shop": SHOP_TESTS},
    ),
    st.fixed_dictionaries({"product": TEXT_TESTS}, optional={"title": TEXT_TESTS}),
)
EVENT_WHERE = st.fixed_dictionaries(
    {}, optional={"name": TEXT_TESTS, "category": TEXT_TESTS, "shop": SHOP_TESTS,
                  "product": TEXT_TESTS},
)  # fmt: skip
WINDOW = st.one_of(
    st.just({}),
    LENGTHS.map(lambda length: {"within": length}),
    st.tuples(POINTS, POINTS).map(lambda pair: {"between": list(pair)}),
    POINTS.map(lambda point: {"after": point}),
    POINTS.map(lambda point: {"before": point}),
    st.sampled_from([0.5, 1, 2]).map(lambda cycles: {"within": {"cycles": cycles}}),
)
COUNTED = st.one_of(
    st.just({}),
    NUMBER_TESTS.map(lambda tests: {"count": tests}),
    POINT_TESTS.map(lambda tests: {"first": tests}),
    POINT_TESTS.map(lambda tests: {"last": tests}),
)


def _summed(fields: list[str]) -> st.SearchStrategy[dict[str, Any]]:
    return st.builds(
        lambda kind, name, tests: {kind: {"of": name, **tests}},
        st.sampled_from(["sum", "average"]),
        st.sampled_from(fields),
        NUMBER_TESTS,
    )


def _did(
    names: st.SearchStrategy[str],
    where: st.SearchStrategy[dict[str, Any]],
    measure: st.SearchStrategy[dict[str, Any]],
) -> st.SearchStrategy[dict[str, Any]]:
    return st.builds(
        lambda name, where, measure, window: {"did": name, "where": where, **measure, **window},
        names, where, measure, WINDOW,
    )  # fmt: skip


DID = st.one_of(
    _did(
        st.just("order.paid"),
        ORDER_WHERE,
        st.one_of(COUNTED, _summed(["amount", "quantity", "discount", "coupon"])),
    ),
    _did(st.just("order.paid"), LINE_WHERE, st.one_of(COUNTED, _summed(["amount", "quantity"]))),
    _did(st.sampled_from([f"event.{kind}" for kind in KINDS]), EVENT_WHERE, COUNTED),
)
HELD = st.sampled_from(
    [{"tag": "vip"}, {"tag": "promotion-only"}, {"segment": "frozen"}, {"segment": "recent"},
     {"consent": "sms", "purpose": "marketing"}]
)  # fmt: skip
RULE = st.recursive(
    st.one_of(TRAIT, DID, DID, HELD),
    lambda inner: st.one_of(
        st.lists(inner, min_size=0, max_size=3).map(lambda parts: {"all": parts}),
        st.lists(inner, min_size=1, max_size=3).map(lambda parts: {"any": parts}),
        inner.map(lambda part: {"not": part}),
    ),
    max_leaves=6,
)


def random_rules(
    count: int, rule: st.SearchStrategy[dict[str, Any]] = RULE
) -> list[dict[str, Any]]:
    """So many different rules, each drawn by itself: in a list of many, Hypothesis repeats most."""
    found: dict[str, dict[str, Any]] = {}

    @settings(
        max_examples=2 * count,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
        phases=[Phase.generate],
    )
    @given(rule)
    def draw(drawn: dict[str, Any]) -> None:
        if len(found) < count:
            found[json.dumps(drawn)] = drawn

    draw()
    assert len(found) == count
    return list(found.values())
