"""A rule put into the fields of a form and read back is the same rule."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from huitou.console.rule_form import Written, form_of
from huitou.segments.errors import RuleError
from huitou.segments.reading import read_rule
from huitou.segments.rules import All, AnyOf, Not, Rule
from tests.segments.strategies import RULE
from tests.segments.worlds import VOCABULARY


def plain(rule: Rule) -> Rule:
    """The rule without groups of one and without what is turned around twice."""
    if isinstance(rule, All | AnyOf):
        parts = tuple(plain(part) for part in rule.parts)
        return parts[0] if len(parts) == 1 else type(rule)(parts)
    if isinstance(rule, Not):
        inner = plain(rule.part)
        return inner.part if isinstance(inner, Not) else Not(inner)
    return rule


def again(rule: Any) -> Any:
    return Written(form_of(rule, VOCABULARY, "CNY"), VOCABULARY, "CNY").rule


@settings(
    max_examples=300,
    deadline=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
@given(rule=RULE)
def test_a_rule_comes_back_as_it_went(rule: dict[str, Any]) -> None:
    read = read_rule(rule, VOCABULARY)

    assert plain(read_rule(again(rule), VOCABULARY)) == plain(read)


@pytest.mark.parametrize(
    "rule",
    [
        {"trait": "recency_days", "lte": 30},
        {"trait": "monetary_minor", "gte": 12_345, "lt": 99_999_900},
        {"all": []},
        {"not": {"any": [{"tag": "vip"}, {"not": {"segment": "recent"}}]}},
        {"consent": "sms", "purpose": "service"},
        {"identity": "phone"},
        {"identity": "phone", "platform": "jd"},
    ],
    ids=["trait", "money", "everyone", "turned", "consent", "identity", "platform"],
)
def test_a_rule_a_form_can_say_is_kept_to_the_letter(rule: dict[str, Any]) -> None:
    assert again(rule) == rule


@pytest.mark.parametrize(
    "rule",
    [
        {"trait": "gone", "lte": 30},
        {"tag": "vip", "more": 1},
        {"did": "order.paid", "every": "30d"},
        "nothing",
        {"trait": "recency_days", "wide": 3},
    ],
    ids=["trait", "tag", "did", "text", "operator"],
)
def test_what_no_row_can_show_is_kept_as_it_is(rule: Any) -> None:
    assert again({"any": [rule, {"tag": "vip"}]}) == {"any": [rule, {"tag": "vip"}]}


@pytest.mark.parametrize(
    ("rule", "place"),
    [
        ({"all": [{"tag": "vip"}, {"any": [{"tag": "gone"}]}]}, (1, 0)),
        ({"all": [{"tag": "vip"}, {"not": {"trait": "recency_days", "lte": "x"}}]}, (1,)),
        ({"all": [{"did": "order.paid", "where": {"amount": {"gt": "x"}}}, {"tag": "vip"}]}, (0,)),
        ({"trait": "recency_days", "lte": "x"}, (0,)),
        ({"all": [{"any": []}, {"tag": "vip"}]}, (0,)),
    ],
    ids=["deep", "turned", "where", "alone", "empty"],
)
def test_an_error_finds_the_row_it_is_about(rule: dict[str, Any], place: tuple[int, ...]) -> None:
    # given
    written = Written(form_of(rule, VOCABULARY, "CNY"), VOCABULARY, "CNY")
    wanted = written.nodes["root"]
    for number in place:
        wanted = wanted.children[number]

    # when
    with pytest.raises(RuleError) as refused:
        read_rule(written.rule, VOCABULARY)

    # then
    assert written.node_at(refused.value.path) == wanted.id


def test_a_row_without_a_subject_is_left_out_and_noted() -> None:
    # given
    fields = form_of({"all": [{"tag": "vip"}, {"tag": "two"}]}, VOCABULARY, "CNY")
    first, second = fields["node"][1:]
    del fields[f"{first}.s"]

    # when
    written = Written(fields, VOCABULARY, "CNY")

    # then
    assert (written.rule, written.unfinished) == ({"tag": "two"}, [first])
    assert written.node_at("") == second


@given(
    nodes=st.lists(st.sampled_from("abcr"), max_size=6),
    parents=st.dictionaries(st.sampled_from("abcr"), st.sampled_from(["", *"abcr"])),
)
@settings(max_examples=100, deadline=None, phases=[Phase.explicit, Phase.generate])
def test_a_form_sent_by_anybody_is_a_tree(nodes: list[str], parents: dict[str, str]) -> None:
    # given
    fields = {"node": nodes, **{f"{node}.p": [parent] for node, parent in parents.items()}}
    fields |= {f"{node}.k": ["group"] for node in "abcr"}

    # when
    written = Written(fields, VOCABULARY, "CNY")

    # then: everything found hangs together
    assert all(node.parent in written.nodes for node in list(written.nodes.values())[1:])
