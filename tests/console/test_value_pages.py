"""Customer value, funnels and what is bought together: every number on the pages, counted again."""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from datetime import timedelta
from itertools import combinations
from pathlib import Path

import duckdb
import openpyxl
import pytest
from django.test import Client

from huitou.brands.models import Brand, Staff
from huitou.commerce.models import OrderLine
from huitou.insight import snapshots
from huitou.insight.types import Scope
from huitou.members.models import Member
from tests.console.sales import AS_OF, sell_to_regulars

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def signed_in(client: Client, staff: Staff) -> Client:
    """An operator reading English."""
    client.force_login(staff)
    client.cookies["django_language"] = "en"
    return client


@pytest.fixture
def sold(home: Path, brand: Brand) -> Brand:
    """A brand with figures."""
    return sell_to_regulars(brand)


def _rows(page: str) -> list[list[str]]:
    """The cells of every table row, without markup."""
    rows = re.findall(r"<tr>(<th scope=\"row\".*?)</tr>", page, re.DOTALL)
    cells = [re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row, re.DOTALL) for row in rows]
    return [[re.sub(r"<[^>]+>", "", cell).strip() for cell in row] for row in cells]


def _traits(brand: Brand, sql: str) -> list[tuple[object, ...]]:
    """Rows of SQL over ``traits``, the members' traits in force."""
    snapshot = snapshots.current(Scope(brand.pk, None))
    assert snapshot is not None
    source = f"read_parquet('{snapshot.traits_path}')"
    return duckdb.sql(sql.replace("FROM traits", f"FROM {source}")).fetchall()


def test_the_tiers_are_those_of_the_members(signed_in: Client, sold: Brand) -> None:
    # given
    counted = _traits(
        sold,
        "SELECT value_tier, count(*), sum(clv_minor) FROM traits"
        " WHERE value_tier IS NOT NULL GROUP BY 1",
    )

    # when
    rows = _rows(signed_in.get("/value/").content.decode())

    # then
    assert len(counted) == 3
    members = sum(count for _tier, count, _worth in counted)
    worth = sum(value for _tier, _count, value in counted)
    assert {row[0].lower(): (row[1], row[2], row[6]) for row in rows} == {
        tier: (f"{count:,}", f"{count / members:.1%}", f"{value / worth:.1%}")
        for tier, count, value in counted
    }


def test_a_tier_leads_to_its_members(signed_in: Client, sold: Brand) -> None:
    # given
    ((count,),) = _traits(sold, "SELECT count(*) FROM traits WHERE value_tier = 'core'")
    page = signed_in.get("/value/").content.decode()
    (address,) = re.findall(r'href="(/members/\?value_tier=core)"', page)

    # when
    listed = signed_in.get(address).content.decode()

    # then
    assert f"{count:,} members" in re.sub(r"<[^>]+>", "", listed)


def test_the_back_test_counts_what_happened(signed_in: Client, sold: Brand) -> None:
    # given purchase days of the last 90 days, by members who had bought before
    since = AS_OF - timedelta(days=90)
    snapshot = snapshots.current(Scope(sold.pk, None))
    assert snapshot is not None
    from huitou.insight import kept, plan

    with kept.session_of(snapshot) as session:
        ((actual,),) = session.connection.execute(
            f"""
            SELECT count(DISTINCT (member_id, biz_date)) FROM {plan.PURCHASES}
            WHERE biz_date > $since AND biz_date <= $until AND member_id IN (
                SELECT member_id FROM {plan.PURCHASES} WHERE biz_date <= $since)
            """,
            {"since": since, "until": AS_OF},
        ).fetchall()

    # when
    page = signed_in.get("/value/backtest/", {"days": "90"}).content.decode()

    # then
    happened = sum(int(row[5].replace(",", "")) for row in _rows(page))
    assert happened == actual > 0
    assert f"Fitted on purchases up to {since}" in page


@pytest.mark.parametrize(
    ("kind", "trait"),
    [("5a", "stage_5a"), ("aarrr", "aarrr_stage"), ("journey", "journey_stage")],
)
def test_the_funnel_counts_the_members(
    signed_in: Client, sold: Brand, kind: str, trait: str
) -> None:
    # given
    counted = dict(
        _traits(sold, f"SELECT {trait}, count(*) FROM traits WHERE {trait} IS NOT NULL GROUP BY 1")
    )

    # when
    page = signed_in.get("/funnel/", {"kind": kind}).content.decode()

    # then
    shown = {
        code: int(count.replace(",", ""))
        for code, count in re.findall(rf"\?{trait}=(\w+)\">([\d,]+)</a>", page)
    }
    assert shown == counted


def _baskets() -> list[set[str]]:
    """Codes of the products in each paid order of the last year, as pages count orders."""
    orders: dict[int, set[str]] = {}
    lines = OrderLine.objects.select_related("order", "product").filter(
        product__isnull=False,
        order__paid_at__isnull=False,
        order__currency="CNY",
        order__biz_date__gt=AS_OF - timedelta(days=365),
        order__biz_date__lte=AS_OF,
    )
    for line in lines.exclude(order__status__in=("cancelled", "closed_refunded")):
        kept = line.order.paid_minor - line.order.refunded_minor
        if line.order.refunded_minor == 0 or kept > 0:
            orders.setdefault(line.order_id, set()).add(line.product.code)
    return list(orders.values())


def test_what_is_bought_together_is_counted_from_the_orders(signed_in: Client, sold: Brand) -> None:
    # given
    baskets = _baskets()
    pairs = Counter(pair for basket in baskets for pair in combinations(sorted(basket), 2))
    items = Counter(code for basket in baskets for code in basket)
    (first, second), both = max(pairs.items(), key=lambda found: (found[1], found[0]))

    # when
    asked = {"sort": "-baskets", "min_support": "", "min_lift": ""}
    page = signed_in.get("/association/", asked).content.decode()
    file = signed_in.get("/association/export.csv", asked).content.decode("utf-8-sig")

    # then
    assert f"{len(baskets):,} orders with known products" in page
    rules = {(row[0], row[2]): row[4:] for row in csv.reader(io.StringIO(file))}
    assert rules[first, second] == [
        str(both),
        str(items[first]),
        str(items[second]),
        str(round(both / len(baskets), 6)),
        str(round(both / items[first], 6)),
        str(round(both * len(baskets) / items[first] / items[second], 4)),
    ]
    assert len(rules) - 1 == 2 * sum(1 for count in pairs.values() if count >= 3)


def test_rules_are_a_workbook_too(signed_in: Client, sold: Brand) -> None:
    # when
    answer = signed_in.get("/association/export.xlsx", {"min_lift": "1"})
    sheet = openpyxl.load_workbook(io.BytesIO(b"".join(answer.streaming_content))).active

    # then
    lifts = [row[9].value for row in sheet.iter_rows(min_row=2)]
    assert lifts == sorted(lifts, reverse=True)
    assert lifts[-1] >= 1


def test_a_page_beyond_the_end_is_the_last(signed_in: Client, sold: Brand) -> None:
    # given
    asked = {"min_support": "0", "min_lift": "0"}
    first = signed_in.get("/association/", asked).content.decode()
    total = int(re.findall(r"([\d,]+) rules", first)[0].replace(",", ""))

    # when
    rows = _rows(signed_in.get("/association/", {**asked, "page": "99999"}).content.decode())

    # then
    assert len(rows) == (total % 25 or 25)
    assert rows != _rows(first)


def test_a_member_is_offered_something_with_a_reason(signed_in: Client, sold: Brand) -> None:
    # given a buyer
    ((member_id,),) = _traits(sold, "SELECT min(member_id) FROM traits WHERE frequency > 1")
    member = Member.objects.get(pk=member_id)

    # when
    page = signed_in.get(f"/members/{member.public_id}/recommendations/").content.decode()

    # then
    said = re.sub(r"\s+", " ", page)
    assert 1 <= said.count("<li>") <= 5
    reasons = re.findall(r"due again since|also bought it|last year&#x27;s buyers", said)
    assert len(reasons) == said.count("<li>")


@pytest.mark.parametrize("address", ["/value/", "/funnel/", "/association/"])
def test_a_brand_without_figures_is_told_how_to_get_them(
    signed_in: Client, home: Path, brand: Brand, address: str
) -> None:
    page = signed_in.get(address).content.decode()

    assert 'href="/imports/"' in page


def test_what_the_address_gets_wrong_counts_as_not_given(signed_in: Client, sold: Brand) -> None:
    # given
    wrong = {"by": "x", "days": "-1", "min_support": "many", "sort": "'", "page": "-2"}

    # when
    given = signed_in.get("/association/", wrong)
    plain = signed_in.get("/association/", {"min_support": "0"})

    # then
    assert given.status_code == 200
    assert _rows(given.content.decode()) == _rows(plain.content.decode())
    assert signed_in.get("/funnel/", {"kind": "x"}).status_code == 200
    assert signed_in.get("/value/backtest/", {"days": "1e9"}).status_code == 200
