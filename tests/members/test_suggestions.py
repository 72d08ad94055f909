"""Suggestions: who is suggested to whom, with what probability, whatever the order of the rows."""

from __future__ import annotations

from datetime import date
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from huitou.demo.people import Crowd, crowd
from huitou.members.suggestions import REVIEW_THRESHOLD, SCHEMA, suggest

HANGZHOU = {"province": "浙江省", "city": "杭州市", "district": "西湖区"}
WUHAN = {"province": "湖北省", "city": "武汉市", "district": "江岸区"}
# Strangers, so that a set of a few accounts knows what strangers are like.
NAMES = ("陈晨", "刘洋", "黄晓明", "周杰", "吴静怡", "徐磊", "孙悦", "马超", "朱琳", "胡雪")
STRANGERS = [
    {"name": name, "phone": f"1{35 + place % 5}{place:04d}{7000 + place}", **WUHAN}
    for place, name in enumerate(NAMES)
]


def accounts(*rows: dict[str, Any]) -> pa.Table:
    """The rows, numbered from 1, and strangers behind them."""
    blank = dict.fromkeys(SCHEMA.names)
    filled = [
        {**blank, "account_id": place, "member_id": place, "platform": "jd", **row}
        for place, row in enumerate([*rows, *STRANGERS], 1)
    ]
    return pa.Table.from_pylist(filled, schema=SCHEMA)


def likely(*rows: dict[str, Any], **options: Any) -> dict[tuple[int, int], float]:
    """Suggested pairs of the rows and their probabilities."""
    pairs = suggest(accounts(*rows), **options).pairs
    return {(pair["a"], pair["b"]): pair["probability"] for pair in pairs.to_pylist()}


@pytest.fixture(scope="module")
def shop() -> Crowd:
    """Five thousand accounts."""
    return crowd(5_000, 11)


def test_a_masked_account_is_suggested_with_its_evidence() -> None:
    # when
    found = suggest(
        accounts(
            {"name": "王**", "phone": "138****8000", **HANGZHOU},
            {"name": "王芳", "phone": "13812348000", **HANGZHOU},
        )
    ).pairs.to_pylist()

    # then
    assert [(pair["a"], pair["b"], pair["evidence"]) for pair in found] == [
        (1, 2, ["name_shown_same", "phone_shown_same", "district_same"])
    ]
    assert found[0]["probability"] == pytest.approx(0.98, abs=0.02)


def test_who_moved_and_changed_the_number_is_found_by_name_and_birthday() -> None:
    # when
    pairs = likely(
        {"name": "欧阳静怡", "phone": "13812348000", "birthday": date(1990, 5, 12), **HANGZHOU},
        {"name": "欧阳静怡", "phone": "13987651234", "birthday": date(1990, 5, 12), **WUHAN},
    )

    # then
    assert list(pairs) == [(1, 2)]


def test_namesakes_are_not_suggested() -> None:
    # given: two dozen people of one name in one city, each with a phone of their own
    namesakes = [
        {"name": "王芳", "phone": f"138{place:04d}{place * 37:04d}", **HANGZHOU}
        for place in range(1, 25)
    ]

    # when
    pairs = likely(*namesakes)

    # then
    assert pairs == {}


def test_a_household_is_not_one_person() -> None:
    # when: husband and wife with one address and one phone
    home = {"phone": "13812348000", "address": "文三路12号青竹花园3栋501", **HANGZHOU}
    pairs = likely({"name": "王芳", **home}, {"name": "李强", **home})

    # then
    assert pairs == {}


def test_one_account_cannot_be_two_people() -> None:
    # given: a masked account that either of two customers could be
    masked = {"name": "王**", "phone": "138****8000", **HANGZHOU}
    either = [
        {"name": "王芳", "phone": "13812348000", **HANGZHOU},
        {"name": "王丽娟", "phone": "13856788000", **HANGZHOU},
    ]

    # when
    alone = likely(masked, either[0])
    both = likely(masked, *either, at_least=0.1)

    # then
    assert list(alone) == [(1, 2)]
    assert set(both) == {(1, 2), (1, 3)}
    assert both[1, 2] == both[1, 3]
    assert both[1, 2] < REVIEW_THRESHOLD


def test_masks_lockers_and_relay_numbers_alone_suggest_nobody() -> None:
    # when
    nothing = {
        "phone": "184****8095-1209",
        "nick": "t**3",
        "address": "文三路2号菜鸟驿站",
        **HANGZHOU,
    }
    pairs = likely({"name": "王**", **nothing}, {"name": "王*", **nothing}, at_least=0.05)

    # then
    assert pairs == {}


def test_accounts_of_one_member_are_not_suggested_and_its_best_account_speaks() -> None:
    # given: accounts 1 and 2 are one member already; 3 resembles 2 more
    rows = [
        {"member_id": 1, "name": "王芳", "phone": "13812348000"},
        {"member_id": 1, "name": "王芳", "phone": "13812348000", **HANGZHOU},
        {"name": "王**", "phone": "138****8000", **HANGZHOU},
    ]

    # when
    pairs = likely(*rows)

    # then
    assert list(pairs) == [(2, 3)]


def test_decided_members_are_not_suggested_again() -> None:
    # given
    rows = [
        {"member_id": 1, "name": "王芳", "phone": "13812348000"},
        {"member_id": 1, "name": "王芳", "phone": "13812348000", **HANGZHOU},
        {"name": "王**", "phone": "138****8000", **HANGZHOU},
    ]
    refused = pa.table({"a": [3, 900], "b": [1, 901]})

    # when
    pairs = likely(*rows, decided=refused)

    # then
    assert pairs == {}


@pytest.mark.parametrize("rows", [0, 1, 2])
def test_few_accounts_give_nothing_and_no_warning(rows: int) -> None:
    found = suggest(accounts().slice(0, rows), at_least=0.0)
    assert (found.pairs.num_rows, found.compared, found.skipped_blocks) == (0, 0, 0)


def test_other_columns_are_refused_by_name() -> None:
    with pytest.raises(ValueError, match="birthday"):
        suggest(accounts().drop_columns(["birthday"]))


@settings(max_examples=5, deadline=None)
@given(st.randoms(use_true_random=False))
def test_the_order_of_the_rows_does_not_matter(shop: Crowd, random: Any) -> None:
    # given
    order = list(range(shop.accounts.num_rows))
    random.shuffle(order)

    # when
    shuffled = suggest(shop.accounts.take(pa.array(order))).pairs

    # then
    assert shuffled.equals(suggest(shop.accounts).pairs)


TEXT = st.one_of(
    st.none(),
    st.text(max_size=60),
    st.sampled_from(
        ["王*", "***", "王芳", "138****8000", "１３８12348000", "\0", "1" * 400, "👩‍👩‍👧 李"]
    ),
)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.lists(TEXT, min_size=8, max_size=8), min_size=2, max_size=6))
def test_any_text_is_taken(rows: list[list[str | None]]) -> None:
    # given
    fields = ("name", "phone", "email", "nick", "province", "city", "district", "address")
    strange = accounts(*[dict(zip(fields, row, strict=True)) for row in rows])

    # when
    pairs = suggest(strange, at_least=0.0).pairs

    # then
    probability = pairs["probability"].to_numpy()
    assert np.isfinite(probability).all()
    assert ((probability >= 0) & (probability <= 1)).all()


def test_pairs_are_ordered_and_each_two_members_stand_once(shop: Crowd) -> None:
    # when
    pairs = suggest(shop.accounts, at_least=0.5).pairs
    a, b, probability = (pairs[name].to_numpy() for name in ("a", "b", "probability"))

    # then
    assert (a < b).all()
    assert (np.diff(probability) <= 0).all()
    assert ((probability >= 0.5) & (probability <= 1)).all()
    assert np.unique(a * 10_000 + b).size == pairs.num_rows


def test_a_small_shop_is_suggested_rightly(shop: Crowd) -> None:
    # when
    pairs = suggest(shop.accounts).pairs
    person = shop.person_of_account
    right = (person[pairs["a"].to_numpy() - 1] == person[pairs["b"].to_numpy() - 1]).sum()

    # then: of all pairs of one person, most are suggested, and hardly any others
    _, accounts_of_person = np.unique(person, return_counts=True)
    real = (accounts_of_person * (accounts_of_person - 1) // 2).sum()
    assert right >= 0.9 * real
    assert pairs.num_rows - right <= 0.005 * pairs.num_rows
