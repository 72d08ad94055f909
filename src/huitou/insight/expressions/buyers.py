"""Who bought what up to a date, and what of it traits are made."""

from __future__ import annotations

import ibis

from huitou.insight import definitions
from huitou.insight.expressions.common import (
    Column,
    Relation,
    of_members,
    ratio,
    recency,
    rounded,
    sales,
    value_at_greatest,
    whole_seconds,
)
from huitou.insight.expressions.habits import counted, habit_tallies

SCORE_QUANTILES = (0.2, 0.4, 0.6, 0.8)


def buyers(orders: Relation, visits: Relation, as_of: Column) -> Relation:
    """One row per member with a purchase up to ``as_of``: what their orders add up to.

    ``visits`` are the days of ``rhythm.purchase_days``.
    """
    bought = of_members(orders, as_of)
    # Paid seconds first, the order's id among equals: one integer that orders purchases in time.
    moment = whole_seconds(bought.paid_at) * 2**31 + bought.order_id % 2**31
    stated = bought.province != ""
    totals = bought.group_by("member_id").aggregate(
        frequency=bought.count(),
        monetary_minor=sales(bought),
        first_paid_at=bought.paid_at.min(),
        last_paid_at=bought.paid_at.max(),
        province=value_at_greatest(bought.province, moment, where=stated),
        city=value_at_greatest(bought.city, moment, where=stated).nullif(""),
        **habit_tallies(bought),
    )
    dated = visits.group_by("member_id").aggregate(
        first_day=visits.biz_date.min(),
        last_day=visits.biz_date.max(),
        purchase_days=visits.count(),
    )
    known = totals.join(dated, "member_id")
    return known.mutate(recency_days=recency(known.last_day, as_of))


def buyer_days(orders: Relation, as_of: Column) -> Relation:
    """The part of ``buyers`` that stages are made of."""
    bought = of_members(orders, as_of)
    totals = bought.group_by("member_id").aggregate(
        first_day=bought.biz_date.min(),
        last_day=bought.biz_date.max(),
        purchase_days=bought.biz_date.nunique(),
    )
    return totals.mutate(recency_days=recency(totals.last_day, as_of))


def buyer_sums(orders: Relation, as_of: Column) -> Relation:
    """The part of ``buyers`` that the value model is made of."""
    bought = of_members(orders, as_of)
    return bought.group_by("member_id").aggregate(
        monetary_minor=sales(bought),
        first_day=bought.biz_date.min(),
        last_day=bought.biz_date.max(),
        purchase_days=bought.biz_date.nunique(),
    )


def measures_scale(measured: Relation) -> Relation:
    """One row: mean and score quantiles of recency, frequency and amount over all buyers."""
    columns = {}
    for name in ("recency_days", "frequency", "monetary_minor"):
        columns[f"{name}_mean"] = ratio(measured[name].sum(), measured.count())
        # Together: asked for one by one, an engine holds the numbers of all buyers for each.
        lines = measured[name].cast("float64").quantile(list(SCORE_QUANTILES))
        for place in range(1, len(SCORE_QUANTILES) + 1):
            # Whole numbers interpolated at tenths: two decimals are exact and free of float dust.
            columns[f"{name}_q{place}"] = lines[place - 1].round(2)
    return measured.aggregate(
        **columns,
        brand_promotions=counted(measured, "promotions").sum(),
        brand_told_promotion=counted(measured, "told_promotion").sum(),
    )


def average_order_value(known: Relation, as_of: Column) -> Column:
    """Amount per purchase in whole minor units, rounded half up."""
    del as_of
    return rounded(ratio(known.monetary_minor, known.frequency))


def buyer_type(known: Relation, as_of: Column) -> Column:
    """New, returning or loyal by purchase days."""
    del as_of
    return ibis.cases(
        (known.purchase_days >= definitions.LOYAL_DAYS_MIN, "loyal"),
        (known.purchase_days >= 2, "returning"),
        else_="new",
    )
