"""WooCommerce: signed pushes of orders and customers, and its REST list of changed orders."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Iterator, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from huitou.api.messages import Member, Order
from huitou.api.outgoing import UnreachableError, call
from huitou.api.platforms.base import (
    Link,
    Platform,
    Push,
    Told,
    UnreadableError,
    backwards,
    equal,
    fingerprint,
    known,
    message,
    minor,
    moment,
    parsed,
    readable,
    text,
)

_PAGE = 100
_ORDER_TOPICS = frozenset({"order.created", "order.updated", "order.restored"})
_MEMBER_TOPICS = frozenset({"customer.created", "customer.updated"})
# Carts and bins are not orders.
_NOT_ORDERS = frozenset({"checkout-draft", "auto-draft", "trash"})
_STATUS = {
    "pending": "created",
    "on-hold": "created",
    "processing": "paid",
    "completed": "finished",
    "cancelled": "cancelled",
    "failed": "cancelled",
    "refunded": "closed_refunded",
}


def accept(link: Link, headers: Mapping[str, str], body: bytes) -> Push | None:
    """The push of a request signed with HMAC-SHA256 of the body.

    A repetition has a new delivery id but the same body, so the body names the push.
    """
    digest = hmac.new(link.secret.encode(), body, hashlib.sha256).digest()
    if not equal(headers.get("X-WC-Webhook-Signature"), base64.b64encode(digest).decode()):
        return None
    topic = text(headers.get("X-WC-Webhook-Topic"), 64)
    return Push(fingerprint(topic.encode(), body), topic, body)


def read(link: Link, topic: str, body: bytes) -> Told:
    """The order or customer of a push; pings and other topics say nothing."""
    if topic in _ORDER_TOPICS:
        return _told(parsed(body))
    if topic in _MEMBER_TOPICS:
        return Told(members=[_member_of(parsed(body))])
    return Told()


def changed(link: Link, since: datetime, until: datetime) -> Iterator[Told]:
    """Orders changed within the window, a page at a time."""
    first, pages = _page(link, since, until, 1)
    if pages == 1:
        yield first
        return
    for page in backwards(pages):
        yield _page(link, since, until, page)[0]


def _page(link: Link, since: datetime, until: datetime, page: int) -> tuple[Told, int]:
    """A page of the window, and how many pages there are."""
    reply = call(
        "GET",
        f"{link.base_url}/wp-json/wc/v3/orders",
        auth=(link.app_key, link.session),
        params={
            "modified_after": f"{since:%Y-%m-%dT%H:%M:%S}",
            "modified_before": f"{until:%Y-%m-%dT%H:%M:%S}",
            "dates_are_gmt": "true",
            "orderby": "id",
            "order": "asc",
            "status": "any",
            "per_page": _PAGE,
            "page": page,
        },
    )
    if reply.status != 200:
        raise UnreachableError(f"WooCommerce answered {reply.status}.")
    try:
        rows = json.loads(reply.body, parse_float=Decimal)
    except ValueError:
        raise UnreachableError("WooCommerce's answer is not JSON.") from None
    pages = reply.headers.get("X-WP-TotalPages", "")
    if not pages.isdecimal():
        raise UnreachableError("WooCommerce's answer does not say how many pages there are.")
    return readable(rows, _told), max(1, int(pages))


def _told(row: Mapping[str, Any]) -> Told:
    return Told(orders=[] if row.get("status") in _NOT_ORDERS else [_order_of(row)])


def _order_of(row: Mapping[str, Any]) -> Order:
    currency = text(row.get("currency"), 3)
    billing, shipping = row.get("billing") or {}, row.get("shipping") or {}
    place = shipping if shipping.get("city") else billing
    lines = [_line_of(line, currency) for line in row.get("line_items") or []]
    customer = row.get("customer_id")
    return message(
        Order,
        order_no=text(row.get("number"), 64),
        updated_at=moment(row.get("date_modified_gmt") or row.get("date_created_gmt")),
        status=known(_STATUS, row.get("status"), "order status"),
        currency=currency,
        paid_minor=minor(row.get("total"), currency),
        ordered_at=moment(row.get("date_created_gmt")),
        paid_at=moment(row.get("date_paid_gmt")),
        finished_at=moment(row.get("date_completed_gmt")),
        list_minor=sum(line["list_minor"] for line in lines),
        discount_minor=minor(row.get("discount_total"), currency),
        shipping_minor=minor(row.get("shipping_total"), currency),
        province=text(place.get("state"), 40),
        city=text(place.get("city"), 60),
        receiver=_name_of(place),
        receiver_phone=text(shipping.get("phone") or billing.get("phone"), 40),
        remark=text(row.get("customer_note"), 1_000),
        buyer={
            "identifiers": [{"kind": "customer_id", "value": str(customer)}] if customer else [],
            "name": _name_of(billing),
            "phone": text(billing.get("phone"), 40),
            "email": text(billing.get("email"), 254),
        },
        lines=lines,
        refunds=[
            {
                "id": text(refund.get("id"), 64),
                "amount_minor": abs(minor(refund.get("total"), currency)),
                "status": "success",
                "reason": text(refund.get("reason"), 400),
            }
            for refund in row.get("refunds") or []
        ],
    )


def _line_of(line: Mapping[str, Any], currency: str) -> dict[str, Any]:
    price, paid = minor(line.get("subtotal"), currency), minor(line.get("total"), currency)
    quantity = line.get("quantity")
    if not isinstance(quantity, int):
        raise UnreadableError("VALUE", f"quantity {quantity!r}")
    code = line.get("sku") or line.get("variation_id") or line.get("product_id") or line.get("id")
    return {
        "id": text(line.get("id"), 64),
        "product_code": text(code, 200),
        "product_title": text(line.get("name"), 400),
        "quantity": quantity or 1,
        "list_minor": price,
        "paid_minor": paid,
        "discount_minor": max(0, price - paid),
    }


def _member_of(row: Mapping[str, Any]) -> Member:
    billing = row.get("billing") or {}
    return message(
        Member,
        id=text(row.get("id"), 64),
        updated_at=moment(row.get("date_modified_gmt") or row.get("date_created_gmt")),
        name=_name_of(row) or _name_of(billing),
        phone=text(billing.get("phone"), 40),
        email=text(row.get("email") or billing.get("email"), 254),
        province=text(billing.get("state"), 40),
        city=text(billing.get("city"), 60),
    )


def _name_of(person: Mapping[str, Any]) -> str:
    parts = (person.get("first_name"), person.get("last_name"))
    return text(" ".join(part for part in parts if part), 120)


PLATFORM = Platform(read=read, changed=changed, accept=accept)
