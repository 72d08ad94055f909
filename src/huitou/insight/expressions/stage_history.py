"""The life-cycle stage of every buyer at the end of each of several months, in one pass.

A stage changes with time only, until somebody buys; and who buys changes one history. So purchases
are read once, and what they change is dated by the month end that first sees it, its ``place``:
0 for the oldest, where everything earlier counts too. Rules are those of ``rhythm`` and
``categories``, at each end with the cycles known then.
"""

from __future__ import annotations

from collections.abc import Sequence

import ibis

from huitou.insight import definitions
from huitou.insight.expressions.common import (
    Column,
    Relation,
    at_least_one_day,
    mean_interval,
    of_members,
    own_cycle,
    recency,
    rounded,
)

# The brand among the numbered categories.
BRAND_NO = 0
# Digits of a packed history, one for each month end: the stage from 1, and whether they bought in
# the month.
DIGIT_BITS = 4
BOUGHT = 8
DIGITS = 15


def visits(orders: Relation, as_of: Column, months: int) -> Relation:
    """One row per member and purchase day: the how manieth it is, and what it changed from.

    It is their last one at the ends from ``place`` to before ``next_place``.
    """
    days = of_members(orders, as_of).select("member_id", "biz_date", "month").distinct()
    return _numbered(days, ["member_id"], as_of, months)


def _numbered(days: Relation, by: Sequence[str], as_of: Column, months: int) -> Relation:
    in_order = ibis.window(group_by=list(by), order_by="biz_date")
    first_month = as_of.year() * 12 + as_of.month() - 1 - months

    def place(month: Column) -> Column:
        return ibis.greatest(month - first_month, 0).cast("int64")

    ahead = days.month.lead().over(in_order)
    return days.select(
        *by,
        "biz_date",
        "month",
        number=(ibis.row_number().over(in_order) + 1).cast("int64"),
        first_day=days.biz_date.first().over(in_order),
        earlier=days.biz_date.lag().over(in_order),
        place=place(days.month),
        # Not by filling: the greatest of nothing and 0 is 0.
        next_place=ibis.ifelse(ahead.isnull(), months + 1, place(ahead)),
    )


def brand_changes(visited: Relation) -> Relation:
    """``_changes`` of the brand: members by their average interval."""
    return _changes(visited.mutate(category_no=ibis.literal(BRAND_NO, "int64")))


def category_changes(
    lines: Relation, products: Relation, numbered: Relation, as_of: Column, months: int
) -> Relation:
    """``_changes`` of every category."""
    bought = of_members(lines, as_of).select("member_id", "product_id", "biz_date", "month")
    known = products.join(numbered, "category").select("product_id", "category_no")
    days = bought.join(known, "product_id").drop("product_id").distinct()
    return _changes(_numbered(days, ["member_id", "category_no"], as_of, months))


def _changes(days: Relation) -> Relation:
    """How many more members have an average interval from a place on: those who came back."""
    back = days.filter(days.number >= 2)
    new = back.select(
        "place",
        "category_no",
        interval=mean_interval(back.first_day, back.biz_date, back.number),
        members=ibis.literal(1, "int64"),
    )
    again = back.filter(back.number >= 3)
    old = again.select(
        "place",
        "category_no",
        interval=mean_interval(again.first_day, again.earlier, again.number - 1),
        members=ibis.literal(-1, "int64"),
    )
    both = ibis.union(new, old)
    return both.group_by(["place", "category_no", "interval"]).aggregate(members=both.members.sum())


def norms(changes: Relation, ends: Relation) -> Relation:
    """The purchase cycle of the brand and each category at each end: the median member's interval.

    Categories with too few members are absent, as is the brand while nobody has come back.
    """
    dated = changes.rename(since="place").cross_join(ends.select("place"))
    seen = dated.filter(dated.since <= dated.place)
    found = seen.group_by(["place", "category_no", "interval"]).aggregate(
        members=seen.members.sum()
    )
    found = found.filter(found.members > 0)
    of_norm = ["place", "category_no"]
    up_to_here = ibis.window(group_by=of_norm, order_by="interval", preceding=None, following=0)
    counted = found.mutate(
        reached=found.members.sum().over(up_to_here),
        whole=found.members.sum().over(ibis.window(group_by=of_norm)),
    )
    middle = counted.group_by(of_norm).aggregate(
        low=counted.interval.min(where=counted.reached >= (counted.whole + 1) // 2),
        high=counted.interval.min(where=counted.reached >= counted.whole // 2 + 1),
        members=counted.whole.max(),
    )
    spoken = middle.filter(
        (middle.category_no == BRAND_NO) | (middle.members >= definitions.CATEGORY_SUPPORT_MIN)
    )
    median = spoken.low + (spoken.high - spoken.low) * 0.5
    return spoken.select("place", "category_no", norm=rounded(median))


def main_categories(
    lines: Relation, products: Relation, numbered: Relation, visited: Relation, as_of: Column
) -> Relation:
    """One row per member: the main category after the first purchase day, and after the second.

    From the third day on members have a cycle of their own and need none.
    """
    bought = of_members(lines, as_of).select("member_id", "product_id", "biz_date")
    known = products.join(numbered, "category").select("product_id", "category_no")
    early = visited.filter(visited.number < definitions.PERSONAL_CYCLE_DAYS_MIN)
    days = bought.join(early.select("member_id", "biz_date", "number"), ["member_id", "biz_date"])
    days = days.join(known, "product_id")
    held = days.group_by(["member_id", "category_no"]).aggregate(
        days=days.number.nunique(), last=days.number.max(), first=days.number.min()
    )
    # categories._rank: more days, then later, then by name
    rank = (held.days * 4 + held.last) * _NAMES + (_NAMES - held.category_no)
    found = held.group_by("member_id").aggregate(
        after_one=held.category_no.min(where=held.first == 1), rank=rank.max()
    )
    return found.select("member_id", "after_one", after_two=_NAMES - found["rank"] % _NAMES)


_NAMES = 2**20


def histories(visited: Relation, main: Relation, norm: Relation, ends: Relation) -> Relation:
    """Distinct histories with their members: digits of every end, packed into ``part_0`` and on."""
    resting = visited.filter(visited.place < visited.next_place)
    resting = resting.left_join(main, "member_id").drop("member_id_right")
    category = ibis.ifelse(resting.number == 1, resting.after_one, resting.after_two)
    states = resting.select(
        "member_id",
        "biz_date",
        "month",
        category_no=category,
        own=own_cycle(resting.first_day, resting.biz_date, resting.number),
        place=ibis.range(resting.place, resting.next_place).unnest(),
    )
    states = states.join(ends.rename(end_month="month"), "place")
    brand = norm.filter(norm.category_no == BRAND_NO).select("place", brand_norm="norm")
    states = states.left_join(brand, "place").drop("place_right")
    of_category = norm.filter(norm.category_no != BRAND_NO)
    states = states.left_join(of_category, ["place", "category_no"])
    known = ibis.coalesce(
        states.own, states.norm, states.brand_norm, definitions.DEFAULT_CYCLE_DAYS
    )
    since = recency(states.biz_date, states.day)
    limits = definitions.STAGE_LIMITS
    stage = ibis.cases(
        *((since <= at_least_one_day(known) * limit, n) for n, (_, limit) in enumerate(limits, 1)),
        else_=len(limits) + 1,
    )
    bought = (states.month == states.end_month).cast("int64")
    return states.select("member_id", "place", digit=stage.cast("int64") + bought * BOUGHT)


def packed(digits: Relation, parts: int) -> Relation:
    """The histories of ``digits`` with how many members have each."""
    shifted = digits.digit << (digits.place % DIGITS * DIGIT_BITS)
    names = [f"part_{part}" for part in range(parts)]
    rows = digits.group_by("member_id").aggregate(
        **{
            name: shifted.sum(where=digits.place // DIGITS == part).fill_null(0)
            for part, name in enumerate(names)
        }
    )
    return rows.group_by(names).aggregate(members=rows.count())
