"""What tests of the open door share: keys, requests, messages."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

from django.test import Client

from huitou.brands.api_keys import issue_api_key
from huitou.brands.models import BRAND_WIDE_SCOPES, Brand, Scope, Shop

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)


def make_key(brand: Brand, *scopes: str, shop: Shop | None = None) -> str:
    """A key with ``scopes``, all it can have when none is named."""
    wide = () if shop is None else BRAND_WIDE_SCOPES
    every = [scope for scope in Scope.values if scope not in wide]
    return issue_api_key(brand=brand, name="test", scopes=scopes or every, shop=shop).secret


def send(key: str, path: str, content: Any, **headers: str) -> Any:
    """POST ``content`` (bytes as they are, else as JSON) to ``/api/v1`` + ``path``."""
    body = content if isinstance(content, bytes) else json.dumps(content).encode()
    return Client().post(
        f"/api/v1{path}",
        data=body,
        content_type="application/json",
        headers={"Authorization": f"Bearer {key}", **headers},
    )


def ask(key: str, path: str, **query: str) -> Any:
    """GET ``/api/v1`` + ``path``."""
    headers = {"Authorization": f"Bearer {key}"}
    return Client().get(f"/api/v1{path}", data=query, headers=headers)


def event(number: str = "e1", **fields: Any) -> dict[str, Any]:
    """A view of a product unless told otherwise."""
    return {"id": number, "type": "view", "occurred_at": "2026-05-01T08:00:00+08:00", **fields}


def order(number: str = "A1", **fields: Any) -> dict[str, Any]:
    """A paid order of one line unless told otherwise."""
    return {
        "order_no": number,
        "updated_at": "2026-05-01T08:00:00+08:00",
        "status": "paid",
        "paid_minor": 19900,
        "ordered_at": "2026-05-01T07:58:00+08:00",
        "paid_at": "2026-05-01T08:00:00+08:00",
        "buyer": {"identifiers": [{"kind": "buyer_id", "value": "u1"}], "name": "Lin"},
        "lines": [
            {
                "id": f"{number}-1",
                "product_code": "P1",
                "product_title": "Tea cup",
                "paid_minor": 19900,
            }
        ],
        **fields,
    }
