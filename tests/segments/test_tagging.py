"""The tags segments put: whoever is in carries them, and nobody for longer."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from huitou.brands.models import Brand
from huitou.eventlog.models import Event
from huitou.insight import services as insight
from huitou.kernel.errors import RefusedInputError
from huitou.members import decisions
from huitou.members.carried import carried_tags
from huitou.members.models import Tag
from huitou.members.queries import accounts_of, persons_of
from huitou.members.tags import Act, create_tag, create_tag_group, put_tag, remove_tag
from huitou.segments import files, refreshing, services, tagging
from huitou.segments.circles import TagCircleError
from huitou.segments.models import Segment, SegmentRefresh
from huitou.segments.tagging import settle_tags, unsettled
from tests.factories import make_brand, make_shop
from tests.insight.histories import NOW, Bought, make_members, store

# What a transaction of the test's own holds back, the projection does not see.
pytestmark = pytest.mark.django_db(transaction=True)
FIRST, LATER = date(2024, 5, 2), date(2024, 5, 23)
RECENT = {"trait": "recency_days", "lte": 30}
BOUGHT = {"trait": "frequency", "gte": 1}
TAGS = ("vip", "seen", "mark", "other")


@pytest.fixture
def shopping(brand: Brand, home: Any) -> list[int]:
    """Five members; the first two bought in April, the third on 1 May; four tags."""
    shops = [make_shop(brand, slug="tm")]
    members = make_members(brand, 5)
    days = (date(2024, 4, 1), date(2024, 4, 20), date(2024, 5, 1))
    store(brand, shops, members, [Bought(n, 0, n, day) for n, day in enumerate(days)])
    _make_tags(brand)
    return members


def _make_tags(brand: Brand) -> None:
    group = create_tag_group(brand_id=brand.pk, name="Rules")
    for name in TAGS:
        create_tag(brand_id=brand.pk, group_id=group, name=name)


def _put(brand: Brand, slug: str, rule: dict[str, Any], tag: str | None = None) -> Segment:
    return services.put_segment(brand=brand, slug=slug, name=slug, rule=rule, now=NOW, tag=tag)


def _refreshed(brand: Brand, day: date = FIRST) -> dict[str, refreshing.Refreshed]:
    insight.refresh(brand.pk, as_of=day, now=NOW)
    return {done.slug: done for done in refreshing.refresh(brand)}


def _hand(brand: Brand, name: str, members: list[int], put: Callable[..., Any] = put_tag) -> None:
    tag = Tag.objects.get(group__brand=brand, name=name)
    put(brand_id=brand.pk, tag_id=tag.pk, member_ids=members, act=Act("staff", NOW))


def _carried(brand: Brand, name: str, members: list[int]) -> dict[int, list[str]]:
    """Who carries the tag, and by whom: ``staff`` or the slug of a segment."""
    slugs = dict(Segment.objects.values_list("pk", "slug"))
    found = carried_tags(brand.pk, accounts_of(brand.pk, members), NOW)
    return {
        member: sorted(slugs[one.rule_ref] if one.rule_ref else one.source for one in tag.origins)
        for member, tags in found.items()
        for tag in tags
        if tag.name == name
    }


def _news(brand: Brand) -> list[tuple[str, list[int], str]]:
    events = Event.objects.filter(brand_id=brand.pk, kind__startswith="members.tag")
    return [(e.kind, e.subject_ids, e.origin) for e in events.order_by("id")]


def test_members_get_the_tag_as_they_enter_and_lose_it_as_they_leave(
    brand: Brand, shopping: list[int]
) -> None:
    # given one who carries the tag by hand too
    segment = _put(brand, "recent", RECENT, "vip")
    _hand(brand, "vip", shopping[:2])

    # when
    _refreshed(brand)
    first = _carried(brand, "vip", shopping)
    _refreshed(brand, LATER)

    # then
    a, b, c, *_ = shopping
    assert first == {a: ["staff"], b: ["recent", "staff"], c: ["recent"]}
    assert _carried(brand, "vip", shopping) == {a: ["staff"], b: ["staff"], c: ["recent"]}
    assert _news(brand)[1:] == [
        ("members.tag_put", [b, c], "backfill"),
        ("members.tag_removed", [b], "live"),
    ]
    segment.refresh_from_db()
    assert segment.tagged_by == SegmentRefresh.objects.latest("id").pk
    assert unsettled() == []


def test_two_segments_put_one_tag(brand: Brand, shopping: list[int]) -> None:
    # given
    _put(brand, "recent", RECENT, "vip")
    _put(brand, "bought", BOUGHT, "Rules/vip")
    _refreshed(brand)
    a, b, c, *_ = shopping
    both = ["bought", "recent"]
    assert _carried(brand, "vip", shopping) == {a: ["bought"], b: both, c: both}

    # when one of them lets go
    _put(brand, "bought", BOUGHT, "")
    moved = settle_tags(brand, now=NOW)

    # then
    assert _carried(brand, "vip", shopping) == {b: ["recent"], c: ["recent"]}
    assert len(moved) == 1
    assert settle_tags(brand, now=NOW) == set()


def test_another_tag_takes_the_place_of_the_first(brand: Brand, shopping: list[int]) -> None:
    # given
    _put(brand, "recent", RECENT, "vip")
    _refreshed(brand)

    # when the tag is another, and then the rule is too, with no word of the tag
    _put(brand, "recent", RECENT, "seen")
    assert [one.slug for one in unsettled(brand.pk)] == ["recent"]
    refreshing.refresh(brand)
    middle = _carried(brand, "seen", shopping)
    _put(brand, "recent", BOUGHT)
    refreshing.refresh(brand)

    # then
    a, b, c, *_ = shopping
    assert list(middle) == [b, c]
    assert list(_carried(brand, "seen", shopping)) == [a, b, c]
    assert _carried(brand, "vip", shopping) == {}
    # whoever is in since the rule or tag is another did nothing for it
    assert {origin for _, _, origin in _news(brand)} == {"backfill"}


def test_an_archived_segment_tags_nobody_until_it_is_used_again(
    brand: Brand, shopping: list[int]
) -> None:
    # given
    _put(brand, "recent", RECENT, "vip")
    _refreshed(brand)
    services.archive_segment(brand=brand, slug="recent", now=NOW)
    assert refreshing.behind() == [brand.pk]

    # when
    refreshing.refresh(brand)
    archived = _carried(brand, "vip", shopping)
    _put(brand, "recent", RECENT)
    refreshing.refresh(brand)

    # then
    assert archived == {}
    assert list(_carried(brand, "vip", shopping)) == shopping[1:3]


def test_a_frozen_segment_keeps_its_tag_on_those_it_keeps(
    brand: Brand, shopping: list[int]
) -> None:
    # given
    _put(brand, "recent", RECENT, "vip")
    _refreshed(brand)
    services.freeze_segment(brand=brand, slug="recent")

    # when
    _refreshed(brand, LATER)

    # then, and its members may even be asked for by a rule
    assert list(_carried(brand, "vip", shopping)) == shopping[1:3]
    _put(brand, "of-vip", {"tag": "vip"}, "seen")
    refreshing.refresh(brand)
    assert list(_carried(brand, "seen", shopping)) == shopping[1:3]


def test_rules_that_ask_for_the_tag_follow_in_the_same_refresh(
    brand: Brand, shopping: list[int]
) -> None:
    # given a chain of three, which the alphabet takes in the other order
    _put(brand, "a-last", {"all": [{"not": {"tag": "seen"}}, BOUGHT]}, "mark")
    _put(brand, "b-middle", {"tag": "vip"}, "seen")
    _put(brand, "c-first", RECENT, "vip")

    # when
    first = _refreshed(brand)
    second = _refreshed(brand, LATER)

    # then
    a, b, *_ = shopping
    sizes = [(first[slug].members, second[slug].members) for slug in sorted(first)]
    assert sizes == [(1, 2), (2, 1), (2, 1)]
    assert list(_carried(brand, "mark", shopping)) == [a, b]
    assert (second["a-last"].entered, second["b-middle"].left) == (1, 1)
    assert refreshing.behind() == []


def test_what_a_kill_left_undone_the_next_refresh_does(
    brand: Brand, shopping: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    # given a refresh that dies after it kept who is in, and one that dies between two steps
    _put(brand, "recent", RECENT, "vip")
    _put(brand, "bought", BOUGHT, "seen")
    _refreshed(brand)
    insight.refresh(brand.pk, as_of=LATER, now=NOW)
    with monkeypatch.context() as patched:
        patched.setattr(refreshing, "settle_tags", _killed)
        with pytest.raises(KeyboardInterrupt):
            refreshing.refresh(brand)
    _put(brand, "all", {"all": []}, "other")
    with monkeypatch.context() as patched:
        patched.setattr(tagging, "MEMBERS_A_STEP", 2)
        patched.setattr(tagging, "put_by_rule", _dying_at(2, tagging.put_by_rule))
        with pytest.raises(KeyboardInterrupt):
            refreshing.refresh(brand)
    half = _carried(brand, "other", shopping)
    assert refreshing.behind() == [brand.pk]

    # when
    refreshing.refresh(brand)

    # then
    assert len(half) == 2
    assert list(_carried(brand, "other", shopping)) == shopping
    assert list(_carried(brand, "vip", shopping)) == shopping[2:3]
    # who moved by what they did, did so however late it is caught up on
    assert ("members.tag_removed", shopping[1:2], "live") in _news(brand)
    assert refreshing.behind() == []
    tagged = _news(brand)
    refreshing.refresh(brand)
    assert _news(brand) == tagged


def _killed(*_args: Any, **_named: Any) -> Any:
    raise KeyboardInterrupt


def _dying_at(call: int, act: Callable[..., Any]) -> Callable[..., Any]:
    """``act``, killed when it is called for the ``call``-th time."""
    calls: list[int] = []

    def dying(**named: Any) -> Any:
        calls.append(1)
        return act(**named) if len(calls) < call else _killed()

    return dying


def test_a_tag_taken_off_meanwhile_is_put_no_further(
    brand: Brand, shopping: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    # given
    _put(brand, "all", {"all": []})
    _refreshed(brand)
    _put(brand, "all", {"all": []}, "vip")
    put_by_rule = tagging.put_by_rule

    def taken_off_after(**named: Any) -> Any:
        done = put_by_rule(**named)
        Segment.objects.filter(slug="all").update(tag=None)
        return done

    monkeypatch.setattr(tagging, "MEMBERS_A_STEP", 2)
    monkeypatch.setattr(tagging, "put_by_rule", taken_off_after)

    # when
    settle_tags(brand, now=NOW)
    half = _carried(brand, "vip", shopping)
    settle_tags(brand, now=NOW)

    # then
    assert list(half) == shopping[:2]
    assert _carried(brand, "vip", shopping) == {}


def test_merged_and_parted_members_carry_it_once(brand: Brand, shopping: list[int]) -> None:
    # given
    _put(brand, "recent", RECENT, "vip")
    _refreshed(brand)
    _a, b, c, *_ = shopping
    before = _news(brand)

    # when two of it prove to be one
    decisions.merge(brand_id=brand.pk, member_ids=[b, c], reason="", actor_id=None, now=NOW)
    _refreshed(brand)

    # then
    assert list(_carried(brand, "vip", [b])) == [b]
    assert _news(brand) == before


def test_what_cannot_be_is_refused(brand: Brand, shopping: list[int]) -> None:
    # given
    asks = {"all": [{"tag": "vip"}, {"tag": "seen"}]}
    _put(brand, "a", BOUGHT, "vip")
    _put(brand, "b", asks)
    _put(brand, "outer", {"segment": "b"}, "mark")

    # when / then by the tag, by the rule, by the rule of a named one, and when used again
    for slug, rule, tag, chain in (
        ("b", asks, "seen", "b → #seen → b"),
        ("a", {"tag": "Rules/vip"}, None, "a → #Rules/vip → a"),
        ("b", {"tag": "mark"}, None, "b → #mark → outer → b"),
        ("a", {"segment": "outer"}, None, "a → outer → b → #vip → a"),
    ):
        with pytest.raises(TagCircleError) as refused:
            _put(brand, slug, rule, tag)
        assert refused.value.chain == chain
    _put(brand, "a", {"tag": "other"})
    services.archive_segment(brand=brand, slug="a", now=NOW)
    _put(brand, "c", {"tag": "vip"}, "other")
    with pytest.raises(TagCircleError):
        _put(brand, "a", {"tag": "other"})
    with pytest.raises(RefusedInputError, match="no such tag") as unknown:
        _put(brand, "new", BOUGHT, "nobody")
    assert unknown.value.code == "TAG"
    assert not Segment.objects.filter(slug="new").exists()


STEP = st.one_of(
    st.tuples(st.sampled_from(("hand", "unhand")), st.sampled_from(TAGS), st.integers(0, 4)),
    st.tuples(st.just("tag"), st.sampled_from(("marked", "seen", "rest")), st.integers(0, 2)),
    st.tuples(st.just("archive"), st.sampled_from(("marked", "seen", "rest")), st.just(0)),
    st.tuples(st.just("merge"), st.just(""), st.integers(0, 3)),
    st.tuples(st.just("refresh"), st.just(""), st.just(0)),
)
# Three rules whose members move with what people tag by hand.
RULES: dict[str, dict[str, Any]] = {
    "marked": {"tag": "mark"},
    "seen": {"any": [{"tag": "mark"}, {"tag": "other"}]},
    "rest": {"not": {"tag": "other"}},
}
PUTS = ("vip", "seen", "")


@settings(
    max_examples=6,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    phases=[Phase.explicit, Phase.generate],
)
@given(st.lists(STEP, min_size=8, max_size=24))
def test_after_any_series_of_refreshes_the_tags_are_the_members(
    home: Any, steps: list[tuple[str, str, int]]
) -> None:
    # given
    brand = make_brand()
    members = make_members(brand, 5)
    store(brand, [make_shop(brand)], members, [Bought(1, 0, 0, FIRST)])
    _make_tags(brand)
    for slug, rule in RULES.items():
        _put(brand, slug, rule, "vip")
    _refreshed(brand)
    by_hand: dict[str, set[int]] = {name: set() for name in TAGS}

    for act, name, number in [*steps, ("refresh", "", 0)]:
        # when
        who = persons_of(brand.pk, [members[number]])[members[number]]
        if act == "hand":
            _hand(brand, name, [who])
            by_hand[name].add(who)
        elif act == "unhand":
            _hand(brand, name, [who], remove_tag)
            by_hand[name].discard(who)
        elif act == "tag":
            _put(brand, name, RULES[name], PUTS[number])
        elif act == "archive" and Segment.objects.filter(brand=brand, slug=name, archived_at=None):
            services.archive_segment(brand=brand, slug=name, now=NOW)
        elif act == "merge":
            _merge(brand, members[number : number + 2], by_hand)
            insight.refresh(brand.pk, as_of=FIRST, now=NOW)
        refreshing.refresh(brand)

        # then
        people = sorted(set(persons_of(brand.pk, members).values()))
        for name in TAGS:
            assert _carried(brand, name, people) == _wanted(brand, name, by_hand[name]), (act, name)


def _merge(brand: Brand, pair: list[int], by_hand: dict[str, set[int]]) -> None:
    before = persons_of(brand.pk, pair)
    if len(set(before.values())) == 2:
        decisions.merge(
            brand_id=brand.pk, member_ids=sorted(before.values()), reason="", actor_id=None, now=NOW
        )
    after = persons_of(brand.pk, [one for own in by_hand.values() for one in own])
    for name, own in by_hand.items():
        by_hand[name] = {after[one] for one in own}


def _wanted(brand: Brand, name: str, by_hand: set[int]) -> dict[int, list[str]]:
    """Who is to carry a tag: those it was put on by hand, and members of segments that put it."""
    found: dict[int, list[str]] = {who: ["staff"] for who in by_hand}
    for segment in Segment.objects.filter(brand=brand, tag__name=name, archived_at=None):
        for who in files.standing_members(brand.pk, segment.pk).tolist():
            found[who] = sorted([*found.get(who, []), segment.slug])
    return found
