"""Announce news to webhooks: each piece once per webhook, tried again for a day, then given up.

A delivery is claimed before it is sent; a crash in between sends it a second time under the same
message id, by which a receiver tells it is known.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import NAMESPACE_URL, UUID, uuid5

import msgspec
from django.db import connection, transaction
from django.db.models import F

from huitou.api.models import Delivery, DeliveryState, Subscription
from huitou.api.news import KINDS
from huitou.api.outgoing import UnreachableError, call
from huitou.api.subscriptions import key_id, secret_of
from huitou.eventlog.services import News, advance, read_batch

READER = "api.webhooks"
# A message stays below about 100 KB.
SUBJECTS_MAX = 200
_NEWS_AT_ONCE = 200
_DELIVERIES_AT_ONCE = 64
# Slow receivers must not hold up the others; each waits for the network, not for the processor.
_SENDERS = 8
# Longer than a request may take.
_CLAIM = timedelta(minutes=5)
# After the first attempt. With the last the delivery is dead, a day after it was due.
BACKOFF = tuple(timedelta(minutes=m) for m in (1, 5, 30, 120, 360, 960))
# A receiver that lets so many messages die in a row is gone; it is asked no more.
DEAD_IN_ROW_MAX = 20
KEEP_DAYS = 30
_CLAIM_DUE = """
update api_delivery d
set state = 'sending', claimed_until = %(until)s, attempts = d.attempts + 1
from (select w.id from api_delivery w join api_subscription s on s.id = w.subscription_id
      where s.disabled_at is null
        and ((w.state = 'waiting' and w.due_at <= %(now)s)
             or (w.state = 'sending' and w.claimed_until < %(now)s))
      order by w.due_at, w.id limit %(limit)s
      for update of w skip locked) due
where d.id = due.id
returning d.id
"""


@dataclass(frozen=True)
class Result:
    """How an attempt ended; ``status`` is None when nobody answered."""

    status: int | None
    error: str

    @property
    def is_taken(self) -> bool:
        """Whether the receiver took the message."""
        return self.status is not None and 200 <= self.status < 300


def announce(*, now: datetime) -> int:
    """Make deliveries of the next news; returns how many pieces of news were passed."""
    with transaction.atomic():
        batch = read_batch(READER, limit=_NEWS_AT_ONCE, kinds=[name for name, _ in KINDS.values()])
        if not batch:
            return 0
        wanting: dict[int, list[Subscription]] = {}
        for subscription in Subscription.objects.filter(disabled_at=None).order_by("pk"):
            wanting.setdefault(subscription.brand_id, []).append(subscription)
        made: list[Delivery] = []
        for news in batch:
            made += _deliveries_of(news, wanting.get(news.brand_id, []), now=now)
        Delivery.objects.bulk_create(made, ignore_conflicts=True)
        advance(READER, batch[-1].position)
    return len(batch)


def deliver_due(*, now: datetime) -> int:
    """Send what is due, at most ``_DELIVERIES_AT_ONCE``; returns how many were tried."""
    with connection.cursor() as cursor:
        cursor.execute(
            _CLAIM_DUE, {"now": now, "until": now + _CLAIM, "limit": _DELIVERIES_AT_ONCE}
        )
        ids = [row[0] for row in cursor.fetchall()]
    claimed = list(Delivery.objects.filter(pk__in=ids).select_related("subscription"))
    if not claimed:
        return 0
    requests = [(d, secret_of(d.subscription)) for d in claimed]
    with ThreadPoolExecutor(_SENDERS) as pool:
        results = list(pool.map(lambda pair: _attempt(*pair, now=now), requests))
    for delivery, result in zip(claimed, results, strict=True):
        _settle(delivery, result, now=now)
    return len(claimed)


def signature(secret: str, message_id: UUID, timestamp: int, body: bytes) -> str:
    """HMAC-SHA256 in hexadecimal of message id, time and body, joined with points.

    >>> signature("s", UUID(int=0), 0, b"{}")[:12]
    '19f595bc7a83'
    """
    said = f"{message_id}.{timestamp}.".encode() + body
    return hmac.new(secret.encode(), said, hashlib.sha256).hexdigest()


def forget_old(*, now: datetime) -> int:
    """Delete deliveries that ended ``KEEP_DAYS`` ago; returns how many."""
    ended = Delivery.objects.filter(
        state__in=[DeliveryState.SENT, DeliveryState.FAILED],
        created_at__lt=now - timedelta(days=KEEP_DAYS),
    )
    return ended.delete()[0]


def _deliveries_of(news: News, wanting: Sequence[Subscription], *, now: datetime) -> list[Delivery]:
    kind, facts = next((kind, facts) for kind, (name, facts) in KINDS.items() if name == news.kind)
    receivers = [s for s in wanting if kind in s.kinds and s.created_at <= news.occurred_at]
    if news.origin != "live" or not receivers:
        return []
    made = []
    for start in range(0, len(news.subject_ids), SUBJECTS_MAX):
        told = facts(news.brand_id, news.subject_ids[start : start + SUBJECTS_MAX])
        place = f"{news.position.generation}.{news.position.xid}.{news.position.event_id}"
        message_id = uuid5(NAMESPACE_URL, f"huitou:news:{place}.{start}")
        body = {
            "id": str(message_id), "kind": kind, "occurred_at": news.occurred_at, "data": told,
        }  # fmt: skip
        text = msgspec.json.encode(body).decode()
        made += [
            Delivery(subscription=s, message_id=message_id, kind=kind, body=text, due_at=now)
            for s in receivers
        ]
    return made


def _attempt(delivery: Delivery, secret: str, *, now: datetime) -> Result:
    body = delivery.body.encode()
    timestamp = int(now.timestamp())
    headers = {
        "Content-Type": "application/json",
        "Huitou-Webhook-Id": str(delivery.message_id),
        "Huitou-Webhook-Timestamp": str(timestamp),
        "Huitou-Webhook-Key-Id": key_id(secret),
        "Huitou-Webhook-Signature": (
            f"v1={signature(secret, delivery.message_id, timestamp, body)}"
        ),
    }
    try:
        reply = call("POST", delivery.subscription.url, headers=headers, data=body)
    except UnreachableError as error:
        return Result(None, str(error))
    return Result(reply.status, "" if 200 <= reply.status < 300 else f"answered {reply.status}")


@transaction.atomic
def _settle(delivery: Delivery, result: Result, *, now: datetime) -> None:
    own = Subscription.objects.filter(pk=delivery.subscription_id)
    delivery.status, delivery.error = result.status, result.error[:300]
    if result.is_taken:
        delivery.state, delivery.sent_at = DeliveryState.SENT, now
        own.update(failures_in_row=0)
    elif delivery.attempts <= len(BACKOFF):
        delivery.state = DeliveryState.WAITING
        delivery.due_at = now + BACKOFF[delivery.attempts - 1]
    else:
        delivery.state = DeliveryState.FAILED
        own.update(failures_in_row=F("failures_in_row") + 1)
        own.filter(failures_in_row__gte=DEAD_IN_ROW_MAX, disabled_at=None).update(disabled_at=now)
    delivery.claimed_until = None
    delivery.save(update_fields=["status", "error", "state", "sent_at", "due_at", "claimed_until"])
