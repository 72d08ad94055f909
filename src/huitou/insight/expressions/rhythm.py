"""How often members buy: cycles, stages, what is expected next."""

from __future__ import annotations

from datetime import date

import ibis

from huitou.insight import definitions
from huitou.insight.expressions.common import (
    Column,
    Relation,
    day,
    later,
    of_members,
    ratio,
    rounded,
)


def mean_interval(first: Column, last: Column, days: Column) -> Column:
    """Average days between successive of ``days`` purchase days from ``first`` to ``last``."""
    return ratio(last.delta(first, unit="day"), days - 1)


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
    bought = of_members(lines, as_of)
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
        category_cycle=rounded(interval.median()), members=back.count()
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


def brand_norm(by_member: Relation) -> Relation:
    """One row: the brand's purchase cycle, the median buyer's average interval."""
    interval = mean_interval(by_member.first_day, by_member.last_day, by_member.purchase_days)
    norm = by_member.aggregate(cycle=interval.median(where=by_member.purchase_days >= 2))
    fallback = float(definitions.DEFAULT_CYCLE_DAYS)
    return norm.select(brand_cycle=at_least_one_day(rounded(norm.cycle.fill_null(fallback))))


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
            rounded(mean_interval(known.first_day, known.last_day, known.purchase_days)),
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


def stages(cycled: Relation, as_of: Column) -> Relation:
    """The life-cycle stage of every buyer, without the other traits."""
    return cycled.select("member_id", lifecycle_stage=lifecycle_stage(cycled, as_of))


def next_purchase_date(known: Relation, as_of: Column) -> Column:
    """One cycle after the last purchase."""
    del as_of
    return later(known.last_day, known.cycle_days)


def loss_warning_date(known: Relation, as_of: Column) -> Column:
    """The loss-warning line as a date."""
    del as_of
    return later(known.last_day, known.cycle_days * definitions.WARNING_CYCLES)


def lifecycle_stage(known: Relation, as_of: Column) -> Column:
    """The stage by cycles gone without a purchase."""
    del as_of
    branches = [
        (known.recency_days <= known.cycle_days * limit, code)
        for code, limit in definitions.STAGE_LIMITS
    ]
    return ibis.cases(*branches, else_="lost")
