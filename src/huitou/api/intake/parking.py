"""Messages that must wait: their shop or product is not known yet.

They are kept with the reason, shown to people, and taken in again once what was missing is there.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec
from django.db import connection

logger = logging.getLogger(__name__)

_PARK = """
insert into api_parkedmessage as p
  (brand_id, kind, shop_slug, number, reason, detail, body, modified_at)
values (%s, %s, %s, %s, %s, %s, %s, %s)
on conflict (brand_id, kind, shop_slug, number) where resolved_at is null do update
set body = excluded.body, modified_at = excluded.modified_at, reason = excluded.reason,
    detail = excluded.detail
where excluded.modified_at > p.modified_at
"""


@dataclass(frozen=True)
class Waiting:
    """A message to park; ``detail`` is the slug or product code nobody knows."""

    kind: str
    shop_slug: str
    number: str
    reason: str
    detail: str
    message: Any
    modified_at: datetime


def _named(waiting: Waiting) -> Any:
    """The message with the shop it speaks of, which its sender may have left unsaid."""
    return msgspec.structs.replace(waiting.message, shop=waiting.shop_slug or None)


def park(brand_id: int, waiting: Sequence[Waiting]) -> None:
    """Keep ``waiting`` in the caller's transaction; of one number the newest statement is kept."""
    if not waiting:
        return
    with connection.cursor() as cursor:
        cursor.executemany(
            _PARK,
            [
                (
                    brand_id,
                    w.kind,
                    w.shop_slug,
                    w.number,
                    w.reason,
                    w.detail[:200],
                    msgspec.json.encode(_named(w)).decode(),
                    w.modified_at,
                )
                for w in sorted(waiting, key=lambda w: (w.kind, w.shop_slug, w.number))
            ],
        )
    logger.warning(
        "Brand %s: %s messages are parked, the first for %s", brand_id, len(waiting),
        waiting[0].reason,
    )  # fmt: skip
