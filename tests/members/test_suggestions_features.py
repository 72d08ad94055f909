"""What can be compared of names, phones and addresses, and how far two of them agree."""

from __future__ import annotations

from datetime import date
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from huitou.members.suggestions import SCHEMA
from huitou.members.suggestions.blocking import BLOCK_MAX, candidates
from huitou.members.suggestions.comparing import Frequencies, compared
from huitou.members.suggestions.evidence import CODES
from huitou.members.suggestions.features import Features, features
from huitou.members.suggestions.texts import code_points, keys, likeness, signatures


def accounts(*rows: dict[str, Any]) -> pa.Table:
    """Accounts of one member each, numbered from 1."""
    blank = dict.fromkeys(SCHEMA.names)
    filled = [
        {**blank, "account_id": place, "member_id": place, "platform": "jd", **row}
        for place, row in enumerate(rows, 1)
    ]
    return pa.Table.from_pylist(filled, schema=SCHEMA)


def agreement(field: str, first: dict[str, Any], second: dict[str, Any]) -> str | None:
    """The evidence code of one field of two accounts."""
    f = features(accounts(first, second))
    level = compared(f, np.array([0]), np.array([1]), Frequencies(f)).levels[field][0]
    return CODES[field][level - 1] if level else None


@pytest.mark.parametrize(
    ("first", "second", "code"),
    [
        ("王芳", "王芳", "name_same"),
        (" 王芳 ", "王芳", "name_same"),
        ("王晓芳", "王小芳", "name_near"),  # sounds alike
        ("王芳", "王方", "name_near"),
        ("王芳", "王丽", "surname_same"),
        ("王雨欣", "王雨佳", "name_part_same"),  # one character of three, as siblings have
        ("王芳", "李强", "name_different"),
        ("王**", "王芳", "name_shown_same"),
        ("王*", "王**", "name_shown_same"),
        ("李*", "王芳", "name_different"),
        ("王女士", "王芳", "name_shown_same"),
        ("芳芳", "王芳", "name_part_same"),
        ("小芳", "王芳", "name_part_same"),
        ("小丽", "王芳", "name_different"),
        ("mitchell green", "mitchel green", "name_near"),
        ("green mitchell", "mitchell green", "name_near"),
        ("mitchell green", "sarah green", "name_part_same"),
        ("mitchell green", "olivia kemp", "name_different"),
        ("王芳", None, None),
        ("*芳", "王芳", None),  # shows no surname
        ("王芳", "olivia kemp", None),
    ],
)
def test_names(first: str | None, second: str | None, code: str | None) -> None:
    # when
    forward = agreement("name", {"name": first}, {"name": second})
    backward = agreement("name", {"name": second}, {"name": first})

    # then
    assert (forward, backward) == (code, code)


@pytest.mark.parametrize(
    ("first", "second", "code"),
    [
        ("13812348000", "13812348000", "phone_same"),
        ("+86 138-1234-8000", "13812348000", "phone_same"),
        ("１３８１２３４８０００", "13812348000", "phone_same"),
        ("13812348000", "13812348001", "phone_near"),
        ("13812348000", "13812384000", "phone_near"),  # neighbours exchanged
        ("13812348000", "13956788000", "phone_different"),
        ("138****8000", "13812348000", "phone_shown_same"),
        ("138****8000", "138****8000", "phone_shown_same"),
        ("138****8000", "139****8000", "phone_different"),
        ("1******8000", "13812348000", "phone_tail_same"),
        ("1******8001", "13812348000", "phone_different"),
        ("184****8000-1234", "184****8000-1234", None),  # relay numbers
        ("18412348000-1234", "18412348000-1234", None),
        ("18412348000转1234", "18412348000", None),
        (None, "13812348000", None),
    ],
)
def test_phones(first: str | None, second: str | None, code: str | None) -> None:
    # when
    forward = agreement("phone", {"phone": first}, {"phone": second})
    backward = agreement("phone", {"phone": second}, {"phone": first})

    # then
    assert (forward, backward) == (code, code)


HANGZHOU = {"province": "浙江省", "city": "杭州市", "district": "西湖区"}


@pytest.mark.parametrize(
    ("first", "second", "code"),
    [
        (
            "文三路12号青竹花园3栋2单元501室",
            "浙江省文三路12号青竹花园3-2-501",
            "address_same",
        ),
        ("文三路１２号青竹花园三幢501", "西湖区文三路12号青竹花园3号楼501室", "address_same"),
        ("文三路12号青竹花园3栋501", "文三路12号青竹花园5栋803", "address_near"),
        ("文三路12号青竹花园3栋501", "松风巷77号云锦名苑1栋204", "district_same_address_different"),
        ("文三路12号青竹花园3栋501", None, "district_same"),
        ("文三路2号菜鸟驿站", "文三路2号菜鸟驿站", "district_same"),
        ("文三路2号丰巢快递柜", "文三路2号丰巢快递柜", "district_same"),
        ("文三路***", "文三路***", "district_same"),
    ],
)
def test_addresses(first: str, second: str | None, code: str) -> None:
    # when
    forward = agreement("place", {"address": first, **HANGZHOU}, {"address": second, **HANGZHOU})
    backward = agreement("place", {"address": second, **HANGZHOU}, {"address": first, **HANGZHOU})

    # then
    assert (forward, backward) == (code, code)


@pytest.mark.parametrize(
    ("second", "code"),
    [
        ({"district": "滨江区"}, "city_same"),
        ({"district": None}, "city_same"),
        ({"city": "宁波市"}, "province_same"),
        ({"province": "广东省", "city": "广州市"}, "region_different"),
        ({"province": "浙江", "city": "杭州"}, "district_same"),
        ({"province": None, "city": None, "district": None}, None),
    ],
)
def test_regions(second: dict[str, str | None], code: str | None) -> None:
    assert agreement("place", HANGZHOU, {**HANGZHOU, **second}) == code


@pytest.mark.parametrize(
    ("second", "code"),
    [
        (date(1990, 5, 12), "birthday_same"),
        (date(1990, 12, 5), "birthday_near"),
        (date(1990, 5, 13), "birthday_near"),
        (date(1985, 7, 30), "birthday_different"),
        (None, None),
    ],
)
def test_birthdays(second: date | None, code: str | None) -> None:
    assert agreement("birthday", {"birthday": date(1990, 5, 12)}, {"birthday": second}) == code


def test_unlike_addresses_in_unknown_cities_say_nothing() -> None:
    first, second = "文三路12号青竹花园3栋501", "松风巷77号云锦名苑1栋204"
    assert agreement("place", {"address": first}, {"address": second}) is None
    assert agreement("place", {"address": first}, {"address": first}) == "address_same"


def test_nicks_and_emails_agree_unless_masked() -> None:
    same = {"nick": "栗子88", "email": "Li@qq.com"}
    assert agreement("nick", same, {"nick": "栗子88"}) == "nick_same"
    assert agreement("nick", {"nick": "t**3"}, {"nick": "t**3"}) is None
    assert agreement("email", same, {"email": "li@163.com"}) == "email_local_same"
    assert agreement("email", same, {"email": "lee@qq.com"}) == "email_different"


@pytest.mark.parametrize("owners", [10, 11])
def test_a_phone_on_more_than_ten_members_says_nothing(owners: int) -> None:
    # when
    f = features(accounts(*[{"phone": "13812348000"}] * owners))

    # then
    known = {10: {13812348000}, 11: {-1}}
    assert set(f.phone.whole.tolist()) == known[owners]


def test_an_address_on_more_than_ten_members_says_nothing() -> None:
    dormitory = {"address": "学府路1号学院3号宿舍101", **HANGZHOU}
    assert features(accounts(*[dormitory] * 10)).place.written.all()
    assert not features(accounts(*[dormitory] * 11)).place.written.any()


def pairs_of(f: Features) -> tuple[set[tuple[int, int]], int]:
    """Candidates as account numbers, and the skipped blocks."""
    found = candidates(f)
    return set(zip((found.a + 1).tolist(), (found.b + 1).tolist(), strict=True)), found.skipped


def test_accounts_that_share_a_rare_key_are_compared() -> None:
    # given
    f = features(
        accounts(
            {"name": "王芳", "city": "杭州市"},
            {"name": "王芳", "city": "杭州市"},
            {"name": "李强", "phone": "1******8000"},
            {"name": "李*", "phone": "138****8000"},
            {"name": "赵雷"},
        )
    )

    # when
    pairs, skipped = pairs_of(f)

    # then
    assert (pairs, skipped) == ({(1, 2), (3, 4)}, 0)


def test_a_block_over_the_limit_is_skipped_and_counted() -> None:
    # given: everybody bears the name, two of them live in one city
    crowd = [{"name": "王芳"}] * (BLOCK_MAX - 1) + [{"name": "王芳", "city": "杭州市"}] * 2

    # when
    pairs, skipped = pairs_of(features(accounts(*crowd)))

    # then
    assert (pairs, skipped) == ({(BLOCK_MAX, BLOCK_MAX + 1)}, 1)


@given(st.lists(st.tuples(st.integers(-1, 5), st.integers(-1, 5)), min_size=1, max_size=20))
def test_keys_are_equal_exactly_for_equal_columns(rows: list[tuple[int, int]]) -> None:
    # when
    left, right = (np.array(column) for column in zip(*rows, strict=True))
    made = keys(left, right)

    # then
    for i, first in enumerate(rows):
        for j, second in enumerate(rows):
            known = min(first) >= 0 and min(second) >= 0
            assert (made[i] == made[j] and made[i] >= 0) == (known and first == second)


@given(st.text(max_size=20), st.text(max_size=20))
def test_likeness_is_symmetric_and_one_for_equal_texts(first: str, second: str) -> None:
    # when
    bits = signatures(code_points(pa.array(["xy" + first, "xy" + second]), 24))
    a, b = np.array([0]), np.array([1])

    # then
    assert likeness(bits, a, b)[0] == likeness(bits, b, a)[0]
    assert likeness(bits, a, a)[0] == 1
