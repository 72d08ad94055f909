"""What every rule of insight is written with. Import only where an expression is compiled."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import ibis

from huitou.insight import definitions
from huitou.kernel.months import month_number

# Ibis' own types are too dynamic for strict checking; a relation or column is ``Any`` here.
Relation = Any
Column = Any


@ibis.udf.agg.builtin(name="max_by")  # type: ignore[untyped-decorator]
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


def recency(last_day: Column, as_of: Column | date) -> Column:
    """Whole days from a date to the as-of date."""
    return day(as_of).delta(last_day, unit="day").cast("int64")


def ratio(numerator: Column, denominator: Column) -> Column:
    """A quotient as a float: engines differ on dividing integers."""
    return numerator.cast("float64") / denominator.cast("float64")


def rounded(number: Column) -> Column:
    """The nearest whole number, halves up."""
    return (number + 0.5).floor().cast("int64")


def whole_seconds(instant: Column) -> Column:
    """Seconds since 1970, the started one left out: DuckDB has fractions there, Spark has none."""
    return instant.epoch_seconds().cast("float64").floor().cast("int64")


def sales(orders: Relation) -> Column:
    """Paid minus refunded over the rows."""
    return (orders.paid_minor - orders.refunded_minor).sum()


def of_members(orders: Relation, as_of: Column | date) -> Relation:
    """The rows of known members up to ``as_of``."""
    return until(orders.filter(orders.member_id.notnull()), as_of)


def later(last_day: Column, days: Column) -> Column:
    """A date some days after."""
    return last_day + days.cast("int32").as_interval("D")


# Three counts of up to a million in one integer: one sum instead of three, and a third of the
# memory of a group-by that has a group per member.
TALLY_BITS = 20
TALLIES_MAX = 3


def packed(*conditions: Column) -> Column:
    """Up to ``TALLIES_MAX`` conditions as one integer, whose sum ``tally`` takes apart again."""
    assert len(conditions) <= TALLIES_MAX
    said = [condition.fill_null(False).cast("int64") for condition in conditions]
    total = said[0]
    for place, one in enumerate(said[1:], start=1):
        total = total + one * 2 ** (TALLY_BITS * place)
    return total


def tally(total: Column, place: int) -> Column:
    """The count at a place of a sum of ``packed``."""
    return (total >> (TALLY_BITS * place)) & (2**TALLY_BITS - 1)


def most(counts: dict[str, Column]) -> tuple[Column, Column, Column]:
    """The code of the largest of several counts, that count, and all of them.

    The first of equals; null where all are none.
    """
    total = sum(counts.values())
    largest = ibis.greatest(*counts.values())
    branches = [(count == largest, code) for code, count in counts.items()]
    code = ibis.cases(*branches, else_=ibis.null("string"))
    return ibis.ifelse(total > 0, code, ibis.null("string")), largest, total


# Counts by code, of a member.
Counts = Callable[[Relation], dict[str, Column]]


def most_of(counts: Counts) -> Callable[[Relation, Column], Column]:
    """The rule of a trait that is the code counted most."""

    def rule(known: Relation, as_of: Column) -> Column:
        del as_of
        return most(counts(known))[0]

    return rule


def confidence_of_most(counts: Counts) -> Callable[[Relation, Column], Column]:
    """The rule of how sure that is: the smoothed share of the count."""

    def rule(known: Relation, as_of: Column) -> Column:
        del as_of
        found = counts(known)
        _, largest, total = most(found)
        return smoothed(largest, total, len(found))

    return rule


def smoothed(part: Column, whole: Column, classes: int) -> Column:
    """The share of ``part`` in ``whole`` as if each of ``classes`` had been seen once more.

    Little evidence says little: with none every class is as likely. Null where ``whole`` is none.
    """
    share = ratio(part + 1, whole + classes)
    return ibis.ifelse(whole > 0, share, ibis.null("float64"))


def mean_interval(first: Column, last: Column, days: Column) -> Column:
    """Average days between successive of ``days`` purchase days from ``first`` to ``last``."""
    return ratio(last.delta(first, unit="day"), days - 1)


def own_cycle(first: Column, last: Column, days: Column) -> Column:
    """A cycle of a member's own in whole days; null below so many purchase days."""
    enough = days >= definitions.PERSONAL_CYCLE_DAYS_MIN
    interval = rounded(mean_interval(first, last, days))
    return ibis.ifelse(enough, interval, ibis.null("int64"))


def at_least_one_day(days: Column) -> Column:
    """``days``, but no less than one: a cycle of nothing would make everyone late."""
    return ibis.greatest(days, 1)
