"""Every trait and figure once more, in plain Python over plain values.

Written from the definitions, not from the product's code: tests compare the two.
"""

from __future__ import annotations

import math
import statistics
from collections import defaultdict
from datetime import date, timedelta
from fractions import Fraction
from typing import Any

from tests.insight import plain_depth as depth
from tests.insight.histories import Bought

GROUPS = {
    "SHH": "privileged",
    "SLL": "main_development",
    "SLH": "important_value",
    "LHH": "important_win_back",
    "SHL": "regular_upkeep",
    "LLH": "key_upkeep",
    "LHL": "general_upkeep",
    "LLL": "no_value",
}

VALUE_TRAITS = (
    "value_tier",
    "clv_minor",
    "expected_purchases",
    "expected_spend_minor",
    "p_alive",
)


def half_up(number: Fraction | float) -> int:
    return math.floor(number + Fraction(1, 2))


def bought_until(
    history: list[Bought], as_of: date, window_days: int | None = None
) -> dict[int, list[Bought]]:
    """Purchases per member up to the date, in time."""
    found: dict[int, list[Bought]] = defaultdict(list)
    for order in sorted(history, key=lambda order: (order.moment, order.number)):
        age = (as_of - order.day).days
        in_window = age >= 0 and (window_days is None or age < window_days)
        if order.is_purchase and order.currency == "CNY" and in_window and order.member is not None:
            found[order.member].append(order)
    return dict(found)


def quantile(values: list[Fraction], share: Fraction) -> Fraction:
    """Linear interpolation between closest ranks."""
    ordered = sorted(values)
    place = (len(ordered) - 1) * share
    low = math.floor(place)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (ordered[high] - ordered[low]) * (place - low)


def line(values: list[Fraction], threshold: str) -> Fraction:
    if threshold == "mean":
        return sum(values, Fraction(0)) / len(values)
    if threshold == "median":
        return quantile(values, Fraction(1, 2))
    return quantile(values, Fraction(int(threshold[1:]), 100))


def rfm_members(
    history: list[Bought],
    as_of: date,
    *,
    threshold: str = "mean",
    average: bool = False,
    window_days: int | None = None,
) -> dict[int, str]:
    """The group of every member with a purchase in the window."""
    measures = {}
    for member, orders in bought_until(history, as_of, window_days).items():
        amount = Fraction(sum(order.net for order in orders))
        measures[member] = (
            Fraction((as_of - max(order.day for order in orders)).days),
            Fraction(len(orders)),
            amount / len(orders) if average else amount,
        )
    if not measures:
        return {}
    if "," in threshold:
        lines = [Fraction(part) for part in threshold.split(",")]
    else:
        lines = [line([m[i] for m in measures.values()], threshold) for i in range(3)]
    return {
        member: GROUPS[
            ("S" if r <= lines[0] else "L")
            + ("H" if f >= lines[1] else "L")
            + ("H" if m >= lines[2] else "L")
        ]
        for member, (r, f, m) in measures.items()
    }


def interval(days: set[date]) -> Fraction:
    return Fraction((max(days) - min(days)).days, len(days) - 1)


def traits(
    history: list[Bought], as_of: date, *, support: int, waited: int = 10
) -> dict[int, dict[str, Any]]:
    """Every trait of every member with a purchase."""
    bought = bought_until(history, as_of)
    days = {member: {order.day for order in orders} for member, orders in bought.items()}
    category_days: dict[tuple[int, str], set[date]] = defaultdict(set)
    for member, orders in bought.items():
        for order in orders:
            for code, _, _ in order.lines:
                if category := depth.category_of(code):
                    category_days[member, category].add(order.day)
    intervals: dict[str, list[Fraction]] = defaultdict(list)
    for (_, category), dates in category_days.items():
        if len(dates) >= 2:
            intervals[category].append(interval(dates))
    norms = {
        category: half_up(statistics.median(found))
        for category, found in intervals.items()
        if len(found) >= support
    }
    back = [interval(dates) for dates in days.values() if len(dates) >= 2]
    brand = max(1, half_up(statistics.median(back))) if back else 90
    groups = rfm_members(history, as_of)
    recency = {member: (as_of - max(dates)).days for member, dates in days.items()}
    frequency = {member: len(orders) for member, orders in bought.items()}
    amount = {member: sum(order.net for order in orders) for member, orders in bought.items()}
    owned = {
        member: depth.categories(
            {c: dates for (m, c), dates in category_days.items() if m == member},
            norms,
            brand,
            as_of,
        )
        for member in bought
    }
    cycles = {
        member: max(
            1,
            half_up(interval(days[member]))
            if len(days[member]) >= 3
            else norms.get(owned[member]["main_category"], brand),
        )
        for member in bought
    }
    expected = depth.rhythm(days, cycles, as_of, waited)
    on_promotion = depth.promotions(bought)
    sold = [o for o in history if o.is_purchase and o.currency == "CNY" and o.day <= as_of]
    bands = depth.product_bands(sold)
    found = {}
    for member, orders in bought.items():
        cycle = cycles[member]
        last = max(days[member])
        stated = [order for order in orders if order.place[0]]
        place = stated[-1].place if stated else (None, None)
        found[member] = {
            "recency_days": recency[member],
            "frequency": frequency[member],
            "monetary_minor": amount[member],
            "aov_minor": half_up(Fraction(amount[member], frequency[member])),
            "first_paid_at": orders[0].moment,
            "last_paid_at": orders[-1].moment,
            "rfm_group": groups[member],
            "r_score": 5 - passed(recency, member),
            "f_score": 1 + passed(frequency, member),
            "m_score": 1 + passed(amount, member),
            "cycle_days": cycle,
            "next_purchase_date": expected[member],
            "lifecycle_stage": stage(recency[member], cycle),
            "province": place[0],
            "city": place[1] or None,
            "loss_warning_date": last + timedelta(days=3 * cycle),
            "buyer_type": ("new", "returning", "loyal")[min(len(days[member]), 3) - 1],
            "price_band": depth.price_band(orders, bands),
            **owned[member],
            **on_promotion[member],
            **depth.presents(orders),
            **depth.habits(orders),
            **depth.persons(orders, place),
            # Small histories have no value model; tests/insight/test_value.py has one.
            **dict.fromkeys(VALUE_TRAITS),
            **standing(stage(recency[member], cycle), len(days[member])),
        }
    return found


def standing(lifecycle: str, days: int) -> dict[str, str]:
    """The stages of a buyer of whom no events and reviews are known."""
    lost = lifecycle == "lost"
    return {
        "stage_5a": "abandon" if lost else "adopt" if days > 1 else "attempt",
        "aarrr_stage": "revenue",
        "journey_stage": "lost" if lost else "customer",
    }


def passed(measure: dict[int, int], member: int) -> int:
    """How many of the quintile lines a member's value lies above."""
    values = [Fraction(value) for value in measure.values()]
    return sum(measure[member] > quantile(values, Fraction(step, 5)) for step in range(1, 5))


def stage(recency: int, cycle: int) -> str:
    for limit, name in ((1, "active"), (2, "silent"), (3, "sleeping"), (5, "near_loss")):
        if recency <= limit * cycle:
            return name
    return "lost"
