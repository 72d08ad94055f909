"""Which categories members buy, how often, and when each is due again."""

from __future__ import annotations

from datetime import date

import ibis

from huitou.insight import definitions
from huitou.insight.expressions.common import (
    Column,
    Relation,
    at_least_one_day,
    day,
    later,
    mean_interval,
    of_members,
    own_cycle,
    ratio,
    rounded,
)

# Three ranks in one integer: days above the date of the last above the name's place.
_DAYS_AT, _NAMES = 2**40, 2**20


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


def with_due(by_category: Relation, norms: Relation, brand: Relation) -> Relation:
    """``category_days`` with the cycle that holds, the date due and the warning line.

    The cycle is the member's own in the category, else the category's, else the brand's.
    """
    cycle = norms.select("category_no", "category_cycle")
    known = by_category.left_join(cycle, "category_no").drop("category_no_right")
    known = known.cross_join(brand)
    personal = own_cycle(known.first_day, known.last_day, known.days)
    cycle_days = at_least_one_day(ibis.coalesce(personal, known.category_cycle, known.brand_cycle))
    known = known.select("member_id", "category_no", "days", "last_day", cycle_days=cycle_days)
    return known.mutate(
        next_date=later(known.last_day, known.cycle_days),
        warning_date=later(known.last_day, known.cycle_days * definitions.WARNING_CYCLES),
    )


def _rank(known: Relation) -> Column:
    """Larger for the category bought on more days, of equals later, of equals by name."""
    last = known.last_day.delta(day(date(1970, 1, 1)), unit="day").cast("int64")
    return known.days * _DAYS_AT + (last * _NAMES + (_NAMES - known.category_no))


def category_ranks(
    by_category: Relation, norms: Relation, brand: Relation, as_of: Column
) -> Relation:
    """One row per member: rank of the main category and of the one that is due, and all days."""
    known = with_due(by_category, norms, brand)
    is_due = (known.next_date <= day(as_of)) & (day(as_of) < known.warning_date)
    return known.group_by("member_id").aggregate(
        best=_rank(known).max(),
        due=_rank(known).max(where=is_due),
        category_days=known.days.sum(),
    )


def second_categories(by_category: Relation, ranks: Relation) -> Relation:
    """One row per member with a second category: its rank."""
    known = by_category.join(ranks.select("member_id", "best"), "member_id")
    others = known.filter(_rank(known) < known.best)
    return others.group_by("member_id").aggregate(second=_rank(others).max())


def main_categories(ranks: Relation, numbered: Relation) -> Relation:
    """One row per member: the category bought on most days, the latest of equals, then by name."""
    known = ranks.mutate(category_no=_number(ranks.best))
    return known.join(numbered, "category_no").select(
        "member_id",
        "category_no",
        "due",
        main_category="category",
        main_category_share=ratio(known.best // _DAYS_AT, known.category_days),
    )


def named(known: Relation, rank: str, name: str, numbered: Relation) -> Relation:
    """``known`` with the category of a column of ranks as ``name``; null where there is none."""
    names = numbered.select(numbered_no="category_no", **{name: numbered.category})
    numbers = known.mutate(wanted=_number(known[rank]))
    return numbers.left_join(names, numbers.wanted == names.numbered_no).drop(
        "wanted", "numbered_no", rank
    )


def _number(rank: Column) -> Column:
    return _NAMES - rank % _NAMES
