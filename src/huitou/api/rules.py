"""Rules a type cannot state: what belongs together within one message."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import get_args

from huitou.api.messages import BehaviourType, Event, Member, NamedMember, Order
from huitou.api.problems import Fault

# Clocks differ; a day ahead is another zone written as UTC, more is a mistake.
FUTURE_MAX = timedelta(days=1)
EARLIEST = datetime(1990, 1, 1, tzinfo=UTC)
# No place on Earth is further from Greenwich, and PostgreSQL reads no more than 15:59.
OFFSET_MAX = timedelta(hours=14)
_NONE = timedelta()
# Types to which neither step nor order nor name belongs.
_PLAIN = frozenset(get_args(BehaviourType))
_TIMES = ("updated_at", "ordered_at", "paid_at", "shipped_at", "finished_at")


def batch_faults(events: Sequence[Event], *, now: datetime) -> list[Fault]:
    """What is wrong with the ``events`` of a batch.

    Nearly all are plain ones with nothing to find, which one pass sorts out.
    """
    # Seconds and the few zones of a batch are compared faster than moments with their offsets.
    earliest, latest = EARLIEST.timestamp(), (now + FUTURE_MAX).timestamp()
    zones = {event.occurred_at.tzinfo for event in events}
    is_far = any(zone and abs(zone.utcoffset(None) or _NONE) > OFFSET_MAX for zone in zones)
    odd = [
        at
        for at, event in enumerate(events)
        if is_far
        or event.type not in _PLAIN
        or event.step is not None
        or event.order is not None
        or not earliest <= event.occurred_at.timestamp() <= latest
    ]
    return [fault for at in odd for fault in event_faults(events[at], f"/events/{at}", now=now)]


def event_faults(event: Event, at: str, *, now: datetime) -> list[Fault]:
    """What is wrong with ``event``, which stands at the JSON pointer ``at``.

    >>> from huitou.api.messages import Event
    >>> day = datetime(2026, 1, 1, tzinfo=UTC)
    >>> [f.pointer for f in event_faults(Event("e1", "custom", day), "/events/0", now=day)]
    ['/events/0/name']
    """
    faults = _time_faults(event.occurred_at, f"{at}/occurred_at", now)
    if event.type == "custom" and not event.name:
        faults.append(Fault(f"{at}/name", "MISSING_FIELD", "a custom event needs a name"))
    if (event.type == "logistics") != (event.step is not None):
        faults.append(Fault(f"{at}/step", "STEP", "a step belongs to every logistics event only"))
    if (event.type == "order") != (event.order is not None):
        faults.append(Fault(f"{at}/order", "ORDER", "an order belongs to every order event only"))
    if event.order is not None:
        faults += order_faults(event.order, f"{at}/order", now=now)
    return faults


def order_faults(order: Order, at: str, *, now: datetime) -> list[Fault]:
    """What is wrong with ``order``, which stands at the JSON pointer ``at``."""
    faults = []
    for name in _TIMES:
        moment = getattr(order, name)
        if moment is not None:
            faults += _time_faults(moment, f"{at}/{name}", now)
    lines = [line.id for line in order.lines]
    if len(set(lines)) < len(lines):
        faults.append(Fault(f"{at}/lines", "DUPLICATE_ID", "two lines have the same id"))
    refunds = [refund.id for refund in order.refunds]
    if len(set(refunds)) < len(refunds):
        faults.append(Fault(f"{at}/refunds", "DUPLICATE_ID", "two refunds have the same id"))
    return faults


def member_faults(member: Member, at: str, *, now: datetime) -> list[Fault]:
    """What is wrong with ``member``, which stands at the JSON pointer ``at``."""
    return _time_faults(member.updated_at, f"{at}/updated_at", now)


def named_faults(named: Sequence[NamedMember], at: str) -> list[Fault]:
    """Which of ``named``, a list at the JSON pointer ``at``, are not named in exactly one way."""
    return [
        Fault(f"{at}/{n}", "ONE_NAME", "give either an id or an identifier")
        for n, member in enumerate(named)
        if (member.id is None) == (member.identifier is None)
    ]


def _time_faults(moment: datetime, at: str, now: datetime) -> list[Fault]:
    if abs(moment.utcoffset() or _NONE) > OFFSET_MAX:
        return [Fault(at, "TIME_OFFSET", "the offset is more than 14 hours")]
    if EARLIEST <= moment <= now + FUTURE_MAX:
        return []
    return [Fault(at, "TIME_RANGE", "the time is before 1990 or more than a day ahead")]
