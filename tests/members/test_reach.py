"""Who can be reached: consent, an address, and nobody closed it."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from huitou.brands.models import Brand
from huitou.members import decisions
from huitou.members.consent import Evidence, record_consent
from huitou.members.models import Member
from huitou.members.reach import reachable_members
from huitou.members.suppressions import lift_suppression, suppress_addresses
from tests.factories import make_brand, make_identity

NOW = datetime(2026, 6, 30, 4, tzinfo=UTC)
PHONE, OTHER_PHONE = "+8619900000001", "+8619900000002"


def member(brand: Brand, **contacts: str) -> int:
    """A member with identifiers, who agreed to be written to by every channel."""
    made = Member.objects.create(brand=brand, name="甲")
    for kind, value in contacts.items():
        make_identity(brand=brand, member=made, platform="", kind=kind.rstrip("_2"), value=value)
    for channel in ("sms", "phone", "email", "wechat"):
        agree(brand, made.pk, channel)
    return made.pk


def agree(brand: Brand, member_id: int, channel: str, decision: str = "granted") -> None:
    record_consent(
        brand_id=brand.pk,
        member_ids=[member_id],
        channel=channel,
        purpose="marketing",
        decision=decision,
        source="card",
        now=NOW,
        evidence=Evidence("店", "v1"),
    )


def reach(brand: Brand, channel: str) -> list[int]:
    return reachable_members(brand.pk, channel).tolist()


def close(brand: Brand, kind: str, address: str) -> None:
    suppress_addresses(
        brand_id=brand.pk, kind=kind, addresses=[address], reason="unsubscribed", now=NOW
    )


def test_an_address_and_consent_are_both_needed(brand: Brand) -> None:
    # given
    reached = member(brand, phone=PHONE)
    member(brand, email="a@example.com")
    silent = Member.objects.create(brand=brand, name="乙")
    make_identity(brand=brand, member=silent, platform="", kind="phone", value=OTHER_PHONE)

    # then
    assert reach(brand, "sms") == [reached]
    assert reach(brand, "wechat") == []


@pytest.mark.parametrize(
    ("channel", "kind", "address", "spelling"),
    [
        ("sms", "phone", PHONE, "199 0000 0001"),
        ("email", "email", "a@example.com", "A@Example.com"),
    ],
    ids=["phone", "email"],
)
def test_a_closed_address_reaches_nobody_until_it_is_free(
    brand: Brand, channel: str, kind: str, address: str, spelling: str
) -> None:
    # given
    reached = member(brand, **{kind: address})

    # when it is closed as somebody typed it
    close(brand, kind, spelling)

    # then
    assert reach(brand, channel) == []

    # when
    lift_suppression(brand_id=brand.pk, kind=kind, address=address, note="asked again", now=NOW)

    # then
    assert reach(brand, channel) == [reached]


def test_another_address_of_the_member_still_reaches(brand: Brand) -> None:
    reached = member(brand, phone=PHONE, phone_2=OTHER_PHONE)

    close(brand, "phone", PHONE)

    assert reach(brand, "phone") == [reached]


def test_one_brand_closes_nothing_of_another(brand: Brand) -> None:
    reached = member(brand, phone=PHONE)

    close(make_brand(), "phone", PHONE)

    assert reach(brand, "sms") == [reached]


def test_a_person_is_reached_by_the_address_of_any_account(brand: Brand) -> None:
    # given one account with the consent and one with the phone
    agreed = member(brand)
    addressed = Member.objects.create(brand=brand, name="甲")
    make_identity(brand=brand, member=addressed, platform="", kind="phone", value=PHONE)

    # when
    person = decisions.merge(
        brand_id=brand.pk, member_ids=[agreed, addressed.pk], reason="", actor_id=None, now=NOW
    )

    # then
    assert reach(brand, "sms") == [person]
