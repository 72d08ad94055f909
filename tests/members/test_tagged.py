"""Sets of members by the tags they carry, as the rule of standing tags has it."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pytest_django import DjangoAssertNumQueries

from huitou.brands.models import Brand
from huitou.members import tags as member_tags
from huitou.members.carried import carried_tags
from huitou.members.models import Member, TagAssignment, TagChange
from huitou.members.ownership import Accounts
from huitou.members.queries import accounts_of
from huitou.members.tagged import tagged_members
from tests.factories import make_brand
from tests.members.people import NOW, member


def tag(brand: Brand, group: int, name: str) -> int:
    """A new tag of a group."""
    return member_tags.create_tag(brand_id=brand.pk, group_id=group, name=name)


def put(brand: Brand, tag_id: int, *people: Member, days: int = 0, until: int | None = None):
    """Put a tag so many days before ``NOW``."""
    member_tags.put_tag(
        brand_id=brand.pk,
        tag_id=tag_id,
        member_ids=[person.pk for person in people],
        act=member_tags.Act("staff", NOW - timedelta(days=days)),
        until=None if until is None else NOW + timedelta(days=until),
    )


def carriers(brand: Brand, *tags: int) -> list[set[int]]:
    """The sets of members, one for each group."""
    return [set(ids.tolist()) for ids in tagged_members(brand.pk, tags, NOW)]


@pytest.fixture
def likes(brand: Brand) -> int:
    """A group of tags."""
    return member_tags.create_tag_group(brand_id=brand.pk, name="Likes")


@pytest.fixture
def skin(brand: Brand) -> int:
    """A group of tags that exclude each other."""
    return member_tags.create_tag_group(brand_id=brand.pk, name="Skin", is_exclusive=True)


def test_of_one_group_any_tag_will_do_and_groups_are_apart(
    brand: Brand, likes: int, skin: int
) -> None:
    # given
    a, b, c = (member(brand) for _ in range(3))
    tea, cake, dry = tag(brand, likes, "tea"), tag(brand, likes, "cake"), tag(brand, skin, "dry")
    put(brand, tea, a)
    put(brand, cake, a, b)
    put(brand, dry, b, c)

    # when / then
    assert carriers(brand, tea) == [{a.pk}]
    assert carriers(brand, tea, cake, dry) == [{a.pk, b.pk}, {b.pk, c.pk}]


def test_ended_and_removed_tags_and_those_of_other_brands_do_not_count(
    brand: Brand, likes: int
) -> None:
    # given
    a, b, c = (member(brand) for _ in range(3))
    tea = tag(brand, likes, "tea")
    put(brand, tea, a, days=9, until=-1)
    put(brand, tea, b, c)
    member_tags.remove_tag(
        brand_id=brand.pk, tag_id=tea, member_ids=[b.pk], act=member_tags.Act("staff", NOW)
    )

    # when / then
    assert carriers(brand, tea) == [{c.pk}]
    assert tagged_members(make_brand().pk, [tea], NOW) == []
    assert tagged_members(brand.pk, [], NOW) == []


def test_a_tag_nobody_carries_gives_an_empty_set(brand: Brand, likes: int) -> None:
    assert carriers(brand, tag(brand, likes, "tea")) == [set()]


def test_merged_accounts_count_as_their_person(brand: Brand, likes: int, skin: int) -> None:
    # given a person whose other account has a later tag of the exclusive group
    a = member(brand)
    other = member(brand)
    tea, dry, oily = tag(brand, likes, "tea"), tag(brand, skin, "dry"), tag(brand, skin, "oily")
    put(brand, tea, other)
    put(brand, dry, a, days=2)
    put(brand, oily, other, days=1)
    Member.objects.filter(pk=other.pk).update(merged_into=a)

    # when / then
    assert carriers(brand, tea) == [{a.pk}]
    assert carriers(brand, dry) == [set()]
    assert carriers(brand, oily) == [{a.pk}]
    assert carriers(brand, dry, oily) == [{a.pk}]


def test_a_million_cost_no_more_questions(
    brand: Brand, likes: int, skin: int, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    person = member(brand)
    member(brand, person)
    tags = [tag(brand, group, name) for group in (likes, skin) for name in "ab"]
    put(brand, tags[2], person)

    with django_assert_num_queries(3):
        tagged_members(brand.pk, tags, NOW)


# An account has one tag of an exclusive group at most, rules aside; the third and fourth exclude
# each other.
PLACES = st.lists(
    st.tuples(
        st.integers(0, 5),
        st.integers(0, 3),
        st.integers(0, 3),
        st.sampled_from((None, 0, 1)),
        st.sampled_from((None, None, 7, 8)),
    ),
    max_size=12,
    unique_by=lambda row: (row[0], row[1] if row[4] else min(row[1], 2), row[4]),
)


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(PLACES, st.sets(st.integers(0, 3), min_size=1))
def test_sets_agree_with_what_each_member_carries(
    brand: Brand, rows: list[tuple[int, int, int, int | None, int | None]], asked: set[int]
) -> None:
    # given six accounts of three persons, with tags put at any time, two groups of two tags
    TagAssignment.objects.all().delete()
    Member.objects.filter(merged_into__isnull=False).delete()
    Member.objects.all().delete()
    persons = [member(brand) for _ in range(3)]
    accounts = persons + [member(brand, persons[place]) for place in (0, 0, 1)]
    tags, groups = _tags(brand)
    for account, chosen, days, until, rule in rows:
        change = TagChange.objects.create(
            brand=brand, tag_id=tags[chosen], verb="put", source="staff",
            at=NOW - timedelta(days=days),
        )  # fmt: skip
        TagAssignment.objects.create(
            account=accounts[account], tag_id=tags[chosen], put=change, rule_ref=rule,
            until=None if until is None else NOW + timedelta(days=until),
        )  # fmt: skip
    owned: Accounts = accounts_of(brand.pk, [person.pk for person in persons])

    # when
    found = carriers(brand, *(tags[place] for place in asked))

    # then
    carried = carried_tags(brand.pk, owned, NOW)
    wanted = [{tags[place] for place in asked if groups[place] == group} for group in (0, 1)]
    assert found == [
        {person for person, own in carried.items() if {one.tag_id for one in own} & chosen}
        for chosen in wanted
        if chosen
    ]


def _tags(brand: Brand) -> tuple[list[int], list[int]]:
    """Two tags of a free and two of an exclusive group, made once; and the group of each."""
    found = {group.name: group for group in member_tags.tag_groups(brand.pk)}
    if not found:
        for name, exclusive in (("a", False), ("b", True)):
            group = member_tags.create_tag_group(
                brand_id=brand.pk, name=name, is_exclusive=exclusive
            )
            for word in "xy":
                tag(brand, group, word)
        return _tags(brand)
    return [one.id for name in "ab" for one in found[name].tags], [0, 0, 1, 1]
