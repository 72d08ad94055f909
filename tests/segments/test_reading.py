"""A rule that cannot be read says where and why; it is never taken for everyone."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from huitou.segments.errors import RuleError
from huitou.segments.moments import Length
from huitou.segments.reading import CONDITIONS_MAX, DEPTH_MAX, LIST_MAX, read_rule
from huitou.segments.rules import (
    AT_LEAST_ONE,
    Comparison,
    Did,
    Named,
    TraitIs,
    Where,
    Window,
)
from huitou.segments.vocabulary import SegmentWord, Vocabulary
from tests.segments.worlds import VOCABULARY


def _deep(levels: int) -> Any:
    rule: Any = {"tag": "vip"}
    for _ in range(levels):
        rule = {"not": rule}
    return rule


RECENT = {"trait": "recency_days", "lte": 30}
PAID = {"did": "order.paid"}
REFUSED: dict[str, tuple[Any, str, str]] = {
    "nothing": (None, "SHAPE", "rule: "),
    "empty": ({}, "SHAPE", "rule: "),
    "a list": ([RECENT], "SHAPE", "rule: "),
    "no condition": ({"foo": 1}, "SHAPE", "rule: "),
    "two conditions": ({"tag": "vip", "segment": "recent"}, "SHAPE", "rule: "),
    "any of nothing": ({"any": []}, "SHAPE", "any: "),
    "all of no list": ({"all": RECENT}, "SHAPE", "all: "),
    "a stray key": ({"all": [RECENT], "foo": 1}, "SHAPE", "rule: 'foo'"),
    "an unknown trait": ({"all": [RECENT, {"trait": "age", "gt": 1}]}, "UNKNOWN", "all[1]: "),
    "a trait without test": ({"trait": "recency_days"}, "SHAPE", "rule: "),
    "text for a number": ({"trait": "recency_days", "lte": "30"}, "VALUE", "lte: "),
    "yes for a number": ({"trait": "recency_days", "lte": True}, "VALUE", "lte: "),
    "half a fen": ({"trait": "monetary_minor", "gte": 0.5}, "VALUE", "gte: "),
    "beyond a bigint": ({"trait": "monetary_minor", "gte": 2**63}, "VALUE", "gte: "),
    "no such group": ({"trait": "rfm_group", "eq": "best"}, "VALUE", "eq: "),
    "an order of words": ({"trait": "city", "gt": "a"}, "SHAPE", "rule: "),
    "money with days": ({"trait": "recency_days", "gt": {"trait": "city"}}, "VALUE", "gt: "),
    "times of a date": (
        {"trait": "next_purchase_date", "gt": {"trait": "loss_warning_date", "times": 2}},
        "VALUE",
        "gt: ",
    ),
    "an empty list": ({"trait": "city", "in": []}, "SHAPE", "in: "),
    "too long a list": ({"trait": "frequency", "in": list(range(LIST_MAX + 1))}, "LIMIT", "in: "),
    "NUL": ({"trait": "city", "eq": "a\x00"}, "LIMIT", "eq: "),
    "a time without offset": (
        {"trait": "last_paid_at", "gt": "2024-01-31T08:00:00"}, "VALUE", "gt: "),
    "a year none lives in": ({"trait": "last_paid_at", "gt": "0001-01-01"}, "VALUE", "gt: "),
    "no such day": ({"trait": "last_paid_at", "gt": "2023-02-29"}, "VALUE", "gt: "),
    "no happening": ({"did": "order.dreamt"}, "UNKNOWN", "rule: "),
    "no field": (PAID | {"where": {"colour": {"eq": "red"}}}, "UNKNOWN", "where.colour: "),
    "a bare field": (PAID | {"where": {"city": "杭州"}}, "SHAPE", "where.city: "),
    "a shop that is gone": (PAID | {"where": {"shop": {"eq": "pdd"}}}, "GONE", "where.shop.eq: "),
    "two measures": (PAID | {"count": {"gte": 1}, "sum": {"gte": 1}}, "SHAPE", "rule: "),
    "two windows": (PAID | {"within": "1d", "after": "2024-01-01"}, "SHAPE", "rule: "),
    "no length": (PAID | {"within": "ninety"}, "VALUE", "within: "),
    "no cycles": (PAID | {"within": {"cycles": 0}}, "VALUE", "within: "),
    "infinite cycles": (PAID | {"within": {"cycles": float("inf")}}, "VALUE", "within: "),
    "one end": (PAID | {"between": ["2024-01-01"]}, "SHAPE", "between: "),
    "the sum of a name": (PAID | {"sum": {"of": "city", "gte": 1}}, "UNKNOWN", "sum: "),
    "coupons of a category": (
        PAID | {"where": {"category": {"eq": "TEA"}}, "sum": {"of": "coupon", "gte": 1}},
        "VALUE", "sum: "),
    "a tag that is gone": ({"not": {"tag": "gone"}}, "GONE", "not: "),
    "a tag two groups have": ({"tag": "two"}, "VALUE", "rule: "),
    "a segment that is gone": ({"segment": "gone"}, "GONE", "rule: "),
    "an attribute that is gone": ({"attribute": "gone", "eq": 1}, "GONE", "rule: "),
    "no channel": ({"consent": "fax"}, "UNKNOWN", "rule: "),
    "too deep": (_deep(DEPTH_MAX + 1), "LIMIT", "not."),
    "too many": ({"all": [RECENT] * (CONDITIONS_MAX + 1)}, "LIMIT", f"all[{CONDITIONS_MAX}]: "),
}  # fmt: skip


@pytest.mark.parametrize("name", sorted(REFUSED))
def test_a_rule_that_cannot_be_read_is_refused(name: str) -> None:
    # given
    rule, code, where = REFUSED[name]

    # when
    with pytest.raises(RuleError) as refused:
        read_rule(rule, VOCABULARY)

    # then
    assert refused.value.code == code
    assert str(refused.value).startswith(where)


def test_a_rule_is_read_into_its_tree() -> None:
    rule = PAID | {"where": {"category": {"in": ["COFFEE", "COFFEE"]}}, "within": "90d"}
    assert read_rule(rule, VOCABULARY) == Did(
        "order.paid",
        (Where("category", (Comparison("in", ("COFFEE",)),)),),
        AT_LEAST_ONE,
        Window(within=Length(90, "d")),
    )


def test_a_segment_brings_its_own_rule() -> None:
    tree = read_rule({"segment": "recent"}, VOCABULARY)
    assert tree == Named("recent", TraitIs("recency_days", (Comparison("lte", 30),)))


def test_segments_that_name_each_other_in_a_circle_are_refused() -> None:
    # given
    words = Vocabulary(
        segments={
            "a": SegmentWord("1", "a", {"not": {"segment": "b"}}),
            "b": SegmentWord("2", "b", {"segment": "a"}),
        }
    )

    # when
    with pytest.raises(RuleError) as refused:
        read_rule({"segment": "a"}, words)

    # then
    assert refused.value.code == "CIRCLE"
    assert "a → b → a" in str(refused.value)


_KEYS = st.sampled_from(
    ["all", "any", "not", "trait", "did", "where", "count", "within", "tag", "gte", "in", "eq"]
)
_SCRAPS = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5)
    | st.sampled_from(["recency_days", "order.paid", "vip", "90d"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_KEYS | st.text(max_size=3), inner,
                                                                max_size=3),
    max_leaves=12,
)  # fmt: skip


@settings(max_examples=300)
@given(_SCRAPS)
def test_scraps_are_refused_or_read_and_never_break_the_reader(scraps: Any) -> None:
    with suppress(RuleError):
        read_rule(scraps, VOCABULARY)
