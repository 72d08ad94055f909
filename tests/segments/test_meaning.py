"""What conditions mean, example by example; each is judged over sets and for one member."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from huitou.insight.traits import TRAITS
from huitou.lake.sessions import DUCKDB
from huitou.segments.compiling import compiled
from huitou.segments.judging import judged
from huitou.segments.reading import read_rule
from huitou.segments.rules import Holds
from huitou.segments.statements import bind
from tests.segments import worlds
from tests.segments.worlds import World

NOW = datetime(2024, 6, 30, 12, 0, 0, tzinfo=UTC)
VIP = Holds("tag", "7", "vip")


def _world(**traits: Any) -> World:
    """A world of one member, number 1, and a catalogue with coffee (A1) and tea (B2)."""
    world = World(NOW)
    world.people = [{"member_id": 1} | dict.fromkeys(t.name for t in TRAITS) | traits]
    world.products = [
        {"product_id": 1, "code": "A1", "title": "手冲咖啡", "category": "COFFEE"},
        {"product_id": 2, "code": "B2", "title": "Green tea", "category": "TEA"},
    ]
    world.holds = {1: frozenset({VIP})}
    return world


def _order(world: World, days_ago: float, *lines: tuple[int, int], **columns: Any) -> None:
    """An order of ``lines`` (product, paid minor units) so many days ago."""
    moment = NOW - timedelta(days=days_ago)
    number = len(world.facts["order_fact"]) + 1
    shared = {"order_id": number, "shop_id": 1, "member_id": 1, "currency": "CNY",
              "is_purchase": True, "happened_at": moment, "month": 2024 * 12 + moment.month - 1,
              "biz_date": moment.date(), "refunded_minor": 0} | columns  # fmt: skip
    for product, paid in lines:
        world.facts["line_fact"].append(
            shared | {"product_id": product, "paid_minor": paid, "quantity": 1}
        )
    world.facts["order_fact"].append(
        {"province": "广东", "city": "", "discount_minor": 0, "coupon_minor": 0,
         "quantity": len(lines), "paid_minor": sum(paid for _, paid in lines)} | shared
    )  # fmt: skip


def _view(world: World, days_ago: float, code: str) -> None:
    moment = NOW - timedelta(days=days_ago)
    world.facts["touch_fact"].append(
        {"member_id": 1, "kind": "view", "name": "", "occurred_at": moment, "shop_id": 1,
         "product_code": code, "month": 2024 * 12 + moment.month - 1}
    )  # fmt: skip


def _holds(world: World, rule: dict[str, Any]) -> bool:
    """Whether the rule is true of the member, by both ways of judging."""
    tree = read_rule(rule, worlds.VOCABULARY)
    statement = compiled([tree], DUCKDB)
    connection = worlds.loaded(world, statement.holdings)
    (members,) = worlds.found(connection, bind(statement, world.at), 1)
    assert judged(tree, world.known(1), world.at) == (members == {1})
    return members == {1}


def test_orders_are_counted_and_not_their_lines() -> None:
    # given two lines of coffee in one order
    world = _world()
    _order(world, 3, (1, 5000), (1, 3000))
    bought = {"did": "order.paid", "where": {"category": {"eq": "COFFEE"}}}

    # then
    assert _holds(world, bought | {"count": {"eq": 1}})
    assert not _holds(world, bought | {"count": {"gte": 2}})


def test_the_amount_of_a_category_is_that_of_its_lines() -> None:
    world = _world()
    _order(world, 3, (1, 5000), (2, 3000))
    bought = {"did": "order.paid", "where": {"category": {"eq": "COFFEE"}}}
    assert _holds(world, bought | {"sum": {"eq": 5000}})
    assert _holds(world, {"did": "order.paid", "sum": {"of": "amount", "eq": 8000}})


def test_the_average_is_per_order() -> None:
    world = _world()
    _order(world, 3, (1, 5000), (1, 1000))
    _order(world, 4, (1, 1001))
    bought = {"did": "order.paid", "where": {"category": {"eq": "COFFEE"}}}
    assert _holds(world, bought | {"average": {"gt": 3500}})
    assert _holds(world, bought | {"average": {"lte": 3501}})
    assert not _holds(world, bought | {"average": {"gte": 3501}})


def test_conditions_on_order_and_line_are_of_the_same_order() -> None:
    # given coffee sent to Guangdong and tea to Zhejiang
    world = _world()
    _order(world, 3, (1, 5000), province="广东")
    _order(world, 4, (2, 3000), province="浙江")

    # then
    def bought(province: str) -> dict[str, Any]:
        where = {"category": {"eq": "TEA"}, "province": {"eq": province}}
        return {"did": "order.paid", "where": where}

    assert _holds(world, bought("浙江"))
    assert not _holds(world, bought("广东"))


def test_an_order_that_was_not_bought_counts_for_nothing() -> None:
    world = _world()
    _order(world, 3, (1, 5000), is_purchase=False)
    assert not _holds(world, {"did": "order.paid"})
    assert _holds(world, {"did": "order.paid", "count": {"eq": 0}})


def test_nobody_who_never_did_it_has_an_average_or_a_last_time() -> None:
    world = _world()
    assert not _holds(world, {"did": "event.view", "last": {"lt": {"ago": "30d"}}})
    assert _holds(world, {"did": "event.view", "last": {"known": False}})
    assert not _holds(world, {"did": "order.paid", "average": {"lt": 100}})
    assert _holds(world, {"did": "order.paid", "sum": {"lt": 100}})


def test_what_is_not_known_fails_every_test_and_its_negation_holds() -> None:
    world = _world()
    assert not _holds(world, {"trait": "recency_days", "lte": 30})
    assert not _holds(world, {"trait": "recency_days", "gt": 30})
    assert _holds(world, {"not": {"trait": "recency_days", "lte": 30}})
    assert _holds(world, {"trait": "recency_days", "known": False})


@pytest.mark.parametrize(("days", "expected"), [(20, True), (20 + 1 / 86_400, False)])
def test_a_window_of_the_members_own_cycles_ends_to_the_second(days: float, expected: bool) -> None:
    world = _world(cycle_days=10)
    _order(world, days, (1, 5000))
    rule = {"did": "order.paid", "within": {"cycles": 2}}
    assert _holds(world, rule) is expected


def test_without_a_cycle_of_their_own_nothing_is_within_it() -> None:
    world = _world()
    _order(world, 1, (1, 5000))
    assert not _holds(world, {"did": "order.paid", "within": {"cycles": 2}})


def test_events_know_the_category_of_their_product() -> None:
    world = _world()
    _view(world, 1, "A1")
    _view(world, 1, "unknown")
    coffee = {"did": "event.view", "where": {"category": {"eq": "COFFEE"}}}
    assert _holds(world, coffee | {"count": {"eq": 1}})
    assert _holds(world, {"did": "event.view", "count": {"eq": 2}})


def test_a_trait_can_be_compared_with_another() -> None:
    world = _world(recency_days=15, cycle_days=10, last_paid_at=NOW, first_paid_at=NOW)
    late = {"trait": "recency_days", "gt": {"trait": "cycle_days", "times": 1.5}}
    assert not _holds(world, late)
    assert _holds(world, late | {"gt": {"trait": "cycle_days", "times": 1.4}})
    assert _holds(world, {"trait": "first_paid_at", "eq": {"trait": "last_paid_at"}})


def test_a_date_is_compared_by_the_business_date() -> None:
    world = _world(next_purchase_date=date(2024, 7, 7))
    assert _holds(world, {"trait": "next_purchase_date", "lte": {"ahead": "7d"}})
    assert not _holds(world, {"trait": "next_purchase_date", "lt": {"ahead": "7d"}})
    assert _holds(world, {"trait": "next_purchase_date", "eq": "2024-07-07"})


def test_a_segment_named_in_a_rule_means_its_rule() -> None:
    assert _holds(_world(recency_days=30), {"segment": "recent"})
    assert not _holds(_world(recency_days=31), {"segment": "recent"})
    assert not _holds(_world(), {"segment": "frozen"})


def test_tags_are_asked_of_what_the_member_carries() -> None:
    assert _holds(_world(), {"tag": "vip"})
    assert not _holds(_world(), {"tag": "promotion-only"})


def test_nothing_in_all_is_everyone() -> None:
    assert _holds(_world(), {"all": []})
    assert not _holds(_world(), {"not": {"all": []}})
