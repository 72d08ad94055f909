"""Open and close webhooks of other systems, and what their owners may look up."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import QuerySet

from huitou.api.models import Delivery, DeliveryState, Subscription
from huitou.api.news import KINDS
from huitou.api.outgoing import refuse_address
from huitou.kernel.errors import RefusedInputError
from huitou.vault.sealing import bound, unbound

# Each piece of news is one request per webhook.
SUBSCRIPTIONS_MAX = 20
_KEY_ID_DIGITS = 12


@dataclass(frozen=True)
class Opened:
    """A new webhook; ``secret`` signs its messages and is shown only now."""

    subscription: Subscription
    secret: str


def open_subscription(*, brand_id: int, url: str, kinds: Sequence[str], now: datetime) -> Opened:
    """Let ``url`` receive live news of ``kinds`` from ``now`` on.

    Raises ``RefusedInputError`` with the code ``URL``, ``KINDS`` or ``TOO_MANY``.
    """
    refuse_address(url)
    if not kinds or set(kinds) - set(KINDS):
        raise RefusedInputError("KINDS", f"Choose kinds among: {', '.join(KINDS)}.")
    if living(brand_id).count() >= SUBSCRIPTIONS_MAX:
        raise RefusedInputError("TOO_MANY", f"A brand has at most {SUBSCRIPTIONS_MAX} webhooks.")
    secret = f"whsec_{secrets.token_urlsafe(32)}"
    made = Subscription.objects.create(
        brand_id=brand_id,
        url=url,
        kinds=sorted(set(kinds)),
        secret_sealed=bound(secret, to=f"brand {brand_id}"),
        created_at=now,
    )
    made.refresh_from_db()
    return Opened(made, secret)


def close_subscription(*, brand_id: int, public_id: UUID, now: datetime) -> Subscription:
    """Send no more to a webhook; what waits is given up.

    Raises ``RefusedInputError`` with the code ``UNKNOWN_WEBHOOK``.
    """
    found = Subscription.objects.filter(brand_id=brand_id, public_id=public_id).first()
    if found is None:
        raise RefusedInputError("UNKNOWN_WEBHOOK", "This brand has no such webhook.")
    if found.disabled_at is None:
        found.disabled_at = now
        found.save(update_fields=["disabled_at"])
    Delivery.objects.filter(subscription=found, state=DeliveryState.WAITING).update(
        state=DeliveryState.FAILED, error="The webhook was closed."
    )
    return found


def living(brand_id: int) -> QuerySet[Subscription]:
    """The webhooks of the brand that are not closed."""
    return Subscription.objects.filter(brand_id=brand_id, disabled_at=None)


def replay(*, brand_id: int, delivery_id: int, now: datetime) -> Delivery:
    """Send a delivery again, under the same message id.

    Raises ``RefusedInputError`` with the code ``UNKNOWN_DELIVERY`` or ``WEBHOOK_CLOSED``.
    """
    found = (
        Delivery.objects.select_related("subscription")
        .filter(subscription__brand_id=brand_id, pk=delivery_id)
        .first()
    )
    if found is None:
        raise RefusedInputError("UNKNOWN_DELIVERY", "This brand sent no such message.")
    if found.subscription.disabled_at is not None:
        raise RefusedInputError("WEBHOOK_CLOSED", "This webhook is closed; open it anew first.")
    found.state, found.attempts, found.due_at = DeliveryState.WAITING, 0, now
    found.save(update_fields=["state", "attempts", "due_at"])
    return found


def secret_of(subscription: Subscription) -> str:
    """The secret in clear, to sign with."""
    return unbound(subscription.secret_sealed, to=f"brand {subscription.brand_id}")


def key_id(secret: str) -> str:
    """A public name of ``secret``, by which a receiver with several recognises it."""
    return hashlib.sha256(secret.encode()).hexdigest()[:_KEY_ID_DIGITS]
