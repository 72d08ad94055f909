"""What commerce keeps about people: who received an order, and what they wrote.

Amounts, dates, goods and the region of an order stay: the sums need them, and without the rest
they name nobody. Order numbers stay too, as the platform's books and ours are compared by them.
"""

from __future__ import annotations

from huitou.vault.hashing import PHONE
from huitou.vault.personal import Category, Erase, Personal, Shown, TableMap, declare

_REGION = Personal(Category.ADDRESS, Erase.KEEP, Shown.CLEAR)
_WORDS = Personal(Category.CONTENT, Erase.EMPTY, Shown.CLEAR)
_GOODS = "describes goods"
_OF_ORDERS = (
    "t.order_id in (select o.id from commerce_order o"
    " where o.brand_id = %(brand)s and o.member_id = any(%(accounts)s))"
)


TABLES = (
    TableMap(
        "commerce_product",
        ("Products", "商品"),
        plain=dict.fromkeys(("code", "title", "category"), _GOODS),
    ),
    TableMap(
        "commerce_order",
        ("Orders", "订单"),
        personal={
            "receiver": Personal(Category.NAME, Erase.NULL, sealed="receiver"),
            "receiver_phone": Personal(
                Category.CONTACT, Erase.NULL, kind=PHONE, sealed="receiver_phone"
            ),
            "receiver_key": Personal(Category.IDENTIFIER, Erase.NULL, Shown.NEVER),
            "remark": _WORDS,
            "province": _REGION,
            "city": _REGION,
        },
        plain={
            "order_no": "the books are compared by it",
            "status": "a code",
            "currency": "a code",
            "device": "a kind of device",
        },
        owned="t.brand_id = %(brand)s and t.member_id = any(%(accounts)s)",
        # Parcels that others sent to the person.
        mentioned="t.brand_id = %(brand)s and t.receiver_key = any(%(phone_keys)s)",
        numbers=("order_no",),
    ),
    TableMap(
        "commerce_orderline",
        ("Order lines", "订单明细"),
        plain={"line_key": "a number", "variant": _GOODS, "status": "a code"},
        owned=_OF_ORDERS,
    ),
    TableMap(
        "commerce_refund",
        ("Refunds", "退款"),
        personal={"reason": _WORDS},
        plain={"refund_no": "the books are compared by it", "status": "a code"},
        owned=_OF_ORDERS,
        numbers=("refund_no",),
    ),
    TableMap(
        "commerce_review",
        ("Reviews", "评价"),
        personal={
            "nick": Personal(Category.NAME, Erase.EMPTY, Shown.CLEAR),
            "content": _WORDS,
            "followup": _WORDS,
            "reply": _WORDS,
        },
        plain={"review_no": "a number", "variant": _GOODS},
        numbers=("review_no",),
        # Reviews come with a nick only, and belong to nobody in particular.
        searched="t.shop_id in (select id from brands_shop where brand_id = %(brand)s)",
        owned=f"(t.member_id = any(%(accounts)s) or {_OF_ORDERS})",
    ),
)


def declare_tables() -> None:
    """Declare the room's tables."""
    declare(TABLES)
