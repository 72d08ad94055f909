"""Webhooks out: signed, tried again, given up, replayed, never to an internal address."""

from __future__ import annotations

import hashlib
import hmac
import json
import threading
from collections.abc import Iterator
from datetime import datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from uuid import UUID

import pytest
from django.test import Client

from huitou.api import deliveries
from huitou.api.deliveries import BACKOFF, DEAD_IN_ROW_MAX, announce, deliver_due, signature
from huitou.api.intake.events import take_events
from huitou.api.intake.orders import take_orders
from huitou.api.intake.senders import Sender
from huitou.api.messages import Event, Identifier, Order
from huitou.api.models import Delivery, Subscription
from huitou.api.outgoing import UnreachableError, call
from huitou.api.subscriptions import Opened, close_subscription, open_subscription, replay
from huitou.brands.models import Brand, Shop
from huitou.kernel.errors import RefusedInputError
from tests.api.door import NOW, make_key, send
from tests.factories import make_brand

# The event log shows what is committed, so tests of it cannot run within one transaction.
pytestmark = pytest.mark.django_db(transaction=True)


class Receiver(ThreadingHTTPServer):
    """A system that takes messages: verifies each, refuses as often as it is told to."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Taker)
        self.url = f"http://127.0.0.1:{self.server_port}/in"
        self.secret = ""
        self.refuse = 0
        self.taken: list[dict[str, Any]] = []
        self.forged = 0


class _Taker(BaseHTTPRequestHandler):
    server: Receiver

    def log_message(self, format: str, *args: Any) -> None:
        pass

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        number, at = self.headers["Huitou-Webhook-Id"], self.headers["Huitou-Webhook-Timestamp"]
        said = f"{number}.{at}.".encode() + body
        wanted = hmac.new(self.server.secret.encode(), said, hashlib.sha256).hexdigest()
        if self.headers["Huitou-Webhook-Signature"] != f"v1={wanted}":
            self.server.forged += 1
            self.send_error(401)
        elif self.server.refuse:
            self.server.refuse -= 1
            self.send_response(302)
            self.send_header("Location", "http://127.0.0.1:9/")
            self.end_headers()
        else:
            self.server.taken.append(json.loads(body))
            self.send_response(204)
            self.end_headers()


@pytest.fixture
def receiver(settings: Any) -> Iterator[Receiver]:
    settings.OUTGOING_INTERNAL = True
    server = Receiver()
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def subscribe(brand: Brand, receiver: Receiver, *kinds: str) -> Opened:
    opened = open_subscription(brand_id=brand.pk, url=receiver.url, kinds=kinds, now=NOW)
    receiver.secret = opened.secret
    return opened


def view(brand: Brand, number: str, *, origin: str = "live", at: datetime = NOW) -> None:
    sender = Sender(brand.pk, "CNY", "Asia/Shanghai")
    seen = Event(number, "view", at, member=Identifier("customer_id", "c1"), product_code="P1")
    take_events(sender, [seen], now=at, origin=origin)


def test_live_news_is_told_once_signed_without_contacts(
    brand: Brand, shop: Shop, receiver: Receiver
) -> None:
    # given
    subscribe(brand, receiver, "orders.recorded", "events.recorded")
    sender = Sender(brand.pk, "CNY", "Asia/Shanghai")
    paid = Order("A1", NOW, "paid", 1990, paid_at=NOW, receiver="Lin", receiver_phone="13900001111")

    # when
    view(brand, "e0", at=NOW - timedelta(days=1))
    view(brand, "e1")
    view(brand, "e2", origin="backfill")
    take_orders(sender, [paid], now=NOW, origin="live")
    announced = announce(now=NOW), announce(now=NOW)
    tried = deliver_due(now=NOW), deliver_due(now=NOW)

    # then
    assert (announced, tried, receiver.forged) == ((5, 0), (2, 0), 0)
    event, order = sorted(receiver.taken, key=lambda message: message["kind"])
    assert [row["id"] for row in event["data"]] == ["e1"]
    assert (order["kind"], order["data"][0]["order_no"], order["data"][0]["paid_minor"]) == (
        "orders.recorded", "A1", 1990,
    )  # fmt: skip
    assert "Lin" not in str(receiver.taken)
    assert "1390000" not in str(receiver.taken)
    assert set(Delivery.objects.values_list("state", "status")) == {("sent", 204)}


def test_a_refused_message_is_tried_again_later_under_the_same_id(
    brand: Brand, shop: Shop, receiver: Receiver
) -> None:
    # given
    subscribe(brand, receiver, "events.recorded")
    receiver.refuse = 2
    view(brand, "e1")
    announce(now=NOW)

    # when
    tried = [
        deliver_due(now=NOW + timedelta(minutes=minutes)) for minutes in (0, 0.9, 1, 5.9, 6, 99)
    ]

    # then
    assert tried == [1, 0, 1, 0, 1, 0]
    kept = Delivery.objects.get()
    assert (kept.state, kept.attempts, len(receiver.taken)) == ("sent", 3, 1)
    assert receiver.taken[0]["id"] == str(kept.message_id)


def test_a_message_dies_after_its_attempts_and_lives_again_by_replay(
    brand: Brand, shop: Shop, receiver: Receiver
) -> None:
    # given
    subscribe(brand, receiver, "events.recorded")
    receiver.refuse = len(BACKOFF) + 1
    view(brand, "e1")
    announce(now=NOW)

    # when
    now, tried = NOW, 0
    for wait in (timedelta(), *BACKOFF):
        now += wait
        tried += deliver_due(now=now)
    dead = Delivery.objects.get()
    replay(brand_id=brand.pk, delivery_id=dead.pk, now=now)
    deliver_due(now=now)

    # then
    assert (tried, dead.state, dead.error) == (len(BACKOFF) + 1, "failed", "answered 302")
    assert Delivery.objects.get().state == "sent"
    assert [message["id"] for message in receiver.taken] == [str(dead.message_id)]
    with pytest.raises(RefusedInputError):
        replay(brand_id=make_brand().pk, delivery_id=dead.pk, now=now)


def test_a_receiver_that_lets_everything_die_is_asked_no_more(
    brand: Brand, shop: Shop, receiver: Receiver
) -> None:
    # given
    opened = subscribe(brand, receiver, "events.recorded")
    receiver.refuse = 10_000
    for number in range(DEAD_IN_ROW_MAX + 2):
        view(brand, f"e{number}")
    announce(now=NOW)
    Delivery.objects.update(attempts=len(BACKOFF))

    # when
    tried = deliver_due(now=NOW)

    # then
    assert tried == DEAD_IN_ROW_MAX + 2
    assert Subscription.objects.get().disabled_at == NOW
    dead = Delivery.objects.first()
    with pytest.raises(RefusedInputError) as refused:
        replay(brand_id=brand.pk, delivery_id=dead.pk, now=NOW)
    assert refused.value.code == "WEBHOOK_CLOSED"
    close_subscription(brand_id=brand.pk, public_id=opened.subscription.public_id, now=NOW)


def test_a_delivery_of_a_killed_worker_is_sent_again(
    brand: Brand, shop: Shop, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given a worker killed after the receiver took the message and before it was noted
    subscribe(brand, receiver, "events.recorded")
    view(brand, "e1")
    announce(now=NOW)
    with monkeypatch.context() as broken:
        broken.setattr(deliveries, "_settle", killed)
        with pytest.raises(KeyboardInterrupt):
            deliver_due(now=NOW)

    # when
    tried = [deliver_due(now=NOW + timedelta(minutes=minutes)) for minutes in (4, 6)]

    # then
    assert tried == [0, 1]
    first, second = receiver.taken
    assert first["id"] == second["id"]


def killed(*arguments: object, **named: object) -> None:
    raise KeyboardInterrupt


@pytest.mark.parametrize(
    "url",
    [
        "https://127.0.0.1/", "https://localhost/", "https://2130706433/", "https://0x7f.1/",
        "https://[::1]/", "https://[::ffff:10.0.0.1]/", "https://10.1.2.3/", "https://0.0.0.0/",
        "https://169.254.169.254/latest/", "https://192.168.1.1/", "https://100.64.0.1/",
        "https://[fd00::1]/", "http://93.184.216.34/", "ftp://93.184.216.34/", "https://a:b@x/",
        "https:///x", "javascript:alert(1)", "https://93.184.216.34:0/", "https://x/ y",
    ],
)  # fmt: skip
def test_internal_and_odd_addresses_are_refused(url: str, brand: Brand) -> None:
    with pytest.raises(RefusedInputError) as refused:
        open_subscription(brand_id=brand.pk, url=url, kinds=["orders.recorded"], now=NOW)
    assert refused.value.code == "URL"


def test_an_address_that_turned_internal_is_not_called(receiver: Receiver, settings: Any) -> None:
    # given
    settings.OUTGOING_INTERNAL = False

    # when
    with pytest.raises(UnreachableError) as refused:
        call("POST", receiver.url, data=b"{}")

    # then
    assert "InvalidIPAddress" in str(refused.value)
    assert receiver.forged == 0


def test_webhooks_are_managed_with_a_key(brand: Brand, receiver: Receiver) -> None:
    # given
    key, stranger = make_key(brand), make_key(make_brand())
    wanted = {"url": receiver.url, "kinds": ["members.recorded", "orders.recorded"]}
    bearer = {"Authorization": f"Bearer {key}"}

    # when
    opened = send(key, "/webhooks", wanted)
    listed = Client().get("/api/v1/webhooks", headers=bearer).json()
    path = f"/api/v1/webhooks/{opened.json()['id']}"
    foreign = Client().delete(path, headers={"Authorization": f"Bearer {stranger}"})
    closed = Client().delete(path, headers=bearer)
    odd = send(key, "/webhooks", {**wanted, "kinds": ["everything"]})

    # then
    assert (opened.status_code, foreign.status_code, closed.status_code) == (201, 404, 200)
    assert opened.json()["secret"].startswith("whsec_")
    assert listed["webhooks"] == [{**opened.json(), "secret": None}]
    assert closed.json()["enabled"] is False
    assert Client().get("/api/v1/webhooks", headers=bearer).json() == {"webhooks": []}
    assert (odd.status_code, odd.json()["type"]) == (422, "https://huitou.example/problems/kinds")


def test_signatures_are_of_id_time_and_body() -> None:
    # when
    signed = {
        signature("s", UUID(int=number), at, body)
        for number, at, body in ((1, 0, b"{}"), (2, 0, b"{}"), (1, 1, b"{}"), (1, 0, b"{} "))
    }

    # then
    assert len(signed) == 4
