"""How far members have come, by what they did and bought: 5A, AARRR and the customer journey.

``docs/explanation/value.md`` says what each stage means and what has no source of data yet.
"""

from __future__ import annotations

import ibis

from huitou.insight import definitions
from huitou.insight.expressions.common import Column, Relation, day, until

# Kinds of ``behaviour.models.EventKind``: what is done on the way to a purchase. Parcels travel by
# themselves, so their traces are nothing the member did.
LOOKS = ("search", "view")
WISHES = ("favourite", "cart", "consult", "pay")
NOT_DONE = ("logistics",)


def conduct(touches: Relation, as_of: Column) -> Relation:
    """One row per member with events up to ``as_of``: how many of which kind, and when last."""
    done = until(touches.filter(touches.member_id.notnull()), as_of)
    done = done.filter(done.kind.notin(NOT_DONE))
    return done.group_by("member_id").aggregate(
        looks=done.count(where=done.kind.isin(LOOKS)),
        wishes=done.count(where=done.kind.isin(WISHES)),
        event_days=done.biz_date.nunique(),
        last_event_day=done.biz_date.max(),
    )


def praise(reviews: Relation, as_of: Column) -> Relation:
    """One row per member who wrote a good review up to ``as_of``."""
    good = reviews.filter(
        reviews.member_id.notnull(),
        reviews.biz_date <= day(as_of),
        reviews.rating >= definitions.GOOD_RATING,
    )
    return good.select("member_id").distinct().mutate(has_praised=ibis.literal(True))


def standings(cycled: Relation, done: Relation, praised: Relation, as_of: Column) -> Relation:
    """One row per member with an event or a purchase: what holds of them, and their three stages.

    ``is_acquired``, ``is_activated``, ``is_retained``, ``is_revenue`` and ``is_referral`` are the
    conditions of AARRR, each by itself.
    """
    bought = cycled.select("member_id", "purchase_days", "last_day", "recency_days", "cycle_days")
    known = done.outer_join(bought, "member_id")
    known = known.mutate(member=ibis.coalesce(known.member_id, known.member_id_right))
    known = known.drop("member_id", "member_id_right").rename(member_id="member")
    known = known.left_join(praised, "member_id").drop("member_id_right")
    for name in ("looks", "wishes", "event_days", "purchase_days"):
        known = known.mutate(**{name: known[name].fill_null(0)})
    known = known.mutate(has_praised=known.has_praised.fill_null(False))
    silent = day(as_of).delta(known.last_event_day, unit="day") > definitions.SILENT_DAYS
    limit = definitions.STAGE_LIMITS[-1][1]
    known = known.mutate(
        is_buyer=known.purchase_days > 0,
        is_lost=(known.recency_days > known.cycle_days * limit).fill_null(False),
        is_silent=silent.fill_null(True),
    )
    # Days of both kinds may be the same ones: one event day and one purchase day are one return
    # only when they differ.
    came_back = (
        (known.event_days >= 2)
        | (known.purchase_days >= 2)
        | (known.is_buyer & (known.last_event_day != known.last_day)).fill_null(False)
    )
    known = known.mutate(
        is_acquired=ibis.literal(True),
        is_activated=(known.looks + known.wishes > 0) | known.is_buyer,
        is_retained=came_back,
        is_revenue=known.is_buyer,
        is_referral=known.is_buyer & known.has_praised,
    )
    return known.select(
        "member_id",
        *definitions.AARRR_CONDITIONS,
        stage_5a=_stage_5a(known),
        aarrr_stage=_aarrr_stage(known),
        journey_stage=_journey_stage(known),
    )


def _stage_5a(known: Relation) -> Column:
    return ibis.cases(
        (known.is_silent & (known.is_lost | ~known.is_buyer), "abandon"),
        ((known.purchase_days >= 2) & known.has_praised, "advocate"),
        (known.purchase_days >= 2, "adopt"),
        (known.is_buyer | (known.wishes > 0), "attempt"),
        else_="aware",
    )


def _aarrr_stage(known: Relation) -> Column:
    """The last condition that holds."""
    furthest = zip(definitions.AARRR_STAGES, definitions.AARRR_CONDITIONS, strict=True)
    branches = [(known[condition], label.code) for label, condition in furthest]
    return ibis.cases(*reversed(branches), else_=ibis.null("string"))


def _journey_stage(known: Relation) -> Column:
    fond = (known.wishes > 0) | (known.event_days >= definitions.FAN_DAYS_MIN)
    return ibis.cases(
        (known.is_lost, "lost"),
        (known.is_buyer, "customer"),
        (fond, "fan"),
        else_="potential",
    )
