"""The rules of insight as Ibis expressions: written once, compiled for an engine.

Each function takes relations (purchases, lake tables or earlier steps) and returns one.
``insight.plan`` names the steps and runs them in order. Import this module only where an expression
is compiled: Ibis is slow to load. Divisions are cast to float first, because engines differ on
integers.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import ibis

from huitou.insight import definitions
from huitou.insight.rules import Threshold
from huitou.insight.types import RfmRule
from huitou.kernel.months import month_number

# Ibis' own types are too dynamic for strict checking; a relation or column is ``Any`` here.
Relation = Any
Column = Any

SCORE_QUANTILES = (0.2, 0.4, 0.6, 0.8)


@ibis.udf.agg.builtin(name="arg_max")  # type: ignore[untyped-decorator]
def value_at_greatest(value: str, key: int) -> str:
    """The value of the row with the greatest key (Ibis' own ``argmax`` sorts every group)."""
    raise NotImplementedError  # the engine's own function; Ibis reads the signature only


@ibis.udf.scalar.builtin(name="as_of_day")  # type: ignore[untyped-decorator]
def as_of_day() -> date:
    """The session's as-of date: ``plan.run_steps`` states it, so one SQL serves every date."""
    raise NotImplementedError  # a macro of the session; Ibis reads the signature only


def day(value: Column | date) -> Column:
    """A date literal; a column stays what it is."""
    return ibis.literal(value, type="date") if isinstance(value, date) else value


def until(facts: Relation, as_of: Column | date) -> Relation:
    """Rows dated up to and including ``as_of``; the month lets whole files be skipped."""
    last = day(as_of)
    month = last.year() * 12 + last.month() - 1  # kernel.months.month_number
    return facts.filter(facts.month <= month, facts.biz_date <= last)


def between(facts: Relation, start: date, end: date) -> Relation:
    """Rows dated ``start`` to ``end``, both included."""
    return facts.filter(
        facts.month >= month_number(start),
        facts.month <= month_number(end),
        facts.biz_date >= day(start),
        facts.biz_date <= day(end),
    )


def _recency(last_day: Column, as_of: Column | date) -> Column:
    return day(as_of).delta(last_day, unit="day").cast("int64")


def _ratio(numerator: Column, denominator: Column) -> Column:
    return numerator.cast("float64") / denominator.cast("float64")


def _rounded(number: Column) -> Column:
    return (number + 0.5).floor().cast("int64")


def _sales(orders: Relation) -> Column:
    return (orders.paid_minor - orders.refunded_minor).sum()


def _of_members(orders: Relation, as_of: Column | date) -> Relation:
    return until(orders.filter(orders.member_id.notnull()), as_of)


def buyers(orders: Relation, as_of: Column) -> Relation:
    """One row per member with a purchase up to ``as_of``: what their orders add up to."""
    bought = _of_members(orders, as_of)
    # Paid seconds first, the order's id among equals: one integer that orders purchases in time.
    moment = bought.paid_at.epoch_seconds().cast("int64") * 2**31 + bought.order_id % 2**31
    stated = bought.province != ""
    totals = bought.group_by("member_id").aggregate(
        frequency=bought.count(),
        monetary_minor=_sales(bought),
        first_paid_at=bought.paid_at.min(),
        last_paid_at=bought.paid_at.max(),
        first_day=bought.biz_date.min(),
        last_day=bought.biz_date.max(),
        purchase_days=bought.biz_date.nunique(),
        province=value_at_greatest(bought.province, moment, where=stated),
        city=value_at_greatest(bought.city, moment, where=stated).nullif(""),
    )
    return totals.mutate(recency_days=_recency(totals.last_day, as_of))


def buyer_days(orders: Relation, as_of: Column) -> Relation:
    """The part of ``buyers`` that stages are made of."""
    bought = _of_members(orders, as_of)
    totals = bought.group_by("member_id").aggregate(
        first_day=bought.biz_date.min(),
        last_day=bought.biz_date.max(),
        purchase_days=bought.biz_date.nunique(),
    )
    return totals.mutate(recency_days=_recency(totals.last_day, as_of))


def mean_interval(first: Column, last: Column, days: Column) -> Column:
    """Average days between successive of ``days`` purchase days from ``first`` to ``last``."""
    return _ratio(last.delta(first, unit="day"), days - 1)


def categories(products: Relation) -> Relation:
    """Category names numbered from 1 in their order, so that heavy steps group by integers."""
    names = products.filter(products.category != "").select("category").distinct()
    return names.mutate(
        category_no=(ibis.row_number().over(order_by=names.category) + 1).cast("int64")
    )


def category_days(
    lines: Relation, products: Relation, numbered: Relation, as_of: Column
) -> Relation:
    """One row per member and category: first, last and number of days it was bought."""
    bought = _of_members(lines, as_of)
    known = products.join(numbered, "category").select("product_id", "category_no")
    dated = bought.select("member_id", "product_id", "biz_date").join(known, "product_id")
    return dated.group_by(["member_id", "category_no"]).aggregate(
        days=dated.biz_date.nunique(), first_day=dated.biz_date.min(), last_day=dated.biz_date.max()
    )


def category_norms(by_category: Relation, numbered: Relation) -> Relation:
    """The purchase cycle of each category: the median member's average interval in it."""
    back = by_category.filter(by_category.days >= 2)
    interval = mean_interval(back.first_day, back.last_day, back.days)
    norms = back.group_by("category_no").aggregate(
        category_cycle=_rounded(interval.median()), members=back.count()
    )
    kept = norms.filter(norms.members >= definitions.CATEGORY_SUPPORT_MIN)
    return kept.join(numbered, "category_no").select(
        "category_no", "category", "category_cycle", "members"
    )


def main_categories(by_category: Relation, numbered: Relation) -> Relation:
    """One row per member: the category bought on most days, the latest of equals, then by name."""
    epoch = day(date(1970, 1, 1))
    last = by_category.last_day.delta(epoch, unit="day").cast("int64")
    # Three ranks in one integer: days above the date of the last above the name's place.
    key = by_category.days * 2**40 + (last * 2**20 + (2**20 - by_category.category_no))
    best = by_category.group_by("member_id").aggregate(best=key.max())
    chosen = best.select("member_id", category_no=2**20 - best.best % 2**20)
    return chosen.join(numbered, "category_no").select(
        "member_id", "category_no", main_category=numbered.category
    )


def measures_scale(measured: Relation) -> Relation:
    """One row: mean and score quantiles of recency, frequency and amount over all buyers."""
    columns = {}
    for name in ("recency_days", "frequency", "monetary_minor"):
        number = measured[name].cast("float64")
        columns[f"{name}_mean"] = _ratio(measured[name].sum(), measured.count())
        for place, quantile in enumerate(SCORE_QUANTILES, start=1):
            # Whole numbers interpolated at tenths: two decimals are exact and free of float dust.
            columns[f"{name}_q{place}"] = number.quantile(quantile).round(2)
    return measured.aggregate(**columns)


def brand_norm(by_member: Relation) -> Relation:
    """One row: the brand's purchase cycle, the median buyer's average interval."""
    interval = mean_interval(by_member.first_day, by_member.last_day, by_member.purchase_days)
    norm = by_member.aggregate(cycle=interval.median(where=by_member.purchase_days >= 2))
    fallback = float(definitions.DEFAULT_CYCLE_DAYS)
    return norm.select(brand_cycle=at_least_one_day(_rounded(norm.cycle.fill_null(fallback))))


def at_least_one_day(days: Column) -> Column:
    """``days``, but no less than one: a cycle of nothing would make everyone late."""
    return ibis.greatest(days, 1)


def with_cycles(by_member: Relation, main: Relation, norms: Relation, brand: Relation) -> Relation:
    """One row per buyer with the purchase cycle that holds for them."""
    known = by_member.left_join(main, "member_id").drop("member_id_right")
    cycle = norms.select("category_no", "category_cycle")
    known = known.left_join(cycle, "category_no").drop("category_no_right")
    known = known.cross_join(brand)
    personal = ibis.cases(
        (
            known.purchase_days >= definitions.PERSONAL_CYCLE_DAYS_MIN,
            _rounded(mean_interval(known.first_day, known.last_day, known.purchase_days)),
        ),
        else_=ibis.null("int64"),
    )
    basis = ibis.cases(
        (known.purchase_days >= definitions.PERSONAL_CYCLE_DAYS_MIN, "personal"),
        (known.category_cycle.notnull(), "category"),
        else_="brand",
    )
    days = ibis.coalesce(personal, known.category_cycle, known.brand_cycle)
    return known.mutate(cycle_days=at_least_one_day(days), cycle_basis=basis)


def profile(cycled: Relation, scale: Relation) -> Relation:
    """One row per buyer with everything traits are made of."""
    return cycled.cross_join(scale)


def stages(cycled: Relation, as_of: Column) -> Relation:
    """The life-cycle stage of every buyer, without the other traits."""
    return cycled.select("member_id", lifecycle_stage=lifecycle_stage(cycled, as_of))


def average_order_value(known: Relation, as_of: Column) -> Column:
    """Amount per purchase in whole minor units, rounded half up."""
    del as_of
    return _rounded(_ratio(known.monetary_minor, known.frequency))


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


def _later(last_day: Column, days: Column) -> Column:
    return last_day + days.cast("int32").as_interval("D")


def next_purchase_date(known: Relation, as_of: Column) -> Column:
    """One cycle after the last purchase."""
    del as_of
    return _later(known.last_day, known.cycle_days)


def loss_warning_date(known: Relation, as_of: Column) -> Column:
    """The loss-warning line as a date."""
    del as_of
    return _later(known.last_day, known.cycle_days * definitions.WARNING_CYCLES)


def lifecycle_stage(known: Relation, as_of: Column) -> Column:
    """The stage by cycles gone without a purchase."""
    del as_of
    branches = [
        (known.recency_days <= known.cycle_days * limit, code)
        for code, limit in definitions.STAGE_LIMITS
    ]
    return ibis.cases(*branches, else_="lost")


def buyer_type(known: Relation, as_of: Column) -> Column:
    """New, returning or loyal by purchase days."""
    del as_of
    return ibis.cases(
        (known.purchase_days >= definitions.LOYAL_DAYS_MIN, "loyal"),
        (known.purchase_days >= 2, "returning"),
        else_="new",
    )


def rfm_measures(orders: Relation, as_of: date, rule: RfmRule) -> Relation:
    """One row per member with a purchase in the rule's window: R, F, M and what M is judged by."""
    bought = _of_members(orders, as_of)
    if rule.window_days is not None:
        bought = between(bought, as_of - timedelta(days=rule.window_days - 1), as_of)
    totals = bought.group_by("member_id").aggregate(
        frequency=bought.count(), monetary_minor=_sales(bought), last_day=bought.biz_date.max()
    )
    # Six decimals: averages that are equal must stay equal to their own mean in floating point.
    average = _ratio(totals.monetary_minor, totals.frequency).round(6)
    amount = average if rule.amount == "average" else totals.monetary_minor.cast("float64")
    return totals.select(
        "member_id",
        "frequency",
        "monetary_minor",
        recency_days=_recency(totals.last_day, as_of),
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
            mean = _ratio(measured[name].sum(), measured.count())
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


def cohorts(orders: Relation, as_of: Column) -> Relation:
    """Members by month of first purchase and months since, who bought in that later month."""
    bought = _of_members(orders, as_of)
    active = bought.select("member_id", "month").distinct()
    first = active.group_by("member_id").aggregate(first_month=active.month.min())
    dated = active.join(first, "member_id")
    aged = dated.select("first_month", age=dated.month - dated.first_month)
    return aged.group_by(["first_month", "age"]).aggregate(members=aged.count())


def daily(orders: Relation, as_of: Column) -> Relation:
    """What the purchases of each day and place up to ``as_of`` add up to.

    ``listed`` and ``deal`` cover orders whose list amount is known.
    """
    bought = until(orders, as_of)
    listed = bought.list_minor > 0
    deal = (bought.list_minor - bought.discount_minor).fill_null(bought.paid_minor)
    bought = bought.mutate(deal=deal)
    return bought.group_by(["biz_date", "province", "city"]).aggregate(
        orders=bought.count(),
        sales_minor=_sales(bought),
        units=bought.quantity.sum().fill_null(0),
        listed=bought.list_minor.sum(where=listed).fill_null(0),
        deal=bought.deal.sum(where=listed).fill_null(0),
    )


def successions(orders: Relation, as_of: Column) -> Relation:
    """One row per purchase of a known member, with the dates of that member's purchases before it.

    ``earlier`` is the date of the purchase before, ``earlier_2`` of the one before that;
    ``earlier_in_province`` and ``earlier_in_city`` of the one before that went to the same place.
    With them any period's distinct buyers are counted without looking at members: a buyer is
    counted once, at the purchase whose predecessor lies before the period.
    """
    bought = _of_members(orders, as_of)

    def earlier(steps: int, *place: str) -> Column:
        window = ibis.window(group_by=["member_id", *place], order_by="biz_date")
        return bought.biz_date.lag(steps).over(window)

    return bought.select(
        "biz_date",
        "province",
        "city",
        earlier=earlier(1),
        earlier_2=earlier(2),
        earlier_in_province=earlier(1, "province"),
        earlier_in_city=earlier(1, "province", "city"),
    )


def comebacks(followed: Relation) -> Relation:
    """How many purchases of a date follow one of an ``earlier`` date, ``steps`` (1 or 2) before.

    Over ``successions``. A first purchase (``steps`` 1) has no earlier date.
    """
    direct = followed.group_by(["biz_date", "earlier"]).aggregate(orders=followed.count())
    second = followed.filter(followed.earlier_2.notnull())
    skipping = second.group_by("biz_date", earlier=second.earlier_2).aggregate(
        orders=second.count()
    )
    columns = ("steps", "biz_date", "earlier", "orders")
    return ibis.union(
        direct.mutate(steps=ibis.literal(1, "int64")).select(*columns),
        skipping.mutate(steps=ibis.literal(2, "int64")).select(*columns),
    )
