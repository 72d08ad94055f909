"""What members keeps about people."""

from __future__ import annotations

from huitou.vault.hashing import EMAIL, PHONE
from huitou.vault.personal import Category, Erase, Personal, Shown, TableMap, declare


def declare_tables() -> None:
    """Declare the room's tables."""
    declare(
        [
            TableMap(
                "members_member",
                ("Member", "会员档案"),
                personal={
                    "public_id": Personal(Category.IDENTIFIER, Erase.RENEW, Shown.CLEAR, "member"),
                    "name": Personal(Category.NAME, Erase.EMPTY, Shown.CLEAR),
                    "phone": Personal(Category.CONTACT, Erase.EMPTY, kind=PHONE),
                    "email": Personal(Category.CONTACT, Erase.EMPTY, kind=EMAIL),
                    "gender": Personal(Category.DEMOGRAPHIC, Erase.EMPTY, Shown.CLEAR),
                    "birthday": Personal(Category.DEMOGRAPHIC, Erase.NULL, Shown.CLEAR),
                    "province": Personal(Category.ADDRESS, Erase.EMPTY, Shown.CLEAR),
                    "city": Personal(Category.ADDRESS, Erase.EMPTY, Shown.CLEAR),
                },
                owned="t.brand_id = %(brand)s and t.id = any(%(accounts)s)",
            ),
            TableMap(
                "members_identity",
                ("Identifiers", "身份标识"),
                # A token stays, so that the same file again finds the anonymous member.
                personal={"value": Personal(Category.IDENTIFIER, Erase.TOKEN, kind="=kind")},
                plain={"platform": "a code", "kind": "a code"},
                owned="t.brand_id = %(brand)s and t.member_id = any(%(accounts)s)",
            ),
        ]
    )
