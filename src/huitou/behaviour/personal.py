"""What behaviour keeps about people: what they did, under their account's number."""

from __future__ import annotations

from huitou.vault.personal import Category, Erase, Personal, Shown, TableMap, declare

TABLES = (
    TableMap(
        "behaviour_behaviourevent",
        ("Behaviour", "行为事件"),
        # The row stays for the counts of the day; what the sender told beside it goes.
        personal={"properties": Personal(Category.CONTENT, Erase.EMPTY, Shown.CLEAR)},
        plain={
            "source": "a code",
            "source_id": "the sender's number of the message",
            "kind": "a code",
            "name": "names a kind of event",
            "order_no": "an order number",
            "product_code": "names a product",
        },
        owned="t.brand_id = %(brand)s and t.member_id = any(%(accounts)s)",
        numbers=("order_no",),
    ),
)


def declare_tables() -> None:
    """Declare the room's tables."""
    declare(TABLES)
