"""Tags on sets of members: put, replaced, ended, removed and taken back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from pytest_django import DjangoAssertNumQueries

from huitou.brands.models import Brand, Staff
from huitou.eventlog.models import Event
from huitou.kernel.errors import RefusedInputError
from huitou.members.carried import TagOrigin, carried_tags
from huitou.members.models import Member, TagAssignment, TagChange
from huitou.members.queries import accounts_of
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
from tests.factories import make_brand
from tests.members.people import NOW, member

ACT = Act(source="staff", now=NOW, reason="asked on the phone")
Carried = Callable[[Member], list[str]]


@pytest.fixture
def tags(brand: Brand) -> dict[str, int]:
    """Tea and coffee exclude each other; gift stands alone."""
    drinks = create_tag_group(brand_id=brand.pk, name="Drinks", is_exclusive=True)
    habits = create_tag_group(brand_id=brand.pk, name="Habits")
    groups = {"tea": drinks, "coffee": drinks, "gift": habits}
    return {
        name: create_tag(brand_id=brand.pk, group_id=group, name=name)
        for name, group in groups.items()
    }


@pytest.fixture
def carried(brand: Brand) -> Carried:
    """Reads the names of a member's tags now."""

    def names(who: Member) -> list[str]:
        found = carried_tags(brand.pk, accounts_of(brand.pk, [who.pk]), NOW)
        return [tag.name for tag in found.get(who.pk, [])]

    return names


def test_a_tag_says_who_put_it_and_why(brand: Brand, staff: Staff, tags: dict[str, int]) -> None:
    who = member(brand)

    put_tag(
        brand_id=brand.pk,
        tag_id=tags["gift"],
        member_ids=[who.pk],
        act=replace(ACT, staff_id=staff.pk),
        until=NOW + timedelta(days=30),
    )

    [tag] = carried_tags(brand.pk, accounts_of(brand.pk, [who.pk]), NOW)[who.pk]
    until = NOW + timedelta(days=30)
    assert (tag.name, tag.group, tag.put_at, tag.until) == ("gift", "Habits", NOW, until)
    assert tag.origins == (
        TagOrigin("staff", None, staff.username, "asked on the phone", NOW, until),
    )


def test_a_tag_of_an_exclusive_group_replaces_the_other(
    brand: Brand, tags: dict[str, int], carried: Carried
) -> None:
    who = member(brand)
    for name in ("tea", "gift", "coffee"):
        put_tag(brand_id=brand.pk, tag_id=tags[name], member_ids=[who.pk], act=ACT)

    assert carried(who) == ["coffee", "gift"]
    assert TagAssignment.objects.count() == 3


def test_putting_again_changes_nothing_and_another_end_does(
    brand: Brand, tags: dict[str, int], carried: Carried
) -> None:
    who = member(brand)

    def put(days: int | None) -> int:
        until = NOW + timedelta(days=days) if days else None
        return put_tag(
            brand_id=brand.pk, tag_id=tags["tea"], member_ids=[who.pk], act=ACT, until=until
        ).accounts

    assert [put(None), put(None), put(7), put(7)] == [1, 0, 1, 0]
    assert TagChange.objects.count() == 2
    assert carried(who) == ["tea"]


def test_a_tag_is_removed_from_all_accounts(
    brand: Brand, tags: dict[str, int], carried: Carried
) -> None:
    one = member(brand)
    two = member(brand, one)
    put_tag(brand_id=brand.pk, tag_id=tags["tea"], member_ids=[two.pk], act=ACT)
    before = carried(one)

    done = remove_tag(brand_id=brand.pk, tag_id=tags["tea"], member_ids=[one.pk], act=ACT)

    assert (before, done.accounts, carried(one)) == (["tea"], 1, [])
    kinds = Event.objects.filter(kind__startswith="members.tag").order_by("id")
    assert [(e.kind, e.subject_ids) for e in kinds] == [
        ("members.tag_put", [two.pk]),
        ("members.tag_removed", [two.pk]),
    ]


def test_taking_back_puts_everything_as_it_was(
    brand: Brand, tags: dict[str, int], carried: Carried
) -> None:
    # given
    drinker, plain = member(brand), member(brand)
    put_tag(brand_id=brand.pk, tag_id=tags["tea"], member_ids=[drinker.pk], act=ACT)
    bulk = put_tag(
        brand_id=brand.pk, tag_id=tags["coffee"], member_ids=[drinker.pk, plain.pk], act=ACT
    )

    # when
    assert bulk.change_id is not None
    done = undo_tag_change(brand_id=brand.pk, change_id=bulk.change_id, act=ACT)

    # then
    assert done.accounts == 2
    assert (carried(drinker), carried(plain)) == (["tea"], [])
    assert [(c.verb, c.tag, c.is_undone) for c in tag_changes(brand.pk)] == [
        ("undone", "coffee", False),
        ("put", "coffee", True),
        ("put", "tea", False),
    ]

    # when / then: once
    with pytest.raises(RefusedInputError) as refused:
        undo_tag_change(brand_id=brand.pk, change_id=bulk.change_id, act=ACT)
    assert refused.value.code == "UNDONE"


def test_taking_back_a_removal_leaves_what_others_put_since(
    brand: Brand, tags: dict[str, int], carried: Carried
) -> None:
    # given
    moved, still = member(brand), member(brand)
    both = [moved.pk, still.pk]
    put_tag(brand_id=brand.pk, tag_id=tags["tea"], member_ids=both, act=ACT)
    removal = remove_tag(brand_id=brand.pk, tag_id=tags["tea"], member_ids=both, act=ACT)
    put_tag(brand_id=brand.pk, tag_id=tags["coffee"], member_ids=[moved.pk], act=ACT)

    # when
    assert removal.change_id is not None
    undo_tag_change(brand_id=brand.pk, change_id=removal.change_id, act=ACT)

    # then
    assert (carried(moved), carried(still)) == (["coffee"], ["tea"])


@pytest.mark.parametrize(
    ("act", "days", "code"),
    [
        (replace(ACT, source="rumour"), 1, "SOURCE"),
        (replace(ACT, reason="x" * 201), 1, "REASON"),
        (ACT, 0, "UNTIL"),
    ],
)
def test_acts_that_make_no_sense_are_refused(
    brand: Brand, tags: dict[str, int], act: Act, days: int, code: str
) -> None:
    with pytest.raises(RefusedInputError) as refused:
        put_tag(
            brand_id=brand.pk,
            tag_id=tags["tea"],
            member_ids=[member(brand).pk],
            act=act,
            until=NOW + timedelta(days=days),
        )
    assert refused.value.code == code
    assert not TagChange.objects.exists()


def test_another_brands_tags_and_members_are_out_of_reach(
    brand: Brand, tags: dict[str, int]
) -> None:
    other = make_brand()
    with pytest.raises(RefusedInputError) as of_tag:
        put_tag(brand_id=other.pk, tag_id=tags["tea"], member_ids=[], act=ACT)
    with pytest.raises(RefusedInputError) as of_member:
        put_tag(brand_id=brand.pk, tag_id=tags["tea"], member_ids=[member(other).pk], act=ACT)
    with pytest.raises(RefusedInputError) as of_group:
        create_tag(brand_id=other.pk, group_id=tag_groups(brand.pk)[0].id, name="milk")

    assert (of_tag.value.code, of_member.value.code, of_group.value.code) == (
        "TAG",
        "MEMBER",
        "GROUP",
    )


@pytest.mark.parametrize("name", ["TEA", " tea ", "", "x" * 61, "a\nb"])
def test_a_tag_needs_a_name_of_its_own(brand: Brand, tags: dict[str, int], name: str) -> None:
    group = next(g for g in tag_groups(brand.pk) if g.name == "Drinks")

    with pytest.raises(RefusedInputError):
        create_tag(brand_id=brand.pk, group_id=group.id, name=name)


def test_tags_of_many_members_are_read_at_once(
    brand: Brand, tags: dict[str, int], django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    people = [member(brand) for _ in range(4)]
    ids = [who.pk for who in people]
    put_tag(brand_id=brand.pk, tag_id=tags["tea"], member_ids=ids, act=ACT)
    accounts = accounts_of(brand.pk, ids)

    with django_assert_num_queries(1):
        found = carried_tags(brand.pk, accounts, NOW)

    assert sorted(found) == sorted(ids)
    assert [(w.name, w.members) for w in tag_groups(brand.pk, counted=True)[0].tags] == [
        ("coffee", 0),
        ("tea", 4),
    ]
