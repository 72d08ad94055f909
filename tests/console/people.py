"""A brand of a few members with orders and figures, for the member pages."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from uuid import UUID

from huitou.brands.models import Brand, Shop
from huitou.commerce.models import Order, OrderLine, Product, Refund, Review
from huitou.eventlog.services import append
from huitou.insight import services
from huitou.kernel.months import month_number
from huitou.members.models import Member
from tests.factories import make_identity

AS_OF = date(2026, 6, 30)
NOW = datetime(2026, 7, 1, 1, tzinfo=UTC)
# Name, phone, amounts paid at ever earlier days (10 days apart, the last 5 days before AS_OF).
PEOPLE = (
    ("沈知夏", "19900000001", (30_000, 20_000, 10_000)),
    ("顾岚", "199****0002", (5_000,)),
    ("林予安", "", ()),
)


def public_id(place: int) -> UUID:
    """The public id of the member at ``place``."""
    return UUID(int=0xABCD0000 << 96 | place)


def fill(
    brand: Brand, shop: Shop, *, people: tuple = PEOPLE, birthdays: tuple[date, ...] = ()
) -> list[Member]:
    """Members with paid orders, one line each; figures refreshed as of ``AS_OF``."""
    product = Product.objects.create(brand=brand, code="QH-1", title="青瓷茶杯", category="茶具")
    members, orders = [], []
    for place, (name, phone, amounts) in enumerate(people):
        member = Member.objects.create(
            brand=brand,
            public_id=public_id(place),
            name=name,
            phone=phone,
            first_shop=shop,
            province="浙江省",
            city="杭州市",
            birthday=birthdays[place] if place < len(birthdays) else None,
        )
        make_identity(
            brand=brand,
            member=member,
            platform="taobao",
            kind="buyer_nick",
            value=f"nick{place}",
            owns=True,
        )
        members.append(member)
        for number, amount in enumerate(amounts):
            at = datetime(2026, 6, 25, 4, tzinfo=UTC) - timedelta(days=10 * number)
            orders.append(
                Order.objects.create(
                    brand=brand,
                    shop=shop,
                    member=member,
                    order_no=f"T{place}-{number}",
                    status="finished",
                    currency="CNY",
                    ordered_at=at,
                    paid_at=at,
                    biz_date=at.date(),
                    month=month_number(at.date()),
                    quantity=1,
                    paid_minor=amount,
                    province="浙江省",
                    city="杭州市",
                )
            )
            OrderLine.objects.create(
                order=orders[-1], line_key="a", product=product, paid_minor=amount
            )
    if orders:
        _after_sales(shop, orders[0], members[0])
    append(
        brand_id=brand.pk,
        kind="commerce.orders_recorded",
        subject_ids=[order.pk for order in orders],
        payload={"months": sorted({order.month for order in orders})},
        occurred_at=NOW,
        origin="backfill",
    )
    services.refresh(brand.pk, as_of=AS_OF, now=NOW, rebuild=True)
    return members


def _after_sales(shop: Shop, order: Order, member: Member) -> None:
    Refund.objects.create(
        order=order,
        shop=shop,
        refund_no="R1",
        amount_minor=1_000,
        status="closed",
        reason="不想要了",
    )
    Review.objects.create(
        shop=shop,
        review_no="V1",
        order=order,
        member=member,
        rating=5,
        content="釉色温润",
        reviewed_at=datetime(2026, 6, 28, 4, tzinfo=UTC),
    )
