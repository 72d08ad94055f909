"""A rule never depends on the tag its own segment puts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from huitou.segments.circles import TagCircleError, refuse_circle
from huitou.segments.vocabulary import SegmentWord, Vocabulary, Word

TAGS = {"g/t": Word("1", "t"), "t": Word("1", "t"), "u": Word("2", "u"), "two": None}


def words(**segments: tuple[Any, str]) -> Vocabulary:
    """Segments by slug, each with its rule (None: frozen) and the tag it puts."""
    return Vocabulary(
        tags=TAGS,
        segments={
            slug: SegmentWord(slug, slug, rule, tag) for slug, (rule, tag) in segments.items()
        },
    )


ASKS_T: dict[str, Any] = {"all": [{"trait": "frequency", "gte": 1}, {"not": {"tag": "g/t"}}]}


@pytest.mark.parametrize(
    ("segments", "chain"),
    [
        pytest.param({"a": (ASKS_T, "1")}, "a → #g/t → a", id="directly"),
        pytest.param(
            {"a": ({"segment": "b"}, "1"), "b": ({"tag": "t"}, "")},
            "a → b → #t → a",
            id="by a named segment",
        ),
        pytest.param(
            {"a": ({"tag": "u"}, "1"), "b": (ASKS_T, "2")},
            "a → #u → b → #g/t → a",
            id="by another's tag",
        ),
        pytest.param(
            {"b": (ASKS_T, "2"), "a": ({"any": [{"tag": "u"}]}, "1"), "c": ({"all": []}, "1")},
            "a → #u → b → #g/t → a",
            id="one of two that put a tag",
        ),
    ],
)
def test_every_way_round_is_found(segments: Mapping[str, tuple[Any, str]], chain: str) -> None:
    with pytest.raises(TagCircleError, match="its own segment puts") as refused:
        refuse_circle(words(**segments), "a")
    assert refused.value.chain == chain


@pytest.mark.parametrize(
    "segments",
    [
        pytest.param({"a": (ASKS_T, "2"), "b": ({"all": []}, "1")}, id="another puts it"),
        pytest.param({"a": (ASKS_T, "2"), "b": (None, "1")}, id="frozen"),
        pytest.param({"a": ({"segment": "b"}, "1"), "b": (None, "2")}, id="names a frozen one"),
        pytest.param({"a": ({"tag": "two"}, "1"), "b": (ASKS_T, "")}, id="an unclear tag"),
        pytest.param({"a": ({"segment": "gone"}, "1")}, id="names one that is gone"),
        pytest.param(
            {"a": ({"did": "order.paid", "where": {"tag": {"eq": "t"}}}, "1")}, id="another field"
        ),
    ],
)
def test_nothing_else_is_refused(segments: Mapping[str, tuple[Any, str]]) -> None:
    refuse_circle(words(**segments), "a")


SLUGS = ("a", "b", "c", "d")
PLAN = st.fixed_dictionaries(
    {
        slug: st.tuples(
            st.lists(
                st.one_of(
                    st.sampled_from(SLUGS).map(lambda s: {"segment": s}),
                    st.sampled_from(("t", "u")).map(lambda t: {"tag": t}),
                ),
                max_size=2,
            ).map(lambda parts: {"all": parts}),
            st.sampled_from(("", "1", "2")),
        )
        for slug in SLUGS
    }
)


@given(PLAN)
def test_it_is_refused_exactly_when_a_walk_comes_back(plan: Mapping[str, tuple[Any, str]]) -> None:
    # given who depends on whom, as a plain relation, closed by walking as often as there are slugs
    puts = {slug: tag for slug, (_, tag) in plan.items()}
    steps = {
        (slug, other)
        for slug, (rule, _) in plan.items()
        for part in rule["all"]
        for other in SLUGS
        if part.get("segment") == other or (puts[other] and puts[other] == _key(part))
    }
    reached = set(steps)
    for _ in SLUGS:
        reached |= {(a, d) for a, b in reached for c, d in steps if b == c}

    # when
    refused = {slug for slug in SLUGS if _is_refused(plan, slug)}

    # then
    assert refused == {a for a, b in reached if a == b}


def _key(part: Mapping[str, str]) -> str:
    word = TAGS.get(part.get("tag", ""))
    return word.key if word else "none"


def _is_refused(plan: Mapping[str, tuple[Any, str]], slug: str) -> bool:
    try:
        refuse_circle(words(**plan), slug)
    except TagCircleError:
        return True
    return False
