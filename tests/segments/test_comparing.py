"""Comparison: every figure is the one the standard library computes over the members."""

from __future__ import annotations

import statistics
from collections import Counter
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from huitou.brands.models import Brand
from huitou.insight import queries
from huitou.insight.traits import TRAITS
from huitou.segments import refreshing
from huitou.segments.comparing import compare
from huitou.segments.files import standing_members
from huitou.segments.models import Segment
from huitou.segments.profiles import Kpis
from huitou.segments.services import put_segment
from tests.console.sales import sell
from tests.insight.histories import NOW

pytestmark = pytest.mark.django_db(transaction=True)
RULES: dict[str, Any] = {
    "recent": {"trait": "recency_days", "lt": 200},
    "zhejiang": {"trait": "province", "eq": "浙江省"},
    "nobody": {"trait": "frequency", "gte": 1_000},
}
SLUGS = list(RULES)


@pytest.fixture
def sold(brand: Brand, home: Path) -> Brand:
    """A brand with figures and three refreshed segments, one of them empty."""
    sell(brand)
    for slug, rule in RULES.items():
        put_segment(brand=brand, slug=slug, name=slug, rule=rule, now=NOW)
    refreshing.refresh(brand)
    return brand


def _groups(brand: Brand) -> list[list[dict[str, Any]]]:
    """The traits of everybody, and of the members of each segment."""
    everybody = queries.member_ids(queries.Scope(brand.pk), queries.MemberFilters())
    traits = queries.member_traits(brand.pk, everybody)
    found = [list(traits.values())]
    for slug in SLUGS:
        members = standing_members(brand.pk, Segment.objects.get(brand=brand, slug=slug).pk)
        found.append([traits[member] for member in members.tolist()])
    return found


def test_every_spread_is_that_of_the_values(sold: Brand) -> None:
    # given
    groups = _groups(sold)
    kinds = ("count", "days", "money", "score", "ratio", "number")
    numbers = {t.name for t in TRAITS if t.kind in kinds}

    # when
    rows = {row.trait.name: row for row in compare(sold, SLUGS).rows}

    # then
    assert list(rows) == [trait.name for trait in TRAITS]
    for name in numbers:
        for group, spread in zip(groups, rows[name].spreads, strict=True):
            values = [row[name] for row in group if row[name] is not None]
            assert spread.known == len(values)
            if values:
                assert spread.mean == pytest.approx(statistics.fmean(values))
                assert spread.deviation == pytest.approx(statistics.pstdev(values))
                assert spread.median == pytest.approx(statistics.median(values))
                quarters = statistics.quantiles(values, n=4, method="inclusive")
                assert spread.levels is not None
                assert [spread.levels[1], spread.levels[3]] == pytest.approx(
                    [quarters[0], quarters[2]]
                )
    assert rows["frequency"].spreads[3].levels is None


def test_dates_are_days(sold: Brand) -> None:
    rows = {row.trait.name: row for row in compare(sold, SLUGS).rows}
    dates = [row["next_purchase_date"] for row in _groups(sold)[1]]

    days = [(day - date(1970, 1, 1)).days for day in dates]
    assert rows["next_purchase_date"].spreads[1].median == statistics.median(days)


def test_every_count_is_that_of_the_values(sold: Brand) -> None:
    groups = _groups(sold)
    rows = compare(sold, SLUGS).rows

    for row in (r for r in rows if r.trait.kind in ("code", "text")):
        for group, counts in zip(groups, row.counts, strict=True):
            assert counts == Counter(member[row.trait.name] or "" for member in group)
    assert {row.trait.name for row in rows if row.counts} >= {"province", "rfm_group"}


def test_key_figures_are_sums_over_members(sold: Brand) -> None:
    groups = _groups(sold)

    found = compare(sold, SLUGS)

    for group, kpis in zip(groups, found.kpis, strict=True):
        bought = [row for row in group if row["frequency"]]
        assert kpis == Kpis(
            members=len(group),
            buyers=len(bought),
            sales_minor=sum(row["monetary_minor"] for row in bought),
            orders=sum(row["frequency"] for row in bought),
            repeat=sum(row["frequency"] >= 2 for row in bought),
            new=sum(row["buyer_type"] == "new" for row in bought),
            lost=sum(row["lifecycle_stage"] == "lost" for row in bought),
        )
    assert found.kpis[3].repurchase_rate is None


def test_what_defines_a_segment_sets_it_apart_most(sold: Brand) -> None:
    rows = compare(sold, ["recent", "zhejiang"]).rows

    by_zhejiang = {row.trait.name: abs(row.effects[2] or 0) for row in rows}
    assert max(by_zhejiang, key=lambda name: by_zhejiang[name]) == "province"
    recency = next(row for row in rows if row.trait.name == "recency_days")
    assert recency.effects[1] is not None
    assert recency.effects[1] < -0.5
    assert recency.effects[0] is None


def test_nobody_has_no_effect(sold: Brand) -> None:
    rows = compare(sold, ["recent", "nobody"]).rows
    assert {row.effects[2] for row in rows} == {None}
