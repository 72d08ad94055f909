"""The developers' pages in a real browser."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from huitou.api.connections import open_connection
from huitou.api.intake.hooks import process
from huitou.api.models import Delivery
from huitou.api.subscriptions import open_subscription
from huitou.brands.api_keys import issue_api_key, revoke_api_key
from huitou.brands.models import Brand, Role, Shop, Staff
from tests.api import shops
from tests.api.door import NOW, make_key, order, send
from tests.api.test_platforms import push
from tests.browser.test_imports import LOOKS, assert_clean
from tests.factories import make_shop, make_staff

Visits = Callable[..., Any]


@pytest.fixture
def brand(transactional_db: None, home: Path, brand: Brand, settings: Any) -> Brand:
    """A brand with keys, connections and webhooks in every state."""
    settings.OUTGOING_INTERNAL = True
    return brand


@pytest.fixture
def developer(brand: Brand) -> Staff:
    return make_staff(brand, role=Role.DEVELOPER)


@pytest.fixture
def busy(brand: Brand, shop: Shop) -> None:
    for name in ("Till of the flagship store", "Mini-programme"):
        issued = issue_api_key(brand=brand, name=name, scopes=["events:write", "members:read"])
    revoke_api_key(brand_id=brand.pk, prefix=issued.key.prefix, now=NOW)
    shopify = make_shop(brand, platform="shopify", name="Overseas shop")
    connection = open_connection(
        shop=shopify, kind="shopify", secret=shops.SECRET, base_url="http://127.0.0.1:9"
    )
    open_connection(shop=shop, kind="taobao", secret="s", app_key="a", session="x")
    push(connection, *shops.shopify_push(1, 1))
    body = json.dumps({**shops.shopify_order(2, 1), "financial_status": "odd"}).encode()
    headers = {"X-Shopify-Topic": "orders/paid", "X-Shopify-Hmac-Sha256": shops.hmac_base64(body)}
    push(connection, body, headers)
    process(connection, now=NOW)
    push(connection, *shops.shopify_push(3, 1))
    send(make_key(brand), "/orders", {"orders": [order(shop="nowhere")]})
    opened = open_subscription(
        brand_id=brand.pk, url="http://127.0.0.1:9/in", kinds=["orders.recorded"], now=NOW
    ).subscription
    for number, state in enumerate(("sent", "failed", "waiting")):
        Delivery.objects.create(
            subscription=opened, message_id=f"00000000-0000-4000-8000-00000000000{number}",
            kind="orders.recorded", body="{}", state=state, attempts=number * 3 + 1, due_at=NOW,
            status=204 if state == "sent" else 500,
            error="" if state == "sent" else "answered 500",
        )  # fmt: skip


@pytest.mark.parametrize(("language", "theme", "width"), LOOKS)
@pytest.mark.parametrize("page", ["keys", "connections", "webhooks"])
def test_the_pages_are_clean(
    visit: Visits, busy: None, developer: Staff, page: str, language: str, theme: str, width: int
) -> None:
    seen = visit(developer, language=language, theme=theme, width=width)

    seen.open(f"/interfaces/{page}/")

    seen.shot(f"interfaces-{page}-{language}-{theme}-{width}")
    assert_clean(seen)


def test_a_key_is_made_shown_and_revoked(visit: Visits, developer: Staff) -> None:
    # given
    seen = visit(developer)
    page = seen.open("/interfaces/keys/")

    # when
    page.fill("#id_name", "Till")
    page.check("input[value='events:write']")
    page.click("main button:has-text('Make a key')")

    # then
    assert page.inner_text(".ec-secret").startswith("hk_")
    seen.shot("interfaces-keys-once")
    assert_clean(seen)

    # when
    page.click("summary:has-text('Revoke')")
    page.click("button:has-text('Revoke Till')")

    # then
    page.wait_for_selector("td:has-text('Revoked')")
    assert_clean(seen)
