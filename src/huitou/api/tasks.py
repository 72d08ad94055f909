"""Background entry points of the open door."""

from __future__ import annotations

import logging
from datetime import UTC, datetime

from django.db import transaction
from procrastinate.contrib.django import app
from procrastinate.contrib.django.models import ProcrastinateJob
from procrastinate.exceptions import AlreadyEnqueued
from procrastinate.tasks import Task

logger = logging.getLogger(__name__)


@app.task(name="api.process_hooks", queue="api")
def process_hooks(connection_id: int) -> None:
    """Record the pushes of a connection that wait; what is left, ``fetch_all`` takes up."""
    # Imported here: every process registers the tasks, only the worker needs what they need.
    from huitou.api.intake.hooks import process
    from huitou.api.models import Connection

    connection = Connection.objects.select_related("brand", "shop").get(pk=connection_id)
    process(connection, now=datetime.now(UTC))


@app.task(name="api.reconcile", queue="api")
def reconcile_connection(connection_id: int) -> None:
    """Ask a connection's platform what its pushes did not bring."""
    from huitou.api.models import Connection
    from huitou.api.reconcile import reconcile

    connection = Connection.objects.select_related("brand", "shop").get(pk=connection_id)
    if connection.closed_at is None:
        reconcile(connection, now=datetime.now(UTC))


@app.periodic(cron="*/15 * * * *")
@app.task(name="api.reconcile_all", queue="api", queueing_lock="api.reconcile_all")
def reconcile_all(timestamp: int) -> None:
    """Every quarter of an hour, let every open connection be asked."""
    from huitou.api.models import Connection

    for connection_id in Connection.objects.filter(closed_at=None).values_list("pk", flat=True):
        reconcile_soon(connection_id)


@app.periodic(cron="* * * * *")
@app.task(name="api.fetch_all", queue="api", queueing_lock="api.fetch_all")
def fetch_all(timestamp: int) -> None:
    """Every minute, fetch from queues that are pulled, and take up what waits or is parked."""
    from huitou.api.connections import link_of
    from huitou.api.intake.retries import retry_parked
    from huitou.api.models import Connection
    from huitou.api.reconcile import fetch
    from huitou.kernel.errors import HuitouError

    now = datetime.fromtimestamp(timestamp, UTC)
    retry_parked(now=now)
    for connection in Connection.objects.filter(closed_at=None).select_related("brand", "shop"):
        try:
            fetch(connection, link_of(connection), now=now)
        except HuitouError as error:
            # The others must not wait for this one; it comes again in a minute.
            logger.warning("Connection %s cannot be fetched from: %s", connection.pk, error)


@app.periodic(cron="* * * * *")
@app.task(name="api.send_news", queue="api", queueing_lock="api.send_news", lock="api.send_news")
def send_news(timestamp: int) -> None:
    """Every minute, announce news to webhooks and send what is due, also what is due again."""
    from huitou.api.deliveries import announce, deliver_due

    while announce(now=datetime.now(UTC)):
        pass
    while deliver_due(now=datetime.now(UTC)):
        pass


@app.periodic(cron="41 3 * * *")
@app.task(name="api.forget_old", queue="api", queueing_lock="api.forget_old")
def forget_old(timestamp: int) -> None:
    """Every night, delete raw pushes and deliveries that ended long ago."""
    from huitou.api import deliveries
    from huitou.api.intake import hooks

    now = datetime.fromtimestamp(timestamp, UTC)
    hooks.forget_old(now=now)
    deliveries.forget_old(now=now)


def process_soon(connection_id: int) -> None:
    """Queue the recording of what waits, unless it is queued already."""
    _queue(process_hooks, f"hooks-{connection_id}", connection_id=connection_id)


def reconcile_soon(connection_id: int) -> None:
    """Queue the question what pushes did not bring, unless it is queued already."""
    _queue(reconcile_connection, f"reconcile-{connection_id}", connection_id=connection_id)


def _queue(task: Task[..., None, ...], lock: str, **arguments: int) -> None:
    # Most pushes of a busy minute find the job waiting: a look is cheaper than a refusal.
    if ProcrastinateJob.objects.filter(queueing_lock=lock, status="todo").exists():
        return
    try:
        # A lock that is taken meanwhile must not spoil the caller's transaction.
        with transaction.atomic():
            task.configure(queueing_lock=lock, lock=lock).defer(**arguments)
    except AlreadyEnqueued:
        return
