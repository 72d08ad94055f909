"""The developers' pages: keys shown once, connections, webhooks, and who may open them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connection
from django.test import Client

from huitou.api.access import admit
from huitou.api.connections import link_of, open_connection
from huitou.api.intake.hooks import process
from huitou.api.models import Connection, Delivery, IncomingHook, Subscription
from huitou.api.problems import Problem
from huitou.api.subscriptions import open_subscription
from huitou.brands.models import ApiKey, Brand, Role, Shop
from tests.api import shops
from tests.api.door import NOW, make_key, order, send
from tests.api.test_platforms import push
from tests.factories import make_brand, make_shop, make_staff
from tests.ingest.pages import text_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def signed_in(client: Client, brand: Brand, settings: Any) -> Iterator[Client]:
    """A developer reading English."""
    settings.OUTGOING_INTERNAL = True
    client.force_login(make_staff(brand, role=Role.DEVELOPER))
    client.cookies["django_language"] = "en"
    return client


def dumped() -> str:
    """The connections as a dump of the database holds them."""
    with connection.cursor() as cursor:
        cursor.execute("select to_jsonb(c)::text from api_connection c")
        return "".join(row[0] for row in cursor.fetchall())


def make_connection(shop: Shop) -> Connection:
    return open_connection(
        shop=shop, kind="shopify", secret=shops.SECRET, base_url="http://127.0.0.1:9"
    )


def test_a_key_is_shown_once_and_works(signed_in: Client, brand: Brand, shop: Shop) -> None:
    # when
    answer = signed_in.post(
        "/interfaces/keys/",
        {"name": "Till", "scopes": ["events:write", "orders:write"], "shop": shop.pk},
    )
    later = signed_in.get("/interfaces/keys/")

    # then
    (secret,) = re.findall(r"hk_[0-9a-f]{12}_[\w-]{43}", answer.content.decode())
    caller = admit(secret, now=NOW)
    assert (caller.shop_id, caller.scopes) == (shop.pk, {"events:write", "orders:write"})
    assert (answer["Cache-Control"], secret in later.content.decode()) == ("no-store", False)
    page = text_of(later.content)
    assert "Send events · Send orders" in page
    assert ApiKey.objects.get().created_by is not None

    # when
    signed_in.post(f"/interfaces/keys/{ApiKey.objects.get().prefix}/revoke/")

    # then
    with pytest.raises(Problem):
        admit(secret, now=NOW)
    assert "Revoked" in text_of(signed_in.get("/interfaces/keys/").content)


def test_a_refused_key_keeps_what_was_typed(signed_in: Client) -> None:
    answer = signed_in.post("/interfaces/keys/", {"name": "Till"})

    assert (answer.status_code, ApiKey.objects.count()) == (422, 0)
    assert "Choose what the key may do." in text_of(answer.content)
    assert 'value="Till"' in answer.content.decode()


def test_a_connection_shows_its_address_but_no_secret(signed_in: Client, brand: Brand) -> None:
    # given
    shop = make_shop(brand, platform="woocommerce")
    form = {
        "kind": "woocommerce", "shop": shop.pk, "secret": "very-secret", "session": "cs_secret",
        "app_key": "ck_1", "base_url": "http://127.0.0.1:9/",
    }  # fmt: skip

    # when
    opened = signed_in.post("/interfaces/connections/", form)
    refused = signed_in.post("/interfaces/connections/", {**form, "kind": "shopify"})
    page = signed_in.get("/interfaces/connections/").content.decode()

    # then
    made = Connection.objects.get()
    assert (opened.status_code, refused.status_code) == (302, 422)
    assert "This shop is not on that platform." in text_of(refused.content)
    assert f"http://testserver/hooks/{made.token}/" in page
    assert ("very-secret" in page, "cs_secret" in page) == (False, False)
    assert "very-secret" not in refused.content.decode()
    assert link_of(made).secret == "very-secret"
    assert b"very-secret".hex() not in dumped()

    # when
    signed_in.post(f"/interfaces/connections/{made.pk}/ask/")
    signed_in.post(f"/interfaces/connections/{made.pk}/close/")

    # then
    made.refresh_from_db()
    assert made.closed_at is not None
    assert f"/hooks/{made.token}/" not in signed_in.get("/interfaces/connections/").content.decode()


def test_a_failed_message_is_read_again_from_the_page(signed_in: Client, brand: Brand) -> None:
    # given
    connection = make_connection(make_shop(brand, platform="shopify"))
    body = json.dumps({**shops.shopify_order(1, 1), "financial_status": "odd"}).encode()
    headers = {
        "X-Shopify-Topic": "orders/paid", "X-Shopify-Hmac-Sha256": shops.hmac_base64(body),
    }  # fmt: skip
    push(connection, body, headers)
    process(connection, now=NOW)

    # when
    failed = text_of(signed_in.get("/interfaces/connections/?state=failed").content)
    done = text_of(signed_in.get("/interfaces/connections/?state=done").content)
    signed_in.post(f"/interfaces/received/{IncomingHook.objects.get().pk}/again/")

    # then
    assert "a code that is not known here. (financial status &#x27;odd&#x27;)" in failed
    assert "Nothing received" in done
    assert IncomingHook.objects.get().state == "waiting"


def test_parked_messages_are_told_of(signed_in: Client, brand: Brand, shop: Shop) -> None:
    # given
    send(make_key(brand), "/orders", {"orders": [order(shop="nowhere")]})

    # when
    page = text_of(signed_in.get("/interfaces/connections/").content)

    # then
    assert "Messages that wait for something unknown: 1." in page
    assert "Unknown shop: nowhere" in page


def test_a_webhook_is_opened_shown_once_replayed_and_closed(
    signed_in: Client, brand: Brand
) -> None:
    # when
    opened = signed_in.post(
        "/interfaces/webhooks/", {"url": "http://127.0.0.1:9/in", "kinds": ["orders.recorded"]}
    )
    refused = signed_in.post("/interfaces/webhooks/", {"url": "http://127.0.0.1:9/in"})
    subscription = Subscription.objects.get()
    sent = Delivery.objects.create(
        subscription=subscription, message_id=subscription.public_id, kind="orders.recorded",
        body="{}", state="failed", attempts=7, error="answered 500", status=500, due_at=NOW,
    )  # fmt: skip
    page = signed_in.get("/interfaces/webhooks/")
    signed_in.post(f"/interfaces/sent/{sent.pk}/again/")

    # then
    assert "whsec_" in opened.content.decode()
    assert "whsec_" not in page.content.decode()
    assert refused.status_code == 422
    assert "answered 500" in text_of(page.content)
    sent.refresh_from_db()
    assert (sent.state, sent.attempts) == ("waiting", 0)

    # when
    signed_in.post(f"/interfaces/webhooks/{subscription.public_id}/close/")

    # then
    sent.refresh_from_db()
    subscription.refresh_from_db()
    assert (sent.state, subscription.disabled_at is not None) == ("failed", True)


@pytest.mark.parametrize("role", [Role.OPERATOR, Role.ANALYST, Role.AGENT, Role.FINANCE])
def test_other_roles_see_and_change_nothing(
    client: Client, brand: Brand, role: Role, settings: Any
) -> None:
    # given
    settings.OUTGOING_INTERNAL = True
    client.force_login(make_staff(brand, role=role))
    connection = make_connection(make_shop(brand, platform="shopify"))

    # when
    statuses = [
        client.get(f"/interfaces/{page}/").status_code
        for page in ("keys", "connections", "webhooks")
    ]
    statuses += [
        client.post("/interfaces/keys/", {"name": "x", "scopes": "events:write"}).status_code,
        client.post(f"/interfaces/connections/{connection.pk}/close/").status_code,
    ]

    # then
    assert statuses == [403] * 5
    connection.refresh_from_db()
    assert (ApiKey.objects.count(), connection.closed_at) == (0, None)


def test_things_of_another_brand_are_not_there(signed_in: Client, settings: Any) -> None:
    # given
    other = make_brand()
    connection = make_connection(make_shop(other, platform="shopify"))
    opened = open_subscription(
        brand_id=other.pk, url="http://127.0.0.1:9/", kinds=["orders.recorded"], now=NOW
    )
    make_key(other)

    # when
    signed_in.post(f"/interfaces/connections/{connection.pk}/close/")
    signed_in.post(f"/interfaces/webhooks/{opened.subscription.public_id}/close/")
    signed_in.post(f"/interfaces/keys/{ApiKey.objects.get().prefix}/revoke/")

    # then
    connection.refresh_from_db()
    opened.subscription.refresh_from_db()
    assert (connection.closed_at, opened.subscription.disabled_at) == (None, None)
    assert ApiKey.objects.get().revoked_at is None
