"""Pushes of platforms: kept once and raw, then made into messages and recorded.

Keeping is quick, for platforms give up on slow answers and in the end on the address. What cannot
be read stays with its reason, for a person to try again.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db import DataError, IntegrityError, transaction
from django.db import connection as database

from huitou.api.connections import link_of
from huitou.api.intake.events import take_events
from huitou.api.intake.members import take_members
from huitou.api.intake.orders import take_orders
from huitou.api.intake.senders import Sender
from huitou.api.messages import Item
from huitou.api.models import Connection, HookState, IncomingHook
from huitou.api.outgoing import UnreachableError
from huitou.api.platforms import PLATFORMS
from huitou.api.platforms.base import Link, Push, Told, UnreadableError, reading
from huitou.api.problems import Fault
from huitou.api.rules import event_faults, member_faults, order_faults
from huitou.kernel.errors import RefusedInputError

# Recorded in one transaction; a kept push is about 8 KB.
_AT_ONCE = 500
# The raw text holds names and addresses; by then a platform repeats nothing any more.
KEEP_DAYS = 30
_KEEP = """
insert into api_incominghook (connection_id, event_id, topic, body, state, error)
select %s, n.event_id, n.topic, n.body, 'waiting', ''
from unnest(%s::text[], %s::text[], %s::bytea[]) as n(event_id, topic, body)
on conflict (connection_id, event_id) do nothing
returning id
"""


def keep_pushes(connection_id: int, pushes: Sequence[Push]) -> int:
    """Keep ``pushes`` unless they are kept already; returns how many are new."""
    with database.cursor() as cursor:
        cursor.execute(
            _KEEP,
            [
                connection_id,
                [push.event_id for push in pushes],
                [push.topic for push in pushes],
                [push.body for push in pushes],
            ],
        )
        return len(cursor.fetchall())


def process(connection: Connection, *, now: datetime) -> int:
    """Record what waits; returns the number of pushes dealt with.

    Running twice at the same time records nothing twice. Raises ``UnreachableError`` at the end
    when pushes had to be left because the platform could not be asked.
    """
    link = link_of(connection)
    dealt_with, passed = 0, 0
    unreachable: UnreachableError | None = None
    while True:
        waiting = IncomingHook.objects.filter(
            connection=connection, state=HookState.WAITING, pk__gt=passed
        )
        hooks = list(waiting.order_by("pk")[:_AT_ONCE])
        if not hooks:
            break
        passed = hooks[-1].pk
        sound: list[tuple[IncomingHook, Told]] = []
        for hook in hooks:
            try:
                sound.append((hook, _read(link, connection.kind, hook, now=now)))
            except UnreachableError as error:
                unreachable = error
            except UnreadableError as error:
                _fail(hook, str(error), now=now)
                dealt_with += 1
        _record_each(connection, sound, now=now)
        dealt_with += len(sound)
    if unreachable is not None:
        raise unreachable
    return dealt_with


def record_told(connection: Connection, told: Told, *, now: datetime, current: bool) -> list[Item]:
    """Record messages of a platform through the same intake as those of the interface.

    ``current`` ones are what it answered when asked, not what it said when something happened.
    """
    brand = connection.brand
    sender = Sender(brand.pk, brand.currency, brand.time_zone, connection.shop_id)
    items: list[Item] = []
    if told.members:
        items += take_members(sender, told.members, now=now, origin="live")
    if told.orders:
        items += take_orders(sender, told.orders, now=now, origin="live", current=current)
    if told.events:
        items += take_events(sender, told.events, now=now, origin="live")
    return items


def faults_of(told: Told, *, now: datetime) -> list[Fault]:
    """What is wrong with messages that a platform told."""
    faults = [f for order in told.orders for f in order_faults(order, "", now=now)]
    faults += [f for event in told.events for f in event_faults(event, "", now=now)]
    return faults + [f for member in told.members for f in member_faults(member, "", now=now)]


def try_again(*, brand_id: int, hook_id: int) -> IncomingHook:
    """Let a push be read again, also one that was done.

    Raises ``RefusedInputError`` with the code ``UNKNOWN_HOOK``.
    """
    hook = IncomingHook.objects.filter(connection__brand_id=brand_id, pk=hook_id).first()
    if hook is None:
        raise RefusedInputError("UNKNOWN_HOOK", "This brand received no such message.")
    hook.state, hook.error, hook.processed_at = HookState.WAITING, "", None
    hook.save(update_fields=["state", "error", "processed_at"])
    return hook


def forget_old(*, now: datetime) -> int:
    """Delete pushes that were dealt with ``KEEP_DAYS`` ago; returns how many."""
    old = IncomingHook.objects.filter(processed_at__lt=now - timedelta(days=KEEP_DAYS))
    return old.delete()[0]


def _read(link: Link, kind: str, hook: IncomingHook, *, now: datetime) -> Told:
    told = reading(lambda: PLATFORMS[kind].read(link, hook.topic, bytes(hook.body)))
    faults = faults_of(told, now=now)
    if faults:
        raise UnreadableError("RULE", f"{faults[0].code} {faults[0].pointer}: {faults[0].detail}")
    return told


def _record_each(
    connection: Connection, sound: Sequence[tuple[IncomingHook, Told]], *, now: datetime
) -> None:
    """Record all together, or one by one when one of them cannot be stored."""
    try:
        _record(connection, sound, now=now)
    except (DataError, IntegrityError):
        for hook, told in sound:
            try:
                _record(connection, [(hook, told)], now=now)
            except (DataError, IntegrityError) as error:
                _fail(hook, f"STORE: {error}", now=now)


@transaction.atomic
def _record(
    connection: Connection, sound: Sequence[tuple[IncomingHook, Told]], *, now: datetime
) -> None:
    together = Told()
    for _, told in sound:
        together.add(told)
    # Where messages only name what changed, reading them asked the platform.
    is_pulled = PLATFORMS[connection.kind].consume is not None
    items = record_told(connection, together, now=now, current=is_pulled)
    odd = {item.id: item.warnings[0] for item in items if item.warnings}
    IncomingHook.objects.filter(pk__in=[hook.pk for hook, _ in sound]).update(
        state=HookState.DONE, processed_at=now, error=""
    )
    for hook, told in sound:
        for order in told.orders:
            if order.order_no in odd:
                hook.error = f"{odd[order.order_no]}: {order.order_no}"
                hook.save(update_fields=["error"])


def _fail(hook: IncomingHook, error: str, *, now: datetime) -> None:
    hook.state, hook.error, hook.processed_at = HookState.FAILED, error[:300], now
    hook.save(update_fields=["state", "error", "processed_at"])
