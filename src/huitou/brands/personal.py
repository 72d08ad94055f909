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
            (
                "password",
                "username",
                "first_name",
                "last_name",
                "email",
                "display_name",
                "language",
            ),
            _STAFF,
        ),
    ),
    TableMap(
        "brands_apikey",
        ("API keys", "API 密钥"),
        plain=dict.fromkeys(("name", "prefix", "secret_sha256", "scopes"), _SETTING),
    ),
    TableMap("brands_staffrole", ("Roles", "角色"), plain={"role": "a code"}),
    TableMap("brands_grouprole", ("Group roles", "集团角色"), plain={"role": "a code"}),
    TableMap("brands_group", ("Groups", "集团"), plain=dict.fromkeys(("slug", "name"), _SETTING)),
    TableMap("brands_authenticator", ("Authenticators", "验证器"), plain={"sealed_secret": _STAFF}),
    TableMap("brands_recoverycode", ("Recovery codes", "恢复码"), plain={"digest": _STAFF}),
    TableMap("brands_lockout", ("Lockouts", "登录锁定"), plain={"key": _STAFF}),
    TableMap("brands_signinlink", ("Sign-in links", "一次性链接"), plain={"digest": _STAFF}),
    TableMap(
        "brands_staffsession",
        ("Staff sessions", "登录会话"),
        plain=dict.fromkeys(("session_key", "address", "agent"), _STAFF),
    ),
)


def declare_tables() -> None:
    """Declare the room's tables."""
    declare(TABLES)
