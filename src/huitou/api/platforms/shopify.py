"""Shopify: signed pushes of orders and customers, and its REST list of changed orders."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from huitou.api.messages import Member, Order
from huitou.api.outgoing import UnreachableError, call
from huitou.api.platforms.base import (
    PAGES_MAX,
    Link,
    Platform,
    Push,
    Told,
    UnreadableError,
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

_VERSION = "2026-01"
_PAGE = 250
_ORDER_TOPICS = frozenset(
    f"orders/{what}" for what in ("create", "paid", "updated", "fulfilled", "cancelled", "edited")
)
_MEMBER_TOPICS = frozenset({"customers/create", "customers/update"})
_ERASURE_TOPICS = frozenset({"customers/redact", "customers/data_request", "shop/redact"})
_PAID = frozenset({"paid", "partially_refunded", "refunded"})
_STATUS = {
    "pending": "created",
    "authorized": "created",
    "partially_paid": "created",
    "expired": "cancelled",
    "paid": "paid",
    "partially_refunded": "paid",
    "refunded": "closed_refunded",
    "voided": "cancelled",
}
_PROGRESS = {None: "paid", "partial": "part_shipped", "fulfilled": "shipped", "restocked": "paid"}
_NEXT = re.compile(r'<([^>]+)>;\s*rel="next"')


def accept(link: Link, headers: Mapping[str, str], body: bytes) -> Push | None:
    """The push of a request signed with HMAC-SHA256 of the body, for the link's own shop."""
    digest = hmac.new(link.secret.encode(), body, hashlib.sha256).digest()
    if not equal(headers.get("X-Shopify-Hmac-Sha256"), base64.b64encode(digest).decode()):
        return None
    own = urlsplit(link.base_url).hostname
    if own and own.endswith(".myshopify.com") and headers.get("X-Shopify-Shop-Domain") != own:
        return None
    topic = text(headers.get("X-Shopify-Topic"), 64)
    named = headers.get("X-Shopify-Event-Id", "").encode() or body
    return Push(fingerprint(topic.encode(), named), topic, body)


def read(link: Link, topic: str, body: bytes) -> Told:
    """The order or customer of a push; topics we have no use for say nothing."""
    if topic in _ERASURE_TOPICS:
        raise UnreadableError("ERASURE", topic)
    if topic in _ORDER_TOPICS:
        return _told(parsed(body))
    if topic in _MEMBER_TOPICS:
        return Told(members=[_member_of(parsed(body))])
    return Told()


def changed(link: Link, since: datetime, until: datetime) -> Iterator[Told]:
    """Orders changed within the window, a page at a time."""
    url: str | None = f"{link.base_url}/admin/api/{_VERSION}/orders.json"
    params: dict[str, Any] | None = {
        "status": "any",
        "limit": _PAGE,
        "order": "updated_at asc",
        "updated_at_min": since.isoformat(),
        "updated_at_max": until.isoformat(),
    }
    for _ in range(PAGES_MAX):
        reply = call(
            "GET", str(url), params=params, headers={"X-Shopify-Access-Token": link.session}
        )
        if reply.status != 200:
            raise UnreachableError(f"Shopify answered {reply.status}.")
        yield readable(parsed(reply.body).get("orders") or [], _told)
        found = _NEXT.search(reply.headers.get("Link", ""))
        if found is None:
            return
        url, params = found[1], None
        # The token must not follow a link to another host.
        if urlsplit(url).netloc != urlsplit(link.base_url).netloc:
            raise UnreachableError("Shopify's next page lies on another host.")
    raise UnreachableError(f"The window has more than {PAGES_MAX} pages.")


def _told(row: Mapping[str, Any]) -> Told:
    return Told(orders=[] if row.get("test") else [_order_of(row)])


def _order_of(row: Mapping[str, Any]) -> Order:
    currency = text(row.get("currency"), 3)
    address = row.get("shipping_address") or row.get("billing_address") or {}
    fulfilments = [f for f in row.get("fulfillments") or [] if f.get("status") == "success"]
    financial = row.get("financial_status")
    ordered = moment(row.get("created_at"))
    shipped = [at for f in fulfilments if (at := moment(f.get("created_at"))) is not None]
    return message(
        Order,
        order_no=text(row.get("name"), 64),
        updated_at=moment(row.get("updated_at")),
        status=_status_of(row, fulfilments),
        currency=currency,
        paid_minor=minor(row.get("total_price"), currency),
        ordered_at=ordered,
        paid_at=moment(row.get("processed_at")) or ordered if financial in _PAID else None,
        shipped_at=min(shipped, default=None),
        list_minor=minor(row.get("total_line_items_price"), currency),
        discount_minor=minor(row.get("total_discounts"), currency),
        shipping_minor=sum(minor(s.get("price"), currency) for s in row.get("shipping_lines", [])),
        province=text(address.get("province"), 40),
        city=text(address.get("city"), 60),
        receiver=text(address.get("name"), 120),
        receiver_phone=text(address.get("phone"), 40),
        device=text(row.get("source_name"), 24),
        remark=text(row.get("note"), 1_000),
        buyer=_buyer_of(row),
        lines=[_line_of(line, currency) for line in row.get("line_items") or []],
        refunds=[_refund_of(refund, currency) for refund in row.get("refunds") or []],
    )


def _status_of(row: Mapping[str, Any], fulfilments: Sequence[Mapping[str, Any]]) -> str:
    status = known(_STATUS, row.get("financial_status"), "financial status")
    if row.get("cancelled_at"):
        return "closed_refunded" if status == "closed_refunded" else "cancelled"
    if status != "paid":
        return status
    progress = known(_PROGRESS, row.get("fulfillment_status"), "fulfilment status")
    arrived = [f.get("shipment_status") == "delivered" for f in fulfilments]
    return "signed" if progress == "shipped" and arrived and all(arrived) else progress


def _buyer_of(row: Mapping[str, Any]) -> dict[str, Any]:
    customer = row.get("customer") or {}
    number = customer.get("id")
    return {
        "identifiers": [{"kind": "customer_id", "value": str(number)}] if number else [],
        "name": _name_of(customer),
        "phone": text(row.get("phone") or customer.get("phone"), 40),
        "email": text(row.get("email") or customer.get("email"), 254),
    }


def _line_of(line: Mapping[str, Any], currency: str) -> dict[str, Any]:
    quantity = int(line.get("quantity") or 0) or 1
    price = minor(line.get("price"), currency) * quantity
    discounts = line.get("discount_allocations") or [{"amount": line.get("total_discount")}]
    discount = sum(minor(d.get("amount"), currency) for d in discounts)
    code = line.get("sku") or line.get("variant_id") or line.get("product_id") or line.get("id")
    return {
        "id": text(line.get("id"), 64),
        "product_code": text(code, 200),
        "product_title": text(line.get("name") or line.get("title"), 400),
        "category": text(line.get("vendor"), 120),
        "variant": text(line.get("variant_title"), 200),
        "quantity": quantity,
        "list_minor": price,
        "discount_minor": discount,
        "paid_minor": max(0, price - discount),
    }


def _refund_of(refund: Mapping[str, Any], currency: str) -> dict[str, Any]:
    paid_back = [t for t in refund.get("transactions") or [] if t.get("kind") == "refund"]
    done = [t for t in paid_back if t.get("status") == "success"]
    pending = any(t.get("status") == "pending" for t in paid_back)
    created = moment(refund.get("created_at"))
    return {
        "id": text(refund.get("id"), 64),
        "amount_minor": sum(minor(t.get("amount"), currency) for t in (done or paid_back)),
        "status": "success" if done else "open" if pending else "closed",
        "reason": text(refund.get("note"), 400),
        "requested_at": created,
        "finished_at": created if done else None,
    }


def _member_of(row: Mapping[str, Any]) -> Member:
    address = row.get("default_address") or {}
    return message(
        Member,
        id=text(row.get("id"), 64),
        updated_at=moment(row.get("updated_at")),
        name=_name_of(row),
        phone=text(row.get("phone"), 40),
        email=text(row.get("email"), 254),
        province=text(address.get("province"), 40),
        city=text(address.get("city"), 60),
    )


def _name_of(customer: Mapping[str, Any]) -> str:
    parts = (customer.get("first_name"), customer.get("last_name"))
    return text(" ".join(part for part in parts if part), 120)


PLATFORM = Platform(read=read, changed=changed, accept=accept)
