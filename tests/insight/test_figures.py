"""RFM by any rule, KPI tiles, cohorts, regions and the flow equal plain computations and SQL."""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from datetime import date, timedelta
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from django.db import connection

from huitou.brands.models import Brand
from huitou.insight import queries, services
from huitou.insight.types import RegionRow, Scope
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


@pytest.mark.parametrize("shop", [None, 1])
def test_any_period_counts_each_buyer_once_whole_and_in_slices(
    refreshed: Brand, shop: int | None
) -> None:
    # given periods of all lengths, and all of history
    shop_id = None if shop is None else list(refreshed.shops.order_by("id"))[shop].pk
    rng = random.Random(5)
    periods = [(date(2021, 7, 1), AS_OF)]
    for _ in range(8):
        end = AS_OF - timedelta(days=rng.randrange(700))
        periods.append((end - timedelta(days=rng.choice((1, 6, 40, 200))), end))

    for start, end in periods:
        # when
        tiles = queries.kpis(Scope(refreshed.pk, shop_id), start=start, end=end)

        # then
        found = {tile.code: tile.value for tile in tiles}
        assert found == pytest.approx(_tiles_by_sql(refreshed, shop_id, start, end))
        width = -(-((end - start).days + 1) // 31)
        for point, first in enumerate(range(0, (end - start).days + 1, width)):
            begin = start + timedelta(days=first)
            last = min(end, begin + timedelta(days=width - 1))
            spark = {tile.code: tile.spark[point] for tile in tiles}
            assert spark == pytest.approx(_tiles_by_sql(refreshed, shop_id, begin, last))


def test_a_comparison_needs_its_whole_period_in_the_data(refreshed: Brand) -> None:
    # given
    scope = Scope(refreshed.pk)
    fresh = queries.freshness(scope)
    assert fresh is not None
    assert fresh.first_day is not None
    first = fresh.first_day

    def compared(start: date) -> tuple[bool, bool]:
        sales = queries.kpis(scope, start=start, end=start + timedelta(days=9))[0]
        return sales.previous is not None, sales.last_year is not None

    # then the period before, and the year before, may begin on the first day, but no earlier
    a_year_on = first.replace(year=first.year + 1)
    assert compared(first + timedelta(days=9)) == (False, False)
    assert compared(first + timedelta(days=10)) == (True, False)
    assert compared(a_year_on - timedelta(days=1)) == (True, False)
    assert compared(a_year_on) == (True, True)


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


def test_an_unfinished_month_has_no_cohort_and_no_rate(brand: Brand, home: Path) -> None:
    # given a purchase in April by the first member, one in May by both, one in June by the first
    days = [(0, date(2024, 4, 30)), (0, date(2024, 5, 1)), (1, date(2024, 5, 31))]
    days += [(0, date(2024, 6, 1)), (2, date(2024, 6, 2))]
    history = [Bought(number=n, shop=0, member=m, day=day) for n, (m, day) in enumerate(days)]
    store(brand, [make_shop(brand)], make_members(brand, 3), history)
    april, may, june = ("2024-04", "2024-05", "2024-06")

    def cohorts_at(day: date) -> list[tuple[str, int, list[float]]]:
        services.refresh(brand.pk, as_of=day, now=NOW, rebuild=True)
        return [(row.month, row.size, row.rates) for row in queries.cohorts(Scope(brand.pk))]

    # then June counts from its last day on
    until_may = [(april, 1, [1.0, 1.0]), (may, 1, [1.0])]
    assert cohorts_at(date(2024, 5, 30)) == [(april, 1, [1.0])]
    assert cohorts_at(date(2024, 5, 31)) == until_may
    assert cohorts_at(date(2024, 6, 29)) == until_may
    assert cohorts_at(AS_OF) == [
        (april, 1, [1.0, 1.0, 1.0]),
        (may, 1, [1.0, 0.0]),
        (june, 1, [1.0]),
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


def test_a_province_is_made_of_its_cities(brand: Brand, home: Path) -> None:
    # given a town of the same name in two provinces, and one member who buys in both
    places = [("浙江省", "东阳"), ("浙江省", "东阳"), ("浙江省", "杭州"), ("吉林省", "东阳")]
    history = [
        Bought(number=n, shop=0, member=0, day=AS_OF - timedelta(days=n), place=place)
        for n, place in enumerate(places)
    ]
    history.append(Bought(number=9, shop=0, member=1, day=AS_OF, place=("浙江省", "")))
    store(brand, [make_shop(brand)], make_members(brand, 2), history)
    services.refresh(brand.pk, as_of=AS_OF, now=NOW, rebuild=True)

    # when
    days = {"start": AS_OF - timedelta(days=3), "end": AS_OF}
    scope = Scope(brand.pk)
    provinces = queries.regions(scope, **days)
    towns = queries.regions(scope, **days, level="city")
    inside = queries.regions(scope, **days, level="city", province="浙江省")

    # then
    def told(rows: list[RegionRow]) -> list[tuple[str, str, int, int, int]]:
        return [(r.province, r.name, r.buyers, r.orders, r.sales_minor) for r in rows]

    assert told(provinces) == [
        ("浙江省", "浙江省", 2, 4, 4000),
        ("吉林省", "吉林省", 1, 1, 1000),
    ]
    assert told(towns) == [
        ("浙江省", "东阳", 1, 2, 2000),
        ("吉林省", "东阳", 1, 1, 1000),
        ("浙江省", "杭州", 1, 1, 1000),
    ]
    assert told(inside) == [told(towns)[0], told(towns)[2]]
    assert [row.share for row in inside] == [2 / 3, 1 / 3]


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
