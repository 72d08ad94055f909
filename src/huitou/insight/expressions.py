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


def day(value: date) -> Column:
    """A date literal."""
    return ibis.literal(value, type="date")


def until(facts: Relation, as_of: date) -> Relation:
    """Rows dated up to and including ``as_of``; the month lets whole files be skipped."""
    return facts.filter(facts.month <= month_number(as_of), facts.biz_date <= day(as_of))


def between(facts: Relation, start: date, end: date) -> Relation:
    """Rows dated ``start`` to ``end``, both included."""
    return facts.filter(
        facts.month >= month_number(start),
        facts.month <= month_number(end),
        facts.biz_date >= day(start),
        facts.biz_date <= day(end),
    )


def _recency(last_day: Column, as_of: date) -> Column:
    return day(as_of).delta(last_day, unit="day").cast("int64")


def _ratio(numerator: Column, denominator: Column) -> Column:
    return numerator.cast("float64") / denominator.cast("float64")


def _rounded(number: Column) -> Column:
    return (number + 0.5).floor().cast("int64")


def _sales(orders: Relation) -> Column:
    return (orders.paid_minor - orders.refunded_minor).sum()


def buyers(orders: Relation, as_of: date) -> Relation:
    """One row per member with a purchase up to ``as_of``: what their orders add up to."""
    bought = until(orders.filter(orders.member_id.notnull()), as_of)
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


def mean_interval(first: Column, last: Column, days: Column) -> Column:
    """Average days between successive of ``days`` purchase days from ``first`` to ``last``."""
    return _ratio(last.delta(first, unit="day"), days - 1)


def categories(products: Relation) -> Relation:
    """Category names numbered from 1 in their order, so that heavy steps group by integers."""
    names = products.filter(products.category != "").select("category").distinct()
    return names.mutate(
        category_no=(ibis.row_number().over(order_by=names.category) + 1).cast("int64")
    )


def category_days(lines: Relation, products: Relation, numbered: Relation, as_of: date) -> Relation:
    """One row per member and category: first, last and number of days it was bought."""
    bought = until(lines.filter(lines.member_id.notnull()), as_of)
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


def profile(
    by_member: Relation, main: Relation, norms: Relation, brand: Relation, scale: Relation
) -> Relation:
    """One row per buyer with everything traits are made of."""
    known = by_member.left_join(main, "member_id").drop("member_id_right")
    cycle = norms.select("category_no", "category_cycle")
    known = known.left_join(cycle, "category_no").drop("category_no_right")
    known = known.cross_join(brand).cross_join(scale)
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


def average_order_value(known: Relation, as_of: date) -> Column:
    """Amount per purchase in whole minor units, rounded half up."""
    del as_of
    return _rounded(_ratio(known.monetary_minor, known.frequency))


def rfm_group(known: Relation, as_of: date) -> Column:
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


def r_score(known: Relation, as_of: date) -> Column:
    """5 for the most recent fifth, 1 for the longest absent."""
    del as_of
    return 5 - _above(known, "recency_days")


def f_score(known: Relation, as_of: date) -> Column:
    """5 for the fifth with the most purchases."""
    del as_of
    return 1 + _above(known, "frequency")


def m_score(known: Relation, as_of: date) -> Column:
    """5 for the fifth that spent most."""
    del as_of
    return 1 + _above(known, "monetary_minor")


def _later(last_day: Column, days: Column) -> Column:
    return last_day + days.cast("int32").as_interval("D")


def next_purchase_date(known: Relation, as_of: date) -> Column:
    """One cycle after the last purchase."""
    del as_of
    return _later(known.last_day, known.cycle_days)


def loss_warning_date(known: Relation, as_of: date) -> Column:
    """The loss-warning line as a date."""
    del as_of
    return _later(known.last_day, known.cycle_days * definitions.WARNING_CYCLES)


def lifecycle_stage(known: Relation, as_of: date) -> Column:
    """The stage by cycles gone without a purchase."""
    del as_of
    branches = [
        (known.recency_days <= known.cycle_days * limit, code)
        for code, limit in definitions.STAGE_LIMITS
    ]
    return ibis.cases(*branches, else_="lost")


def buyer_type(known: Relation, as_of: date) -> Column:
    """New, returning or loyal by purchase days."""
    del as_of
    return ibis.cases(
        (known.purchase_days >= definitions.LOYAL_DAYS_MIN, "loyal"),
        (known.purchase_days >= 2, "returning"),
        else_="new",
    )


def rfm_measures(orders: Relation, as_of: date, rule: RfmRule) -> Relation:
    """One row per member with a purchase in the rule's window: R, F, M and what M is judged by."""
    bought = until(orders.filter(orders.member_id.notnull()), as_of)
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


def traits(known: Relation, as_of: date) -> Relation:
    """One row per buyer: ``member_id`` and a column per declared trait."""
    from huitou.insight.traits import TRAITS

    return known.select(
        "member_id", **{trait.name: trait.expression(known, as_of) for trait in TRAITS}
    )


def cohorts(orders: Relation, as_of: date) -> Relation:
    """Members by month of first purchase and months since, who bought in that later month."""
    bought = until(orders.filter(orders.member_id.notnull()), as_of)
    active = bought.select("member_id", "month").distinct()
    first = active.group_by("member_id").aggregate(first_month=active.month.min())
    dated = active.join(first, "member_id")
    aged = dated.select("first_month", age=dated.month - dated.first_month)
    return aged.group_by(["first_month", "age"]).aggregate(members=aged.count())


def daily(orders: Relation, as_of: date) -> Relation:
    """Sales and purchases of each day up to ``as_of``."""
    bought = until(orders, as_of)
    return bought.group_by("biz_date").aggregate(sales_minor=_sales(bought), orders=bought.count())


def regions(orders: Relation, start: date, end: date, level: str) -> Relation:
    """Buyers, purchases and sales by province or city; the unknown are left out."""
    bought = between(orders, start, end)
    named = bought.filter(bought[level] != "")
    return named.group_by(name=named[level]).aggregate(
        buyers=named.member_id.nunique(), orders=named.count(), sales_minor=_sales(named)
    )


def period_figures(
    orders: Relation, buyers_since: Relation, bounds: tuple[date, date, int]
) -> Relation:
    """Additive figures and distinct buyers of a period, by slice of ``width`` days.

    ``bounds`` is (start, end, width); ``buyers_since`` has ``member_id`` and ``first_day``.
    """
    start, end, width = bounds
    bought = between(orders, start, end)
    age = bought.biz_date.delta(day(start), unit="day").cast("int64")
    listed = bought.list_minor > 0
    deal = (bought.list_minor - bought.discount_minor).fill_null(bought.paid_minor)
    sliced = bought.mutate(slice=(age // width).cast("int64"), deal=deal)
    by_member = sliced.group_by(["slice", "member_id"]).aggregate(
        orders=sliced.count(),
        sales=_sales(sliced),
        units=sliced.quantity.sum(),
        listed=sliced.list_minor.sum(where=listed),
        deal=sliced.deal.sum(where=listed),
    )
    known = by_member.left_join(buyers_since, "member_id").drop("member_id_right")
    is_member = known.member_id.notnull()
    first_age = known.first_day.delta(day(start), unit="day").cast("int64")
    return known.group_by("slice").aggregate(
        orders=known.orders.sum(),
        sales=known.sales.sum(),
        units=known.units.sum(),
        listed=known.listed.sum(),
        deal=known.deal.sum(),
        buyers=is_member.sum(),
        repeat_buyers=(is_member & (known.orders >= 2)).sum(),
        new_buyers=(is_member & (first_age >= known.slice * width)).sum(),
    )
