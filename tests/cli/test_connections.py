"""Keys and connections from the command line."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from huitou.api.models import Connection
from huitou.brands.models import ApiKey, Brand
from huitou.commerce.models import Order
from tests.api import shops
from tests.api.shops import StubPlatform, stub_platform
from tests.cli.conftest import Run
from tests.factories import make_shop


@pytest.fixture
def stub(settings: Any) -> Iterator[StubPlatform]:
    settings.OUTGOING_INTERNAL = True
    with stub_platform() as server:
        yield server


def test_a_key_is_shown_once_listed_and_revoked(run: Run, brand: Brand) -> None:
    # when
    made = run(
        "api-key", "create", "till", "--brand", brand.slug, "--scope", "events:write", "--json"
    )
    listed = run("api-key", "list", "--brand", brand.slug)
    revoked = run("api-key", "revoke", made.json["prefix"], "--brand", brand.slug, "--json")
    unknown = run("api-key", "revoke", "nothing", "--brand", brand.slug)

    # then
    assert made.json["key"].startswith(f"hk_{made.json['prefix']}_")
    assert made.json["key"] not in listed.out
    assert (revoked.json["revoked"], unknown.code) == (True, 2)
    assert ApiKey.objects.get().revoked_at is not None


def test_a_shop_is_connected_asked_and_closed(run: Run, brand: Brand, stub: StubPlatform) -> None:
    # given
    shop = make_shop(brand, platform="shopify")
    row = shops.shopify_order(1, 1)
    stub.shopify = [{**row, "updated_at": datetime.now(UTC).isoformat()}]
    where = ("--brand", brand.slug)

    # when
    opened = run(
        "connection", "open", "shopify", *where, "--shop", shop.slug, "--url", stub.url,
        "--secret", shops.SECRET, "--session", shops.SESSION, "--json",
    )  # fmt: skip
    asked = run("connection", "reconcile", *where, "--days", "3", "--json")
    listed = run("connection", "list", *where)
    closed = run("connection", "close", str(opened.json["id"]), *where)
    nothing = run("connection", "reconcile", *where)

    # then
    assert opened.json["path"] == f"/hooks/{Connection.objects.get().token}/"
    assert shops.SECRET not in opened.out + listed.out
    (only,) = asked.json["connections"]
    assert (only["seen"], only["repaired"], Order.objects.get().order_no) == (1, 1, "#1001")
    assert (closed.code, nothing.out) == (0, "Nothing is connected.\n")


def test_the_document_is_printed(run: Run) -> None:
    assert '"operationId": "send_events"' in run("openapi").out
