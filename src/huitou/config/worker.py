"""The worker process: runs the background jobs."""

from __future__ import annotations

# Two cores: one long import must not hold up a short job.
_CONCURRENCY = 2


def look_for_stale_figures() -> None:
    """Queue what otherwise runs once an hour: a new version may not read the figures there are."""
    import time

    from procrastinate.exceptions import AlreadyEnqueued

    from huitou.insight.tasks import refresh_stale_brands

    try:
        task = refresh_stale_brands.configure(queueing_lock="refresh-stale-brands")
        task.defer(timestamp=int(time.time()))
    except AlreadyEnqueued:
        return


def run_worker() -> None:
    """Run jobs until SIGTERM or SIGINT; a running job is finished first.

    Returns normally also when PostgreSQL goes away, so whoever started it starts it again.
    """
    from procrastinate.contrib.django import app
    from procrastinate.contrib.django.django_connector import DjangoConnector

    from huitou.eventlog.audit import Actor, set_process_actor

    set_process_actor(Actor("worker"))
    look_for_stale_figures()
    assert isinstance(app.connector, DjangoConnector)
    with app.replace_connector(app.connector.get_worker_connector()) as worker_app:
        worker_app.run_worker(concurrency=_CONCURRENCY, delete_jobs="never")
