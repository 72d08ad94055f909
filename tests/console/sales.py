"""A brand with figures of random sales, for pages that put members or segments side by side."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import date

from huitou.brands.models import Brand
from huitou.insight import services as insight
from tests.factories import make_shop
from tests.insight.histories import (
    GOODS,
    NOW,
    lively_history,
    make_members,
    random_history,
    store,
)

AS_OF = date(2024, 6, 30)


def sell(brand: Brand, *, members: int = 60, orders: int = 150) -> Brand:
    """Two shops, members of whom some never bought, and figures as of ``AS_OF``."""
    shops = [make_shop(brand), make_shop(brand)]
    history = random_history(7, members=members * 5 // 6, orders=orders)
    store(brand, shops, make_members(brand, members), history)
    insight.refresh(brand.pk, as_of=AS_OF, now=NOW)
    return brand


def sell_to_regulars(brand: Brand) -> Brand:
    """A shop whose members buy at rates of their own and leave, and figures as of ``AS_OF``."""
    rng = random.Random(5)
    history = [
        replace(
            order,
            goods=tuple(
                (code, 1, None) for code in rng.sample(list(GOODS), rng.choice((1, 1, 2, 4)))
            ),
        )
        for order in lively_history(5)
    ]
    store(brand, [make_shop(brand)], make_members(brand, 301), history)
    insight.refresh(brand.pk, as_of=AS_OF, now=NOW)
    return brand
