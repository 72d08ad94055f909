"""The segments of a member through HTTP."""

from __future__ import annotations

from pathlib import Path

import pytest

from huitou.brands.models import Brand, Shop
from huitou.members.models import Member
from huitou.segments import refreshing
from huitou.segments.services import put_segment
from tests.api.door import ask, make_key
from tests.console import people
from tests.factories import make_brand

BUYERS = {"trait": "frequency", "gte": 1}
PATH = f"/members/{people.public_id(0)}/segments"


@pytest.fixture
def shopping(home: Path, brand: Brand, shop: Shop) -> Brand:
    """A brand of three members, two of whom have bought, with a segment."""
    people.fill(brand, shop)
    put_segment(brand=brand, slug="buyers", name="客", rule=BUYERS, now=people.NOW)
    refreshing.refresh(brand)
    put_segment(brand=brand, slug="all", name="All", rule={"all": []}, now=people.NOW)
    return brand


def test_a_member_s_segments_are_told_with_since_when(shopping: Brand) -> None:
    # given
    key = make_key(shopping)
    merged = Member.objects.create(
        brand=shopping, merged_into=Member.objects.get(public_id=people.public_id(0))
    )

    # when
    found = ask(key, PATH).json()
    none = ask(key, f"/members/{people.public_id(2)}/segments").json()
    by_merged = ask(key, f"/members/{merged.public_id}/segments").json()

    # then
    assert found["id"] == str(people.public_id(0))
    assert [(one["slug"], one["name"]) for one in found["segments"]] == [
        ("all", "All"), ("buyers", "客"),
    ]  # fmt: skip
    assert found["segments"][0]["since"] is None
    assert found["segments"][1]["since"].startswith("2026-06-30T15:59:59")
    assert found["at"]
    assert [one["slug"] for one in none["segments"]] == ["all"]
    assert by_merged["segments"] == found["segments"]


def test_keys_of_a_shop_and_of_other_brands_see_none(shopping: Brand, shop: Shop) -> None:
    # given
    other = make_brand()
    stranger = make_key(other)
    own = Member.objects.create(brand=other)

    # when
    of_shop = ask(make_key(shopping, shop=shop), PATH)
    theirs = ask(stranger, PATH)
    without_figures = ask(stranger, f"/members/{own.public_id}/segments")

    # then
    assert (of_shop.status_code, theirs.status_code) == (403, 404)
    assert of_shop.json()["type"].endswith("brand-wide")
    assert theirs.json()["type"].endswith("unknown-member")
    assert without_figures.json() == {"id": str(own.public_id), "at": None, "segments": []}
