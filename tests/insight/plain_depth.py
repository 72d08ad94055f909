"""The traits at depth once more, in plain Python: expectations, categories, habits, tastes, places.

Written from the definitions in the documentation. ``plain`` puts them beside the others.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Mapping
from datetime import date, timedelta
from fractions import Fraction
from itertools import pairwise
from typing import Any

from tests.insight.histories import CATEGORIES, DEVICES, GOODS, REMARKS, Bought

HALF = Fraction(1, 2)
ZONES = {
    "浙江省": ("east", "hot_cold"),
    "上海市": ("east", "hot_cold"),
    "广东省": ("south", "hot_warm"),
}
# Product code → the codes it speaks for.
ROLES = {"b1": "baby", "c1": "child", "e1": "elders", "d1": "pets"}
GENDERS = {"w1": "female", "m1": "male"}
AGES = {"s2": "under_25", "b1": "25_39", "e1": "60_up"}


def half_up(number: Fraction) -> int:
    return math.floor(number + HALF)


def category_of(code: str) -> str:
    return code if code in CATEGORIES else GOODS[code][1]


class Curve:
    """Kaplan–Meier over bins of a tenth of a cycle, up to ten cycles."""

    def __init__(self, gaps: list[tuple[int, int]], silences: list[tuple[int, int]], support: int):
        """``gaps`` and ``silences`` are (days, cycle)."""
        events = Counter(self.bin(*gap) for gap in gaps)
        every = events + Counter(self.bin(*silence) for silence in silences)
        self.share: dict[int, Fraction] = {}
        left = Fraction(1)
        for place in range(100):
            at_risk = sum(n for at, n in every.items() if at >= place)
            if at_risk < support:
                break
            left *= 1 - Fraction(events[place], at_risk)
            self.share[place] = left

    @staticmethod
    def bin(days: int, cycle: int) -> int:
        """The tenth of a cycle, 100 for ten cycles and more."""
        return min(days * 10 // cycle, 100)

    def expected(self, silence: int, cycle: int) -> int | None:
        """Days after the last purchase by which half of those silent for as long have bought."""
        place = self.bin(silence, cycle)
        begun = min([s for at, s in self.share.items() if at < place], default=Fraction(1))
        for at, share in self.share.items():
            if place < 100 and at >= place and share <= begun / 2:
                return math.ceil(Fraction((at + 1) * cycle, 10))
        return None


def gaps_of(days: set[date]) -> list[int]:
    ordered = sorted(days)
    return [(b - a).days for a, b in pairwise(ordered)]


def rhythm(
    days: Mapping[int, set[date]], cycles: Mapping[int, int], as_of: date, support: int
) -> dict[int, date | None]:
    """The expected next purchase of every member."""
    gaps = [(gap, cycles[m]) for m, dates in days.items() for gap in gaps_of(dates)]
    silent = {m: (as_of - max(dates)).days for m, dates in days.items()}
    curve = Curve(gaps, [(silence, cycles[m]) for m, silence in silent.items()], support)
    found = {}
    for member, dates in days.items():
        expected = curve.expected(silent[member], cycles[member])
        found[member] = None if expected is None else max(dates) + timedelta(days=expected)
    return found


def categories(
    mine: Mapping[str, set[date]], norms: Mapping[str, int], brand: int, as_of: date
) -> dict[str, Any]:
    """A member's categories by days bought, and the one that is due."""
    ordered = sorted(mine, key=lambda c: (-len(mine[c]), -max(mine[c]).toordinal(), c))
    due = [c for c in ordered if is_due(mine[c], norms.get(c, brand), as_of)]
    total = sum(len(dates) for dates in mine.values())
    return {
        "main_category": ordered[0] if ordered else None,
        "main_category_share": len(mine[ordered[0]]) / total if ordered else None,
        "second_category": ordered[1] if len(ordered) > 1 else None,
        "due_category": due[0] if due else None,
    }


def category_cycle(dates: set[date], otherwise: int) -> int:
    if len(dates) >= 3:
        otherwise = half_up(Fraction((max(dates) - min(dates)).days, len(dates) - 1))
    return max(1, otherwise)


def is_due(dates: set[date], otherwise: int, as_of: date) -> bool:
    cycle = timedelta(days=category_cycle(dates, otherwise))
    return max(dates) + cycle <= as_of < max(dates) + 3 * cycle


def is_promotion(order: Bought) -> bool:
    listed = (order.list_minor or 0) > 0 and order.discount_minor is not None
    return (order.coupon_minor or 0) > 0 or (
        listed and Fraction(order.discount_minor or 0, order.list_minor or 1) >= Fraction(1, 10)
    )


def tells_promotion(order: Bought) -> bool:
    return is_promotion(order) or ((order.list_minor or 0) > 0 and order.discount_minor is not None)


def promotions(bought: Mapping[int, list[Bought]]) -> dict[int, dict[str, Any]]:
    """How much of what members buy is on promotion, beside the brand."""
    every = [order for orders in bought.values() for order in orders]
    of_brand = sum(map(is_promotion, every)), sum(map(tells_promotion, every))
    return {member: _promotions(orders, of_brand) for member, orders in bought.items()}


def _promotions(orders: list[Bought], of_brand: tuple[int, int]) -> dict[str, Any]:
    on, told = sum(map(is_promotion, orders)), sum(map(tells_promotion, orders))
    if not told:
        return dict.fromkeys(("discount_share", "promotion_only", "discount_sensitivity"))
    brand = Fraction(*of_brand)
    share = (on + 4 * brand) / (told + 4)
    code = "low" if share < brand * 3 / 4 else "high" if 1 - share < (1 - brand) * 3 / 4 else None
    return {
        "discount_share": on / told,
        "promotion_only": on == len(orders) >= 2,
        "discount_sensitivity": code or "medium",
    }


def presents(orders: list[Bought]) -> dict[str, Any]:
    receivers = {order.receiver for order in orders} - {None}
    notes = sum(REMARKS[order.remark] for order in orders)
    told = sum(order.receiver is not None or REMARKS[order.remark] for order in orders)
    found: dict[str, Any] = {"receivers": len(receivers) or None}
    signs = notes + max(0, len(receivers) - 2)
    if not told:
        return found | {"buys_for": None, "buys_for_confidence": None}
    if notes == told or (len(receivers) >= 3 and len(receivers) == told):
        code = "gift"
    else:
        code = "both" if signs else "self"
    sure = signs / (signs + 1) if signs else told / (told + 2)
    return found | {"buys_for": code, "buys_for_confidence": sure}


def habits(orders: list[Bought]) -> dict[str, Any]:
    names = ("phone", "computer", "store")
    devices = Counter(DEVICES[order.device] for order in orders if order.device)
    quarters = ("night", "morning", "afternoon", "evening")
    hours = Counter(quarters[(order.hour + 8) % 24 // 6] for order in orders)
    weekend = sum(order.day.weekday() >= 5 for order in orders)
    share = Fraction(weekend, len(orders))
    if share >= Fraction(4, 7):
        week, on = "weekend", weekend
    elif share <= Fraction(1, 7):
        week, on = "weekday", len(orders) - weekend
    else:
        week, on = "any", len(orders)
    return {
        **guess("device", devices, names),
        **guess("hour_band", hours, quarters),
        "week_habit": week,
        "week_habit_confidence": (on + 1) / (len(orders) + 2),
    }


def guess(name: str, votes: Counter[str], names: tuple[str, ...]) -> dict[str, Any]:
    """The code with most votes, the first named of equals, and its smoothed share."""
    if not votes:
        return {name: None, f"{name}_confidence": None}
    best = max(names, key=lambda code: (votes[code], -names.index(code)))
    sure = (votes[best] + 1) / (votes.total() + len(names))
    return {name: best, f"{name}_confidence": sure}


def persons(orders: list[Bought], place: tuple[str | None, str | None]) -> dict[str, Any]:
    codes = [code for order in orders for code, _, _ in order.lines]
    roles = Counter(ROLES[code] for code in codes if code in ROLES)
    genders = Counter(GENDERS[code] for code in codes if code in GENDERS)
    ages = Counter(AGES[code] for code in codes if code in AGES)
    found = guess("family_role", roles, ("baby", "child", "elders", "pets"))
    most = max(roles.values(), default=0)
    found["family_role_confidence"] = most / (most + 2) if most else None
    found |= guess("likely_gender", genders, ("female", "male"))
    if genders["female"] == genders["male"]:
        found["likely_gender"] = None
    found |= guess("age_band", ages, ("under_25", "25_39", "40_59", "60_up"))
    region, zone = ZONES.get(place[0] or "", (None, None))
    return found | {"region": region, "climate_zone": zone}


def price_lines(prices: list[int]) -> tuple[Fraction, Fraction]:
    ordered = sorted(prices)

    def at(share: Fraction) -> Fraction:
        place = (len(ordered) - 1) * share
        low = math.floor(place)
        high = min(low + 1, len(ordered) - 1)
        return ordered[low] + (ordered[high] - ordered[low]) * (place - low)

    return at(Fraction(1, 3)), at(Fraction(2, 3))


def product_bands(sold: list[Bought]) -> dict[str, int]:
    """Products that were sold with a price: 0 low, 1 middle, 2 high."""
    sums: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    for order in sold:
        for code, pieces, paid in order.lines:
            if paid is not None and pieces > 0:
                sums[code][0] += paid
                sums[code][1] += pieces
    prices = {code: half_up(Fraction(*pair)) for code, pair in sums.items()}
    in_category: dict[str, list[int]] = defaultdict(list)
    for code, price in prices.items():
        in_category[category_of(code)].append(price)
    bands = {}
    for code, price in prices.items():
        category = category_of(code)
        rivals = in_category[category] if category else []
        low, high = price_lines(rivals if len(rivals) >= 6 else list(prices.values()))
        bands[code] = 1 - (price < low) + (price > high)
    return bands


def price_band(orders: list[Bought], bands: Mapping[str, int]) -> str | None:
    found = [bands[code] for order in orders for code, _, _ in order.lines if code in bands]
    if not found:
        return None
    mean = Fraction(sum(found), len(found))
    return "low" if mean < Fraction(2, 3) else "high" if mean >= Fraction(4, 3) else "mid"
