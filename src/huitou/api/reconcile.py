"""Ask platforms what changed, and record what their pushes did not bring.

Windows overlap, and what is known already changes nothing, so asking again is harmless.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from django.db import transaction

from huitou.api.connections import link_of
from huitou.api.intake.hooks import keep_pushes, process, record_told
from huitou.api.models import Connection, ReconcileRun
from huitou.api.outgoing import UnreachableError
from huitou.api.platforms import PLATFORMS
from huitou.api.platforms.base import Link, Told
from huitou.api.rules import event_faults, order_faults
from huitou.kernel.errors import HuitouError

# Clocks differ, and lists of changes lag behind the changes.
OVERLAP = timedelta(minutes=10)
# How far back the first question goes.
FIRST_DAYS = 7
# Asked for at a time, so that a shop with more changes than one question may bring gets on.
WINDOW = timedelta(days=1)
_REPAIRED = frozenset({"stored", "updated"})


@dataclass(frozen=True)
class Reconciled:
    """How many statements a platform made, and how many of them were news here."""

    seen: int
    repaired: int


def reconcile(
    connection: Connection, *, now: datetime, since: datetime | None = None
) -> Reconciled:
    """Bring the connection's shop up to what its platform says of ``since`` until ``now``.

    Without ``since`` from where the last one ended. Raises ``UnreachableError`` or
    ``UnreadableError``; what was recorded until then stays and the next one goes on from the last
    ``WINDOW`` that was read to its end.
    """
    last = connection.reconciled_until or now - timedelta(days=FIRST_DAYS)
    start = since or last - OVERLAP
    run, _ = ReconcileRun.objects.update_or_create(
        connection=connection,
        task="reconcile",
        period=f"{now:%Y-%m-%dT%H:%M:%S}Z",
        defaults={"started_at": now, "finished_at": None, "error": ""},
    )
    link = link_of(connection)
    try:
        fetch(connection, link, now=now)
        while start < now:
            end = min(start + WINDOW, now)
            for told in PLATFORMS[connection.kind].changed(link, start, end):
                _repair(connection, run, told, now=now)
            # What ended stays ended, and a question about earlier days takes nothing back.
            mine = Connection.objects.filter(pk=connection.pk)
            mine.exclude(reconciled_until__gte=end).update(reconciled_until=end)
            start = end
        run.finished_at = now
    except UnreachableError as error:
        run.error = f"UNREACHABLE: {error}"[:300]
        raise
    except HuitouError as error:
        run.error = str(error)[:300]
        raise
    finally:
        run.save(update_fields=["seen", "repaired", "finished_at", "error"])
    return Reconciled(run.seen, run.repaired)


def fetch(connection: Connection, link: Link, *, now: datetime) -> int:
    """Deal with what waits here and, where pushes are pulled, in the platform's queue.

    Returns the number of pushes dealt with.
    """
    consume = PLATFORMS[connection.kind].consume
    if consume is not None:
        consume(link, partial(keep_pushes, connection.pk))
    return process(connection, now=now)


def _repair(connection: Connection, run: ReconcileRun, told: Told, *, now: datetime) -> None:
    sound = Told(
        orders=[order for order in told.orders if not order_faults(order, "", now=now)],
        events=[event for event in told.events if not event_faults(event, "", now=now)],
    )
    left_out = len(told.orders) + len(told.events) - len(sound.orders) - len(sound.events)
    with transaction.atomic():
        items = record_told(connection, sound, now=now, current=True)
    run.seen += len(items) + left_out + len(told.unreadable)
    run.repaired += sum(item.outcome in _REPAIRED for item in items)
    if told.unreadable:
        # The first stands for all; each is in the platform's own back office.
        run.error = told.unreadable[0][:300]
