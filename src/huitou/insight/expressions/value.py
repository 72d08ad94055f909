"""From a fitted value model (``insight.clv``, ``value_steps``) to what each buyer is worth."""

from __future__ import annotations

import ibis

from huitou.insight import definitions
from huitou.insight.expressions.common import Column, Relation, day, rounded


def histories(buyers: Relation, as_of: Column) -> Relation:
    """Distinct histories with their customers: purchase days after the first, and days since it.

    ``recency`` is from the first purchase day to the last, ``age`` from the first to ``as_of``.
    """
    repeats, recency, age = _history(buyers, as_of)
    rows = buyers.select(repeats=repeats, recency=recency, age=age)
    return rows.group_by(["repeats", "recency", "age"]).aggregate(customers=rows.count())


def spending(buyers: Relation) -> Relation:
    """Distinct (purchase days, amount spent) with their customers."""
    rows = buyers.select(repeats=buyers.purchase_days, total=buyers.monetary_minor)
    return rows.group_by(["repeats", "total"]).aggregate(customers=rows.count())


def with_value(known: Relation, outlook: Relation, model: Relation, as_of: Column) -> Relation:
    """What the history of each buyer promises; null where there is no model."""
    repeats, recency, age = _history(known, as_of)
    keyed = known.mutate(value_repeats=repeats, value_recency=recency, value_age=age)
    keys = [
        keyed.value_repeats == outlook.repeats,
        keyed.value_recency == outlook.recency,
        keyed.value_age == outlook.age,
    ]
    joined = keyed.left_join(outlook, keys).drop("repeats", "recency", "age")
    joined = joined.drop("value_repeats", "value_recency", "value_age")
    joined = joined.cross_join(model.select("p", "q", "v"))
    total = joined.monetary_minor.cast("float64")
    days = joined.purchase_days.cast("float64")
    # spend.expected_spend, the mean of what is likely
    spend = joined.p * (joined.v + total) / (joined.p * days + joined.q - 1)
    spent = joined.mutate(expected_spend=spend).drop("p", "q", "v")
    return spent.select(
        "member_id",
        "p_alive",
        "expected_purchases",
        "expected_spend",
        spent_minor=spent.monetary_minor,
        clv_minor=rounded(spent.discounted_purchases * spent.expected_spend),
    )


def value_lines(valued: Relation) -> Relation:
    """One row: the least amount spent, and the least value to come, of those at the head."""
    spent = _head_line(valued.spent_minor, definitions.CORE_SALES_SHARE, "spent_line")
    promised = _head_line(valued.clv_minor, definitions.EXPECTED_SHARE, "promised_line")
    return spent.cross_join(promised)


def _head_line(amount: Column, share: float, name: str) -> Relation:
    """The least ``amount`` of the fewest members who together have ``share`` of it all."""
    amounts = amount.as_table().rename(amount=amount.get_name())
    amounts = amounts.filter(amounts.amount > 0)
    sums = amounts.group_by("amount").aggregate(together=amounts.amount.sum())
    from_above = ibis.window(order_by=ibis.desc(sums.amount), preceding=None, following=0)
    reached = sums.mutate(
        reached=sums.together.sum().over(from_above).cast("float64"),
        whole=sums.together.sum().over(ibis.window()).cast("float64"),
    )
    return reached.aggregate(
        **{name: reached.amount.max(where=reached.reached >= reached.whole * share)}
    )


def expected_spend_minor(known: Relation, as_of: Column) -> Column:
    """What a purchase day of the member is expected to bring."""
    del as_of
    return rounded(known.expected_spend)


def value_tier(known: Relation, as_of: Column) -> Column:
    """Core, potential or ordinary; null without a model of purchases and spending."""
    del as_of
    promising = (known.clv_minor >= known.promised_line).fill_null(False)
    proven = (known.spent_minor >= known.spent_line).fill_null(False)
    return ibis.cases(
        (known.clv_minor.isnull(), ibis.null("string")),
        (promising & proven, "core"),
        (promising, "potential"),
        else_="ordinary",
    )


def _history(known: Relation, as_of: Column) -> tuple[Column, Column, Column]:
    return (
        (known.purchase_days - 1).cast("int64"),
        known.last_day.delta(known.first_day, unit="day").cast("int64"),
        day(as_of).delta(known.first_day, unit="day").cast("int64"),
    )
