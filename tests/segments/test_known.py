"""What is known of one member now is what the lake and the sets of PostgreSQL say."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest
from pytest_django import DjangoAssertNumQueries

from huitou.brands.models import Brand
from huitou.insight import services as insight
from huitou.members import decisions
from huitou.members.attribute_values import Said, record_attributes
from huitou.members.attributes import define_attribute
from huitou.members.consent import Evidence, record_consent
from huitou.members.models import Identity, Member
from huitou.members.tags import Act, create_tag, create_tag_group, put_tag
from huitou.segments import grounds, refreshing
from huitou.segments.belonging import (
    Belonging,
    Standing,
    Standings,
    belongings,
    instant_of_judging,
    standings,
)
from huitou.segments.files import standing_members
from huitou.segments.judging import judged
from huitou.segments.known import known_members
from huitou.segments.models import SegmentRefresh
from huitou.segments.queries import segment_by_slug
from huitou.segments.reading import read_rule
from huitou.segments.services import archive_segment, freeze_segment, put_segment
from huitou.segments.words import vocabulary_of
from tests.factories import make_identity, make_shop
from tests.insight.histories import NOW, make_members, random_history, store

DAY = date(2024, 6, 30)
RULES: list[dict[str, Any]] = [
    {"trait": "recency_days", "lte": 60},
    {"did": "order.paid", "count": {"gte": 3}},
    {"did": "order.paid", "within": "180d", "sum": {"of": "amount", "gte": 10_000}},
    {"did": "order.paid", "where": {"category": {"in": ["茶具", "香薰"]}}, "count": {"gte": 2}},
    {"did": "order.paid", "where": {"category": {"eq": "茶具"}, "province": {"eq": "浙江省"}}},
    {"did": "order.paid", "where": {"shop": {"eq": "jd"}}, "last": {"gte": {"ago": "1y"}}},
    {"did": "order.paid", "within": {"cycles": 3}},
    {"did": "event.view"},
    {"tag": "Habits/gift"},
    {"consent": "sms"},
    {"attribute": "size", "gte": 2},
    {"identity": "phone"},
    {"identity": "phone", "platform": "jd"},
    {"identity": "email"},
    {"any": [{"tag": "gift"}, {"not": {"trait": "frequency", "known": True}}]},
    {"trait": "is_birthday_month", "eq": True},
    {"all": [{"trait": "days_to_birthday", "lte": 30}, {"trait": "birthday_month", "eq": 7}]},
    {"did": "order.paid", "where": {"category": {"eq": "香薰"}}},
    {"did": "order.paid", "where": {"category": {"eq": "香薰"}}, "count": {"eq": 0}},
]


@pytest.fixture
def members(brand: Brand, home: Path) -> list[int]:
    """Forty accounts of random orders, two of them one person, with tags, consent and more."""
    shops = [make_shop(brand, slug=slug) for slug in ("tm", "jd")]
    members = make_members(brand, 40)
    for place, lunar in ((6, "05-25"), (7, "06-10"), (8, "1990-05L-25"), (9, "11-30")):
        Member.objects.filter(pk=members[place]).update(lunar_birthday=lunar)
    store(brand, shops, members, random_history(5))
    ids = {"brand_id": brand.pk, "now": NOW}
    decisions.merge(member_ids=members[:2], reason="", actor_id=None, **ids)
    group = create_tag_group(brand_id=brand.pk, name="Habits")
    tag = create_tag(brand_id=brand.pk, group_id=group, name="gift")
    put_tag(brand_id=brand.pk, tag_id=tag, member_ids=members[::5], act=Act("staff", NOW))
    record_consent(
        member_ids=members[::4], channel="sms", purpose="marketing", decision="granted",
        source="card", evidence=Evidence(place="till", wording="I agree"), **ids,
    )  # fmt: skip
    define_attribute(
        brand_id=brand.pk, code="size", kind="integer", label_zh="尺码", label_en="Size"
    )
    said = [Said(member, "size", str(place % 4)) for place, member in enumerate(members)]
    record_attributes(said=said, source="staff", **ids)
    for place, platform in ((3, "jd"), (4, "taobao")):
        make_identity(
            brand=brand, member_id=members[place], platform=platform, kind="phone",
            value=f"+861540000000{place}", owns=True,
        )  # fmt: skip
    Identity.objects.create(
        brand=brand, member_id=members[5], platform="jd", kind="phone", value="erased:00", owns=True
    )
    insight.refresh(brand.pk, as_of=DAY, now=NOW)
    return members


@pytest.mark.parametrize("number", range(len(RULES)))
def test_one_member_is_judged_as_in_the_set(brand: Brand, members: list[int], number: int) -> None:
    # given
    tree = read_rule(RULES[number], vocabulary_of(brand))

    # when
    with grounds.opened(brand, as_of=DAY) as ground:
        grounds.find(ground, tree)
        rows = ground.connection.execute(
            "SELECT p.member_id, f.member_id IS NOT NULL FROM people p"
            " LEFT JOIN found f USING (member_id)"
        )
        answers = dict(rows.fetchall())
        known = known_members(brand, list(answers), [tree], ground.at)

    # then
    assert {m: judged(tree, k, ground.at) for m, k in known.items()} == answers


def test_many_members_and_rules_are_asked_in_a_few_statements(
    brand: Brand, members: list[int], django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    trees = [read_rule(rule, vocabulary_of(brand)) for rule in RULES]
    with grounds.opened(brand, as_of=DAY) as ground, django_assert_max_num_queries(12):
        known_members(brand, members, trees, ground.at)


def test_a_member_s_segments_are_those_whose_rule_holds_now(
    brand: Brand, members: list[int]
) -> None:
    # given a segment for every rule, one of them frozen after its tag was taken off somebody
    for number, rule in enumerate(RULES):
        put_segment(brand=brand, slug=f"s{number:02}", name=f"S{number}", rule=rule, now=NOW)
    refreshing.refresh(brand)
    freeze_segment(brand=brand, slug="s08")
    frozen = set(standing_members(brand.pk, segment_by_slug(brand, "s08").pk).tolist())
    persons = [member for member in members if member != members[1]]

    # when
    found = belongings(brand, persons, now=NOW)

    # then each is what its rule says of the member; the frozen one has its members of then
    at = instant_of_judging(brand, NOW)
    words = vocabulary_of(brand)
    trees = {f"s{n:02}": read_rule(rule, words) for n, rule in enumerate(RULES)}
    known = known_members(brand, persons, trees.values(), at)
    expected = {
        member: [
            slug
            for slug, tree in trees.items()
            if (member in frozen if slug == "s08" else judged(tree, known[member], at))
        ]
        for member in persons
    }
    assert {m: [b.slug for b in segments] for m, segments in found.items()} == expected
    assert frozen == set(members[::5])


def test_a_member_s_segments_say_since_when_and_what_a_refresh_has_not_seen(
    brand: Brand, members: list[int], django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    # given three segments of the member, one made after the refresh, and one of others
    rules: dict[str, Any] = {"gift": {"tag": "gift"}, "all": {"all": []}, "none": RULES[7]}
    for slug, rule in rules.items():
        put_segment(brand=brand, slug=slug, name=slug.title(), rule=rule, now=NOW)
    refreshing.refresh(brand)
    put_segment(brand=brand, slug="late", name="Late", rule={"all": []}, now=NOW)

    # when
    with django_assert_max_num_queries(30):
        found = standings(brand, members[0], now=NOW)

    # then
    refreshed = SegmentRefresh.objects.latest("id").at
    assert found == Standings(NOW, [
        Standing("all", "All", refreshed), Standing("gift", "Gift", refreshed),
        Standing("late", "Late", None),
    ])  # fmt: skip


def test_a_segment_that_cannot_be_read_is_left_out_of_a_member_s(
    brand: Brand, members: list[int]
) -> None:
    # given
    put_segment(brand=brand, slug="gift", name="Gift", rule={"tag": "gift"}, now=NOW)
    put_segment(brand=brand, slug="all", name="All", rule={"all": []}, now=NOW)
    put_segment(brand=brand, slug="both", name="Both", rule={"segment": "gift"}, now=NOW)
    assert [b.slug for b in belongings(brand, members[:1], now=NOW)[members[0]]] == [
        "all", "both", "gift",
    ]  # fmt: skip

    # when
    archive_segment(brand=brand, slug="gift", now=NOW)

    # then
    assert belongings(brand, members[:1], now=NOW)[members[0]] == [Belonging("all", "All")]
