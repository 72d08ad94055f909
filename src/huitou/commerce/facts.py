"""What the room knows of members."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from huitou.commerce.queries import OrderTotals, ReviewView, order_totals, reviews_of
from huitou.members.facts import register

# The newest reviews a page shows of the members it is about.
REVIEWS_MAX = 20


def register_facts() -> None:
    """Answer for ``order_totals`` and ``reviews``."""
    register("order_totals", _order_totals)
    register("reviews", _reviews)


def _order_totals(
    brand_id: int, member_ids: Sequence[int], _now: datetime
) -> dict[int, OrderTotals]:
    return order_totals(brand_id, member_ids)


def _reviews(
    brand_id: int, member_ids: Sequence[int], _now: datetime
) -> dict[int, list[ReviewView]]:
    return reviews_of(brand_id, member_ids, limit=REVIEWS_MAX)
