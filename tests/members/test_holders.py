"""Sets of members of whom something holds are what is said of each member alone."""

from __future__ import annotations

import random
from datetime import timedelta

import pytest

from huitou.brands.models import Brand
from huitou.members import decisions, holders
from huitou.members.attribute_values import Said, current_attributes, record_attributes
from huitou.members.attributes import define_attribute
from huitou.members.consent import Evidence, consents, record_consent
from huitou.members.models import Member
from huitou.members.queries import accounts_of
from tests.members.people import NOW, member

PROOF = Evidence(place="till", wording="I agree")


@pytest.fixture
def people(brand: Brand) -> list[int]:
    """Twelve accounts, of which the first six are three persons."""
    made = [member(brand).pk for _ in range(12)]
    for pair in (made[0:2], made[2:4], made[4:6]):
        decisions.merge(brand_id=brand.pk, member_ids=pair, reason="", actor_id=None, now=NOW)
    return made


def _persons(brand: Brand) -> list[int]:
    return list(
        Member.objects.filter(brand=brand, merged_into=None)
        .order_by("id")
        .values_list("id", flat=True)
    )


@pytest.mark.parametrize("seed", range(8))
def test_consent_holds_of_the_same_members_in_a_set(
    brand: Brand, people: list[int], seed: int
) -> None:
    # given decisions in any order, some at one moment, some from files
    r = random.Random(seed)
    for _ in range(40):
        record_consent(
            brand_id=brand.pk,
            member_ids=[r.choice(people)],
            channel=r.choice(("sms", "email")),
            purpose="marketing",
            decision=r.choice(("granted", "withdrawn")),
            source=r.choice(("import", "card", "link")),
            at=NOW - timedelta(days=r.randrange(4)),
            now=NOW,
            evidence=PROOF,
        )

    # when
    found = holders.consenting_members(brand.pk, "sms", "marketing").tolist()

    # then
    said = consents(brand.pk, accounts_of(brand.pk, _persons(brand)))
    matter = ("sms", "marketing")
    assert found == sorted(m for m, c in said.items() if matter in c and c[matter].is_granted)


@pytest.mark.parametrize("seed", range(8))
def test_the_value_that_counts_is_the_same_in_a_set(
    brand: Brand, people: list[int], seed: int
) -> None:
    # given
    r = random.Random(seed)
    define_attribute(
        brand_id=brand.pk, code="size", kind="integer", label_zh="尺码", label_en="Size"
    )
    for _ in range(40):
        record_attributes(
            brand_id=brand.pk,
            said=[Said(r.choice(people), "size", r.choice(("", "1", "2", "3")),
                       NOW - timedelta(days=r.randrange(3)))],
            source=r.choice(("declared", "staff", "imported", "inferred")),
            now=NOW,
        )  # fmt: skip

    # when
    found = dict(holders.attribute_values(brand.pk, "size"))

    # then
    said = current_attributes(brand.pk, accounts_of(brand.pk, _persons(brand)))
    assert found == {m: codes["size"].value for m, codes in said.items()}
