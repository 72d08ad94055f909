"""A refresh of what can have changed finds what one that looks at everybody does."""

from __future__ import annotations

import random
import time
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import strategies as st

from huitou.brands.models import Brand
from huitou.commerce.models import Order, Product
from huitou.eventlog.models import Event
from huitou.insight import services as insight
from huitou.kernel.errors import RefusedInputError
from huitou.lake import happenings
from huitou.members import decisions, tags
from huitou.segments import files, grounds, refreshing, services
from huitou.segments.errors import RuleError
from huitou.segments.models import Segment, SegmentRefresh, SegmentVersion
from huitou.segments.queries import latest_moves, segments_in_use
from huitou.segments.reading import read_rule
from huitou.segments.tasks import follow_figures, refresh_brand
from huitou.segments.texts import rule_of_text
from huitou.segments.words import vocabulary_of
from tests.factories import make_brand, make_shop
from tests.insight.histories import NOW, Bought, make_members, random_history, store
from tests.queue import queued
from tests.segments.strategies import DID, TRAIT, random_rules

RULE = st.recursive(
    st.one_of(TRAIT, DID),
    lambda inner: st.one_of(
        st.lists(inner, min_size=1, max_size=3).map(lambda parts: {"all": parts}),
        st.lists(inner, min_size=1, max_size=3).map(lambda parts: {"any": parts}),
        inner.map(lambda part: {"not": part}),
    ),
    max_leaves=4,
)
# What a transaction of the test's own holds back, the projection does not see.
pytestmark = pytest.mark.django_db(transaction=True)
ROUNDS, RULES_A_ROUND = 6, 15
FIRST, SECOND = date(2024, 5, 2), date(2024, 5, 9)
FIRST_INSTANT = datetime(2024, 5, 2, 4, tzinfo=UTC)
RECENT = {"trait": "recency_days", "lte": 30}
BOUGHT_THIS_WEEK = {"did": "order.paid", "within": "7d"}


def _put(brand: Brand, slug: str, rule: dict[str, Any]) -> None:
    services.put_segment(brand=brand, slug=slug, name=slug, rule=rule, now=NOW)


def _refreshed(brand: Brand, day: date) -> dict[str, refreshing.Refreshed]:
    """The figures of a day, and the segments on them."""
    insight.refresh(brand.pk, as_of=day, now=NOW)
    return {done.slug: done for done in refreshing.refresh(brand)}


def _members(brand: Brand, slug: str) -> set[int]:
    segment = Segment.objects.get(brand=brand, slug=slug)
    return set(files.standing_members(brand.pk, segment.pk).tolist())


def _found(brand: Brand, rule: dict[str, Any]) -> dict[int, int]:
    """Whom the rule finds when everybody is looked at, with what they spent."""
    with grounds.opened(brand) as ground:
        grounds.find(ground, read_rule(rule, vocabulary_of(brand)))
        rows = ground.connection.execute("SELECT member_id, monetary_minor FROM found").fetchall()
        return {member: spent or 0 for member, spent in rows}


def _sales(brand: Brand, slug: str) -> int:
    refreshes = SegmentRefresh.objects.filter(segment__brand=brand, segment__slug=slug)
    return refreshes.latest("id").sales_minor


def _bought(number: int, member: int, day: date, **fields: Any) -> Bought:
    return Bought(number=number, shop=0, member=member, day=day, **fields)


@cache
def _rules_of_run() -> list[dict[str, Any]]:
    return random_rules(ROUNDS * RULES_A_ROUND, RULE)


@pytest.mark.parametrize("nth", range(ROUNDS))
def test_a_refresh_of_what_changed_is_exact(home: Path, nth: int) -> None:
    rules = _rules_of_run()[nth * RULES_A_ROUND : (nth + 1) * RULES_A_ROUND]
    # given segments refreshed as of one day
    brand = make_brand()
    shops = [make_shop(brand, slug=slug) for slug in ("tm", "jd")]
    members = make_members(brand, 40)
    history = random_history(random.randrange(1_000))
    store(brand, shops, members, [bought for bought in history if bought.number < 200])
    for number, rule in enumerate(rules):
        _put(brand, f"s{number}", rule)
    _refreshed(brand, FIRST)

    # when a week passes, more orders come, and two members prove to be one
    store(brand, shops, members, [bought for bought in history if bought.number >= 290])
    decisions.merge(brand_id=brand.pk, member_ids=members[:2], reason="", actor_id=None, now=NOW)
    insight.refresh(brand.pk, as_of=SECOND, now=NOW)

    # then each alone, so that no other's candidates help it, is what everybody judged again gives
    for number, rule in enumerate(rules):
        (done,) = refreshing.refresh(brand, slugs=[f"s{number}"])
        assert not done.problem
        found = _found(brand, rule)
        assert (_members(brand, f"s{number}"), done.members) == (set(found), len(found)), rule
        assert _sales(brand, f"s{number}") == sum(found.values())


@pytest.fixture
def shopping(brand: Brand, home: Path) -> list[int]:
    """Five members of the brand; the first two bought in April, the third on 1 May."""
    shops = [make_shop(brand, slug="tm")]
    members = make_members(brand, 5)
    days = (date(2024, 4, 1), date(2024, 4, 20), date(2024, 5, 1))
    store(brand, shops, members, [_bought(n, n, day) for n, day in enumerate(days)])
    return members


def test_members_enter_and_leave_as_news_and_with_their_date(
    brand: Brand, shopping: list[int]
) -> None:
    # given
    _put(brand, "recent", RECENT)
    first = _refreshed(brand, FIRST)["recent"]

    # when three weeks pass
    second = _refreshed(brand, FIRST + timedelta(days=21))["recent"]

    # then those who bought in April have left
    assert (first.members, first.entered, first.left) == (2, 2, 0)
    assert (second.members, second.entered, second.left) == (1, 0, 1)
    news = Event.objects.filter(kind__startswith="segments.").order_by("id")
    assert [(e.kind, e.subject_ids, e.origin) for e in news] == [
        ("segments.members_entered", shopping[1:3], "backfill"),
        ("segments.members_left", [shopping[1]], "live"),
    ]


def test_the_latest_moves_are_whole_whatever_else_was_told(
    brand: Brand, shopping: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    # given news of one member an event, and two refreshes that moved somebody
    monkeypatch.setattr("huitou.eventlog.services.SUBJECTS_MAX", 1)
    _put(brand, "recent", RECENT)
    _put(brand, "buyers", {"did": "order.paid"})
    _refreshed(brand, FIRST)
    _refreshed(brand, FIRST + timedelta(days=21))
    recent = Segment.objects.get(slug="recent").pk

    # when
    moves = latest_moves(recent, limit=6, members_max=8)

    # then
    assert [(move.kind, move.count, move.members) for move in moves] == [
        ("left", 1, (shopping[1],)),
        ("entered", 2, (shopping[1],)),
    ]
    assert [move.kind for move in latest_moves(recent, limit=1, members_max=8)] == ["left"]


def test_a_refresh_tells_what_it_does_and_how_far_it_is(brand: Brand, shopping: list[int]) -> None:
    # given two segments that stand, and one that is new
    _put(brand, "recent", RECENT)
    _put(brand, "buyers", {"did": "order.paid"})
    _refreshed(brand, FIRST)
    _put(brand, "later", {"did": "order.paid", "after": "2024-04-10"})
    told: list[tuple[str, int, int]] = []

    # when
    refreshing.refresh(brand, progress=lambda *step: told.append(step))

    # then
    assert told == [
        ("comparing", 0, 3),
        ("comparing", 2, 3),
        ("judging", 2, 3),
        ("judging", 3, 3),
        ("keeping", 3, 3),
    ]


def test_nothing_is_judged_again_while_nothing_changed(brand: Brand, shopping: list[int]) -> None:
    # given
    _put(brand, "recent", RECENT)
    _refreshed(brand, FIRST)

    # when
    (again,) = refreshing.refresh(brand)

    # then
    assert (again.judged, again.members) == (0, 2)
    assert SegmentRefresh.objects.count() == 1


def test_only_members_that_can_have_moved_are_judged(brand: Brand, shopping: list[int]) -> None:
    # given
    _put(brand, "week", BOUGHT_THIS_WEEK)
    _refreshed(brand, FIRST)

    # when five days pass and the fourth buys
    store(brand, [brand.shops.get()], shopping, [_bought(9, 3, date(2024, 5, 6))])
    done = _refreshed(brand, date(2024, 5, 7))["week"]

    # then
    assert (done.judged, done.members, done.entered, done.left) == (1, 2, 1, 0)
    assert _members(brand, "week") == {shopping[2], shopping[3]}


def test_time_alone_lets_members_leave(brand: Brand, shopping: list[int]) -> None:
    # given
    _put(brand, "week", BOUGHT_THIS_WEEK)
    _put(brand, "quiet", {"did": "order.paid", "last": {"lt": {"ago": "7d"}}})
    _refreshed(brand, FIRST)

    # when eight days pass
    done = _refreshed(brand, FIRST + timedelta(days=8))

    # then who bought on 1 May has left one and entered the other; nobody else was looked at
    assert (done["week"].judged, done["week"].left, done["week"].members) == (1, 1, 0)
    assert (done["quiet"].judged, done["quiet"].entered, done["quiet"].members) == (1, 1, 3)


def test_time_alone_takes_members_beyond_their_own_cycle(brand: Brand, shopping: list[int]) -> None:
    # given a brand's cycle of 90 days, nobody having come back
    _put(brand, "in-cycle", {"did": "order.paid", "within": {"cycles": 1}})
    before = _refreshed(brand, date(2024, 6, 29))["in-cycle"]

    # when two days pass
    after = _refreshed(brand, date(2024, 7, 1))["in-cycle"]

    # then who bought on 1 April has left
    assert (before.members, after.members) == (3, 2)
    assert (after.judged, after.left) == (1, 1)


def test_a_new_rule_judges_everybody(brand: Brand, shopping: list[int]) -> None:
    # given
    _put(brand, "recent", RECENT)
    _refreshed(brand, FIRST)

    # when
    _put(brand, "recent", {"trait": "recency_days", "lte": 60})
    (done,) = refreshing.refresh(brand)

    # then
    assert (done.judged, done.members, done.entered) == (5, 3, 1)
    assert Event.objects.filter(origin="live", kind__startswith="segments.").count() == 0


def test_a_renamed_category_moves_those_who_bought_it(brand: Brand, home: Path) -> None:
    # given
    shop = make_shop(brand, slug="tm")
    members = make_members(brand, 2)
    store(brand, [shop], members, [_bought(1, 0, FIRST, categories=("茶具",))])
    _put(brand, "tea", {"did": "order.paid", "where": {"category": {"eq": "茶具"}}})
    before = _refreshed(brand, FIRST)["tea"]

    # when
    Product.objects.filter(brand=brand, category="茶具").update(category="茶")
    store(brand, [shop], members, [_bought(2, 1, SECOND)])
    after = _refreshed(brand, SECOND)["tea"]

    # then
    assert before.members == 1
    assert (after.members, after.left) == (0, 1)


def test_a_person_of_two_accounts_is_judged_by_both(brand: Brand, shopping: list[int]) -> None:
    # given
    _put(brand, "twice", {"did": "order.paid", "count": {"gte": 2}})
    before = _refreshed(brand, FIRST)["twice"]

    # when two members who bought once prove to be one
    decisions.merge(brand_id=brand.pk, member_ids=shopping[:2], reason="", actor_id=None, now=NOW)
    after = _refreshed(brand, FIRST)["twice"]

    # then
    assert (before.members, after.members, after.entered) == (0, 1, 1)
    assert _members(brand, "twice") == {shopping[0]}


def test_a_rule_on_something_deleted_keeps_its_members_and_says_so(
    brand: Brand, shopping: list[int]
) -> None:
    # given
    _put(brand, "recent", RECENT)
    _put(brand, "not-recent", {"not": {"segment": "recent"}})
    _refreshed(brand, FIRST)

    # when
    services.archive_segment(brand=brand, slug="recent", now=NOW)
    (done,) = refreshing.refresh(brand)

    # then it is not looked at again and again
    assert done.members == 3
    assert "there is no segment 'recent'" in done.problem
    assert _members(brand, "not-recent") == {shopping[0], *shopping[3:]}
    assert refreshing.behind() == []
    (shown,) = segments_in_use(brand)
    assert (shown.members, shown.problem) == (3, done.problem)


def test_segments_follow_newer_figures_and_rest_on_the_same(
    brand: Brand, shopping: list[int]
) -> None:
    # given a segment nobody has refreshed
    _put(brand, "recent", RECENT)
    insight.refresh(brand.pk, as_of=FIRST, now=NOW)
    first = refreshing.behind()

    # when
    refresh_brand(brand.pk)
    second = refreshing.behind()
    insight.refresh(brand.pk, as_of=SECOND, now=NOW)

    # then
    assert (first, second, refreshing.behind()) == ([brand.pk], [], [brand.pk])
    assert _members(brand, "recent") == set(shopping[1:3])


def test_a_brand_that_is_behind_is_queued_once(brand: Brand, shopping: list[int]) -> None:
    # given
    _put(brand, "recent", RECENT)
    insight.refresh(brand.pk, as_of=FIRST, now=NOW)

    # when
    follow_figures(timestamp=0)
    follow_figures(timestamp=300)

    # then
    assert queued("segments.refresh_brand", brand) == [{"brand_id": brand.pk}]


def test_segments_refreshed_apart_each_see_what_moved(brand: Brand, shopping: list[int]) -> None:
    # given two segments on one tag
    group = tags.create_tag_group(brand_id=brand.pk, name="Habits")
    tag = tags.create_tag(brand_id=brand.pk, group_id=group, name="gift")
    for slug in ("a", "b"):
        _put(brand, slug, {"tag": "gift"})
    _refreshed(brand, FIRST)

    # when the tag is put on somebody, and they are refreshed one after the other
    act = tags.Act(source="staff", now=FIRST_INSTANT)
    tags.put_tag(brand_id=brand.pk, tag_id=tag, member_ids=shopping[:1], act=act)
    for slug in ("a", "b"):
        refreshing.refresh(brand, slugs=[slug])

    # then
    assert (_members(brand, "a"), _members(brand, "b")) == ({shopping[0]}, {shopping[0]})


def test_a_segment_follows_the_rule_of_one_it_names(brand: Brand, shopping: list[int]) -> None:
    # given
    _put(brand, "recent", RECENT)
    _put(brand, "others", {"not": {"segment": "recent"}})
    _refreshed(brand, FIRST)
    before = refreshing.behind()

    # when only the named one gets another rule
    _put(brand, "recent", {"trait": "recency_days", "lte": 60})
    behind = refreshing.behind()
    done = {d.slug: d for d in refreshing.refresh(brand)}

    # then the other is judged anew too, and nobody is told that members acted
    assert (before, behind) == ([], [brand.pk])
    assert (done["others"].members, done["others"].left) == (2, 1)
    assert Event.objects.filter(origin="live", kind__startswith="segments.").count() == 0


def test_an_order_that_is_sent_elsewhere_moves_who_bought_it(brand: Brand, home: Path) -> None:
    # given tea sent to Zhejiang
    shop = make_shop(brand, slug="tm")
    members = make_members(brand, 2)
    tea = {"place": ("浙江省", ""), "categories": ("茶具",)}
    (order,) = store(brand, [shop], members, [_bought(1, 0, FIRST, **tea)])
    where = {"category": {"eq": "茶具"}, "province": {"eq": "浙江省"}}
    _put(brand, "tea", {"did": "order.paid", "where": where})
    before = _refreshed(brand, FIRST)["tea"]

    # when the order alone changes, none of its lines, and news of the month is another's
    Order.objects.filter(pk=order).update(province="广东省")
    store(brand, [shop], members, [_bought(2, 1, FIRST)])
    after = _refreshed(brand, FIRST)["tea"]

    # then
    assert (before.members, after.members) == (1, 0)


def test_a_happening_that_is_declared_otherwise_is_judged_anew(
    brand: Brand, shopping: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    # given
    _put(brand, "bought", {"did": "order.paid"})
    _put(brand, "recent", {"trait": "recency_days", "lte": 60})
    before = _refreshed(brand, FIRST)

    # when a release counts the orders of one shop's province alone
    declared = happenings._HAPPENINGS["order.paid"]
    narrower = replace(declared, where={**declared.where, "province": "西藏自治区"})
    monkeypatch.setitem(happenings._HAPPENINGS, "order.paid", narrower)
    grounds.compiled_once.cache_clear()
    after = {done.slug: done for done in refreshing.refresh(brand)}
    grounds.compiled_once.cache_clear()

    # then
    assert before["bought"].members > 0
    assert after["bought"].members == 0
    assert after["recent"].judged == 0


def test_a_frozen_segment_keeps_its_members_and_rules_mean_these(
    brand: Brand, shopping: list[int]
) -> None:
    # given
    _put(brand, "recent", RECENT)
    _put(brand, "others", {"not": {"segment": "recent"}})
    with pytest.raises(RefusedInputError) as too_early:
        services.freeze_segment(brand=brand, slug="recent")
    _refreshed(brand, FIRST)

    # when
    services.freeze_segment(brand=brand, slug="recent")
    _refreshed(brand, FIRST + timedelta(days=90))

    # then
    assert too_early.value.code == "NOT_REFRESHED"
    assert _members(brand, "recent") == set(shopping[1:3])
    assert _members(brand, "others") == {shopping[0], *shopping[3:]}
    with pytest.raises(RefusedInputError):
        _put(brand, "recent", {"all": []})


def test_a_frozen_segment_comes_back_from_the_archive(brand: Brand, shopping: list[int]) -> None:
    # given
    _put(brand, "recent", RECENT)
    _refreshed(brand, FIRST)
    services.freeze_segment(brand=brand, slug="recent")
    services.archive_segment(brand=brand, slug="recent", now=NOW)

    # when
    _put(brand, "recent", RECENT)

    # then
    segment = Segment.objects.get(slug="recent")
    assert (segment.archived_at, segment.keeping) == (None, "frozen")
    assert _members(brand, "recent") == set(shopping[1:3])


def test_dates_of_yaml_are_kept_as_text(brand: Brand, shopping: list[int]) -> None:
    _put(brand, "april", rule_of_text("did: order.paid\nbetween: [2024-04-01, 2024-04-30]"))
    kept = SegmentVersion.objects.get(segment__slug="april").rule
    assert kept["between"] == ["2024-04-01", "2024-04-30"]
    assert _refreshed(brand, FIRST)["april"].members == 2


def test_files_nobody_names_any_more_are_deleted(brand: Brand, shopping: list[int]) -> None:
    # given a segment whose members were another file's, and a member looked up in both
    _put(brand, "recent", RECENT)
    _refreshed(brand, FIRST)
    first = _since(brand, "recent")
    _put(brand, "recent", {"trait": "recency_days", "lte": 60})
    refreshing.refresh(brand)
    later = _since(brand, "recent")
    folder = files.folder_of(brand.pk, Segment.objects.get(slug="recent").pk)
    young = len(list(folder.iterdir()))

    # when an hour has passed
    files.vacuum(brand.pk, now=time.time() + files.KEEP_SECONDS + 1)

    # then
    assert (young, len(list(folder.iterdir()))) == (6, 3)
    assert _members(brand, "recent") == set(shopping[:3])
    assert (set(first), _since(brand, "recent")) == (set(shopping[1:3]), later)


def test_a_base_without_bits_is_looked_into_all_the_same(brand: Brand, shopping: list[int]) -> None:
    # given a base as it was kept before there were bits
    _put(brand, "week", BOUGHT_THIS_WEEK)
    _refreshed(brand, FIRST)
    folder = files.folder_of(brand.pk, Segment.objects.get(slug="week").pk)
    (bits,) = folder.glob("*.bits")
    bits.unlink()

    # when eight days pass
    after = _refreshed(brand, FIRST + timedelta(days=8))["week"]

    # then who bought on 1 May has left
    assert (after.members, after.left, after.judged) == (0, 1, 1)


def test_a_segment_cannot_name_itself_even_through_another(
    brand: Brand, shopping: list[int]
) -> None:
    # given
    _put(brand, "a", RECENT)
    _put(brand, "b", {"segment": "a"})

    # when
    with pytest.raises(RuleError) as refused:
        _put(brand, "a", {"segment": "b"})

    # then
    assert refused.value.code == "CIRCLE"


def test_without_figures_there_is_nothing_to_judge(brand: Brand, home: Path) -> None:
    with pytest.raises(RefusedInputError) as refused:
        refreshing.refresh(brand)
    assert refused.value.code == "NO_FIGURES"


def test_since_is_when_a_member_came_in_and_not_when_last_seen(
    brand: Brand, shopping: list[int]
) -> None:
    # given
    _put(brand, "buyers", {"trait": "frequency", "gte": 1})
    _refreshed(brand, FIRST)
    store(brand, [brand.shops.get()], shopping, [_bought(9, 3, date(2024, 5, 6))])

    # when
    _refreshed(brand, SECOND)

    # then
    assert _since(brand, "buyers") == {
        shopping[0]: FIRST, shopping[1]: FIRST, shopping[2]: FIRST, shopping[3]: SECOND,
    }  # fmt: skip


def _since(brand: Brand, slug: str) -> dict[int, date]:
    segment = Segment.objects.get(brand=brand, slug=slug)
    found = {m: files.member_since(brand.pk, [segment.pk], m) for m in _members(brand, slug)}
    return {member: since[segment.pk].date() for member, since in found.items()}


def test_files_of_a_segment_hold_moves_until_they_are_many(brand: Brand, home: Path) -> None:
    # given ten members, none of whom bought this week
    shop = make_shop(brand, slug="tm")
    members = make_members(brand, 10)
    _put(brand, "quiet", {"not": BOUGHT_THIS_WEEK})
    store(brand, [shop], members, [_bought(1, 9, date(2024, 4, 1))])
    _refreshed(brand, FIRST)

    # when one buys, then two more while the first has gone quiet again
    store(brand, [shop], members, [_bought(2, 0, date(2024, 5, 6))])
    _refreshed(brand, date(2024, 5, 7))
    segment = Segment.objects.get(slug="quiet")
    between = [files.member_since(brand.pk, [segment.pk], member) for member in members[:2]]
    store(brand, [shop], members, [_bought(3 + n, n, date(2024, 5, 14)) for n in (1, 2)])
    _refreshed(brand, date(2024, 5, 15))

    # then a move lies beside the base while it is one of nine, and three make a new base
    first, second, third = SegmentRefresh.objects.order_by("id")
    assert (first.members, second.members, third.members) == (10, 9, 8)
    assert (second.base == first.base, second.moved != "") == (True, True)
    assert (third.base == first.base, third.moved) == (False, "")
    assert _members(brand, "quiet") == {members[0], *members[3:]}
    assert between == [{}, {segment.pk: first.at}]
    came = [
        files.member_since(brand.pk, [segment.pk], member).get(segment.pk) for member in members[:4]
    ]
    assert came == [third.at, None, None, first.at]
