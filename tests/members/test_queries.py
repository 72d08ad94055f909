"""Members read in batches, with nothing unmasked."""

from __future__ import annotations

from uuid import UUID

import pytest
from pytest_django import DjangoAssertNumQueries

from huitou.brands.models import Brand, Shop
from huitou.ingest.reading.formats import IDENTIFIER_KINDS
from huitou.members import queries
from huitou.members.models import IDENTITY_KINDS, Member
from tests.factories import make_brand, make_identity

PUBLIC_ID = UUID("0123abcd-0000-4000-8000-000000000001")


def make_member(brand: Brand, **fields: object) -> Member:
    """A member of ``brand``."""
    member = Member.objects.create(brand=brand, **fields)
    member.refresh_from_db()
    return member


@pytest.fixture
def member(brand: Brand, shop: Shop) -> Member:
    """A member with a phone, an e-mail and two identifiers."""
    made = make_member(
        brand,
        public_id=PUBLIC_ID,
        name="沈知夏",
        phone="19900000001",
        email="zhixia@example.com",
        province="浙江省",
        city="杭州市",
        first_shop=shop,
    )
    for kind, value in (("phone", "+8619900000001"), ("buyer_nick", "知夏小站")):
        make_identity(brand=brand, member=made, platform="taobao", kind=kind, value=value)
    return made


def test_a_profile_is_masked(brand: Brand, member: Member) -> None:
    profile = queries.profiles(brand.pk, [member.pk])[member.pk]

    assert (profile.phone, profile.phone_tail) == ("*******0001", "0001")
    assert profile.email == "z***@example.com"
    assert (profile.name, profile.number) == ("沈知夏", "0123ABCD")


def test_profiles_of_another_brand_stay_out_of_reach(member: Member) -> None:
    other = make_brand()

    assert queries.profiles(other.pk, [member.pk]) == {}
    assert queries.member_by_public_id(other.pk, PUBLIC_ID) is None
    assert queries.identities(other.pk, [member.pk]) == {}
    assert queries.search(other.pk, "沈知夏", 10) == []


def test_identifiers_that_reach_a_person_are_masked(brand: Brand, member: Member) -> None:
    found = queries.identities(brand.pk, [member.pk])[member.pk]

    assert [(i.kind, i.value) for i in found] == [
        ("buyer_nick", "知夏小站"),
        ("phone", "**********0001"),
    ]


@pytest.mark.parametrize(
    "text",
    [
        "沈",
        "沈知夏",
        "知夏小站",
        "0001",
        "00000001",
        "19900000001",
        "+8619900000001",
        "199 0000 0001",
        "0123abcd",
        "0123ABCD0000",
        str(PUBLIC_ID),
    ],
)
def test_a_search_finds_by_name_identifier_phone_and_number(
    brand: Brand, member: Member, text: str
) -> None:
    make_member(brand, name="顾岚", phone="19900000002")

    assert queries.search(brand.pk, text, 10) == [member.pk]


@pytest.mark.parametrize("text", ["", "  ", "夏", "001", "9900", "0123abc", "%", "_知夏"])
def test_a_search_does_not_guess(brand: Brand, member: Member, text: str) -> None:
    assert queries.search(brand.pk, text, 10) == []


def test_a_masked_phone_is_found_by_its_end(brand: Brand) -> None:
    masked = make_member(brand, phone="138****8000")

    assert queries.search(brand.pk, "13812348000", 10) == [masked.pk]
    assert queries.search(brand.pk, "8000", 10) == [masked.pk]


def test_a_search_is_limited_and_one_statement(
    brand: Brand, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    ids = [make_member(brand, name=f"林{n}").pk for n in range(5)]

    with django_assert_num_queries(1):
        assert queries.search(brand.pk, "林", 3) == ids[:3]


def test_files_can_state_every_kind_of_identifier_and_no_other() -> None:
    # search spells the kinds out for the sake of the index, so none may be missing
    assert set(IDENTITY_KINDS) == set(IDENTIFIER_KINDS)
