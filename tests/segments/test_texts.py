"""Rules as text people write."""

from __future__ import annotations

import pytest

from huitou.segments.errors import RuleError
from huitou.segments.texts import TEXT_BYTES_MAX, rule_of_text, text_of_rule


def test_a_rule_comes_back_as_it_was_written() -> None:
    rule = {"all": [{"trait": "first_paid_at", "gte": "2024-02-29"}, {"tag": "送礼/常客"}]}

    assert rule_of_text(text_of_rule(rule)) == rule
    assert rule_of_text('{"trait": "promotion_only", "eq": true}') == {
        "trait": "promotion_only", "eq": True,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("all:\n- trait: frequency\n  gte: 2\n  gte: 3\n", "line 4, column 3: the key 'gte' is"),
        ("all: [&a {tag: x}, *a]", "line 1, column 20: aliases (*name) are not read"),
        ("all: [", "line 1, column 7: "),
        ("tag: !!python/object:os.system {}", "line 1, column 6: "),
        ("{a: 1", "line 1"),
        ("x" * (TEXT_BYTES_MAX + 1), "at most 1,000,000 bytes"),
    ],
    ids=["twice", "alias", "open", "object", "brace", "long"],
)
def test_what_is_no_rule_is_refused_with_its_line(text: str, said: str) -> None:
    with pytest.raises(RuleError) as refused:
        rule_of_text(text)

    assert said in str(refused.value)
