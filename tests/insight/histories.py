"""Purchase histories for tests: written to PostgreSQL, and kept as plain values."""

from __future__ import annotations

import random
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta

from django.db import transaction

from huitou.brands.models import Brand, Shop
from huitou.commerce.models import Order, OrderLine, Product
from huitou.eventlog.services import append
from huitou.kernel.months import month_number
from huitou.members.models import Member

NOW = datetime(2024, 7, 1, 12, tzinfo=UTC)
PROVINCES = (
    ("", ""),
    ("浙江省", "杭州市"),
    ("浙江省", ""),
    ("广东省", "深圳市"),
    ("上海市", "上海市"),
)
CATEGORIES = ("茶具", "香薰", "家纺", "")


@dataclass(frozen=True)
class Bought:
    """One order as a test states it; ``member`` is a place in the list of members, or ``None``."""

    number: int
    shop: int
    member: int | None
    day: date
    paid_minor: int = 1000
    refunded_minor: int = 0
    status: str = "finished"
    paid: bool = True
    currency: str = "CNY"
    list_minor: int | None = None
    discount_minor: int | None = None
    quantity: int | None = 1
    place: tuple[str, str] = ("", "")
    categories: tuple[str, ...] = ()

    @property
    def moment(self) -> datetime:
        """Noon of the day, a second later for each order number."""
        return datetime(self.day.year, self.day.month, self.day.day, 12, tzinfo=UTC) + timedelta(
            seconds=self.number
        )

    @property
    def is_purchase(self) -> bool:
        """Paid, not closed, and not wholly refunded."""
        open_ = self.status not in ("cancelled", "closed_refunded")
        return self.paid and open_ and (self.refunded_minor == 0 or self.net > 0)

    @property
    def net(self) -> int:
        """What was paid and kept."""
        return self.paid_minor - self.refunded_minor


def random_history(seed: int, *, members: int = 40, orders: int = 300) -> list[Bought]:
    """Orders over three years with ties, gifts of 0.00, refunds, strangers and foreign money."""
    rng = random.Random(seed)
    found = []
    for number in range(orders):
        paid = rng.choice((0, 1, 990, 1990, 1990, 5000, 12345, 99999))
        found.append(
            Bought(
                number=number,
                shop=rng.randrange(2),
                member=rng.choice((None, *[int(members * rng.random() ** 2) for _ in range(6)])),
                day=date(2021, 7, 1) + timedelta(days=int(1120 * rng.random() ** 0.7)),
                paid_minor=paid,
                refunded_minor=rng.choice((0, 0, 0, 0, paid // 2, paid)),
                status=rng.choice(("finished", "shipped", "paid", "finished", "closed_refunded")),
                paid=rng.random() < 0.9,
                currency="CNY" if rng.random() < 0.97 else "USD",
                list_minor=rng.choice((None, 0, paid, paid + 500)),
                discount_minor=rng.choice((None, 0, 500)),
                quantity=rng.choice((None, 1, 2, 5)),
                place=rng.choice(PROVINCES),
                categories=tuple(rng.choices(CATEGORIES, k=rng.randrange(3))),
            )
        )
    return found


def make_members(brand: Brand, count: int, shop: Shop | None = None) -> list[int]:
    """``count`` new members; their ids in order."""
    made = Member.objects.bulk_create([Member(brand=brand, first_shop=shop) for _ in range(count)])
    with transaction.atomic():
        append(
            brand_id=brand.pk,
            kind="members.members_recorded",
            subject_ids=[member.pk for member in made],
            occurred_at=NOW,
            origin="backfill",
        )
    return [member.pk for member in made]


def store(brand: Brand, shops: list[Shop], members: list[int], history: list[Bought]) -> list[int]:
    """Write ``history`` to PostgreSQL with its news; the order ids in order."""
    products = {
        category: Product.objects.get_or_create(
            brand=brand, code=f"p-{category}", defaults={"title": "x", "category": category}
        )[0]
        for category in CATEGORIES
    }
    with transaction.atomic():
        orders = Order.objects.bulk_create(
            [_order(brand, shops, members, bought) for bought in history]
        )
        OrderLine.objects.bulk_create(
            OrderLine(order=order, line_key=str(place), product=products[category])
            for order, bought in zip(orders, history, strict=True)
            for place, category in enumerate(bought.categories)
        )
        append(
            brand_id=brand.pk,
            kind="commerce.orders_recorded",
            subject_ids=[order.pk for order in orders],
            occurred_at=NOW,
            origin="backfill",
            payload={"months": sorted({month_number(bought.day) for bought in history})},
        )
    return [order.pk for order in orders]


def _order(brand: Brand, shops: list[Shop], members: list[int], bought: Bought) -> Order:
    return Order(
        brand=brand,
        shop=shops[bought.shop],
        order_no=f"T{bought.number}",
        member_id=None if bought.member is None else members[bought.member],
        status=bought.status,
        currency=bought.currency,
        ordered_at=bought.moment,
        paid_at=bought.moment if bought.paid else None,
        biz_date=bought.day,
        month=month_number(bought.day),
        quantity=bought.quantity,
        list_minor=bought.list_minor,
        discount_minor=bought.discount_minor,
        paid_minor=bought.paid_minor,
        refunded_minor=bought.refunded_minor,
        province=bought.place[0],
        city=bought.place[1],
    )


def of_shop(history: list[Bought], shop: int) -> list[Bought]:
    """Only the orders of one shop."""
    return [replace(bought) for bought in history if bought.shop == shop]
