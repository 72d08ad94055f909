"""One person over several brands, found by the keys they share and never stored."""

from __future__ import annotations

import pytest
from pytest_django import DjangoAssertNumQueries

from huitou.brands.models import Brand
from huitou.members.across_brands import MemberElsewhere, members_elsewhere
from huitou.members.models import Identity, IdentityPolicy, Member
from huitou.vault.hashing import token
from tests.factories import make_brand, make_identity
from tests.members.people import member

PHONE = ("phone", "+8619900000001")
EMAIL = ("email", "mira@example.com")
UNIONID = ("unionid", "o6_bmasdasdsad6_2sgVt7hMZOPfL")


def having(person: Member, *keys: tuple[str, str]) -> Member:
    """``person`` with keys on their account."""
    for kind, value in keys:
        make_identity(brand=person.brand, member=person, platform="taobao", kind=kind, value=value)
    return person


@pytest.fixture
def other(brand: Brand) -> Brand:
    """A second brand."""
    return make_brand()


def test_a_person_is_found_by_the_keys_two_brands_share(brand: Brand, other: Brand) -> None:
    # given somebody whose second account shares what the first does not
    here = having(member(brand), PHONE)
    having(member(brand, here), EMAIL)
    there = having(member(other), PHONE)
    having(member(other, there), EMAIL, UNIONID)
    having(member(other), ("phone", "+8619900000002"))

    # when
    found = members_elsewhere(brand.pk, here.pk, [brand.pk, other.pk])

    # then
    assert found == [MemberElsewhere(other.pk, there.pk, ("phone", "email"))]
    assert Member.objects.filter(merged_into__isnull=False).count() == 2


def test_two_members_elsewhere_stay_two(brand: Brand, other: Brand) -> None:
    here = having(member(brand), PHONE, EMAIL)
    one, two = having(member(other), PHONE), having(member(other), EMAIL)

    found = members_elsewhere(brand.pk, here.pk, [other.pk])

    assert found == [
        MemberElsewhere(other.pk, one.pk, ("phone",)),
        MemberElsewhere(other.pk, two.pk, ("email",)),
    ]


def test_only_the_brands_asked_for_are_looked_into(brand: Brand, other: Brand) -> None:
    here = having(member(brand), PHONE)
    having(member(other), PHONE)

    assert members_elsewhere(brand.pk, here.pk, [make_brand().pk]) == []
    assert members_elsewhere(brand.pk, here.pk, []) == []


@pytest.mark.parametrize(
    ("kind", "value"), [("named_phone", "+8619900000001"), ("buyer_nick", "tb_linxi")]
)
def test_weak_keys_lead_nowhere(brand: Brand, other: Brand, kind: str, value: str) -> None:
    here = having(member(brand), (kind, value))
    having(member(other), (kind, value))

    assert members_elsewhere(brand.pk, here.pk, [other.pk]) == []


def test_the_tokens_of_erased_people_lead_nowhere(brand: Brand, other: Brand) -> None:
    here, there = member(brand), member(other)
    for person in (here, there):
        Identity.objects.create(
            brand=person.brand,
            member=person,
            platform="taobao",
            kind="phone",
            value=token(bytes(32)),
        )

    assert members_elsewhere(brand.pk, here.pk, [other.pk]) == []


def test_brands_store_one_contact_each_in_its_own_way(brand: Brand, other: Brand) -> None:
    for one in (brand, other):
        having(member(one), PHONE)

    assert Identity.objects.filter(kind="phone").values("value").distinct().count() == 2


@pytest.mark.parametrize("crowded", ["here", "there"])
def test_a_key_on_too_many_accounts_leads_nowhere(brand: Brand, other: Brand, crowded: str) -> None:
    # given a locker's phone in one of the two brands
    here = having(member(brand), PHONE)
    having(member(other), PHONE)
    for _ in range(10):
        having(member({"here": brand, "there": other}[crowded]), PHONE)

    # when / then
    assert members_elsewhere(brand.pk, here.pk, [other.pk]) == []


@pytest.mark.parametrize("strict", ["here", "there"])
def test_a_key_one_of_the_brands_does_not_merge_by_leads_nowhere(
    brand: Brand, other: Brand, strict: str
) -> None:
    # given
    here = having(member(brand), PHONE, EMAIL)
    having(member(other), PHONE, EMAIL)
    IdentityPolicy.objects.create(
        brand={"here": brand, "there": other}[strict], kinds=["email"], accounts_max=10
    )

    # when
    (found,) = members_elsewhere(brand.pk, here.pk, [other.pk])

    # then
    assert found.kinds == ("email",)


def test_many_brands_cost_no_more_questions(
    brand: Brand, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    here = having(member(brand), PHONE)
    brands = [make_brand() for _ in range(5)]
    for one in brands:
        having(member(one), PHONE)

    with django_assert_num_queries(5):
        found = members_elsewhere(brand.pk, here.pk, [one.pk for one in brands])

    assert len(found) == 5
