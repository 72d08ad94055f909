"""The same definitions find the same on every engine, and what plain Python finds."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pyarrow.parquet as pq
import pytest

from huitou.behaviour.services import EventRow, record_events
from huitou.brands.models import Brand, Shop
from huitou.commerce.models import Order, Review
from huitou.insight import association, definitions, figures, live, plan, queries, snapshots
from huitou.insight import services as insight
from huitou.insight.types import RfmRule, Scope
from huitou.kernel.lunar import LunarDay
from huitou.members import decisions, tags
from huitou.members.models import Member
from huitou.segments import explaining, files, portraits, previews, refreshing, suggestions
from huitou.segments import services as segments
from huitou.segments.comparing import compare
from huitou.segments.dimensions import SHOPS, USUAL
from huitou.segments.drilling import Path as Way
from huitou.segments.drilling import PathStep, drill_down
from huitou.segments.matrices import matrix
from huitou.segments.models import Segment
from huitou.segments.overlaps import overlap
from tests.console.sales import sell
from tests.engines import judging
from tests.engines.conftest import ENGINES, Engine
from tests.factories import make_shop
from tests.insight import plain
from tests.insight.histories import NOW, lively_history, make_members, random_history, store
from tests.segments import worlds
from tests.segments.plain import Plain
from tests.segments.worlds import INSTANTS

AS_OF = date(2024, 6, 30)
# Spark takes seconds to read a long statement and no longer for many: each judges many rules.
RULES_AT_ONCE = 50
MEMBERS = 30

everywhere = pytest.mark.parametrize("engine", ENGINES, indirect=True)
on_a_cluster = pytest.mark.parametrize("engine", ["cluster"], indirect=True)
within_spark = pytest.mark.parametrize("engine", ["spark"], indirect=True)
PARTS = range(judging.RULES // RULES_AT_ONCE // len(INSTANTS))
# The cluster judges a part of the rules: what it adds is where they are judged.
RULE_RUNS = [
    pytest.param(engine, part, id=f"{engine}-{part}")
    for engine in ENGINES
    for part in (PARTS[:1] if engine == "cluster" else PARTS)
]


@pytest.mark.parametrize(("engine", "part"), RULE_RUNS, indirect=["engine"])
@pytest.mark.parametrize("instant", range(len(INSTANTS)))
def test_random_rules_find_the_same_members(
    chosen: Engine, home: Path, instant: int, part: int
) -> None:
    # given
    first = (instant + part * len(INSTANTS)) * RULES_AT_ONCE
    rules = judging.rules_of_run()[first : first + RULES_AT_ONCE]
    world = worlds.random_world(instant, MEMBERS)

    # when
    found = judging.found(home, world, rules)

    # then
    reference = Plain(world, world.now, worlds.ZONE)
    expected = [reference.members(rule) for rule in rules]
    assert len(rules) == RULES_AT_ONCE
    assert judging.first_difference(rules, found, expected) is None


@everywhere
def test_windows_end_to_the_second_by_the_brands_clock(chosen: Engine, home: Path) -> None:
    # given a member per instant around the ends of windows, on a leap day in New York
    now = datetime(2024, 3, 29, 16, 0, 0, tzinfo=UTC)
    tick = timedelta(microseconds=1)
    moments = {
        1: now - timedelta(seconds=86_401),
        2: now - timedelta(seconds=86_400),
        3: now - timedelta(seconds=86_400) - tick,
        4: datetime(2024, 2, 29, 17, 0, 0, tzinfo=UTC),  # noon a month before, still winter time
        5: datetime(2024, 2, 29, 17, 0, 0, tzinfo=UTC) - tick,
        6: datetime(2024, 3, 10, 5, 0, 0, tzinfo=UTC),  # the day the clocks went forward begins
        7: datetime(2024, 3, 11, 4, 0, 0, tzinfo=UTC) - tick,  # and ends, an hour short
        8: datetime(2024, 3, 11, 4, 0, 0, tzinfo=UTC),
    }
    world = judging.world_of_visits(now, moments)
    did = {"did": "event.visit"}

    # when
    found = judging.found(
        home,
        world,
        [
            did | {"within": "86400s"},
            did | {"within": "1d"},
            did | {"within": "1mo"},
            did | {"between": ["2024-03-10", "2024-03-10"]},
            did | {"first": {"gt": "2024-03-10"}},
            did | {"last": {"eq": "2024-03-10"}},
            did | {"before": moments[5].isoformat()},
        ],
    )

    # then
    assert found == [{2}, {2}, {1, 2, 3, 4, 6, 7, 8}, {6, 7}, {1, 2, 3, 8}, {6, 7}, {5}]


@everywhere
def test_texts_that_look_like_sql_are_texts(chosen: Engine, home: Path) -> None:
    # given
    texts = ("it's", "100%_\\n", '`x` "y"\n--', "’；DROP 好")
    world = worlds.random_world(1, len(texts))
    for person, text in zip(world.people, texts, strict=True):
        person["province"] = text

    # when
    asked = [(test, text) for text in texts for test in ("eq", "contains")]
    found = judging.found(home, world, [{"trait": "province", test: text} for test, text in asked])

    # then
    assert found == [{texts.index(text) + 1} for _, text in asked]


@pytest.fixture
def _little_support(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Let small histories have category cycles."""
    compiled_steps = (plan.compiled_traits, plan.stage_steps)
    for steps in compiled_steps:
        steps.cache_clear()
    monkeypatch.setattr(definitions, "CATEGORY_SUPPORT_MIN", 5)
    monkeypatch.setattr(definitions, "SURVIVAL_SUPPORT_MIN", 5)
    yield
    for steps in compiled_steps:
        steps.cache_clear()


@on_a_cluster
@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("_little_support")
def test_a_refresh_leaves_the_same_figures(
    engine: Engine, brand: Brand, home: Path, settings: Any
) -> None:
    # given two accounts of one person and some lunar birthdays, as DuckDB sees them
    history = random_history(31)
    members = make_members(brand, 40)
    told = {3: LunarDay(5, 25), 4: LunarDay(5, 3, is_leap=True, year=1990), 5: LunarDay(12, 30)}
    for place, lunar in told.items():
        Member.objects.filter(pk=members[place]).update(lunar_birthday=str(lunar))
    store(brand, [make_shop(brand)] * 2, members, history)
    decisions.merge(brand_id=brand.pk, member_ids=members[:2], reason="", actor_id=None, now=NOW)
    insight.refresh(brand.pk, as_of=AS_OF, now=NOW)
    expected = _snapshot(brand)

    # when
    settings.ENGINE, settings.SPARK_MASTER = engine.name, engine.master
    insight.refresh(brand.pk, as_of=AS_OF, now=NOW)

    # then they are also those of plain Python
    assert _snapshot(brand) == expected
    merged = [replace(b, member=0 if b.member == 1 else b.member) for b in history]
    plainly = plain.traits(merged, AS_OF, support=5, waited=5)
    found = queries.member_traits(brand.pk, members)
    nothing = dict.fromkeys(found[members[0]])
    born = {place: _birthday_traits(lunar) for place, lunar in told.items()}
    assert found == {
        m: nothing | plainly.get(n, {}) | born.get(n, {}) for n, m in enumerate(members) if n != 1
    }


def _birthday_traits(lunar: LunarDay) -> dict[str, Any]:
    fallen, coming = lunar.of_solar_year(AS_OF), lunar.next_from(AS_OF)
    return {
        "birthday_month": fallen.month,
        "is_birthday_month": (fallen.year, fallen.month) == (AS_OF.year, AS_OF.month),
        "next_birthday": coming,
        "days_to_birthday": (coming - AS_OF).days,
    }


def _snapshot(brand: Brand) -> dict[str, Any]:
    """The rows of each file of the brand's figures, and the small figures."""
    current = snapshots.current(Scope(brand.pk))
    assert current is not None
    names = (
        snapshots.TRAITS_FILE,
        snapshots.CATEGORIES_FILE,
        snapshots.DAILY_FILE,
        snapshots.SUCCESSIONS_FILE,
        snapshots.COMEBACKS_FILE,
    )
    rows = {
        name: sorted(duckdb.sql(f"SELECT t::VARCHAR FROM '{current.folder}/{name}' t").fetchall())
        for name in names
    }
    return {**rows, "summary": snapshots.summary(current.folder)}


@everywhere
@pytest.mark.django_db(transaction=True)
def test_rfm_by_any_rule_equals_the_plain_computation(
    chosen: Engine, brand: Brand, home: Path
) -> None:
    # given
    history = random_history(32)
    members = make_members(brand, 40)
    store(brand, [make_shop(brand)] * 2, members, history)
    rules = [("mean", "total", None), ("median", "average", 365), ("q07", "average", None)]

    # when
    with live.opened(brand, as_of=AS_OF) as session:
        groups = []
        for rule in rules:
            live.rfm(session, RfmRule(*rule))
            found = session.connection.execute("SELECT member_id, code FROM grouped").fetchall()
            groups.append({members.index(member): code for member, code in found})

    # then
    assert groups == [
        plain.rfm_members(
            history, AS_OF, threshold=line, average=amount == "average", window_days=days
        )
        for line, amount, days in rules
    ]


@within_spark
@pytest.mark.django_db(transaction=True)
def test_figures_of_a_date_are_the_same(
    engine: Engine, brand: Brand, home: Path, settings: Any
) -> None:
    # given customers enough for a value model, members who never bought, events and reviews
    shop = make_shop(brand)
    members = make_members(brand, 260)
    lively = [
        replace(order, number=order.number + 1_000, member=(order.member or 0) + 40)
        for order in lively_history(35, members=200)
    ]
    store(brand, [shop] * 2, members, random_history(33) + lively)
    _behave(brand, shop, members)
    expected = _figures(brand, home / "traits.parquet")

    # when
    settings.ENGINE, settings.SPARK_MASTER = engine.name, engine.master
    found = _figures(brand, home / "traits.parquet")

    # then
    assert found == expected
    assert {row["value_tier"] for row in found["traits"]} >= {"core", "potential", "ordinary"}
    assert len(found["standings"]["stage_5a"]) == len(definitions.STAGES_5A)


def _behave(brand: Brand, shop: Shop, members: list[int]) -> None:
    """Events of some members, and reviews of some orders."""
    rng = random.Random(36)
    rows = [
        EventRow(
            "site",
            str(number),
            rng.choice(("visit", "view", "cart")),
            NOW - timedelta(days=rng.randrange(1, 200)),
            shop_id=shop.pk,
            member_id=rng.choice(members),
        )
        for number in range(300)
    ]
    record_events(brand_id=brand.pk, time_zone=brand.time_zone, rows=rows, now=NOW, origin="live")
    bought = Order.objects.filter(brand=brand, member__isnull=False).order_by("id")[::7]
    for order in bought:
        Review.objects.create(
            shop=shop,
            review_no=order.order_no,
            order=order,
            member_id=order.member_id,
            rating=rng.randint(1, 5),
            reviewed_at=NOW - timedelta(days=rng.randrange(1, 300)),
        )


def _figures(brand: Brand, traits: Path) -> dict[str, Any]:
    start = date(2024, 5, 1)
    with live.opened(brand, as_of=AS_OF) as session:
        return {
            "cohorts": live.cohorts(session),
            "kpis": live.kpis(session, start, AS_OF),
            "regions": live.regions(session, start, AS_OF, "city"),
            "backtest": live.value_backtest(session, 180),
            "rows": live.write_traits(session, traits),
            "traits": pq.read_table(traits).to_pylist(),
            "value": figures.value(session.connection),
            "standings": figures.standings(session.connection),
            "pairs": association.associations_of(
                session.connection, AS_OF, association.Pairing(), association.Wanted()
            ),
        }


SEGMENTS = {
    "recent": {"trait": "recency_days", "lte": 60},
    "again": {"did": "order.paid", "within": "90d", "count": {"gte": 2}},
    "tea": {"did": "order.paid", "where": {"category": {"eq": "茶具"}}, "within": {"cycles": 2}},
    "quiet": {"not": {"any": [{"segment": "recent"}, {"tag": "vip"}]}},
}


@within_spark
@pytest.mark.django_db(transaction=True)
def test_segments_are_refreshed_to_the_same_members(
    engine: Engine, brand: Brand, home: Path, settings: Any
) -> None:
    # given segments of one day, found on Spark
    members = make_members(brand, 40)
    history = random_history(34)
    shops = [make_shop(brand)] * 2
    store(brand, shops, members, [bought for bought in history if bought.number < 200])
    group = tags.create_tag_group(brand_id=brand.pk, name="level")
    tag = tags.create_tag(brand_id=brand.pk, group_id=group, name="vip")
    act = tags.Act("staff", NOW)
    tags.put_tag(brand_id=brand.pk, tag_id=tag, member_ids=members[::5], act=act)
    for slug, rule in SEGMENTS.items():
        segments.put_segment(brand=brand, slug=slug, name=slug, rule=rule, now=NOW)
    insight.refresh(brand.pk, as_of=date(2024, 5, 2), now=NOW)
    settings.ENGINE, settings.SPARK_MASTER = engine.name, engine.master
    first = refreshing.refresh(brand)
    on_first = _members_by_slug(brand)

    # when a week passes and orders come: whoever may have moved is judged again
    store(brand, shops, members, [bought for bought in history if bought.number >= 290])
    settings.ENGINE = "duckdb"
    insight.refresh(brand.pk, as_of=date(2024, 5, 9), now=NOW)
    settings.ENGINE = engine.name
    second = refreshing.refresh(brand)
    previewed = {slug: _preview(brand, rule) for slug, rule in SEGMENTS.items()}
    other_day = _preview(brand, SEGMENTS["again"], as_of=date(2024, 5, 2))

    # then DuckDB finds the same members, in all and on either day
    settings.ENGINE = "duckdb"
    assert previewed == {slug: _preview(brand, rule) for slug, rule in SEGMENTS.items()}
    assert other_day == _preview(brand, SEGMENTS["again"], as_of=date(2024, 5, 2))
    assert {d.slug: d.members for d in second} == {s: p.members for s, p in previewed.items()}
    assert {d.slug: d.members for d in first} == {s: len(found) for s, found in on_first.items()}
    on_second = _members_by_slug(brand)
    refreshing.refresh(brand, whole=True)
    assert _members_by_slug(brand) == on_second


def _members_by_slug(brand: Brand) -> dict[str, list[int]]:
    return {
        segment.slug: files.standing_members(brand.pk, segment.pk).tolist()
        for segment in Segment.objects.filter(brand=brand)
    }


def _preview(brand: Brand, rule: dict[str, Any], as_of: date | None = None) -> previews.Preview:
    return replace(previews.preview(brand, rule, as_of=as_of), ms=0)


COMPARED = {
    "recent": {"trait": "recency_days", "lte": 300},
    "again": {"did": "order.paid", "count": {"gte": 3}},
}


@within_spark
@pytest.mark.django_db(transaction=True)
def test_members_are_parted_and_compared_the_same(
    engine: Engine, brand: Brand, home: Path, settings: Any
) -> None:
    # given
    sell(brand)
    for slug, rule in COMPARED.items():
        segments.put_segment(brand=brand, slug=slug, name=slug, rule=rule, now=NOW)
    refreshing.refresh(brand)
    expected = _parted(brand)

    # when the same segments are found on Spark
    settings.ENGINE, settings.SPARK_MASTER = engine.name, engine.master
    refreshed = refreshing.refresh(brand, whole=True)

    # then
    assert [done.entered + done.left for done in refreshed] == [0, 0]
    assert _parted(brand) == expected
    assert expected["drill"].drilled.present.members > 0
    assert len(expected["overlap"].intersections) > 1


def _parted(brand: Brand) -> dict[str, Any]:
    """What pages show of members by conditions, and of segments side by side."""
    way = Way("", (PathStep(COMPARED["recent"]), PathStep(COMPARED["again"], meets=False)))
    segment = Segment.objects.get(brand=brand, slug="recent")
    member = files.standing_members(brand.pk, segment.pk).tolist()[0]
    return {
        "drill": drill_down(brand, way, by=[*USUAL, SHOPS]),
        "drill of a segment": drill_down(brand, Way("again")).drilled,
        "matrix": matrix(brand, "rfm_group", "main_category"),
        "matrix of a segment": matrix(brand, "province", SHOPS, base="recent"),
        "overlap": replace(overlap(brand, tuple(COMPARED)), chosen=()),
        "compare": replace(compare(brand, tuple(COMPARED)), chosen=()),
        "portrait": portraits.portrait_of(brand, segment.pk),
        "values": suggestions.field_values(brand, "order.paid", "category", 5),
        "explain": explaining.explain(brand=brand, segment=segment, member_id=member, now=NOW),
    }
