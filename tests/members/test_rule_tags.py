"""Tags a rule keeps, beside what people put."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import pytest

from huitou.brands.models import Brand
from huitou.eventlog.models import Event
from huitou.kernel.errors import RefusedInputError
from huitou.members.carried import carried_tags
from huitou.members.models import Member, TagAssignment, TagChange
from huitou.members.queries import accounts_of
from huitou.members.rule_tags import (
    end_by_rule,
    put_by_rule,
    rule_carriers,
    rule_moves,
    rules_with_carriers,
)
from huitou.members.tags import (
    Act,
    create_tag,
    create_tag_group,
    put_tag,
    remove_tag,
    tag_changes,
    tag_groups,
    undo_tag_change,
)
from tests.members.people import NOW, member

HAND = Act("staff", NOW, reason="asked")
A_RULE, ANOTHER = (Act("rule", NOW + timedelta(hours=n), rule_ref=n) for n in (1, 2))


@pytest.fixture
def vip(brand: Brand) -> int:
    """A tag."""
    group = create_tag_group(brand_id=brand.pk, name="Habits")
    return create_tag(brand_id=brand.pk, group_id=group, name="vip")


def origins(brand: Brand, who: Member) -> list[tuple[str, int | None]]:
    """Who put the only tag the member carries; none without one."""
    carried = carried_tags(brand.pk, accounts_of(brand.pk, [who.pk]), NOW).get(who.pk, [])
    return [(one.source, one.rule_ref) for tag in carried for one in tag.origins]


def test_a_tag_put_by_hand_and_by_rules_is_one_tag_of_several_origins(
    brand: Brand, vip: int
) -> None:
    # given
    who = member(brand)
    put_by_rule(brand_id=brand.pk, tag_id=vip, member_ids=[who.pk], act=ANOTHER)
    put_tag(brand_id=brand.pk, tag_id=vip, member_ids=[who.pk], act=HAND)
    put_by_rule(brand_id=brand.pk, tag_id=vip, member_ids=[who.pk], act=A_RULE)

    # when
    [tag] = carried_tags(brand.pk, accounts_of(brand.pk, [who.pk]), NOW)[who.pk]

    # then
    assert [(one.source, one.rule_ref, one.reason) for one in tag.origins] == [
        ("staff", None, "asked"), ("rule", 1, ""), ("rule", 2, ""),
    ]  # fmt: skip
    assert tag.name == "vip"
    assert [one.members for group in tag_groups(brand.pk, counted=True) for one in group.tags] == [
        1
    ]


def test_neither_a_person_nor_another_rule_ends_what_a_rule_keeps(brand: Brand, vip: int) -> None:
    # given
    who = member(brand)
    ids = {"brand_id": brand.pk, "tag_id": vip}
    for act in (A_RULE, ANOTHER):
        put_by_rule(member_ids=[who.pk], act=act, **ids)
    put_tag(member_ids=[who.pk], act=HAND, **ids)

    # when / then
    assert remove_tag(member_ids=[who.pk], act=HAND, **ids).accounts == 1
    assert remove_tag(member_ids=[who.pk], act=HAND, **ids).change_id is None
    assert origins(brand, who) == [("rule", 1), ("rule", 2)]
    end_by_rule(account_ids=[who.pk], act=A_RULE, **ids)
    assert origins(brand, who) == [("rule", 2)]
    put_tag(member_ids=[who.pk], act=HAND, until=NOW + timedelta(days=2), **ids)
    end_by_rule(account_ids=[who.pk], act=ANOTHER, **ids)
    assert origins(brand, who) == [("staff", None)]


def test_the_same_again_leaves_no_record_and_no_news(brand: Brand, vip: int) -> None:
    # given
    who = member(brand)
    ids = {"brand_id": brand.pk, "tag_id": vip}

    # when
    puts = [put_by_rule(member_ids=[who.pk], act=A_RULE, **ids).accounts for _ in range(2)]
    ends = [end_by_rule(account_ids=[who.pk], act=A_RULE, **ids).accounts for _ in range(2)]

    # then
    assert (puts, ends) == ([1, 0], [1, 0])
    assert TagChange.objects.count() == 2
    news = Event.objects.filter(kind__startswith="members.tag").order_by("id")
    assert [(e.kind, e.subject_ids, e.payload["source"], e.payload["rule_ref"]) for e in news] == [
        ("members.tag_put", [who.pk], "rule", 1),
        ("members.tag_removed", [who.pk], "rule", 1),
    ]


def test_of_an_exclusive_group_a_rule_replaces_nothing_and_the_last_put_counts(
    brand: Brand,
) -> None:
    # given
    who = member(brand)
    drinks = create_tag_group(brand_id=brand.pk, name="Drinks", is_exclusive=True)
    tea, coffee = (
        create_tag(brand_id=brand.pk, group_id=drinks, name=n) for n in ("tea", "coffee")
    )

    def names() -> list[str]:
        found = carried_tags(brand.pk, accounts_of(brand.pk, [who.pk]), NOW)
        return [tag.name for tag in found[who.pk]]

    # when / then
    put_tag(brand_id=brand.pk, tag_id=tea, member_ids=[who.pk], act=HAND)
    put_by_rule(brand_id=brand.pk, tag_id=coffee, member_ids=[who.pk], act=A_RULE)
    assert names() == ["coffee"]
    later = Act("staff", NOW + timedelta(days=1))
    put_tag(
        brand_id=brand.pk, tag_id=tea, member_ids=[who.pk], act=later, until=NOW + timedelta(days=9)
    )
    assert names() == ["tea"]
    remove_tag(brand_id=brand.pk, tag_id=tea, member_ids=[who.pk], act=later)
    assert names() == ["coffee"]


def test_moves_compare_persons(brand: Brand, vip: int) -> None:
    # given a person tagged by the second of two accounts, one who is to go, and another tag
    a, b, c, gone = (member(brand) for _ in range(4))
    other = member(brand)
    put_by_rule(brand_id=brand.pk, tag_id=vip, member_ids=[other.pk, c.pk], act=A_RULE)
    Member.objects.filter(pk=other.pk).update(merged_into=a)
    gone_id = gone.pk
    gone.delete()
    ids = {"brand_id": brand.pk, "rule_ref": 1}

    # when the rule finds the merged account still, one who is no more, and somebody new
    found = np.array(sorted([other.pk, gone_id, b.pk]), dtype=np.int64)
    moves = rule_moves(tag_id=vip, member_ids=found, **ids)

    # then
    assert moves.entering.tolist() == [b.pk]
    assert {tag: left.tolist() for tag, left in moves.leaving.items()} == {vip: [c.pk]}
    every = rule_moves(tag_id=None, member_ids=None, **ids)
    assert every.entering.size == 0
    assert every.leaving[vip].tolist() == [c.pk, other.pk]
    assert (rules_with_carriers([1, 2]), rule_carriers(1, vip)) == ({1}, 2)


def test_what_a_rule_did_is_not_taken_back(brand: Brand, vip: int) -> None:
    # given
    who = member(brand)
    done = put_by_rule(brand_id=brand.pk, tag_id=vip, member_ids=[who.pk], act=A_RULE)
    assert done.change_id is not None

    # when / then
    with pytest.raises(RefusedInputError) as refused:
        undo_tag_change(brand_id=brand.pk, change_id=done.change_id, act=HAND)
    assert refused.value.code == "RULE"
    assert [(change.source, change.rule_ref) for change in tag_changes(brand.pk)] == [("rule", 1)]
    with pytest.raises(RefusedInputError) as refused:
        put_by_rule(brand_id=brand.pk, tag_id=vip, member_ids=[who.pk], act=HAND)
    assert refused.value.code == "RULE"
    assert TagAssignment.objects.count() == 1
