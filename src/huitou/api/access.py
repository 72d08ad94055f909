"""Who calls, what their key may do, and how fast."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from django.conf import settings
from django.db import connection
from django.http import HttpRequest
from ninja.security import HttpBearer

from huitou.api.intake.senders import Sender
from huitou.api.messages import Event, Member, Order
from huitou.api.problems import Problem
from huitou.brands.api_keys import Caller, note_use, presented
from huitou.brands.models import Scope, Shop
from huitou.eventlog.audit import Actor

# Requests a key may send at once, and every second on average: a busy shop's till and site
# together stay far below, a runaway loop meets the limit within seconds.
BURST: int = settings.API_BURST
PER_SECOND: float = settings.API_PER_SECOND

# What ``admit`` promises is kept by this function of the database.
_ADMIT = """
select key_id, name, brand_id, shop_id, scopes, currency, time_zone, last_used_at, wait_seconds
from api_admit(%s, %s, %s, %s, %s)
"""


class Bearer(HttpBearer):
    """``Authorization: Bearer hk_…`` with one of ``scopes``."""

    def __init__(self, *scopes: Scope) -> None:
        super().__init__()
        self.scopes = frozenset(scopes)

    def authenticate(self, request: HttpRequest, token: str) -> Any:
        """The caller; raises ``Problem`` with status 401, 403 or 429."""
        caller = admit(token, now=datetime.now(UTC))
        if not self.scopes & caller.scopes:
            wanted = " or ".join(sorted(self.scopes))
            raise Problem(403, "SCOPE", f"This key lacks the scope {wanted}.")
        request.caller = caller  # type: ignore[attr-defined]
        request.actor = lambda: _actor(caller, request)  # type: ignore[attr-defined]
        return caller


def caller(request: HttpRequest) -> Caller:
    """Who calls, once ``Bearer`` has let the request in."""
    found: Caller = request.caller  # type: ignore[attr-defined]
    return found


def _actor(who: Caller, request: HttpRequest) -> Actor:
    """The key as the audit log names it."""
    written_by = request.request_id  # type: ignore[attr-defined]
    return Actor("api_key", who.key_id, who.name, written_by, brand=who.brand_id)


def sender_of(who: Caller) -> Sender:
    """For whom ``who`` sends."""
    return Sender(who.brand_id, who.currency, who.time_zone, who.shop_id)


def require(who: Caller, scope: Scope) -> None:
    """Raise ``Problem`` (403) unless the key has ``scope`` too."""
    if scope not in who.scopes:
        raise Problem(403, "SCOPE", f"This key lacks the scope {scope.value}.")


def refuse_other_shops(who: Caller, messages: Sequence[Event | Order | Member]) -> None:
    """A key of one shop speaks of that shop only; raises ``Problem`` (403)."""
    if who.shop_id is None:
        return
    own = Shop.objects.values_list("slug", flat=True).get(pk=who.shop_id)
    for message in messages:
        inner = message.order if isinstance(message, Event) else None
        for slug in (message.shop, inner.shop if inner else None):
            if slug not in (None, own):
                raise Problem(403, "OTHER_SHOP", f"This key speaks for the shop {own!r} only.")


def unauthorised() -> Problem:
    """The answer to a request without a living key."""
    return Problem(
        401,
        "KEY",
        "Send Authorization: Bearer hk_… with a key that is not revoked.",
        headers={"WWW-Authenticate": "Bearer"},
    )


def admit(token: str, *, now: datetime) -> Caller:
    """Whom ``token`` speaks for; takes one request from the bucket of the key.

    Raises ``Problem``: 401 when no living key reads so, 429 when its bucket is empty.
    """
    key = presented(token)
    if key is None:
        raise unauthorised()
    with connection.cursor() as cursor:
        cursor.execute(_ADMIT, [*key, BURST, PER_SECOND, now])
        row = cursor.fetchone()
    if row is None:
        raise unauthorised()
    key_id, name, brand_id, shop_id, scopes, currency, time_zone, last_used_at, wait = row
    if wait is not None:
        seconds = max(1, math.ceil(wait))
        raise Problem(
            429,
            "RATE",
            f"A key may send {PER_SECOND:.0f} requests a second; try again in {seconds} s.",
            headers={"Retry-After": str(seconds)},
        )
    note_use(key_id, last_used_at=last_used_at, now=now)
    return Caller(key_id, name, brand_id, shop_id, frozenset(scopes), currency, time_zone)
