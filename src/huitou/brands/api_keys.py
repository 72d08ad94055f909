"""Issue, revoke and recognise API keys.

A key reads ``hk_<prefix>_<secret>``; it is shown once and kept only as a digest.
"""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from huitou.brands.models import BRAND_WIDE_SCOPES, ApiKey, Brand, Scope, Shop, Staff
from huitou.kernel.errors import RefusedInputError

_KEY = re.compile(r"hk_([0-9a-f]{12})_([A-Za-z0-9_-]{43})\Z")
_SECRET_BYTES = 32
_NAME_MAX = 80
# "Last used" is told to the minute: a busy key does not write its row on every request.
_LAST_USED_STEP = timedelta(minutes=1)


@dataclass(frozen=True)
class IssuedKey:
    """A new key; ``secret`` is the whole text to hand over, known nowhere else."""

    key: ApiKey
    secret: str


@dataclass(frozen=True)
class Caller:
    """Whom a key speaks for. ``shop_id`` None means every shop of the brand."""

    key_id: int
    name: str
    brand_id: int
    shop_id: int | None
    scopes: frozenset[str]
    currency: str
    time_zone: str


def issue_api_key(
    *,
    brand: Brand,
    name: str,
    scopes: Sequence[str],
    shop: Shop | None = None,
    created_by: Staff | None = None,
) -> IssuedKey:
    """Make a key for ``brand``, for ``shop`` only when given.

    Raises ``RefusedInputError`` with the code ``NAME``, ``SCOPES``, ``UNKNOWN_SHOP`` or
    ``BRAND_WIDE`` for a scope that a key of one shop cannot have.
    """
    cleaned = name.strip()
    if not cleaned or len(cleaned) > _NAME_MAX or not cleaned.isprintable():
        raise RefusedInputError("NAME", f"A name has 1 to {_NAME_MAX} printable characters.")
    if not scopes or set(scopes) - set(Scope.values):
        raise RefusedInputError("SCOPES", f"Choose scopes among: {', '.join(Scope.values)}.")
    if shop is not None and shop.brand_id != brand.pk:
        raise RefusedInputError("UNKNOWN_SHOP", f"{shop.slug!r} is no shop of {brand.slug!r}.")
    if shop is not None and set(scopes) & set(BRAND_WIDE_SCOPES):
        wide = ", ".join(BRAND_WIDE_SCOPES)
        raise RefusedInputError("BRAND_WIDE", f"Only a key of the whole brand can have: {wide}.")
    prefix, secret = secrets.token_hex(6), secrets.token_urlsafe(_SECRET_BYTES)
    key = ApiKey.objects.create(
        brand=brand,
        shop=shop,
        name=cleaned,
        prefix=prefix,
        secret_sha256=_digest(secret),
        scopes=sorted(set(scopes)),
        created_by=created_by,
    )
    return IssuedKey(key, f"hk_{prefix}_{secret}")


def revoke_api_key(*, brand_id: int, prefix: str, now: datetime) -> ApiKey:
    """End a key for good; ending it again changes nothing.

    Raises ``RefusedInputError`` with the code ``UNKNOWN_KEY``.
    """
    key = ApiKey.objects.filter(brand_id=brand_id, prefix=prefix).first()
    if key is None:
        raise RefusedInputError("UNKNOWN_KEY", f"This brand has no key {prefix!r}.")
    if key.revoked_at is None:
        key.revoked_at = now
        key.save(update_fields=["revoked_at"])
    return key


def api_keys(brand_id: int) -> list[ApiKey]:
    """The brand's keys with shop and maker, newest first."""
    keys = ApiKey.objects.filter(brand_id=brand_id).select_related("shop", "created_by")
    return list(keys.order_by("-id"))


def presented(token: str) -> tuple[str, bytes] | None:
    """Prefix and digest by which the key ``token`` is found; None when no key reads so."""
    shape = _KEY.match(token)
    return (shape[1], _digest(shape[2])) if shape else None


def note_use(key_id: int, *, last_used_at: datetime | None, now: datetime) -> None:
    """Keep that a key was used; within a minute of ``last_used_at`` nothing is written."""
    if last_used_at is None or now - last_used_at > _LAST_USED_STEP:
        ApiKey.objects.filter(pk=key_id).update(last_used_at=now)


def _digest(secret: str) -> bytes:
    return hashlib.sha256(secret.encode()).digest()
