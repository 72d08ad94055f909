"""How and for whom members buy: device, hour, day of the week, promotions, presents."""

from __future__ import annotations

import ibis

from huitou.insight import definitions
from huitou.insight.expressions.common import (
    Column,
    Relation,
    confidence_of_most,
    most_of,
    of_members,
    packed,
    ratio,
    smoothed,
    tally,
)

# What is counted of a member's purchases, three to a column.
_COUNTED = (
    ("night", "morning", "afternoon"),
    ("evening", "phone", "computer"),
    ("store", "weekend", "gift_notes"),
    ("told_for_whom", "promotions", "told_promotion"),
)


def habit_tallies(bought: Relation) -> dict[str, Column]:
    """The packed counts of purchases, as columns ``habits_0`` and on of an aggregation."""
    said = _said(bought)
    return {
        f"habits_{n}": packed(*(said[name] for name in names)).sum()
        for n, names in enumerate(_COUNTED)
    }


def _said(bought: Relation) -> dict[str, Column]:
    listed = (bought.list_minor > 0) & bought.discount_minor.notnull()
    reduced = bought.discount_minor * definitions.PROMOTION_SHARE_INVERSE >= bought.list_minor
    promotion = (bought.coupon_minor > 0).fill_null(False) | (listed & reduced).fill_null(False)
    starts = [start for _, start in definitions.HOUR_BANDS]
    ends = [*starts[1:], 24]
    return {
        **{
            label.code: (bought.local_hour >= start) & (bought.local_hour < end)
            for (label, start), end in zip(definitions.HOUR_BANDS, ends, strict=True)
        },
        **{label.code: bought.device == label.code for label in definitions.DEVICES},
        "weekend": bought.biz_date.day_of_week.index() >= 5,  # Monday is 0
        "gift_notes": bought.gift_note,
        "told_for_whom": bought.receiver.notnull() | bought.gift_note.fill_null(False),
        "promotions": promotion,
        "told_promotion": promotion | listed.fill_null(False),
    }


def counted(known: Relation, name: str) -> Column:
    """One of the counts that ``habit_tallies`` packed."""
    for n, names in enumerate(_COUNTED):
        if name in names:
            return tally(known[f"habits_{n}"], names.index(name))
    raise KeyError(name)


def receivers(orders: Relation, as_of: Column) -> Relation:
    """One row per member whose parcels say who received them: how many people."""
    bought = of_members(orders, as_of)
    known = bought.filter(bought.receiver.notnull()).select("member_id", "receiver").distinct()
    return known.group_by("member_id").aggregate(receivers=known.count())


def _devices(known: Relation) -> dict[str, Column]:
    return {label.code: counted(known, label.code) for label in definitions.DEVICES}


# What most purchases were made with, and the smoothed share of those.
device = most_of(_devices)
device_confidence = confidence_of_most(_devices)


def _hours(known: Relation) -> dict[str, Column]:
    return {label.code: counted(known, label.code) for label, _ in definitions.HOUR_BANDS}


# The quarter of the day most purchases fall in, and the smoothed share of those.
hour_band = most_of(_hours)
hour_band_confidence = confidence_of_most(_hours)


def week_habit(known: Relation, as_of: Column) -> Column:
    """Whether purchases fall on weekends or working days more than chance would have it."""
    del as_of
    weekend, all_ = counted(known, "weekend"), known.frequency
    up, of_up = definitions.WEEKEND_SHARE
    down, of_down = definitions.WEEKDAY_SHARE
    return ibis.cases(
        (weekend * of_up >= all_ * up, "weekend"),
        (weekend * of_down <= all_ * down, "weekday"),
        else_="any",
    )


def week_habit_confidence(known: Relation, as_of: Column) -> Column:
    """The smoothed share of purchases on the days the habit names."""
    habit = week_habit(known, as_of)
    weekend = counted(known, "weekend")
    named = ibis.cases(
        (habit == "weekend", weekend),
        (habit == "weekday", known.frequency - weekend),
        else_=known.frequency,
    )
    return smoothed(named, known.frequency, 2)


def discount_share(known: Relation, as_of: Column) -> Column:
    """The share of purchases on promotion, of those that say."""
    del as_of
    told = counted(known, "told_promotion")
    return ibis.ifelse(told > 0, ratio(counted(known, "promotions"), told), ibis.null("float64"))


def promotion_only(known: Relation, as_of: Column) -> Column:
    """Whether every purchase was on promotion, and it was not just one; null when none says."""
    del as_of
    promotions, told = counted(known, "promotions"), counted(known, "told_promotion")
    always = (promotions == known.frequency) & (known.frequency >= definitions.PROMOTION_ONLY_MIN)
    return ibis.ifelse(told > 0, always, ibis.null("boolean"))


def discount_sensitivity(known: Relation, as_of: Column) -> Column:
    """The member's smoothed share of promotions beside the brand's, in whole numbers.

    With p of n the member's and P of N the brand's, the share is (p + k P/N) / (n + k).
    """
    del as_of
    p, n = counted(known, "promotions"), counted(known, "told_promotion")
    of_brand, all_ = known.brand_promotions, known.brand_told_promotion
    prior, quarters = definitions.PROMOTION_PRIOR, definitions.PROMOTION_QUARTERS
    share = (p * all_ + of_brand * prior) * quarters
    low = of_brand * (quarters - 1) * (n + prior)
    high = (all_ + of_brand * (quarters - 1)) * (n + prior)
    return ibis.cases(
        (n == 0, ibis.null("string")),
        (share < low, "low"),
        (share > high, "high"),
        else_="medium",
    )


def _evidence_of_gifts(known: Relation) -> Column:
    """Notes that speak of presents, and every receiver beyond home and work."""
    more = ibis.greatest(known.receivers.fill_null(0) - (definitions.GIFT_RECEIVERS_MIN - 1), 0)
    return counted(known, "gift_notes") + more


def buys_for(known: Relation, as_of: Column) -> Column:
    """For themselves, for others, or for both."""
    del as_of
    told, notes = counted(known, "told_for_whom"), counted(known, "gift_notes")
    receivers_ = known.receivers.fill_null(0)
    scattered = (receivers_ >= definitions.GIFT_RECEIVERS_MIN) & (receivers_ == told)
    return ibis.cases(
        (told == 0, ibis.null("string")),
        ((notes == told) | scattered, "gift"),
        (_evidence_of_gifts(known) > 0, "both"),
        else_="self",
    )


def buys_for_confidence(known: Relation, as_of: Column) -> Column:
    """Grows with the signs of presents; of oneself, more slowly, with purchases without any."""
    del as_of
    told, signs = counted(known, "told_for_whom"), _evidence_of_gifts(known)
    return ibis.cases(
        (told == 0, ibis.null("float64")),
        (signs > 0, ratio(signs, signs + 1)),
        else_=ratio(told, told + 2),
    )
