"""Platforms as they behave: they check what they are asked with, sign pushes, and misbehave.

``StubPlatform`` answers on loopback: pages of changed orders (now and then 503 first, and one order
again on the next page, as lists do that move while they are read), a queue of messages that come
twice until they are confirmed, and one parcel's trace. Signatures are made and checked by the
platforms' published rules, written here a second time on purpose.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit
from zoneinfo import ZoneInfo

SHANGHAI = ZoneInfo("Asia/Shanghai")
SECRET, APP_KEY, SESSION = "hush", "app-1", "session-1"
START = datetime(2026, 5, 1, 8, tzinfo=UTC)
PAGE = 100
LATER = "2027-01-01 00:00:00"


def hmac_base64(body: bytes, secret: str = SECRET) -> str:
    return base64.b64encode(hmac.new(secret.encode(), body, hashlib.sha256).digest()).decode()


def md5_upper(said: str) -> str:
    return hashlib.md5(said.encode()).hexdigest().upper()


def top_sign(values: dict[str, str], secret: str = SECRET) -> str:
    said = "".join(k + values[k] for k in sorted(values) if k != "sign" and values[k])
    return hmac.new(secret.encode(), said.encode(), "md5").hexdigest().upper()


def local(at: datetime) -> str:
    return at.astimezone(SHANGHAI).strftime("%Y-%m-%d %H:%M:%S")


def shopify_order(number: int, step: int) -> dict[str, Any]:
    """Order ``number`` after ``step`` (0 created, 1 paid, 2 shipped, 3 delivered, 4 refunded)."""
    created = START + timedelta(minutes=number)
    at = [created + timedelta(hours=hours) for hours in (0, 1, 20, 50, 90)]
    price = 10 + number % 90
    delivered = {"shipment_status": "delivered"} if step >= 3 else {}
    shipped = [{"status": "success", "created_at": at[2].isoformat(), **delivered}]
    return {
        "id": 7_000_000 + number,
        "name": f"#{1000 + number}",
        "currency": "CNY",
        "created_at": created.isoformat(),
        "processed_at": created.isoformat(),
        # Two changes within one second: only status and digest tell them apart.
        "updated_at": at[min(step, 3)].isoformat(),
        "financial_status": ["pending", "paid", "paid", "paid", "partially_refunded"][step],
        "fulfillment_status": "fulfilled" if step >= 2 else None,
        "fulfillments": shipped if step >= 2 else [],
        "total_price": f"{price * 2 + 8}.00",
        "total_line_items_price": f"{price * 2}.00",
        "total_discounts": "0.00",
        "shipping_lines": [{"price": "8.00"}],
        # Said at first, silent later.
        "note": "ring twice" if step == 0 else None,
        "customer": {"id": number % 300 + 1, "first_name": "Buyer", "last_name": f"{number % 300}"},
        "line_items": [
            {
                "id": number * 10 + at_line,
                "sku": f"SKU{(number + at_line) % 40}",
                "name": f"Thing {(number + at_line) % 40}",
                "quantity": 1,
                "price": f"{price}.00",
            }
            # The last edit takes a line away.
            for at_line in range(2 if step < 3 else 1)
        ],
        "refunds": [
            {
                "id": number,
                "created_at": at[4].isoformat(),
                "transactions": [{"kind": "refund", "status": "success", "amount": f"{price}.00"}],
            }
        ]
        if step == 4
        else [],
    }


def woo_order(number: int, step: int) -> dict[str, Any]:
    """Order ``number`` after ``step``: pending, processing, on-hold again, completed, refunded."""
    status = ["pending", "processing", "on-hold", "completed", "refunded"][step]
    created = START + timedelta(minutes=number)
    changed = created + timedelta(hours=step * 7)
    return {
        "id": number,
        "number": str(number),
        "status": status,
        "currency": "CNY",
        "date_created_gmt": f"{created:%Y-%m-%dT%H:%M:%S}",
        "date_modified_gmt": f"{changed:%Y-%m-%dT%H:%M:%S}",
        "date_paid_gmt": f"{changed:%Y-%m-%dT%H:%M:%S}" if step else None,
        "total": "33.00",
        "discount_total": "0.00",
        "shipping_total": "5.00",
        "customer_id": number % 50 + 1,
        "billing": {"first_name": "Mira", "last_name": str(number % 50), "city": "Bergen"},
        "line_items": [
            {"id": number, "sku": "QH-500", "name": "Soap", "quantity": 1, "subtotal": "28.00",
             "total": "28.00"}
        ],
        "refunds": [{"id": 90_000 + number, "reason": "", "total": "-33.00"}] if step == 4 else [],
    }  # fmt: skip


def trade(number: int, step: int) -> dict[str, Any]:
    """Trade ``number`` after ``step``: unpaid, paid, shipped, finished, with a refund."""
    status = [
        "WAIT_BUYER_PAY", "WAIT_SELLER_SEND_GOODS", "WAIT_BUYER_CONFIRM_GOODS", "TRADE_FINISHED",
        "TRADE_FINISHED",
    ][step]  # fmt: skip
    created = START + timedelta(minutes=number)
    refund = {"refund_id": 900_000 + number, "refund_status": "SUCCESS"} if step == 4 else {}
    return {
        "tid": 2606000000000000000 + number,
        "buyer_open_uid": f"AAH{number % 40}",
        "status": status,
        "created": local(created),
        "pay_time": local(created + timedelta(hours=1)) if step else None,
        "modified": local(created + timedelta(hours=step)),
        "payment": "300.00",
        "total_fee": "336.00",
        "num": 1,
        "orders": {
            "order": [
                {
                    "oid": number, "title": "Shampoo", "outer_iid": "XF-500", "num": 1,
                    "total_fee": "336.00", "divide_order_fee": "300.00", **refund,
                }
            ]
        },
    }  # fmt: skip


def trace(parcel: int, steps: int) -> dict[str, Any]:
    """What Kuaidi100 says of a parcel with its first ``steps`` of four steps, newest first."""
    codes = ["103", "1001", "5", "304"]
    rows = [
        {
            "time": local(START + timedelta(hours=parcel % 50 + at * 9)),
            "context": f"step {at}",
            "statusCode": codes[at],
        }
        for at in range(steps)
    ]
    return {
        "message": "ok", "status": "200", "com": "zhongtong", "nu": f"78{parcel:010d}",
        "ischeck": "1" if steps == 4 else "0", "state": "3" if steps == 4 else "0",
        "data": rows[::-1],
    }  # fmt: skip


def shopify_push(number: int, step: int) -> tuple[bytes, dict[str, str]]:
    topics = ["orders/create", "orders/paid", "orders/fulfilled", "orders/updated", "orders/edited"]
    body = json.dumps(shopify_order(number, step)).encode()
    return body, {
        "X-Shopify-Topic": topics[step],
        "X-Shopify-Hmac-Sha256": hmac_base64(body),
        "X-Shopify-Event-Id": f"{number}-{step}",
    }


def woo_push(number: int, step: int) -> tuple[bytes, dict[str, str]]:
    body = json.dumps(woo_order(number, step)).encode()
    topic = "order.updated" if step else "order.created"
    return body, {"X-WC-Webhook-Topic": topic, "X-WC-Webhook-Signature": hmac_base64(body)}


def parcel_push(parcel: int, steps: int) -> tuple[bytes, dict[str, str]]:
    param = json.dumps({"status": "polling", "lastResult": trace(parcel, steps)})
    form = urlencode({"sign": md5_upper(param + SECRET).lower(), "param": param})
    return form.encode(), {}


class StubPlatform(ThreadingHTTPServer):
    """All four platforms on one loopback port; ``refusals`` lists what was asked without right."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.url = f"http://127.0.0.1:{self.server_port}"
        self.shopify: list[dict[str, Any]] = []
        self.woo: list[dict[str, Any]] = []
        self.trades: dict[int, dict[str, Any]] = {}
        self.traces: dict[str, dict[str, Any]] = {}
        self.queue: list[dict[str, Any]] = []
        self.refusals: list[str] = []
        self.outages = 0
        # Whether each page asked for changes the first row of its window, which so leaves it.
        self.moving = False


@contextmanager
def stub_platform() -> Iterator[StubPlatform]:
    server = StubPlatform()
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class _Handler(BaseHTTPRequestHandler):
    server: StubPlatform
    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *args: Any) -> None:
        pass

    def do_GET(self) -> None:
        query = {k: v[0] for k, v in parse_qs(urlsplit(self.path).query).items()}
        if self.path.startswith("/admin/api/"):
            self._shopify(query)
        else:
            self._woo(query)

    def do_POST(self) -> None:
        raw = self.rfile.read(int(self.headers["Content-Length"])).decode()
        form = {k: v[0] for k, v in parse_qs(raw).items()}
        if self.path == "/poll/query.do":
            self._parcel(form)
        else:
            self._top(form)

    def _shopify(self, query: dict[str, str]) -> None:
        if self._down() or not self._may(self.headers.get("X-Shopify-Access-Token") == SESSION):
            return
        start = int(query.get("page_info", "0"))
        rows = sorted(self.server.shopify, key=lambda row: row["updated_at"])
        since, until = query["updated_at_min"], query["updated_at_max"]
        rows = [row for row in rows if since <= row["updated_at"] <= until]
        headers = {}
        if start + PAGE < len(rows):
            # One row of this page comes again on the next.
            link = f"{self.server.url}/admin/api/2026-01/orders.json?page_info={start + PAGE - 1}"
            window = urlencode({"updated_at_min": since, "updated_at_max": until})
            headers["Link"] = f'<{link}&{window}>; rel="next"'
        self._answer({"orders": rows[start : start + PAGE]}, headers=headers)

    def _woo(self, query: dict[str, str]) -> None:
        wanted = base64.b64encode(f"{APP_KEY}:{SESSION}".encode()).decode()
        if self._down() or not self._may(self.headers.get("Authorization") == f"Basic {wanted}"):
            return
        page, size = int(query["page"]), int(query["per_page"])
        first, last = query["modified_after"], query["modified_before"]
        rows = [r for r in self.server.woo if first < r["date_modified_gmt"] <= last]
        pages = {"X-WP-TotalPages": str(-(-len(rows) // size))}
        found = [dict(row) for row in rows[(page - 1) * size : page * size]]
        if self.server.moving and rows:
            rows[0]["date_modified_gmt"] = LATER
        self._answer(found, headers=pages)

    def _parcel(self, form: dict[str, str]) -> None:
        param = form["param"]
        if self._may(form["sign"] == md5_upper(param + SESSION + APP_KEY)):
            self._answer(self.server.traces[json.loads(param)["num"]])

    def _top(self, form: dict[str, str]) -> None:
        if not self._may(form.get("sign") == top_sign(form) and form["session"] == SESSION):
            return
        method = form["method"]
        if method == "taobao.tmc.messages.consume":
            # Out of order, and the first one twice.
            found = self.server.queue[: int(form["quantity"]) - 1][::-1]
            self._answer({"r": {"messages": {"tmc_message": found[:1] + found}}})
        elif method == "taobao.tmc.messages.confirm":
            done = set(form["s_message_ids"].split(","))
            self.server.queue = [m for m in self.server.queue if str(m["id"]) not in done]
            self._answer({"r": {"is_success": True}})
        elif method == "taobao.trade.fullinfo.get":
            self._answer({"r": {"trade": self.server.trades[int(form["tid"])]}})
        elif method == "taobao.refund.get":
            number = int(form["refund_id"]) - 900_000
            at = local(START + timedelta(minutes=number, hours=5))
            refund = {
                "refund_id": form["refund_id"], "refund_fee": "120.00", "status": "SUCCESS",
                "created": at, "modified": at,
            }  # fmt: skip
            self._answer({"r": {"refund": refund}})
        else:
            start, end = form["start_modified"], form["end_modified"]
            rows = [t for t in self.server.trades.values() if start <= t["modified"] <= end]
            at = (int(form["page_no"]) - 1) * int(form["page_size"])
            page = [dict(row) for row in rows[at : at + int(form["page_size"])]]
            more = len(rows) > at + len(page)
            counted = {"total_results": len(rows)} if form["use_has_next"] == "false" else {}
            if self.server.moving and rows:
                rows[0]["modified"] = LATER
            self._answer({"r": {"trades": {"trade": page}, "has_next": more, **counted}})

    def _down(self) -> bool:
        if self.server.outages:
            self.server.outages -= 1
            self._answer({}, status=503)
            return True
        return False

    def _may(self, allowed: bool) -> bool:
        if not allowed:
            self.server.refusals.append(self.path)
            self._answer({}, status=401)
        return allowed

    def _answer(
        self, content: Any, *, status: int = 200, headers: dict[str, str] | None = None
    ) -> None:
        body = json.dumps(content).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)
