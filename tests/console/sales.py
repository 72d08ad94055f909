"""A brand with figures of random sales, for pages that put members or segments side by side."""

from __future__ import annotations

from datetime import date

from huitou.brands.models import Brand
from huitou.insight import services as insight
from tests.factories import make_shop
from tests.insight.histories import NOW, make_members, random_history, store

AS_OF = date(2024, 6, 30)


def sell(brand: Brand, *, members: int = 60, orders: int = 150) -> Brand:
    """Two shops, members of whom some never bought, and figures as of ``AS_OF``."""
    shops = [make_shop(brand), make_shop(brand)]
    history = random_history(7, members=members * 5 // 6, orders=orders)
    store(brand, shops, make_members(brand, members), history)
    insight.refresh(brand.pk, as_of=AS_OF, now=NOW)
    return brand
