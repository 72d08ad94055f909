"""How often members buy: cycles, stages, what is expected next."""

from __future__ import annotations

import math

import ibis

from huitou.insight import definitions
from huitou.insight.expressions.common import (
    Column,
    Relation,
    at_least_one_day,
    later,
    mean_interval,
    of_members,
    own_cycle,
    ratio,
    rounded,
)

_LAST_BIN = definitions.SURVIVAL_BINS * definitions.SURVIVAL_CYCLES_MAX
# The logarithm of a share that is practically nothing: nobody is left.
_NOBODY = -1_000.0
# Halves are halves in spite of float dust.
_DUST = 1e-9


def purchase_days(orders: Relation, as_of: Column) -> Relation:
    """One row per member and day with a purchase; ``gap`` is the days since the one before."""
    days = of_members(orders, as_of).select("member_id", "biz_date").distinct()
    earlier = days.biz_date.lag().over(ibis.window(group_by="member_id", order_by="biz_date"))
    gap = days.biz_date.delta(earlier, unit="day").cast("int64")
    return days.select("member_id", "biz_date", gap=gap)


def brand_norm(by_member: Relation) -> Relation:
    """One row: the brand's purchase cycle, the median buyer's average interval."""
    interval = mean_interval(by_member.first_day, by_member.last_day, by_member.purchase_days)
    # A quantile: Ibis compiles a median of some rows to what Spark refuses.
    norm = by_member.aggregate(cycle=interval.quantile(0.5, where=by_member.purchase_days >= 2))
    fallback = float(definitions.DEFAULT_CYCLE_DAYS)
    return norm.select(brand_cycle=at_least_one_day(rounded(norm.cycle.fill_null(fallback))))


def with_cycles(by_member: Relation, main: Relation, norms: Relation, brand: Relation) -> Relation:
    """One row per buyer with the purchase cycle that holds for them."""
    known = by_member.left_join(main, "member_id").drop("member_id_right")
    cycle = norms.select("category_no", "category_cycle")
    known = known.left_join(cycle, "category_no").drop("category_no_right")
    known = known.cross_join(brand)
    personal = own_cycle(known.first_day, known.last_day, known.purchase_days)
    basis = ibis.cases(
        (personal.notnull(), "personal"),
        (known.category_cycle.notnull(), "category"),
        else_="brand",
    )
    days = ibis.coalesce(personal, known.category_cycle, known.brand_cycle)
    return known.mutate(cycle_days=at_least_one_day(days), cycle_basis=basis)


def silence_place(known: Relation) -> Column:
    """The bin that the silence since the last purchase has reached, in the member's own cycles."""
    return _place(known.recency_days, known.cycle_days)


def _place(days: Column, cycle_days: Column) -> Column:
    return ibis.least(days * definitions.SURVIVAL_BINS // cycle_days, _LAST_BIN)


def waits(visits: Relation, cycled: Relation) -> Relation:
    """How many waits ended in a purchase in each bin (``bought``), and how many reached it last.

    A wait that has not ended, the present silence, is ``seen`` but not ``bought``: censored.
    """
    cycles = cycled.select("member_id", "cycle_days")
    ended = visits.filter(visits.gap.notnull()).join(cycles, "member_id")
    ended = ended.select(place=_place(ended.gap, ended.cycle_days))
    bought = ended.group_by("place").aggregate(bought=ended.count())
    present = cycled.select(place=silence_place(cycled))
    silent = present.group_by("place").aggregate(silent=present.count())
    both = bought.outer_join(silent, "place")
    return both.select(
        place=ibis.coalesce(both.place, both.place_right),
        bought=both.bought.fill_null(0),
        silent=both.silent.fill_null(0),
    )


def survival(waited: Relation) -> Relation:
    """The Kaplan–Meier curve: per bin the logarithm of the share that is silent beyond it.

    Ends where fewer than ``SURVIVAL_SUPPORT_MIN`` are still waited for.
    """
    from_here = ibis.window(order_by=waited.place.desc(), preceding=None, following=0)
    at_risk = (waited.bought + waited.silent).sum().over(from_here)
    known = waited.select("place", "bought", at_risk=at_risk)
    kept = 1.0 - ratio(known.bought, known.at_risk)
    # Where everybody bought the logarithm has no value.
    hazard = ibis.ifelse(known.bought < known.at_risk, ibis.greatest(kept, 1e-300).ln(), _NOBODY)
    up_to_here = ibis.window(order_by=known.place, preceding=None, following=0)
    curve = known.select("place", "at_risk", log_share=hazard.sum().over(up_to_here))
    return curve.filter(curve.place < _LAST_BIN, curve.at_risk >= definitions.SURVIVAL_SUPPORT_MIN)


def expected_places(curve: Relation) -> Relation:
    """For each bin a silence can have reached, the bin by which half have bought: the median.

    Bins beyond the curve's reach are absent.
    """
    reached = ibis.range(0, _LAST_BIN).unnest().name("reached").as_table()
    beside = reached.cross_join(curve)
    share = beside.log_share.min(where=beside.place < beside.reached)
    begun = beside.group_by("reached").aggregate(begun=share.fill_null(0.0))
    beside = begun.cross_join(curve)
    half = beside.begun + (math.log(0.5) + _DUST)
    fits = (beside.place >= beside.reached) & (beside.log_share <= half)
    found = beside.group_by("reached").aggregate(expected_place=beside.place.min(where=fits))
    return found.filter(found.expected_place.notnull())


def stages(cycled: Relation, as_of: Column) -> Relation:
    """The life-cycle stage of every buyer, without the other traits."""
    return cycled.select("member_id", lifecycle_stage=lifecycle_stage(cycled, as_of))


def next_purchase_date(known: Relation, as_of: Column) -> Column:
    """The day by which half of those still waited for will have bought."""
    del as_of
    bins = definitions.SURVIVAL_BINS
    days = ((known.expected_place + 1) * known.cycle_days + (bins - 1)) // bins
    return later(known.last_day, days)


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
