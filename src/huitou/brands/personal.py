"""What brands keeps about people: staff, but no members."""

from __future__ import annotations

from huitou.vault.personal import TableMap, declare

_STAFF = "about staff, who are no members; managed by the owner"
_SETTING = "set up by staff, names a business"


TABLES = (
    TableMap(
        "brands_brand",
        ("Brands", "品牌"),
        plain=dict.fromkeys(
            ("slug", "name", "time_zone", "currency", "data_note_zh", "data_note_en"),
            _SETTING,
        ),
    ),
    TableMap(
        "brands_shop",
        ("Shops", "店铺"),
        plain=dict.fromkeys(("slug", "name", "platform"), _SETTING),
    ),
    TableMap(
        "brands_staff",
        ("Staff", "员工"),
        plain=dict.fromkeys(
            ("password", "username", "first_name", "last_name", "email", "display_name"),
            _STAFF,
        ),
    ),
    TableMap("brands_staffrole", ("Roles", "角色"), plain={"role": "a code"}),
)


def declare_tables() -> None:
    """Declare the room's tables."""
    declare(TABLES)
