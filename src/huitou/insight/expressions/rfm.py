"""RFM: the lines, the groups and the scores."""

from __future__ import annotations

from datetime import date, timedelta

import ibis

from huitou.insight import definitions
from huitou.insight.expressions.buyers import SCORE_QUANTILES
from huitou.insight.expressions.common import (
    Column,
    Relation,
    between,
    of_members,
    ratio,
    recency,
    sales,
)
from huitou.insight.rules import Threshold
from huitou.insight.types import RfmRule


def rfm_group(known: Relation, as_of: Column) -> Column:
    """The group with the means of all buyers as lines."""
    del as_of
    return group_code(
        known.recency_days <= known.recency_days_mean,
        known.frequency >= known.frequency_mean,
        known.monetary_minor >= known.monetary_minor_mean,
    )


def group_code(recent: Column, frequent: Column, high: Column) -> Column:
    """The code of one of the eight groups."""
    branches = [
        ((recent == r) & (frequent == f) & (high == m), label.code)
        for (r, f, m), label in definitions.RFM_GROUPS.items()
    ]
    return ibis.cases(*branches, else_=ibis.null("string"))


def _above(known: Relation, name: str) -> Column:
    passed = [
        (known[name] > known[f"{name}_q{place}"]).cast("int64")
        for place in range(1, len(SCORE_QUANTILES) + 1)
    ]
    return passed[0] + passed[1] + passed[2] + passed[3]


def r_score(known: Relation, as_of: Column) -> Column:
    """5 for the most recent fifth, 1 for the longest absent."""
    del as_of
    return 5 - _above(known, "recency_days")


def f_score(known: Relation, as_of: Column) -> Column:
    """5 for the fifth with the most purchases."""
    del as_of
    return 1 + _above(known, "frequency")


def m_score(known: Relation, as_of: Column) -> Column:
    """5 for the fifth that spent most."""
    del as_of
    return 1 + _above(known, "monetary_minor")


def rfm_measures(orders: Relation, as_of: date, rule: RfmRule) -> Relation:
    """One row per member with a purchase in the rule's window: R, F, M and what M is judged by."""
    bought = of_members(orders, as_of)
    if rule.window_days is not None:
        bought = between(bought, as_of - timedelta(days=rule.window_days - 1), as_of)
    totals = bought.group_by("member_id").aggregate(
        frequency=bought.count(), monetary_minor=sales(bought), last_day=bought.biz_date.max()
    )
    # Six decimals: averages that are equal must stay equal to their own mean in floating point.
    average = ratio(totals.monetary_minor, totals.frequency).round(6)
    amount = average if rule.amount == "average" else totals.monetary_minor.cast("float64")
    return totals.select(
        "member_id",
        "frequency",
        "monetary_minor",
        recency_days=recency(totals.last_day, as_of),
        amount=amount,
    )


def rfm_lines(measured: Relation, threshold: Threshold) -> Relation:
    """One row with the three lines; null while nobody has bought."""
    if threshold.fixed is not None:
        names = ("recency_line", "frequency_line", "amount_line")
        fixed = dict(zip(names, threshold.fixed, strict=True))
        return measured.aggregate(
            **{
                name: ibis.ifelse(measured.count() > 0, ibis.literal(value), ibis.null("float64"))
                for name, value in fixed.items()
            }
        )
    quantile = threshold.quantile

    def line(name: str) -> Column:
        number = measured[name].cast("float64")
        if quantile is None:
            mean = ratio(measured[name].sum(), measured.count())
            return mean.round(6) if name == "amount" else mean
        # Whole numbers at whole percents have two decimals; more would be float dust.
        return number.quantile(quantile).round(6)

    return measured.aggregate(
        recency_line=line("recency_days"),
        frequency_line=line("frequency"),
        amount_line=line("amount"),
    )


def rfm_grouped(measured: Relation, lines: Relation) -> Relation:
    """Every measured buyer with the group they fall into."""
    judged = measured.cross_join(lines)
    return judged.select(
        "member_id",
        "recency_days",
        "frequency",
        "monetary_minor",
        code=group_code(
            judged.recency_days <= judged.recency_line,
            judged.frequency >= judged.frequency_line,
            judged.amount >= judged.amount_line,
        ),
    )


def rfm_groups(grouped: Relation) -> Relation:
    """Members, sales and purchases of each group that has any."""
    return grouped.group_by("code").aggregate(
        members=grouped.count(),
        sales_minor=grouped.monetary_minor.sum(),
        orders=grouped.frequency.sum(),
    )
