"""What figures of periods are read from; see ``insight.periods``."""

from __future__ import annotations

import ibis

from huitou.insight.expressions.common import Column, Relation, of_members, sales, until


def cohorts(orders: Relation, as_of: Column) -> Relation:
    """Members by month of first purchase and months since, who bought in that later month."""
    bought = of_members(orders, as_of)
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
        sales_minor=sales(bought),
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
    bought = of_members(orders, as_of)

    def earlier(steps: int, *place: str) -> Column:
        # The order's id among purchases of a day: every engine has the same one first.
        window = ibis.window(group_by=["member_id", *place], order_by=["biz_date", "order_id"])
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
