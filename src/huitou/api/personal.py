"""What the door keeps about people: messages as they came and as they were sent.

They are logs of work that is done, so a message that names an erased person goes whole.
"""

from __future__ import annotations

from huitou.vault.personal import (
    Category,
    Erase,
    Personal,
    Retention,
    Shown,
    TableMap,
    declare,
)

# Long enough to replay after a bad week, short enough for what holds contacts in clear.
MESSAGES_DAYS = 90
_MESSAGE = Personal(Category.COPY, Erase.SCRUB, Shown.NEVER)
_TEXT = Personal(Category.CONTENT, Erase.SCRUB, Shown.CLEAR)
_MINE = "(select c.id from api_connection c where c.brand_id = %(brand)s)"
_SUBSCRIBED = "(select s.id from api_subscription s where s.brand_id = %(brand)s)"

TABLES = (
    TableMap(
        "api_connection",
        ("Connections", "平台连接"),
        plain={
            "kind": "a code",
            "token": "a secret of the address",
            "secret_sealed": "a sealed secret",
            "base_url": "an address of a platform",
            "app_key": "a public name of an app",
            "session_sealed": "a sealed secret",
        },
    ),
    TableMap(
        "api_incominghook",
        ("Messages from platforms", "平台推送"),
        personal={"body": _MESSAGE, "error": _TEXT},
        plain={"event_id": "the sender's number", "topic": "a code", "state": "a code"},
        searched=f"t.connection_id in {_MINE}",
        binary=("body",),
        delete=True,
        retention=Retention(MESSAGES_DAYS, "t.received_at < %(before)s and t.state <> 'waiting'"),
    ),
    TableMap(
        "api_reconcilerun",
        ("Polls of platforms", "平台对账"),
        plain={"task": "a code", "period": "a time", "error": "what failed, without data"},
    ),
    TableMap(
        "api_messageversion",
        ("Newest statements", "最新版本"),
        plain={"kind": "a code", "number": "the sender's number", "digest": "a digest"},
    ),
    TableMap(
        "api_parkedmessage",
        ("Messages that wait", "待补消息"),
        personal={"body": _MESSAGE},
        plain={
            "kind": "a code",
            "shop_slug": "a code",
            "number": "the sender's number",
            "reason": "a code",
            "detail": "a slug or a product code",
        },
        searched="t.brand_id = %(brand)s",
        delete=True,
        retention=Retention(MESSAGES_DAYS, "t.resolved_at < %(before)s"),
    ),
    TableMap(
        "api_subscription",
        ("Webhooks", "网络回调"),
        plain={"url": "an address of a system", "kinds": "codes", "secret_sealed": "a secret"},
    ),
    TableMap(
        "api_delivery",
        ("Messages to systems", "外发消息"),
        personal={"body": _MESSAGE},
        plain={"kind": "a code", "state": "a code", "error": "what failed, without data"},
        searched=f"t.subscription_id in {_SUBSCRIBED}",
        delete=True,
        retention=Retention(
            MESSAGES_DAYS, "t.created_at < %(before)s and t.state not in ('waiting', 'sending')"
        ),
    ),
)


def declare_tables() -> None:
    """Declare the room's tables."""
    declare(TABLES)
