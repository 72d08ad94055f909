"""What is wrong with a rule, in the reader's language."""

from __future__ import annotations

from typing import Any

import pytest
from django.utils import translation

from huitou.console.segment_refusals import in_words, segment_refusal
from huitou.kernel.errors import RefusedInputError
from huitou.segments.errors import RuleError
from huitou.segments.reading import read_rule
from huitou.segments.texts import rule_of_text
from tests.segments.test_reading import REFUSED
from tests.segments.worlds import VOCABULARY

GONE = {"all": [{"trait": "recency_days", "lte": 30}, {"tag": "gone"}]}


def refused(rule: Any) -> RuleError:
    with pytest.raises(RuleError) as caught:
        read_rule(rule, VOCABULARY)
    return caught.value


@pytest.mark.parametrize("name", sorted(REFUSED))
def test_every_refusal_has_its_chinese(name: str) -> None:
    # given
    error = refused(REFUSED[name][0])

    # when
    with translation.override("zh-hans"):
        chinese = in_words(error)

    # then
    assert any("\u4e00" <= character <= "\u9fff" for character in chinese)
    with translation.override("en"):
        assert str(error) == f"{error.path or 'rule'}: {in_words(error)}"


@pytest.mark.parametrize(
    ("rule", "chinese"),
    [
        (GONE, "引用的内容已不存在。 all[1]: 没有标签 'gone'；是否已删除或改名？"),
        (
            {"did": "order.paid", "within": "90 days"},
            "取值不正确。 within: '90 days' 不是时长；"
            "可写 90d、12h、30min、45s、2w、3mo 或 1y，最长 100 年",
        ),
        ({}, "条件不完整，或有多余内容。 整条规则: 条件要写成映射，例如 {trait: …}"),
    ],
    ids=["gone", "length", "empty"],
)
def test_a_refusal_says_where_and_what(rule: Any, chinese: str) -> None:
    with translation.override("zh-hans"):
        assert segment_refusal(refused(rule)) == chinese


@pytest.mark.parametrize(
    ("text", "chinese"),
    [
        ("all: b: c", "第 1 行第 7 列：这里不能出现映射的值（多了一个冒号，或上一行的缩进不对）"),
        ("a: 1\na: 2", "第 2 行第 1 列：键 'a' 写了两次"),
        ("a: &x 1\nb: *x", "第 2 行第 4 列：不支持别名（*name）"),
    ],
    ids=["mapping", "twice", "alias"],
)
def test_a_text_that_is_no_yaml_says_the_place(text: str, chinese: str) -> None:
    # when
    with pytest.raises(RuleError) as caught:
        rule_of_text(text)

    # then
    with translation.override("zh-hans"):
        assert in_words(caught.value) == chinese


def test_a_percent_sign_that_was_typed_stays() -> None:
    # given
    error = RefusedInputError("X", "100 % of it")

    # then
    assert (str(error), in_words(error)) == ("100 % of it", "100 % of it")
