"""RFM by any rule, KPI tiles, cohorts, regions and the flow equal plain computations and SQL."""

from __future__ import annotations

from collections import Counter, defaultdict
from datetime import date, timedelta
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from django.db import connection

from huitou.brands.models import Brand
from huitou.insight import queries, services
from huitou.insight.types import Scope
from huitou.kernel.errors import RefusedInputError
from tests.factories import make_shop
from tests.insight import plain
from tests.insight.histories import NOW, Bought, make_members, random_history, store

AS_OF = date(2024, 6, 30)
HISTORY = random_history(11, members=60, orders=500)


@pytest.fixture
def refreshed(brand: Brand, home: Path) -> Brand:
    """A brand with ``HISTORY`` in two shops, refreshed at ``AS_OF``."""
    shops = [make_shop(brand), make_shop(brand)]
    store(brand, shops, make_members(brand, 60), HISTORY)
    services.refresh(brand.pk, as_of=AS_OF, now=NOW, rebuild=True)
    return brand


@pytest.mark.parametrize("threshold", ["mean", "median", "q60", "q07", "90,3,5000.5"])
def test_rfm_by_any_rule_equals_the_plain_computation(refreshed: Brand, threshold: str) -> None:
    # given
    day = date(2024, 6, 3)
    rules = list(product(("total", "average"), (None, 365, 1)))

    # when
    found = [
        queries.rfm(
            Scope(refreshed.pk),
            threshold=threshold,
            amount=amount,
            window_days=window_days,
            as_of=day,
        )
        for amount, window_days in rules
    ]

    # then
    assert [
        {group.code: (group.members, group.sales_minor) for group in summary.groups}
        for summary in found
        if summary
    ] == [_plain_groups(day, threshold, amount, window_days) for amount, window_days in rules]


def _plain_groups(
    day: date, threshold: str, amount: str, window_days: int | None
) -> dict[str, tuple[int, int]]:
    groups = plain.rfm_members(
        HISTORY, day, threshold=threshold, average=amount == "average", window_days=window_days
    )
    bought = plain.bought_until(HISTORY, day, window_days)
    members = Counter(groups.values())
    sales: Counter[str] = Counter()
    for member, code in groups.items():
        sales[code] += sum(order.net for order in bought[member])
    return {code: (members[code], sales[code]) for code in plain.GROUPS.values()}


def test_the_snapshots_rfm_is_the_default_rule(refreshed: Brand) -> None:
    stored = queries.rfm(Scope(refreshed.pk))
    assert stored == queries.rfm(Scope(refreshed.pk), as_of=AS_OF)
    assert stored is not None
    assert Counter({g.code: g.members for g in stored.groups if g.members}) == Counter(
        plain.rfm_members(HISTORY, AS_OF).values()
    )


@pytest.mark.parametrize("threshold", ["q1.5", "average", "1,2", ""])
def test_an_unreadable_threshold_is_refused(refreshed: Brand, threshold: str) -> None:
    with pytest.raises(RefusedInputError):
        queries.rfm(Scope(refreshed.pk), threshold=threshold)


@pytest.mark.parametrize(
    ("start", "end"),
    [
        (date(2024, 6, 1), date(2024, 6, 30)),
        (date(2023, 7, 1), date(2024, 6, 30)),
        (date(2024, 2, 29), date(2024, 2, 29)),
    ],
)
@pytest.mark.parametrize("shop", [None, 1])
def test_every_tile_equals_sql_over_the_orders(
    refreshed: Brand, start: date, end: date, shop: int | None
) -> None:
    # given
    shop_id = None if shop is None else list(refreshed.shops.order_by("id"))[shop].pk
    days = (end - start).days + 1
    last_year = (
        start.replace(year=start.year - 1, day=min(start.day, 28))
        if days == 1
        else start.replace(year=start.year - 1)
    )

    # when
    tiles = queries.kpis(Scope(refreshed.pk, shop_id), start=start, end=end)

    # then
    now = _tiles_by_sql(refreshed, shop_id, start, end)
    before = _tiles_by_sql(refreshed, shop_id, start - timedelta(days=days), start - timedelta(1))
    year = _tiles_by_sql(
        refreshed, shop_id, last_year, last_year if days == 1 else end.replace(year=end.year - 1)
    )
    assert {tile.code: tile.value for tile in tiles} == pytest.approx(now)
    assert {tile.code: tile.previous for tile in tiles} == pytest.approx(before)
    assert {tile.code: tile.last_year for tile in tiles} == pytest.approx(year)
    assert all(len(tile.spark) == min(days, len(tile.spark)) for tile in tiles)
    assert sum(tiles[0].spark) == tiles[0].value


def _tiles_by_sql(brand: Brand, shop_id: int | None, start: date, end: date) -> dict[str, Any]:
    with connection.cursor() as cursor:
        cursor.execute(
            """
            WITH bought AS (
                SELECT * FROM commerce_order
                WHERE brand_id = %(brand)s AND is_purchase AND currency = 'CNY'
                  AND (%(shop)s::int IS NULL OR shop_id = %(shop)s)
            ), period AS (
                SELECT * FROM bought WHERE biz_date BETWEEN %(start)s AND %(end)s
            ), firsts AS (
                SELECT member_id, min(biz_date) AS first_day FROM bought
                WHERE member_id IS NOT NULL GROUP BY 1
            ), repeaters AS (
                SELECT member_id FROM period WHERE member_id IS NOT NULL
                GROUP BY 1 HAVING count(*) >= 2
            )
            SELECT coalesce(sum(paid_minor - refunded_minor), 0),
                   count(DISTINCT p.member_id),
                   count(*),
                   sum(quantity),
                   sum(list_minor) FILTER (WHERE list_minor > 0),
                   sum(coalesce(list_minor - discount_minor, paid_minor))
                       FILTER (WHERE list_minor > 0),
                   (SELECT count(*) FROM repeaters),
                   count(DISTINCT p.member_id) FILTER (WHERE f.first_day >= %(start)s)
            FROM period p LEFT JOIN firsts f USING (member_id)
            """,
            {"brand": brand.pk, "shop": shop_id, "start": start, "end": end},
        )
        row = [int(value or 0) for value in cursor.fetchone()]
    sales, buyers, orders, units, listed, deal, repeaters, new = row
    return {
        "sales": sales,
        "buyers": buyers,
        "orders": orders,
        "aov": _half_up(sales, buyers),
        "atv": _half_up(sales, orders),
        "asp": _half_up(sales, units),
        "upt": units / orders if orders else None,
        "discount_loss": 1 - deal / listed if listed else None,
        "repurchase_rate": repeaters / buyers if buyers else None,
        "new_buyers": new,
        "returning_share": 1 - new / buyers if buyers else None,
    }


def _half_up(numerator: int, denominator: int) -> int | None:
    return (2 * numerator + denominator) // (2 * denominator) if denominator else None


def test_the_trend_sets_each_day_beside_the_same_date_a_year_before(refreshed: Brand) -> None:
    # when
    found = queries.trend(Scope(refreshed.pk), start=date(2022, 6, 1), end=date(2024, 6, 30))

    # then
    sales: Counter[date] = Counter()
    for order in HISTORY:
        if order.is_purchase and order.currency == "CNY" and order.day <= AS_OF:
            sales[order.day] += order.net
    first = min(sales)
    assert found.current_minor == [sales[day] for day in found.days]
    assert found.last_year_minor == [
        None if (then := _year_before(day)) < first else sales[then] for day in found.days
    ]


def _year_before(day: date) -> date:
    return date(2023, 2, 28) if day == date(2024, 2, 29) else day.replace(year=day.year - 1)


def test_cohorts_follow_the_month_of_first_purchase(refreshed: Brand) -> None:
    # when
    found = queries.cohorts(Scope(refreshed.pk), months=24)

    # then
    months: dict[int, set[int]] = defaultdict(set)
    for member, orders in plain.bought_until(HISTORY, AS_OF).items():
        months[member] = {order.day.year * 12 + order.day.month - 1 for order in orders}
    last = 2024 * 12 + 5
    for row, first in zip(found, range(last - 23, last + 1), strict=True):
        cohort = [seen for seen in months.values() if min(seen) == first]
        assert row.month == f"{first // 12}-{first % 12 + 1:02d}"
        assert row.size == len(cohort)
        assert row.rates == [
            sum(first + age in seen for seen in cohort) / len(cohort)
            for age in range(last - first + 1)
            if cohort
        ]


@pytest.mark.parametrize("level", ["province", "city"])
def test_regions_add_up_by_place(refreshed: Brand, level: str) -> None:
    # given
    start, end = date(2023, 1, 1), date(2023, 12, 31)

    # when
    found = queries.regions(Scope(refreshed.pk), start=start, end=end, level=level)

    # then
    placed: dict[str, list[Bought]] = defaultdict(list)
    for order in HISTORY:
        name = order.place[0 if level == "province" else 1]
        if order.is_purchase and order.currency == "CNY" and start <= order.day <= end and name:
            placed[name].append(order)
    total = sum(order.net for orders in placed.values() for order in orders)
    assert {(r.name, r.buyers, r.orders, r.sales_minor, r.share) for r in found} == {
        (
            name,
            len({order.member for order in orders} - {None}),
            len(orders),
            sum(order.net for order in orders),
            sum(order.net for order in orders) / total,
        )
        for name, orders in placed.items()
    }


def test_the_flow_leads_from_the_stages_of_30_days_ago(refreshed: Brand) -> None:
    # when
    found = queries.lifecycle_flow(Scope(refreshed.pk))

    # then
    before = plain.traits(HISTORY, AS_OF - timedelta(days=30), support=30)
    now = plain.traits(HISTORY, AS_OF, support=30)
    moved = Counter(
        (before.get(member, {}).get("lifecycle_stage", "not_yet"), traits["lifecycle_stage"])
        for member, traits in now.items()
    )
    assert found is not None
    assert {(link.source, link.target): link.members for link in found.links} == moved


def test_the_matrix_counts_every_buyer_once(refreshed: Brand) -> None:
    found = queries.recency_frequency(Scope(refreshed.pk))
    expected = Counter()
    for traits in plain.traits(HISTORY, AS_OF, support=30).values():
        row = sum(traits["recency_days"] > top for top in (30, 60, 90, 180, 365))
        column = sum(traits["frequency"] > top for top in (1, 2, 3, 5))
        expected[row, column] += 1
    assert found is not None
    assert found.cells == [[expected[row, column] for column in range(5)] for row in range(6)]


def test_a_brand_without_orders_has_empty_figures(brand: Brand, home: Path) -> None:
    # given
    make_members(brand, 2)

    # when
    services.refresh(brand.pk, as_of=AS_OF, now=NOW, rebuild=True)

    # then
    scope = Scope(brand.pk)
    found = queries.rfm(scope)
    assert found is not None
    assert [group.members for group in found.groups] == [0] * 8
    assert found.thresholds.recency_days is None
    assert queries.kpis(scope, start=AS_OF, end=AS_OF)[0].value == 0
    assert queries.cohorts(scope) == []
    assert queries.find_members(scope, queries.MemberFilters()).total == 2


def test_members_are_found_by_traits(refreshed: Brand) -> None:
    # given
    expected = plain.traits(HISTORY, AS_OF, support=30)
    wanted = [
        traits
        for traits in expected.values()
        if traits["province"] == "浙江省" and 3 <= traits["frequency"]
    ]

    # when
    page = queries.find_members(
        Scope(refreshed.pk),
        queries.MemberFilters(values={"province": ("浙江省",)}, ranges={"frequency": (3, None)}),
        sort="monetary_minor",
        limit=5,
    )

    # then
    amounts = sorted((traits["monetary_minor"] for traits in wanted), reverse=True)
    assert (page.total, page.sales_minor) == (len(wanted), sum(amounts))
    assert [row.traits["monetary_minor"] for row in page.rows] == amounts[:5]


def test_an_unknown_trait_is_an_error(refreshed: Brand) -> None:
    with pytest.raises(ValueError, match="no such trait"):
        queries.find_members(Scope(refreshed.pk), queries.MemberFilters(), sort="1; drop table x")


def test_a_never_refreshed_brand_has_no_freshness(brand: Brand, home: Path) -> None:
    assert queries.freshness(Scope(brand.pk)) is None
    assert queries.rfm(Scope(brand.pk)) is None
    assert queries.find_members(Scope(brand.pk), queries.MemberFilters()).rows == []
