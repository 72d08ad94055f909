"""An erasure's part in parcels: the lake learns which months no longer know their receivers."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from django.db import connection

from huitou.commerce.lake import RECEIVERS_ERASED
from huitou.eventlog.services import append
from huitou.privacy.steps import Step, register_step
from huitou.privacy.subjects import Subject

# The person's own orders, and parcels that others sent to them.
_MONTHS_SQL = """
    SELECT DISTINCT month FROM commerce_order
    WHERE brand_id = %(brand)s AND month IS NOT NULL AND receiver_key IS NOT NULL
      AND (member_id = ANY(%(accounts)s) OR receiver_key = ANY(%(phone_keys)s))
    ORDER BY month
"""


def register_steps() -> None:
    """Add the step to every erasure, before the records: afterwards nothing tells the orders."""
    register_step(
        Step("receivers", 5, ("Receivers of orders", "订单收件人"), _nothing, _tell, True)
    )


def _nothing(subject: Subject) -> Mapping[str, int]:
    """The rows are counted where they are erased."""
    return {}


def _tell(subject: Subject, now: datetime) -> None:
    with connection.cursor() as cursor:
        cursor.execute(_MONTHS_SQL, subject.values)
        months = [month for (month,) in cursor.fetchall()]
    if months:
        append(
            brand_id=subject.brand_id,
            kind=RECEIVERS_ERASED,
            subject_ids=list(subject.accounts),
            occurred_at=now,
            origin="live",
            payload={"months": months},
        )
