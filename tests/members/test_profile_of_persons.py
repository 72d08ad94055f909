"""What is kept of members when their accounts come together and part again."""

from __future__ import annotations

from datetime import timedelta

from huitou.brands.models import Brand
from huitou.members import decisions
from huitou.members.attribute_values import Said, record_attributes
from huitou.members.attributes import define_usual_attributes
from huitou.members.consent import Evidence, record_consent
from huitou.members.facts import ProfileFacts, profile_facts
from huitou.members.tags import Act, create_tag, create_tag_group, put_tag
from huitou.members.touchpoints import Met, add_touchpoint, record_touches
from tests.members.people import NOW, member


def facts(brand: Brand, person: int) -> ProfileFacts:
    """What is kept of one member."""
    return profile_facts(brand.pk, [person], NOW)[person]


def readable(found: ProfileFacts) -> dict[str, object]:
    """The facts in a word each."""
    return {
        "said": {code: said.value for code, said in found.attributes.items()},
        "tags": [tag.name for tag in found.tags],
        "consent": {channel: c.decision for (channel, _), c in found.consents.items()},
        "first": [touch.summary for touch in found.touches if touch.is_first],
    }


def test_a_merge_joins_what_is_kept_and_a_split_gives_it_back(brand: Brand) -> None:
    # given: two members of whom different things are known
    one, two = member(brand).pk, member(brand).pk
    define_usual_attributes(brand_id=brand.pk)
    drinks = create_tag_group(brand_id=brand.pk, name="Drinks", is_exclusive=True)
    add_touchpoint(brand_id=brand.pk, code="counter", name="Counter", kind="store")
    for who, job, drink, decision, days in (
        (one, "teacher", "tea", "granted", 1),
        (two, "nurse", "coffee", "withdrawn", 2),
    ):
        at = NOW - timedelta(days=days)
        record_attributes(
            brand_id=brand.pk, said=[Said(who, "occupation", job, at)], source="staff", now=NOW
        )
        tag = create_tag(brand_id=brand.pk, group_id=drinks, name=drink)
        act = Act(source="staff", now=at)
        put_tag(brand_id=brand.pk, tag_id=tag, member_ids=[who], act=act)
        record_consent(
            brand_id=brand.pk, member_ids=[who], channel="sms", purpose="marketing",
            decision=decision, source="card", evidence=Evidence("card", "v1"), at=at, now=NOW,
        )  # fmt: skip
        met = [Met(who, "counter", at, summary=f"met {days} days ago")]
        record_touches(brand_id=brand.pk, met=met, now=NOW)
    before = [readable(facts(brand, who)) for who in (one, two)]

    # when
    person = decisions.merge(
        brand_id=brand.pk, member_ids=[one, two], reason="", actor_id=None, now=NOW
    )

    # then: the newest word and tag, the tighter consent, the earliest touch
    assert readable(facts(brand, person)) == {
        "said": {"occupation": "teacher"},
        "tags": ["tea"],
        "consent": {"sms": "withdrawn"},
        "first": ["met 2 days ago"],
    }

    # when
    decisions.split(brand_id=brand.pk, account_ids=[two], reason="", actor_id=None, now=NOW)

    # then
    assert [readable(facts(brand, who)) for who in (one, two)] == before
