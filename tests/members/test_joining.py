"""What merging members would do to consent, tags and addresses, told before it is done."""

from __future__ import annotations

from datetime import timedelta

from hypothesis import given
from pytest_django import DjangoAssertNumQueries

from huitou.brands.models import Brand
from huitou.members import tags as member_tags
from huitou.members.consent import Evidence, consents, record_consent
from huitou.members.joining import join_effects
from huitou.members.models import Member
from huitou.members.standing import ConsentFact, standing_consent, strictest
from huitou.members.suppressions import suppress_addresses
from tests.factories import make_identity
from tests.members.people import NOW, member
from tests.members.test_standing import ledgers


def decide(brand: Brand, person: Member, decision: str, *, channel: str = "sms", days: int = 0):
    """A decision on marketing, so many days before ``NOW``."""
    record_consent(
        brand_id=brand.pk,
        member_ids=[person.pk],
        channel=channel,
        purpose="marketing",
        decision=decision,
        source="card",
        at=NOW - timedelta(days=days),
        now=NOW,
        evidence=Evidence("card page", "v1"),
    )


@given(ledgers(accounts=(1, 2)), ledgers(accounts=(3, 4)))
def test_what_holds_of_each_says_what_holds_of_both(
    one: list[ConsentFact], others: list[ConsentFact]
) -> None:
    standing = [fact for fact in (standing_consent(one), standing_consent(others)) if fact]

    foretold, come_true = strictest(standing), standing_consent(one + others)

    assert (foretold and (foretold.decision, foretold.at)) == (
        come_true and (come_true.decision, come_true.at)
    )


def test_a_grant_the_other_account_withdrew_is_lost(brand: Brand) -> None:
    # given
    one, other = member(brand), member(brand)
    decide(brand, one, "granted")
    decide(brand, other, "withdrawn", days=9)
    decide(brand, other, "granted", channel="email")

    # when
    (effect,) = join_effects(brand.pk, [[one.pk, other.pk]], NOW)

    # then
    sms, email = effect.consents
    assert (sms.channel, sms.together.decision, sms.is_lost) == ("sms", "withdrawn", True)
    assert [side and side.decision for side in sms.sides] == ["granted", "withdrawn"]
    assert (email.channel, email.together.decision, email.is_lost) == ("email", "granted", False)
    assert email.sides[0] is None
    assert effect.consents_lost == 1

    # and the merge does what was told
    Member.objects.filter(pk=other.pk).update(merged_into=one)
    held = consents(brand.pk, {one.pk: [one.pk, other.pk]})[one.pk]
    assert held == {("sms", "marketing"): sms.together, ("email", "marketing"): email.together}


def test_tags_come_together_and_of_an_exclusive_group_the_last_stays(brand: Brand) -> None:
    # given
    one, other = member(brand), member(brand)
    skin = member_tags.create_tag_group(brand_id=brand.pk, name="Skin", is_exclusive=True)
    likes = member_tags.create_tag_group(brand_id=brand.pk, name="Likes")
    dry, oily = (
        member_tags.create_tag(brand_id=brand.pk, group_id=skin, name=name)
        for name in ("dry", "oily")
    )
    tea = member_tags.create_tag(brand_id=brand.pk, group_id=likes, name="tea")
    for tag, people, days in ((dry, [one], 2), (oily, [other], 1), (tea, [one, other], 1)):
        act = member_tags.Act("staff", NOW - timedelta(days=days))
        member_tags.put_tag(
            brand_id=brand.pk, tag_id=tag, member_ids=[p.pk for p in people], act=act
        )

    # when
    (effect,) = join_effects(brand.pk, [[one.pk, other.pk]], NOW)

    # then
    assert [tag.name for tag in effect.tags] == ["oily", "tea"]
    assert [tag.name for tag in effect.tags_lost] == ["dry"]


def test_addresses_nobody_may_write_to_are_told_masked(brand: Brand) -> None:
    # given
    one, other = member(brand), member(brand)
    for person, kind, value in (
        (one, "phone", "+8619900000001"),
        (one, "email", "mira@example.com"),
        (other, "phone", "+8619900000002"),
    ):
        make_identity(brand=brand, member=person, platform="taobao", kind=kind, value=value)
    suppress_addresses(
        brand_id=brand.pk,
        kind="phone",
        addresses=["19900000001"],
        reason="unsubscribed",
        now=NOW,
    )

    # when
    (effect,) = join_effects(brand.pk, [[one.pk, other.pk]], NOW)

    # then
    assert effect.closed == (("phone", "**********0001"),)


def test_many_groups_cost_no_more_questions(
    brand: Brand, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    people = [member(brand) for _ in range(8)]
    for person in people:
        decide(brand, person, "granted")
        for kind, value in (("phone", f"+8619900{person.pk:06}"), ("email", f"a{person.pk}@b.cc")):
            make_identity(brand=brand, member=person, platform="taobao", kind=kind, value=value)

    with django_assert_num_queries(6):
        join_effects(brand.pk, [[a.pk, b.pk] for a in people for b in people if a.pk < b.pk], NOW)
