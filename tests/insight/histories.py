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
# Products by code: title and category. Teaware has enough of them for price lines of its own.
GOODS: dict[str, tuple[str, str]] = {
    **{f"t{n}": (f"盖碗 {n} 号", "茶具") for n in range(7)},
    "s1": ("线香", "香薰"),
    "s2": ("学生 Gift Candle", "香薰"),
    "b1": ("婴儿奶粉", "母婴"),
    "c1": ("积木", "玩具"),
    "e1": ("老花镜", "眼镜"),
    "d1": ("Dog Food", "宠物"),
    "w1": ("Women Dress", "服饰"),
    "m1": ("Men's Shaving Set", ""),
}
# Of a remark, whether it speaks of a present.
REMARKS: dict[str, bool] = {"": False, "尽快": False, "送人，请附贺卡": True}
DEVICES: dict[str, str] = {"": "", "APP": "phone", "电脑": "computer", "pos": "store"}


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
    coupon_minor: int | None = None
    receiver: int | None = None
    device: str = ""
    remark: str = ""
    hour: int = 12
    # Code, pieces and what was paid for them.
    goods: tuple[tuple[str, int, int | None], ...] = ()

    @property
    def moment(self) -> datetime:
        """The hour of the day, UTC, a second later for each order number."""
        day = datetime(self.day.year, self.day.month, self.day.day, self.hour, tzinfo=UTC)
        return day + timedelta(seconds=self.number)

    @property
    def lines(self) -> tuple[tuple[str, int, int | None], ...]:
        """The lines: product, pieces, paid; products named by a category first."""
        return (*((category, 1, None) for category in self.categories), *self.goods)

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
    more = random.Random(-seed)
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
                coupon_minor=more.choice((None, None, 0, 200)),
                receiver=more.choice((None, 0, 0, 0, 1, 2, 3)),
                device=more.choice(tuple(DEVICES)),
                remark=more.choice((*REMARKS, "", "", "")),
                hour=more.choice((1, 3, 9, 12, 12, 15, 21)),
                goods=tuple(
                    (code, more.randrange(4), more.choice((None, 0, 500, 990, 1490, 7000)))
                    for code in more.choices(tuple(GOODS), k=more.randrange(4))
                ),
            )
        )
    return found


def lively_history(seed: int, *, members: int = 300, price: int | None = None) -> list[Bought]:
    """Members who buy at rates of their own and leave by chance, some twice on one day.

    At ``price``, or each at their own.
    """
    rng = random.Random(seed)
    found: list[Bought] = []
    for member in range(members):
        rate = rng.gammavariate(0.9, 1 / 45)
        leaving = rng.betavariate(0.8, 2.5)
        worth = rng.gammavariate(4, 2500)
        day = date(2023, 1, 1) + timedelta(days=rng.randrange(300))
        while day <= date(2024, 8, 29):
            for _ in range(rng.choice((1, 1, 1, 1, 2))):
                paid = price if price is not None else int(worth * rng.gammavariate(3, 1 / 3))
                found.append(
                    Bought(number=len(found), shop=0, member=member, day=day, paid_minor=paid)
                )
            day += timedelta(days=1 + int(rng.expovariate(rate)))
            if rng.random() < leaving:
                break
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
    catalogue = GOODS | {category: ("x", category) for category in CATEGORIES}
    products = {
        code: Product.objects.get_or_create(
            brand=brand, code=f"p-{code}", defaults={"title": title, "category": category}
        )[0]
        for code, (title, category) in catalogue.items()
    }
    with transaction.atomic():
        orders = Order.objects.bulk_create(
            [_order(brand, shops, members, bought) for bought in history]
        )
        OrderLine.objects.bulk_create(
            OrderLine(
                order=order,
                line_key=str(place),
                product=products[code],
                quantity=pieces,
                paid_minor=paid,
            )
            for order, bought in zip(orders, history, strict=True)
            for place, (code, pieces, paid) in enumerate(bought.lines)
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
        coupon_minor=bought.coupon_minor,
        receiver_key=None if bought.receiver is None else bytes([bought.receiver] * 8),
        device=bought.device,
        remark=bought.remark,
    )


def of_shop(history: list[Bought], shop: int) -> list[Bought]:
    """Only the orders of one shop."""
    return [replace(bought) for bought in history if bought.shop == shop]
